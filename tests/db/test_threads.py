"""Database threads replace a broken connection before the next query."""

import asyncio
import os
import sqlite3

import pytest
from django.db import connection

from calls.db import threads
from calls.db.threads import DatabaseThread

needs_postgresql = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="a file's connection does not break"
)


def ask() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()[0]


def break_while_idle() -> None:
    """Break the connection, as a restart of the database does, and pretend a minute without queries."""
    connection.connection.close()
    threads._last.used_at = float("-inf")


@pytest.fixture
async def thread(database: None) -> DatabaseThread:
    return DatabaseThread("tested")


@needs_postgresql
async def test_a_connection_that_broke_while_nobody_used_it_is_replaced_before_the_next_work(
    thread: DatabaseThread,
) -> None:
    assert await thread.run(ask) == 1
    await asyncio.wrap_future(thread._executor.submit(break_while_idle))
    assert await thread.run(ask) == 1
    await thread.close()


async def test_closing_closes_the_connection_of_the_thread_itself(thread: DatabaseThread) -> None:
    await thread.run(ask)
    opened = await thread.run(lambda: connection.connection)
    await thread.close()
    if isinstance(opened, sqlite3.Connection):
        with pytest.raises(sqlite3.ProgrammingError):
            opened.total_changes  # noqa: B018
    else:
        assert opened.closed or opened._pool is None
