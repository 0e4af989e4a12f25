"""Nothing on any page that a person can reach shuts people out, in both themes."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group
from django.db import transaction
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect

from calls.accounts import preferences
from calls.audit import checkpoints
from calls.models import Call
from calls.simulator import Simulator
from tests.browser.pages import Opener, row, wait_live
from tests.conftest import PASSWORD, People
from tests.fixtures.history import append, make_attempt, make_call, make_notification
from tests.servers import Dashboard, free_port

NEW_PASSWORD = "another-long-one-4711"
# axe leaves the size of targets (WCAG 2.2) out unless it is asked for it.
RULES = {"rules": {"target-size": {"enabled": True}}}


class Visitor:
    """Somebody who opens one page after another and writes down what is wrong with each."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []

    def look(self, name: str) -> None:
        """Examine the page as it is."""
        for broken in Axe().run(self.page, options=RULES).response["violations"]:
            places = "; ".join(str(node["target"]) for node in broken["nodes"])
            self.found.append(f"{name}: {broken['id']}: {broken['help']}: {places}")

    def visit(self, *addresses: str, status: int = 200) -> None:
        """Open and examine pages, each of which is answered with this status."""
        for address in addresses:
            response = self.page.goto(address)
            assert response is not None
            assert response.status == status, f"{address}: {response.status}"
            self.look(address)

    def press(self, button: str, name: str) -> None:
        """Press the first button of this name that is no part of a menu, and examine what comes."""
        self.page.locator("main, #content").get_by_role("button", name=button).first.click()
        self.page.wait_for_load_state()
        self.look(name)


Enter = Callable[..., Visitor]


@pytest.fixture(params=["light", "dark"])
def enter(request: pytest.FixtureRequest, page_of: Opener, chromium: Chromium) -> Iterator[Enter]:
    """Make a visitor in one of the themes: `enter("auditor")` signed in, `enter(url=…)` as a stranger to a server."""
    options = {"color_scheme": request.param, "bypass_csp": True}  # axe itself is an inline script
    visitors: list[Visitor] = []
    contexts: list[BrowserContext] = []

    def make(username: str = "", url: str = "") -> Visitor:
        if username:
            page = page_of(username, **options)
        else:
            contexts.append(chromium.new_context(base_url=url, **options))
            page = contexts[-1].new_page()
        visitors.append(Visitor(page))
        return visitors[-1]

    yield make
    for context in contexts:
        context.close()
    found = [line for visitor in visitors for line in visitor.found]
    assert not found, "\n".join(found)


@pytest.fixture
def broken_call(people: People) -> Call:
    """A call of which something else wrote nonsense into the database."""
    return make_call(8, targets=5)


@pytest.fixture
def without_database(
    dashboard_environment: dict[str, str], collected_static: None, tmp_path: Path
) -> Iterator[Dashboard]:
    """A dashboard whose PostgreSQL does not listen."""
    nowhere = {"DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"}
    with Dashboard({**dashboard_environment, **nowhere}, tmp_path / "log") as dashboard:
        yield dashboard


def test_signing_in_is_accessible(dashboard: Dashboard, people: People, enter: Enter) -> None:
    visitor = enter(url=dashboard.url)
    visitor.visit("/accounts/login/", "/admin/login/")
    for address in ("/accounts/login/", "/admin/login/"):
        visitor.page.goto(address)
        visitor.page.get_by_label("Username").fill("nobody")
        visitor.page.get_by_label("Password").fill("wrong")
        visitor.page.locator("[type=submit]:not([name=language])").click()
        expect(visitor.page.locator(".alert, .errornote")).to_be_visible()
        visitor.look(f"{address} refused")


def test_signing_in_with_entra_id_is_accessible(entra_dashboard: Dashboard, people: People, enter: Enter) -> None:
    visitor = enter(url=f"http://localhost:{entra_dashboard.port}")
    page = visitor.page
    visitor.visit("/accounts/login/")
    page.get_by_text("Sign in with a local account").click()
    expect(page.get_by_label("Username")).to_be_visible()
    visitor.look("a local account beside Entra ID")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.look("a local account refused")
    visitor.visit("/accounts/entra/callback/?error=access_denied&state=nothing")
    expect(page.get_by_role("status")).to_be_visible()


def test_the_board_and_the_wall_are_accessible(graph: Simulator, people: People, enter: Enter) -> None:
    visitor = enter("supervisor")
    page = visitor.page
    wait_live(page)
    visitor.look("calm")
    page.get_by_role("button", name="Preferences").click()
    expect(page.locator("#preferences")).to_be_visible()
    visitor.look("preferences")
    page.get_by_role("button", name="Close").first.click()
    page.keyboard.press("?")
    expect(page.locator("#sheet")).to_be_visible()
    visitor.look("keys")
    graph.ring("Ada Lovelace")
    for address in ("/", "/?wall"):
        page.goto(address)
        expect(page.locator("#ringing, #wall").get_by_text("Ada Lovelace")).to_be_visible()
        visitor.look(f"{address} ringing")
    preferences.save_preferences(people.supervisor.pk, {"language": "ru"})
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(row(page, "Ada Lovelace")).to_be_visible()
    visitor.look("ringing, in Russian")


