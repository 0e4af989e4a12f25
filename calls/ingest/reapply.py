"""Applies stored notifications that could not be applied when they arrived, for instance after a bug fix."""

import json
from collections.abc import Iterator

from django.db.models import QuerySet

from calls.graph import payloads
from calls.ingest.incoming import Arrival
from calls.ingest.store import reapply_one
from calls.models import Notification

BATCH = 500


def waiting() -> QuerySet[Notification]:
    """Return the notifications with a call and a problem, oldest first."""
    return Notification.objects.exclude(problem="").filter(call_id__isnull=False).order_by("id")


def reapply() -> Iterator[tuple[Notification, str]]:
    """Apply each waiting notification in order of arrival; yield it with its remaining problem, empty if applied.

    Of the row only `problem` and `call_pk` change. Safe to repeat and to interrupt.
    """
    for primary_key in list(waiting().values_list("pk", flat=True)):
        kept = Notification.objects.get(pk=primary_key)
        yield kept, reapply_one(kept.pk, _arrival(kept))


def _arrival(kept: Notification) -> Arrival:
    return Arrival(
        notification=payloads.read(json.loads(kept.body)),
        tenant_id=kept.tenant_id,
        received_at=kept.received_at,
    )
