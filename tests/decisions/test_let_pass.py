"""Letting a call pass: the reply, the row on every board, and the audit entries."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import httpx
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from calls.models import AuditEntry, AuditHead, Call
from calls.simulator import Simulator
from tests import bodies
from tests.clients import Browser, post, signed_in_client
from tests.conftest import People
from tests.fixtures.history import actions
from tests.servers import Dashboard, wait_until

Opener = Callable[[User], Browser]
NOWHERE = "00000000-0000-0000-0000-000000000000"


def let_pass(client: httpx.Client, key: str) -> httpx.Response:
    return post(client, f"/calls/{key}/pass/")


def test_everybody_sees_who_let_it_pass_and_graph_hears_nothing(
    graph: Simulator,
    supervisor: Browser,
    browser_of: Opener,
    people: People,
    signed_in: Callable[[User], Client],
) -> None:
    colleague = browser_of(people.colleague)
    row = supervisor.wait_for(graph.ring("Ada Lovelace").id)
    assert row["let_pass"] is None
    shown = {"version": row["version"], "shown_at": row["received_at"], "visible": True}
    answer = post(supervisor.client, f"/calls/{row['key']}/pass/", {"seen": shown})
    assert (answer.status_code, answer.json()["outcome"], answer.json()["by"]) == (200, "let_pass", "supervisor")
    for browser in (supervisor, colleague):
        seen = browser.wait_for(row["graph_id"], lambda call: call["let_pass"])
        assert seen["let_pass"] == {"by": "supervisor", "at": answer.json()["at"]}
        assert seen["version"] > row["version"]
    call = Call.objects.get()
    assert call.updated_at == call.let_pass_at
    assert not graph.rejects
    assert actions() == ["call.let_pass"]
    entry = AuditEntry.objects.get(action="call.let_pass")
    assert (entry.actor_id, entry.personal.caller_name) == (str(people.supervisor.pk), "Ada Lovelace")
    page = signed_in(people.auditor).get(f"/admin/calls/auditentry/{entry.pk}/change/").content.decode()
    for step in ("Graph told of the call", "first sent to this person", "first shown", "the click arrived"):
        assert step in page
    told = json.loads(entry.details)
    assert told["seen_as_reported_by_browser"] == shown
    steps = [datetime.fromisoformat(told[name]) for name in ("received_at", "first_sent_at", "clicked_at")]
    assert steps == sorted(steps) and steps[-1] <= entry.at


def test_it_can_still_be_rejected_by_anybody(
    graph: Simulator, supervisor: Browser, browser_of: Opener, people: People
) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    let_pass(supervisor.client, key)
    assert browser_of(people.colleague).reject(key).status_code == 202
    assert actions()[:2] == ["call.let_pass", "reject.requested"]


def test_two_at_once_are_one_entry_and_both_are_told_who_was_first(
    graph: Simulator, dashboard: Dashboard, people: People
) -> None:
    graph.ring()
    key = str(Call.objects.get().public_id)
    with (
        signed_in_client(dashboard, "supervisor") as one,
        signed_in_client(dashboard, "colleague") as other,
        ThreadPoolExecutor(2) as threads,
    ):
        answers = list(threads.map(lambda client: let_pass(client, key), (one, other)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({(answer.json()["by"], answer.json()["at"]) for answer in answers}) == 1
    assert actions() == ["call.let_pass"]


def test_a_plain_form_works_too(graph: Simulator, dashboard: Dashboard, people: People) -> None:
    graph.ring()
    with signed_in_client(dashboard, "supervisor") as client:
        form = {"csrfmiddlewaretoken": client.cookies["csrftoken"]}
        answer = client.post(
            f"/calls/{Call.objects.get().public_id}/pass/", data=form, headers={"Referer": dashboard.url}
        )
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert "Let pass" in client.get("/").text


def test_a_decided_call_is_409_and_the_try_an_entry(
    graph: Simulator, supervisor: Browser, browser_of: Opener, people: People
) -> None:
    graph.hold_endings = True
    key = supervisor.wait_for(graph.ring().id)["key"]
    assert browser_of(people.colleague).reject(key).status_code == 202
    answer = let_pass(supervisor.client, key)
    assert (answer.status_code, answer.json()["by"], answer.json()["reason"]) == (409, "colleague", "busy")
    assert actions()[-1] == "call.let_pass_in_vain"
    assert Call.objects.get().let_pass_at is None


def test_a_call_whose_rejection_graph_refused_can_be_let_pass(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    graph.faults.reject(status=403, code="7503", times=1)
    assert supervisor.reject(key).status_code == 502
    assert let_pass(supervisor.client, key).status_code == 200


@pytest.mark.parametrize(("state", "cause"), [("established", "answered"), ("terminated", "caller_left")])
def test_a_call_that_is_gone_is_410(graph: Simulator, supervisor: Browser, state: str, cause: str) -> None:
    call = graph.ring()
    key = supervisor.wait_for(call.id)["key"]
    graph.deliver(bodies.moved(call.id, state))
    answer = let_pass(supervisor.client, key)
    assert (answer.status_code, answer.json()["cause"]) == (410, cause)
    assert actions() == ["call.let_pass_in_vain"]
    assert json.loads(AuditEntry.objects.get(action="call.let_pass_in_vain").details)["cause"] == cause
    told = json.loads(AuditEntry.objects.get(action="call.let_pass_in_vain").details)
    sent = told.get("first_sent_at") or told["first_sent_not_before"]  # it may have left the board by then
    assert told["received_at"] <= sent <= told["clicked_at"]


def test_past_the_window_is_410(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    Call.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    answer = let_pass(supervisor.client, key)
    assert (answer.status_code, answer.json()["cause"]) == (410, "too_late")


def test_an_unknown_call_is_404_and_an_entry(supervisor: Browser) -> None:
    assert let_pass(supervisor.client, NOWHERE).status_code == 404
    told = json.loads(AuditEntry.objects.get(action="call.let_pass_in_vain").details)
    assert (told["cause"], told["key"]) == ("unknown_call", NOWHERE)


def test_reading_the_address_is_405(supervisor: Browser) -> None:
    assert supervisor.client.get(f"/calls/{NOWHERE}/pass/").status_code == 405


def test_signed_out_is_401(graph: Simulator, dashboard: Dashboard) -> None:
    graph.ring()
    with httpx.Client(base_url=dashboard.url) as client:
        client.get("/accounts/login/")
        answer = let_pass(client, str(Call.objects.get().public_id))
    assert (answer.status_code, answer.json()["outcome"]) == (401, "signed_out")
    assert Call.objects.get().let_pass_at is None


@pytest.mark.parametrize("who", ["viewer", "auditor", "stranger"])
def test_without_the_right_is_403_and_an_entry(
    graph: Simulator, dashboard: Dashboard, people: People, who: str
) -> None:
    graph.ring()
    with signed_in_client(dashboard, who) as client:
        answer = let_pass(client, str(Call.objects.get().public_id))
    assert (answer.status_code, answer.json()["outcome"]) == (403, "not_allowed")
    assert actions() == ["call.let_pass_not_allowed"]
    told = json.loads(AuditEntry.objects.get(action="call.let_pass_not_allowed").details)
    assert told["received_at"] <= told["clicked_at"]
    assert Call.objects.get().let_pass_at is None


def test_a_missing_csrf_token_is_told_apart(graph: Simulator, dashboard: Dashboard, people: People) -> None:
    graph.ring()
    with signed_in_client(dashboard, "supervisor") as client:
        answer = client.post(f"/calls/{Call.objects.get().public_id}/pass/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["outcome"]) == (403, "csrf")


def test_when_the_history_cannot_be_written_nothing_happens(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    AuditHead.objects.all().delete()
    answer = let_pass(supervisor.client, key)
    assert (answer.status_code, answer.json()["outcome"]) == (503, "not_recorded")
    assert Call.objects.get().let_pass_at is None


def test_the_newest_of_a_chain_is_let_pass_when_the_named_one_stopped_ringing(
    graph: Simulator, supervisor: Browser
) -> None:
    first = graph.ring("Ada Lovelace", chain_id="chain-1")
    key = supervisor.wait_for(first.id)["key"]
    second = graph.ring("Ada Lovelace", chain_id="chain-1")
    supervisor.wait_for(second.id)
    first.hang_up()
    wait_until(lambda: key in supervisor.gone)
    assert let_pass(supervisor.client, key).json()["graph_id"] == second.id
    assert json.loads(AuditEntry.objects.get(action="call.let_pass").details)["retargeted_from"] == first.id
