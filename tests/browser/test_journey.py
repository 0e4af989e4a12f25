"""The main journey in Chromium: ring → seen → rejected → confirmed → audited."""

import re

from django.conf import settings
from playwright.sync_api import expect

from calls.models import AuditEntry, Call
from calls.simulator import Simulator
from tests import bodies
from tests.browser.pages import Line, Opener, row, wait_live


def test_a_call_is_seen_rejected_confirmed_and_audited(graph: Simulator, page_of: Opener) -> None:
    supervisor, colleague, viewer = page_of("supervisor"), page_of("colleague"), page_of("viewer")
    for page in (supervisor, colleague, viewer):
        wait_live(page)
    graph.hold_endings = True
    call = graph.ring("Ada Lovelace", modalities=("audio", "video"))
    for page in (supervisor, colleague, viewer):
        expect(row(page, "Ada Lovelace")).to_contain_text("Front desk")
        expect(row(page, "Ada Lovelace")).to_contain_text("video")
        expect(page).to_have_title(re.compile(r"^\(1\)"))
    expect(row(viewer, "Ada Lovelace").get_by_role("button")).to_have_count(0)
    seconds = row(supervisor, "Ada Lovelace").locator(".left-seconds")
    expect(seconds).to_have_text(re.compile(r"^1[0-5]$"))

    row(supervisor, "Ada Lovelace").get_by_role("button", name="Reject: busy").click()
    expect(row(supervisor, "Ada Lovelace")).to_contain_text("accepted")
    expect(row(colleague, "Ada Lovelace")).to_contain_text("supervisor")
    expect(row(colleague, "Ada Lovelace").get_by_role("button")).to_have_count(0)
    assert [reject.reason for reject in graph.rejects] == ["busy"]

    call.end_rejected()
    for page in (supervisor, colleague, viewer):
        expect(page).not_to_have_title(re.compile(r"^\(1\)"))
        expect(row(page, "Ada Lovelace").or_(page.locator("#ended li"))).to_contain_text("has ended")

    auditor = page_of("auditor")
    auditor.goto("/admin/calls/auditentry/")
    listed = auditor.locator("#result_list")
    for words in ("requested", "accepted", "confirmed"):
        expect(listed).to_contain_text(words)
    expect(listed).to_contain_text("supervisor")
    accepted = AuditEntry.objects.get(action="reject.accepted")
    auditor.goto(f"/admin/calls/auditentry/{accepted.pk}/change/")
    expect(auditor.locator("#content")).to_contain_text(accepted.request_id)
    expect(auditor.locator("#content")).to_contain_text("supervisor")
    expect(auditor.locator("input[type=submit]")).to_have_count(0)


def test_the_second_supervisor_learns_who_was_first(graph: Simulator, page_of: Opener) -> None:
    supervisor, colleague = page_of("supervisor"), page_of("colleague")
    line = Line(colleague)
    colleague.reload()
    for page in (supervisor, colleague):
        wait_live(page)
    graph.hold_endings = True
    graph.ring("Grace Hopper")
    second = row(colleague, "Grace Hopper").get_by_role("button", name="Reject: busy")
    expect(second).to_be_visible()
    line.hold()  # the colleague's page hears of the first decision too late
    row(supervisor, "Grace Hopper").get_by_role("button", name="Reject: forbidden").click()
    expect(row(supervisor, "Grace Hopper")).to_contain_text("accepted")
    second.click()
    expect(row(colleague, "Grace Hopper")).to_contain_text("Already decided by supervisor")
    expect(row(colleague, "Grace Hopper")).to_contain_text("forbidden")
    line.let_go()
    expect(row(colleague, "Grace Hopper")).to_contain_text("Rejected by supervisor")
    assert [reject.reason for reject in graph.rejects] == ["forbidden"]


