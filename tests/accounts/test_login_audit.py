"""Audit entries of sign-ins, sign-outs and failures; many failures make few entries."""

import itertools
import time

import pytest
from django.db import DatabaseError
from django.test import Client

from calls.accounts.failed_logins import FailedLoginCounter, record_expired
from calls.audit import chain
from calls.audit.messages import details_of
from calls.models import AuditEntry
from tests.conftest import PASSWORD
from tests.fixtures.history import sql

_addresses = (f"198.51.100.{number}" for number in itertools.count(1))


@pytest.fixture
def address() -> str:
    """An address without failed sign-ins."""
    return next(_addresses)


def attempt(username: str, password: str, address: str, client: Client | None = None) -> int:
    form = {"username": username, "password": password}
    return (client or Client()).post("/admin/login/?next=/admin/", form, REMOTE_ADDR=address).status_code


def told() -> list[tuple[str, str, str]]:
    entries = AuditEntry.objects.select_related("personal").order_by("id")
    return [(entry.action, entry.personal.actor_name, entry.personal.address) for entry in entries]


def test_signing_in_and_out_leaves_two_entries(people, address, prove):
    client = Client()
    assert attempt("auditor", PASSWORD, address, client) == 302
    client.post("/admin/logout/", REMOTE_ADDR=address)
    assert told() == [("account.signed_in", "auditor", address), ("account.signed_out", "auditor", address)]
    assert prove().code == 0


def test_signing_out_without_being_signed_in_leaves_none(database):
    Client().post("/accounts/logout/")
    assert told() == []


def test_a_failure_leaves_an_entry_with_the_name_that_was_tried(people, address):
    assert attempt("Supervisor\x00<b>", "wrong", address) == 200
    assert attempt("nobody", "wrong", next(_addresses)) == 200
    assert [line[0] for line in told()] == ["account.sign_in_failed"] * len(told())
    assert told()[-1][1] == "nobody"


def test_failures_from_one_address_within_a_minute_leave_one_entry(people, address):
    for number in range(20):
        attempt(f"guess{number}", "wrong", address)
    assert told() == [("account.sign_in_failed", "guess0", address)]


def test_another_address_has_its_own_entry(people, address):
    other = next(_addresses)
    for _ in range(3):
        attempt("auditor", "wrong", address)
        attempt("auditor", "wrong", other)
    assert [line[2] for line in told()] == [address, other]


def test_a_success_after_many_failures_tells_how_many_they_were(people, address):
    for _ in range(8):
        attempt("auditor", "wrong", address)
    attempt("auditor", PASSWORD, address)
    assert [line[0] for line in told()] == [
        "account.sign_in_failed",
        "account.sign_in_failed",
        "account.signed_in",
    ]
    counted = [details_of(entry).get("attempts", 0) for entry in AuditEntry.objects.order_by("id")]
    assert counted == [1, 7, 0]


def test_when_the_minute_is_over_the_next_failure_tells_how_many_there_were():
    counter = FailedLoginCounter(seconds=0.05)
    assert [counter.count("192.0.2.1") for _ in range(4)] == [1, None, None, None]
    time.sleep(0.06)
    assert counter.count("192.0.2.1") == 4


def test_a_whole_ipv6_network_counts_as_one_address():
    counter = FailedLoginCounter()
    assert counter.count("2001:db8:1:2::1") == 1
    assert counter.count("2001:db8:1:2:ffff::2") is None
    assert counter.count("2001:db8:1:3::1") == 1
    assert counter.count("::ffff:192.0.2.1") == 1
    assert counter.count("192.0.2.1") is None
    assert counter.count("not an address") == 1


def test_what_was_only_counted_becomes_an_entry_when_nobody_tries_again(database):
    counter = FailedLoginCounter(seconds=0.0)
    counting = FailedLoginCounter(seconds=60.0)
    for number in range(5):
        counting.count("192.0.2.1")
        counter.count(f"192.0.2.{number}")  # each had its entry at once, so nothing is owed
    counter.restore({"2001:db8::/64": 4})
    assert (record_expired(counter), record_expired(counting)) == (1, 0)
    entry = AuditEntry.objects.select_related("personal").get()
    assert (entry.personal.address, details_of(entry)["attempts"]) == ("2001:db8::/64", 4)
    assert record_expired(counter) == 0


def test_what_cannot_be_recorded_is_counted_on(database):
    counter = FailedLoginCounter(seconds=0.0)
    counter.restore({"192.0.2.1": 4})
    sql("DELETE FROM calls_audithead")
    with pytest.raises(DatabaseError):
        record_expired(counter)
    chain.ensure_head()
    assert record_expired(counter) == 1
