"""Deciding on the rows of the board: by key, in bulk, with a bad line, in a crowd."""

import json
import re

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from calls.models import AuditEntry, Call, RejectAttempt
from calls.simulator import Simulator
from tests.browser.pages import Line, Opener, anywhere, deliver, focused, row, sign_in, wait_live
from tests.conftest import People
from tests.servers import Dashboard, wait_until


def test_everything_is_done_by_key_and_a_held_key_rejects_one(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    graph.hold_endings = True
    for caller in ("Ada Lovelace", "Grace Hopper", "Alan Turing"):
        graph.ring(caller)
        expect(row(supervisor, caller)).to_be_visible()

    press = supervisor.keyboard.press
    press("2")  # nobody can know which of three is meant: the first is focused and nothing is decided
    expect(focused(supervisor)).to_contain_text("Ada Lovelace")
    press("ArrowDown")
    expect(focused(supervisor)).to_contain_text("Grace Hopper")
    for _ in range(20):
        supervisor.keyboard.down("2")
    supervisor.keyboard.up("2")
    expect(row(supervisor, "Grace Hopper")).to_contain_text("Rejected by you")
    expect(focused(supervisor)).to_contain_text("Grace Hopper")
    press("n")
    supervisor.keyboard.type("Wrong number, 2nd time")
    press("Enter")
    expect(row(supervisor, "Grace Hopper")).to_contain_text("“Wrong number, 2nd time”")
    assert [reject.reason for reject in graph.rejects] == ["busy"]
    wait_until(lambda: AuditEntry.objects.filter(action="call.noted").exists())

    graph.ring("Edsger Dijkstra")
    expect(row(supervisor, "Edsger Dijkstra")).to_be_visible()
    press("End")
    expect(focused(supervisor)).to_contain_text("Edsger Dijkstra")
    press("p")
    expect(row(supervisor, "Edsger Dijkstra")).to_contain_text("Let pass by you")
    press("3")
    expect(row(supervisor, "Edsger Dijkstra")).to_contain_text("Rejected by you")
    assert [reject.reason for reject in graph.rejects] == ["busy", "forbidden"]
    press("/")
    expect(supervisor.get_by_label("Find in the list")).to_be_focused()
    supervisor.keyboard.type("123")
    expect(supervisor.locator(".outside")).to_contain_text("more ringing outside your filter")
    assert len(graph.rejects) == 2


def test_letting_a_call_pass_is_told_to_others_and_sends_nothing(graph: Simulator, page_of: Opener) -> None:
    supervisor, colleague = page_of("supervisor"), page_of("colleague")
    for page in (supervisor, colleague):
        wait_live(page)
    graph.ring("Ada Lovelace")
    row(supervisor, "Ada Lovelace").get_by_role("button", name="Let pass").click()
    expect(row(colleague, "Ada Lovelace")).to_contain_text("Let pass by supervisor")
    assert not graph.rejects
    seen = json.loads(AuditEntry.objects.get(action="call.let_pass").details)["seen_as_reported_by_browser"]
    assert (seen["version"], seen["visible"]) == (1, True)
    assert seen["revision"] > 0 and seen["came_at"] <= seen["shown_at"]
    expect(row(colleague, "Ada Lovelace").locator("kbd").first).to_be_visible()  # keys go to the only one there is
    colleague.keyboard.press("2")
    expect(anywhere(supervisor, "Ada Lovelace")).to_contain_text("Rejected by colleague")
    assert [reject.reason for reject in graph.rejects] == ["busy"]


def test_one_person_is_one_row_and_the_newest_call_is_rejected(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    graph.hold_endings = True
    first = graph.ring("Barbara Liskov")
    second = graph.ring("Barbara Liskov", chain_id=first.chain_id)
    graph.ring("Grace Hopper", chain_id=first.chain_id)
    expect(row(supervisor, "Grace Hopper")).to_be_visible()
    expect(row(supervisor, "Barbara Liskov")).to_have_count(1)
    row(supervisor, "Barbara Liskov").get_by_role("button", name="2 calls").click()
    expect(row(supervisor, "Barbara Liskov").locator(".call-calls li")).to_have_count(2)
    row(supervisor, "Barbara Liskov").get_by_role("button", name="Reject: busy").click()
    expect(row(supervisor, "Barbara Liskov").locator(".call-after")).to_contain_text("Rejected by you")
    assert [reject.call_id for reject in graph.rejects] == [second.id]


def test_rejecting_works_while_the_feed_is_lost_and_after_it_is_back(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    line = Line(supervisor)
    supervisor.reload()
    wait_live(supervisor)
    graph.ring("Ada Lovelace")
    expect(row(supervisor, "Ada Lovelace")).to_be_visible()
    line.cut()
    expect(supervisor.locator("#board")).to_have_attribute("data-feed", "lost")
    row(supervisor, "Ada Lovelace").get_by_role("button", name="Reject: busy").click()
    expect(row(supervisor, "Ada Lovelace")).to_contain_text("Rejected by you")
    expect(row(supervisor, "Ada Lovelace")).to_contain_text("Graph accepted")
    assert [reject.reason for reject in graph.rejects] == ["busy"]
    line.mend()
    wait_live(supervisor)
    wait_until(lambda: RejectAttempt.objects.filter(outcome="confirmed").exists())
    graph.ring("Grace Hopper")
    expect(row(supervisor, "Grace Hopper")).to_be_visible()


def test_a_dashboard_that_cannot_be_reached_says_so_and_the_call_can_be_rejected_later(
    graph: Simulator, page_of: Opener
) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    graph.ring("Ada Lovelace")
    reject = row(supervisor, "Ada Lovelace").get_by_role("button", name="Reject: busy")
    expect(reject).to_be_visible()
    supervisor.route("**/reject/", lambda route: route.abort())
    reject.click()
    expect(row(supervisor, "Ada Lovelace")).to_contain_text("No answer from the dashboard")
    supervisor.unroute("**/reject/")
    reject.click()
    expect(anywhere(supervisor, "Ada Lovelace")).to_contain_text("Rejected by you")
    assert len(graph.rejects) == 1


def test_a_restarted_server_is_found_again_with_what_rings(
    own_dashboard: Dashboard, running_simulator: Simulator, chromium: Chromium, people: People
) -> None:
    with chromium.new_context(base_url=own_dashboard.url) as context:
        supervisor = context.new_page()
        sign_in(supervisor, "supervisor")
        wait_live(supervisor)
        answered = running_simulator.ring("Ada Lovelace")
        answered.answer()
        expect(anywhere(supervisor, "Ada Lovelace")).to_contain_text("in conversation")
        own_dashboard.stop()
        expect(supervisor.locator("#board")).to_have_attribute("data-feed", "lost")
        own_dashboard.start()
        own_dashboard.wait_ready()
        running_simulator.ring("Grace Hopper")
        expect(row(supervisor, "Grace Hopper")).to_be_visible(timeout=20_000)
        expect(anywhere(supervisor, "Ada Lovelace")).to_contain_text("in conversation")
        row(supervisor, "Grace Hopper").get_by_role("button", name="Reject: busy").click()
        expect(anywhere(supervisor, "Grace Hopper")).to_contain_text("Rejected by you")


JUMP = "milliseconds => { const now = Date.now; Date.now = () => now.call(Date) + milliseconds; }"


def test_after_a_sleep_the_time_left_is_right_at_once_and_the_feed_is_opened_anew(
    graph: Simulator, page_of: Opener
) -> None:
    supervisor = page_of("supervisor")
    line = Line(supervisor)
    supervisor.add_init_script(f"({JUMP})(-600_000)")  # a clock ten minutes slow changes nothing
    supervisor.reload()
    wait_live(supervisor)
    graph.ring("Ada Lovelace")
    left = row(supervisor, "Ada Lovelace").locator(".left")
    expect(left).to_contain_text(re.compile(r"^\s*1[0-5]\s"))

    line.hold()
    supervisor.evaluate(f"({JUMP})(3_600_000)")  # what a sleep of an hour looks like: only the wall clock went on
    expect(left).to_contain_text("time is over")
    line.let_go()
    expect(left).to_contain_text("left to decide")
    wait_live(supervisor)
    assert line.opened == 2
    row(supervisor, "Ada Lovelace").get_by_role("button", name="Reject: busy").click()
    expect(anywhere(supervisor, "Ada Lovelace")).to_contain_text("Rejected by you")


def test_many_are_rejected_at_once_and_each_outcome_is_told(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    callers = [f"Caller {number:02d}" for number in range(20)]
    calls = [graph.prepare(caller) for caller in callers]
    graph.faults.reject(status=403, code="7505", message="Tenant mismatch.", shape="wrapped", call_id=calls[7].id)
    deliver(graph, [call.incoming()["value"][0] for call in calls])
    expect(supervisor.locator("#ringing-count")).to_have_text("20")
    supervisor.keyboard.press("a")
    expect(supervisor.locator("#bulk")).to_contain_text("20 selected")
    supervisor.locator("#bulk").get_by_role("button", name="Reject: busy").click()
    expect(supervisor.locator("#bulk")).to_contain_text("19 of 20 rejected")
    expect(supervisor.locator("#bulk")).to_contain_text("Caller 07")
    assert len(graph.rejects) == 20
    assert RejectAttempt.objects.filter(outcome="refused").count() == 1
    supervisor.get_by_label("Find in the list").fill("caller 07")
    expect(row(supervisor, "Caller 07")).to_contain_text("7505")
    expect(row(supervisor, "Caller 07").get_by_role("button", name="Reject: busy")).to_be_visible()


def test_whoever_may_only_watch_finds_nothing_to_reject_with_and_is_refused(graph: Simulator, page_of: Opener) -> None:
    viewer = page_of("viewer")
    wait_live(viewer)
    ground = "element => getComputedStyle(element).backgroundColor"
    graph.ring("Ada Lovelace")
    expect(row(viewer, "Ada Lovelace")).to_be_visible()
    assert row(viewer, "Ada Lovelace").evaluate(ground) != viewer.locator(".strip .connection").evaluate(ground)
    expect(row(viewer, "Ada Lovelace").get_by_role("button")).to_have_count(0)
    expect(row(viewer, "Ada Lovelace").get_by_role("checkbox")).to_have_count(0)
    expect(viewer.locator("#bulk")).to_be_empty()
    viewer.keyboard.press("1")
    viewer.keyboard.press("ArrowDown")
    viewer.keyboard.press("1")
    for path, body in (
        (f"{Call.objects.get().public_id}/reject/", {}),
        ("reject/", {"keys": [str(Call.objects.get().public_id)]}),
    ):
        status = viewer.evaluate(
            """async ([path, body]) => {
              const token = document.cookie.match(/csrftoken=([^;]+)/)[1];
              const headers = {"Accept": "application/json", "Content-Type": "application/json", "X-CSRFToken": token};
              return (await fetch(`/calls/${path}`, {method: "POST", headers, body: JSON.stringify(body)})).status;
            }""",
            [path, {"reason": "busy", **body}],
        )
        assert status == 403
    assert not graph.rejects
    assert AuditEntry.objects.filter(action="reject.not_allowed").exists()


def test_a_call_that_rang_while_nobody_could_decide_is_marked(graph: Simulator, page_of: Opener) -> None:
    viewer = page_of("viewer")
    wait_live(viewer)
    call = graph.ring("Ada Lovelace")
    expect(row(viewer, "Ada Lovelace")).to_be_visible()
    call.give_up()
    expect(anywhere(viewer, "Ada Lovelace")).to_contain_text("Rang unseen")
