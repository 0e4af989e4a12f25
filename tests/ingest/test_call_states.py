"""The phase of each call state, and what a notification changes in each."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.graph import payloads
from calls.graph.vocabulary import CallState
from calls.ingest.call_state import Change, fold
from calls.models import Call
from tests import bodies

WINDOW = timedelta(seconds=15)
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RINGING, ANSWERED, LEAVING, OVER = "ringing", "answered", "leaving", "over"
PHASES = {
    "incoming": RINGING,
    "ringing": RINGING,
    "establishing": ANSWERED,
    "established": ANSWERED,
    "hold": ANSWERED,
    "transferring": ANSWERED,
    "transferAccepted": ANSWERED,
    "redirecting": LEAVING,
    "terminating": LEAVING,
    "somethingNew": LEAVING,  # a state that Graph may have tomorrow
    "terminated": OVER,
}
DELETED, NO_STATE = "(deleted)", "(no state)"
states = st.sampled_from([*PHASES, DELETED, NO_STATE])


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def new_call(**fields: Any) -> Call:
    return Call(graph_id="c-1", graph_id_folded="c-1", tenant_id="t", received_at=START, **fields)


def tell(call: Call, state: str, seconds: float = 0, **more: Any) -> Change:
    stated = {} if state in (DELETED, NO_STATE) else {"state": state}
    change = "deleted" if state == DELETED else "updated"
    body = bodies.notification(
        change, "/communications/calls/c-1", **{"@odata.type": bodies.CALL_TYPE}, **stated, **more
    )
    return fold(call, payloads.read(body["value"][0]).facts, at(seconds), WINDOW)


@dataclass
class Expected:
    """The expected phase of a call."""

    state: str = ""
    answered_at: datetime | None = None
    ended_at: datetime | None = None

    def take(self, state: str, moment: datetime) -> None:
        rings = PHASES.get(state) == RINGING
        if state in (DELETED, "terminated"):
            self.ended_at = self.ended_at or moment
        elif self.ended_at is None and state != NO_STATE and not (rings and PHASES.get(self.state, RINGING) != RINGING):
            self.state = state
        if self.ended_at:
            self.state = "terminated"
        if PHASES.get(self.state) == ANSWERED:
            self.answered_at = self.answered_at or moment


def test_the_table_has_every_state_that_graph_documents() -> None:
    assert set(PHASES) - {"somethingNew"} == set(CallState)


@pytest.mark.parametrize("after", PHASES)
@pytest.mark.parametrize("before", PHASES)
def test_every_step_is_taken_but_those_out_of_an_end_and_back_to_ringing(before: str, after: str) -> None:
    call = new_call()
    tell(call, before)
    tell(call, after, 1)
    stays = PHASES[before] == OVER or (PHASES[after] == RINGING and PHASES[before] != RINGING)
    assert call.state == (before if stays else after)


@given(st.lists(states, min_size=1, max_size=12))
def test_any_story_goes_as_the_table_says(story: list[str]) -> None:
    call, expected = new_call(), Expected()
    for number, state in enumerate(story):
        was_over = expected.ended_at is not None
        expected.take(state, at(number))
        assert tell(call, state, number).ended == (expected.ended_at is not None and not was_over)
        assert Expected(call.state, call.established_at, call.ended_at) == expected
        assert call.is_answered == (PHASES.get(call.state) == ANSWERED)
        assert call.is_live == (expected.ended_at is None)
        assert call.rings == (PHASES.get(call.state) not in (ANSWERED, OVER))


@given(st.lists(states, max_size=6), st.sampled_from(["incoming", "ringing"]))
def test_only_a_ringing_call_gets_a_deadline(story: list[str], ringing: str) -> None:
    call = new_call()
    for number, state in enumerate(story):
        tell(call, state, number)
    rang = call.deadline
    tell(call, ringing, len(story))
    assert (call.deadline is not None) == (rang is not None or call.state in ("incoming", "ringing"))
    assert call.deadline in (None, START + WINDOW)


@given(st.lists(st.sampled_from([*PHASES]), min_size=1, max_size=6))
def test_an_outgoing_call_never_gets_a_deadline_and_never_rings(story: list[str]) -> None:
    call = new_call()
    for number, state in enumerate(story):
        tell(call, state, number, direction="outgoing")
        assert call.deadline is None
        assert not call.rings
        assert not call.rang_at(at(number))


@pytest.mark.parametrize(
    ("window", "more", "seconds"),
    [
        (15, {}, 15),
        (3, {}, 3),
        (15, {"incomingContext": {"observedParticipantId": "p"}}, 5),
        (3, {"incomingContext": {"observedParticipantId": "p"}}, 3),
    ],
)
def test_the_deadline_is_the_window_and_five_seconds_at_most_for_policy_recording(
    window: int, more: dict[str, Any], seconds: int
) -> None:
    call = new_call()
    facts = payloads.read(bodies.ringing("c-1", **more)["value"][0]).facts
    fold(call, facts, START, timedelta(seconds=window))
    assert call.deadline == at(seconds)


def test_a_call_is_as_old_as_its_earliest_notification_and_its_deadline_follows() -> None:
    call = new_call()
    tell(call, "incoming", 2)
    assert (call.received_at, call.deadline) == (START, START + WINDOW)
    tell(call, "incoming", -3)
    assert (call.received_at, call.deadline) == (at(-3), at(-3) + WINDOW)


@pytest.mark.parametrize("state", ["terminated", DELETED])
def test_the_first_end_stands(state: str) -> None:
    call = new_call()
    assert tell(call, "terminated", 1).ended
    change = tell(call, state, 9)
    assert (change.ended, change.changed) == (False, False)
    assert call.ended_at == at(1)


def test_the_first_answer_stands() -> None:
    call = new_call()
    for seconds, state in enumerate(["incoming", "establishing", "established", "hold", "terminated"]):
        tell(call, state, seconds)
    assert call.established_at == at(1)


@pytest.mark.parametrize("state", [*PHASES, DELETED, NO_STATE])
def test_a_missed_call_is_taken_back_by_an_answer_and_by_nothing_else(state: str) -> None:
    call = new_call()
    tell(call, "incoming")
    call.missed_at = at(15)
    answered = PHASES.get(state) == ANSWERED
    assert tell(call, state, 16).missed_withdrawn == answered
    assert (call.missed_at is None) == answered


def test_an_end_says_nothing_of_an_answer_and_what_it_tells_is_kept() -> None:
    call = new_call()
    tell(call, "incoming")
    change = tell(call, DELETED, 1, resultInfo={"code": 408, "subcode": 10057, "message": "Nobody answered."})
    assert change == Change(changed=True, ended=True)
    assert (call.established_at, call.result_code, call.result_subcode) == (None, 408, 10057)
    assert tell(call, DELETED, 2, resultInfo={"code": 200}).changed, "a later word about the result is taken"
    assert (call.result_code, call.result_subcode) == (200, 10057)


@pytest.mark.parametrize(("named", "kept"), [("T", ""), ("t", ""), ("another", "another"), ("", "")])
def test_a_tenant_is_kept_beside_the_tokens_only_when_it_is_another(named: str, kept: str) -> None:
    call = new_call()
    tell(call, "incoming", tenantId=named)
    assert call.named_tenant_id == kept


@pytest.mark.parametrize(
    ("moment", "fields"),
    [
        (1, {"deadline": at(1)}),
        (1, {"established_at": at(1)}),
        (1, {"missed_at": at(1)}),
        (1, {"ended_at": at(1)}),
    ],
    ids=["its window is open", "not answered", "not missed", "not over"],
)
def test_a_call_rang_until_the_moment_it_stopped_and_not_after(moment: float, fields: dict[str, Any]) -> None:
    call = new_call(**fields)
    assert call.rang_at(at(moment))
    assert not call.rang_at(at(moment + 0.001))
