"""Rows in as few and as plain statements as can be, for the writer, the decisions and the history.

Django's `bulk_create` and `bulk_update` cost several times as much a row, most of it for values that need no preparing;
and every further statement is another wait for the interpreter's lock, which the database driver gives away. Composing
a query takes Django longer than the database needs to answer it, and between a click and Graph there are ten.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

MAX_PARAMETERS = 30_000  # SQLite takes 32,766 in one statement


# How a database is told the values of some fields, as Django writes them; everything else its driver takes as it is.
_PREPARE: dict[str, dict[type, Callable[[Any], Any]]] = {
    "postgresql": {models.JSONField: json.dumps},
    "sqlite": {
        models.DateTimeField: lambda moment: str(moment.astimezone(UTC).replace(tzinfo=None)),
        models.JSONField: json.dumps,
        models.UUIDField: lambda value: value.hex,
    },
}


M = TypeVar("M", bound=models.Model)


def read(model: type[M], condition: str, values: Sequence[Any], *, lock: bool = False) -> list[M]:
    """Return the rows of the model's table that a condition in SQL selects, locked until the transaction ends if asked.

    `condition` is a constant of the program; whatever comes from outside stands in `values`.
    """
    locking = " FOR UPDATE" if lock and connection.features.has_select_for_update else ""
    if connection.vendor == "sqlite":
        values = [value.hex if isinstance(value, UUID) else value for value in values]
    return list(model._base_manager.raw(f"{_selection(model)} WHERE {condition}{locking}", values))


@cache
def _selection(model: type[models.Model]) -> str:
    columns = ", ".join(str(field.column) for field in model._meta.concrete_fields)
    return f"SELECT {columns} FROM {model._meta.db_table}"


def _as_json(value: Any) -> str:
    if isinstance(value, datetime | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is in no column.")


class Columns:
    """Columns of a model's table, by their attributes' names, and how their values are written.

    Without names all of them, but for a number that the database gives.
    """

    def __init__(self, model: type[models.Model], names: Sequence[str] = ()) -> None:
        self._table = model._meta.db_table
        names = names or [
            field.attname for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)
        ]
        columns = {field.attname: field for field in model._meta.concrete_fields}
        fields = [columns[name] for name in names]
        self._names = [field.column for field in fields]
        self._columns = [connection.ops.quote_name(field.column) for field in fields if field.column]
        read = attrgetter(*names)
        self._read: Callable[[Any], Sequence[Any]] = read if len(names) > 1 else lambda one: (read(one),)
        kinds = [type(field) for field in fields]
        prepare = _PREPARE[connection.vendor]
        self._key = prepare.get(type(model._meta.pk), lambda value: value)
        self._prepared = [(place, prepare[kind]) for place, kind in enumerate(kinds) if kind in prepare]

    def insert(self, objects: Sequence[Any], *, unless: str = "", returning: Sequence[str] = ()) -> list[Any]:
        """Insert one row for each object; return the `returning` columns of the rows that were, in any order.

        `unless` names a unique column: an object whose value stands there already is left out instead of refused.
        """
        inserted: list[Any] = []
        most = MAX_PARAMETERS // len(self._columns)
        for start in range(0, len(objects), most):
            some = objects[start : start + most]
            source, parameters = self._source(some)
            statement = f"INSERT INTO {self._table} ({', '.join(self._columns)}) {source}"
            statement += f" ON CONFLICT ({unless}) DO NOTHING" if unless else ""
            statement += f" RETURNING {', '.join(returning)}" if returning else ""
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                inserted += cursor.fetchall() if returning else []
        return inserted

    def update(self, objects: Sequence[Any]) -> None:
        """Write the columns of each object to the row with its primary key."""
        if not objects:
            return
        with connection.cursor() as cursor:
            if self._at_once(objects):
                changes = ", ".join(f"{column} = new.{column}" for column in self._columns)
                statement = f"UPDATE {self._table} SET {changes} FROM {self._rows} AS new"
                cursor.execute(f"{statement} WHERE {self._table}.id = new.id", [self._document(objects)])
            else:
                changes = ", ".join(f"{column} = %s" for column in self._columns)
                statement = f"UPDATE {self._table} SET {changes} WHERE id = %s"
                cursor.executemany(statement, [[*self._values(one), self._key(one.pk)] for one in objects])

    def _source(self, objects: Sequence[Any]) -> tuple[str, list[Any]]:
        """Return what an INSERT takes its rows from, and the parameters of that."""
        if self._at_once(objects):
            return f"SELECT {', '.join(self._columns)} FROM {self._rows}", [self._document(objects)]
        row = f"({', '.join(['%s'] * len(self._columns))})"
        return f"VALUES {', '.join([row] * len(objects))}", [value for one in objects for value in self._values(one)]

    def _at_once(self, objects: Sequence[Any]) -> bool:
        """Whether these rows are better told as one document than value by value.

        PostgreSQL's driver looks at every single parameter several times, in Python; of a JSON document it sees one.
        """
        return connection.vendor == "postgresql" and len(objects) > 1

    @property
    def _rows(self) -> str:
        return f"json_populate_recordset(NULL::{self._table}, %s)"

    def _document(self, objects: Sequence[Any]) -> str:
        rows = [dict(zip(self._names, self._read(one), strict=True)) for one in objects]
        for row, one in zip(rows, objects, strict=True):
            row["id"] = getattr(one, "pk", None)
        return json.dumps(rows, default=_as_json)

    def _values(self, one: Any) -> list[Any]:
        values = list(self._read(one))
        for place, prepare in self._prepared:
            if values[place] is not None:
                values[place] = prepare(values[place])
        return values