def test_the_history_and_what_cannot_be_shown_are_accessible(
    dashboard: Dashboard, without_database: Dashboard, broken_call: Call, enter: Enter
) -> None:
    call = make_call(1)
    make_attempt(call)
    append("reject.requested", call=call)
    visitor = enter("supervisor")
    visitor.visit("/calls/?q=nobody", f"/calls/{call.public_id}/")
    visitor.visit("/nowhere/", status=404)
    visitor.visit(f"/calls/{broken_call.public_id}/", status=500)
    Call.objects.filter(pk=broken_call.pk).delete()
    visitor.visit("/calls/")
    visitor.visit(f"http://elsewhere.localhost:{dashboard.port}/", status=400)
    visitor.page.goto(f"/calls/{call.public_id}/")
    visitor.page.get_by_label("Add a note").fill("A note.")
    visitor.page.context.clear_cookies(name="csrftoken")
    visitor.press("Add", "a stale page")
    expect(visitor.page.locator("h1")).to_have_text("This page was too old to send that")
    visitor.page.get_by_role("link", name="Open the page again").click()
    expect(visitor.page).to_have_url(re.compile(rf"/calls/{call.public_id}/$"))
    stranger = enter("stranger")
    stranger.visit("/", status=403)
    unlucky = enter(url=without_database.url)
    unlucky.page.context.add_cookies([{"name": "sessionid", "value": "session0123", "url": without_database.url}])
    unlucky.visit("/calls/?q=ada", status=503)
    expect(unlucky.page.get_by_role("link", name="Try again")).to_have_attribute("href", "/calls/?q=ada")


def test_the_evidence_is_accessible(dashboard: Dashboard, people: People, enter: Enter) -> None:
    auditor = enter("auditor")
    lists = [f"/admin/calls/{name}/" for name in ("call", "notification", "rejectattempt", "auditcheckpoint")]
    auditor.visit("/admin/", "/admin/calls/", *lists)
    call = make_call(1)
    attempt = make_attempt(call)
    notification = make_notification(call.graph_id_folded)
    entry = append("reject.requested", call=call, attempt=attempt)
    append("account.changed", note="viewer", details={"account_id": "3", "changed": {"groups": [[], ["Auditors"]]}})
    with transaction.atomic():
        checkpoint = checkpoints.sign_chain()
    rows = [("call", call), ("notification", notification), ("rejectattempt", attempt), ("auditentry", entry)]
    for name, stored in [*rows, ("auditcheckpoint", checkpoint)]:
        listed = f"/admin/calls/{name}/"
        auditor.visit(listed, f"{listed}{stored.pk}/change/")
    entries = "/admin/calls/auditentry/"
    auditor.visit(f"{entries}?q=anna", f"{entries}?q=nobody", f"{entries}?at_from=nonsense", f"{entries}verify/")
    auditor.press("Verify now", "verified")
    auditor.visit("/admin/password_change/")
    auditor.press("Change my password", "password change refused")
    auditor.page.get_by_label("Old password").fill(PASSWORD)
    auditor.page.get_by_label("New password:", exact=True).fill(NEW_PASSWORD)
    auditor.page.get_by_label("New password confirmation").fill(NEW_PASSWORD)
    auditor.press("Change my password", "password changed")
    expect(auditor.page).to_have_url(re.compile("password_change/done/$"))


def test_the_accounts_are_accessible(dashboard: Dashboard, people: People, enter: Enter) -> None:
    admin = enter("admin")
    group = Group.objects.create(name="Guests")
    for listed, pk in (("/admin/auth/user/", people.viewer.pk), ("/admin/auth/group/", group.pk)):
        page = f"{listed}{pk}/"
        admin.visit(listed, f"{listed}?q=s", f"{listed}?q=zzz", f"{listed}add/")
        admin.press("Save", f"{listed}add/ refused")
        admin.visit(f"{page}change/", f"{page}delete/", f"{page}history/")
        admin.page.goto(listed)
        admin.page.locator("#action-toggle").check()
        admin.page.locator("select[name=action]").select_option("delete_selected")
        admin.press("Go", f"{listed} delete selected")
    admin.visit(f"/admin/auth/user/{people.viewer.pk}/password/", "/admin/auth/", "/admin/auth/user/999/change/")
