"""Bulk select, insert and update statements that bypass the ORM's cost per row, for the writer and the board.

Django's `bulk_create` and `bulk_update` cost several times as much per row, most of it for values that need no
conversion.
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

MAX_PARAMETERS = 30_000  # SQLite accepts 32,766 in one statement

# Converts the values of some field types to what Django would store; the driver takes all other values unchanged.
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
    """SQL text with its parameters; `becomes` converts each row it returns, None if it returns none."""

    sql: str
    parameters: Sequence[Any]
    becomes: Callable[[Sequence[Any]], Any] | None = None


def run(*statements: Statement) -> list[list[Any]]:
    """Execute the statements in order and return the rows of each.

    PostgreSQL gets all of them in one message, hence one round trip; later statements still see what earlier ones
    wrote and what others committed meanwhile. Raises django.db.DatabaseError at the first that fails.
    """
    with connection.cursor() as cursor:
        if len(statements) < 2 or not _takes_several():
            return [_execute(cursor, one) for one in statements]
        parameters = [value for one in statements for value in one.parameters]
        cursor.execute("; ".join(one.sql for one in statements), parameters)
        answers = []
        for one in statements:
            answers.append([one.becomes(row) for row in cursor.fetchall()] if one.becomes else [])
            cursor.nextset()
        return answers


def _takes_several() -> bool:
    """Return whether one message may hold several statements: PostgreSQL with client-side parameter binding."""
    return connection.vendor == "postgresql" and not connection.settings_dict["OPTIONS"].get("server_side_binding")


def _execute(cursor: CursorWrapper, one: Statement) -> list[Any]:
    cursor.execute(one.sql, one.parameters)
    return [one.becomes(row) for row in cursor.fetchall()] if one.becomes else []


def select(model: type[models.Model], condition: str, values: Sequence[Any], *, lock: bool = False) -> Statement:
    """Return the SELECT of a model's rows that match `condition`; `lock` adds FOR UPDATE where the database has it.

    `condition` is SQL text and must be a constant of the program; input from outside belongs in `values`.
    """
    locking = " FOR UPDATE" if lock and connection.features.has_select_for_update else ""
    mapper = _mapper_of(model)
    return Statement(f"{mapper.selection} WHERE {condition}{locking}", values, mapper.instance_of)


class _RowMapper:
    """The SELECT list of a model's table and the conversion of its rows to model instances."""

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

    def instance_of(self, row: Sequence[Any]) -> Any:
        """Return the model instance for a row, with Django's own converters applied."""
        values = list(row)
        for place, convert, column in self._converters:
            values[place] = convert(values[place], column, connection)
        return self._model.from_db(connection.alias, self._names, values)


_mapper_of = cache(_RowMapper)


def _as_json(value: Any) -> str:
    if isinstance(value, datetime | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is in no column.")


class Columns:
    """Inserts and updates some columns of a model's table; `names` are the fields' attnames."""

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
        """Insert one row per object; return the `returning` columns of the inserted rows, in any order.

        `unless` names a unique column: an object whose value exists already is skipped instead of raising.
        """
        statements = self.insert_statements(objects, unless=unless, returning=returning)
        return [row for rows in run(*statements) for row in rows]

    def insert_statements(
        self, objects: Sequence[Any], *, unless: str = "", returning: Sequence[str] = ()
    ) -> list[Statement]:
        """Return the statements of `insert`: one, or several where MAX_PARAMETERS would be exceeded."""
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
        run(*self.update_statements(objects))

    def update_statements(self, objects: Sequence[Any]) -> list[Statement]:
        """Return the statements of `update`."""
        if not self._as_document(objects):
            return [self._update_statement(one) for one in objects]
        changes = ", ".join(f"{column} = new.{column}" for column in self._columns)
        statement = f"UPDATE {self._table} SET {changes} FROM {self._rows} AS new"
        return [Statement(f"{statement} WHERE {self._table}.id = new.id", [self._document(objects)])]

    def _update_statement(self, one: Any) -> Statement:
        """Return the UPDATE of the row with this object's primary key."""
        changes = ", ".join(f"{column} = %s" for column in self._columns)
        return Statement(f"UPDATE {self._table} SET {changes} WHERE id = %s", [*self._values(one), one.pk])

    def _source(self, objects: Sequence[Any]) -> tuple[str, list[Any]]:
        """Return the row source of an INSERT (SELECT or VALUES) and its parameters."""
        if self._as_document(objects):
            return f"SELECT {', '.join(self._columns)} FROM {self._rows}", [self._document(objects)]
        row = f"({', '.join(['%s'] * len(self._columns))})"
        return f"VALUES {', '.join([row] * len(objects))}", [value for one in objects for value in self._values(one)]

    def _as_document(self, objects: Sequence[Any]) -> bool:
        """Return whether to send the rows as one JSON document instead of one parameter per value."""
        # psycopg inspects every parameter several times in Python; a JSON document is a single one.
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
