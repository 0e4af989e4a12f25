"""An auditor's ten questions, answered with the clicks that docs/auditors.md names."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from calls.models import AuditEntry, Call, RejectAttempt
from calls.simulator import Simulator
from tests.browser.pages import Opener, row, wait_live
from tests.conftest import People
from tests.fixtures.history import append, make_call
from tests.servers import wait_until


@pytest.fixture
def auditor(graph: Simulator, page_of: Opener, people: People) -> Page:
    """The auditor's page, after a shift with a rejection, a refusal, a missed call and somebody turned away."""
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    graph.ring("Ada Lovelace")
    row(supervisor, "Ada Lovelace").get_by_role("button", name="Reject: busy").click()
    wait_until(lambda: AuditEntry.objects.filter(action="reject.confirmed").exists())
    graph.faults.reject(status=403, code="7505", message="Tenant mismatch.", shape="wrapped", times=1)
    graph.ring("Alan Turing")
    row(supervisor, "Alan Turing").get_by_role("button", name="Reject: forbidden").click()
    wait_until(lambda: AuditEntry.objects.filter(action="reject.refused").exists())
    # Nobody decides about a refused call any more: on a busy machine it would be missed before the last question.
    Call.objects.filter(ended_at=None).update(deadline=timezone.now() + timedelta(hours=1))
    missed = make_call(7, received_at="2026-11-21T03:00:00Z", deadline="2026-11-21T03:00:15Z")  # a Saturday night
    Call.objects.filter(pk=missed.pk).update(missed_at="2026-11-21T03:00:16Z")
    append("call.missed", call=missed)
    append("reject.not_allowed", call=missed)
    append("account.changed", note="viewer", details={"account_id": "3", "changed": {"groups": [[], ["Auditors"]]}})
    return page_of("auditor")


def rows(page: Page) -> list[str]:
    return page.locator("#result_list tbody tr").all_inner_texts()


def narrow(page: Page, **blanks: str) -> None:
    for label, value in blanks.items():
        page.get_by_label(label.replace("_", " "), exact=False).first.fill(value)
    page.get_by_role("button", name="Narrow down").click()


def choose(page: Page, filter_title: str, choice: str) -> None:
    page.locator(f"details[data-filter-title='{filter_title}']").get_by_role("link", name=choice).click()


def test_the_ten_questions_are_answered(auditor: Page) -> None:
    decided = RejectAttempt.objects.get(outcome="confirmed")
    auditor.goto("/admin/")
    auditor.get_by_role("link", name="Audit entries", exact=True).first.click()

    # 1: who, when, why
    auditor.locator("#searchbar").fill(decided.call.graph_id)
    auditor.get_by_role("button", name="Search").click()
    expect(auditor.locator("#result_list")).to_contain_text(
        "supervisor asked Graph to reject the call from Ada Lovelace, naming “busy” as the reason."
    )
    auditor.locator("#result_list tbody tr").first.get_by_role("link", name="attempt").click()
    assert len(rows(auditor)) == 3

    # 2: what Graph said
    auditor.locator("#result_list tbody tr").filter(has_text="reject.accepted").locator("th a").click()
    expect(auditor.locator("#content")).to_contain_text(decided.request_id)
    expect(auditor.locator("#content")).to_contain_text(decided.client_request_id)

    # 3: step by step
    auditor.goto("/admin/calls/rejectattempt/?outcome__exact=confirmed")
    auditor.locator("#result_list tbody th a").click()
    for step in ("Graph told of the call", "first shown", "the click arrived", "Graph was asked", "Graph answered"):
        expect(auditor.locator("#content")).to_contain_text(step)

    # 4: undecided
    auditor.goto("/admin/calls/call/")
    choose(auditor, "decision", "undecided")
    assert len(rows(auditor)) == 1
    auditor.goto("/admin/calls/auditentry/")
    choose(auditor, "outcome", "undecided")
    assert "Nobody decided about the call from Nestor Wilke" in rows(auditor)[0]

    # 5: refused, with which code
    choose(auditor, "outcome", "refused by Graph")
    assert ["7505" in text for text in rows(auditor)] == [True]
    auditor.goto("/admin/calls/auditentry/")
    narrow(auditor, **{"Graph's status or code": "7505"})
    assert len(rows(auditor)) == 1

    # 6: one person
    auditor.goto("/admin/calls/auditentry/")
    narrow(auditor, Who="supervisor", From="2026-01-01T00:00")
    mine = rows(auditor)
    assert len(mine) >= 6
    assert all("supervisor" in text for text in mine)
    auditor.locator("#result_list tbody tr").first.get_by_role("link", name="person").click()
    assert rows(auditor) == mine

    # 7: outside working hours
    auditor.goto("/admin/calls/call/?received_at__year=2026&received_at__month=11&received_at__day=21")
    choose(auditor, "working hours", "outside")
    assert ["Nestor Wilke" in text for text in rows(auditor)] == [True]

    # 8: turned away
    auditor.goto("/admin/calls/auditentry/")
    choose(auditor, "outcome", "turned away")
    assert ["without having the right" in text for text in rows(auditor)] == [True]

    # 9: accounts and settings
    auditor.goto("/admin/calls/auditentry/")
    choose(auditor, "action", "account.changed")
    assert ["changed the account viewer: groups" in text for text in rows(auditor)] == [True]

    # 10: genuine
    auditor.get_by_role("link", name="Verify the audit history").click()
    auditor.get_by_role("button", name="Verify now").click()
    expect(auditor.locator("#verdict")).to_have_text("Intact")


def test_what_the_filters_let_through_is_saved_as_a_file(auditor: Page, tmp_path: Path) -> None:
    auditor.goto("/admin/calls/auditentry/?outcome=refused")
    with auditor.expect_download() as download:
        auditor.get_by_role("button", name="Export as CSV").click()
    assert re.fullmatch(r"audit-\d{8}-\d{6}-[0-9a-f]{8}\.csv", download.value.suggested_filename)
    download.value.save_as(tmp_path / "file.csv")
    text = (tmp_path / "file.csv").read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 3
    assert "7505" in text
    exported = AuditEntry.objects.latest("id")
    assert exported.actor_id == str(User.objects.get(username="auditor").pk)
