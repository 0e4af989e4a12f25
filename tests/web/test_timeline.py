"""The timeline of a call: notifications and audit entries in order, with their details."""

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from calls.graph.answers import Answer
from calls.models import AuditEntry, Call
from calls.web.pages import timeline
from tests.conftest import People
from tests.fixtures.history import Owner, append, make_attempt, make_call, make_notification, sql

SignedIn = Callable[[User], Client]


def body(**resource_data: object) -> str:
    return json.dumps({"resourceData": resource_data})


HEARD = [
    ({"change_type": "created", "body": body(state="incoming")}, "Graph told of the call: incoming"),
    ({"change_type": "created", "body": "{}"}, "Graph told of the call"),
    ({"change_type": "updated", "body": body(state="established")}, "Graph told of a change: in conversation"),
    ({"change_type": "updated", "body": body(state="parkedByMoon")}, "Graph told of a change: parkedByMoon"),
    ({"change_type": "updated", "body": body(state=7)}, "Graph told of a change"),
    ({"change_type": "updated", "body": "no JSON"}, "Graph told of a change"),
    ({"change_type": "updated", "body": "[1]"}, "Graph told of a change"),
    ({"change_type": "updated", "body": '{"resourceData": [{"state": "hold"}]}'}, "Graph told of a change: on hold"),
    ({"change_type": "updated", "body": '{"resourceData": []}'}, "Graph told of a change"),
    ({"change_type": "deleted", "body": body(state="terminated")}, "Graph told that the call has ended"),
    ({"change_type": "updated", "resource": "/app/calls/c/participants"}, "Graph told who takes part"),
    ({"change_type": "moved"}, "Graph sent a notification of an unknown kind: moved"),
    ({"change_type": ""}, "Graph sent a notification of an unknown kind: –"),
]


@pytest.mark.parametrize(("fields", "told"), HEARD, ids=[told for _, told in HEARD])
def test_what_graph_said_is_told(database: None, fields: dict[str, str], told: str) -> None:
    call = make_call()
    make_notification(call.graph_id_folded, **fields)
    (event,) = timeline.read_timeline(call)
    assert (str(event.text), event.tone, event.icon) == (told, "plain", "telephone-inbound-fill")
    assert [str(label) for label, _ in event.facts] == []


def test_a_notification_that_was_not_applied_says_why_and_one_of_another_trace_names_it(database: None) -> None:
    call = make_call(chain_id="Chain-A")
    make_notification(call.graph_id_folded, 1, problem="no callState", scenario_id="chain-a")
    make_notification(call.graph_id_folded, 2, scenario_id="trace-b")
    refused, traced = timeline.read_timeline(call)
    assert (refused.tone, [(str(label), value) for label, value in refused.facts]) == (
        "bad",
        [("Not applied", "no callState")],
    )
    assert (traced.tone, [(str(label), value) for label, value in traced.facts]) == (
        "plain",
        [("Id for Microsoft's support", "trace-b")],
    )


def test_everything_stands_in_the_order_in_which_it_happened(database: None) -> None:
    call, now = make_call(), timezone.now()
    attempt = make_attempt(call)
    make_notification(call.graph_id_folded, 1, received_at=now - timedelta(seconds=5), call_pk=call.pk)
    append("reject.requested", call=call, attempt=attempt)
    make_notification(call.graph_id_folded, 2, received_at=now + timedelta(seconds=60), change_type="deleted")
    make_notification("another", 3)
    append("reject.requested", call=make_call(2))
    events = timeline.read_timeline(call)
    assert [(event.notification_id is not None, event.entry_id is not None) for event in events] == [
        (True, False),
        (False, True),
        (True, False),
    ]


ACTS = {
    "reject.requested": ("wait", "person-x-fill"),
    "reject.accepted": ("good", "person-x-fill"),
    "reject.confirmed": ("good", "person-x-fill"),
    "reject.refused": ("bad", "person-x-fill"),
    "reject.unknown": ("doubt", "person-x-fill"),
    "reject.too_late": ("doubt", "person-x-fill"),
    "call.let_pass": ("plain", "bell-slash-fill"),
    "call.noted": ("plain", "pencil-square"),
    "call.missed": ("bad", "clock-history"),
    "call.missed_withdrawn": ("doubt", "clock-history"),
}


@pytest.mark.parametrize("action", ACTS)
def test_an_act_has_a_tone_and_an_icon(database: None, action: str) -> None:
    call = make_call()
    entry = append(action, call=call)
    (event,) = timeline.read_timeline(call)
    assert ((event.tone, event.icon), event.at, event.entry_id) == (ACTS[action], entry.at, entry.pk)


def facts(call: Call) -> list[tuple[str, str]]:
    (event,) = timeline.read_timeline(call)
    return [(str(label), value) for label, value in event.facts]


