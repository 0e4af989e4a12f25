"""Rejecting several calls in one request: each has its reply, claim and entries, with a common bulk id."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from calls.models import AuditEntry, AuditHead, Call, RejectAttempt
from calls.simulator import Simulator
from tests.clients import Browser, post, signed_in_client
from tests.conftest import People
from tests.fixtures.history import actions, make_call
from tests.servers import Dashboard, wait_until

Opener = Callable[[User], Browser]


def reject_all(client: httpx.Client, keys: Any, reason: Any = "busy", **more: Any) -> httpx.Response:
    return post(client, "/calls/reject/", {"keys": keys, "reason": reason, **more})


def rung(graph: Simulator, supervisor: Browser, count: int) -> list[str]:
    ringing = [graph.ring(f"Caller {number}").id for number in range(count)]
    return [supervisor.wait_for(call_id)["key"] for call_id in ringing]


def test_twenty_with_one_refusal(graph: Simulator, supervisor: Browser) -> None:
    keys = rung(graph, supervisor, 20)
    graph.faults.reject(status=403, code="7505", message="Tenant mismatch.", times=1)
    answer = reject_all(supervisor.client, keys, "forbidden", note="a wave", seen={keys[0]: {"version": 1}})
    told = answer.json()
    assert (answer.status_code, told["asked"], told["rejected"]) == (200, 20, 19)
    assert [result["key"] for result in told["results"]] == keys
    (refused,) = [result for result in told["results"] if result["status"] != 202]
    assert (refused["status"], refused["outcome"], refused["code"]) == (502, "refused", "7505")
    assert "another tenant" in refused["message"]
    assert sorted(reject.status for reject in graph.rejects) == [202] * 19 + [403]
    wait_until(lambda: actions().count("reject.confirmed") == 19)
    assert (actions().count("reject.requested"), actions().count("reject.refused")) == (20, 1)
    bulk_id = uuid.UUID(told["bulk_id"])
    assert set(RejectAttempt.objects.values_list("bulk_id", "reason", "note")) == {(bulk_id, "forbidden", "a wave")}
    joined = AuditEntry.objects.filter(bulk_id=bulk_id)
    assert joined.count() == AuditEntry.objects.filter(action__startswith="reject.").count() == 20 + 20 + 19
    assert all(f'"bulk_id":"{bulk_id}"' in entry.details for entry in joined)
    seen = AuditEntry.objects.filter(action="reject.requested", details__contains="seen_as_reported_by_browser")
    assert [entry.call_key for entry in seen] == [keys[0]]


def test_they_are_asked_side_by_side(graph: Simulator, supervisor: Browser) -> None:
    keys = rung(graph, supervisor, 4)
    graph.faults.reject(delay=2.0, status=202, times=4)
    with ThreadPoolExecutor(1) as threads:
        rejecting = threads.submit(reject_all, supervisor.client, keys)
        wait_until(lambda: actions() == ["reject.requested"] * 4)
        assert not graph.rejects, "none waited for another one's answer"
        assert rejecting.result().json()["rejected"] == 4


def test_each_has_its_own_result(graph: Simulator, supervisor: Browser, browser_of: Opener, people: People) -> None:
    decided, left, rings = rung(graph, supervisor, 3)
    graph.hold_endings = True
    assert browser_of(people.colleague).reject(decided).status_code == 202
    next(call for call in graph.calls if call.id == Call.objects.get(public_id=left).graph_id).hang_up()
    wait_until(lambda: left in supervisor.gone)
    nowhere = str(uuid.uuid4())
    told = reject_all(supervisor.client, [decided, left, nowhere, rings, rings]).json()
    assert [result["status"] for result in told["results"]] == [409, 410, 404, 202]
    assert (told["asked"], told["rejected"]) == (4, 1)
    assert told["results"][0]["by"] == "colleague"
    joined = AuditEntry.objects.filter(bulk_id=told["bulk_id"]).order_by("id").values_list("action", flat=True)
    in_vain = {"reject.decided_by_another", "reject.caller_left", "reject.unknown_call"}
    assert in_vain | {"reject.requested", "reject.accepted"} == set(joined)


def test_what_makes_no_sense_is_422_and_one_entry(supervisor: Browser) -> None:
    some = [str(uuid.UUID(int=1))]
    wrong: list[tuple[Any, Any, str]] = [
        ([], "busy", "no_calls"),
        ([str(uuid.UUID(int=number)) for number in range(51)], "busy", "too_many"),
        (some, "later", "unknown_reason"),
        (["nonsense"], "busy", "bad_request"),
        ([7], "busy", "bad_request"),
        ("all", "busy", "bad_request"),
        (some, None, "bad_request"),
    ]
    for keys, reason, outcome in wrong:
        answer = reject_all(supervisor.client, keys, reason)
        assert (answer.status_code, answer.json()["outcome"]) == (422, outcome)
    bodies = [b"", b"{", b"[]", b"\xff", b"[" * 100_000]
    for body in bodies:
        assert post(supervisor.client, "/calls/reject/", content=body).status_code == 422, body[:9]
    assert actions() == ["reject.bad_request"] * (len(wrong) + len(bodies))


def test_reading_the_address_is_405(supervisor: Browser) -> None:
    assert supervisor.client.get("/calls/reject/").status_code == 405


def test_signed_out_is_401(dashboard: Dashboard) -> None:
    with httpx.Client(base_url=dashboard.url) as client:
        client.get("/accounts/login/")
        assert reject_all(client, [str(uuid.uuid4())]).status_code == 401


@pytest.mark.parametrize("who", ["viewer", "auditor", "stranger"])
def test_without_the_right_is_403_and_an_entry_for_each_call(
    graph: Simulator, dashboard: Dashboard, people: People, who: str
) -> None:
    for _ in range(2):
        graph.ring()
    keys = [str(key) for key in Call.objects.values_list("public_id", flat=True)]
    with signed_in_client(dashboard, who) as client:
        answer = reject_all(client, keys)
    assert (answer.status_code, answer.json()["outcome"]) == (403, "not_allowed")
    assert actions() == ["reject.not_allowed"] * 2
    assert set(AuditEntry.objects.filter(bulk_id__isnull=False).values_list("call_key", flat=True)) == set(keys)
    assert not graph.rejects


def test_without_the_right_nobody_fills_the_history_with_one_request(dashboard: Dashboard, people: People) -> None:
    ended = {"state": "terminated", "ended_at": timezone.now(), "deadline": None}
    keys = [str(make_call(number, **ended).public_id) for number in range(60)]
    with signed_in_client(dashboard, "viewer") as client:
        assert reject_all(client, keys).status_code == 403
    assert actions() == ["reject.not_allowed"] * 50


def test_when_the_history_cannot_be_written_graph_is_not_asked(graph: Simulator, supervisor: Browser) -> None:
    keys = rung(graph, supervisor, 2)
    AuditHead.objects.all().delete()
    told = reject_all(supervisor.client, keys).json()
    assert [(result["status"], result["outcome"]) for result in told["results"]] == [(503, "not_recorded")] * 2
    assert not graph.rejects
    assert not RejectAttempt.objects.exists()


def test_when_graph_cannot_be_reached_each_is_told_so(graph: Simulator, supervisor: Browser) -> None:
    keys = rung(graph, supervisor, 2)
    graph.faults.drop_reject(after=True)
    told = reject_all(supervisor.client, keys).json()
    assert {result["status"] for result in told["results"]} == {504}
    assert told["rejected"] == 0
