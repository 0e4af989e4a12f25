"""The pages people look at: the live board, the history, one call's story."""

import json
import uuid

from django.conf import settings
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from calls import build
from calls.accounts import roles
from calls.audit import retention
from calls.decisions import note as noting
from calls.models import Call
from calls.timestamps import iso
from calls.web.pages import labels, timeline
from calls.web.pages.history import Filters, read_page
from calls.web.stack.preferences_middleware import preferences_of

ANY_KEY = uuid.UUID(int=0)


def page(view):  # type: ignore[no-untyped-def]
    """Return the view behind what every page asks for: signed in, allowed to see calls, read with GET, never cached."""
    allowed = login_required(permission_required(roles.SEE_BOARD, raise_exception=True)(view))
    return require_safe(never_cache(allowed))


@page
@ensure_csrf_cookie
def board(request: HttpRequest) -> HttpResponse:
    """Return the live board; its rows come over the socket."""
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


@page
def history(request: HttpRequest) -> HttpResponse:
    """Return one page of the calls that match the filters in the address, newest first."""
    filters = Filters(request.GET)
    context = {"filters": filters, "page": read_page(filters), "time_zone": settings.TIME_ZONE}
    context["kept"] = retention.describe("calls", "notifications")
    return render(request, "calls/history.html", context)


@page
def call(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Return everything known of one call, in the order it happened."""
    found = get_object_or_404(Call, public_id=public_id)
    context = {
        "told": labels.tell(found),
        "events": timeline.tell(found),
        "shows_notifications": request.user.has_perm("calls.view_notification"),
        "shows_entries": request.user.has_perm("calls.view_auditentry"),
        "may_note": request.user.has_perm(roles.REJECT) and noting.has_room_for(found),
        "time_zone": settings.TIME_ZONE,
    }
    return render(request, "calls/call.html", context)
