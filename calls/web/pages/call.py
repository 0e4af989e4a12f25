"""`/calls/<key>/`: one call's summary and timeline, with a form for notes."""

import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from calls.accounts import roles
from calls.decisions.note import accepts_note
from calls.models import Call
from calls.web.pages.access import calls_page
from calls.web.pages.labels import summarize
from calls.web.pages.timeline import read_timeline


@calls_page
def call(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Return the page of one call; 404 for an unknown id."""
    found = get_object_or_404(Call, public_id=public_id)
    context = {
        "summary": summarize(found),
        "events": read_timeline(found),
        "shows_notifications": request.user.has_perm("calls.view_notification"),
        "shows_entries": request.user.has_perm("calls.view_auditentry"),
        "may_note": request.user.has_perm(roles.REJECT) and accepts_note(found),
        "time_zone": settings.TIME_ZONE,
    }
    return render(request, "calls/call.html", context)
