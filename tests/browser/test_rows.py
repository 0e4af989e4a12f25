"""Deciding on the rows of the board: by key, in bulk, with a bad line, in a crowd."""

import json
import re
import threading

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, Page, expect

from calls.models import AuditEntry, Call, RejectAttempt
from calls.simulator import SimulatedCall, Simulator, bodies
from tests.browser.pages import Line, Opener, row, sign_in, wait_live
from tests.conftest import People
from tests.servers import Dashboard, wait_until


def anywhere(page: Page, caller: str) -> Locator:
    """Return the row of a caller, whichever section it is in."""
    return page.locator("#board li.call").filter(has_text=caller)


def focused(page: Page) -> Locator:
    """Return the row that has the focus, itself or with something in it."""
    return page.locator("li.call:focus, li.call:focus-within")


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


def test_a_filter_tells_what_else_rings_and_the_way_to_it(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    graph.ring("Ada Lovelace")
    graph.ring("Grace Hopper")
    expect(row(supervisor, "Grace Hopper")).to_be_visible()
    supervisor.get_by_label("Find in the list").fill("ada")
    expect(row(supervisor, "Grace Hopper")).to_have_count(0)
    outside = supervisor.locator(".outside")
    expect(outside).to_contain_text("1 more ringing outside your filter")
    supervisor.get_by_role("button", name="Just ended").click()
    expect(outside).to_contain_text("2 more ringing outside your filter")
    supervisor.reload()
    wait_live(supervisor)
    expect(outside).to_contain_text("2 more ringing outside your filter")
    outside.get_by_role("button", name="Show everything").click()
    expect(row(supervisor, "Grace Hopper")).to_be_visible()


def test_rows_stay_under_the_pointer_while_others_come_and_go(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    first = graph.ring("Ada Lovelace")
    graph.ring("Grace Hopper")
    grace = row(supervisor, "Grace Hopper")
    grace.get_by_role("button", name="Reject: busy").hover()
    before = grace.bounding_box()
    first.give_up()
    expect(row(supervisor, "Ada Lovelace")).to_contain_text("ended before anybody decided")
    graph.ring("Alan Turing")
    expect(row(supervisor, "Alan Turing")).to_be_visible()
    assert grace.bounding_box() == before
    assert row(supervisor, "Alan Turing").bounding_box()["y"] > before["y"]
    expect(row(supervisor, "Ada Lovelace")).to_be_visible()


def test_under_a_pointer_that_rests_only_a_call_that_can_be_decided_stays(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    above, pointed, below = (graph.ring(name) for name in ("Ada Lovelace", "Grace Hopper", "Alan Turing"))
    grace = row(supervisor, "Grace Hopper")
    grace.get_by_role("button", name="Reject: busy").hover()
    before = grace.bounding_box()
    above.give_up()
    below.give_up()
    expect(row(supervisor, "Alan Turing")).to_have_count(0, timeout=10_000)
    assert grace.bounding_box() == before
    expect(row(supervisor, "Ada Lovelace")).to_contain_text("ended before anybody decided")

    grace.get_by_role("button", name="Reject: busy").click()
    expect(row(supervisor, "Grace Hopper")).to_contain_text("Rejected by you")
    expect(supervisor.locator("#ringing li")).to_have_count(0, timeout=15_000)
    expect(supervisor.locator("#ended")).to_contain_text("Grace Hopper")
    assert pointed.id == graph.rejects[0].call_id


def test_a_recording_that_begins_late_is_put_to_its_siblings_once_nobody_is_near(
    graph: Simulator, page_of: Opener
) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    recording = {"chain_id": "one-conversation", "more": {"incomingContext": {"observedParticipantId": "observed"}}}
    names = supervisor.locator("#ringing li .call-name")
    graph.ring("Fatima al-Sayed", **recording)
    graph.ring("Ada Lovelace")
    expect(names).to_have_text(["Fatima al-Sayed", "Ada Lovelace"])
    reject = row(supervisor, "Ada Lovelace").get_by_role("button", name="Reject: busy")
    reject.hover()
    before = reject.bounding_box()
    graph.ring("Omar Nadi", **recording)
    expect(names).to_have_text(["Fatima al-Sayed", "Ada Lovelace", "Omar Nadi"])
    assert reject.bounding_box() == before
    supervisor.mouse.move(0, 0)
    expect(names).to_have_text(["Fatima al-Sayed", "Omar Nadi", "Ada Lovelace"])
    assert row(supervisor, "Omar Nadi").bounding_box()["y"] < row(supervisor, "Ada Lovelace").bounding_box()["y"]
    row(supervisor, "Omar Nadi").get_by_role("button", name="Reject: busy").click()
    expect(row(supervisor, "Omar Nadi")).to_contain_text("Rejected by you")
    expect(row(supervisor, "Fatima al-Sayed").get_by_role("button", name="Reject: busy")).to_be_visible()


def deliver(graph: Simulator, items: list[dict[str, object]]) -> None:
    """Post notifications to the webhook, as many in one body as Graph may send."""
    assert graph.deliver(bodies.notifications(items, "communications")).status_code == 202


class Changes:
    """Calls that go on hold and come back, so many a second, until the block ends."""

    PER_SECOND = 200
    BODY = 20

    def __init__(self, graph: Simulator, calls: list[SimulatedCall]) -> None:
        self._graph, self._calls = graph, calls
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on)
        self.delivered = 0

    def __enter__(self) -> "Changes":
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._stop.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._stop.wait(self.BODY / self.PER_SECOND):
            start = self.delivered % len(self._calls)
            state = "hold" if (self.delivered // len(self._calls)) % 2 == 0 else "established"
            chosen = self._calls[start : start + self.BODY]
            deliver(
                self._graph,
                [bodies.state_change(call.id, call.era, state)["value"][0] for call in chosen],
            )
            self.delivered += len(chosen)


def test_in_a_crowd_of_a_thousand_one_is_found_and_rejected(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    crowd = [graph.prepare(f"Caller {number:03d}") for number in range(1000)]
    for start in range(0, len(crowd), 250):
        some = crowd[start : start + 250]
        deliver(graph, [call.incoming()["value"][0] for call in some])
        answered = [bodies.state_change(call.id, call.era, "established") for call in some]
        deliver(graph, [body["value"][0] for body in answered])
    expect(supervisor.locator("#progress-count")).to_have_text("1000", timeout=20_000)
    rows = supervisor.locator("#progress li.call")
    expect(rows.first).to_have_attribute("aria-setsize", "1000")

    with Changes(graph, crowd) as changes:
        rows.first.focus()
        supervisor.keyboard.press("End")
        expect(focused(supervisor)).to_have_attribute("aria-posinset", "1000")
        supervisor.keyboard.press("PageUp")
        expect(focused(supervisor)).not_to_have_attribute("aria-posinset", "1000")
        assert rows.count() < 100
        wait_until(lambda: changes.delivered >= 200)
        graph.ring("Ada Lovelace")
        graph.ring("Grace Hopper")
        supervisor.get_by_label("Find in the list").fill("grace")
        row(supervisor, "Grace Hopper").get_by_role("button", name="Reject: busy").click()
        expect(anywhere(supervisor, "Grace Hopper")).to_contain_text("Rejected by you")
    assert len(graph.rejects) == 1


COUNT_PRINTED = """
addEventListener("beforeprint", () => {
  globalThis.printed = document.querySelectorAll("#progress li").length;
  globalThis.told = document.querySelector("#progress").innerText;
});
"""


def test_all_rows_are_printed_or_how_many_are_not_is_told(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    supervisor.evaluate(COUNT_PRINTED)
    _answer(graph, 0, 300)
    expect(supervisor.locator("#progress-count")).to_have_text("300", timeout=20_000)
    pages = supervisor.pdf().count(b"/Type /Page\n")
    assert supervisor.evaluate("printed") == 300
    assert "printed" not in supervisor.evaluate("told")
    assert pages > 10
    expect(supervisor.locator("#progress li").nth(50)).to_have_count(0)
    _answer(graph, 300, 600)
    expect(supervisor.locator("#progress-count")).to_have_text("600", timeout=20_000)
    supervisor.pdf()
    assert supervisor.evaluate("printed") == 500
    assert "Only the first 500 of 600 are printed" in supervisor.evaluate("told")


def _answer(graph: Simulator, start: int, end: int) -> None:
    calls = [graph.prepare(f"Caller {number:03d}") for number in range(start, end)]
    deliver(graph, [call.incoming()["value"][0] for call in calls])
    deliver(graph, [bodies.state_change(call.id, call.era, "established")["value"][0] for call in calls])


def test_the_board_fits_a_phone(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor", viewport={"width": 360, "height": 740}, has_touch=True)
    wait_live(supervisor)
    graph.ring("Ada Lovelace with a very long name that nobody expected on so small a screen")
    shown = row(supervisor, "Ada Lovelace")
    expect(shown).to_be_visible()
    assert supervisor.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    supervisor.get_by_role("button", name="Filter").tap()
    expect(supervisor.get_by_role("button", name="Just ended")).to_be_visible()
    shown.get_by_role("button", name="Reject: busy").tap()
    expect(anywhere(supervisor, "Ada Lovelace")).to_contain_text("Rejected by you")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_kind_of_row_is_accessible(graph: Simulator, page_of: Opener, scheme: str) -> None:
    supervisor = page_of("supervisor", color_scheme=scheme, bypass_csp=True)  # axe itself is an inline script
    wait_live(supervisor)
    graph.hold_endings = True
    graph.ring("Donald Knuth").answer()
    graph.ring("Frances Allen").give_up()
    graph.ring("Ada Lovelace")
    row(supervisor, "Ada Lovelace").get_by_role("button", name="Reject: busy").click()
    row(supervisor, "Ada Lovelace").get_by_role("button", name="Add a note").click()
    graph.ring("Grace Hopper")
    row(supervisor, "Grace Hopper").get_by_role("button", name="Let pass").click()
    first = graph.ring("Barbara Liskov")
    graph.ring("Barbara Liskov", chain_id=first.chain_id)
    row(supervisor, "Barbara Liskov").get_by_role("button", name="2 calls").click()
    row(supervisor, "Barbara Liskov").get_by_role("checkbox").click()
    supervisor.get_by_label("Find in the list").fill("a")
    supervisor.mouse.move(0, 0)  # while the pointer is on the list, rows stay
    expect(anywhere(supervisor, "Ada Lovelace").get_by_role("textbox")).to_be_visible()
    expect(supervisor.locator("#progress")).to_contain_text("Donald Knuth")
    results = Axe().run(supervisor)
    assert results.violations_count == 0, results.generate_report()
