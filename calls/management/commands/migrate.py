"""Django's `migrate`, followed by what table rebuilds may have removed."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from calls import audit, guards
from calls.models import AuditCheckpoint, AuditEntry, AuditHead, AuditPersonal

TABLES = {model._meta.db_table for model in (AuditCheckpoint, AuditEntry, AuditHead, AuditPersonal)}


class Command(migrate.Command):
    """Restores the audit guards and the chain's head after every run that leaves the audit tables standing."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then restore, also when migrating fails."""
        connection = connections[options["database"]]
        if options["migration_name"] or _unapplied(connection):
            guards.step_aside(connection)
        try:
            super().handle(*args, **options)
        finally:
            if set(connection.introspection.table_names()) >= TABLES:
                guards.install(connection)
                audit.ensure_head()


def _unapplied(connection: BaseDatabaseWrapper) -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