@pytest.mark.parametrize(
    ("action", "new"),
    [
        ("reject.requested", True),
        ("reject.decided_by_another", True),
        ("call.noted", True),
        ("reject.accepted", False),
        ("reject.confirmed", False),
    ],
)
def test_a_note_is_told_where_it_is_new(database: None, action: str, new: bool) -> None:
    call = make_call()
    entry = append(action, call=call, note="calls every hour")
    assert facts(call) == ([("Note", "calls every hour")] if new else [])
    with Owner():
        sql("DELETE FROM calls_auditpersonal WHERE entry_id = %s", entry.pk)
    assert facts(call) == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(), []),
        (Answer(202), [("Graph's answer", "202")]),
        (Answer(403, "7503", "No."), [("Graph's answer", "403 7503")]),
        (Answer(None, "noAnswer"), [("Graph's answer", "noAnswer")]),
        (
            Answer(202, request_id="r", client_request_id="c"),
            [("Graph's answer", "202"), ("Graph's request id", "r")],
        ),
    ],
)
def test_what_graph_answered_is_told(database: None, answer: Answer, told: list[tuple[str, str]]) -> None:
    call = make_call()
    append("reject.accepted", call=call, answer=answer)
    assert facts(call) == told


SEEN = [
    (
        {"version": 3, "revision": 9, "came_at": "2026-03-02T10:00:00.25Z", "shown_at": "x", "visible": True},
        "version 3 of the call, in frame 9 of its connection, first come to the page at 10:00:00.250, "
        "first shown at x, page in view",
    ),
    ({"version": 3, "visible": False}, "version 3 of the call, page not in view"),
    ({"came_at": "0001-01-01T00:00:00+14:00"}, "first come to the page at 0001-01-01T00:00:00+14:00"),
    ({}, ""),
    ("no object", ""),
]


@pytest.mark.parametrize(("seen", "told"), SEEN, ids=[told or "nothing" for _, told in SEEN])
def test_what_the_browser_says_it_showed_is_marked_as_its_word(database: None, seen: object, told: str) -> None:
    call = make_call()
    append("call.let_pass", call=call, details={"seen_as_reported_by_browser": seen})
    assert facts(call) == ([("Seen, says the browser", told)] if told else [])


# Permissions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "raw", "linked", "notes"),
    [("viewer", False, False, False), ("supervisor", False, False, True), ("auditor", True, True, False)]
    + [("admin", True, True, True)],
)
def test_bodies_entries_and_notes_are_for_those_with_the_right(
    people: People, signed_in: SignedIn, who: str, raw: bool, linked: bool, notes: bool
) -> None:
    call = make_call(missed_at=timezone.now())
    make_notification(call.graph_id_folded, body='{"secretive": "ü\\ud800"}')
    entry = append("call.missed", call=call)
    page = html.unescape(signed_in(User.objects.get(username=who)).get(f"/calls/{call.public_id}/").content.decode())
    assert ('"secretive": "ü?"' in page) is raw
    assert (f"/admin/calls/auditentry/{entry.pk}/change/" in page) is linked
    assert ('class="note-form"' in page) is notes
    ringing = signed_in(User.objects.get(username=who)).get(f"/calls/{make_call(2).public_id}/").content.decode()
    assert 'class="note-form"' not in ringing


def test_what_is_known_of_a_call_stands_on_its_page_and_what_is_not_known_does_not(
    people: People, signed_in: SignedIn
) -> None:
    moment = timezone.now()
    full = {"established_at": moment, "ended_at": moment, "state": "terminated", "policy_recording": True}
    full |= {"result_code": 0, "result_subcode": 5001, "result_message": "m", "modalities": ["audio"]}
    rows = {
        name: re.findall("<dt>([^<]*)</dt>", signed_in(people.viewer).get(f"/calls/{call.public_id}/").content.decode())
        for name, call in {
            "full": make_call(1, **full),
            "bare": make_call(2, deadline=None, chain_id="", direction="", source=None),
        }.items()
    }
    always = {"Called", "Received", "State", "Direction", "Graph&#x27;s call id", "Tenant", "Graph's call id"}
    assert set(rows["bare"]) <= always
    assert {"Answered", "Ended", "To be decided until", "Modalities", "Purpose", "Call chain"} <= set(rows["full"])
    assert any("result" in label for label in rows["full"])
    assert AuditEntry.objects.count() == 0


def test_a_call_nothing_is_known_of_says_so(people: People, signed_in: SignedIn) -> None:
    call = make_call(source=None)
    page = signed_in(people.viewer).get(f"/calls/{call.public_id}/").content.decode()
    assert "Nothing is known of this call." in page
    assert "Unknown caller" in page


def test_a_call_with_thousands_of_notifications_shows_the_first_thousand(database: None) -> None:
    call = make_call()
    for number in range(timeline.MAX_EVENTS + 1):
        make_notification(call.graph_id_folded, number)
    assert len(timeline.read_timeline(call)) == timeline.MAX_EVENTS
