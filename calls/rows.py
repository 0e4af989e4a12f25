"""Many rows in one statement, for the writer.

Django's `bulk_create` and `bulk_update` cost several times as much a row, most of it for values that need no preparing;
and every further statement is another wait for the interpreter's lock, which the database driver gives away.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from django.db import connection, models
from django.db.backends.base.operations import BaseDatabaseOperations

MAX_PARAMETERS = 30_000  # SQLite takes 32,766 in one statement


# How values of some fields become what the driver takes; everything else it takes as it is.
_PREPARE: dict[type, Callable[[BaseDatabaseOperations, Any], Any]] = {
    models.DateTimeField: lambda operations, moment: operations.adapt_datetimefield_value(moment),
    models.JSONField: lambda operations, document: operations.adapt_json_value(document, None),
    models.UUIDField: lambda operations, value: value if _has_uuids(operations) else value.hex,
}


def _has_uuids(operations: BaseDatabaseOperations) -> bool:
    return bool(operations.connection.features.has_native_uuid_field)


class Columns:
    """Some columns of a model's table, by their attributes' names, and how their values are written."""

    def __init__(self, model: type[models.Model], names: Sequence[str]) -> None:
        self._table = model._meta.db_table
        columns = {field.attname: field for field in model._meta.concrete_fields}
        fields = [columns[name] for name in names]
        self._columns = [connection.ops.quote_name(field.column) for field in fields if field.column]
        read = attrgetter(*names)
        self._read: Callable[[Any], Sequence[Any]] = read if len(names) > 1 else lambda one: (read(one),)
        kinds = [type(field) for field in fields]
        self._prepared = [(place, _PREPARE[kind]) for place, kind in enumerate(kinds) if kind in _PREPARE]

    def insert(self, objects: Sequence[Any], *, unless: str = "", returning: Sequence[str] = ()) -> list[Any]:
        """Insert one row for each object; return the `returning` columns of the rows that were, in any order.

        `unless` names a unique column: an object whose value stands there already is left out instead of refused.
        """
        inserted: list[Any] = []
        at_once = MAX_PARAMETERS // len(self._columns)
        for start in range(0, len(objects), at_once):
            inserted += self._insert(objects[start : start + at_once], unless, returning)
        return inserted

    def update(self, objects: Sequence[Any]) -> None:
        """Write the columns of each object to the row with its primary key."""
        if objects:
            columns = ", ".join(f"{column} = %s" for column in self._columns)
            with connection.cursor() as cursor:
                cursor.executemany(
                    f"UPDATE {self._table} SET {columns} WHERE id = %s",
                    [[*self._values(one, connection.ops), one.pk] for one in objects],
                )

    def _insert(self, objects: Sequence[Any], unless: str, returning: Sequence[str]) -> list[Any]:
        row = f"({', '.join(['%s'] * len(self._columns))})"
        statement = f"INSERT INTO {self._table} ({', '.join(self._columns)}) VALUES "
        statement += ", ".join([row] * len(objects))
        statement += f" ON CONFLICT ({unless}) DO NOTHING" if unless else ""
        statement += f" RETURNING {', '.join(returning)}" if returning else ""
        operations = connection.ops
        with connection.cursor() as cursor:
            cursor.execute(statement, [value for one in objects for value in self._values(one, operations)])
            return list(cursor.fetchall()) if returning else []

    def _values(self, one: Any, operations: BaseDatabaseOperations) -> list[Any]:
        values = list(self._read(one))
        for place, prepare in self._prepared:
            if values[place] is not None:
                values[place] = prepare(operations, values[place])
        return values
