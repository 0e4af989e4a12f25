"""Requests to reject that are refused before Graph is asked: sign-in, permission, form, and calls that are over."""

import json
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from calls.accounts import roles
from calls.models import AuditEntry, Call
from calls.simulator import Simulator
from tests import bodies
from tests.clients import Browser, press_reject, signed_in_client
from tests.conftest import People, session_key_of
from tests.fixtures.history import actions
from tests.servers import Dashboard, wait_until

Opener = Callable[[User], Browser]


def test_what_is_no_key_is_404_in_json(graph: Simulator, dashboard: Dashboard, people: People) -> None:
    with signed_in_client(dashboard, "supervisor") as client:
        answer = press_reject(client, "42")
        page = client.get("/calls/42/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["outcome"]) == (404, "not_found")
    assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


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
