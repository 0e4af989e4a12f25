"""Error responses of the whole site (400, 403, 404, 405, 500, 503): a page for a person, JSON for a script."""

import sys
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found

from calls.web.actions.replies import Reply, as_json
from calls.web.stack.content_types import wants_json
from calls.web.stack.return_url import page_before

RETRY_AFTER_SECONDS = 5


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 400 for a malformed request, or for a host that is not in `ALLOWED_HOSTS`, with the public address."""
    foreign = isinstance(exception, DisallowedHost)
    if not wants_json(request):
        # A relative link would lead back to the foreign host, so the page links to the public URL.
        context = {"public_url": settings.PUBLIC_URL if foreign else ""}
        return HttpResponse(loader.get_template("400.html").render(context), status=400)
    if foreign:
        message = _("The dashboard does not answer at this address. Open it at %(url)s.") % {"url": settings.PUBLIC_URL}
        return as_json(Reply(400, "foreign_host", message))
    return as_json(Reply(400, "bad_request", _("This request cannot be understood.")))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return 403 for a missing or stale CSRF token; JSON has the outcome `csrf`, not that of a missing permission."""
    if not wants_json(request):
        return render(request, "403_csrf.html", {"again": page_before(request)}, status=403)
    return as_json(Reply(403, "csrf", _("This page is out of date or cookies are blocked. Reload it and try again.")))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 404: Django's page, or JSON for a script."""
    if not wants_json(request):
        return page_not_found(request, exception)
    return as_json(Reply(404, "not_found", _("There is nothing at this address.")))


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 503 with `Retry-After` when the view raised a database connection error, else 500."""
    # No queries here or in the templates: the database may be what failed.
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        message = _("The database cannot be reached, so nothing was done. Try again in a moment.")
        response = _failure(request, 503, "unavailable", message)
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
    return _failure(request, 500, "fault", _("Something went wrong here. It has been logged."))


def _failure(request: HttpRequest, status: int, outcome: str, message: str) -> HttpResponse:
    if wants_json(request):
        return as_json(Reply(status, outcome, message))
    return HttpResponse(loader.get_template(f"{status}.html").render({"again": page_before(request)}), status=status)


@sync_and_async_middleware
def explain_wrong_method(get_response: Any) -> Any:
    """Fill the empty body of a 405 response with a page, when a person asked for HTML."""

    def synchronous(request: HttpRequest) -> HttpResponse:
        return _with_page(request, get_response(request))

    async def asynchronous(request: HttpRequest) -> HttpResponse:
        return _with_page(request, await get_response(request))

    return asynchronous if iscoroutinefunction(get_response) else synchronous


def _with_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if response.status_code == 405 and not response.streaming and not response.content and not wants_json(request):
        response.content = loader.get_template("405.html").render()
    return response
