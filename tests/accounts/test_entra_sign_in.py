"""Signing in with Entra ID: the redirect, the callback, and the groups that follow from the roles."""

import dataclasses
import json
from collections.abc import Callable, Iterator

import httpx
import pytest
from django.contrib.auth.models import User

from calls.graph import http
from calls.models import AuditEntry, EntraAccount
from calls.simulator import Simulator
from tests.clients import sign_in as sign_in_locally
from tests.conftest import People
from tests.servers import Dashboard

NADIA, OLEG, INGRID, MATEO = (f"{name}@contoso.example" for name in ("nadia", "oleg", "ingrid", "mateo"))

Opener = Callable[[], httpx.Client]


@pytest.fixture
def browser(entra_dashboard: Dashboard, identity: Simulator) -> Iterator[Opener]:
    """A client of the public URL without cookies."""
    opened: list[httpx.Client] = []

    def open_browser() -> httpx.Client:
        address = f"http://localhost:{entra_dashboard.port}"
        opened.append(httpx.Client(base_url=address, verify=http.trust(str(identity.authority)), timeout=30))
        return opened[-1]

    yield open_browser
    for client in opened:
        client.close()


def begin(browser: httpx.Client, wanted: str = "") -> str:
    """Follow the sign-in page's link; return the URL at the identity service."""
    assert browser.get("/accounts/entra/", params={"next": wanted}).status_code == 302
    return browser.get("/accounts/entra/", params={"next": wanted}).headers["Location"]


def pick(browser: httpx.Client, address: str, who: str) -> str:
    """Choose a person at the identity service; return the URL that it redirects to."""
    return browser.post(address, data={"who": who}).headers["Location"]


def sign_in(browser: httpx.Client, who: str, wanted: str = "") -> httpx.Response:
    """Sign a person in; return the response of the callback."""
    return browser.get(pick(browser, begin(browser, wanted), who))


def told(browser: httpx.Client, answer: httpx.Response) -> str:
    """Return the messages on the sign-in page."""
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/")
    page = browser.get("/accounts/login/").text
    return page.partition('<div class="messages">')[2].partition("</div>")[0]


def actions() -> list[str]:
    """Return the account actions in the history without failures, whose entries may come a minute later."""
    entries = AuditEntry.objects.filter(action__startswith="account.").exclude(action="account.sign_in_failed")
    return list(entries.order_by("id").values_list("action", flat=True))


def groups_of(username: str) -> list[str]:
    return sorted(User.objects.get(username=username).groups.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("who", "groups", "sees_admin"),
    [(NADIA, ["Supervisors"], False), (OLEG, ["Viewers"], False), (INGRID, ["Auditors"], True)],
)
def test_a_role_is_a_group(browser: Opener, who: str, groups: list[str], sees_admin: bool) -> None:
    client = browser()
    assert sign_in(client, who).headers["Location"] == "/"
    assert client.get("/").status_code == 200
    assert (client.get("/admin/").status_code == 200) is sees_admin
    assert groups_of(who) == groups
    assert not User.objects.get(username=who).has_usable_password()
    assert actions() == ["account.created", "account.signed_in"]
    signed_in = AuditEntry.objects.get(action="account.signed_in")
    assert signed_in.personal.actor_name == who


def test_the_sign_in_page_shows_the_way_and_keeps_local_accounts(
    browser: Opener, entra_dashboard: Dashboard, people: People
) -> None:
    page = browser().get("/accounts/login/?next=/calls/").text
    assert 'href="/accounts/entra/?next=%2Fcalls%2F"' in page
    local = sign_in_locally(entra_dashboard, "supervisor")
    assert local.get("/").status_code == 200
    local.close()


def test_the_admin_leads_to_the_sign_in_page_that_knows_the_way(browser: Opener) -> None:
    client = browser()
    lost = client.get("/admin/")
    asked = client.get(lost.headers["Location"])
    assert (asked.status_code, asked.headers["Location"]) == (302, "/accounts/login/?next=%2Fadmin%2F")


def test_one_comes_back_to_the_page_one_wanted_and_to_no_other_site(browser: Opener) -> None:
    assert sign_in(browser(), NADIA, "/calls/?q=ada").headers["Location"] == "/calls/?q=ada"
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        assert sign_in(browser(), NADIA, elsewhere).headers["Location"] == "/"


def test_rights_are_those_of_today(browser: Opener, identity: Simulator) -> None:
    sign_in(browser(), NADIA)
    staff = identity.identity.sign_ins.staff
    staff[0] = dataclasses.replace(staff[0], roles=("Viewer", "Auditor", "Gardener"), name="Nadia Fischer-Weber")
    client = browser()
    sign_in(client, NADIA)
    assert groups_of(NADIA) == ["Auditors", "Viewers"]
    assert client.get("/admin/").status_code == 200
    changed = AuditEntry.objects.get(action="account.changed")
    assert json.loads(changed.details)["changed"] == {"groups": [["Supervisors"], ["Auditors", "Viewers"]]}
    assert EntraAccount.objects.count() == 1


