"""Asks the database for an answer, for the readiness probe."""

from django.db import connection


def ping() -> None:
    """Return when the database has answered. Raises DatabaseError or InterfaceError when it cannot be reached."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
