"""Response headers that narrow what a page may do."""

from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


@sync_and_async_middleware
def security_headers(get_response: Any) -> Any:
    """Add the Content-Security-Policy of `settings.SECURE_CSP` and a Permissions-Policy to answers without their own.

    Reads the same dictionary as Django 6's own middleware, which takes this one's place when the project moves there.
    """
    policy = "; ".join(f"{name} {' '.join(values)}" for name, values in settings.SECURE_CSP.items())

    def add_to(response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        return add_to(get_response(request))

    async def asynchronous(request: HttpRequest) -> HttpResponseBase:
        return add_to(await get_response(request))

    return asynchronous if iscoroutinefunction(get_response) else synchronous
