"""The background jobs of one process: missed calls, interrupted attempts, silent calls, checkpoints and retention.

One process at a time runs them where several share a PostgreSQL database; every job is idempotent all the same.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator

from calls.audit import checkpoint_file, checkpoints, retention
from calls.db.threads import DatabaseThread
from calls.graph.client import GraphClient
from calls.models import RejectAttempt
from calls.runtime.leader_lock import LeaderLock
from calls.runtime.missed_calls import record_interrupted, record_missed
from calls.runtime.stale_calls import ask_about_silent_calls

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.5
ERROR_PAUSE_SECONDS = 2.0
# Seconds of time.monotonic(): when the wall clock is put back, jobs are not delayed.
ASK_EVERY = 2.0
CHECKPOINT_EVERY = 5 * 60.0
RETENTION_CHECKED_EVERY = 10 * 60.0
Outcome = RejectAttempt.Outcome


class BackgroundJobs:
    """Runs the jobs that are due every TICK_SECONDS in a thread of its own, while this process is the leader."""

    def __init__(self, thread: DatabaseThread, graph: GraphClient, publish: Callable[[Collection[int]], None]) -> None:
        self._thread = thread
        self._graph = graph
        self._publish = publish
        self._asking: asyncio.Task[None] | None = None
        self._leader_lock = LeaderLock()
        self.background_export = checkpoint_file.BackgroundExport()
        self._checkpoint_due = self._retention_due = self._asking_due = time.monotonic()
        self._retention: Iterator[dict[str, int]] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to run the jobs, in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="keeper")

    async def stop(self) -> None:
        """Stop, and give up the lock, so that another process takes over."""
        for task in (self._task, self._asking):
            if task:
                task.cancel()
        await self._thread.run(self._leader_lock.release)

    async def _run(self) -> None:
        while True:
            try:
                if await self._thread.run(self._leader_lock.acquire):
                    self._publish(await self._thread.run(self.tick))
                    self._ask_graph()
            except Exception:
                logger.exception("The keeper could not do its duties; it tries again.")
                await asyncio.sleep(ERROR_PAUSE_SECONDS)
            await asyncio.sleep(TICK_SECONDS)

    def tick(self) -> set[int]:
        """Run the database jobs that are due and return the primary keys of the calls that changed."""
        changed = record_missed() | record_interrupted()
        if time.monotonic() >= self._checkpoint_due:
            checkpoints.sign_chain()
            self.background_export.start()
            self._checkpoint_due = time.monotonic() + CHECKPOINT_EVERY
        self._retain()
        return changed

    def _retain(self) -> None:
        """Begin a run of retention when one is due, or take its next step; a tick never waits for a whole run."""
        if self._retention is None and time.monotonic() >= self._retention_due:
            self._retention_due = time.monotonic() + RETENTION_CHECKED_EVERY
            self._retention = retention.run() if retention.is_due() else None
        running, self._retention = self._retention, None
        if running is not None and next(running, None) is not None:
            self._retention = running

    def _ask_graph(self) -> None:
        """Start a round of asking Graph about silent calls, unless one is still running."""
        if time.monotonic() >= self._asking_due and (self._asking is None or self._asking.done()):
            self._asking_due = time.monotonic() + ASK_EVERY
            self._asking = asyncio.create_task(ask_about_silent_calls(self._thread, self._graph, self._publish))
            self._asking.add_done_callback(_log_failure)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception():
        logger.error("Asking Graph about silent calls failed.", exc_info=task.exception())
