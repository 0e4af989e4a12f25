"""Who had the board open while a call rang, as processes write it down; which calls rang in front of somebody."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from calls.live import presence, watched_calls
from calls.models import Call, Presence
from tests.fixtures.history import make_call


@pytest.fixture(autouse=True)
def _usual_waits(settings: Any) -> None:
    settings.PRESENCE_RENEWED_SECONDS, settings.PRESENCE_LOST_SECONDS = 5.0, 15.0


pytestmark = pytest.mark.usefixtures("uncommitted")  # a background task of a running server writes the same rows
HERE, THERE = uuid.uuid4(), uuid.uuid4()


def ago(seconds: float) -> datetime:
    return timezone.now() - timedelta(seconds=seconds)


def presence_row(user_id: int = 1, process_id: uuid.UUID = THERE, **fields: Any) -> Presence:
    """Return the row of somebody who came a minute ago and is still there."""
    usual = {"connected_at": ago(60), "seen_at": ago(0), "visible": True, "shown_at": ago(0)}
    return Presence(process_id=process_id, user_id=user_id, **{**usual, **fields})


RANG = datetime(2026, 11, 24, 9, 0, tzinfo=timezone.get_default_timezone())


def at(seconds: float) -> datetime:
    return RANG + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("row", "connected", "visible"),
    [
        ({"connected_at": -60, "seen_at": 10, "shown_at": 10, "visible": True}, True, True),
        ({"connected_at": 15, "seen_at": 15, "shown_at": 15, "visible": True}, True, True),
        ({"connected_at": 15.001, "seen_at": 16, "shown_at": 16, "visible": True}, False, False),
        ({"connected_at": -60, "seen_at": 0, "left_at": 0, "shown_at": 0}, True, True),
        ({"connected_at": -60, "seen_at": -0.001, "left_at": -0.001, "shown_at": -0.001}, False, False),
        ({"connected_at": -60, "seen_at": -5, "shown_at": -5, "visible": True}, True, True),
        ({"connected_at": -60, "seen_at": -5.001, "shown_at": -5.001, "visible": True}, False, False),
        ({"connected_at": -60, "seen_at": 10, "shown_at": 0}, True, True),
        ({"connected_at": -60, "seen_at": 10, "shown_at": -0.001}, True, False),
        ({"connected_at": -60, "seen_at": 10, "shown_at": None}, True, False),
        ({"connected_at": -60, "seen_at": 10, "left_at": 10, "shown_at": -1, "visible": True}, True, False),
    ],
)
def test_who_was_there_between_the_first_notification_and_the_end_of_the_window(
    row: dict[str, Any], connected: bool, visible: bool
) -> None:
    moments = {name: value if isinstance(value, bool) or value is None else at(value) for name, value in row.items()}
    call = Call(received_at=RANG, deadline=at(15))
    there = presence.while_it_rang(call, [Presence(user_id=7, **{"visible": False, **moments})])
    assert (there.connected, there.visible) == ({7} if connected else set(), {7} if visible else set())


def test_without_a_deadline_whoever_came_until_now_was_there() -> None:
    call = Call(received_at=ago(100))
    assert presence.while_it_rang(call, [presence_row(7)]).connected == {7}
    assert presence.while_it_rang(call, [presence_row(7, connected_at=ago(-10))]).connected == set()


def test_people_are_counted_once_wherever_they_are() -> None:
    here = presence.attendance_of([presence_row(1, visible=False), presence_row(2)])
    there = presence.attendance_of([presence_row(1), presence_row(3, visible=False)])
    assert here | there == presence.Attendance(frozenset({1, 2, 3}), frozenset({1, 2}))


def test_a_process_is_told_of_those_at_the_others_who_are_still_there() -> None:
    gone = presence_row(3, left_at=ago(1))
    lost, silent = presence_row(4, seen_at=ago(15.5)), presence_row(5, seen_at=ago(14))
    assert presence.exchange(THERE, [presence_row(2), gone, lost, silent]) == []
    told = presence.exchange(HERE, [presence_row(1, HERE)])
    assert sorted(row.user_id for row in told) == [2, 5]
    assert [row.user_id for row in presence.exchange(THERE, [])] == [1]


def test_a_process_writes_its_rows_anew_and_makes_no_second_ones() -> None:
    first = presence_row(1, HERE, shown_at=None, visible=False)
    presence.exchange(HERE, [first])
    later = presence_row(1, HERE, connected_at=ago(50), left_at=ago(0), visible=True)
    presence.exchange(HERE, [later])
    kept = Presence.objects.get()
    for name in ("connected_at", "seen_at", "left_at", "visible", "shown_at"):
        assert getattr(kept, name) == getattr(later, name), name


def test_what_is_ten_minutes_old_is_forgotten() -> None:
    presence.exchange(THERE, [presence_row(1, seen_at=ago(601)), presence_row(2, seen_at=ago(590))])
    presence.exchange(HERE, [])
    assert [row.user_id for row in Presence.objects.all()] == [2]


@pytest.mark.parametrize(("seen_at", "may_have_been"), [(0, True), (-4.999, True), (-5.001, False)])
def test_whose_row_was_due_again_may_still_have_been_there(seen_at: float, may_have_been: bool) -> None:
    presence_row(1, seen_at=at(seen_at)).save()
    assert bool(presence.rows_since(RANG)) == may_have_been


def test_a_ringing_call_is_marked_without_a_new_version_and_one_that_is_over_with_one() -> None:
    rings, ended, missed = make_call(1), make_call(2, ended_at=ago(1), state="terminated"), make_call(3)
    Call.objects.filter(pk=missed.pk).update(missed_at=ago(1))
    moment = ago(5)
    watched_calls.mark_watched({call.pk: moment for call in (rings, ended, missed)})
    kept = {call.pk: call for call in Call.objects.all()}
    assert {call.watched_at for call in kept.values()} == {moment}
    assert [kept[call.pk].version for call in (rings, ended, missed)] == [1, 2, 2]
    assert kept[ended.pk].updated_at > ended.updated_at


@pytest.mark.parametrize(
    "fields",
    [
        {"watched_at": ago(9)},
        {"direction": "outgoing"},
        {"established_at": ago(6)},
        {"ended_at": ago(6), "state": "terminated"},
        {"deadline": ago(6)},
    ],
    ids=["marked before", "outgoing", "answered by then", "over by then", "past its window by then"],
)
def test_a_call_that_did_not_ring_then_or_is_marked_is_left_alone(fields: dict[str, Any]) -> None:
    call = make_call(1, **fields)
    watched_calls.mark_watched({call.pk: ago(5)})
    kept = Call.objects.get()
    assert (kept.watched_at, kept.version) == (fields.get("watched_at"), 1)
