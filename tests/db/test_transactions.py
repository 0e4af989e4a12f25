"""`transaction.atomic()` means the same on every database: it commits nothing before its end."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from calls.audit import chain
from calls.audit.actor import SYSTEM
from calls.db.sql import Statement, run
from calls.models import AuditEntry, AuditHead, AuditPersonal

TABLE = AuditHead._meta.db_table
ENTRIES = Statement(f"SELECT entries FROM {TABLE} WHERE id = 1", (), tuple)


class Change(Exception):
    """Raised after the last statement of a transaction."""


def count() -> int:
    return AuditHead.objects.get().entries


def counting(more: int) -> Statement:
    return Statement(f"UPDATE {TABLE} SET entries = entries + %s WHERE id = 1", [more])


REFUSED = Statement(f"INSERT INTO {TABLE} (id) VALUES (%s)", [1])


@pytest.fixture
def before(database: None) -> int:
    return count()


def append() -> None:
    chain.append("account.signed_in", actor=SYSTEM)


LAST_STATEMENTS: dict[str, Callable[[], object]] = {
    "an entry": append,
    "one statement": lambda: run(counting(1)),
    "several statements": lambda: run(counting(1), counting(1)),
    "the ORM's": lambda: AuditHead.objects.update(entries=7),
}


@pytest.mark.parametrize("last", LAST_STATEMENTS)
def test_an_exception_after_the_last_statement_rolls_everything_back(before: int, last: str) -> None:
    with pytest.raises(Change), transaction.atomic():
        run(counting(1))
        LAST_STATEMENTS[last]()
        raise Change
    assert count() == before
    assert not AuditEntry.objects.exists() and not AuditPersonal.objects.exists()


@pytest.mark.parametrize("last", LAST_STATEMENTS)
def test_nothing_is_seen_from_outside_before_the_transaction_is_left(before: int, last: str) -> None:
    outside = connection.copy()
    try:
        with transaction.atomic():
            LAST_STATEMENTS[last]()
            with outside.cursor() as cursor:
                cursor.execute(ENTRIES.sql)
                assert cursor.fetchone() == (before,)
        assert count() > before
    finally:
        outside.close()


def test_inside_another_transaction_nothing_is_kept_before_that_one_is(before: int) -> None:
    with pytest.raises(Change), transaction.atomic():
        with transaction.atomic():
            append()
        raise Change
    assert count() == before


def test_several_statements_are_answered_one_by_one_and_see_each_other(before: int) -> None:
    with transaction.atomic():
        assert run(ENTRIES, counting(2), ENTRIES) == [[(before,)], [], [(before + 2,)]]
    assert count() == before + 2


def test_what_is_refused_takes_everything_before_it_along(before: int) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        run(counting(1), REFUSED)
    with transaction.atomic():
        run(counting(1))
    assert count() == before + 1
