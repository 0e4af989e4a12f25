"""`/`: the page of the live board. Its rows come over the socket."""

import json
import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie

from calls import build
from calls.accounts import roles
from calls.timestamps import iso
from calls.web.pages.access import calls_page
from calls.web.stack.preferences_middleware import preferences_of

ANY_KEY = uuid.UUID(int=0)  # a placeholder in the URLs of actions, which the page's script replaces


@calls_page
@ensure_csrf_cookie
def board(request: HttpRequest) -> HttpResponse:
    """Return the live board without rows."""
    context = {
        "any_key": ANY_KEY,
        "may_reject": request.user.has_perm(roles.REJECT),
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "time_zone": settings.TIME_ZONE,
        "build": build.identity(),
        "session_ends": iso(request.session.get_expiry_date()),
        "wall": "wall" in request.GET,
        "preferences_document": json.dumps(preferences_of(request)["preferences"]),
    }
    return render(request, "calls/board.html", context)
