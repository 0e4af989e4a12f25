"""The evidence pages render all data, are read-only, and escape text from outside."""

import html
import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls.audit import checkpoints
from calls.audit.actor import SYSTEM, Actor
from calls.audit.messages import sentence
from calls.graph.answers import Answer
from calls.models import AuditEntry, AuditPersonal, Call, Notification, RejectAttempt
from tests.audit.test_tampering import STRANGE
from tests.fixtures.history import ANNA, Owner, append, make_attempt, make_call, make_notification, page, rows, sql

LISTS = ("auditentry", "auditcheckpoint", "call", "notification", "rejectattempt")
ILLEGIBLE = {
    *("a word for a time", "a number for a time", "a day that is none", "a text that is none"),
    *("the end of time", "a time too late", "a time too early"),
}
EVIL = "<script>alert('Nestor')</script>"


@pytest.fixture
def evidence(story) -> dict[str, int | str]:
    """The primary keys of one row of each kind."""
    call = Call.objects.get()
    notification = make_notification(call.graph_id_folded)
    checkpoint = checkpoints.sign_chain()
    attempt = RejectAttempt.objects.get()
    return {
        "auditentry": story[1].pk,
        "auditcheckpoint": checkpoint.pk,
        "call": call.pk,
        "notification": notification.pk,
        "rejectattempt": attempt.pk,
    }


# Nothing can be changed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["auditor", "admin"])
@pytest.mark.parametrize("model", LISTS)
def test_nobody_can_change_anything(model, who, people, evidence, signed_in):
    client = signed_in(User.objects.get(username=who))
    before = list(AuditEntry.objects.values()), list(Call.objects.values()), list(Notification.objects.values())
    key, form = evidence[model], {"action": "delete_selected", "_selected_action": [1], "post": "yes", "state": "x"}
    for address in ("", "add/", f"{key}/change/", f"{key}/delete/"):
        assert client.post(f"/admin/calls/{model}/{address}", form).status_code == 403, address
    for address in ("add/", f"{key}/delete/", f"{key}/history/"):
        assert client.get(f"/admin/calls/{model}/{address}").status_code == 403, address
    assert (
        list(AuditEntry.objects.values()),
        list(Call.objects.values()),
        list(Notification.objects.values()),
    ) == before


@pytest.mark.parametrize("model", LISTS)
def test_no_page_offers_to_change_anything(model, people, evidence, signed_in):
    client = signed_in(people.admin)
    for address in (f"{model}/", f"{model}/{evidence[model]}/change/"):
        text = page(client, address)
        assert 'name="_save"' not in text
        assert "delete_selected" not in text
        assert "/add/" not in text
        assert 'name="action"' not in text or 'type="search"' in text


@pytest.mark.parametrize("who", ["viewer", "supervisor", "stranger"])
def test_the_evidence_is_not_for_everybody(who, people, evidence, signed_in):
    client = signed_in(User.objects.get(username=who))
    for model in LISTS:
        assert client.get(f"/admin/calls/{model}/").status_code == 302
        assert client.get(f"/admin/calls/{model}/{evidence[model]}/change/").status_code == 302


def test_an_auditor_does_not_administer_accounts(people, auditor):
    for address in ("user/", "group/", f"user/{people.viewer.pk}/change/"):
        assert auditor.get(f"/admin/auth/{address}").status_code == 403


# Every page renders, with every kind of data --------------------------------------------------------------------------


def inline_code(text: str) -> list[str]:
    """Return the parts of the page that the Content-Security-Policy would block."""
    return re.findall(r"<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=\"|javascript:", text)


@pytest.mark.parametrize("model", LISTS)
def test_every_list_and_page_renders_within_the_content_security_policy(model, evidence, auditor):
    for address in (f"{model}/", f"{model}/{evidence[model]}/change/"):
        text = page(auditor, address)
        assert inline_code(text) == []
        assert "Content-Security-Policy" in auditor.get(f"/admin/calls/{address}").headers


@pytest.mark.parametrize("model", LISTS)
def test_an_empty_list_renders(model, auditor):
    assert rows(auditor, f"{model}/") == 0


