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

from calls.simulator import Simulator
from tests.browser.pages import Opener, fill_sign_in, row, sign_in, wait_live
from tests.conftest import People
from tests.servers import Dashboard


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
