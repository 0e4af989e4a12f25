"""Actions on calls in every state of a call, and malformed or oversized requests."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from django.utils import timezone

from calls.models import Call, RejectAttempt
from calls.simulator import Simulator
from tests import bodies
from tests.clients import post, signed_in_client
from tests.conftest import People
from tests.fixtures.history import actions, make_attempt, make_call
from tests.servers import Dashboard

Outcome = RejectAttempt.Outcome


@pytest.fixture
def supervisor(dashboard: Dashboard, people: People) -> Iterator[httpx.Client]:
    with signed_in_client(dashboard, "supervisor") as client:
        yield client


def act(client: httpx.Client, name: str, **document: Any) -> tuple[int, str, str]:
    """Act on the only call; return the status, the outcome and the message."""
    answer = post(client, f"/calls/{Call.objects.get().public_id}/{name}/", {"reason": "busy", **document})
    return answer.status_code, answer.json()["outcome"], answer.json()["message"]


def stored(**fields: Any) -> Call:
    """Return a stored call with a deadline in an hour."""
    now = timezone.now()
    return make_call(1, **{"deadline": now + timedelta(hours=1), "updated_at": now, "asked_at": now, **fields})


def over(**fields: Any) -> dict[str, Any]:
    return {"ended_at": timezone.now(), "state": "terminated", **fields}


def past() -> dict[str, Any]:
    return {"deadline": timezone.now() - timedelta(seconds=1), "missed_at": timezone.now()}


LEFT = ("caller_left", "Too late: the caller left first.")
LATE = ("too_late", "Too late: the time to reject this call has run out.")
ANSWERED = ("answered", "Too late: the call was answered.")
ENDED = ("ended", "The call has ended.")
OUTGOING = ("outgoing", "This call was placed by the bot; only incoming calls can be rejected.")


@pytest.mark.parametrize(
    ("fields", "told", "entry"),
    [
        (lambda: over(), LEFT, "reject.caller_left"),
        (lambda: over(established_at=timezone.now()), ENDED, "reject.gone"),
        (lambda: {**over(), **past()}, LATE, "reject.too_late"),
        (lambda: past(), LATE, "reject.too_late"),
        (lambda: {"state": "hold"}, ANSWERED, "reject.gone"),
        (lambda: {"state": "hold", **past(), "missed_at": None}, ANSWERED, "reject.gone"),
        (lambda: {"direction": "outgoing", "deadline": None}, OUTGOING, "reject.gone"),
    ],
    ids=[
        "left",
        "answered and ended",
        "missed and ended",
        "missed",
        "answered",
        "answered past its window",
        "outgoing",
    ],
)
def test_why_a_call_cannot_be_decided_about_any_more(
    supervisor: httpx.Client, fields: Any, told: tuple[str, str], entry: str
) -> None:
    stored(**fields())
    assert act(supervisor, "reject") == (410, *told)
    assert act(supervisor, "pass") == (410, *told)
    assert actions() == [entry, "call.let_pass_in_vain"]


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.REFUSED}))
def test_whoever_decided_first_is_named_whatever_became_of_it_and_of_the_call(
    supervisor: httpx.Client, outcome: str
) -> None:
    make_attempt(stored(**over()), outcome=outcome, reason="forbidden")
    told = (409, "decided_by_another", "anna rejected this call first, reason “forbidden”.")
    assert act(supervisor, "reject") == told
    assert act(supervisor, "pass") == told
    assert actions() == ["reject.decided_by_another", "call.let_pass_in_vain"]


def test_a_call_without_a_deadline_rings_until_something_ends_it(graph: Simulator, supervisor: httpx.Client) -> None:
    graph.ring()
    Call.objects.update(deadline=None)
    assert act(supervisor, "pass")[0] == 200
    assert act(supervisor, "reject")[0] == 202


def test_who_lets_a_call_pass_second_is_told_who_was_first(supervisor: httpx.Client, dashboard: Dashboard) -> None:
    stored()
    assert act(supervisor, "pass")[2] == "Let pass: it is silent for everybody now, and can still be rejected."
    version = Call.objects.get().version
    with signed_in_client(dashboard, "colleague") as colleague:
        assert act(colleague, "pass") == (200, "let_pass", "supervisor had already let it pass.")
    call = Call.objects.get()
    assert (call.let_pass_by, call.version) == ("supervisor", version)
    assert actions() == ["call.let_pass"]


@pytest.mark.parametrize(
    ("state", "status"), [("incoming", 409), ("ringing", 409), ("establishing", 200), ("established", 200)]
)
def test_a_note_waits_until_the_call_stopped_ringing(supervisor: httpx.Client, state: str, status: int) -> None:
    stored(state=state)
    assert act(supervisor, "note", note="x")[0] == status


@pytest.mark.parametrize("outcome", Outcome.values)
def test_a_note_to_a_call_that_rings_stands_beside_what_somebody_tried(supervisor: httpx.Client, outcome: str) -> None:
    call = stored()
    make_attempt(call, outcome=outcome, note="before")
    assert act(supervisor, "note", note="after")[0] == 200
    assert RejectAttempt.objects.get().note == "after"
    assert Call.objects.get().version == 2, "boards are told"


def test_a_note_to_a_call_nobody_decided_changes_nothing_on_the_board(supervisor: httpx.Client) -> None:
    stored(**over())
    assert act(supervisor, "note", note="x" * 500)[0] == 200
    assert Call.objects.get().version == 1


def test_a_reason_with_a_note_that_is_too_long_rejects_and_keeps_its_beginning(
    graph: Simulator, supervisor: httpx.Client
) -> None:
    graph.ring()
    assert act(supervisor, "reject", note="x" * 501)[0] == 202
    assert RejectAttempt.objects.get().note == "x" * 500


def test_fifty_calls_at_once_are_taken(supervisor: httpx.Client) -> None:
    keys = [str(UUID(int=number)) for number in range(50)]
    told = post(supervisor, "/calls/reject/", {"keys": keys, "reason": "busy"}).json()
    assert (told["asked"], told["rejected"]) == (50, 0)
    assert {result["status"] for result in told["results"]} == {404}


def test_an_answer_that_comes_to_a_rejected_call_leaves_the_decision(
    graph: Simulator, supervisor: httpx.Client
) -> None:
    graph.hold_endings = True
    call = graph.ring()
    assert act(supervisor, "reject")[0] == 202
    graph.deliver(bodies.moved(call.id, "established"))
    assert act(supervisor, "reject")[:2] == (409, "decided_by_another")