def test_what_strangers_wrote_is_text_and_never_markup(database, auditor):
    call = make_call(source={"name": EVIL, "id": EVIL}, targets=[{"name": EVIL}], chain_id=EVIL, result_message=EVIL)
    attempt = make_attempt(call, note=EVIL, outcome="refused", graph_code=EVIL, graph_message=EVIL)
    make_notification(call.graph_id_folded, body=f'{{"a": "{EVIL}"}}', change_type=EVIL, resource=EVIL, problem=EVIL)
    answer = Answer(403, EVIL, EVIL, EVIL, EVIL)
    entry = append("reject.refused", call=call, attempt=attempt, answer=answer, details={"answered_at": {EVIL: EVIL}})
    addresses = [f"{model}/" for model in LISTS] + [
        f"auditentry/{entry.pk}/change/",
        f"call/{call.pk}/change/",
        f"rejectattempt/{attempt.pk}/change/",
        f"notification/{Notification.objects.get().pk}/change/",
        "auditentry/?who=%3Cscript%3Ealert(1)%3C/script%3E&from=%3Cscript%3E&q=%3Cscript%3Ealert",
    ]
    for address in addresses:
        assert "<script>alert" not in page(auditor, address), address
    assert "&lt;script&gt;alert(" in page(auditor, f"auditentry/{entry.pk}/change/")


def test_strange_rows_render(database, auditor):
    nobody = make_call(9, source=None, targets=[], chain_id="", deadline=None, state="somethingNew")
    odd = make_call(10, source={"name": None, "id": None}, targets=["not a dictionary", {}])
    orphan = make_notification("never-heard-of", 1, body="not JSON at all \\ud800", problem="no such call")
    aimless = make_notification(None, 2, body='{"name": "\\ud800\\u0000"}')
    lost = append("reject.refused", call=odd, details={})
    unheard_of = append("account.changed", actor=Actor("", ""), details={"changed": "?", "account_id": None})
    with Owner():
        sql("UPDATE calls_auditentry SET action = 'something.new' WHERE id = %s", unheard_of.pk)
        sql("DELETE FROM calls_auditpersonal WHERE entry_id = %s", lost.pk)
        sql("UPDATE calls_auditentry SET details = 'rubbish' WHERE id = %s", lost.pk)
    assert rows(auditor, "auditentry/") == 2
    assert rows(auditor, "call/") == 2
    assert rows(auditor, "notification/") == 2
    assert "DO NOT HOLD" in page(auditor, f"auditentry/{lost.pk}/change/")
    assert "something.new" in page(auditor, f"auditentry/{unheard_of.pk}/change/")
    assert "not JSON at all" in page(auditor, f"notification/{orphan.pk}/change/")
    assert "\\ud800" in page(auditor, f"notification/{aimless.pk}/change/")
    for call in (nobody, odd):
        page(auditor, f"call/{call.pk}/change/")
    assert rows(auditor, "call/?call=never-heard-of") == 0


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("what", STRANGE)
def test_what_cannot_be_read_is_said_and_no_server_error(what, zone, several, auditor, settings):
    settings.TIME_ZONE = zone
    entry = several[1]
    attempt, call = RejectAttempt.objects.get(pk=entry.attempt_id), Call.objects.get(public_id=entry.call_key)
    with Owner():
        sql(STRANGE[what], entry.pk)
    assert rows(auditor, "auditentry/") == len(several)
    text = page(auditor, f"auditentry/{entry.pk}/change/")
    assert ("DO NOT HOLD" in text) == ("auditentry" in STRANGE[what])
    assert ("cannot be read" in text) == (what in ILLEGIBLE)
    listed = page(auditor, "auditentry/")
    assert ("cannot be read" in listed) == (what in ILLEGIBLE)
    assert f"at__year={timezone.now().year}" in listed
    for address in (f"call/{call.pk}/change/", f"rejectattempt/{attempt.pk}/change/", "auditentry/verify/"):
        page(auditor, address)
    assert rows(auditor, f"auditentry/?attempt={attempt.pk}") == 2


