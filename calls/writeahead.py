"""SQLite's write-ahead log, copied into the database's file beside the writer.

Left to itself SQLite copies it within the commit that makes the log long enough, and everybody who waits for that
commit waits for it. The longer the history, the more pages that is, each of them at a place of its own.
"""

import asyncio
import logging

from django.db import DatabaseError, InterfaceError, connection

from calls.threads import DatabaseThread

logger = logging.getLogger(__name__)

COPY_SECONDS = 0.3  # shorter than the log of a busy server takes to become long enough for SQLite
ERROR_PAUSE_SECONDS = 10.0


class Copyist:
    """Copies what was committed since the last time, a few times a second. PostgreSQL has processes for that."""

    def __init__(self, thread: DatabaseThread) -> None:
        self._thread = thread
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to copy, in the running event loop, where the database is SQLite's."""
        if connection.vendor == "sqlite":
            self._task = asyncio.create_task(self._run(), name="copyist")

    def stop(self) -> None:
        """Stop copying; SQLite does it itself again."""
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(COPY_SECONDS)
            try:
                await self._thread.run(copy)
            except (DatabaseError, InterfaceError):
                logger.exception("The write-ahead log could not be copied; it grows until it can.")
                await asyncio.sleep(ERROR_PAUSE_SECONDS)


def copy() -> None:
    """Copy what is committed and needed by no reader any more; waits for nobody and holds nobody up."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
