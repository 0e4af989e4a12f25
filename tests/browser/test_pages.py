"""Every page: nothing the content security policy forbids."""

import re

import pytest
from playwright.sync_api import Route, expect

from calls.models import Call
from calls.simulator import Simulator
from tests.browser.pages import Opener, row, wait_live

ADMIN = ["", "calls/auditentry/", "calls/auditentry/verify/", "calls/call/", "calls/notification/", "auth/user/"]
COLLECT = """
window.violations = [];
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  violations.push(`${violatedDirective} ${blockedURI}`);
});
"""


@pytest.fixture
def call_page(graph: Simulator, page_of: Opener) -> str:
    """The address of a call that rings for this test."""
    viewer = page_of("viewer")
    wait_live(viewer)
    graph.ring("Ada Lovelace")
    expect(row(viewer, "Ada Lovelace")).to_be_visible()
    return f"/calls/{Call.objects.get().public_id}/"


def test_no_page_asks_for_what_the_policy_forbids(call_page: str, page_of: Opener) -> None:
    admin = page_of("admin")
    admin.context.add_init_script(COLLECT)
    pages = ["/", "/?wall", "/calls/", call_page, "/nowhere/", "/accounts/login/"]
    for path in [*pages, *(f"/admin/{path}" for path in ADMIN)]:
        admin.goto(path, wait_until="load")
        assert admin.evaluate("violations") == [], path


def _without_links(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r'<link rel="modulepreload"[^>]*>', "", answer.text()))


@pytest.mark.parametrize("path", ["/", "/?wall", "/calls/"])
def test_every_module_is_asked_for_at_once_and_none_in_vain(page_of: Opener, path: str) -> None:
    page = page_of("supervisor")
    page.route_web_socket("**/ws/calls/", lambda socket: None)  # a page from a test may not open one
    page.route(re.compile(rf"{re.escape(path)}$"), _without_links)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url) if request.url.endswith(".js") else None)
    page.goto(path, wait_until="networkidle")
    assert not page.locator("link[rel=modulepreload]").count()
    scripts = set(page.eval_on_selector_all("script[src]", "scripts => scripts.map(({ src }) => src)"))
    imported = sorted(set(loaded) - scripts)
    assert imported
    page.unroute_all()
    page.goto(path)
    links = page.eval_on_selector_all("link[rel=modulepreload]", "links => links.map(({ href }) => href)")
    assert sorted(links) == imported


# A transition of no time is none; what does not end is an animation as well.
MOVING = """() => {
  const parts = [];
  for (const element of document.querySelectorAll("*")) {
    for (const part of [null, "::before", "::after"]) parts.push([element, part]);
  }
  const moves = ([element, part]) => {
    const { transitionDuration, animationName } = getComputedStyle(element, part);
    return animationName !== "none" || transitionDuration.split(", ").some((time) => parseFloat(time) > 0);
  };
  const found = parts.filter(moves).map(([element, part]) => `${element.tagName}.${element.className}${part ?? ""}`);
  return [...new Set(found), ...document.getAnimations().map(({ effect }) => effect.target?.tagName)];
}"""


def test_nothing_moves_for_whoever_wants_no_motion(call_page: str, page_of: Opener) -> None:
    admin = page_of("admin")
    expect(row(admin, "Ada Lovelace").locator(".left-bar")).to_be_visible()
    assert admin.evaluate(MOVING)
    admin.emulate_media(reduced_motion="reduce")
    assert admin.evaluate(MOVING) == []
    admin.get_by_role("button", name="Preferences").click()
    assert admin.evaluate(MOVING) == []
    for path in [
        "/?wall",
        "/calls/",
        call_page,
        "/nowhere/",
        "/accounts/login/",
        *(f"/admin/{path}" for path in ADMIN),
    ]:
        admin.goto(path)
        assert admin.evaluate(MOVING) == [], path
