"""The history page: permission, filters and pagination."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from calls.graph.payloads import fold_id
from calls.models import Call
from tests.conftest import People
from tests.fixtures.history import make_attempt, make_call

SignedIn = Callable[[User], Client]
GUID = "80c74995-518b-43de-8fa0-15495591a152"


@pytest.fixture
def reader(people: People, signed_in: SignedIn) -> Client:
    return signed_in(people.viewer)


def text(client: Client, question: str = "") -> str:
    answer = client.get(f"/calls/?{question}")
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def found(client: Client, question: str = "") -> list[str]:
    """Return the callers' names on the page, from top to bottom."""
    keys = re.findall(r'<a href="/calls/([0-9a-f-]{36})/"', text(client, question))
    names = {str(call.public_id): call.caller_name for call in Call.objects.all()}
    return [names[key] for key in keys]


def call_of(name: str, number: int, **fields: object) -> Call:
    return make_call(number, source={"kind": "user", "name": name, "id": f"id-of-{name}"}, **fields)


# Permission -----------------------------------------------------------------------------------------------------------


def test_the_history_is_for_those_who_may_see_calls(people: People, signed_in: SignedIn) -> None:
    call = make_call()
    for address in ("/calls/", f"/calls/{call.public_id}/"):
        assert Client().get(address).headers["Location"] == f"/accounts/login/?next={address}"
        assert signed_in(people.stranger).get(address).status_code == 403
        answer = signed_in(people.viewer).get(address)
        assert (answer.status_code, "no-store" in answer.headers["Cache-Control"]) == (200, True)
        assert signed_in(people.viewer).post(address).status_code == 405


def test_a_call_nobody_knows_is_not_found(reader: Client) -> None:
    assert reader.get("/calls/00000000-0000-0000-0000-000000000000/").status_code == 404


# Search ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def several(database: None) -> None:
    target = {"kind": "application", "name": "Front desk", "id": "bot-7"}
    call_of("Ada", 1, graph_id=GUID, graph_id_folded=fold_id(GUID), chain_id="chain-of-ada")
    call_of("Ольга Петрова", 2, state="established", direction="incoming", targets=[target])
    call_of("Boris", 3, state="somethingNew", direction="outgoing")


@pytest.mark.parametrize(
    ("question", "callers"),
    [
        ("", ["Boris", "Ольга Петрова", "Ada"]),
        ("q=ada", ["Ada"]),
        ("q=AD", ["Ada"]),
        ("q=%20ada%20", ["Ada"]),
        ("q=ольга+петрова", ["Ольга Петрова"]),
        ("q=ОЛЬГА", ["Ольга Петрова"]),
        ("q=петрова", ["Ольга Петрова"]),
        ("q=id-of-boris", ["Boris"]),
        ("q=front", ["Ольга Петрова"]),
        ("q=BOT-7", ["Ольга Петрова"]),
        ("q=518b-43de", ["Ada"]),
        (f"q={GUID.upper()}", ["Ada"]),
        (f"q={GUID.replace('-', '')}", ["Ada"]),
        ("q=chain-of", ["Ada"]),
        ("q=nobody", []),
        ("state=incoming", ["Ada"]),
        ("state=established", ["Ольга Петрова"]),
        ("direction=outgoing", ["Boris"]),
        ("direction=incoming", ["Ольга Петрова", "Ada"]),
        ("direction=incoming&state=established", ["Ольга Петрова"]),
        ("q=ada&state=established", []),
    ],
)
def test_calls_are_found_by(question: str, callers: list[str], several: None, reader: Client) -> None:
    assert found(reader, question) == callers


def test_a_call_is_found_by_its_key(several: None, reader: Client) -> None:
    key = Call.objects.get(source__name="Boris").public_id
    assert found(reader, f"q={key}") == found(reader, f"q={key.hex.upper()}") == ["Boris"]


@pytest.mark.parametrize(
    "wrong", ["q=a%00da", "state=x", "direction=x", "decision=x", "since=x", "until=0001-01-01", "before=0"]
)
def test_a_filter_that_makes_no_sense_is_named_and_not_applied(wrong: str, several: None, reader: Client) -> None:
    assert len(found(reader, wrong)) == 3
    assert "is-invalid" in text(reader, wrong) or wrong.startswith("before")
    assert "is-invalid" not in text(reader)


