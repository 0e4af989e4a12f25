"""The details of a decision request in an audit entry: its times, and the browser's report."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calls.decisions.decision_request import DecisionRequest, read_seen
from calls.models import Call

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KEY, ANOTHER = uuid.UUID(int=1), uuid.UUID(int=2)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({}, {}),
        ({"first_sent_at": at(1)}, {"first_sent_at": at(1)}),
        ({"connected_since": at(-60)}, {"first_sent_not_before": at(0)}),
        ({"connected_since": at(2)}, {"first_sent_not_before": at(2)}),
        ({"first_sent_at": at(1), "connected_since": at(-60)}, {"first_sent_at": at(1)}),
    ],
)
def test_the_moments_up_to_a_click(known: dict[str, datetime], told: dict[str, datetime]) -> None:
    request, call = DecisionRequest(KEY, at(5), **known), Call(public_id=KEY, received_at=NOW)
    assert request.times(call) == {"received_at": NOW, "clicked_at": at(5), **told}
    newer = Call(public_id=ANOTHER, received_at=at(3))
    assert request.times(newer) == {"received_at": at(3), "clicked_at": at(5)}, "it was not the one clicked on"


def test_moments_are_told_as_text_and_the_browsers_word_as_its_own() -> None:
    call = Call(public_id=KEY, received_at=NOW)
    told = {"received_at": "2026-11-24T09:00:00.000Z", "clicked_at": "2026-11-24T09:00:05.000Z"}
    assert DecisionRequest(KEY, at(5)).details(call) == told
    seen = {"version": 1}
    assert DecisionRequest(KEY, at(5), seen).details(call) == {**told, "seen_as_reported_by_browser": seen}


NOTHING = {"version": None, "shown_at": None, "visible": None}


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ({}, NOTHING),
        ({"version": 3, "visible": False, "more": "x"}, {**NOTHING, "version": 3, "visible": False}),
        ({"version": True, "visible": 1}, NOTHING),
        ({"version": "3", "visible": "yes", "shown_at": 5}, NOTHING),
        ({"version": 2**53 - 1}, {**NOTHING, "version": 2**53 - 1}),
        ({"version": 2**53}, NOTHING),
        ({"version": -(2**53)}, NOTHING),
        ({"shown_at": "2026-11-24T10:00:00+01:00"}, {**NOTHING, "shown_at": "2026-11-24T10:00:00.000+01:00"}),
        ({"shown_at": "soon"}, NOTHING),
        ({"shown_at": "2026-99-99T00:00:00Z"}, NOTHING),
        (
            {"revision": 0, "came_at": "2026-11-24T09:00:00Z"},
            {**NOTHING, "revision": 0, "came_at": "2026-11-24T09:00:00.000Z"},
        ),
        ({"revision": None, "came_at": None}, NOTHING),
        (None, None),
        ([], None),
        ("seen", None),
    ],
)
def test_of_what_a_browser_says_it_showed_only_the_agreed_form_is_taken(sent: Any, seen: Any) -> None:
    assert read_seen(sent) == seen
