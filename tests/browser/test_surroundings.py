"""What stands around the calls: the feed's state, the watch and its sound, the wall, what people prefer."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Locator, Page, WebSocketRoute, expect

from calls.accounts import preferences
from calls.models import Call
from calls.simulator import Simulator
from tests.browser.pages import Line, Opener, fill_sign_in, row, sign_in, wait_live
from tests.conftest import People
from tests.servers import Dashboard, wait_until

BOARD = "#board"


def start_watching(page: Page) -> None:
    page.context.grant_permissions(["notifications"])
    page.get_by_role("button", name="Start watching").click()
    expect(page.locator("#watch")).to_contain_text("Sound on")
    expect(page.locator("#watch")).to_contain_text("Notices on")


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


@pytest.fixture
def other_dashboard(graph: Simulator, dashboard_environment: dict[str, str], tmp_path: Path) -> Iterator[Dashboard]:
    """A second process over the same database, which a test may kill."""
    with Dashboard(dashboard_environment, tmp_path / "log") as dashboard:
        yield dashboard


@pytest.fixture
def stranded(chromium: Chromium, other_dashboard: Dashboard, people: People) -> Iterator[Page]:
    """The board of a supervisor whose dashboard may be killed."""
    context: BrowserContext = chromium.new_context(base_url=other_dashboard.url)
    page = context.new_page()
    page.clock.install()
    sign_in(page, "supervisor")
    wait_live(page)
    yield page
    context.close()


def test_a_lost_feed_is_told_with_a_way_out_and_comes_back(stranded: Page, other_dashboard: Dashboard) -> None:
    icon = stranded.locator("link[rel=icon]")
    usual = icon.get_attribute("href")
    expect(stranded.locator(".blank")).to_contain_text("Nothing is ringing")
    other_dashboard.kill()
    expect(stranded.locator("#connection")).to_contain_text(re.compile(r"Feed lost \d+ s ago"))
    expect(stranded.locator("#connection")).to_contain_text("Rejecting still works")
    expect(stranded.locator(".blank")).to_contain_text("cannot be told")
    expect(stranded).to_have_title(re.compile(r"^\(!\)"))
    expect(icon).to_have_attribute("href", re.compile("^data:image/svg"))
    stranded.clock.pause_at(stranded.evaluate("Date.now()") + 1000)  # or the page may have come back by itself
    other_dashboard.start()
    stranded.get_by_role("button", name="Connect now").click()
    stranded.clock.resume()
    wait_live(stranded)
    expect(stranded.locator(".blank")).to_contain_text("Nothing is ringing")
    expect(stranded).not_to_have_title(re.compile(r"^\(!\)"))
    expect(icon).to_have_attribute("href", re.compile(re.escape(usual or "")))


def test_what_a_person_prefers_is_kept_for_another_browser_and_the_admin(graph: Simulator, page_of: Opener) -> None:
    first = page_of("admin", color_scheme="light")
    first.get_by_role("button", name="Preferences").click()
    panel = first.locator("#preferences")
    panel.get_by_label("Dark").check()
    expect(first.locator("html")).to_have_attribute("data-bs-theme", "dark")
    panel.get_by_label("Dense").check()
    panel.get_by_label("Ping").check()
    expect(panel.locator("output")).to_have_text("Saved.")
    panel.get_by_label("Русский").check()
    expect(first.locator("html")).to_have_attribute("lang", "ru")

    second = page_of("admin", color_scheme="light")
    expect(second.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(second.locator("html")).to_have_attribute("data-density", "dense")
    second.get_by_role("button", name="Настройки").click()
    expect(second.get_by_label("Дзынь")).to_be_checked()
    second.goto("/admin/")
    expect(second.locator("html")).to_have_attribute("data-theme", "dark")
    expect(second.locator("html")).to_have_attribute("lang", "ru")
    with second.expect_response("**/preferences/"):
        second.locator(".theme-toggle").click()
    expect(second.locator("html")).to_have_attribute("data-theme", "light")
    first.reload()
    expect(first.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_the_wall_shows_what_rings_and_has_no_controls(graph: Simulator, page_of: Opener) -> None:
    supervisor, viewer = page_of("supervisor"), page_of("viewer")
    viewer.goto("/?wall")
    for page in (supervisor, viewer):
        wait_live(page)
    expect(viewer.locator("#watchers")).to_contain_text("1 supervisor is watching")
    graph.hold_endings = True
    graph.ring("Ada Lovelace")
    call = viewer.locator(".wall-call").filter(has_text="Ada Lovelace")
    expect(call).to_contain_text("Front desk")
    expect(call.locator(".wall-left strong")).to_have_text(re.compile(r"^\d+$"))
    expect(viewer.locator(".wall-ringing")).to_contain_text("1")
    expect(viewer.get_by_role("button")).to_have_count(0)
    row(supervisor, "Ada Lovelace").get_by_role("button", name="Reject: busy").click()
    expect(call).to_contain_text("rejected by supervisor")


def test_on_a_phone_a_call_can_be_rejected_without_scrolling(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    wait_live(supervisor)
    graph.ring("Ada Lovelace")
    buttons = row(supervisor, "Ada Lovelace").locator("[data-reason]")
    for button in buttons.all():
        expect(button).to_be_in_viewport(ratio=1)
    expect(buttons).to_have_count(3)
    assert supervisor.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("width", [360, 390])
def test_in_russian_a_phone_shows_everything_there_is(
    graph: Simulator, page_of: Opener, people: People, width: int
) -> None:
    preferences.choose(people.admin.pk, {"language": "ru"})
    admin = page_of("admin", viewport={"width": width, "height": 844}, has_touch=True, is_mobile=True)
    wait_live(admin)
    for link in admin.locator(".site-links a").all():
        expect(link).to_be_in_viewport(ratio=1)
    call = graph.ring("Ада Лавлейс")
    graph.faults.reject(status=403, code="7505", message="Tenant mismatch.", shape="wrapped", call_id=call.id)
    row(admin, "Ада").locator("[data-reason=busy]").click()
    expect(row(admin, "Ада")).to_contain_text("7505")
    for button in row(admin, "Ада").get_by_role("button").all():
        expect(button).to_be_in_viewport(ratio=1)
    for address in ("/", "/calls/", f"/calls/{Call.objects.get().public_id}/", "/?wall"):
        admin.goto(address)
        expect(admin.get_by_text("Ада Лавлейс", exact=True).first).to_be_in_viewport(ratio=1)
        assert admin.evaluate("document.documentElement.scrollWidth") == width, address


def test_on_a_phone_nothing_overlaps_and_choosing_moves_no_row(
    graph: Simulator, page_of: Opener, people: People
) -> None:
    preferences.choose(people.supervisor.pk, {"language": "ru"})
    supervisor = page_of("supervisor", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    wait_live(supervisor)
    supervisor.locator("#watch button").tap()
    expect(supervisor.locator("#watch")).to_contain_text("Закончить наблюдение")
    connection, watch = (supervisor.locator(name).bounding_box() for name in (".connection-state", ".watch"))
    assert connection["x"] + connection["width"] <= watch["x"]
    graph.ring("Ada Lovelace")
    call = row(supervisor, "Ada Lovelace")
    expect(call).to_be_visible()
    before = call.bounding_box()
    call.get_by_role("checkbox").tap()
    expect(supervisor.locator("#bulk")).to_contain_text("Выбран")
    for button in supervisor.locator("#bulk").get_by_role("button").all():
        expect(button).to_be_in_viewport(ratio=1)
    assert call.bounding_box() == before


def test_on_a_phone_no_row_moves_when_somebody_begins_or_ceases_to_watch(
    graph: Simulator, page_of: Opener, people: People
) -> None:
    preferences.choose(people.viewer.pk, {"language": "ru"})
    viewer = page_of("viewer", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    wait_live(viewer)
    graph.ring("Ada Lovelace")
    expect(viewer.locator("#watchers")).to_contain_text("Отклонить вызов сейчас некому.")
    call = row(viewer, "Ada Lovelace")
    expect(call).to_be_visible()
    before = call.bounding_box()
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    expect(viewer.locator("#watchers")).not_to_contain_text("Отклонить вызов сейчас некому.")
    assert call.bounding_box() == before


def test_a_wall_on_a_phone_cuts_no_usual_name(graph: Simulator, page_of: Opener) -> None:
    viewer = page_of("viewer", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    viewer.goto("/?wall")
    wait_live(viewer)
    for number in range(6):
        graph.ring(f"Maximiliane Oberhuber {number}")
    rows = viewer.locator(".wall-call")
    expect(rows).to_have_count(5)
    for shown in rows.all():
        expect(shown).to_be_in_viewport(ratio=1)
        assert shown.locator(".wall-who strong").evaluate(
            "({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth"
        )
        assert shown.evaluate("({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight")
    expect(viewer.locator(".wall-more")).to_be_in_viewport(ratio=1)


def _as_a_newer_version_tells_it(socket: WebSocketRoute) -> None:
    server = socket.connect_to_server()
    server.on_message(lambda text: socket.send(re.sub(r'"build": ?"\w+"', '"build": "newer"', str(text))))


def test_an_old_page_offers_the_new_version_once_nothing_rings(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    supervisor.route_web_socket("**/ws/calls/", _as_a_newer_version_tells_it)
    supervisor.goto("/")
    wait_live(supervisor)
    load = supervisor.get_by_role("button", name="Load it")
    expect(load).to_be_enabled()
    graph.hold_endings = True
    graph.ring("Ada Lovelace")
    expect(load).to_be_disabled()
    row(supervisor, "Ada Lovelace").get_by_role("button", name="Reject: busy").click()
    expect(load).to_be_enabled()
    with supervisor.expect_navigation():
        load.click()


def test_the_sessions_end_is_told_early_with_a_way_back_to_the_board(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor")
    wait_live(supervisor)
    (key,) = [cookie["value"] for cookie in supervisor.context.cookies() if cookie["name"] == "sessionid"]
    session = SessionStore(session_key=key)
    session.set_expiry(timezone.now() + timedelta(minutes=20))
    session.save()
    supervisor.goto("/")
    expect(supervisor.locator("[data-banner=session]")).to_contain_text(re.compile(r"signed out in (19|20) minutes"))
    supervisor.get_by_role("link", name="Sign in again").click()
    fill_sign_in(supervisor, "supervisor")
    wait_live(supervisor)
    expect(supervisor.locator("[data-banner=session]")).to_have_count(0)


def test_on_paper_the_dark_board_is_light_and_without_controls(graph: Simulator, page_of: Opener) -> None:
    supervisor = page_of("supervisor", color_scheme="dark")
    wait_live(supervisor)
    graph.ring("Ada Lovelace")
    expect(row(supervisor, "Ada Lovelace")).to_be_visible()
    supervisor.emulate_media(media="print")
    expect(supervisor.locator(".part-title").first).to_have_css("color", "rgb(0, 0, 0)")
    expect(row(supervisor, "Ada Lovelace")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(supervisor.get_by_role("button").filter(visible=True)).to_have_count(0)


def test_in_a_persons_own_few_colours_the_time_left_and_what_is_chosen_are_seen(
    graph: Simulator, page_of: Opener
) -> None:
    supervisor = page_of("supervisor", forced_colors="active")
    wait_live(supervisor)
    everything = supervisor.get_by_role("button", name="Everything")
    ringing = supervisor.get_by_role("button", name="Ringing")
    assert _ground_of(everything) != _ground_of(ringing)
    graph.ring("Ada Lovelace")
    bar = row(supervisor, "Ada Lovelace").locator(".left-bar")
    expect(bar).to_be_visible()
    assert _ground_of(bar, "::before") != _ground_of(bar)


def _ground_of(element: Locator, part: str = "") -> str:
    return element.evaluate("(element, part) => getComputedStyle(element, part || null).backgroundColor", part)


def test_a_dense_wall_in_russian_cuts_no_row(graph: Simulator, page_of: Opener, people: People) -> None:
    preferences.choose(people.viewer.pk, {"density": "dense", "language": "ru"})
    viewer = page_of("viewer", viewport={"width": 1280, "height": 800})
    viewer.goto("/?wall")
    wait_live(viewer)
    expect(viewer.locator(".wall-hint")).to_be_visible()
    for number in range(12):
        graph.ring(f"Caller {number}")
    rows = viewer.locator(".wall-call")
    expect(rows.nth(8)).to_be_visible()
    for shown in rows.all():
        expect(shown).to_be_in_viewport(ratio=1)


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


def test_on_a_phone_a_late_and_a_lost_feed_are_told_in_full(
    graph: Simulator, dashboard: Dashboard, page_of: Opener
) -> None:
    phone = page_of("supervisor", viewport={"width": 390, "height": 800})
    phone.context.add_cookies([{"name": "django_language", "value": "ru", "url": dashboard.url}])
    line = Line(phone)
    phone.goto("/")
    wait_live(phone)
    line.hold()
    expect(phone.locator("#board")).to_have_attribute("data-feed", "late")
    assert phone.locator(".connection").evaluate("line => line.scrollWidth <= line.clientWidth")
    wall = page_of("viewer", viewport={"width": 390, "height": 800})
    line = Line(wall)
    wall.goto("/?wall")
    graph.ring("Ada Lovelace")
    expect(wall.locator(".wall-call")).to_be_visible()
    line.cut()
    expect(wall.locator(".connection-lost")).to_be_visible()
    told, counts = wall.locator(".connection").bounding_box(), wall.locator(".wall-counts").bounding_box()
    assert told and counts and told["y"] + told["height"] <= counts["y"]
