"""Response headers that narrow what a page may do."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from calls.middleware import EitherWay

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeadersMiddleware(EitherWay):
    """Adds the Content-Security-Policy of `settings.SECURE_CSP` and a Permissions-Policy to every answer.

    Reads the same dictionary as Django 6's own middleware, which takes this one's place when the project moves there.
    """

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self.policy = "; ".join(f"{name} {' '.join(values)}" for name, values in settings.SECURE_CSP.items())

    def finish(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Return the response with the headers set, where it has none of its own."""
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response
