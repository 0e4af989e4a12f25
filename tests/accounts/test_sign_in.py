"""The sign-in pages, and which account can open which page."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from tests.conftest import PASSWORD, People, session_key_of
from tests.hashers import QuickHasher

BACKEND_OF_THE_VERSION_BEFORE = "calls.backends.AccountBackend"


class CountingHasher(QuickHasher):
    """Counts how often a password is hashed."""

    hashed = 0

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        CountingHasher.hashed += 1
        return super().encode(password, salt, iterations)


@pytest.mark.parametrize("form", ["/accounts/login/", "/admin/login/"])
def test_somebody_put_into_the_auditors_by_hand_gets_into_the_admin(database: None, form: str) -> None:
    user = User.objects.create_user("by-hand", password=PASSWORD)
    user.groups.add(Group.objects.get(name="Auditors"))
    browser = Client()
    signed_in = browser.post(form, {"username": "by-hand", "password": PASSWORD, "next": "/admin/"})
    assert (signed_in.status_code, signed_in["Location"]) == (302, "/admin/")
    assert browser.get("/admin/calls/auditentry/").status_code == 200


@pytest.mark.parametrize("who", ["supervisor", "viewer", "stranger"])
def test_the_admin_is_not_for_others(people: People, who: str) -> None:
    browser = Client()
    assert browser.post("/admin/login/", {"username": who, "password": PASSWORD}).status_code == 200
    browser.post("/accounts/login/", {"username": who, "password": PASSWORD})
    assert browser.get("/admin/calls/auditentry/").status_code == 302


def test_the_board_is_not_for_strangers_and_says_so(people: People) -> None:
    browser = Client()
    assert browser.get("/")["Location"] == "/accounts/login/?next=/"
    browser.post("/accounts/login/", {"username": "stranger", "password": PASSWORD})
    assert browser.get("/").status_code == 403


@pytest.mark.parametrize(("who", "password"), [("viewer", PASSWORD), ("viewer", "wrong"), ("nobody", "wrong")])
def test_a_password_is_hashed_once_whether_it_is_right_or_wrong(people: People, settings, who, password) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.hashed = 0
    Client().post("/accounts/login/", {"username": who, "password": password})
    assert CountingHasher.hashed == 1


def test_a_session_of_the_version_before_stays_signed_in_with_its_rights(people: People) -> None:
    browser = Client()
    browser.cookies["sessionid"] = session_key_of(people.supervisor, BACKEND_OF_THE_VERSION_BEFORE)
    page = browser.get("/")
    assert (page.status_code, page.context["may_reject"]) == (200, True)
    browser.cookies["sessionid"] = session_key_of(people.stranger, BACKEND_OF_THE_VERSION_BEFORE)
    assert browser.get("/").status_code == 403


def test_a_session_of_the_version_before_ends_with_its_account(people: People) -> None:
    browser = Client()
    browser.cookies["sessionid"] = session_key_of(people.supervisor, BACKEND_OF_THE_VERSION_BEFORE)
    User.objects.filter(pk=people.supervisor.pk).update(is_active=False)
    assert browser.get("/").status_code == 302


def test_signing_out_is_a_post(people: People) -> None:
    browser = Client()
    browser.post("/accounts/login/", {"username": "viewer", "password": PASSWORD})
    assert browser.get("/accounts/logout/").status_code == 405
    assert browser.post("/accounts/logout/").status_code == 302
    assert browser.get("/").status_code == 302


def test_a_page_says_what_may_not_be_done_with_it(database: None) -> None:
    headers = Client().get("/accounts/login/").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
