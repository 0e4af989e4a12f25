"""Adding notes: when, by whom, and where a note is stored."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from calls.models import AuditEntry, AuditHead, Call, RejectAttempt
from calls.simulator import Simulator
from tests.clients import Browser, post, signed_in_client
from tests.conftest import People
from tests.fixtures.history import actions
from tests.servers import Dashboard, wait_until

Opener = Callable[[User], Browser]
NOWHERE = "00000000-0000-0000-0000-000000000000"


def note(client: httpx.Client, key: str, text: object = "Calls every hour.", **more: object) -> httpx.Response:
    return post(client, f"/calls/{key}/note/", {"note": text, **more})


def notes_in_the_history() -> list[tuple[str, str]]:
    entries = AuditEntry.objects.filter(action="call.noted").select_related("personal").order_by("id")
    return [(entry.personal.actor_name, entry.personal.note) for entry in entries]


def test_notes_stand_in_the_history_and_the_newest_beside_the_decision(
    graph: Simulator, supervisor: Browser, browser_of: Opener, people: People
) -> None:
    graph.hold_endings = True
    row = supervisor.wait_for(graph.ring().id)
    assert supervisor.reject(row["key"], note="lunch").status_code == 202
    answer = note(supervisor.client, row["key"])
    assert (answer.status_code, answer.json()["outcome"], answer.json()["by"]) == (200, "noted", "supervisor")
    supervisor.wait_for(row["graph_id"], lambda call: call["decision"]["note"] == "Calls every hour.")
    colleague = browser_of(people.colleague)
    assert note(colleague.client, row["key"], "Нет, раз в день.").status_code == 200
    seen = colleague.wait_for(row["graph_id"], lambda call: call["decision"]["note"] == "Нет, раз в день.")
    attempt = str(RejectAttempt.objects.get().pk)
    assert seen["decision"]["attempt_id"] == attempt
    assert notes_in_the_history() == [("supervisor", "Calls every hour."), ("colleague", "Нет, раз в день.")]
    assert set(AuditEntry.objects.filter(action="call.noted").values_list("attempt_id", flat=True)) == {attempt}
    assert AuditEntry.objects.get(action="reject.requested").personal.note == "lunch", "what was written then"


def test_a_note_written_while_graph_is_asked_outlives_the_answer(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    graph.faults.reject(delay=2.0, status=202, times=1)
    with ThreadPoolExecutor(1) as threads:
        rejecting = threads.submit(supervisor.reject, key, note="lunch")
        wait_until(lambda: actions() == ["reject.requested"])
        assert note(supervisor.client, key).status_code == 200
        assert not graph.rejects, "Graph has not answered yet"
        assert rejecting.result().status_code == 202
    assert RejectAttempt.objects.get().note == "Calls every hour."


def test_a_call_that_was_let_pass_takes_a_note(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    assert note(supervisor.client, key).status_code == 409
    post(supervisor.client, f"/calls/{key}/pass/").raise_for_status()
    assert note(supervisor.client, key, seen={"version": 2, "shown_at": None, "visible": True}).status_code == 200
    told = json.loads(AuditEntry.objects.get(action="call.noted").details)
    assert told["seen_as_reported_by_browser"]["version"] == 2
    assert told["received_at"] <= told["first_sent_at"] <= told["clicked_at"]
    assert actions() == ["call.note_in_vain", "call.let_pass", "call.noted"]


def test_a_missed_call_takes_a_note_weeks_later(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    Call.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    wait_until(lambda: key in supervisor.gone)
    long_ago = timezone.now() - timedelta(days=30)
    Call.objects.update(missed_at=long_ago, updated_at=long_ago)
    assert note(supervisor.client, key).status_code == 200
    assert notes_in_the_history() == [("supervisor", "Calls every hour.")]


def test_a_note_about_a_call_of_last_month_disturbs_no_board(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    assert supervisor.reject(key).status_code == 202
    wait_until(lambda: key in supervisor.gone)
    long_ago = timezone.now() - timedelta(days=30)
    Call.objects.update(ended_at=long_ago, updated_at=long_ago)
    before = len(supervisor.frames)
    assert note(supervisor.client, key).status_code == 200
    other = graph.ring().id
    supervisor.wait_for(other)
    told = [call["graph_id"] for frame in supervisor.frames[before:] for call in frame.get("calls", [])]
    assert set(told) == {other}


def test_while_it_rings_undecided_there_is_nothing_to_note_yet(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    answer = note(supervisor.client, key, seen={"version": 1, "shown_at": None, "visible": True})
    assert (answer.status_code, answer.json()["outcome"]) == (409, "still_rings")
    assert actions() == ["call.note_in_vain"]
    told = json.loads(AuditEntry.objects.get(action="call.note_in_vain").details)
    assert (told["cause"], told["seen_as_reported_by_browser"]["version"]) == ("still_rings", 1)
    assert told["received_at"] <= told["first_sent_at"] <= told["clicked_at"]


def test_a_plain_form_on_the_calls_page_works_too(graph: Simulator, dashboard: Dashboard, people: People) -> None:
    call = graph.ring()
    call.hang_up()
    address = f"/calls/{Call.objects.get().public_id}/"
    with signed_in_client(dashboard, "supervisor") as client:
        form = {"note": "Known to us.", "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        answer = client.post(f"{address}note/", data=form, headers={"Referer": dashboard.url})
        assert (answer.status_code, answer.headers["Location"]) == (302, address)
        page = client.get(address).text
    assert "Known to us." in page
    assert "supervisor wrote a note about the call" in page


def test_no_note_too_long_a_one_and_what_is_no_json_are_422(graph: Simulator, supervisor: Browser) -> None:
    call = graph.ring()
    key = supervisor.wait_for(call.id)["key"]
    call.hang_up()
    for text in ("", "   ", None, 7, ["x"], "x" * 501):
        answer = note(supervisor.client, key, text)
        assert (answer.status_code, answer.json()["outcome"]) == (422, "bad_note"), text
    for body in (b"", b"{", b"[]", b"\xff", b"[" * 100_000):
        assert post(supervisor.client, f"/calls/{key}/note/", content=body).status_code == 422, body[:9]
    assert actions() == ["call.note_in_vain"] * 11


def test_what_no_database_stores_is_replaced(graph: Simulator, supervisor: Browser) -> None:
    call = graph.ring()
    key = supervisor.wait_for(call.id)["key"]
    call.hang_up()
    assert note(supervisor.client, key, "a\0b\ud800c").json()["note"] == "a\ufffdb\ufffdc"


def test_an_unknown_call_is_404(supervisor: Browser) -> None:
    assert note(supervisor.client, NOWHERE).status_code == 404
    (entry,) = AuditEntry.objects.filter(action="call.note_in_vain")
    assert (entry.call_key, json.loads(entry.details)["key"]) == ("", NOWHERE)


def test_reading_the_address_is_405(supervisor: Browser) -> None:
    assert supervisor.client.get(f"/calls/{NOWHERE}/note/").status_code == 405


def test_signed_out_is_401(graph: Simulator, dashboard: Dashboard) -> None:
    graph.ring()
    with httpx.Client(base_url=dashboard.url) as client:
        client.get("/accounts/login/")
        assert note(client, str(Call.objects.get().public_id)).status_code == 401


@pytest.mark.parametrize("who", ["viewer", "auditor", "stranger"])
def test_without_the_right_is_403_and_an_entry(
    graph: Simulator, dashboard: Dashboard, people: People, who: str
) -> None:
    graph.ring().hang_up()
    with signed_in_client(dashboard, who) as client:
        answer = note(client, str(Call.objects.get().public_id))
    assert (answer.status_code, answer.json()["outcome"]) == (403, "not_allowed")
    assert actions() == ["call.note_not_allowed"]


def test_when_the_history_cannot_be_written_there_is_no_note(graph: Simulator, supervisor: Browser) -> None:
    key = supervisor.wait_for(graph.ring().id)["key"]
    assert supervisor.reject(key).status_code == 202
    AuditHead.objects.all().delete()
    answer = note(supervisor.client, key)
    assert (answer.status_code, answer.json()["outcome"]) == (503, "not_recorded")
    assert RejectAttempt.objects.get().note == ""
