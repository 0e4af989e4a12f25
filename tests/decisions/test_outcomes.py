"""Graph's possible answers to a rejection as a table: reply, requests that Graph received, audit entries."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User

from calls.models import AuditEntry, RejectAttempt
from calls.simulator import Simulator
from tests.clients import Browser
from tests.conftest import People
from tests.fixtures.history import actions
from tests.servers import wait_until

Opener = Callable[[User], Browser]

AGAIN = "the call can be rejected again"


@dataclass(frozen=True, slots=True)
class Row:
    """One of the simulator's faults, by the name of its scenario, and the expected results."""

    scenario: str
    status: int
    outcome: str
    asked: tuple[int | None, ...]  # what Graph answered to each request; None where the connection broke
    recorded: tuple[int | None, str]  # status and code on the entry about the outcome
    advice: str = ""
    history: tuple[str, ...] = ("accepted", "confirmed")
    finally_: str = "confirmed"


REFUSED = {"history": ("refused",), "finally_": "refused"}
UNPROVED = {"history": ("unknown", "ended_unproved"), "finally_": "ended_unproved"}
ELSEWHERE = {"history": ("ended_elsewhere",), "finally_": "ended_elsewhere"}
OUTCOMES = [
    Row("plain", 202, "accepted", (202,), (202, "")),
    Row("graph-slow", 202, "accepted", (202,), (202, "")),
    Row("graph-401", 202, "accepted", (401, 202), (202, "")),
    Row("graph-429", 202, "accepted", (429, 202), (202, "")),
    Row("graph-503", 502, "refused", (503,), (503, "serviceNotAvailable"), **{**REFUSED, "finally_": AGAIN}),
    Row("graph-403-7500", 502, "refused", (403,), (403, "7500"), "person's token", **REFUSED),
    Row("graph-403-7503", 502, "refused", (403,), (403, "7503"), "Calling is not enabled", **REFUSED),
    Row("graph-403-7504", 502, "refused", (403,), (403, "7504"), "consented", **REFUSED),
    Row("graph-403-7505", 502, "refused", (403,), (403, "7505"), "another tenant", **REFUSED),
    Row("token-down", 502, "refused", (401,), (None, "tokenUnavailable"), "identity service", **REFUSED),
    Row("graph-404", 410, "ended_elsewhere", (404,), (404, "8522"), **ELSEWHERE),
    Row("dropped-before", 504, "unknown", (None,), (None, "noAnswer"), **UNPROVED),
    Row("dropped-after", 504, "unknown", (None,), (None, "noAnswer"), **UNPROVED),
]


@pytest.mark.parametrize("row", OUTCOMES, ids=[row.scenario for row in OUTCOMES])
def test_a_reject_is_told_as_it_went(graph: Simulator, browser_of: Opener, people: People, row: Row) -> None:
    supervisor = browser_of(people.supervisor)
    (call,) = graph.play(row.scenario)
    shown = supervisor.wait_for(call.id)
    answer = supervisor.reject(shown["key"], "busy")

    told = answer.json()
    assert (answer.status_code, told["outcome"]) == (row.status, row.outcome)
    assert told.get("code", "") == (row.recorded[1] if row.status == 502 else "")
    assert row.advice in told.get("advice", "") and bool(row.advice) == bool(told.get("advice"))
    assert [reject.status or None for reject in graph.rejects] == list(row.asked)

    if row.finally_ == AGAIN:
        assert supervisor.reject(shown["key"], "busy").status_code == 202
        return
    call.expire() if call.rings else None
    wait_until(lambda: tuple(actions()[1:]) == tuple(f"reject.{word}" for word in row.history))
    assert RejectAttempt.objects.get().outcome == row.finally_
    for entry in AuditEntry.objects.filter(action__startswith="reject."):
        assert (entry.personal.actor_name, entry.reason, entry.graph_id) == ("supervisor", "busy", call.id)
    first = AuditEntry.objects.get(action=f"reject.{row.history[0]}")
    assert (first.graph_status, first.graph_code) == row.recorded
    wait_until(lambda: (supervisor.last_seen(shown["key"])["decision"] or {}).get("outcome") == row.finally_)
