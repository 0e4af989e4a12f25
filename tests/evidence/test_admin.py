"""The auditors' admin: everything is found, nothing can be changed, and nothing a stranger wrote becomes markup."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls import audit
from calls.models import AuditEntry, AuditPersonal, Call, Notification, RejectAttempt
from tests.evidence.conftest import ANNA, Owner, append, make_attempt, make_call, make_notification, sql

LISTS = ("auditentry", "auditcheckpoint", "call", "notification", "rejectattempt")
EVIL = "<script>alert('Nestor')</script>"


@pytest.fixture
def evidence(story) -> dict[str, int | str]:
    """One row of each kind; returns their primary keys."""
    call = Call.objects.get()
    notification = make_notification(call.graph_key)
    checkpoint = audit.checkpoint()
    attempt = RejectAttempt.objects.get()
    return {
        "auditentry": story[1].pk,
        "auditcheckpoint": checkpoint.pk,
        "call": call.pk,
        "notification": notification.pk,
        "rejectattempt": attempt.pk,
    }


@pytest.fixture
def auditor(people, signed_in) -> Client:
    return signed_in(people.auditor)


def page(client: Client, address: str) -> str:
    answer = client.get(f"/admin/calls/{address}")
    assert answer.status_code == 200, address
    return answer.content.decode()


def rows(client: Client, address: str) -> int:
    return page(client, address).count('<th class="field-moment"')


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
    """Return what the Content-Security-Policy would stop."""
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
    make_notification(call.graph_key, body=f'{{"a": "{EVIL}"}}', change_type=EVIL, resource=EVIL, problem=EVIL)
    answer = audit.GraphAnswer(403, EVIL, EVIL, EVIL, EVIL)
    entry = append("reject.refused", call=call, attempt=attempt, answer=answer, details={EVIL: EVIL})
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
    unheard_of = append("something.new", actor=audit.Actor("", ""), details={"changed": "?", "attempts": None})
    with Owner():
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


@pytest.mark.parametrize("model", LISTS)
def test_a_longer_list_takes_no_more_queries(model, auditor):
    def fill(numbers: range) -> None:
        for number in numbers:
            call = make_call(number)
            make_notification(call.graph_key, number)
            append("reject.requested", call=call, attempt=make_attempt(call))
            audit.checkpoint()

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
    text = page(auditor, f"call/{evidence['call']}/change/")
    asked, accepted, confirmed = (
        text.index(words) for words in ("asked Graph to reject", "Graph accepted", "Graph confirmed that the call")
    )
    assert asked < accepted < confirmed
    assert "calls every hour" in text
    assert "message-1" in text


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


# Everything is found --------------------------------------------------------------------------------------------------


@pytest.fixture
def several(database) -> list[AuditEntry]:
    """Two rejections by two people on two calls, a missed call, a failed sign-in."""
    first, second, third = make_call(1), make_call(2, source={"name": "Ольга Петрова", "id": "olga"}), make_call(3)
    boris = audit.Actor("8", "boris")
    one, two = make_attempt(first), make_attempt(second, actor_id="8", actor_name="boris", reason="none")
    refusal = audit.GraphAnswer(403, "7503", "Forbidden", "graph-2", "our-2")
    third.missed_at = timezone.now()
    third.save()
    return [
        append("reject.requested", call=first, attempt=one),
        append("reject.accepted", call=first, attempt=one, answer=audit.GraphAnswer(202, request_id="graph-1")),
        append("reject.requested", actor=boris, call=second, attempt=two),
        append("reject.refused", actor=boris, call=second, attempt=two, answer=refusal),
        append("call.missed", actor=audit.SYSTEM, call=third),
        append("account.sign_in_failed", actor=audit.Actor("", "mallory"), details={"attempts": 3}),
    ]


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("", 6),
        ("q=anna", 2),
        ("q=ольга+петрова", 2),
        ("q=Петрова", 0),
        ("q=57DAB8B1-0002", 2),
        ("q=chain-3", 1),
        ("q=graph-1", 1),
        ("q=our-2", 1),
        ("q=nothing+like+it", 0),
        ("who=boris", 2),
        ("who=BORIS", 2),
        ("who=8", 2),
        ("who=system", 1),
        ("caller_part=петр", 2),
        ("caller=ОЛЬГА+петрова", 2),
        ("caller=петрова", 0),
        ("q=BORIS", 2),
        ("q=graph-2", 1),
        ("q=nestor", 3),
        ("caller=olga", 2),
        ("chain=chain-1", 2),
        ("about=57DAB8B1-0001", 2),
        ("code=7503", 1),
        ("code=403", 1),
        ("code=202", 1),
        ("request=graph-2", 1),
        ("action=reject.requested", 2),
        ("reason=busy", 2),
        ("reason=none", 2),
        ("outcome=refused", 1),
        ("outcome=rejected", 1),
        ("outcome=undecided", 1),
        ("outcome=turned_away", 1),
        ("outcome=in_vain", 0),
        ("who=boris&action=reject.requested", 1),
        ("from=2020-01-01T00:00&to=2020-12-31T23:59", 0),
        ("from=2020-01-01", 6),
        ("from=nonsense", 0),
        ("to=0001-01-01", 0),
        ("at__year=2020", 0),
    ],
)
def test_the_history_answers(question, answers, several, auditor):
    assert rows(auditor, f"auditentry/?{question}") == answers


def test_a_span_includes_the_minute_it_ends_with(several, auditor):
    AuditEntry.objects.first()
    minute = timezone.localtime(several[0].at).strftime("%Y-%m-%dT%H:%M")
    before = timezone.localtime(several[0].at - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M")
    within = sum(
        1 for entry in several if entry.at.strftime("%Y-%m-%dT%H:%M") == several[0].at.strftime("%Y-%m-%dT%H:%M")
    )
    assert rows(auditor, f"auditentry/?from={minute}&to={minute}") == within
    assert rows(auditor, f"auditentry/?to={before}") == 0


def test_a_time_that_is_none_is_said_to_be_none(several, auditor):
    assert "This was not understood" in page(auditor, "auditentry/?from=nonsense")


def test_one_click_leads_to_everything_of_the_same_attempt_call_chain_and_person(several, auditor):
    text = page(auditor, f"auditentry/{several[3].pk}/change/")
    links = re.findall(r'href="(/admin/calls/(?:auditentry|call)/\?[^"]+)"', text)
    found = [
        auditor.get(link.replace("&amp;", "&")).content.decode().count('<th class="field-moment"') for link in links
    ]
    assert found == [2, 2, 2, 2, 1]


def test_the_narrowing_form_keeps_the_other_filters_and_what_was_filled_in(several, auditor):
    text = page(auditor, "auditentry/?action=reject.requested&who=boris&q=boris")
    assert '<input type="hidden" name="action" value="reject.requested">' in text
    assert 'name="who" value="boris"' in text


def test_what_happened_outside_working_hours_is_found(database, auditor, settings):
    settings.WORKING_DAYS, settings.WORKING_HOURS = "1-5", "09:00-18:00"
    moments = ["2026-11-20T08:59:59", "2026-11-20T09:00:00", "2026-11-20T17:59:59", "2026-11-20T18:00:00"]  # a Friday
    for number, moment in enumerate([*moments, "2026-11-21T12:00:00"]):
        make_call(number, received_at=f"{moment}Z", deadline=None)
    assert rows(auditor, "call/?hours=outside") == 3
    assert rows(auditor, "call/?hours=inside") == 2
    for model in ("auditentry", "rejectattempt"):
        assert rows(auditor, f"{model}/?hours=outside") == 0


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("decision=undecided", 1),
        ("decision=attempted", 2),
        ("decision=rejected", 0),
        ("decision=none", 1),
        ("state=incoming", 3),
        ("state=terminated", 0),
        ("q=Wilke", 2),
        ("q=olga", 1),
        ("q=57DAB8B1-0002", 1),
        ("caller=Петрова", 1),
        ("call=57DAB8B1-0003", 1),
        ("chain=chain-2", 1),
        ("received_at__year=2020", 0),
    ],
)
def test_the_calls_answer(question, answers, several, auditor):
    assert rows(auditor, f"call/?{question}") == answers


def test_a_call_that_was_missed_and_then_rejected_after_all_is_not_undecided(several, auditor):
    call = Call.objects.get(graph_key="57dab8b1-0003")
    make_attempt(call, outcome="confirmed")
    assert rows(auditor, "call/?decision=undecided") == 0
    assert rows(auditor, "call/?decision=rejected") == 1


def test_notifications_are_found_by_call_and_by_whether_they_were_applied(database, auditor):
    make_notification("a", 1)
    make_notification("b", 2, problem="no callState")
    for question, answers in {"call_id=A": 1, "applied=no": 1, "applied=yes": 1, "q=message-2": 1, "": 2}.items():
        assert rows(auditor, f"notification/?{question}") == answers, question


def test_attempts_are_found_by_outcome_person_and_code(several, auditor):
    for question, answers in {"outcome__exact=requested": 2, "who=boris": 1, "code=403": 0, "reason=none": 1}.items():
        assert rows(auditor, f"rejectattempt/?{question}") == answers, question


def test_dates_lead_from_years_to_months_to_days(several, auditor):
    at = timezone.localtime(several[0].at)
    assert f"?at__year={at.year}" in page(auditor, "auditentry/")
    text = page(auditor, f"auditentry/?at__year={at.year}")
    assert f"?at__month={at.month}&amp;at__year={at.year}" in text
    text = page(auditor, f"auditentry/?at__year={at.year}&at__month={at.month}")
    assert f"?at__day={at.day}&amp;at__month={at.month}&amp;at__year={at.year}" in text
    assert rows(auditor, f"auditentry/?at__year={at.year}&at__month={at.month}&at__day={at.day}") == 6


@pytest.mark.parametrize(
    "nonsense",
    ["at__year=99999", "at__year=2026&at__month=13", "at__year=x", "at__day=3", "e=1", "p=999", "older_than=x"]
    + ["older_than=2026-01-01T00:00:00Z~x", "newer_than=2026-01-01T00:00:00~1", "newer_than=2026-13-01T00:00:00Z~1"],
)
def test_an_address_somebody_mistyped_is_no_server_error(nonsense, several, auditor):
    assert auditor.get(f"/admin/calls/auditentry/?{nonsense}", follow=True).status_code == 200


def rows_shown(text: str) -> list[str]:
    return re.findall(r'<th class="field-moment"><a href="/admin/calls/notification/([0-9]+)/', text)


def step(client: Client, text: str, rel: str) -> str:
    """Return the page behind the link to the older (next) or newer (prev) rows."""
    link = re.search(rf'<a href="([^"]*)" rel="{rel}"', text)
    assert link, rel
    return page(client, "notification/" + link[1].replace("&amp;", "&"))


def test_a_long_list_is_paged_through_to_its_end_and_back(database, auditor):
    at = timezone.now()  # all at the same moment, so that ids have to tell them apart
    Notification.objects.bulk_create(
        Notification(received_at=at, tenant_id="t", body="{}", digest=f"{number:064}", problem="p")
        for number in range(125)
    )
    newest = page(auditor, "notification/?applied=no")
    middle = step(auditor, newest, "next")
    oldest = step(auditor, middle, "next")
    everything = [str(pk) for pk in Notification.objects.order_by("-pk").values_list("pk", flat=True)]
    assert [rows_shown(text) for text in (newest, middle, oldest)] == [
        everything[:50],
        everything[50:100],
        everything[100:],
    ]
    assert 'rel="next"' not in oldest
    assert 'rel="prev"' not in newest
    back = step(auditor, oldest, "prev")
    assert rows_shown(back) == everything[50:100]
    assert rows_shown(step(auditor, back, "prev")) == everything[:50]


def test_a_page_of_a_list_is_found_without_counting_or_skipping_rows(several, auditor):
    with CaptureQueriesContext(connection) as captured:
        page(auditor, "auditentry/?older_than=2100-01-01T00:00:00Z~9")
    assert not [query["sql"] for query in captured if "COUNT(" in query["sql"] or "OFFSET" in query["sql"]]


def test_the_first_page_leads_to_the_questions_asked_most(several, auditor, people, signed_in):
    text = auditor.get("/admin/").content.decode()
    links = re.findall(r'href="(/admin/calls/[^"]*\?[^"]*|/admin/calls/auditentry/verify/)"', text)
    assert len(links) == 3
    assert all(auditor.get(link).status_code == 200 for link in links)
    assert inline_code(text) == []


def test_an_entry_tells_its_time_to_the_microsecond(several, auditor):
    text = page(auditor, f"auditentry/{several[0].pk}/change/")
    assert several[0].at.isoformat(timespec="microseconds").replace("+00:00", "Z") in text


def test_personal_values_of_one_entry_do_not_appear_at_another(several, auditor):
    assert AuditPersonal.objects.count() == 6
    text = page(auditor, f"auditentry/{several[4].pk}/change/")
    assert "boris" not in text
    assert ANNA.address not in text
