"""SQLite's write-ahead log, copied into the database's file beside the writer.

Left to itself SQLite copies it within the commit that makes the log long enough, and everybody who waits for that
commit waits for it. The longer the history, the more pages that is, each of them at a place of its own. Nothing here
opens the log's files: closing one would take the locks on it from this process's connections.
"""

import asyncio
import logging
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, connection

from calls.db.threads import DatabaseThread

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
# Notifications written. With a long history they are the pages after which SQLite copies by itself, or a little fewer;
# slower than a thousand a second it comes first, and little waits for it. Copying more often would make commits wait as
# well, for what is written to the disk meanwhile.
COPY_AFTER = 1_000
ERROR_PAUSE_SECONDS = 10.0


class Copyist:
    """Copies the log whenever enough was written to be worth it. PostgreSQL has processes for that."""

    def __init__(self, thread: DatabaseThread, written: Callable[[], int]) -> None:
        self._thread = thread
        self._written = written
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
        copied = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            written = self._written()
            if written - copied < COPY_AFTER:
                continue
            try:
                await self._thread.run(copy)
                copied = written
            except (DatabaseError, InterfaceError):
                logger.exception("The write-ahead log could not be copied; it grows until it can.")
                await asyncio.sleep(ERROR_PAUSE_SECONDS)


def copy() -> None:
    """Copy what is committed and needed by no reader any more; waits for nobody and holds nobody up."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
