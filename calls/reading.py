"""Reading rows that somebody else may have filled with what cannot be read: rubbish for a time, bytes for a text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.db.models import QuerySet

AT_ONCE = 2_000
# What reading, or computing with, a value raises that this program never wrote.
UNREADABLE = (AttributeError, TypeError, ValueError, OverflowError, DatabaseError)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a row that cannot be read."""

    pk: int


def each(rows: QuerySet) -> Iterator[Any]:
    """Yield each row, in constant memory, and Unreadable for one that cannot be read by itself either.

    The queryset needs an order, and must see the same rows each time. Raises django.db.DatabaseError.
    """
    done = 0
    while True:
        try:
            for row in rows[done:].iterator(AT_ONCE):
                yield row
                done += 1
            return
        except UNREADABLE as error:
            alone = [_alone(rows, pk) for pk in rows.values_list("pk", flat=True)[done : done + AT_ONCE]]
            if not any(isinstance(row, Unreadable) for row in alone):
                raise DatabaseError(str(error)) from error
        for row in alone:
            yield row
            done += 1


def _alone(rows: QuerySet, pk: int) -> Any:
    try:
        return rows.get(pk=pk)
    except UNREADABLE:
        return Unreadable(pk)
