"""Rejecting a call: the request to Graph, the audit entries, and concurrent requests for one call."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.contrib.auth.models import User

from calls.models import AuditEntry, Call, RejectAttempt
from calls.simulator import Simulator
from tests import bodies
from tests.clients import Browser, press_reject, signed_in_client
from tests.conftest import People
from tests.fixtures.history import actions
from tests.servers import Dashboard, wait_until

Opener = Callable[[User], Browser]


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
