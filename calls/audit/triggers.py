"""Triggers on SQLite and PostgreSQL that make the audit tables append-only.

Rows can be deleted only up to the entry named by a checkpoint of retention. The triggers cannot check that
checkpoint's signature; `calls.audit.verify` does.
"""

from dataclasses import dataclass

from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from calls.models import AuditCheckpoint, AuditEntry, AuditPersonal

Kind = AuditCheckpoint.Kind
REFUSAL = "audit history is append-only"
# The protected tables, each with the kinds of checkpoints up to which its rows may be deleted. Retention creates the
# checkpoint and deletes all it allows in one transaction, so that nothing more can be deleted afterwards.
PROTECTED: dict[type[models.Model], tuple[str, ...]] = {
    AuditEntry: (Kind.CUT,),
    AuditPersonal: (Kind.CUT, Kind.ERASURE),
    AuditCheckpoint: (),
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger: its name, its table, the statements that create it, and its description in the database's catalogue.

    The description is the trigger's SQL text on SQLite, its type and its function's body on PostgreSQL.
    """

    name: str
    table: str
    statements: tuple[str, ...]
    description: tuple[object, ...]


def install(connection: BaseDatabaseWrapper) -> None:
    """Create every trigger that is absent or was altered, all in one transaction."""
    absent = set(missing(connection))
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for trigger in triggers_of(connection):
            if trigger.name in absent:
                _drop(cursor, trigger, connection.vendor)
                for statement in trigger.statements:
                    cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop every trigger. Only test set-ups and the restore of a backup call this."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for trigger in triggers_of(connection):
            _drop(cursor, trigger, connection.vendor)


def remove_for_table_rebuild(connection: BaseDatabaseWrapper) -> None:
    """Drop, on SQLite, the triggers that read the table of checkpoints; `install` creates them again."""
    # Django alters a SQLite table by dropping it and renaming a copy; the rename fails while a trigger reads the table.
    if connection.vendor == "sqlite":
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            for trigger in triggers_of(connection):
                if f"FROM {AuditCheckpoint._meta.db_table} " in trigger.statements[0]:
                    _drop(cursor, trigger, connection.vendor)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that are absent, disabled or were rewritten."""
    find = _standing_on_postgresql if connection.vendor == "postgresql" else _standing_on_sqlite
    with connection.cursor() as cursor:
        standing = find(cursor)
    return [
        trigger.name
        for trigger in triggers_of(connection)
        if (trigger.name, trigger.table, *trigger.description) not in standing
    ]


def triggers_of(connection: BaseDatabaseWrapper) -> list[Trigger]:
    """Return every trigger that this database must have."""
    make = _postgresql_triggers if connection.vendor == "postgresql" else _sqlite_triggers
    return [
        trigger
        for model, kinds in PROTECTED.items()
        for trigger in make(model._meta.db_table, str(model._meta.pk.column), kinds)
    ]


def _drop(cursor: CursorWrapper, trigger: Trigger, vendor: str) -> None:
    on_table = f" ON {trigger.table}" if vendor == "postgresql" else ""
    cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{on_table}")


def _not_named_by_retention(key: str, kinds: tuple[str, ...]) -> str:
    """Return the SQL condition that no checkpoint of these kinds covers the row to be deleted."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    newest = f"SELECT MAX(last_id) FROM {AuditCheckpoint._meta.db_table} WHERE kind IN ({listed})"
    return f"OLD.{key} > COALESCE(({newest}), 0)"


# SQLite -------------------------------------------------------------------------------------------------------------


def _sqlite_triggers(table: str, key: str, kinds: tuple[str, ...]) -> list[Trigger]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    # INSERT OR REPLACE deletes the old row without firing delete triggers, hence a trigger on INSERT.
    existing = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key} OR rowid = NEW.rowid)"
    too_early = f"WHEN {_not_named_by_retention(key, kinds)} " if kinds else ""
    bodies = {
        "update": f"BEFORE UPDATE ON {table} {refuse}",
        "delete": f"BEFORE DELETE ON {table} {too_early}{refuse}",
        "replace": f"BEFORE INSERT ON {table} WHEN {existing} {refuse}",
    }
    texts = {f"{table}_refuses_{act}": f"CREATE TRIGGER {table}_refuses_{act} {body}" for act, body in bodies.items()}
    return [Trigger(name, table, (text,), (text,)) for name, text in texts.items()]


def _standing_on_sqlite(cursor: CursorWrapper) -> set[tuple[object, ...]]:
    cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    return set(cursor.fetchall())


# PostgreSQL ---------------------------------------------------------------------------------------------------------

_REFUSE = f"RAISE EXCEPTION '{REFUSAL}: % on %', TG_OP, TG_TABLE_NAME;"
# pg_trigger.tgtype: ROW (1), BEFORE (2), DELETE (8), UPDATE (16), TRUNCATE (32).
_WHOLE_STATEMENTS, _DELETED_ROWS = 2 + 16 + 32, 1 + 2 + 8


def _postgresql_triggers(table: str, key: str, kinds: tuple[str, ...]) -> list[Trigger]:
    condition = _not_named_by_retention(key, kinds) if kinds else "TRUE"
    checked = f" BEGIN IF {condition} THEN {_REFUSE} END IF; RETURN OLD; END "
    # Row triggers do not fire on TRUNCATE, hence a statement trigger.
    return [
        _postgresql_trigger(table, "append_only", "UPDATE OR TRUNCATE", "STATEMENT", f" BEGIN {_REFUSE} END "),
        _postgresql_trigger(table, "kept", "DELETE", "ROW", checked),
    ]


def _postgresql_trigger(table: str, word: str, acts: str, level: str, body: str) -> Trigger:
    name = f"{table}_{word}"
    statements = (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$",
        f"CREATE TRIGGER {name} BEFORE {acts} ON {table} FOR EACH {level} EXECUTE FUNCTION {name}()",
        # ALWAYS, because `SET session_replication_role = replica` disables ordinary triggers.
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    )
    return Trigger(name, table, statements, (_DELETED_ROWS if level == "ROW" else _WHOLE_STATEMENTS, body))


def _standing_on_postgresql(cursor: CursorWrapper) -> set[tuple[object, ...]]:
    cursor.execute(
        "SELECT t.tgname, c.relname, t.tgtype::int, p.prosrc FROM pg_trigger t "
        "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE pg_table_is_visible(c.oid) AND t.tgenabled = 'A' AND t.tgqual IS NULL "
        "AND t.tgattr = ''::int2vector AND p.proconfig IS NULL"
    )
    return set(cursor.fetchall())