def test_a_list_with_a_time_that_cannot_be_read_is_paged_through(database, auditor):
    entries = [append("account.signed_in") for _ in range(120)]
    with Owner():
        for number in (20, 69, 70, 119):  # among the others and at the ends of pages
            sql(next(iter(STRANGE.values())), entries[number].pk)
    shown, text = set(), page(auditor, "auditentry/")
    while True:
        shown |= set(re.findall(r'href="/admin/calls/auditentry/([0-9]+)/change', text))
        older = re.search(r'<a href="([^"]*)" rel="next"', text)
        if not older:
            break
        text = page(auditor, "auditentry/" + older[1].replace("&amp;", "&"))
    assert shown == {str(entry.pk) for entry in entries}


@pytest.mark.parametrize("model", LISTS)
def test_a_longer_list_takes_no_more_queries(model, auditor):
    def fill(numbers: range) -> None:
        for number in numbers:
            call = make_call(number)
            make_notification(call.graph_id_folded, number)
            append("reject.requested", call=call, attempt=make_attempt(call))
            checkpoints.sign_chain()

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            page(auditor, f"{model}/")
        return len(captured)

    fill(range(2))
    few = queries()
    fill(range(2, 40))
    assert queries() == few


def test_the_page_of_a_call_tells_its_whole_story_in_order(evidence, auditor):
    call = Call.objects.get(pk=evidence["call"])
    make_notification(call.graph_id_folded, 2, call_pk=call.pk)
    make_notification("another", 3)
    text = page(auditor, f"call/{call.pk}/change/")
    asked, accepted, confirmed = (
        text.index(words) for words in ("asked Graph to reject", "Graph accepted", "Graph confirmed that the call")
    )
    assert asked < accepted < confirmed
    assert "calls every hour" in text
    assert ["message-1" in text, "message-2" in text, "message-3" in text] == [True, True, False]


def test_an_entry_stands_there_as_a_sentence_beside_its_fields(evidence, auditor):
    text = page(auditor, f"auditentry/{evidence['auditentry']}/change/")
    assert "Graph accepted the rejection of the call from Nestor Wilke by anna" in text
    for words in (
        "192.0.2.7",
        "calls every hour",
        "graph-request",
        "our-request",
        "57DAB8B1-0001",
        "hold; that nothing",
    ):
        assert words in text


def test_an_entry_tells_its_time_to_the_microsecond(several, auditor):
    text = page(auditor, f"auditentry/{several[0].pk}/change/")
    assert several[0].at.isoformat(timespec="microseconds").replace("+00:00", "Z") in text


def test_who_watched_is_told_by_the_names_of_today_and_by_numbers_when_the_account_is_gone(people, auditor):
    seeing, away = people.supervisor, people.colleague
    there = {
        "connected": 3,
        "visible": 1,
        "connected_accounts": [seeing.pk, away.pk, 977],
        "visible_accounts": [seeing.pk],
    }
    entry = append("call.missed", actor=SYSTEM, call=make_call(), details=there)
    User.objects.filter(pk=away.pk).update(username="renamed")
    text = re.sub("<[^>]+>", "", page(auditor, f"auditentry/{entry.pk}/change/").replace("</div>", "\n"))
    for line in ("supervisor, board in view", "renamed, board not in view", "account 977, board not in view"):
        assert line in text
    assert "colleague" not in text
    assert rows(auditor, f"auditentry/?who={away.pk}") == 0
    rubbish = append(
        "call.missed", call=make_call(2), details={"connected_accounts": ["x", -1, 2**70, None], "connected": 4}
    )
    page(auditor, f"auditentry/{rubbish.pk}/change/")


def test_personal_values_of_one_entry_do_not_appear_at_another(several, auditor):
    assert AuditPersonal.objects.count() == 6
    text = page(auditor, f"auditentry/{several[4].pk}/change/")
    assert "boris" not in text
    assert ANNA.address not in text


@pytest.mark.parametrize("harm", sorted(STRANGE))
def test_the_supervisors_page_of_a_call_tells_what_can_be_read(harm, people, story, signed_in):
    with Owner():
        sql(STRANGE[harm], story[1].pk)
    answer = signed_in(people.supervisor).get(f"/calls/{Call.objects.get().public_id}/")
    assert answer.status_code == 200
    told = answer.content.decode()
    assert all(str(sentence(entry)) in html.unescape(told) for entry in (story[0], story[2]))
    assert told.count('class="event event-') == 3
