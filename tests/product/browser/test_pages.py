"""Every page: nothing the content security policy forbids, nothing that shuts people out."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from calls.models import Call
from calls.simulator import Simulator
from tests.product.browser.pages import Opener, row, wait_live

ADMIN = ["", "calls/auditentry/", "calls/auditentry/verify/", "calls/call/", "calls/notification/", "auth/user/"]
# axe leaves the size of targets (WCAG 2.2) out unless it is asked for it.
RULES = {"rules": {"target-size": {"enabled": True}}}
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
    return f"/calls/{Call.objects.get().key}/"


def test_no_page_asks_for_what_the_policy_forbids(call_page: str, page_of: Opener) -> None:
    admin = page_of("admin")
    admin.context.add_init_script(COLLECT)
    pages = ["/", "/?wall", "/calls/", call_page, "/nowhere/", "/accounts/login/"]
    for path in [*pages, *(f"/admin/{path}" for path in ADMIN)]:
        admin.goto(path, wait_until="load")
        assert admin.evaluate("violations") == [], path


def accessible(page: Page) -> None:
    results = Axe().run(page, options=RULES)
    assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(call_page: str, page_of: Opener, scheme: str) -> None:
    supervisor = page_of("supervisor", color_scheme=scheme, bypass_csp=True)  # axe itself is an inline script
    wait_live(supervisor)
    accessible(supervisor)
    supervisor.get_by_role("button", name="Preferences").click()
    expect(supervisor.locator("#preferences")).to_be_visible()
    accessible(supervisor)
    for path in ("/?wall", "/calls/", call_page, "/nowhere/", "/accounts/login/"):
        supervisor.goto(path)
        accessible(supervisor)
    stranger = page_of("stranger", color_scheme=scheme, bypass_csp=True)
    expect(stranger.locator(".error-number")).to_have_text("403")
    accessible(stranger)
