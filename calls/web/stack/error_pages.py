"""What is told to whoever is turned away before anything is done: a page for a person, JSON for a script."""

from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found

from calls.web.actions.replies import Reply, as_json
from calls.web.stack.content_types import wants_json
from calls.web.stack.return_url import page_before


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that the request cannot be understood, or that the dashboard is to be opened at another address.

    Whoever comes by an address that is none of ours is not sent back to it.
    """
    foreign = isinstance(exception, DisallowedHost)
    if not wants_json(request):
        context = {"public_url": settings.PUBLIC_URL if foreign else ""}
        return HttpResponse(loader.get_template("400.html").render(context), status=400)
    if foreign:
        message = _("The dashboard does not answer at this address. Open it at %(url)s.") % {"url": settings.PUBLIC_URL}
        return as_json(Reply(400, "foreign_host", message))
    return as_json(Reply(400, "bad_request", _("This request cannot be understood.")))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Tell a missing or stale CSRF token apart from a missing right."""
    if not wants_json(request):
        return render(request, "403_csrf.html", {"again": page_before(request)}, status=403)
    return as_json(Reply(403, "csrf", _("This page is out of date or cookies are blocked. Reload it and try again.")))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is nothing at this address, to a script as JSON."""
    if not wants_json(request):
        return page_not_found(request, exception)
    return as_json(Reply(404, "not_found", _("There is nothing at this address.")))


@sync_and_async_middleware
def explain_wrong_method(get_response: Any) -> Any:
    """Put a page into the empty answer to a person who opened an address that only takes POST, or the reverse."""

    def synchronous(request: HttpRequest) -> HttpResponse:
        return _explained(request, get_response(request))

    async def asynchronous(request: HttpRequest) -> HttpResponse:
        return _explained(request, await get_response(request))

    return asynchronous if iscoroutinefunction(get_response) else synchronous


def _explained(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if response.status_code == 405 and not response.streaming and not response.content and not wants_json(request):
        response.content = loader.get_template("405.html").render()
    return response
