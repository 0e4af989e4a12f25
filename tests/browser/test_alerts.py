"""What calls attention to a ringing call: tones, notices, a screen that stays awake."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from calls.simulator import Simulator
from tests.browser.pages import BOARD, Line, Opener, row, start_watching, wait_live
from tests.servers import wait_until


def test_it_rings_for_whoever_watches_until_somebody_decides(graph: Simulator, page_of: Opener) -> None:
    supervisor, colleague = page_of("supervisor"), page_of("colleague")
    for page in (supervisor, colleague):
        wait_live(page)
    start_watching(supervisor)
    graph.hold_endings = True
    graph.ring("Ada Lovelace")
    expect(supervisor.locator(BOARD)).to_have_attribute("data-alarm", "ringing")
    expect(colleague.locator(BOARD)).to_have_attribute("data-alarm", "silent")
    row(colleague, "Ada Lovelace").get_by_role("button", name="Reject: busy").click()
    expect(supervisor.locator(BOARD)).to_have_attribute("data-alarm", "silent")

    graph.ring("Grace Hopper")
    expect(supervisor.locator(BOARD)).to_have_attribute("data-alarm", "ringing")
    row(colleague, "Grace Hopper").get_by_role("button", name="Let pass").click()
    expect(supervisor.locator(BOARD)).to_have_attribute("data-alarm", "silent")


@pytest.fixture
def reopened(chromium: Chromium, page_of: Opener) -> Iterator[Page]:
    """The board of somebody who watched when the browser was closed, as it is when the browser opens its tabs again."""
    closed = page_of("supervisor")
    wait_live(closed)
    start_watching(closed)
    context = chromium.new_context(base_url=closed.url, storage_state=closed.context.storage_state())
    kept = closed.evaluate("JSON.stringify(sessionStorage)")
    context.add_init_script(f"Object.assign(sessionStorage, {kept})")
    yield context.new_page()
    context.close()


def test_a_blocked_sound_is_told_until_the_page_is_touched(graph: Simulator, reopened: Page) -> None:
    reopened.goto("/")
    expect(reopened.locator("[data-banner=sound]")).to_contain_text("blocks the sound")
    expect(reopened.locator("#watch")).to_contain_text("Sound blocked")
    reopened.get_by_role("button", name="Unlock the sound").click()
    expect(reopened.locator("[data-banner=sound]")).to_have_count(0)
    graph.ring("Ada Lovelace")
    expect(reopened.locator(BOARD)).to_have_attribute("data-alarm", "ringing")


SEES_NOTICES = """
globalThis.notices = [];
const Notice = globalThis.Notification;
globalThis.Notification = class extends Notice {
  constructor(title, options) {
    super(title, options);
    notices.push({ title, isOpen: true });
  }
  close() {
    super.close();
    for (const notice of notices) notice.isOpen = false;
  }
};
"""
HIDES = """
globalThis.setHidden = (isHidden) => {
  const state = isHidden ? "hidden" : "visible";
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  document.dispatchEvent(new Event("visibilitychange"));
};
"""
COUNTS_LOCKS = """
globalThis.locks = [];
const request = navigator.wakeLock.request.bind(navigator.wakeLock);
navigator.wakeLock.request = async (kind) => {
  const lock = await request(kind);
  locks.push(lock);
  return lock;
};
"""
HEARS_TONES = """
globalThis.tones = 0;
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  if (!this.loop) tones += 1;
  return start.apply(this, when);
};
"""


@pytest.fixture
def watched(page_of: Opener) -> Page:
    """The board of somebody who watches, with what the browser is asked for written down."""
    page = page_of("supervisor")
    page.context.grant_permissions(["notifications", "screen-wake-lock"])
    for script in (SEES_NOTICES, HIDES, COUNTS_LOCKS, HEARS_TONES):
        page.add_init_script(script)
    return page


def test_a_hidden_page_shows_a_notice_until_somebody_decides(graph: Simulator, page_of: Opener, watched: Page) -> None:
    colleague = page_of("colleague")
    watched.goto("/")
    wait_live(watched)
    start_watching(watched)
    seen = graph.ring("Grace Hopper")
    expect(watched.locator(BOARD)).to_have_attribute("data-alarm", "ringing")
    seen.give_up()
    expect(watched.locator(BOARD)).to_have_attribute("data-alarm", "silent")
    assert watched.evaluate("notices.length") == 0
    expect(colleague.locator("#watchers")).to_contain_text("2 supervisors are watching")
    watched.evaluate("setHidden(true)")
    expect(colleague.locator("#watchers")).to_contain_text("1 has the board in view")
    graph.hold_endings = True
    graph.ring("Ada Lovelace")
    wait_until(lambda: watched.evaluate("notices.some(({ isOpen }) => isOpen)"))
    assert "Ada Lovelace" in watched.evaluate("notices[0].title")
    row(colleague, "Ada Lovelace").get_by_role("button", name="Reject: busy").click()
    wait_until(lambda: watched.evaluate("notices.every(({ isOpen }) => !isOpen)"))
    assert watched.evaluate("notices.length") == 1


def test_the_screen_is_kept_awake_again_once_the_page_is_seen_again(graph: Simulator, watched: Page) -> None:
    watched.goto("/")
    wait_live(watched)
    start_watching(watched)
    wait_until(lambda: watched.evaluate("locks.length === 1"))
    watched.evaluate("setHidden(true)")
    watched.evaluate("locks[0].release()")  # as the browser does with a page that is hidden
    watched.evaluate("setHidden(false)")
    wait_until(lambda: watched.evaluate("locks.length === 2 && !locks[1].released"))


def test_a_lost_feed_is_heard_by_whoever_watches(graph: Simulator, watched: Page) -> None:
    line = Line(watched)
    watched.goto("/")
    wait_live(watched)
    start_watching(watched)
    assert watched.evaluate("tones") == 0
    line.cut()
    expect(watched.locator("#connection")).to_contain_text("Feed lost")
    wait_until(lambda: watched.evaluate("tones === 1"))
