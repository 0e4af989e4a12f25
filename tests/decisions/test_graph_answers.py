"""Graph's answers to a rejection: refusals, no answer, throttling and an expired token."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from calls.models import AuditEntry, RejectAttempt
from calls.simulator import Simulator
from tests.clients import Browser
from tests.fixtures.history import actions
from tests.servers import wait_until

Opener = Callable[[User], Browser]


@pytest.mark.parametrize("shape", ["plain", "wrapped"])
def test_a_refusal_is_502_with_graphs_code_and_the_call_can_be_rejected_again(
    graph: Simulator, supervisor: Browser, shape: str
) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    graph.faults.reject(status=403, code="7505", message="Tenant mismatch.", shape=shape, times=1)
    answer = supervisor.reject(key)
    assert (answer.status_code, answer.json()["code"]) == (502, "7505")
    assert "another tenant" in answer.json()["advice"]
    assert actions() == ["reject.requested", "reject.refused"]
    refused = AuditEntry.objects.get(action="reject.refused")
    assert (refused.graph_status, refused.graph_code) == (403, "7505")
    assert supervisor.reject(key).status_code == 202
    assert len(graph.rejects) == 2


def test_no_answer_is_504_and_holds_the_call(graph: Simulator, supervisor: Browser) -> None:
    call = graph.ring()
    key = supervisor.wait_for(call.id)["key"]
    graph.hold_endings = True
    graph.faults.drop_reject(after=True)
    assert supervisor.reject(key).status_code == 504
    assert RejectAttempt.objects.get().outcome == "unknown"
    assert actions() == ["reject.requested", "reject.unknown"]
    graph.faults.clear()
    assert supervisor.reject(key).status_code == 409
    call.end_rejected()
    wait_until(lambda: RejectAttempt.objects.get().outcome == "ended_unproved")
    assert actions()[-1] == "reject.ended_unproved"


def test_a_call_graph_does_not_know_any_more_is_410(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    graph.faults.reject(status=404, code="8522", times=1)
    answer = supervisor.reject(key)
    assert (answer.status_code, answer.json()["cause"]) == (410, "ended_elsewhere")
    assert actions() == ["reject.requested", "reject.ended_elsewhere"]
    assert supervisor.reject(key).status_code == 409


def test_throttling_that_ends_in_time_is_waited_for(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    graph.faults.reject(status=429, code="TooManyRequests", retry_after=0.4, times=1)
    assert supervisor.reject(key).status_code == 202
    assert [reject.status for reject in graph.rejects] == [429, 202]


def test_throttling_past_the_window_is_not(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    graph.faults.reject(status=503, code="serviceUnavailable", retry_after=30, times=1)
    assert supervisor.reject(key).status_code == 502
    assert len(graph.rejects) == 1


def test_an_expired_token_is_renewed_once(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    graph.faults.reject(status=401, code="InvalidAuthenticationToken", times=1)
    assert supervisor.reject(key).status_code == 202
    assert [reject.status for reject in graph.rejects] == [401, 202]
