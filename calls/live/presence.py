"""The stored rows of who has the board open, which processes exchange and the audit history reads.

Only people who may reject calls count, each once for all their pages.
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from calls.models import Call, Presence

FORGOTTEN_AFTER = timedelta(minutes=10)
_RENEWED = ("connected_at", "seen_at", "left_at", "visible", "shown_at")


@dataclass(frozen=True, slots=True)
class Attendance:
    """Account numbers: the people who were connected, and those of them who had the board in view."""

    connected: frozenset[int] = frozenset()
    visible: frozenset[int] = frozenset()

    def __or__(self, other: "Attendance") -> "Attendance":
        return Attendance(self.connected | other.connected, self.visible | other.visible)


def exchange(process_id: uuid.UUID, own: Collection[Presence]) -> list[Presence]:
    """Write a process's own rows and return the rows of the people connected to the other processes.

    One statement to read, and one to write when there are rows of its own. Rows older than ten minutes are deleted.
    """
    if own:
        Presence.objects.bulk_create(
            own, update_conflicts=True, unique_fields=["process_id", "user_id"], update_fields=_RENEWED
        )
    now = timezone.now()
    rows = list(Presence.objects.exclude(process_id=process_id))
    if any(row.seen_at < now - FORGOTTEN_AFTER for row in rows):
        Presence.objects.filter(seen_at__lt=now - FORGOTTEN_AFTER).delete()
    oldest = now - timedelta(seconds=settings.PRESENCE_LOST_SECONDS)
    return [row for row in rows if row.left_at is None and row.seen_at >= oldest]


def attendance_of(rows: Collection[Presence]) -> Attendance:
    """Return the people these rows belong to, and which of them have the board in view."""
    return Attendance(frozenset(row.user_id for row in rows), frozenset(row.user_id for row in rows if row.visible))


def rows_since(moment: datetime) -> list[Presence]:
    """Return the rows of the people who may have been connected at that moment (UTC) or later."""
    return list(Presence.objects.filter(seen_at__gte=moment - _until_renewed()))


def while_it_rang(call: Call, rows: Iterable[Presence]) -> Attendance:
    """Return who was connected between the call's first notification and the end of its window.

    A row without an end counts until its next renewal was due (PRESENCE_RENEWED_SECONDS after it was last seen).
    """
    until = call.deadline or timezone.now()
    there = [row for row in rows if row.connected_at <= until and _end(row) >= call.received_at]
    seeing = [row for row in there if row.shown_at and _end_of_view(row, row.shown_at) >= call.received_at]
    return Attendance(frozenset(row.user_id for row in there), frozenset(row.user_id for row in seeing))


def _until_renewed() -> timedelta:
    return timedelta(seconds=settings.PRESENCE_RENEWED_SECONDS)


def _end(row: Presence) -> datetime:
    return row.left_at or row.seen_at + _until_renewed()


def _end_of_view(row: Presence, shown_at: datetime) -> datetime:
    return shown_at + _until_renewed() if row.visible and row.left_at is None else shown_at
