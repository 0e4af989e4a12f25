"""Response headers that narrow what a page may do."""

from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeadersMiddleware:
    """Adds the Content-Security-Policy of `settings.SECURE_CSP` and a Permissions-Policy to every answer.

    Reads the same dictionary as Django 6's own middleware, which takes this one's place when the project moves there.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response
        self.policy = "; ".join(f"{name} {' '.join(values)}" for name, values in settings.SECURE_CSP.items())
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Return the response with the headers set, awaiting it first where the stack below is asynchronous."""
        if self._is_async:
            return self._call_async(request)
        return self._with_headers(self.get_response(request))

    async def _call_async(self, request: HttpRequest) -> HttpResponse:
        return self._with_headers(await self.get_response(request))

    def _with_headers(self, response: HttpResponse) -> HttpResponse:
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response
