"""Every page: nothing the content security policy forbids."""

import pytest
from playwright.sync_api import expect

from calls.models import Call
from calls.simulator import Simulator
from tests.product.browser.pages import Opener, row, wait_live

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
    return f"/calls/{Call.objects.get().key}/"


def test_no_page_asks_for_what_the_policy_forbids(call_page: str, page_of: Opener) -> None:
    admin = page_of("admin")
    admin.context.add_init_script(COLLECT)
    pages = ["/", "/?wall", "/calls/", call_page, "/nowhere/", "/accounts/login/"]
    for path in [*pages, *(f"/admin/{path}" for path in ADMIN)]:
        admin.goto(path, wait_until="load")
        assert admin.evaluate("violations") == [], path
