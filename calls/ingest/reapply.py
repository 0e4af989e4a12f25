"""Applying notifications again that were kept without being applied: after a fault of ours was mended."""

import json
from collections.abc import Iterator

from django.db.models import QuerySet

from calls.graph import payloads
from calls.ingest.incoming import Arrival
from calls.ingest.store import reapply_one
from calls.models import Notification

BATCH = 500


def waiting() -> QuerySet[Notification]:
    """Return the notifications that are about a call and were not applied to it, oldest first."""
    return Notification.objects.exclude(problem="").filter(call_id__isnull=False).order_by("id")


def reapply() -> Iterator[tuple[Notification, str]]:
    """Apply each of them anew, in the order they arrived; yield each with what still stands in its way, if anything.

    The raw row stays as it was written but for its `problem`. Safe to repeat and to interrupt.
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
