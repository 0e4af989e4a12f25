"""Security headers of responses: Content-Security-Policy and Permissions-Policy."""

from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


@sync_and_async_middleware
def security_headers(get_response: Any) -> Any:
    """Add `settings.SECURE_CSP` and a Permissions-Policy to responses that do not set these headers themselves."""
    # The setting has the format of Django 6, whose ContentSecurityPolicyMiddleware can replace this one.
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
