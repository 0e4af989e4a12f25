"""Which calls count as missed, by our clock and by their end, and which attempts as interrupted."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from calls.graph import payloads
from calls.ingest.incoming import Arrival
from calls.ingest.store import store
from calls.models import AuditEntry, Call, RejectAttempt
from calls.runtime import missed_calls
from tests import bodies
from tests.fixtures.history import actions, make_attempt, make_call

pytestmark = pytest.mark.usefixtures("uncommitted")  # a background task of a running server does the same
Outcome = RejectAttempt.Outcome
OPEN_OUTCOMES = sorted(set(Outcome) - {Outcome.REFUSED})


def ago(seconds: float) -> datetime:
    return timezone.now() - timedelta(seconds=seconds)


def overdue(**fields: Any) -> Call:
    """Return a stored call that rang ten seconds too long, if nothing else is said."""
    return make_call(**{"deadline": ago(10), **fields})


def end(call: Call, before_deadline: float = 0.0) -> None:
    """Take the notification that the call ended so many seconds before its deadline."""
    notification = payloads.read(bodies.ended(call.graph_id)["value"][0])
    assert notification.graph_id_folded == call.graph_id_folded.replace("-", "")
    store([Arrival(notification, call.tenant_id, call.deadline - timedelta(seconds=before_deadline))])


def ringing(**fields: Any) -> Call:
    """Return a stored call whose window closes in five seconds."""
    return make_call(**{"graph_id_folded": "c1", "graph_id": "c1", **fields})


# By our clock ---------------------------------------------------------------------------------------------------------


def test_a_call_that_nobody_decided_in_time_is_missed_once() -> None:
    call = overdue()
    assert missed_calls.record_missed() == {call.pk}
    call.refresh_from_db()
    assert (call.missed_at, call.version, call.state) == (call.updated_at, 2, "incoming")
    assert missed_calls.record_missed() == set()
    assert actions() == ["call.missed"]


@pytest.mark.parametrize(
    "fields",
    [
        {"deadline": None},
        {"deadline": ago(-3600)},
        {"state": "establishing"},
        {"established_at": ago(12), "state": "redirecting"},
        {"ended_at": ago(5), "state": "terminated"},
        {"missed_at": ago(5)},
    ],
    ids=["no deadline", "still open", "being answered", "was answered", "ended", "missed before"],
)
def test_no_other_call_is(fields: dict[str, Any]) -> None:
    overdue(**fields)
    assert missed_calls.record_missed() == set()
    assert actions() == []


@pytest.mark.parametrize("outcome", OPEN_OUTCOMES)
def test_a_call_that_somebody_decided_is_not_missed(outcome: str) -> None:
    make_attempt(overdue(), outcome=outcome)
    assert missed_calls.record_missed() == set()
    assert actions() == []


def test_a_call_whose_only_attempt_was_refused_is_missed() -> None:
    call = overdue()
    make_attempt(call, outcome=Outcome.REFUSED)
    assert missed_calls.record_missed() == {call.pk}
    assert actions() == ["call.missed"]


def test_a_refusal_before_the_decision_makes_it_no_less_decided() -> None:
    call = overdue()
    make_attempt(call, outcome=Outcome.REFUSED)
    make_attempt(call, outcome=Outcome.ACCEPTED)
    assert missed_calls.record_missed() == set()


def test_a_decision_about_one_call_is_none_about_another() -> None:
    decided, undecided = overdue(number=1), overdue(number=2)
    make_attempt(decided, outcome=Outcome.ACCEPTED)
    assert missed_calls.record_missed() == {undecided.pk}


def test_a_call_that_was_let_pass_has_lapsed() -> None:
    overdue(let_pass_at=ago(12), let_pass_by_id="7", let_pass_by="anna")
    missed_calls.record_missed()
    assert actions() == ["call.lapsed"]


# By its end -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("early", "missed"), [(0.0, True), (1.0, True), (1.001, False), (5.0, False)])
def test_a_call_that_ends_with_its_window_is_missed(early: float, missed: bool) -> None:
    call = ringing()
    end(call, early)
    call.refresh_from_db()
    assert call.missed_at == (call.ended_at if missed else None)
    assert actions() == (["call.missed"] if missed else [])


@pytest.mark.parametrize("outcome", Outcome.values)
def test_by_its_end_as_well_only_what_nobody_decided_is_missed(outcome: str) -> None:
    call = ringing()
    make_attempt(call, outcome=outcome)
    end(call)
    assert ("call.missed" in actions()) == (outcome == Outcome.REFUSED)


@pytest.mark.parametrize(
    "fields",
    [{"missed_at": ago(1)}, {"established_at": ago(9), "state": "established"}],
    ids=["missed before", "answered"],
)
def test_what_was_missed_or_answered_before_is_not_missed_by_its_end(fields: dict[str, Any]) -> None:
    call = ringing(**fields)
    end(call)
    assert actions() == []
    assert Call.objects.get().missed_at == fields.get("missed_at")


def test_a_call_without_a_deadline_is_not_missed_by_its_end() -> None:
    call = ringing(deadline=None)
    notification = payloads.read(bodies.ended(call.graph_id)["value"][0])
    store([Arrival(notification, call.tenant_id, ago(0))])
    assert Call.objects.get().ended_at
    assert actions() == []


def test_a_call_first_heard_of_by_its_end_is_not_missed() -> None:
    notification = payloads.read(bodies.ended("unheard-of")["value"][0])
    store([Arrival(notification, "contoso", ago(0))])
    assert actions() == []


def test_an_end_settles_what_is_open_and_nothing_else() -> None:
    settled = {Outcome.ACCEPTED: Outcome.CONFIRMED, Outcome.UNKNOWN: Outcome.ENDED_UNPROVED}
    for outcome in OPEN_OUTCOMES:
        before = AuditEntry.objects.count()
        call = make_call(graph_id_folded=f"c{outcome}", graph_id=f"c{outcome}")
        attempt = make_attempt(call, outcome=outcome)
        end(call, 3.0)
        attempt.refresh_from_db()
        assert attempt.outcome == settled.get(outcome, outcome)
        assert AuditEntry.objects.count() - before == (outcome in settled)
        if outcome in settled:
            assert attempt.settled_at == Call.objects.get(pk=call.pk).ended_at
            assert AuditEntry.objects.latest("id").action == f"reject.{attempt.outcome}"


# Interrupted ----------------------------------------------------------------------------------------------------------


def test_a_decision_under_way_is_not_interrupted_for_a_minute() -> None:
    under_way = make_attempt(make_call(1), requested_at=ago(50))
    interrupted = make_attempt(make_call(2), requested_at=ago(61))
    assert missed_calls.record_interrupted() == {interrupted.call_id}
    under_way.refresh_from_db()
    assert (under_way.outcome, under_way.settled_at) == (Outcome.REQUESTED, None)
    assert actions() == ["reject.unknown"]


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.REQUESTED}))
def test_what_has_an_outcome_was_not_interrupted(outcome: str) -> None:
    make_attempt(make_call(), outcome=outcome, requested_at=ago(3600))
    assert missed_calls.record_interrupted() == set()
    assert actions() == []


@pytest.mark.parametrize(
    ("fields", "history"),
    [({}, ["unknown"]), ({"ended_at": ago(1), "state": "terminated"}, ["unknown", "ended_unproved"])],
    ids=["it goes on", "it ended"],
)
def test_an_interrupted_attempt_has_an_unknown_outcome_and_an_unproved_one_when_its_call_ended(
    fields: dict[str, Any], history: list[str]
) -> None:
    attempt = make_attempt(make_call(**fields), requested_at=ago(120))
    missed_calls.record_interrupted()
    attempt.refresh_from_db()
    assert attempt.outcome == history[-1]
    assert attempt.settled_at
    assert actions() == [f"reject.{outcome}" for outcome in history]
    for entry in AuditEntry.objects.all():
        assert (entry.attempt_id, entry.actor_id, entry.personal.actor_name) == (str(attempt.pk), "7", "anna")
        assert json.loads(entry.details)["cause"] == "interrupted"
    call = Call.objects.get()
    assert call.version == 2, "boards are told"
    assert call.updated_at > ago(60)
