"""`/accounts/login/` and `/accounts/entra/`: the sign-in page, and signing in with Entra ID."""

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

# The state of a sign-in is kept in a signed cookie: starting one must not write to the database.
COOKIE = "entra_sign_in"
COOKIE_SECONDS = 15 * 60
SALT = "calls.entra_view"  # the module's former name; cookies of the earlier version stay valid


class SignInPage(LoginView):
    """Django's sign-in page with a link to Entra ID when `ENTRA_SIGN_IN` is on."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the template's context with `entra`, the link's URL or an empty string."""
        address = f"{reverse('entra')}?{urlencode({'next': self.get_redirect_url()})}"
        return super().get_context_data(**kwargs, entra=address if settings.ENTRA_SIGN_IN else "")


def admin_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Return the admin's sign-in page, or redirect to the dashboard's when `ENTRA_SIGN_IN` is on."""
    if not settings.ENTRA_SIGN_IN:
        return admin.site.login(request)
    wanted = request.GET.get("next") or reverse("admin:index")
    return redirect(f"{reverse('login')}?{urlencode({'next': wanted})}")


@require_safe
@never_cache
def begin(request: HttpRequest) -> HttpResponse:
    """Redirect the browser to the identity service; 404 when `ENTRA_SIGN_IN` is off."""
    _require_entra()
    wanted = request.GET.get("next", "")
    # The cookie must be set on the host of PUBLIC_URL, to which the identity service redirects back.
    if request.get_host() != _public_host() and "moved" not in request.GET:
        moved = urlencode({"next": wanted, "moved": "1"})
        return HttpResponseRedirect(f"{settings.PUBLIC_URL}{reverse('entra')}?{moved}")
    try:
        started = runtime.running().sign_in.begin(_redirect_uri())
    except (SignInUnavailable, SignInRefused) as error:
        logger.error("A sign-in with Entra ID could not begin: %s", error)
        return _to_sign_in_page(request, _("Entra ID cannot be reached. Try again, or sign in with a local account."))
    response = HttpResponseRedirect(started.address)
    response.set_signed_cookie(
        COOKIE,
        json.dumps({"flow": started.flow, "next": wanted}),
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
    """Finish the sign-in and redirect to the page that was asked for, or to the sign-in page with a message."""
    _require_entra()
    response = _sign_in(request)
    response.delete_cookie(COOKIE, path=reverse("entra"), samesite="Lax")
    return response


def _sign_in(request: HttpRequest) -> HttpResponse:
    try:
        started = json.loads(str(request.get_signed_cookie(COOKIE, salt=SALT, max_age=COOKIE_SECONDS)))
    except (KeyError, signing.BadSignature):
        if request.user.is_authenticated:  # the browser's Back button led here again
            return redirect(settings.LOGIN_REDIRECT_URL)
        return _to_sign_in_page(request, _("This sign-in took too long, or was begun in another browser. Begin again."))
    try:
        person = runtime.running().sign_in.finish(started["flow"], request.GET.dict())
    except SignInUnavailable as error:
        logger.error("A sign-in with Entra ID could not be finished: %s", error)
        return _to_sign_in_page(request, _("Entra ID cannot be reached. Try again, or sign in with a local account."))
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
    return redirect(_safe_url(request, started["next"]))


def _require_entra() -> None:
    if not settings.ENTRA_SIGN_IN:
        raise Http404


def _public_host() -> str:
    return settings.PUBLIC_URL.partition("://")[2]


def _redirect_uri() -> str:
    return f"{settings.PUBLIC_URL}{reverse('entra_callback')}"


def _safe_url(request: HttpRequest, wanted: str) -> str:
    """Return the wanted URL if it is on this host, else the board's."""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def _refuse(request: HttpRequest, username: str, message: str | Promise) -> HttpResponse:
    login_audit.record_failed_sign_in({"username": username}, request)
    return _to_sign_in_page(request, message)


def _to_sign_in_page(request: HttpRequest, message: str | Promise) -> HttpResponse:
    messages.error(request, str(message))
    return redirect("login")