def test_a_refusal_is_told_with_graphs_code_and_the_call_can_be_rejected_again(
    graph: Simulator, page_of: Opener
) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    graph.faults.reject(status=403, code="7505", message="Tenant mismatch.", shape="wrapped", times=1)
    graph.ring("Alan Turing")
    row(supervisor, "Alan Turing").get_by_role("button", name="Reject: busy").click()
    expect(row(supervisor, "Alan Turing")).to_contain_text("7505")
    row(supervisor, "Alan Turing").get_by_role("button", name="Reject: busy").click()
    expect(row(supervisor, "Alan Turing").or_(supervisor.locator("#ended li"))).to_contain_text("has ended")


def test_an_undecided_call_runs_out_and_is_called_missed(graph: Simulator, page_of: Opener) -> None:
    viewer = page_of("viewer")
    wait_live(viewer)
    graph.deliver(bodies.ringing("c-1", "Edsger Dijkstra", incomingContext={"observedParticipantId": "p"}))
    expect(row(viewer, "Edsger Dijkstra")).to_be_visible()
    ended = viewer.locator("#board li").filter(has_text="Edsger Dijkstra")
    expect(ended).to_contain_text(re.compile("missed|Nobody", re.IGNORECASE), timeout=12_000)


def test_the_feed_comes_back_with_a_fresh_snapshot(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    supervisor.context.set_offline(True)
    supervisor.evaluate("dispatchEvent(new Event('offline'))")
    graph.ring("Barbara Liskov")
    supervisor.context.set_offline(False)
    expect(row(supervisor, "Barbara Liskov")).to_be_visible(timeout=20_000)
    wait_live(supervisor)


HOSTILE_NAME = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def test_text_from_callers_is_only_text(graph: Simulator, page_of: Opener) -> None:
    supervisor, auditor = page_of("supervisor"), page_of("auditor")
    wait_live(supervisor)
    graph.ring(HOSTILE_NAME)
    expect(row(supervisor, HOSTILE_NAME)).to_be_visible()
    call = Call.objects.get()
    supervisor.goto(f"/calls/{call.public_id}/")
    expect(supervisor.locator("h1")).to_contain_text("<img")
    for path in ("/admin/calls/call/", f"/admin/calls/call/{call.pk}/change/", "/admin/calls/notification/"):
        auditor.goto(path)
        expect(auditor).not_to_have_title("owned")
    expect(supervisor).not_to_have_title("owned")


def test_signed_out_elsewhere_is_told_on_the_board(graph: Simulator, page_of: Opener) -> None:
    viewer = page_of("viewer")
    wait_live(viewer)
    other_tab = viewer.context.new_page()
    other_tab.goto("/")
    other_tab.get_by_role("button", name="Sign out").click()
    limit = (settings.SOCKET_RECHECK_SECONDS + 7) * 1000  # milliseconds
    expect(viewer.locator("#connection")).to_contain_text("signed out", timeout=limit, ignore_case=True)


def test_the_board_speaks_russian(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    supervisor.context.add_cookies([{"name": "django_language", "value": "ru", "url": supervisor.url}])
    supervisor.goto("/")
    wait_live(supervisor)
    graph.ring("Ада Лавлейс")
    expect(row(supervisor, "Ада Лавлейс").get_by_role("button").first).to_have_text(re.compile("Отклонить"))


def test_the_story_names_an_id_only_where_it_is_of_use(graph: Simulator, page_of: Opener) -> None:
    call = graph.ring("Ada Lovelace")
    call.answer()
    headers = {"X-Microsoft-Skype-Chain-ID": call.chain_id, "Scenario-Id": "a-trace-of-theirs"}
    graph.deliver(bodies.moved(call.id, "hold"), headers=headers)
    supervisor = page_of("supervisor")
    supervisor.goto(f"/calls/{Call.objects.get().public_id}/")
    expect(supervisor.locator(".story")).to_contain_text("on hold")
    expect(supervisor.locator(".story .event-facts")).to_have_text(["Id for Microsoft's supporta-trace-of-theirs"])
