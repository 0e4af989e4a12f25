"""What people are told when a page could not be made: 503 while the database is away, 500 for a fault of ours."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _

from calls.web.stack.content_types import wants_json
from calls.web.stack.return_url import page_before

RETRY_AFTER_SECONDS = 5


def failed(request: HttpRequest) -> HttpResponse:
    """Answer a request whose view raised something. Asks the database nothing: it may be what failed."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        message = _("The database cannot be reached, so nothing was done. Try again in a moment.")
        response = _answer(request, 503, "unavailable", message)
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
    return _answer(request, 500, "fault", _("Something went wrong here. It has been logged."))


def _answer(request: HttpRequest, status: int, outcome: str, message: str) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"outcome": outcome, "message": message}, status=status)
    return HttpResponse(loader.get_template(f"{status}.html").render({"again": page_before(request)}), status=status)
