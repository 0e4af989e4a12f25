"""One decision for one call: what the supervisor is told, what Graph is asked, what the history says."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from calls.accounts import roles
from calls.models import AuditEntry, Call, RejectAttempt
from calls.simulator import Simulator
from tests import bodies
from tests.clients import Browser, signed_in_client
from tests.conftest import People, session_key_of
from tests.servers import Dashboard, wait_until

Opener = Callable[[User], Browser]


@pytest.fixture
def supervisor(browser_of: Opener, people: People) -> Browser:
    return browser_of(people.supervisor)


def actions() -> list[str]:
    """Return the actions about calls in the history, oldest first."""
    entries = AuditEntry.objects.filter(action__regex=r"^(call|reject)\.").order_by("id")
    return list(entries.values_list("action", flat=True))


def test_the_plain_story_is_requested_accepted_confirmed(graph: Simulator, supervisor: Browser, people: People) -> None:
    call = graph.ring("Ada Lovelace")
    row = supervisor.wait_for(call.id)
    answer = supervisor.reject(row["key"], "busy", note="lunch", seen={"version": 2, "shown_at": "x", "visible": True})
    assert (answer.status_code, answer.json()["outcome"]) == (202, "accepted")
    wait_until(lambda: row["key"] in supervisor.gone)
    assert supervisor.last_seen(row["key"])["decision"]["outcome"] == "confirmed"
    assert [(reject.call_id, reject.reason) for reject in graph.rejects] == [(call.id, "busy")]
    assert actions() == ["reject.requested", "reject.accepted", "reject.confirmed"]
    requested, accepted, _ = AuditEntry.objects.filter(action__startswith="reject.").order_by("id")
    assert {entry.attempt_id for entry in (requested, accepted)} == {str(RejectAttempt.objects.get().id)}
    assert requested.actor_id == str(people.supervisor.pk)
    assert (requested.personal.actor_name, requested.personal.note) == ("supervisor", "lunch")
    assert requested.personal.caller_name == "Ada Lovelace"
    assert json.loads(requested.details)["seen_as_reported_by_browser"]["version"] == 2
    assert (accepted.graph_status, accepted.reason) == (202, "busy")
    assert accepted.request_id and accepted.client_request_id
    assert graph.rejects[0].headers["client-request-id"] == accepted.client_request_id


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"revision": 7, "came_at": "2026-11-27T12:00:00.25Z"}, (7, "2026-11-27T12:00:00.250Z")),
        ({"revision": True, "came_at": "soon"}, (None, None)),
        ({"revision": 2**60, "came_at": {"at": 1}}, (None, None)),
        ({"revision": "7", "came_at": "9999-99-99T00:00:00Z"}, (None, None)),
        ({"version": 1}, (None, None)),
    ],
)
def test_what_the_page_says_of_its_frames_is_kept_as_its_word(
    graph: Simulator, supervisor: Browser, sent: dict[str, object], kept: tuple[object, object]
) -> None:
    row = supervisor.wait_for(graph.ring().id)
    assert supervisor.reject(row["key"], seen=sent).status_code == 202
    told = json.loads(AuditEntry.objects.get(action="reject.requested").details)
    seen = told["seen_as_reported_by_browser"]
    assert (seen.get("revision"), seen.get("came_at")) == kept
    assert told["received_at"] <= told["first_sent_at"] <= told["clicked_at"], "the server's own word stands beside it"


@pytest.mark.parametrize("reason", ["none", "busy", "forbidden"])
def test_graph_is_given_the_reason(graph: Simulator, supervisor: Browser, reason: str) -> None:
    row = supervisor.wait_for(graph.ring().id)
    assert supervisor.reject(row["key"], reason).status_code == 202
    assert [json.loads(reject.body) for reject in graph.rejects] == [{"reason": reason}]


def test_the_spelling_of_the_id_that_graph_used_is_used_for_graph(graph: Simulator, supervisor: Browser) -> None:
    call = graph.ring(call_id="57DAB8B1894C409AB240BD8BEAE78896")
    assert supervisor.reject(supervisor.wait_for(call.id)["key"]).status_code == 202
    assert graph.rejects[0].path.endswith("/communications/calls/57DAB8B1894C409AB240BD8BEAE78896/reject")


def test_two_supervisors_at_once_are_one_request_to_graph(graph: Simulator, browser_of: Opener, people: People) -> None:
    browsers = [browser_of(people.supervisor), browser_of(people.colleague)]
    key = browsers[0].wait_for(graph.ring().id)["key"]
    start = threading.Barrier(8)

    def press(number: int) -> httpx.Response:
        client = sign_in_again(browsers[number % 2])
        start.wait()
        with client:
            return press_reject(client, key)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(press, range(8)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 7
    assert len(graph.rejects) == 1
    winner = RejectAttempt.objects.get()
    for answer in answers:
        if answer.status_code == 409:
            told = answer.json()
            assert (told["by"], told["reason"]) == (winner.actor_name, "busy")
            assert told["at"].startswith(winner.requested_at.strftime("%Y-%m-%dT%H:%M:%S"))
    wait_until(lambda: actions().count("reject.confirmed") == 1)
    assert actions().count("reject.requested") == 1
    assert actions().count("reject.decided_by_another") == 7


def sign_in_again(browser: Browser) -> httpx.Client:
    return httpx.Client(base_url=browser.client.base_url, cookies=browser.client.cookies, timeout=30)


def press_reject(client: httpx.Client, key: str, **more: Any) -> httpx.Response:
    headers = {
        "Accept": "application/json",
        "X-CSRFToken": client.cookies["csrftoken"],
        "Referer": str(client.base_url),
    }
    return client.post(f"/calls/{key}/reject/", json={"reason": "busy", **more}, headers=headers)


def test_what_is_no_key_is_404_in_json(graph: Simulator, dashboard: Dashboard, people: People) -> None:
    with signed_in_client(dashboard, "supervisor") as client:
        answer = press_reject(client, "42")
        page = client.get("/calls/42/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["outcome"]) == (404, "not_found")
    assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_who_rejects_twice_is_told_it_was_themselves(graph: Simulator, supervisor: Browser) -> None:
    graph.hold_endings = True
    key = supervisor.wait_for(graph.ring().id)["key"]
    assert supervisor.reject(key).status_code == 202
    answer = supervisor.reject(key, "forbidden")
    assert (answer.status_code, answer.json()["outcome"]) == (409, "decided_by_another")
    assert answer.json()["message"] == "You have already rejected this call, reason “busy”."
    assert answer.json()["by"] == "supervisor"


def test_it_works_with_no_socket_open(graph: Simulator, dashboard: Dashboard, people: People) -> None:
    graph.ring()
    with signed_in_client(dashboard, "supervisor") as client:
        assert press_reject(client, str(Call.objects.get().public_id)).status_code == 202
    assert len(graph.rejects) == 1


def test_a_plain_form_works_too(graph: Simulator, dashboard: Dashboard, people: People) -> None:
    graph.ring()
    with signed_in_client(dashboard, "supervisor") as client:
        form = {"reason": "forbidden", "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        answer = client.post(
            f"/calls/{Call.objects.get().public_id}/reject/", data=form, headers={"Referer": dashboard.url}
        )
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert "Graph accepted" in client.get("/").text
    assert graph.rejects[0].reason == "forbidden"


def test_signed_out_is_401_as_json_and_the_sign_in_page_otherwise(graph: Simulator, dashboard: Dashboard) -> None:
    graph.ring()
    with httpx.Client(base_url=dashboard.url) as client:
        client.get("/accounts/login/")
        assert press_reject(client, str(Call.objects.get().public_id)).status_code == 401
        form = {"reason": "busy", "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        answer = client.post(
            f"/calls/{Call.objects.get().public_id}/reject/", data=form, headers={"Referer": dashboard.url}
        )
        assert answer.headers["Location"].startswith("/accounts/login/")
    assert not graph.rejects


@pytest.mark.parametrize("who", ["viewer", "auditor", "stranger"])
def test_without_the_right_is_403_and_an_entry(
    graph: Simulator, dashboard: Dashboard, people: People, who: str
) -> None:
    graph.ring()
    with signed_in_client(dashboard, who) as client:
        answer = press_reject(client, str(Call.objects.get().public_id))
    assert (answer.status_code, answer.json()["outcome"]) == (403, "not_allowed")
    assert actions() == ["reject.not_allowed"]
    assert AuditEntry.objects.get(action="reject.not_allowed").reason == "busy"
    assert not graph.rejects


def test_what_changed_since_the_last_click_counts_at_the_next(
    graph: Simulator, dashboard: Dashboard, people: People
) -> None:
    with signed_in_client(dashboard, "supervisor") as client:

        def click(reason: str = "busy") -> int:
            key = str(Call.objects.get(graph_id=graph.ring().id).public_id)
            return press_reject(client, key, reason=reason).status_code

        assert [click(), click()] == [202, 202]
        roles.assign(people.supervisor)
        assert [click("nonsense"), click()] == [403, 403]
        roles.assign(people.supervisor, roles.SUPERVISORS)
        assert click() == 202
        session = Session.objects.get(session_key=client.cookies["sessionid"])
        session.session_data = Session.objects.get(session_key=session_key_of(people.colleague)).session_data
        session.save()
        assert [click(), click()] == [202, 202]
        asked = AuditEntry.objects.filter(action="reject.requested").order_by("id")
        assert [entry.personal.actor_name for entry in asked] == ["supervisor"] * 3 + ["colleague"] * 2
        User.objects.filter(username="colleague").update(is_active=False)
        assert click() == 401
        session.delete()
        assert click() == 401


def test_a_missing_csrf_token_is_told_apart_from_a_missing_right(
    graph: Simulator, dashboard: Dashboard, people: People
) -> None:
    graph.ring()
    with signed_in_client(dashboard, "supervisor") as client:
        url = f"/calls/{Call.objects.get().public_id}/reject/"
        answer = client.post(url, json={"reason": "busy"}, headers={"Accept": "application/json"})
        page = client.post(url, json={"reason": "busy"}, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["outcome"]) == (403, "csrf")
    assert (page.status_code, page.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert not graph.rejects


def test_an_unknown_call_is_404_and_an_entry(graph: Simulator, supervisor: Browser) -> None:
    key = "00000000-0000-0000-0000-000000000000"
    assert supervisor.reject(key, note="who?").status_code == 404
    entry = AuditEntry.objects.get(action="reject.unknown_call")
    assert (entry.reason, entry.personal.note, json.loads(entry.details)["key"]) == ("busy", "who?", key)
    assert not graph.rejects


def test_reading_the_address_is_405(supervisor: Browser) -> None:
    assert supervisor.client.get("/calls/00000000-0000-0000-0000-000000000000/reject/").status_code == 405


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"reason": "unknownFutureValue"}', b'{"reason": ["busy"]}'])
def test_an_unknown_reason_is_422_and_an_entry(graph: Simulator, supervisor: Browser, body: bytes) -> None:
    row = supervisor.wait_for(graph.ring().id)
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "X-CSRFToken": supervisor.client.cookies["csrftoken"],
    }
    answer = supervisor.client.post(f"/calls/{row['key']}/reject/", content=body, headers=headers)
    assert answer.status_code == 422
    assert actions() == ["reject.bad_request"]
    assert not graph.rejects


def test_a_caller_who_left_first_is_410(graph: Simulator, supervisor: Browser) -> None:
    call = graph.ring()
    key = supervisor.wait_for(call.id)["key"]
    call.hang_up()
    wait_until(lambda: key in supervisor.gone)
    answer = supervisor.reject(key)
    assert (answer.status_code, answer.json()["cause"]) == (410, "caller_left")
    assert actions() == ["reject.caller_left"]
    told = json.loads(AuditEntry.objects.get(action="reject.caller_left").details)
    assert told["received_at"] <= told["first_sent_not_before"] < told["clicked_at"]
    assert not graph.rejects


def test_an_answered_call_is_410(graph: Simulator, supervisor: Browser) -> None:
    call = graph.ring()
    key = supervisor.wait_for(call.id)["key"]
    graph.deliver(bodies.moved(call.id, "established"))
    answer = supervisor.reject(key)
    assert (answer.status_code, answer.json()["cause"]) == (410, "answered")
    assert actions() == ["reject.gone"]
    assert not graph.rejects


def test_past_the_window_is_410_and_graph_is_not_asked(graph: Simulator, supervisor: Browser) -> None:
    call = graph.ring()
    key = supervisor.wait_for(call.id)["key"]
    Call.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    answer = supervisor.reject(key)
    assert (answer.status_code, answer.json()["cause"]) == (410, "too_late")
    assert "reject.too_late" in actions()
    assert not graph.rejects


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


def test_the_outcome_is_recorded_although_the_tab_was_closed(
    graph: Simulator, dashboard: Dashboard, people: People
) -> None:
    graph.ring()
    key = str(Call.objects.get().public_id)
    graph.faults.reject(delay=1.5, status=202, times=1)
    with signed_in_client(dashboard, "supervisor") as client, pytest.raises(httpx.ReadTimeout):
        client.timeout = httpx.Timeout(0.7)
        press_reject(client, key)
    wait_until(lambda: RejectAttempt.objects.get().outcome in ("accepted", "confirmed"))
    assert "reject.accepted" in actions()


def test_no_transaction_is_open_while_graph_is_slow(graph: Simulator, supervisor: Browser, people: People) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    graph.faults.reject(delay=2.0, status=202, times=1)
    with ThreadPoolExecutor(1) as threads:
        rejecting = threads.submit(supervisor.reject, key)
        wait_until(lambda: actions() == ["reject.requested"])
        assert supervisor.wait_for(Call.objects.get().graph_id, lambda call: call["decision"])
        graph.deliver(bodies.ringing("meanwhile"))
        assert supervisor.wait_for("meanwhile")
        assert not graph.rejects, "everybody else went on while Graph had not answered yet"
        assert rejecting.result().status_code == 202
