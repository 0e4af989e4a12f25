"""A decision's entries tell when each step of it was: received, clicked, asked, answered, ended."""

import json
from collections.abc import Callable
from datetime import datetime

from django.contrib.auth.models import User
from django.test import Client

from calls.models import AuditEntry, RejectAttempt
from calls.simulator import Simulator
from tests.clients import Browser
from tests.conftest import People
from tests.servers import wait_until


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
    steps = [accepted[name] for name in ("received_at", "clicked_at", "asked_at", "answered_at")]
    moments = [datetime.fromisoformat(str(step)) for step in steps]
    assert moments == sorted(moments)
    assert datetime.fromisoformat(str(confirmed["ended_at"])) >= moments[2], "it ended after Graph was asked"
    assert (requested["received_at"], requested["clicked_at"]) == (accepted["received_at"], accepted["clicked_at"])
    page = signed_in(people.auditor).get(f"/admin/calls/rejectattempt/{RejectAttempt.objects.get().pk}/change/")
    for words in ("Graph told of the call", "the click arrived", "Graph was asked", "Graph answered", "of the end"):
        assert words in page.content.decode()
