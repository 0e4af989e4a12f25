"""Django's `migrate`, followed by what table rebuilds may have removed."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from calls import audit, guards
from calls.models import AuditEntry, AuditHead


class Command(migrate.Command):
    """Restores the audit guards and the chain's head after every run that leaves the audit tables standing."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then restore."""
        super().handle(*args, **options)
        connection = connections[options["database"]]
        tables = set(connection.introspection.table_names())
        if {AuditEntry._meta.db_table, AuditHead._meta.db_table} <= tables:
            guards.install(connection)
            audit.ensure_head()
