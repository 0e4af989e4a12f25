"""Checkpoints SQLite's write-ahead log in a thread of its own, so that no commit has to."""

import asyncio
import logging
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, connection

from calls.db.threads import DatabaseThread

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
# In notifications written. SQLite checkpoints by itself inside the commit that makes the log long enough, and every
# writer waits for that commit; the longer the history, the more scattered pages it copies. With a long history this is
# about where SQLite would do so. Below a thousand notifications a second SQLite comes first, and few wait for it.
# Checkpointing more often would make commits wait as well, for the disk.
CHECKPOINT_AFTER = 1_000
ERROR_PAUSE_SECONDS = 10.0


class Checkpointer:
    """Checkpoints the log after every CHECKPOINT_AFTER notifications. Does nothing on PostgreSQL."""

    def __init__(self, thread: DatabaseThread, written: Callable[[], int]) -> None:
        self._thread = thread
        self._written = written
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task in the running event loop, if the database is SQLite."""
        if connection.vendor == "sqlite":
            self._task = asyncio.create_task(self._run(), name="checkpointer")

    def stop(self) -> None:
        """Stop the task; SQLite's own checkpoints continue."""
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        copied = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            written = self._written()
            if written - copied < CHECKPOINT_AFTER:
                continue
            try:
                await self._thread.run(checkpoint)
                copied = written
            except (DatabaseError, InterfaceError):
                logger.exception("The write-ahead log could not be copied; it grows until it can.")
                await asyncio.sleep(ERROR_PAUSE_SECONDS)


def checkpoint() -> None:
    """Copy the committed pages that no reader needs any more; blocks neither readers nor writers."""
    # Through SQL only: opening and closing the log's files would drop the locks this process holds on them.
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
