"""The database's own refusal to change audit history: triggers on SQLite and PostgreSQL.

`migrate` installs them after every run, because Django rebuilds SQLite tables without their triggers. SQLite's
INSERT OR REPLACE deletes without firing delete triggers, hence a guard on INSERT of an existing id; PostgreSQL's row
triggers miss TRUNCATE, hence statement triggers.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from calls.models import AuditCheckpoint, AuditEntry, AuditPersonal

GUARDED = (AuditEntry, AuditPersonal, AuditCheckpoint)
REFUSAL = "audit history is append-only"


@dataclass(frozen=True, slots=True)
class Guard:
    """One trigger: its name, the table it stands on, and the statement that creates it."""

    name: str
    table: str
    statement: str


def install(connection: BaseDatabaseWrapper) -> None:
    """Put up every guard that does not stand as it should; either all of them stand afterwards or nothing changed."""
    absent = set(missing(connection))
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql" and absent:
            cursor.execute(POSTGRESQL_FUNCTION)
        for guard in guards_of(connection):
            if guard.name in absent:
                _drop(cursor, guard, connection.vendor)
                cursor.execute(guard.statement)


def lift(connection: BaseDatabaseWrapper) -> None:
    """Remove every guard. Nothing in the running product calls this; test set-ups and restores of a backup do."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for guard in guards_of(connection):
            _drop(cursor, guard, connection.vendor)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the guards that do not stand, are switched off or were rewritten; empty when all is well."""
    wanted = guards_of(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            standing = _standing_on_postgresql(cursor)
        else:
            standing = _standing_on_sqlite(cursor, {guard.statement for guard in wanted})
    return [guard.name for guard in wanted if (guard.name, guard.table) not in standing]


def guards_of(connection: BaseDatabaseWrapper) -> list[Guard]:
    """Return every guard that belongs on this database."""
    make = _postgresql_guards if connection.vendor == "postgresql" else _sqlite_guards
    return [guard for model in GUARDED for guard in make(model._meta.db_table, str(model._meta.pk.column))]


def _drop(cursor: CursorWrapper, guard: Guard, vendor: str) -> None:
    on_table = f" ON {guard.table}" if vendor == "postgresql" else ""
    cursor.execute(f"DROP TRIGGER IF EXISTS {guard.name}{on_table}")


# SQLite -------------------------------------------------------------------------------------------------------------


def _sqlite_guards(table: str, key: str) -> list[Guard]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    existing = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key} OR rowid = NEW.rowid)"
    acts = {
        "update": f"BEFORE UPDATE ON {table} {refuse}",
        "delete": f"BEFORE DELETE ON {table} {refuse}",
        "replace": f"BEFORE INSERT ON {table} WHEN {existing} {refuse}",
    }
    return [
        Guard(f"{table}_refuses_{act}", table, f"CREATE TRIGGER {table}_refuses_{act} {body}")
        for act, body in acts.items()
    ]


def _standing_on_sqlite(cursor: CursorWrapper, wanted: set[str]) -> set[tuple[str, str]]:
    cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {(name, table) for name, table, sql in cursor.fetchall() if sql in wanted}


# PostgreSQL ---------------------------------------------------------------------------------------------------------

POSTGRESQL_BODY = f" BEGIN RAISE EXCEPTION '{REFUSAL}: % on %', TG_OP, TG_TABLE_NAME; END "
POSTGRESQL_FUNCTION = (
    f"CREATE OR REPLACE FUNCTION calls_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $${POSTGRESQL_BODY}$$"
)
# pg_trigger.tgtype: BEFORE (2), DELETE (8), UPDATE (16) and TRUNCATE (32), once for each statement.
POSTGRESQL_KIND = 2 + 8 + 16 + 32


def _postgresql_guards(table: str, key: str) -> list[Guard]:
    name = f"{table}_append_only"
    statement = (
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION calls_audit_refuse(); "
        # Otherwise `SET session_replication_role = replica` walks past it.
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"
    )
    return [Guard(name, table, statement)]


def _standing_on_postgresql(cursor: CursorWrapper) -> set[tuple[str, str]]:
    cursor.execute(
        "SELECT t.tgname, c.relname FROM pg_trigger t "
        "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE pg_table_is_visible(c.oid) AND t.tgenabled = 'A' AND t.tgtype = %s AND t.tgqual IS NULL "
        "AND t.tgattr = ''::int2vector AND p.prosrc = %s",
        [POSTGRESQL_KIND, POSTGRESQL_BODY],
    )
    return set(cursor.fetchall())
