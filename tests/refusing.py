"""A database that refuses some rows, as one with a trigger of its owner's does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from django.db import connection, models

REFUSAL = "refused by its owner's trigger"


@contextmanager
def refusing(model: type[models.Model], event: Literal["INSERT", "UPDATE"], when: str) -> Iterator[None]:
    """Have every process's statement of this kind refused while the condition, in SQL, holds for the new row."""
    table = model._meta.db_table
    name = f"refuse_{event.lower()}_{table}"
    statements = {
        "sqlite": [
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL.replace(chr(39), chr(39) * 2)}'); END"
        ],
        "postgresql": [
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
            f" AS $$ BEGIN RAISE EXCEPTION USING MESSAGE = $text${REFUSAL}$text$; END $$",
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()",
        ],
    }
    _run(*statements[connection.vendor])
    try:
        yield
    finally:
        _run(f"DROP TRIGGER {name}" + (f" ON {table}" if connection.vendor == "postgresql" else ""))


def _run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
