"""Django's `migrate`, which then restores the audit triggers and the head of the chain."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from calls.audit import chain, triggers
from calls.models import AuditCheckpoint, AuditEntry, AuditHead, AuditPersonal

TABLES = {model._meta.db_table for model in (AuditCheckpoint, AuditEntry, AuditHead, AuditPersonal)}
ADVISORY_LOCK = 0x6D696772617465  # "migrate" in ASCII


class Command(migrate.Command):
    """Restores the audit triggers and the chain's head, unless the run removed the audit tables."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate under a lock, then restore, also after a failure."""
        connection = connections[options["database"]]
        with _migration_lock(connection):
            self._migrate(connection, *args, **options)

    def _migrate(self, connection: BaseDatabaseWrapper, *args: Any, **options: Any) -> None:
        if options["migration_name"] or _unapplied(connection):
            triggers.remove_for_table_rebuild(connection)
        try:
            super().handle(*args, **options)
        finally:
            if set(connection.introspection.table_names()) >= TABLES:
                triggers.install(connection)
                chain.ensure_head()


@contextmanager
def _migration_lock(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Wait until no other process migrates this database, since several may be started at once."""
    if connection.vendor != "postgresql":
        yield
        return
    session = connection.copy()
    session.settings_dict["OPTIONS"].pop("pool", None)  # a pooled session would keep the lock afterwards
    try:
        with session.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        yield
    finally:
        session.close()


def _unapplied(connection: BaseDatabaseWrapper) -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
