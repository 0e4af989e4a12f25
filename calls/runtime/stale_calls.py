"""Asks Graph about calls that got no notification for too long, and records the end of those it answers 404 for.

Graph lists no calls and promises no notification, so without this a call whose end was lost would stay for ever.
"""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from calls.audit import chain
from calls.audit.actor import SYSTEM
from calls.db.threads import DatabaseThread
from calls.decisions.outcomes import settle_by_ending
from calls.graph.answers import GraphError
from calls.graph.client import GraphClient
from calls.graph.vocabulary import CallState
from calls.models import Call, RejectAttempt

logger = logging.getLogger(__name__)

AT_ONCE = 5
ASK_AGAIN_AFTER = timedelta(minutes=10)
# How long a call may be silent: after a decision, after its window, in a conversation (a bot must show Graph that it is
# alive every 45 minutes: https://learn.microsoft.com/graph/api/call-keepalive), and otherwise.
SILENT_AFTER_DECISION = timedelta(seconds=20)
SILENT_AFTER_MISSED = timedelta(seconds=60)
SILENT_IN_CONVERSATION = timedelta(minutes=50)
SILENT_OTHERWISE = timedelta(minutes=5)
Outcome = RejectAttempt.Outcome


async def ask_about_silent_calls(
    thread: DatabaseThread, graph: GraphClient, publish: Callable[[Collection[int]], None]
) -> None:
    """Ask Graph about the calls that are due, at most AT_ONCE, and record ends. Raises no GraphError."""
    for call in await thread.run(due_calls, timezone.now()):
        try:
            alive = await graph.is_alive(call.graph_id, tenant_id=call.token_tenant_id)
        except GraphError as error:
            logger.warning("Graph could not be asked about call %s: %s", call.graph_id, error)
            continue
        if not alive and await thread.run(record_end, call.pk):
            publish([call.pk])


def due_calls(now: datetime) -> list[Call]:
    """Return the calls that are due at `now` (UTC), and note that Graph is asked about them."""
    settled = [Outcome.REFUSED, Outcome.REQUESTED]
    decided = Exists(RejectAttempt.objects.filter(call=OuterRef("pk")).exclude(outcome__in=settled))
    silent = (
        Q(decided, updated_at__lt=now - SILENT_AFTER_DECISION)
        | Q(missed_at__lt=now - SILENT_AFTER_MISSED)
        | Q(missed_at=None, established_at=None, updated_at__lt=now - SILENT_OTHERWISE)
        | Q(missed_at=None, updated_at__lt=now - SILENT_IN_CONVERSATION)
    )
    not_asked_lately = Q(asked_at=None) | Q(asked_at__lt=now - ASK_AGAIN_AFTER)
    calls = list(Call.objects.filter(silent, not_asked_lately, ended_at=None).order_by("updated_at")[:AT_ONCE])
    if calls:
        Call.objects.filter(pk__in=[call.pk for call in calls]).update(asked_at=now)
    return calls


def record_end(primary_key: int) -> bool:
    """Record the call's end, which settles its attempts; return False when it has ended meanwhile."""
    with transaction.atomic():
        call = Call.objects.select_for_update().get(pk=primary_key)
        if call.ended_at is not None:
            return False
        call.ended_at, call.state = timezone.now(), CallState.TERMINATED
        call.touch("ended_at", "state", at=call.ended_at)
        chain.append("call.lost", actor=SYSTEM, call=call)
        settle_by_ending([call])
    return True
