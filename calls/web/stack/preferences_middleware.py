"""Applies the signed-in user's preferences to pages: a middleware (language) and a context processor (the rest)."""

from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware

from calls.accounts.preferences import DEFAULTS, read_preferences


@sync_and_async_middleware
def apply_preferences(get_response: Any) -> Any:
    """Load the signed-in user's preferences for GET and HEAD requests and activate their language.

    Must come after LocaleMiddleware and AuthenticationMiddleware. Other methods are answered in the language of the
    browser's cookie.
    """

    def synchronous(request: HttpRequest) -> HttpResponse:
        chosen = _preferences_for(request) if _is_page(request) else None
        _activate_language(request, chosen)
        return _with_language_cookie(request, get_response(request), chosen)

    async def asynchronous(request: HttpRequest) -> HttpResponse:
        chosen = await sync_to_async(_preferences_for)(request) if _is_page(request) else None
        _activate_language(request, chosen)
        return _with_language_cookie(request, await get_response(request), chosen)

    return asynchronous if iscoroutinefunction(get_response) else synchronous


def preferences_of(request: HttpRequest) -> dict[str, Any]:
    """Return the context variable `preferences`: the signed-in user's, else the defaults. A context processor."""
    chosen = getattr(request, "preferences", None)
    if chosen is None and hasattr(request, "user"):
        chosen = _preferences_for(request)
    return {"preferences": chosen or DEFAULTS}


def set_language_cookie(response: HttpResponseBase, code: str | None) -> None:
    """Set the browser's language cookie; None deletes it, so that Accept-Language applies again."""
    name = settings.LANGUAGE_COOKIE_NAME
    if code is None:
        response.delete_cookie(name)
    else:
        response.set_cookie(name, code, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)


def _is_page(request: HttpRequest) -> bool:
    return request.method in ("GET", "HEAD") and settings.SESSION_COOKIE_NAME in request.COOKIES


def _preferences_for(request: HttpRequest) -> dict[str, Any]:
    return read_preferences(request.user.pk) if request.user.is_authenticated else {}


def _activate_language(request: HttpRequest, chosen: dict[str, Any] | None) -> None:
    if chosen is None:
        return
    request.preferences = chosen  # type: ignore[attr-defined]
    if language := chosen.get("language"):
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language() or language


def _with_language_cookie(request: HttpRequest, response: HttpResponse, chosen: dict[str, Any] | None) -> HttpResponse:
    """Set the language cookie to the user's language, for the requests of the page's scripts."""
    language = (chosen or {}).get("language")
    name = settings.LANGUAGE_COOKIE_NAME
    if language and request.COOKIES.get(name) != language and name not in response.cookies:
        set_language_cookie(response, language)
    return response
