"""Many rows on the board: filtered, held under the pointer, grouped, found in a crowd, printed."""

import threading

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from calls.simulator import SimulatedCall, Simulator, bodies
from tests.browser.pages import Opener, anywhere, deliver, focused, row, wait_live
from tests.servers import wait_until


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
