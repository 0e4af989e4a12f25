"""Signing in: which page opens to whom."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from tests.conftest import PASSWORD, People


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
