"""When a call first rang in front of a supervisor: noted in memory at once, stored soon after."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from calls.db.sql import Columns
from calls.live.serializers import CachedCall
from calls.models import Call

_WATCHED = Columns(Call, ("watched_at",))
_WATCHED_TOO_LATE = Columns(Call, ("watched_at", "version", "updated_at"))


class WatchedMarks:
    """The calls that rang in front of a supervisor of this process, until the database has it."""

    def __init__(self) -> None:
        self._unstored: dict[int, datetime] = {}
        self.attended_since: datetime | None = None

    def attend(self, attended: bool, calls: Iterable[CachedCall]) -> None:
        """Note whether a supervisor has the board in view; when one turns to it, mark the calls that ring."""
        if not attended:
            self.attended_since = None
        elif self.attended_since is None:
            self.attended_since = timezone.now()
            for cached in calls:
                self.mark(cached)

    def mark(self, cached: CachedCall) -> bool:
        """Mark a call that rings in front of a supervisor who has been there since `attended_since`.

        Return whether it was marked now: False when nobody attends, it does not ring, or it is marked already.
        """
        if self.attended_since is None:
            return False
        moment = max(self.attended_since, cached.call.received_at)
        if cached.call.watched_at is not None or not cached.call.rang_at(moment):
            return False
        cached.watch(moment)
        self._unstored[cached.call.pk] = moment
        return True

    def unstored(self) -> dict[int, datetime]:
        """Return the marks that are not stored yet, by primary key."""
        return dict(self._unstored)

    def forget(self, stored: Iterable[int]) -> None:
        """Forget the marks of these calls, which the database has now."""
        for primary_key in stored:
            self._unstored.pop(primary_key, None)


def mark_watched(marks: Mapping[int, datetime]) -> None:
    """Store when calls, by primary key, first rang in front of a supervisor; leave alone those already marked.

    A call that did not ring at its moment is left alone too. A call that is over gets a new version, so that every
    board sends it again; the others have a new version still to come.
    """
    with transaction.atomic():
        unmarked = Call.objects.filter(pk__in=list(marks), watched_at=None).order_by("graph_id_folded")
        # A board may learn late that a call has stopped ringing, so its mark is checked against the stored call.
        calls = [call for call in unmarked.select_for_update() if call.rang_at(marks[call.pk])]
        for call in calls:
            call.watched_at = marks[call.pk]
        over = [call for call in calls if not call.is_live]
        for call in over:
            call.become_newer(timezone.now())
        _WATCHED.update([call for call in calls if call.is_live])
        _WATCHED_TOO_LATE.update(over)


def mark_attended(calls: Collection[Call]) -> None:
    """Store `watched_at` of these calls, whose rows the caller has locked."""
    _WATCHED.update(list(calls))
