"""The writer of a server process: a queue of notifications, committed in batches with one transaction per batch.

The next batch collects while one is being committed, so a slow disk makes batches larger, not more numerous.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from calls.db.threads import DatabaseThread
from calls.ingest.incoming import Arrival
from calls.ingest.store import store
from calls.models import Call

logger = logging.getLogger(__name__)

MAX_BATCH = 500  # notifications per transaction
MAX_WAITING = 5_000  # notifications in the queue; beyond it Graph gets 503 and delivers again later
GATHERING_TURNS = 12  # turns of the event loop between the read of a request and its notification in the queue


class QueueFull(Exception):
    """The queue holds MAX_WAITING notifications already; Graph should deliver again later."""


class NotStored(Exception):
    """The notifications of a request could not be committed."""


@dataclass(slots=True)
class _Waiting:
    arrivals: list[Arrival]
    written: asyncio.Future[None]


class Writer:
    """Queues arrivals of concurrent requests and commits them in batches, in order of arrival.

    `publish` gets the primary keys of the changed calls and the new calls after each commit.
    """

    def __init__(self, thread: DatabaseThread, publish: Callable[[Collection[int], Collection[Call]], None]) -> None:
        self._thread = thread
        self._publish = publish
        self._queue: deque[_Waiting] = deque()
        self._queued = 0
        self.written = 0  # notifications, since the start
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the writing task in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="writer")

    async def write(self, arrivals: list[Arrival]) -> None:
        """Return once every arrival is committed. Raises QueueFull at once, NotStored if the commit failed."""
        # Answering Graph 202 promises that the notification survives this process, hence no return before the commit.
        if self._queued + len(arrivals) > MAX_WAITING:
            raise QueueFull
        waiting = _Waiting(arrivals, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._queued += len(arrivals)
        self._wake.set()
        await waiting.written

    async def drain(self) -> None:
        """Wait until the queue is empty, then stop the writing task."""
        while self._queue or (self._task and not self._task.done() and self._queued):
            await asyncio.sleep(0.01)
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            while self._queue:
                await self._gather()
                await self._write_batch(self._take())
            self._wake.clear()

    async def _gather(self) -> None:
        """Wait for more arrivals, as long as GATHERING_TURNS turns of the event loop bring at least one."""
        # Costs a fraction of a millisecond on an idle server; under load it merges many small batches into few.
        waiting = 0
        while waiting < self._queued < MAX_BATCH:
            waiting = self._queued
            for _ in range(GATHERING_TURNS):
                await asyncio.sleep(0)

    def _take(self) -> list[_Waiting]:
        batch = [self._queue.popleft()]
        size = len(batch[0].arrivals)
        while self._queue and size + len(self._queue[0].arrivals) <= MAX_BATCH:
            batch.append(self._queue.popleft())
            size += len(batch[-1].arrivals)
        return batch

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        arrivals = [arrival for waiting in batch for arrival in waiting.arrivals]
        try:
            written = await self._thread.run(store, arrivals)
            self._publish(written.changed, written.new)
        except Exception as error:
            logger.exception("%d notifications could not be stored.", len(arrivals))
            _fail(batch, error)
        else:
            self.written += len(arrivals)
            _answer(batch, written.lost)
        finally:
            self._queued -= len(arrivals)


def _fail(batch: Iterable[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.written.done():
            waiting.written.set_exception(NotStored(str(error)))


def _answer(batch: Iterable[_Waiting], lost: set[int]) -> None:
    for waiting in batch:
        if waiting.written.done():
            continue
        if any(id(arrival) in lost for arrival in waiting.arrivals):
            waiting.written.set_exception(NotStored("One of the notifications could not be stored."))
        else:
            waiting.written.set_result(None)
