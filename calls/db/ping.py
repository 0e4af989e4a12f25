"""A query that tests whether the database responds, for the readiness probe."""

from django.db import connection


def ping() -> None:
    """Return once the database responds. Raises DatabaseError or InterfaceError if it is unreachable."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
