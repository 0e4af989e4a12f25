"""Records undecided calls whose window closed as missed, and attempts that a crash interrupted as unknown."""

import uuid
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from calls.audit import chain
from calls.audit.actor import Actor
from calls.decisions import outcomes
from calls.models import ANSWERED_STATES, Call, RejectAttempt

Outcome = RejectAttempt.Outcome

AT_ONCE = 200
# Longer than a decision can take: its connections, its retries within the window, and one answer awaited in full.
INTERRUPTED_AFTER = timedelta(seconds=60)


def record_missed() -> set[int]:
    """Mark undecided calls whose window closed as missed, one audit entry each, and return their primary keys.

    Derived from our clock alone: Graph's word for the call (`state`) is left as it is, and a later answer withdraws it.
    """
    held = RejectAttempt.objects.filter(call=OuterRef("pk")).exclude(outcome=Outcome.REFUSED)
    overdue = Call.objects.filter(ended_at=None, missed_at=None, established_at=None, deadline__lt=timezone.now())
    due = overdue.exclude(state__in=ANSWERED_STATES).exclude(Exists(held)).order_by("graph_id_folded")
    if not due.exists():  # mostly nothing is due; then no transaction delays the writer
        return set()
    with transaction.atomic():
        calls = list(due.select_for_update(of=("self",), skip_locked=_can_skip())[:AT_ONCE])
        for call in calls:
            call.missed_at = timezone.now()
            call.touch("missed_at", at=call.missed_at)
        outcomes.record_lapsed(calls)
    return {call.pk for call in calls}


def record_interrupted() -> set[int]:
    """Settle attempts whose process died before it could record an outcome; return the calls' primary keys."""
    oldest = timezone.now() - INTERRUPTED_AFTER
    left_open = RejectAttempt.objects.filter(outcome=Outcome.REQUESTED, requested_at__lt=oldest)
    return {_settle(*found) for found in left_open.values_list("pk", "call_id")[:AT_ONCE]} - {0}


def _settle(attempt_id: uuid.UUID, call_id: int) -> int:
    """Record one interrupted attempt as unknown; return its call's primary key, 0 when it was settled meanwhile."""
    with transaction.atomic():
        call = Call.objects.select_for_update().get(pk=call_id)
        attempt = RejectAttempt.objects.filter(pk=attempt_id, outcome=Outcome.REQUESTED).first()
        if attempt is None:
            return 0
        attempt.settle(Outcome.UNKNOWN, timezone.now())
        if call.ended_at:
            attempt.settle(attempt.settled_by_end, timezone.now())
        attempt.save(update_fields=["outcome", "settled_at"])
        call.touch()
        actor = Actor(id=attempt.actor_id, name=attempt.actor_name)
        details = {"cause": "interrupted"}
        chain.append("reject.unknown", actor=actor, call=call, attempt=attempt, details=details)
        if call.ended_at:
            chain.append("reject.ended_unproved", actor=actor, call=call, attempt=attempt, details=details)
        return call.pk


def _can_skip() -> bool:
    return connection.features.has_select_for_update_skip_locked
