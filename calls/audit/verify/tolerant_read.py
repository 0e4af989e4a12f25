"""Reading rows that may hold values of the wrong type, because somebody changed them in the database.

SQLite stores bytes in a text column or a word in a time; PostgreSQL has times that Python cannot represent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext

AT_ONCE = 2_000
# Raised when a value that this program never wrote is read, or computed with.
READ_ERRORS = (AttributeError, TypeError, ValueError, OverflowError, DatabaseError)


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """Stands in place of a row that cannot be read."""

    pk: int


class UnreadableValue:
    """Stands in place of a value that cannot be read; pages show it as “cannot be read”."""

    def __str__(self) -> str:
        return gettext("cannot be read")

    def __format__(self, form: str) -> str:
        return str(self)


def read_rows(rows: QuerySet) -> list[Any]:
    """Return the rows for a page, with UnreadableValue in place of values that cannot be read.

    Raises the read error when the rows cannot be read at all.
    """
    try:
        found = list(rows)
    except READ_ERRORS:
        anywhere = rows.all()
        anywhere.query.clear_limits()  # a sliced queryset cannot be filtered
        found = [row for pk in rows.values_list("pk", flat=True) for row in _read_row(anywhere.filter(pk=pk))]
    for row in found:
        _mark_nulls(row)
    return found


def _read_row(row: QuerySet) -> list[Model]:
    """Return one row with the values that can be read; an empty list when it was deleted meanwhile."""
    names = [field.attname for field in row.model._meta.concrete_fields if not field.primary_key]
    unreadable = [name for name in names if not _is_readable(row, name)]
    try:
        found = list(row.defer(*unreadable))
    except READ_ERRORS:  # a joined row is unreadable; without the join it is read on access
        found = list(row.select_related(None).defer(*unreadable))
    for each_row in found:
        for name in unreadable:
            setattr(each_row, name, UnreadableValue())
    return found


def _mark_nulls(row: Model) -> None:
    """Put UnreadableValue in place of None in columns that are not nullable."""
    # On SQLite, Django reads a time column that holds a word as None.
    for field in row._meta.concrete_fields:
        if not field.null and row.__dict__.get(field.attname, row) is None:
            setattr(row, field.attname, UnreadableValue())


def _is_readable(row: QuerySet, name: str) -> bool:
    try:
        row.values_list(name, flat=True).first()
    except READ_ERRORS:
        return False
    return True


def iterate_rows(rows: QuerySet) -> Iterator[Any]:
    """Yield each row in constant memory, and UnreadableRow in place of one that cannot be read.

    The queryset needs an order and is executed several times, so it needs an unchanging view of the table. Raises
    django.db.DatabaseError.
    """
    done = 0
    while True:
        try:
            for row in rows[done:].iterator(AT_ONCE):
                yield row
                done += 1
            return
        except READ_ERRORS as error:
            alone = [_alone(rows, pk) for pk in rows.values_list("pk", flat=True)[done : done + AT_ONCE]]
            if not any(isinstance(row, UnreadableRow) for row in alone):
                raise DatabaseError(str(error)) from error
        for row in alone:
            yield row
            done += 1


def _alone(rows: QuerySet, pk: int) -> Any:
    try:
        return rows.get(pk=pk)
    except READ_ERRORS:
        return UnreadableRow(pk)
