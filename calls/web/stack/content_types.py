"""JSON requests: whether the body is JSON, what it holds, and whether the response should be JSON."""

import json
from typing import Any

from django.http import HttpRequest


def is_json(request: HttpRequest) -> bool:
    """Return whether the request's Content-Type is JSON."""
    return request.content_type == "application/json"


def read_json(request: HttpRequest) -> dict[str, Any] | None:
    """Return the JSON object in the body, None when the body is anything else."""
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def wants_json(request: HttpRequest) -> bool:
    """Return whether the Accept header prefers JSON to HTML."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
