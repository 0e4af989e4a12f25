"""A stock Django view for a click on Reject: session, user and right, two rows with the ORM, one request to Graph."""

import functools
import json
import ssl

import httpx
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from calls.models import RejectAttempt


@require_POST
def reject(request: HttpRequest, number: int, graph_id: str) -> HttpResponse:
    """Commit an attempt and a log entry, ask Graph, and pass its status on. The address has what the call's row has."""
    if not request.user.has_perm("calls.reject_call"):
        return HttpResponseForbidden()
    reason = json.loads(request.body)["reason"]
    user_id, name = request.user.pk, request.user.get_username()
    with transaction.atomic():
        attempt = RejectAttempt.objects.create(
            call_id=number, reason=reason, actor_id=str(user_id), actor_name=name, requested_at=timezone.now()
        )
        LogEntry.objects.create(user_id=user_id, object_id=str(attempt.pk), object_repr=graph_id, action_flag=CHANGE)
    address = f"{settings.GRAPH_BASE_URL}{settings.GRAPH_CALLS_PATH}/{graph_id}/reject"
    answer = _client().post(address, json={"reason": reason}, headers={"Authorization": f"Bearer {_token()}"})
    return HttpResponse(status=answer.status_code)


@functools.cache
def _client() -> httpx.Client:
    """Return the one client, whose connection stands."""
    return httpx.Client(verify=ssl.create_default_context(cafile=settings.GRAPH_CA_BUNDLE))


@functools.cache
def _token() -> str:
    """Return a token for Graph, asked for once."""
    form = {
        "grant_type": "client_credentials",
        "client_id": settings.GRAPH_APP_ID,
        "client_secret": settings.GRAPH_CLIENT_SECRET,
        "scope": f"{settings.GRAPH_BASE_URL.removesuffix('/v1.0')}/.default",
    }
    answer = _client().post(f"{settings.GRAPH_AUTHORITY}/{settings.GRAPH_TENANT_ID}/oauth2/v2.0/token", data=form)
    return str(answer.raise_for_status().json()["access_token"])


urlpatterns = [path("calls/<int:number>/<str:graph_id>/reject/", reject)]
