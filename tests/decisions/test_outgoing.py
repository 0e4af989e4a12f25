"""Outgoing calls of the bot: shown on the board, never decided and never missed."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from calls.models import AuditEntry, Call, RejectAttempt
from calls.simulator import Simulator
from tests import bodies
from tests.clients import post, signed_in_client
from tests.conftest import People
from tests.fixtures.history import actions
from tests.servers import Dashboard, wait_until


@pytest.fixture
def supervisor(dashboard: Dashboard, people: People) -> Iterator[httpx.Client]:
    with signed_in_client(dashboard, "supervisor") as client:
        yield client


@pytest.fixture
def address(graph: Simulator) -> str:
    """The URL of an outgoing call's page."""
    graph.deliver(bodies.ringing("placed", direction="outgoing"))
    return f"/calls/{Call.objects.get().public_id}/"


def test_it_has_no_deadline(address: str) -> None:
    call = Call.objects.get()
    assert (call.direction, call.deadline) == ("outgoing", None)


def test_it_cannot_be_rejected(graph: Simulator, supervisor: httpx.Client, address: str) -> None:
    answer = post(supervisor, f"{address}reject/", {"reason": "busy"})
    assert (answer.status_code, answer.json()["cause"]) == (410, "outgoing")
    assert "placed by the bot" in answer.json()["message"]
    assert actions() == ["reject.gone"]
    assert not graph.rejects
    assert not RejectAttempt.objects.exists()


def test_it_cannot_be_let_pass(supervisor: httpx.Client, address: str) -> None:
    answer = post(supervisor, f"{address}pass/")
    assert (answer.status_code, answer.json()["cause"]) == (410, "outgoing")
    assert Call.objects.get().let_pass_at is None


def test_it_takes_a_note_at_once(supervisor: httpx.Client, address: str) -> None:
    assert post(supervisor, f"{address}note/", {"note": "Called back."}).status_code == 200


def test_nobody_answers_and_still_it_is_not_missed(graph: Simulator, supervisor: httpx.Client, address: str) -> None:
    graph.deliver(bodies.ringing("missed"))
    Call.objects.exclude(deadline=None).update(deadline=timezone.now() - timedelta(seconds=1))
    wait_until(lambda: Call.objects.get(graph_id="missed").missed_at)
    graph.deliver(bodies.ended("placed"))
    ended = Call.objects.get(graph_id="placed")
    assert ended.ended_at
    assert (ended.missed_at, ended.watched_at) == (None, None)
    assert [entry.graph_id for entry in AuditEntry.objects.filter(action="call.missed")] == ["missed"]
    assert "Rang unseen" not in supervisor.get(address).text
