"""About which calls Graph is asked, and when: those it has been silent about for too long."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from calls.models import Call, RejectAttempt
from calls.runtime.stale_calls import due_calls, record_end
from tests.fixtures.history import actions, make_attempt, make_call

pytestmark = pytest.mark.usefixtures("uncommitted")  # a background task of a running server does the same
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=timezone.get_default_timezone())
A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)
Outcome = RejectAttempt.Outcome


def silent(seconds: float, outcome: str = "", *, number: int = 1, **fields: Any) -> Call:
    """Return a stored call that was last heard of so long ago."""
    call = make_call(number, **{"updated_at": NOW - timedelta(seconds=seconds), **fields})
    if outcome:
        make_attempt(call, outcome=outcome)
    return call


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("seconds", "outcome", "fields"),
    [
        (20, "accepted", {}),
        (20, "unknown", {}),
        (20, "accepted", {"established_at": NOW}),
        (5 * 60, "", {}),
        (5 * 60, "refused", {}),
        (5 * 60, "requested", {}),
        (50 * 60, "", {"established_at": NOW, "state": "established"}),
    ],
    ids=["accepted", "unknown", "decided and answered", "undecided", "refused", "under way", "in conversation"],
)
def test_how_long_a_call_may_be_silent(seconds: int, outcome: str, fields: dict[str, Any], late: bool) -> None:
    call = silent(seconds + (1 if late else -1), outcome, **fields)
    assert due_calls(NOW) == ([call] if late else [])


@pytest.mark.parametrize(("seconds", "due"), [(59, False), (61, True)])
def test_a_missed_call_may_be_silent_for_a_minute_after_that(seconds: int, due: bool) -> None:
    silent(3600, missed_at=NOW - timedelta(seconds=seconds))
    assert bool(due_calls(NOW)) == due


def test_a_call_that_ended_is_not_asked_about() -> None:
    silent(3600, ended_at=NOW, state="terminated")
    silent(3600, "accepted", number=2, ended_at=NOW, state="terminated")
    silent(3600, number=3, missed_at=NOW - A_MINUTE * 30, ended_at=NOW, state="terminated")
    assert due_calls(NOW) == []


def test_a_call_is_asked_about_again_after_ten_minutes() -> None:
    call = silent(3600)
    assert due_calls(NOW) == [call]
    assert Call.objects.get().asked_at == NOW
    assert due_calls(NOW + A_MINUTE * 10) == []
    assert due_calls(NOW + A_MINUTE * 10 + A_SECOND) == [call]


def test_a_few_are_asked_about_at_once_and_the_longest_silent_first() -> None:
    calls = [silent(1000 + number, number=number) for number in range(7)]
    assert due_calls(NOW) == calls[:1:-1]
    assert due_calls(NOW) == [calls[1], calls[0]]


def test_a_call_graph_does_not_know_is_over_with_an_entry() -> None:
    call = silent(3600)
    attempt = make_attempt(call, outcome=Outcome.ACCEPTED)
    assert record_end(call.pk)
    call.refresh_from_db()
    assert (call.state, call.version) == ("terminated", 2)
    assert timezone.now() - A_MINUTE < call.ended_at == call.updated_at
    assert actions() == ["call.lost", "reject.confirmed"]
    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.CONFIRMED


def test_an_end_that_was_told_meanwhile_stands() -> None:
    ended_at = NOW - A_MINUTE
    call = silent(3600, ended_at=ended_at, state="terminated")
    assert not record_end(call.pk)
    call.refresh_from_db()
    assert (call.ended_at, call.version) == (ended_at, 1)
    assert actions() == []
