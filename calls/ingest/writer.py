"""The one writer of a process: collects waiting notifications into batches and commits each batch at once.

The next batch gathers while one is being committed, so a slow disk makes batches larger, not more numerous.
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

MAX_BATCH = 500
MAX_WAITING = 5_000
GATHERING_TURNS = 12  # of the event loop, from reading a request to its notification's standing in the queue


class QueueFull(Exception):
    """More notifications are waiting to be written than may; the sender should come back later."""


class NotStored(Exception):
    """The notifications could not be committed; nothing of them was kept."""


@dataclass(slots=True)
class _Waiting:
    arrivals: list[Arrival]
    written: asyncio.Future[None]


class Writer:
    """Takes arrivals from any number of requests and commits them in batches, in the order they came."""

    def __init__(self, thread: DatabaseThread, publish: Callable[[Collection[int], Collection[Call]], None]) -> None:
        self._thread = thread
        self._publish = publish
        self._queue: deque[_Waiting] = deque()
        self._queued = 0
        self.written = 0  # notifications, since the start
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write, in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="writer")

    async def write(self, arrivals: list[Arrival]) -> None:
        """Return once every arrival is durably committed. Raises QueueFull at once, NotStored when it cannot be."""
        if self._queued + len(arrivals) > MAX_WAITING:
            raise QueueFull
        waiting = _Waiting(arrivals, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._queued += len(arrivals)
        self._wake.set()
        await waiting.written

    async def drain(self) -> None:
        """Return when nothing is waiting any more, then stop."""
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
        """Wait for those who are about to write: as long as every few turns of the event loop bring another one.

        Nobody comes while nothing is going on, and then this takes a fraction of a millisecond. Under load it makes
        few large batches of many small ones.
        """
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