# Outcome --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def decided(database: None) -> None:
    now = timezone.now()
    over, passed = {"state": "terminated", "ended_at": now}, {"let_pass_at": now, "let_pass_by": "anna"}
    make_attempt(call_of("confirmed", 1, **over), outcome="confirmed")
    make_attempt(call_of("unknown", 2, missed_at=now), outcome="unknown")
    make_attempt(call_of("refused", 3, missed_at=now), outcome="refused")
    call_of("passed", 4, missed_at=now, **passed)
    make_attempt(call_of("passed and rejected", 5, **over, **passed), outcome="confirmed")
    call_of("missed", 6, missed_at=now)
    call_of("missed in view", 7, missed_at=now, watched_at=now)
    call_of("ended", 8, **over)
    call_of("answered", 9, **over, established_at=now)
    call_of("outgoing", 10, **over, direction="outgoing")
    call_of("no window", 11, **over, deadline=None)
    call_of("rings", 12)


@pytest.mark.parametrize(
    ("decision", "callers"),
    [
        ("decided", {"confirmed", "unknown", "passed and rejected"}),
        ("passed", {"passed"}),
        ("undecided", {"refused", "missed", "missed in view", "ended", "answered", "outgoing", "no window", "rings"}),
        ("missed", {"unknown", "refused", "missed", "missed in view"}),
        ("unseen", {"missed", "ended"}),
    ],
)
def test_calls_are_found_by_what_became_of_them(
    decision: str, callers: set[str], decided: None, reader: Client
) -> None:
    assert set(found(reader, f"decision={decision}")) == callers


# Dates ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "question", "callers"),
    [
        ("UTC", "since=2026-03-02", {"at its first moment", "in the evening"}),
        ("UTC", "until=2026-03-01", {"just before"}),
        ("UTC", "since=2026-03-02&until=2026-03-02", {"at its first moment", "in the evening"}),
        ("UTC", "since=2026-03-03", set()),
        ("Asia/Tokyo", "since=2026-03-03", {"in the evening"}),
        ("Asia/Tokyo", "until=2026-03-02", {"just before", "at its first moment"}),
    ],
)
def test_days_begin_and_end_at_midnight_of_the_dashboards_zone(
    zone: str, question: str, callers: set[str], reader: Client, settings: object
) -> None:
    settings.TIME_ZONE = zone
    day = datetime(2026, 3, 2, tzinfo=UTC)
    call_of("just before", 1, received_at=day - timedelta(microseconds=1))
    call_of("at its first moment", 2, received_at=day)
    call_of("in the evening", 3, received_at=day + timedelta(hours=20))
    assert set(found(reader, question)) == callers


# Pagination -----------------------------------------------------------------------------------------------------------


def fill(count: int) -> None:
    for number in range(count):
        call_of(f"caller {number:03}", number, state="incoming" if number % 2 else "ringing")


def links(page: str) -> dict[str, str]:
    """Return the URLs of the neighbouring pages by the link's text."""
    return {word: address for address, word in re.findall(r'<a class="btn btn-quiet"[^>]* href="([^"]*)">(\w+)<', page)}


def test_pages_follow_each_other_without_a_gap(reader: Client) -> None:
    fill(120)
    pages, question = [], ""
    while True:
        pages.append(found(reader, question))
        around = links(text(reader, question))
        assert ("Newest" in around) == bool(question)
        if "Older" not in around:
            break
        question = around["Older"].removeprefix("?")
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [name for page in pages for name in page] == [f"caller {number:03}" for number in reversed(range(120))]
    assert found(reader, links(text(reader, question))["Newest"].removeprefix("?")) == pages[0]


def test_the_older_page_keeps_the_filters(reader: Client) -> None:
    fill(110)
    first = text(reader, "state=ringing&q=caller")
    rest = found(reader, links(first)["Older"].removeprefix("?"))
    assert rest == ["caller 008", "caller 006", "caller 004", "caller 002", "caller 000"]


def test_a_page_that_is_just_full_has_no_older_one(reader: Client) -> None:
    fill(50)
    assert "Older" not in links(text(reader))


def test_an_empty_page_says_why(reader: Client) -> None:
    assert "No call has been received yet" in text(reader)
    assert "All calls" not in text(reader)
    assert "There are no older calls" in text(reader, "before=1")
    assert "No call matches" in text(reader, "q=nobody")
    assert "All calls" in text(reader, "q=nobody")
