"""What kind of content a request brings, and which kind its answer is to be."""

from django.http import HttpRequest


def is_json(request: HttpRequest) -> bool:
    """Return whether the request says that its body is JSON."""
    return request.content_type == "application/json"


def wants_json(request: HttpRequest) -> bool:
    """Return whether the answer is for a script, not for a person."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
