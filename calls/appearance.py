"""Preferences applied to every page a person opens: the language they chose, and what templates need for the rest."""

from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation

from calls import preferences


class PreferencesMiddleware:
    """Reads the preferences of whoever opens a page, once, and speaks their language.

    Only where somebody is signed in and something is read: what scripts post is answered in the language that the page
    they belong to left in the browser's cookie. Stands behind the middleware that knows the language and the user.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Return the response, awaiting it first where the stack below is asynchronous."""
        if self._is_async:
            return self._call_async(request)
        chosen = _chosen_by(request) if _is_page(request) else None
        _speak(request, chosen)
        return _kept(request, self.get_response(request), chosen)

    async def _call_async(self, request: HttpRequest) -> HttpResponse:
        chosen = await sync_to_async(_chosen_by)(request) if _is_page(request) else None
        _speak(request, chosen)
        return _kept(request, await self.get_response(request), chosen)


def preferences_of(request: HttpRequest) -> dict[str, Any]:
    """Return what every template is told: `preferences`, of whoever is signed in, else the defaults."""
    chosen = getattr(request, "preferences", None)
    if chosen is None and hasattr(request, "user"):
        chosen = _chosen_by(request)
    return {"preferences": chosen or preferences.DEFAULTS}


def keep_language(response: HttpResponseBase, code: str | None) -> None:
    """Have the browser ask for this language from now on, or for its own again."""
    name = settings.LANGUAGE_COOKIE_NAME
    if code is None:
        response.delete_cookie(name)
    else:
        response.set_cookie(name, code, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)


def _is_page(request: HttpRequest) -> bool:
    return request.method in ("GET", "HEAD") and settings.SESSION_COOKIE_NAME in request.COOKIES


def _chosen_by(request: HttpRequest) -> dict[str, Any]:
    return preferences.read(request.user.pk) if request.user.is_authenticated else {}


def _speak(request: HttpRequest, chosen: dict[str, Any] | None) -> None:
    if chosen is None:
        return
    request.preferences = chosen  # type: ignore[attr-defined]
    if language := chosen.get("language"):
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language() or language


def _kept(request: HttpRequest, response: HttpResponse, chosen: dict[str, Any] | None) -> HttpResponse:
    """Have the browser keep the person's language for what its scripts will ask."""
    language = (chosen or {}).get("language")
    name = settings.LANGUAGE_COOKIE_NAME
    if language and request.COOKIES.get(name) != language and name not in response.cookies:
        keep_language(response, language)
    return response
