"""Who had the board open, as the processes write it down for each other and for the history; and what they saw ring.

Only people who may reject calls count, and each of them once, however many pages they have open.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from calls.db.sql import Columns
from calls.models import Call, Presence

FORGOTTEN_AFTER = timedelta(minutes=10)
_RENEWED = ("connected_at", "seen_at", "left_at", "visible", "shown_at")
_SEEN = Columns(Call, ("watched_at",))
_SEEN_TOO_LATE = Columns(Call, ("watched_at", "version", "updated_at"))


@dataclass(frozen=True, slots=True)
class Attendance:
    """Account numbers of the people who were connected, and of those of them who had the board in view."""

    connected: frozenset[int] = frozenset()
    visible: frozenset[int] = frozenset()

    def __or__(self, other: "Attendance") -> "Attendance":
        return Attendance(self.connected | other.connected, self.visible | other.visible)


def exchange(process_id: uuid.UUID, own: Collection[Presence]) -> list[Presence]:
    """Write a process's own rows and return those of who is at the other ones.

    One statement each; none to write for nobody.
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


def of(rows: Collection[Presence]) -> Attendance:
    """Return whose rows these are, and who of them has the board in view."""
    return Attendance(frozenset(row.user_id for row in rows), frozenset(row.user_id for row in rows if row.visible))


def rows_since(moment: datetime) -> list[Presence]:
    """Return the rows of everybody who may have been connected at that moment or later."""
    return list(Presence.objects.filter(seen_at__gte=moment - _until_renewed()))


def while_it_rang(call: Call, rows: Iterable[Presence]) -> Attendance:
    """Return who was there between the call's first notification and the end of its window.

    Somebody of whom no end is known was there until the next row was due.
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


def mark_watched(marks: Mapping[int, datetime]) -> None:
    """Note of calls, by primary key, when they first rang in front of somebody, where that is not known yet and true.

    A board may learn late that a call rings no more.

    A call that is over by now gets a new version, so that every board tells it; the others have one still to come.
    """
    with transaction.atomic():
        unmarked = Call.objects.filter(pk__in=list(marks), watched_at=None).order_by("graph_id_folded")
        calls = [call for call in unmarked.select_for_update() if call.rang_at(marks[call.pk])]
        for call in calls:
            call.watched_at = marks[call.pk]
        over = [call for call in calls if not call.is_live]
        for call in over:
            call.become_newer(timezone.now())
        _SEEN.update([call for call in calls if call.is_live])
        _SEEN_TOO_LATE.update(over)


def mark_attended(calls: Collection[Call]) -> None:
    """Store when these calls, whose rows the caller has locked, first rang in front of somebody."""
    _SEEN.update(list(calls))
