"""The tables of call states and attempt outcomes: complete, checked at import, and in accord with the code."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.graph.call_facts import CallFacts
from calls.graph.vocabulary import PHASES, CallState, Direction, Phase, phase_of, states_in
from calls.ingest.call_state import fold
from calls.models import OUTCOMES, Call, RejectAttempt
from calls.models.transitions import IllegalTransition, Transitions

Outcome = RejectAttempt.Outcome
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WINDOW = timedelta(seconds=15)


# Calls ----------------------------------------------------------------------------------------------------------------


def test_every_state_that_graph_documents_has_one_phase() -> None:
    assert set(PHASES) == set(CallState)
    assert {phase: set(states_in(phase)) for phase in Phase} == {
        Phase.RINGING: {"incoming", "ringing"},
        Phase.ANSWERED: {"establishing", "established", "hold", "transferring", "transferAccepted"},
        Phase.UNSETTLED: {"redirecting", "terminating"},
        Phase.OVER: {"terminated"},
    }


def test_a_state_nobody_has_heard_of_is_unsettled_and_no_state_yet_rings() -> None:
    assert (phase_of("somethingNew"), phase_of("")) == (Phase.UNSETTLED, Phase.RINGING)


DELETED = "deleted"  # a notification of that type, which ends the call whatever it says
STATED = [*CallState, "somethingNew", "unknownFutureValue", None]


def fold_in(call: Call, said: str | None, at: datetime) -> None:
    """Fold one notification into the call and assert the resulting state."""
    before, ended_at, ends = call.state, call.ended_at, said in (DELETED, CallState.TERMINATED)
    facts = CallFacts(ended=ends, state=None if said == DELETED else said, direction=Direction.INCOMING)
    fold(call, facts, at, WINDOW)
    phase = phase_of(call.state)
    if ends or ended_at is not None:
        assert (call.state, call.ended_at) == (CallState.TERMINATED, ended_at or at), "the first end stands"
    elif said is None or (phase_of(said) == Phase.RINGING and phase_of(before) != Phase.RINGING):
        assert call.state == before, "a late first notification makes no call ring again"
    else:
        assert call.state == said, "unknown states are kept as well"
    assert (phase == Phase.OVER) == (call.ended_at is not None)
    assert (call.is_answered, call.rings) == (phase == Phase.ANSWERED, phase in (Phase.RINGING, Phase.UNSETTLED))
    assert call.established_at is not None or not call.is_answered
    assert call.deadline == START + WINDOW or before or said not in states_in(Phase.RINGING)


def new_call() -> Call:
    return Call(graph_id="c-1", graph_id_folded="c-1", tenant_id="t", received_at=START)


@given(st.lists(st.sampled_from([*STATED, DELETED]), min_size=1, max_size=12))
def test_only_the_end_is_final_whatever_else_graph_tells(tale: list[str | None]) -> None:
    call = new_call()
    for number, said in enumerate(tale):
        fold_in(call, said, START + timedelta(seconds=number))


@pytest.mark.parametrize("first", STATED, ids=str)
def test_every_state_may_follow_every_other(first: str | None) -> None:
    for then in [*STATED, DELETED]:
        call = new_call()
        for number, said in enumerate((first, then)):
            fold_in(call, said, START + timedelta(seconds=number))


# Attempts -------------------------------------------------------------------------------------------------------------


PAIRS = [(before, after) for before in Outcome for after in Outcome]


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=lambda outcome: str(outcome))
def test_an_attempt_takes_the_outcomes_of_the_table_and_no_other(before: str, after: str) -> None:
    attempt = RejectAttempt(outcome=before)
    if after in OUTCOMES.after(before):
        attempt.settle(after, START)
        assert (attempt.outcome, attempt.settled_at) == (after, START)
    else:
        with pytest.raises(IllegalTransition, match=f"{after} may not follow {before}"):
            attempt.settle(after, START)
        assert (attempt.outcome, attempt.settled_at) == (before, None)


def test_what_the_table_says() -> None:
    answers = {"accepted", "refused", "too_late", "caller_left", "ended_elsewhere"}
    assert {str(outcome): set(OUTCOMES.after(outcome)) for outcome in Outcome if OUTCOMES.after(outcome)} == {
        "requested": answers | {"unknown"},
        "unknown": answers | {"ended_unproved"},
        "ended_unproved": answers,
        "accepted": {"confirmed"},
    }
    assert OUTCOMES.initial == RejectAttempt().outcome == "requested"


def test_the_end_of_the_call_settles_what_the_table_lets_follow() -> None:
    settled = {str(outcome): RejectAttempt(outcome=outcome).settled_by_end for outcome in Outcome}
    assert {before: after for before, after in settled.items() if after} == {
        "accepted": "confirmed",
        "unknown": "ended_unproved",
    }
    assert all(after in OUTCOMES.after(before) for before, after in settled.items() if after)


# Validation of a table ------------------------------------------------------------------------------------------------


class Light(StrEnum):
    OFF = "off"
    ON = "on"
    BROKEN = "broken"


def test_a_whole_table_can_be_made() -> None:
    table = Transitions(
        Light,
        initial=Light.OFF,
        terminal=[Light.BROKEN],
        successors={Light.OFF: [Light.ON, Light.BROKEN], Light.ON: [Light.BROKEN]},
    )
    assert (table.after("on"), table.after("broken")) == ({Light.BROKEN}, set())


@pytest.mark.parametrize(
    ("successors", "why"),
    [
        ({Light.OFF: [Light.ON]}, "every state but the terminal ones needs successors"),
        ({Light.OFF: [Light.ON], Light.ON: [Light.BROKEN], Light.BROKEN: [Light.ON]}, "every state but the terminal"),
        ({Light.OFF: [Light.ON, Light.BROKEN], Light.ON: []}, "a state without successors is terminal"),
        ({Light.OFF: [Light.ON], Light.ON: [Light.OFF, Light.BROKEN]}, "the initial state follows another one"),
        ({Light.OFF: [Light.BROKEN], Light.ON: [Light.BROKEN]}, "cannot be reached"),
    ],
)
def test_a_table_with_a_gap_cannot_be_made(successors: dict[Light, list[Light]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Transitions(Light, initial=Light.OFF, terminal=[Light.BROKEN], successors=successors)
