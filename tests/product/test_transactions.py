"""Transactions that begin with their first statements and end with their last ones: still all or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from calls import audit
from calls.models import AuditHead
from calls.rows import Statement, run, run_last, transaction_with

TABLE = AuditHead._meta.db_table


class Change(Exception):
    """Whoever does something has changed their mind."""


def count() -> int:
    return AuditHead.objects.get().entries


def counting(more: int) -> Statement:
    return Statement(f"UPDATE {TABLE} SET entries = entries + %s WHERE id = 1", [more])


REFUSED = Statement(f"INSERT INTO {TABLE} (id) VALUES (%s)", [1])


@contextmanager
def begun() -> Iterator[None]:
    locking, first = audit.locking_head(), counting(1)
    with transaction_with(locking, first):
        run(locking)
        run(first)
        yield


@pytest.fixture
def before(database: None) -> int:
    return count()


def test_all_of_it_is_kept(before: int) -> None:
    with begun():
        run_last(counting(1), counting(1))
    assert count() == before + 3


def test_what_was_sent_along_with_the_beginning_is_taken_back_too(before: int) -> None:
    with pytest.raises(Change), begun():
        raise Change
    assert count() == before


@pytest.mark.parametrize("send", [run, run_last])
def test_what_is_refused_takes_everything_before_it_along(send, before: int) -> None:
    with pytest.raises(DatabaseError), begun():
        send(counting(1), REFUSED)
    assert count() == before


def test_a_refused_beginning_leaves_nothing_and_the_connection_is_as_good_as_before(before: int) -> None:
    with pytest.raises(DatabaseError), transaction_with(counting(1), REFUSED):
        run(counting(1), REFUSED)
    with transaction.atomic():
        run(counting(1))
    assert count() == before + 1


def test_what_follows_the_last_statements_after_all_is_all_or_nothing_by_itself(before: int) -> None:
    with pytest.raises(Change), begun():
        run_last(counting(1))
        kept = count()
        run(counting(1))
        raise Change
    assert count() == (kept if connection.vendor == "postgresql" else before)


def test_inside_another_transaction_nothing_is_kept_before_that_one_is(before: int) -> None:
    with pytest.raises(Change), transaction.atomic():
        with begun():
            run_last(counting(1))
        raise Change
    assert count() == before
