"""Failed sign-ins are counted per address; no failure is lost or counted twice."""

import itertools

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from calls.accounts import failed_logins
from calls.accounts.failed_logins import FailedLoginCounter, record_expired
from calls.audit.messages import details_of
from calls.models import AuditEntry
from tests.accounts.test_login_audit import attempt, told
from tests.clients import PASSWORD
from tests.conftest import People

FIRST, SECOND = "192.0.2.1", "192.0.2.2"
_networks = (f"2001:db8:{number:x}" for number in itertools.count(1))


def test_what_was_released_is_not_told_again() -> None:
    counter = FailedLoginCounter()
    for _ in range(5):
        counter.count(FIRST)
    assert counter.take_pending(SECOND) == 0
    assert counter.take_pending(FIRST) == 4
    assert counter.take_pending(FIRST) == 0
    assert counter.count(FIRST) is None, "the minute goes on"
    assert counter.take_pending(FIRST) == 1


def test_what_expired_is_told_once_with_its_number() -> None:
    counter = FailedLoginCounter(seconds=0.0)
    counter.restore({FIRST: 3, SECOND: 1})
    assert counter.take_expired() == {FIRST: 3, SECOND: 1}
    assert counter.take_expired() == {}


def test_what_is_put_back_is_added_to_what_was_counted_meanwhile() -> None:
    counter = FailedLoginCounter()
    counter.count(FIRST)
    counter.count(FIRST)
    counter.restore({FIRST: 3})
    assert counter.take_pending(FIRST) == 4
    assert counter.take_expired() == {}, "its minute is not over"


def test_within_the_minute_nothing_expires_and_afterwards_the_next_one_is_let_in() -> None:
    counting, over = FailedLoginCounter(seconds=60.0), FailedLoginCounter(seconds=0.0)
    assert [counting.count(FIRST) for _ in range(3)] == [1, None, None]
    assert counting.take_expired() == {}
    assert [over.count(FIRST) for _ in range(3)] == [1, 1, 1]
    assert over.take_expired() == {}, "each had its entry at once, so nothing is owed"


def test_of_very_many_addresses_the_ones_least_recently_used_are_forgotten() -> None:
    counter = FailedLoginCounter()
    for number in range(failed_logins.MAX_ADDRESSES):
        counter.count(f"address {number}")
    counter.count("address 0")  # used again, so it stays
    counter.count("one more")
    assert counter.take_pending("address 0") == 1
    assert counter.count("address 1") == 1, "forgotten, so it begins anew"
    assert counter.count("address 3") is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "unix:", False),
        ("", "", True),
    ],
)
def test_which_addresses_count_as_one(one: str, other: str, same: bool) -> None:
    counter = FailedLoginCounter()
    counter.count(one)
    assert (counter.count(other) is None) is same


def test_each_address_has_its_own_entry_when_its_minute_is_over(database: None) -> None:
    counter = FailedLoginCounter(seconds=0.0)
    counter.restore({FIRST: 4, SECOND: 2, "x" * 100: 1})
    assert record_expired(counter) == 3
    entries = AuditEntry.objects.select_related("personal").order_by("id")
    assert [(entry.personal.address, details_of(entry)["attempts"], entry.actor_id) for entry in entries] == [
        (FIRST, 4, ""),
        (SECOND, 2, ""),
        ("x" * 64, 1, ""),
    ]


def test_a_success_tells_of_the_failures_from_its_own_address_only(people: People) -> None:
    here, elsewhere = f"{next(_networks)}::1", f"{next(_networks)}::1"
    for _ in range(3):
        attempt("auditor", "wrong", here)
        attempt("auditor", "wrong", elsewhere)
    attempt("auditor", PASSWORD, here)
    counted = [(line[0], line[1], line[2]) for line in told()][2:]
    assert counted == [("account.sign_in_failed", "", here), ("account.signed_in", "auditor", here)]
    assert details_of(AuditEntry.objects.order_by("-id")[1])["attempts"] == 2


def test_a_success_without_failures_before_leaves_one_entry(people: People) -> None:
    attempt("auditor", PASSWORD, f"{next(_networks)}::1")
    assert [line[0] for line in told()] == ["account.signed_in"]


def test_a_session_ends_a_shift_after_signing_in_however_it_is_used(people: People, settings: object) -> None:
    settings.SESSION_COOKIE_AGE = 3600
    client = Client()
    before = timezone.now()
    client.post("/accounts/login/", {"username": "viewer", "password": PASSWORD})
    ends = Session.objects.get().expire_date
    assert 3590 < (ends - before).total_seconds() < 3660
    assert client.get("/").status_code == 200
    session = client.session
    session["used"] = True
    session.save()
    assert abs((Session.objects.get().expire_date - ends).total_seconds()) < 1


def test_somebody_put_into_a_role_by_other_means_gets_the_admin_site_at_the_next_sign_in(people: People) -> None:
    people.viewer.groups.set(people.auditor.groups.all())
    client = Client()
    client.post("/accounts/login/", {"username": "viewer", "password": PASSWORD})
    assert client.get("/admin/calls/auditentry/").status_code == 200
