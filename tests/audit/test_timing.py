"""The entries of a decision have the time of each step: received, clicked, asked, answered, ended."""

import json
from collections.abc import Callable
from datetime import datetime

from django.contrib.auth.models import User
from django.test import Client

from calls.models import AuditEntry, RejectAttempt
from calls.simulator import Simulator
from tests.clients import Browser, signed_in_client
from tests.conftest import People
from tests.servers import Dashboard, wait_until


def details(action: str) -> dict[str, object]:
    return json.loads(AuditEntry.objects.get(action=action).details)


def test_every_step_of_a_decision_has_its_time(
    graph: Simulator,
    browser_of: Callable[[User], Browser],
    people: People,
    signed_in: Callable[[User], Client],
) -> None:
    browser = browser_of(people.supervisor)
    call = graph.ring()
    key = browser.wait_for(call.id)["key"]
    assert browser.reject(key).status_code == 202
    wait_until(lambda: AuditEntry.objects.filter(action="reject.confirmed").exists())
    requested, accepted, confirmed = (details(f"reject.{step}") for step in ("requested", "accepted", "confirmed"))
    steps = [accepted[name] for name in ("received_at", "first_sent_at", "clicked_at", "asked_at", "answered_at")]
    moments = [datetime.fromisoformat(str(step)) for step in steps]
    assert moments == sorted(moments)
    assert datetime.fromisoformat(str(confirmed["ended_at"])) >= moments[3], "it ended after Graph was asked"
    assert (requested["received_at"], requested["clicked_at"]) == (accepted["received_at"], accepted["clicked_at"])
    page = signed_in(people.auditor).get(f"/admin/calls/rejectattempt/{RejectAttempt.objects.get().pk}/change/")
    for words in (
        "Graph told of the call",
        "first sent to this person",
        "the click arrived",
        "Graph was asked",
        "Graph answered",
        "of the end",
    ):
        assert words in page.content.decode()


def test_somebody_without_the_board_open_was_not_sent_the_call(
    graph: Simulator, dashboard: Dashboard, browser_of: Callable[[User], Browser], people: People
) -> None:
    call = graph.ring()
    key = browser_of(people.viewer).wait_for(call.id)["key"]
    with signed_in_client(dashboard, "supervisor") as client:
        headers = {"Accept": "application/json", "X-CSRFToken": client.cookies["csrftoken"], "Referer": dashboard.url}
        assert client.post(f"/calls/{key}/reject/", json={"reason": "busy"}, headers=headers).status_code == 202
    assert "first_sent_at" not in details("reject.requested")
