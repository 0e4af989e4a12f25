"""Preferences are stored on the server and apply in each browser of the user."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from calls.models import Preferences
from tests.conftest import People

SignedIn = Callable[[User], Client]
DEFAULTS = {
    "theme": "auto",
    "density": "comfortable",
    "sound": True,
    "tone": "bell",
    "volume": 70,
    "notices": True,
    "keys": True,
}


def choose(client: Client, document: Any) -> Any:
    return client.post("/preferences/", document, content_type="application/json")


def test_they_begin_with_the_defaults(people: People, signed_in: SignedIn) -> None:
    answer = signed_in(people.viewer).get("/preferences/")
    assert (answer.status_code, answer.json()) == (200, DEFAULTS)


def test_what_is_chosen_holds_in_another_browser_and_for_nobody_else(people: People, signed_in: SignedIn) -> None:
    answer = choose(signed_in(people.supervisor), {"theme": "dark", "volume": 0})
    assert (answer.status_code, answer.json()) == (200, {**DEFAULTS, "theme": "dark", "volume": 0})
    assert choose(signed_in(people.supervisor), {"language": "ru"}).json()["theme"] == "dark"
    assert signed_in(people.supervisor).get("/preferences/").json() == {
        **DEFAULTS,
        "theme": "dark",
        "volume": 0,
        "language": "ru",
    }
    assert signed_in(people.colleague).get("/preferences/").json() == DEFAULTS


def test_no_language_is_the_browsers_own(people: People, signed_in: SignedIn) -> None:
    client = signed_in(people.supervisor)
    choose(client, {"language": "ru"})
    assert choose(client, {"language": None}).json() == DEFAULTS


@pytest.mark.parametrize(
    "wrong",
    [
        {"theme": "pink"},
        {"theme": None},
        {"density": 1},
        {"language": "tlh"},
        {"sound": "yes"},
        {"sound": 1},
        {"tone": ["bell"]},
        {"volume": 101},
        {"volume": -1},
        {"volume": 5.5},
        {"volume": True},
        {"colour": "red"},
    ],
    ids=str,
)
def test_what_means_nothing_is_422_and_changes_nothing(
    people: People, signed_in: SignedIn, wrong: dict[str, Any]
) -> None:
    client = signed_in(people.supervisor)
    answer = choose(client, {"density": "dense", **wrong})
    assert (answer.status_code, answer.json()["name"]) == (422, next(iter(wrong)))
    assert client.get("/preferences/").json() == DEFAULTS


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "[" * 100_000])
def test_what_is_no_object_is_422(people: People, signed_in: SignedIn, body: str) -> None:
    client = signed_in(people.supervisor)
    assert client.post("/preferences/", body, content_type="application/json").status_code == 422
    assert client.post("/preferences/", {"theme": "dark"}).status_code == 422
    assert not Preferences.objects.exists()


def test_signed_out_is_401(database: None) -> None:
    answer = Client().get("/preferences/")
    assert (answer.status_code, answer.json()["outcome"]) == (401, "signed_out")


def test_other_methods_are_405(people: People, signed_in: SignedIn) -> None:
    assert signed_in(people.supervisor).delete("/preferences/").status_code == 405


def test_the_language_buttons_store_the_language(people: People, signed_in: SignedIn) -> None:
    client = signed_in(people.supervisor)
    assert client.post("/i18n/", {"language": "ru", "next": "/calls/"}).headers["Location"] == "/calls/"
    assert signed_in(people.supervisor).get("/preferences/").json()["language"] == "ru"
    client.post("/i18n/", {"language": "tlh", "next": "/"})
    assert signed_in(people.supervisor).get("/preferences/").json()["language"] == "ru"


def test_the_language_buttons_work_signed_out_as_well(database: None) -> None:
    client = Client()
    client.post("/i18n/", {"language": "ru", "next": "/"})
    assert client.cookies["django_language"].value == "ru"


def test_with_the_person_their_preferences_go(people: People, signed_in: SignedIn) -> None:
    choose(signed_in(people.viewer), {"theme": "dark"})
    people.viewer.delete()
    assert not Preferences.objects.exists()
