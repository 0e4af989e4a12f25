"""Python and the database refuse every ordinary way to change the audit history."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from calls.audit import checkpoints, triggers
from calls.audit.actor import SYSTEM
from calls.audit.chain import HistoryUnavailable
from calls.decisions import reject
from calls.decisions.decision_request import DecisionRequest
from calls.graph.vocabulary import RejectReason
from calls.models import AppendOnlyError, AuditCheckpoint, AuditEntry, AuditPersonal, RejectAttempt
from tests.fixtures.history import Owner, append, make_call, sql

TABLES = {"calls_auditentry": "id", "calls_auditpersonal": "entry_id", "calls_auditcheckpoint": "id"}
MODELS = (AuditEntry, AuditPersonal, AuditCheckpoint)


@pytest.fixture
def written(story):
    """The content of the three tables, for comparison before and after."""
    checkpoints.sign_chain()
    return everything()


def everything() -> list[list[dict[str, object]]]:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


WAYS_IN_PYTHON: dict[str, Callable[[type], object]] = {
    "saving": lambda model: model.objects.first().save(),
    "saving some fields": lambda model: model.objects.first().save(update_fields=["pk"]),
    "deleting": lambda model: model.objects.first().delete(),
    "updating a queryset": lambda model: model.objects.update(pk=9),
    "deleting a queryset": lambda model: model.objects.all().delete(),
    "deleting a queryset raw": lambda model: model.objects.all()._raw_delete("default"),
    "updating in bulk": lambda model: model.objects.bulk_update(list(model.objects.all()), ["pk"]),
    "creating in bulk": lambda model: model.objects.bulk_create([model.objects.first()]),
    "updating or creating": lambda model: model.objects.update_or_create(pk=1),
    "through the default manager": lambda model: model._default_manager.filter(pk__gt=0).delete(),
    "through the base manager": lambda model: model._base_manager.all().delete(),
    "a second save of a copy": lambda model: _copy(model).save(),
}


def _copy(model: type) -> object:
    copy = model.objects.first()
    copy._state.adding = True
    return copy


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("way", WAYS_IN_PYTHON)
def test_python_refuses(way, model, written):
    with pytest.raises((AppendOnlyError, DatabaseError, ValueError, TypeError)):
        WAYS_IN_PYTHON[way](model)
    assert everything() == written


REFUSED_BY_PYTHON_ITSELF = set(WAYS_IN_PYTHON) - {"through the base manager", "a second save of a copy"}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("way", sorted(REFUSED_BY_PYTHON_ITSELF))
def test_python_refuses_before_the_database_has_to(way, model, written):
    triggers.remove(connection)
    with pytest.raises(AppendOnlyError):
        WAYS_IN_PYTHON[way](model)
    assert everything() == written


EVERYWHERE = [
    "UPDATE {table} SET {key} = {key}",
    "UPDATE {table} SET {key} = {key} WHERE 1 = 0 OR {key} > 0",
    "DELETE FROM {table}",
    "DELETE FROM {table} WHERE {key} = (SELECT max({key}) FROM {table})",
    "INSERT INTO {table} SELECT * FROM {table}",
    "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT ({key}) DO UPDATE SET {key} = 99",
]
ONLY = {
    "sqlite": [
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        "REPLACE INTO {table} SELECT * FROM {table}",
        "INSERT OR IGNORE INTO {table} SELECT * FROM {table}",
        "UPDATE OR IGNORE {table} SET {key} = 99",
        "UPDATE OR REPLACE {table} SET {key} = {key}",
    ],
    "postgresql": [
        "TRUNCATE {table}",
        "TRUNCATE {table} CASCADE",
        "SET session_replication_role = replica; DELETE FROM {table}",
        "WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone",
        "MERGE INTO {table} USING (SELECT 1) one ON true WHEN MATCHED THEN DELETE",
    ],
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", [*EVERYWHERE, *ONLY[connection.vendor]])
def test_the_database_refuses(statement, table, written):
    with pytest.raises(DatabaseError):
        sql(statement.format(table=table, key=TABLES[table]))
    connection.close()  # forgets settings of the session
    assert everything() == written


def test_sqlite_refuses_to_replace_a_row_by_its_hidden_number(written):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has hidden row numbers")
    columns = "actor_name, address, caller_name, caller_id, note, salts"
    with pytest.raises(DatabaseError):
        sql(
            f"INSERT OR REPLACE INTO calls_auditpersonal (rowid, entry_id, {columns}) "
            f"SELECT rowid, 99, {columns} FROM calls_auditpersonal LIMIT 1"
        )
    assert everything() == written


def test_a_trigger_that_was_removed_is_missed_and_migrate_puts_it_up_again(story, prove):
    for trigger in triggers.triggers_of(connection):
        on_table = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
        sql(f"DROP TRIGGER {trigger.name}{on_table}")
        proof = prove()
        assert (proof.code, trigger.name in proof.text) == (1, True)
        call_command("migrate", verbosity=0)
        assert prove().code == 0


TOOTHLESS = {
    "sqlite": [
        "DROP TRIGGER calls_auditentry_refuses_update; "
        "CREATE TRIGGER calls_auditentry_refuses_update BEFORE UPDATE ON calls_auditentry WHEN 0 "
        "BEGIN SELECT RAISE(ABORT, 'audit history is append-only'); END",
        "DROP TRIGGER calls_auditentry_refuses_update; "
        "CREATE TRIGGER calls_auditentry_refuses_update BEFORE UPDATE ON calls_call "
        "BEGIN SELECT RAISE(ABORT, 'audit history is append-only'); END",
    ],
    "postgresql": [
        "ALTER TABLE calls_auditentry DISABLE TRIGGER calls_auditentry_append_only",
        "ALTER TABLE calls_auditentry ENABLE REPLICA TRIGGER calls_auditentry_append_only",
        "CREATE OR REPLACE FUNCTION calls_auditentry_kept() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN /* audit history is append-only */ RETURN NULL; END $$",
        "DROP TRIGGER calls_auditentry_append_only ON calls_auditentry; "
        "CREATE TRIGGER calls_auditentry_append_only BEFORE UPDATE ON calls_auditentry "
        "FOR EACH STATEMENT EXECUTE FUNCTION calls_auditentry_append_only(); "
        "ALTER TABLE calls_auditentry ENABLE ALWAYS TRIGGER calls_auditentry_append_only",
    ],
}


@pytest.mark.parametrize("trick", TOOTHLESS[connection.vendor])
def test_a_trigger_made_toothless_does_not_pass_for_one(trick, story, prove):
    for statement in trick.replace("; CREATE", ";; CREATE").replace("; ALTER", ";; ALTER").split(";; "):
        sql(statement)
    proof = prove()
    assert (proof.code, "calls_auditentry" in proof.text) == (1, True)
    triggers.install(connection)
    assert prove().code == 0


def test_putting_triggers_up_again_leaves_those_that_stand_alone(database):
    def identities() -> list[object]:
        table, column = ("pg_trigger", "oid") if connection.vendor == "postgresql" else ("sqlite_master", "rowid")
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {column} FROM {table} ORDER BY 1")
            return cursor.fetchall()

    before = identities()
    triggers.install(connection)
    assert identities() == before
    with Owner():
        assert len(triggers.missing(connection)) == len(triggers.triggers_of(connection))
    assert triggers.missing(connection) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a file that any program can open")
def test_another_program_that_attaches_the_file_is_refused_too(written):
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as other:
        other.execute("ATTACH ? AS theirs", [connection.settings_dict["NAME"]])
        for table, key in TABLES.items():
            for statement in ("UPDATE theirs.{} SET {} = 99", "DELETE FROM theirs.{} WHERE {} > 0"):
                with pytest.raises(sqlite3.IntegrityError, match=triggers.REFUSAL):
                    other.execute(statement.format(table, key))
    assert everything() == written


SWALLOW = {
    "sqlite": "CREATE TRIGGER swallow BEFORE INSERT ON {} BEGIN SELECT RAISE(IGNORE); END",
    "postgresql": "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; "
    "CREATE TRIGGER swallow BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION swallow()",
}[connection.vendor]
SWALLOW_NO_MORE = {"sqlite": "DROP TRIGGER swallow", "postgresql": "DROP FUNCTION swallow() CASCADE"}[connection.vendor]


@pytest.mark.parametrize("table", ["calls_auditentry", "calls_auditpersonal"])
def test_a_trigger_that_swallows_what_is_appended_stops_the_act(table, written):
    sql(SWALLOW.format(table))
    try:
        with pytest.raises(HistoryUnavailable):
            append("account.signed_in")
    finally:
        sql(SWALLOW_NO_MORE)
    assert everything() == written


@pytest.mark.parametrize("table", ["calls_auditentry", "calls_auditpersonal"])
def test_nobody_decides_about_a_call_whose_entry_is_swallowed(table, database):
    call = make_call(1, deadline=None)
    sql(SWALLOW.format(table))
    try:
        with pytest.raises(HistoryUnavailable):
            reject._claim(reject.RejectCommand(DecisionRequest(call.public_id), RejectReason.BUSY, SYSTEM))
    finally:
        sql(SWALLOW_NO_MORE)
    call.refresh_from_db()
    assert (call.version, RejectAttempt.objects.exists(), AuditEntry.objects.exists()) == (1, False, False)


def test_a_head_put_back_so_that_ids_repeat_stops_the_act(written):
    sql("UPDATE calls_audithead SET last_id = (SELECT min(id) FROM calls_auditentry)")
    with pytest.raises(DatabaseError):
        append("account.signed_in")
    assert everything() == written
