"""The texts of a call and of its outcome on the pages, and the filters that select the same calls."""

import itertools
from datetime import timedelta

import pytest
from django.utils import timezone

from calls.models import Call, RejectAttempt
from calls.web.pages import labels
from calls.web.pages.history import unseen
from tests.fixtures.history import make_attempt, make_call

NOW = timezone.now()
OVER = {"state": "terminated", "ended_at": NOW}
PASSED = {"let_pass_at": NOW, "let_pass_by": "boris"}
UNDECIDED = [
    ({}, ("wait", "Not decided yet")),
    (PASSED, ("plain", "Let pass by boris")),
    ({**PASSED, **OVER}, ("plain", "Let pass by boris")),
    ({**PASSED, "missed_at": NOW}, ("plain", "Let pass by boris")),
    ({**PASSED, "established_at": NOW}, ("plain", "Answered")),
    ({"missed_at": NOW}, ("bad", "Missed: nobody decided in time")),
    ({"missed_at": NOW, **OVER}, ("bad", "Missed: nobody decided in time")),
    ({"established_at": NOW}, ("plain", "Answered")),
    ({"established_at": NOW, **OVER}, ("plain", "Answered, has ended")),
    (OVER, ("plain", "Ended before anybody decided")),
]


@pytest.mark.parametrize(("fields", "told"), UNDECIDED, ids=[f"{told}: {[*fields]}" for fields, (_, told) in UNDECIDED])
def test_a_call_nobody_rejected(database: None, fields: dict[str, object], told: tuple[str, str]) -> None:
    found = labels.outcome_label(make_call(**fields))
    assert (found.tone, found.text) == told


OUTCOMES = {
    "requested": ("wait", "hourglass-split", "Rejection by anna (busy) asked for, no answer yet"),
    "accepted": ("good", "check-circle-fill", "Rejected by anna (busy), end not confirmed yet"),
    "confirmed": ("good", "check-circle-fill", "Rejected by anna (busy)"),
    "refused": ("bad", "x-octagon-fill", "Graph refused the rejection by anna"),
    "too_late": ("bad", "x-octagon-fill", "Rejected too late by anna"),
    "caller_left": ("doubt", "question-circle-fill", "The caller left before the rejection by anna"),
    "ended_elsewhere": ("doubt", "question-circle-fill", "Ended elsewhere before the rejection by anna"),
    "ended_unproved": ("doubt", "question-circle-fill", "Ended; not proved that the rejection by anna did it"),
    "unknown": ("doubt", "question-circle-fill", "Outcome of the rejection by anna unknown"),
}


@pytest.mark.parametrize("outcome", RejectAttempt.Outcome.values)
@pytest.mark.parametrize("fields", [{}, PASSED, {"missed_at": NOW}], ids=["rings", "let pass", "missed"])
def test_a_call_somebody_rejected(database: None, outcome: str, fields: dict[str, object]) -> None:
    call = make_call(**fields)
    make_attempt(call, outcome=outcome)
    found = labels.outcome_label(call)
    assert (found.tone, found.icon, found.text) == OUTCOMES[outcome]


def test_the_attempt_that_holds_the_call_decides_however_old_it_is(database: None) -> None:
    call = make_call()
    assert call.deciding_attempt() is None
    older = make_attempt(call, outcome="refused", requested_at=NOW - timedelta(seconds=9))
    newer = make_attempt(call, outcome="refused", requested_at=NOW - timedelta(seconds=8), actor_name="boris")
    assert call.deciding_attempt() == newer
    held = make_attempt(call, outcome="unknown", requested_at=NOW - timedelta(seconds=10), actor_name="carla")
    assert call.deciding_attempt() == held
    assert older.pk != newer.pk


def test_words_nobody_knows_are_shown_as_they_are(database: None) -> None:
    call = make_call(state="parkedByMoon", direction="sideways", modalities=["audio", "hologram"], targets=[{}, None])
    make_attempt(call, outcome="confirmed", reason="whim")
    told = labels.summarize(call)
    assert (str(told.state), str(told.direction), told.modalities) == ("parkedByMoon", "sideways", "audio, hologram")
    assert (told.outcome_label.text, told.targets) == ("Rejected by anna (whim)", [])


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (None, None),
        ({}, None),
        ({"kind": "user", "name": "Ada", "id": "a", "tenant_id": "t"}, ("Teams user", "Ada", "a", "t")),
        ({"kind": "phone", "name": "", "id": "+1"}, ("phone", "+1", "", "")),
        ({"kind": "robot", "name": None, "id": None}, ("robot", "", "", "")),
        ({"kind": "encrypted"}, ("identity withheld", "", "", "")),
    ],
)
def test_a_participant(stored: dict[str, str] | None, told: tuple[str, ...] | None) -> None:
    party = labels.party(stored)
    assert (party and (str(party.kind), party.name, party.id, party.tenant_id)) == told


def test_what_is_called_unseen_is_what_the_filter_finds(database: None) -> None:
    ways: dict[str, list[dict[str, object]]] = {
        "over": [{}, OVER, {"missed_at": NOW}],
        "window": [{}, {"deadline": None}],
        "answered": [{}, {"established_at": NOW}],
        "direction": [{}, {"direction": "outgoing"}, {"direction": "sideways"}],
        "watched": [{}, {"watched_at": NOW}],
        "passed": [{}, PASSED],
    }
    calls = []
    for number, parts in enumerate(itertools.product(*ways.values())):
        fields = {name: value for part in parts for name, value in part.items()}
        if not ("missed_at" in fields and "deadline" in fields):
            calls.append(make_call(number, **fields))
    found = set(Call.objects.filter(unseen()).values_list("pk", flat=True))
    assert {call.pk for call in calls if labels.rang_unseen(call)} == found
    assert 0 < len(found) < len(calls) / 4
    tried = Call.objects.get(pk=min(found))
    make_attempt(tried, outcome="refused")
    assert not labels.rang_unseen(tried)
