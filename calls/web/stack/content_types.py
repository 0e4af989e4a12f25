"""Content types: of a request's body, and of the response its sender prefers."""

from django.http import HttpRequest


def is_json(request: HttpRequest) -> bool:
    """Return whether the request's Content-Type is JSON."""
    return request.content_type == "application/json"


def wants_json(request: HttpRequest) -> bool:
    """Return whether the Accept header prefers JSON to HTML."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
