"""The board on a phone and on a wall."""

import re

import pytest
from playwright.sync_api import expect

from calls.accounts import preferences
from calls.models import Call
from calls.simulator import Simulator
from tests.browser.pages import Line, Opener, row, wait_live
from tests.conftest import People
from tests.servers import Dashboard


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
    preferences.save_preferences(people.admin.pk, {"language": "ru"})
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
    preferences.save_preferences(people.supervisor.pk, {"language": "ru"})
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
    preferences.save_preferences(people.viewer.pk, {"language": "ru"})
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


def test_a_dense_wall_in_russian_cuts_no_row(graph: Simulator, page_of: Opener, people: People) -> None:
    preferences.save_preferences(people.viewer.pk, {"density": "dense", "language": "ru"})
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
