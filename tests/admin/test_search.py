"""Search, filters and paging of the evidence lists."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls.graph.payloads import fold_id
from calls.models import AuditEntry, Call, Notification
from calls.web.pages.labels import rang_unseen
from tests.fixtures.history import append, make_attempt, make_call, make_notification, page, rows


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("", 6),
        ("q=anna", 2),
        ("q=ольга+петрова", 2),
        ("q=Петрова", 0),
        ("q=57DAB8B1-0002", 2),
        ("q=57dab8b1-0002", 2),
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
        ("about=57dab8b1-0001", 2),
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
        ("q=57dab8b1-0002", 1),
        ("q=chain-2", 1),
        ("q=nothing+like+it", 0),
        ("caller=Петрова", 1),
        ("call=57DAB8B1-0003", 1),
        ("chain=chain-2", 1),
        ("received_at__year=2020", 0),
    ],
)
def test_the_calls_answer(question, answers, several, auditor):
    assert rows(auditor, f"call/?{question}") == answers


def test_everything_of_a_bulk_is_one_click_away(several, auditor):
    bulk_id = uuid.uuid4()
    attempts = [make_attempt(make_call(number), bulk_id=bulk_id) for number in (4, 5)]
    requested = [append("reject.requested", call=attempt.call, attempt=attempt) for attempt in attempts]
    append("reject.caller_left", call=make_call(6), bulk_id=bulk_id)
    for address in (f"auditentry/{requested[0].pk}/change/", f"rejectattempt/{attempts[0].pk}/change/"):
        (link,) = re.findall(rf'href="/admin/calls/(auditentry/\?bulk={bulk_id})"', page(auditor, address))
        assert rows(auditor, link) == 3
    assert rows(auditor, f"rejectattempt/?bulk={bulk_id}") == 2
    assert "This was not understood" in page(auditor, "auditentry/?bulk=nonsense")


def test_calls_that_rang_unseen_and_calls_let_pass_are_found(database, auditor):
    now = timezone.now()
    over = {"missed_at": now}
    unseen = make_call(1, **over)
    make_call(2, **over, watched_at=now)
    passed = make_call(3, **over, let_pass_at=now, let_pass_by="anna", let_pass_by_id="7")
    make_attempt(make_call(4, **over), outcome="confirmed")
    make_call(5, **over, established_at=now)
    make_call(6, **over, direction="outgoing")
    make_call(7)
    assert rows(auditor, "call/?decision=unseen") == 1
    assert rows(auditor, "call/?decision=passed") == 1
    assert "rang unseen" in page(auditor, f"call/?call={unseen.graph_id}")
    assert "anna: let pass" in page(auditor, f"call/?call={passed.graph_id}")
    assert [call for call in Call.objects.all() if rang_unseen(call)] == [unseen]
    assert rows(auditor, "call/?decision=undecided") == 4


def test_notes_and_calls_let_pass_are_found_by_action(database, auditor):
    call = make_call()
    append("call.let_pass", call=call)
    append("call.noted", call=call, note="Calls every hour.")
    assert rows(auditor, "auditentry/?action=call.let_pass") == rows(auditor, "auditentry/?action=call.noted") == 1
    assert "Calls every hour." in page(auditor, f"auditentry/{AuditEntry.objects.latest('id').pk}/change/")


def test_a_call_that_was_missed_and_then_rejected_after_all_is_not_undecided(several, auditor):
    call = Call.objects.get(graph_id_folded="57dab8b1-0003")
    make_attempt(call, outcome="confirmed")
    assert rows(auditor, "call/?decision=undecided") == 0
    assert rows(auditor, "call/?decision=rejected") == 1


def test_notifications_are_found_by_call_and_by_whether_they_were_applied(database, auditor):
    call = make_call(1)
    make_notification(call.graph_id_folded, 1, call_pk=call.pk)
    make_notification("b", 2, problem="no callState")
    questions = {"call_id=B": 1, "applied=no": 1, "applied=yes": 1, "chain=chain-1": 1, "chain=chain-2": 0, "": 2}
    for question, answers in {**questions, "q=message-2": 1, "q=57DAB8B1-0001": 1, "q=b": 1, "q=message": 0}.items():
        assert rows(auditor, f"notification/?{question}") == answers, question


def test_a_call_is_found_by_its_id_as_graph_spells_it(database, auditor):
    graph_id = "80c74995-518b-43de-8fa0-15495591a152"
    call = make_call(1, graph_id=graph_id, graph_id_folded=fold_id(graph_id))
    make_notification(call.graph_id_folded, 1, call_pk=call.pk)
    make_notification(call.graph_id_folded, 2)
    make_attempt(call)
    append("reject.requested", call=call)
    lists = {"call": ("q", "call"), "notification": ("q", "call_id"), "rejectattempt": ("q",), "auditentry": ("about",)}
    for model, names in lists.items():
        for name in names:
            for spelling in (graph_id, graph_id.upper(), call.graph_id_folded):
                found = rows(auditor, f"{model}/?{name}={spelling}")
                assert found == (2 if model == "notification" else 1), (model, name, spelling)


def test_attempts_are_found_by_outcome_person_and_code(several, auditor):
    questions = {"outcome__exact=requested": 2, "who=boris": 1, "code=403": 0, "reason=none": 1, "q=BORIS": 1}
    refused = several[3].attempt_id
    for question, answers in {**questions, "q=graph-2": 1, "q=our-2": 1, f"q={refused}": 1, "q=graph-9": 0}.items():
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


def test_the_first_page_leads_to_the_questions_asked_most(several, auditor):
    text = auditor.get("/admin/").content.decode()
    links = re.findall(r'href="(/admin/calls/[^"]*\?[^"]*|/admin/calls/auditentry/verify/)"', text)
    assert len(links) == 3
    assert all(auditor.get(link).status_code == 200 for link in links)
