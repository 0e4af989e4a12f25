"""Bulk SQL for the writer and the board, which bypasses the ORM's cost per row.

Django's `bulk_create` and `bulk_update` cost several times as much a row, most of it for values that need no
conversion. Statements that need no answer from each other are sent to PostgreSQL as one message.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.backends.utils import CursorWrapper

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


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that is ready to be sent; `becomes` makes something of each row it returns, None when it has none."""

    sql: str
    parameters: Sequence[Any]
    becomes: Callable[[Sequence[Any]], Any] | None = None


def run(*statements: Statement) -> list[list[Any]]:
    """Send the statements in this order and return what each of them returned.

    PostgreSQL is sent all of them at once, so that they cost one way there and back; what the later ones read is as new
    as if they had been sent one by one. Raises django.db.DatabaseError at the first that is refused.
    """
    with connection.cursor() as cursor:
        if len(statements) < 2 or not _takes_several():
            return [_answer(cursor, one) for one in statements]
        parameters = [value for one in statements for value in one.parameters]
        cursor.execute("; ".join(one.sql for one in statements), parameters)
        answers = []
        for one in statements:
            answers.append([one.becomes(row) for row in cursor.fetchall()] if one.becomes else [])
            cursor.nextset()
        return answers


def _takes_several() -> bool:
    """Whether the database takes several statements as one message: PostgreSQL, unless it is to fill in the values."""
    return connection.vendor == "postgresql" and not connection.settings_dict["OPTIONS"].get("server_side_binding")


def _answer(cursor: CursorWrapper, one: Statement) -> list[Any]:
    cursor.execute(one.sql, one.parameters)
    return [one.becomes(row) for row in cursor.fetchall()] if one.becomes else []


def reading(model: type[models.Model], condition: str, values: Sequence[Any], *, lock: bool = False) -> Statement:
    """Return the statement that reads the rows a condition in SQL selects, locked until the transaction ends if asked.

    `condition` is a constant of the program; whatever comes from outside stands in `values`.
    """
    locking = " FOR UPDATE" if lock and connection.features.has_select_for_update else ""
    shape = _shape(model)
    return Statement(f"{shape.selection} WHERE {condition}{locking}", values, shape.object_of)


class _Shape:
    """How the rows of a model's table are asked for, and how they become objects."""

    def __init__(self, model: type[models.Model]) -> None:
        fields = model._meta.concrete_fields
        table = model._meta.db_table
        self.selection = f"SELECT {', '.join(str(field.column) for field in fields)} FROM {table}"
        self._model = model
        self._names = [field.attname for field in fields]
        self._converters = [
            (place, convert, field.get_col(table))
            for place, field in enumerate(fields)
            for convert in (
                *connection.ops.get_db_converters(field.get_col(table)),
                *field.get_db_converters(connection),
            )
        ]

    def object_of(self, row: Sequence[Any]) -> Any:
        """Return the object that a row stands for, as Django would make it."""
        values = list(row)
        for place, convert, column in self._converters:
            values[place] = convert(values[place], column, connection)
        return self._model.from_db(connection.alias, self._names, values)


_shape = cache(_Shape)


def _as_json(value: Any) -> str:
    if isinstance(value, datetime | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is in no column.")


class Columns:
    """Columns of a model's table, by their attributes' names, and how their values are written."""

    def __init__(self, model: type[models.Model], names: Sequence[str]) -> None:
        self._table = model._meta.db_table
        columns = {field.attname: field for field in model._meta.concrete_fields}
        fields = [columns[name] for name in names]
        self._names = [field.column for field in fields]
        self._columns = [connection.ops.quote_name(field.column) for field in fields if field.column]
        read = attrgetter(*names)
        self._read: Callable[[Any], Sequence[Any]] = read if len(names) > 1 else lambda one: (read(one),)
        kinds = [type(field) for field in fields]
        prepare = _PREPARE[connection.vendor]
        self._prepared = [(place, prepare[kind]) for place, kind in enumerate(kinds) if kind in prepare]

    def insert(self, objects: Sequence[Any], *, unless: str = "", returning: Sequence[str] = ()) -> list[Any]:
        """Insert one row for each object; return the `returning` columns of the rows that were, in any order.

        `unless` names a unique column: an object whose value stands there already is left out instead of refused.
        """
        statements = self.inserting(objects, unless=unless, returning=returning)
        return [row for rows in run(*statements) for row in rows]

    def inserting(self, objects: Sequence[Any], *, unless: str = "", returning: Sequence[str] = ()) -> list[Statement]:
        """Return the statements that `insert` sends: one, but for very many objects."""
        end = f" ON CONFLICT ({unless}) DO NOTHING" if unless else ""
        end += f" RETURNING {', '.join(returning)}" if returning else ""
        most = MAX_PARAMETERS // len(self._columns)
        statements = []
        for start in range(0, len(objects), most):
            source, parameters = self._source(objects[start : start + most])
            begin = f"INSERT INTO {self._table} ({', '.join(self._columns)})"
            statements.append(Statement(f"{begin} {source}{end}", parameters, tuple if returning else None))
        return statements

    def update(self, objects: Sequence[Any]) -> None:
        """Write the columns of each object to the row with its primary key."""
        run(*self.updating_all(objects))

    def updating_all(self, objects: Sequence[Any]) -> list[Statement]:
        """Return the statements that `update` sends."""
        if not self._at_once(objects):
            return [self.updating(one) for one in objects]
        changes = ", ".join(f"{column} = new.{column}" for column in self._columns)
        statement = f"UPDATE {self._table} SET {changes} FROM {self._rows} AS new"
        return [Statement(f"{statement} WHERE {self._table}.id = new.id", [self._document(objects)])]

    def updating(self, one: Any) -> Statement:
        """Return the statement that writes the columns of one object to the row with its primary key."""
        changes = ", ".join(f"{column} = %s" for column in self._columns)
        return Statement(f"UPDATE {self._table} SET {changes} WHERE id = %s", [*self._values(one), one.pk])

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
