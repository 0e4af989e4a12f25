"""Preferences applied to every page a person opens: the language they chose, and what templates need for the rest."""

from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware

from calls.accounts import preferences


@sync_and_async_middleware
def apply_preferences(get_response: Any) -> Any:
    """Read the preferences of the person who opens a page, once, and answer in their language.

    Only for pages of a signed-in person: what scripts post is answered in the language of the browser's cookie. Stands
    behind the middleware that sets the language and the user.
    """

    def synchronous(request: HttpRequest) -> HttpResponse:
        chosen = _chosen_by(request) if _is_page(request) else None
        _speak(request, chosen)
        return _kept(request, get_response(request), chosen)

    async def asynchronous(request: HttpRequest) -> HttpResponse:
        chosen = await sync_to_async(_chosen_by)(request) if _is_page(request) else None
        _speak(request, chosen)
        return _kept(request, await get_response(request), chosen)

    return asynchronous if iscoroutinefunction(get_response) else synchronous


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
