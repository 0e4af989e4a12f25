"""Which call is rejected in place of one that stopped ringing: the newest of the same chain, caller and tenant."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from calls.models import AuditEntry, Call
from calls.simulator import Simulator
from calls.simulator.calls import SimulatedCall
from tests import bodies
from tests.clients import Browser, post, signed_in_client
from tests.conftest import People
from tests.servers import Dashboard

RECORDING = {"incomingContext": {"observedParticipantId": "p"}}


@pytest.fixture
def supervisor(dashboard: Dashboard, people: People) -> Iterator[httpx.Client]:
    with signed_in_client(dashboard, "supervisor") as client:
        yield client


def ring(graph: Simulator, caller: str = "Ada Lovelace", chain: str = "chain-1", **more: Any) -> SimulatedCall:
    return graph.ring(caller, chain_id=chain, more=more)


def reject(client: httpx.Client, named: SimulatedCall) -> httpx.Response:
    return post(client, f"/calls/{key_of(named)}/reject/", {"reason": "busy"})


def key_of(call: SimulatedCall) -> str:
    return str(Call.objects.get(graph_id=call.id).public_id)


def close_the_window(call: SimulatedCall) -> None:
    Call.objects.filter(graph_id=call.id).update(deadline=timezone.now() - timedelta(seconds=1))


def test_the_reject_of_an_id_that_stopped_ringing_goes_to_the_newest_of_its_chain(
    graph: Simulator, supervisor: httpx.Client
) -> None:
    first, older, newest = ring(graph), ring(graph), ring(graph)
    first.hang_up()
    answer = reject(supervisor, first)
    told = answer.json()
    assert (answer.status_code, told["graph_id"], told["call_key"]) == (202, newest.id, key_of(newest))
    assert [request.call_id for request in graph.rejects] == [newest.id]
    assert older.rings
    requested = AuditEntry.objects.get(action="reject.requested")
    assert requested.graph_id == newest.id
    assert json.loads(requested.details)["retargeted_from"] == first.id


def test_when_the_named_call_was_sent_to_somebody_says_nothing_of_the_one_rejected_in_its_place(
    graph: Simulator, browser_of: Callable[[User], Browser], people: People
) -> None:
    browser = browser_of(people.supervisor)
    first = ring(graph)
    browser.wait_for(first.id)
    close_the_window(first)
    browser.wait_for(ring(graph).id)
    assert browser.reject(key_of(first)).status_code == 202
    told = json.loads(AuditEntry.objects.get(action="reject.requested").details)
    assert not {"first_sent_at", "first_sent_not_before"} & told.keys()


def test_of_those_that_do_not_ring_any_more_none_stands_in_the_way_of_an_older_one(
    graph: Simulator, supervisor: httpx.Client
) -> None:
    first, rings, answered, lapsed, ended = (ring(graph) for _ in range(5))
    graph.deliver(bodies.moved(answered.id, "established"))
    close_the_window(lapsed)
    ended.hang_up()
    first.hang_up()
    answer = reject(supervisor, first)
    assert (answer.status_code, answer.json()["graph_id"]) == (202, rings.id)


def test_a_call_that_rings_is_not_exchanged_for_a_newer_one(graph: Simulator, supervisor: httpx.Client) -> None:
    first, _ = ring(graph), ring(graph)
    assert reject(supervisor, first).json()["graph_id"] == first.id
    assert "retargeted_from" not in AuditEntry.objects.get(action="reject.requested").details


def test_an_answered_call_is_not_exchanged_for_a_newer_one(graph: Simulator, supervisor: httpx.Client) -> None:
    first, _ = ring(graph), ring(graph)
    graph.deliver(bodies.moved(first.id, "established"))
    close_the_window(first)
    answer = reject(supervisor, first)
    assert (answer.status_code, answer.json()["cause"]) == (410, "answered")
    assert not graph.rejects


def test_a_window_that_closed_is_not_the_end_of_somebody_who_is_offered_again(
    graph: Simulator, supervisor: httpx.Client
) -> None:
    first, second = ring(graph), ring(graph)
    close_the_window(first)
    assert reject(supervisor, first).json()["graph_id"] == second.id


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"caller": "Grace Hopper"}),
        ({}, {"chain": "chain-2"}),
        ({}, RECORDING),
        (RECORDING, {}),
        (RECORDING, RECORDING),
    ],
    ids=["somebody else", "another chain", "for a recording", "of a recording", "two recordings"],
)
def test_nobody_else_is_rejected_in_place_of_an_id_that_stopped_ringing(
    graph: Simulator, supervisor: httpx.Client, first: dict[str, Any], second: dict[str, Any]
) -> None:
    named, other = ring(graph, **first), ring(graph, **second)
    named.hang_up()
    answer = reject(supervisor, named)
    assert (answer.status_code, answer.json()["cause"]) == (410, "caller_left")
    assert post(supervisor, f"/calls/{key_of(named)}/pass/").json()["cause"] == "caller_left"
    assert not graph.rejects
    assert other.rings


def test_a_call_of_another_tenant_is_not_rejected_in_place_of_one_that_stopped_ringing(
    graph: Simulator, supervisor: httpx.Client
) -> None:
    first, second = ring(graph), ring(graph)
    Call.objects.filter(graph_id=second.id).update(tenant_id="22222222-0000-0000-0000-000000000000")
    first.hang_up()
    answer = reject(supervisor, first)
    assert (answer.status_code, answer.json()["cause"]) == (410, "caller_left")
    assert not graph.rejects


def test_calls_of_no_chain_are_not_taken_for_one(graph: Simulator, supervisor: httpx.Client) -> None:
    first, second = ring(graph), ring(graph)
    Call.objects.update(chain_id="")
    first.hang_up()
    Call.objects.update(chain_id="")
    answer = reject(supervisor, first)
    assert (answer.status_code, answer.json()["cause"]) == (410, "caller_left")
    assert not graph.rejects
    assert second.rings
