"""The end of a call is stored while Graph is asked to reject it: the reply, the outcome and the entries."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from django.db.models import F
from django.utils import timezone

from calls.models import AuditEntry, Call, RejectAttempt
from calls.runtime.missed_calls import record_interrupted
from calls.simulator import Simulator
from calls.simulator.calls import SimulatedCall
from tests import bodies
from tests.clients import post, signed_in_client
from tests.conftest import People
from tests.fixtures.history import actions
from tests.servers import Dashboard, wait_until

GRAPH_SECONDS = 2.0  # how long Graph takes to answer here


@dataclass
class RejectInProgress:
    """A call with a request to Graph in progress."""

    call: SimulatedCall
    key: str
    answer: Future[httpx.Response]

    def update(self, **fields: object) -> None:
        """Change the stored call before Graph answers."""
        Call.objects.filter(public_id=self.key).update(**fields, version=F("version") + 1)
        assert not self.answer.done(), "Graph answered too soon"

    def told(self) -> tuple[int, str]:
        """Return the status and outcome of the reply."""
        answer = self.answer.result()
        return answer.status_code, answer.json()["outcome"]


StartReject = Callable[[int, str], RejectInProgress]


@pytest.fixture
def ask(graph: Simulator, dashboard: Dashboard, people: People) -> Iterator[StartReject]:
    """Let a supervisor reject a call; Graph answers later with this status and code."""
    graph.hold_endings = True

    def begin(status: int, code: str) -> RejectInProgress:
        call = graph.ring()
        key = str(Call.objects.get().public_id)
        graph.faults.reject(status=status, code=code, delay=GRAPH_SECONDS, times=1)
        in_progress = RejectInProgress(
            call, key, threads.submit(post, client, f"/calls/{key}/reject/", {"reason": "busy"})
        )
        wait_until(lambda: actions() == ["reject.requested"])
        return in_progress

    with signed_in_client(dashboard, "supervisor") as client, ThreadPoolExecutor(1) as threads:
        yield begin


def end(graph: Simulator, in_progress: RejectInProgress) -> None:
    graph.deliver(bodies.ended(in_progress.call.id))
    assert Call.objects.get().ended_at
    assert not in_progress.answer.done(), "Graph answered too soon"


@pytest.mark.parametrize(
    ("status", "code", "told", "history"),
    [
        (202, "", (202, "accepted"), ["accepted", "confirmed"]),
        (504, "timeout", (504, "unknown"), ["unknown", "ended_unproved"]),
        (403, "7503", (502, "refused"), ["refused"]),
        (404, "8522", (410, "ended_elsewhere"), ["ended_elsewhere"]),
    ],
)
def test_an_end_that_comes_before_graphs_answer(
    graph: Simulator, ask: StartReject, status: int, code: str, told: tuple[int, str], history: list[str]
) -> None:
    in_progress = ask(status, code)
    end(graph, in_progress)
    assert in_progress.told() == told
    assert actions() == ["reject.requested", *(f"reject.{outcome}" for outcome in history)]
    attempt = RejectAttempt.objects.get()
    assert (attempt.outcome, attempt.graph_status, attempt.graph_code) == (history[-1], status, code)
    assert attempt.settled_at
    first, *others = AuditEntry.objects.filter(action__startswith="reject.").order_by("id")[1:]
    assert (first.graph_status, first.graph_code) == (status, code)
    for entry in others:
        assert (entry.graph_status, entry.attempt_id, "ended_at" in entry.details) == (None, str(attempt.pk), True)


def test_a_404_for_a_call_that_ended_before_it_was_clicked_on_means_that_the_caller_left(ask: StartReject) -> None:
    in_progress = ask(404, "8522")
    clicked = RejectAttempt.objects.get().requested_at  # the end was received by then, and is stored only now
    in_progress.update(ended_at=clicked, state="terminated")
    assert in_progress.told() == (410, "caller_left")
    assert actions() == ["reject.requested", "reject.caller_left"]
    assert RejectAttempt.objects.get().outcome == "caller_left"


def test_a_404_for_a_call_that_ended_after_the_click_does_not(ask: StartReject) -> None:
    in_progress = ask(404, "8522")
    later = RejectAttempt.objects.get().requested_at + timedelta(milliseconds=1)
    in_progress.update(ended_at=later, state="terminated")
    assert in_progress.told() == (410, "ended_elsewhere")


def test_a_404_past_the_deadline_means_that_it_was_too_late(ask: StartReject) -> None:
    in_progress = ask(404, "8522")
    in_progress.update(deadline=timezone.now())
    assert in_progress.told() == (410, "too_late")
    assert actions() == ["reject.requested", "reject.too_late"]
    assert RejectAttempt.objects.get().outcome == "too_late"


def test_a_404_for_a_call_without_a_deadline_means_that_it_was_ended_elsewhere(ask: StartReject) -> None:
    in_progress = ask(404, "8522")
    in_progress.update(deadline=None)
    assert in_progress.told() == (410, "ended_elsewhere")


@pytest.mark.parametrize(
    ("status", "told", "history"),
    [
        (202, (202, "accepted"), ["unknown", "accepted"]),
        (403, (502, "refused"), ["unknown", "refused"]),
        (504, (504, "unknown"), ["unknown"]),
    ],
)
def test_an_answer_that_comes_after_the_attempt_was_taken_for_interrupted(
    ask: StartReject, status: int, told: tuple[int, str], history: list[str]
) -> None:
    in_progress = ask(status, "")
    take_for_interrupted()
    assert in_progress.told() == told
    assert actions() == ["reject.requested", *(f"reject.{outcome}" for outcome in history)]
    assert RejectAttempt.objects.get().outcome == history[-1]


@pytest.mark.parametrize(
    ("status", "told", "history"),
    [(202, (202, "accepted"), ["accepted", "confirmed"]), (504, (504, "unknown"), [])],
)
def test_an_answer_that_comes_after_that_and_after_the_end(
    graph: Simulator, ask: StartReject, status: int, told: tuple[int, str], history: list[str]
) -> None:
    in_progress = ask(status, "")
    take_for_interrupted()
    end(graph, in_progress)
    assert in_progress.told() == told
    before = ["reject.requested", "reject.unknown", "reject.ended_unproved"]
    assert actions() == [*before, *(f"reject.{outcome}" for outcome in history)]
    assert RejectAttempt.objects.get().outcome == (history[-1] if history else "ended_unproved")


def take_for_interrupted() -> None:
    """Let the background tasks settle the attempt as one that has been open for more than a minute."""
    RejectAttempt.objects.update(requested_at=F("requested_at") - timedelta(seconds=61))
    record_interrupted()  # if the dashboard has not been quicker
    wait_until(lambda: RejectAttempt.objects.get().settled_at)