def test_without_a_role_nobody_comes_in_and_nothing_is_made_for_them(browser: Opener) -> None:
    client = browser()
    assert "none of the roles" in told(client, sign_in(client, MATEO))
    assert client.get("/").status_code == 302
    assert not User.objects.filter(username=MATEO).exists()
    assert actions() == []


def test_who_lost_every_role_loses_every_right(browser: Opener, identity: Simulator) -> None:
    before = browser()
    sign_in(before, NADIA)
    staff = identity.identity.sign_ins.staff
    staff[0] = dataclasses.replace(staff[0], roles=())
    client = browser()
    assert "none of the roles" in told(client, sign_in(client, NADIA))
    assert groups_of(NADIA) == []
    assert before.get("/").status_code == 403, "the session that was open sees nothing any more"


def test_an_account_disabled_here_stays_out(browser: Opener) -> None:
    sign_in(browser(), NADIA)
    User.objects.filter(username=NADIA).update(is_active=False)
    client = browser()
    assert "disabled" in told(client, sign_in(client, NADIA))


def test_a_local_account_of_the_same_name_is_not_taken_over(browser: Opener, people: People) -> None:
    User.objects.create_user(NADIA, is_superuser=True)
    client = browser()
    sign_in(client, NADIA)
    account = EntraAccount.objects.get()
    assert account.user.username == f"{NADIA}-{account.object_id}"
    assert not account.user.is_superuser


def test_a_name_given_to_somebody_else_gives_them_nothing(browser: Opener, identity: Simulator) -> None:
    sign_in(browser(), NADIA)
    identity.identity.sign_ins.claims = {"oid": "another-object", "roles": ["Viewer"]}
    sign_in(browser(), NADIA)
    assert groups_of(NADIA) == ["Supervisors"]
    assert groups_of(f"{NADIA}-another-object") == ["Viewers"]


def test_a_sign_in_begun_by_somebody_else_is_not_finished(browser: Opener) -> None:
    theirs, ours = browser(), browser()
    address = pick(theirs, begin(theirs), NADIA)
    assert "another browser" in told(ours, ours.get(address))
    begin(ours)
    assert "did not confirm" in told(ours, ours.get(address))
    assert not User.objects.exists()


def test_coming_back_twice_signs_in_once(browser: Opener) -> None:
    client = browser()
    back = pick(client, begin(client), NADIA)
    assert [client.get(back).headers["Location"] for _ in range(2)] == ["/", "/"]
    assert actions() == ["account.created", "account.signed_in"]


def test_somebody_who_cancels_is_told_so_and_recorded(browser: Opener) -> None:
    client = browser()
    assert "did not confirm" in told(client, sign_in(client, ""))
    sign_in(client, NADIA)  # at the latest with this, failures from the same address stand in the history
    assert AuditEntry.objects.filter(action="account.sign_in_failed").exists()


def test_who_only_begins_leaves_nothing_behind(browser: Opener, entra_dashboard: Dashboard) -> None:
    client = browser()
    begin(client)
    assert not User.objects.exists() and actions() == []
    assert [cookie.path for cookie in client.cookies.jar if cookie.name == "entra_sign_in"] == ["/accounts/entra/"]


def test_an_identity_service_that_is_down_is_told_and_local_accounts_work(
    browser: Opener, entra_dashboard: Dashboard, identity: Simulator, people: People
) -> None:
    client = browser()
    back = pick(client, begin(client), NADIA)
    identity.faults.token(status=503)
    assert "cannot be reached" in told(client, client.get(back))
    sign_in_locally(entra_dashboard, "supervisor").close()


def test_another_name_of_this_machine_leads_to_the_proper_one(browser: Opener, entra_dashboard: Dashboard) -> None:
    moved = browser().get(f"{entra_dashboard.url}/accounts/entra/?next=/calls/").headers["Location"]
    assert moved.startswith(f"http://localhost:{entra_dashboard.port}/accounts/entra/?next=%2Fcalls%2F")


def test_no_token_and_no_code_is_in_the_log(browser: Opener, entra_dashboard: Dashboard) -> None:
    client = browser()
    back = pick(client, begin(client), NADIA)
    client.get(back)
    code = httpx.URL(back).params["code"]
    assert code not in entra_dashboard.log and "eyJ" not in entra_dashboard.log


def test_switched_off_there_is_no_such_page(dashboard: Dashboard, people: People) -> None:
    for path in ("/accounts/entra/", "/accounts/entra/callback/?code=x&state=y"):
        assert httpx.get(dashboard.url + path).status_code == 404
    assert "accounts/entra" not in httpx.get(f"{dashboard.url}/accounts/login/").text
