"""Signing in with Entra ID, as a person does it."""

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.servers import Dashboard


def test_a_person_signs_in_with_entra_id(entra_dashboard: Dashboard, chromium: Chromium) -> None:
    context = chromium.new_context(base_url=f"http://localhost:{entra_dashboard.port}", ignore_https_errors=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto("/calls/")
    page.get_by_role("link", name="Sign in with Microsoft").click()
    page.get_by_role("button", name="Nadia Fischer").click()
    expect(page).to_have_url(f"http://localhost:{entra_dashboard.port}/calls/")
    expect(page.get_by_text("Nadia Fischer")).to_be_visible()
    context.close()
    assert not [text for text in complaints if "Failed to load resource" not in text]
