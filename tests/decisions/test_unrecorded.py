"""Outcomes that cannot be recorded at once: retried, and settled by the background tasks in the end."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from calls.models import AuditHead, Call, RejectAttempt
from calls.simulator import Simulator
from tests.clients import post, signed_in_client
from tests.conftest import People
from tests.fixtures.history import actions
from tests.refusing import refusing
from tests.servers import Dashboard, wait_until

NOWHERE = "00000000-0000-0000-0000-000000000000"
Reject = Callable[[], httpx.Response]


@pytest.fixture
def reject(graph: Simulator, dashboard: Dashboard, people: People) -> Iterator[Reject]:
    """Let a supervisor reject the only call."""
    graph.ring()
    graph.hold_endings = True
    with signed_in_client(dashboard, "supervisor") as client:
        yield lambda: post(client, f"/calls/{Call.objects.get().public_id}/reject/", {"reason": "busy"})


def test_an_outcome_that_is_refused_at_first_is_recorded_once(
    graph: Simulator, dashboard: Dashboard, reject: Reject
) -> None:
    before = len(dashboard.log)
    with ThreadPoolExecutor(1) as threads:
        with refusing(RejectAttempt, "UPDATE", "NEW.outcome = 'accepted'"):
            answer = threads.submit(reject)
            wait_until(lambda: "could not be recorded; 4 tries left" in dashboard.log[before:])
        assert (answer.result().status_code, answer.result().json()["outcome"]) == (202, "accepted")
    attempt = RejectAttempt.objects.get()
    assert (attempt.outcome, attempt.graph_status) == ("accepted", 202)
    assert actions() == ["reject.requested", "reject.accepted"]
    assert len(graph.rejects) == 1


def test_an_outcome_that_is_never_taken_is_told_all_the_same_and_the_attempt_stays_open_for_the_keeper(
    graph: Simulator, reject: Reject
) -> None:
    with refusing(RejectAttempt, "UPDATE", "NEW.outcome = 'accepted'"):
        answer = reject()
    assert (answer.status_code, answer.json()["outcome"]) == (202, "accepted")
    assert RejectAttempt.objects.get().outcome == "requested"
    assert reject().status_code == 409, "it holds the call"
    RejectAttempt.objects.update(requested_at=timezone.now() - timedelta(minutes=2))
    wait_until(lambda: RejectAttempt.objects.get().outcome == "unknown")
    assert actions() == ["reject.requested", "reject.decided_by_another", "reject.unknown"]
    assert len(graph.rejects) == 1


@pytest.mark.parametrize("act", ["reject", "pass"])
def test_a_click_on_no_call_that_cannot_be_written_down_is_told_so(
    dashboard: Dashboard, people: People, act: str
) -> None:
    with signed_in_client(dashboard, "supervisor") as client:
        AuditHead.objects.all().delete()
        answer = post(client, f"/calls/{NOWHERE}/{act}/", {"reason": "busy"})
    assert (answer.status_code, answer.json()["outcome"]) == (503, "not_recorded")
    assert actions() == []


def test_a_claim_the_database_refuses_is_told_so_and_graph_is_not_asked(graph: Simulator, reject: Reject) -> None:
    with refusing(RejectAttempt, "INSERT", "NEW.reason = 'busy'"):
        answer = reject()
    assert (answer.status_code, answer.json()["outcome"]) == (503, "not_recorded")
    assert not graph.rejects
    assert actions() == []
    assert Call.objects.get().version == 1
    assert reject().status_code == 202
