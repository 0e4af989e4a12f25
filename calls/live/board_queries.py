"""What the live board reads from the database: calls with their attempts, and the versions a sweep compares."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db.models import Prefetch, Q
from django.utils import timezone

from calls.live.serializers import CachedCall
from calls.models import Call, RejectAttempt

SWEEP_ENDED_SECONDS = 60


def read_calls(primary_keys: Collection[int]) -> list[Call]:
    """Return the calls with their attempts, in two queries."""
    attempts = Prefetch("attempts", queryset=RejectAttempt.objects.order_by("requested_at"))
    return list(Call.objects.filter(pk__in=primary_keys).prefetch_related(attempts))


def read_versions() -> dict[int, int]:
    """Return the versions, by primary key, of live calls and of those that left the board in the last minute."""
    recent = timezone.now() - timedelta(seconds=SWEEP_ENDED_SECONDS)
    left_lately = Call.objects.filter(Q(ended_at__gt=recent) | Q(ended_at=None, missed_at__gt=recent))
    return dict((Call.objects.live() | left_lately).values_list("pk", "version"))


def read_live_pks() -> set[int]:
    """Return the primary keys of the live calls."""
    return set(Call.objects.live().values_list("pk", flat=True))


def read_cached(primary_keys: set[int], serialise: bool, marks: Mapping[int, datetime]) -> list[CachedCall]:
    """Return the calls as the database has them now, in the order of their primary keys.

    `marks` holds when calls first rang in front of a supervisor, where that is not stored yet. With `serialise` their
    JSON is made here, in the database thread, so that the event loop does not spend its time on it.
    """
    cached = [CachedCall(call) for call in sorted(read_calls(primary_keys), key=lambda call: call.pk)]
    for one in cached:
        watched_at = marks.get(one.call.pk)
        if watched_at and one.call.watched_at is None and one.call.rang_at(watched_at):
            one.call.watched_at = watched_at
        if serialise:
            one.text  # noqa: B018
    return cached


def left_long_ago(call: Call) -> bool:
    """Return whether the call left the board over a minute ago; later changes to it are not sent any more."""
    left_at = call.ended_at or call.missed_at
    return left_at is not None and left_at < timezone.now() - timedelta(seconds=SWEEP_ENDED_SECONDS)
