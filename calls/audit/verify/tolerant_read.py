"""Reading rows that somebody else may have filled with what cannot be read: rubbish for a time, bytes for a text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext

AT_ONCE = 2_000
# What reading, or computing with, a value raises that this program never wrote.
READ_ERRORS = (AttributeError, TypeError, ValueError, OverflowError, DatabaseError)


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """Stands for a row that cannot be read."""

    pk: int


class UnreadableValue:
    """Stands for a value that cannot be read, and says so wherever it is shown."""

    def __str__(self) -> str:
        return gettext("cannot be read")

    def __format__(self, form: str) -> str:
        return str(self)


def read_rows(rows: QuerySet) -> list[Any]:
    """Return the rows, for a page: where one has values that cannot be read, UnreadableValue stands in their place.

    Raises what reading raises when the rows cannot be read at all.
    """
    try:
        found = list(rows)
    except READ_ERRORS:
        anywhere = rows.all()
        anywhere.query.clear_limits()
        found = [row for pk in rows.values_list("pk", flat=True) for row in _read_row(anywhere.filter(pk=pk))]
    for row in found:
        _name_what_is_missing(row)
    return found


def _read_row(row: QuerySet) -> list[Model]:
    """Return one row with as much of it as can be read; none when it is gone."""
    names = [field.attname for field in row.model._meta.concrete_fields if not field.primary_key]
    unreadable = [name for name in names if not _is_readable(row, name)]
    try:
        found = list(row.defer(*unreadable))
    except READ_ERRORS:  # what was to be read along cannot be; it is tried again by whoever asks for it
        found = list(row.select_related(None).defer(*unreadable))
    for each_row in found:
        for name in unreadable:
            setattr(each_row, name, UnreadableValue())
    return found


def _name_what_is_missing(row: Model) -> None:
    """Put UnreadableValue where nothing stands and something must: a word for a time is read as none on SQLite."""
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
    """Yield each row, in constant memory, and UnreadableRow for one that cannot be read by itself either.

    The queryset needs an order, and must see the same rows each time. Raises django.db.DatabaseError.
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
