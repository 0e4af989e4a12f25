"""`/accounts/entra/`: to the identity service and back, signed in.

What must be at hand when the browser comes back travels in a signed cookie of its own, so that a stranger who only
begins leaves nothing in the database.
"""

import json
import logging
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import login
from django.contrib.auth.views import LoginView
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from calls.accounts import entra, login_audit, permissions
from calls.graph.sign_in import SignInRefused, SignInUnavailable
from calls.runtime import runtime

logger = logging.getLogger(__name__)

COOKIE = "entra_sign_in"
COOKIE_SECONDS = 15 * 60
SALT = "calls.web.pages.sign_in"


class SignInPage(LoginView):
    """Django's sign-in page, which shows the way to Entra ID where that is switched on."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the page shows."""
        address = f"{reverse('entra')}?{urlencode({'next': self.get_redirect_url()})}"
        return super().get_context_data(**kwargs, entra=address if settings.ENTRA_SIGN_IN else "")


def admin_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Return the admin's own sign-in page, or lead to the one that knows the way to Entra ID."""
    if not settings.ENTRA_SIGN_IN:
        return admin.site.login(request)
    wanted = request.GET.get("next") or reverse("admin:index")
    return redirect(f"{reverse('login')}?{urlencode({'next': wanted})}")


@require_safe
@never_cache
def begin(request: HttpRequest) -> HttpResponse:
    """Send the browser to the identity service; first to our own proper address, to which it will come back."""
    _refuse_unless_on()
    wanted = request.GET.get("next", "")
    if request.get_host() != _public_host() and "moved" not in request.GET:
        moved = urlencode({"next": wanted, "moved": "1"})
        return HttpResponseRedirect(f"{settings.PUBLIC_URL}{reverse('entra')}?{moved}")
    try:
        begun = runtime.running().sign_in.begin(_redirect_uri())
    except (SignInUnavailable, SignInRefused) as error:
        logger.error("A sign-in with Entra ID could not begin: %s", error)
        return _back(request, _("Entra ID cannot be reached. Try again, or sign in with a local account."))
    response = HttpResponseRedirect(begun.address)
    response.set_signed_cookie(
        COOKIE,
        json.dumps({"flow": begun.flow, "next": wanted}),
        salt=SALT,
        max_age=COOKIE_SECONDS,
        path=reverse("entra"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_safe
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """Sign in whoever comes back from the identity service, or say on the sign-in page why not."""
    _refuse_unless_on()
    response = _sign_in(request)
    response.delete_cookie(COOKIE, path=reverse("entra"), samesite="Lax")
    return response


def _sign_in(request: HttpRequest) -> HttpResponse:
    try:
        begun = json.loads(str(request.get_signed_cookie(COOKIE, salt=SALT, max_age=COOKIE_SECONDS)))
    except (KeyError, signing.BadSignature):
        if request.user.is_authenticated:  # came back once more, by the browser's history
            return redirect(settings.LOGIN_REDIRECT_URL)
        return _back(request, _("This sign-in took too long, or was begun in another browser. Begin again."))
    try:
        person = runtime.running().sign_in.finish(begun["flow"], request.GET.dict())
    except SignInUnavailable as error:
        logger.error("A sign-in with Entra ID could not be finished: %s", error)
        return _back(request, _("Entra ID cannot be reached. Try again, or sign in with a local account."))
    except SignInRefused as error:
        logger.warning("A sign-in with Entra ID was refused: %s", error)
        return _refuse(request, "", _("Entra ID did not confirm who you are. Begin again."))
    try:
        user = entra.admit(person)
    except entra.NoRole:
        message = _("You have none of the roles Viewer, Supervisor and Auditor. Your administrator assigns them.")
        return _refuse(request, person.username, message)
    except entra.Disabled:
        return _refuse(request, person.username, _("Your account is disabled here. Ask your administrator."))
    login(request, user, backend=permissions.BACKEND)
    return redirect(_allowed(request, begun["next"]))


def _refuse_unless_on() -> None:
    if not settings.ENTRA_SIGN_IN:
        raise Http404


def _public_host() -> str:
    return settings.PUBLIC_URL.partition("://")[2]


def _redirect_uri() -> str:
    return f"{settings.PUBLIC_URL}{reverse('entra_callback')}"


def _allowed(request: HttpRequest, wanted: str) -> str:
    """Return the page somebody wanted, if it is one of ours, else the board."""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def _refuse(request: HttpRequest, username: str, message: str | Promise) -> HttpResponse:
    login_audit.record_failed_sign_in({"username": username}, request)
    return _back(request, message)


def _back(request: HttpRequest, message: str | Promise) -> HttpResponse:
    messages.error(request, str(message))
    return redirect("login")
