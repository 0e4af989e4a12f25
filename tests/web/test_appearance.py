"""Pages use the signed-in user's language and theme in every browser."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime

from calls.accounts import preferences
from tests.conftest import PASSWORD, People

SignedIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def no_language_stays() -> Iterator[None]:
    """Reactivate English in the test's thread afterwards."""
    yield
    translation.activate("en")


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_the_chosen_language_is_spoken_on_every_page_in_another_browser_too(
    people: People, signed_in: SignedIn
) -> None:
    preferences.save_preferences(people.admin.pk, {"language": "ru"})
    client = signed_in(people.admin)
    for address in ("/", "/calls/", "/admin/", "/admin/calls/auditentry/"):
        answer = client.get(address, headers={"Accept-Language": "en"})
        assert '<html lang="ru"' in answer.content.decode(), address
        assert answer.headers["Content-Language"] == "ru"
    assert "Живое табло" in text(client, "/")
    assert client.cookies["django_language"].value == "ru", "for what the page's scripts will ask"
    refused = client.post("/preferences/", {}, content_type="application/json", headers={"Accept-Language": "en"})
    assert refused.status_code == 200


def test_what_a_script_posts_is_answered_in_the_pages_language(people: People, signed_in: SignedIn) -> None:
    preferences.save_preferences(people.supervisor.pk, {"language": "ru"})
    client = signed_in(people.supervisor)
    client.get("/")
    answer = client.post("/preferences/", "[]", content_type="application/json")
    assert answer.json()["message"].startswith("Настройки")


def test_without_a_choice_the_browsers_language_holds(people: People, signed_in: SignedIn) -> None:
    client = signed_in(people.supervisor)
    assert '<html lang="ru"' in client.get("/", headers={"Accept-Language": "ru"}).content.decode()
    assert '<html lang="en"' in client.get("/", headers={"Accept-Language": "de"}).content.decode()
    preferences.save_preferences(people.colleague.pk, {"language": "ru"})
    assert '<html lang="en"' in text(client, "/"), "somebody else's choice"


def test_a_language_taken_back_is_the_browsers_again(people: People, signed_in: SignedIn) -> None:
    client = signed_in(people.supervisor)
    client.post("/preferences/", {"language": "ru"}, content_type="application/json")
    assert '<html lang="ru"' in text(client, "/")
    client.post("/preferences/", {"language": None}, content_type="application/json")
    assert '<html lang="en"' in text(client, "/")


@pytest.mark.parametrize("address", ["/", "/calls/"])
def test_the_chosen_theme_is_told_to_every_page(people: People, signed_in: SignedIn, address: str) -> None:
    preferences.save_preferences(people.admin.pk, {"theme": "dark"})
    assert 'data-theme-choice="dark"' in text(signed_in(people.admin), address)


def test_pages_of_nobody_have_the_defaults(database: None) -> None:
    answer = Client().get("/accounts/login/")
    assert answer.status_code == 200
    assert answer.context["preferences"] == preferences.DEFAULTS


def test_the_board_is_told_what_its_scripts_need(people: People, signed_in: SignedIn) -> None:
    preferences.save_preferences(people.supervisor.pk, {"volume": 30})
    client = signed_in(people.supervisor)
    page = text(client, "/")
    told = dict(re.findall(r'(data-[a-z-]+)="([^"]*)"', page))
    assert told["data-bulk-url"] == "/calls/reject/"
    assert json.loads(told["data-preferences"].replace("&quot;", '"')) == {**preferences.DEFAULTS, "volume": 30}
    assert re.fullmatch("[0-9a-f]{12}", told["data-build"])
    assert told["data-wall"] == "false"
    assert 'data-wall="true"' in text(client, "/?wall")


def test_a_page_takes_one_query_more_for_it_and_probes_none(
    people: People, signed_in: SignedIn, django_assert_num_queries: Callable
) -> None:
    client = signed_in(people.viewer)
    with django_assert_num_queries(3):  # the session, the user, the preferences
        client.get("/preferences/")
    with django_assert_num_queries(0):
        Client().get("/accounts/login/")


def test_a_session_ends_a_shift_after_signing_in_whatever_is_done_with_it(people: People) -> None:
    client = Client()
    client.post("/accounts/login/", {"username": "supervisor", "password": PASSWORD})
    ends = Session.objects.get().expire_date
    assert 11.9 < (ends - timezone.now()).total_seconds() / 3600 <= 12
    page = text(client, "/")
    told = re.search(r'data-session-ends="([^"]+)"', page)
    assert told
    assert abs((parse_datetime(told[1]) - ends).total_seconds()) < 1
    client.post("/i18n/", {"language": "ru", "next": "/"})
    session = client.session  # whatever a page may store there later
    session["something"] = "else"
    session.save()
    client.get("/")
    assert Session.objects.get().expire_date == ends
    assert client.cookies["sessionid"]["max-age"] <= 12 * 3600
