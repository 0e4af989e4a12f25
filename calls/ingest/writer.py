"""The one writer of a process: commits the notifications that are waiting together, then answers them all.

While one batch is being committed the next one gathers, so a batch is as large as the disk is slow, and costs one
transaction. A write returns only after the commit: answering Graph 202 afterwards promises that the notification is
kept, whatever happens to this process.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from calls import metrics
from calls.db.sql import Statement, reading, run
from calls.db.threads import DatabaseThread
from calls.decisions import outcomes
from calls.graph.payloads import Subject
from calls.ingest.call_state import Change, fold
from calls.ingest.incoming import CALL, NOTIFICATION, STORY, Arrival, row_of
from calls.models import Call, Notification

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
Told = tuple[Arrival, str]  # a new arrival and why it was not applied to its call, empty when it was

MAX_BATCH = 500
MAX_WAITING = 5_000
GATHERING_TURNS = 12  # of the event loop, from reading a request to its notification's standing in the queue
DEADLOCK_DETECTED = "40P01"


class QueueFull(Exception):
    """More notifications are waiting to be written than may; the sender should come back later."""


class NotStored(Exception):
    """The notifications could not be committed; nothing of them was kept."""


class _Overtaken(Exception):
    """Another process created one of the batch's calls first; the batch has to begin again and find it there."""


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


@dataclass(slots=True)
class Written:
    """What a batch did: the primary keys of the calls it changed, the new ones, the arrivals that could not be kept."""

    changed: set[int] = field(default_factory=set)
    new: list[Call] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)


def store(arrivals: list[Arrival]) -> Written:
    """Commit the arrivals and what they mean, and return what changed.

    A batch the database refuses for what is in it is retried one by one, so that one bad notification cannot take its
    neighbours along; one whose meaning cannot be stored is kept as it came. Raises django.db.OperationalError or
    InterfaceError when the database itself is not to be had.
    """
    try:
        return _store_in_turn(arrivals)
    except (OperationalError, InterfaceError) as error:
        if getattr(error.__cause__, "sqlstate", "") != DEADLOCK_DETECTED:
            raise
        return _store_together(arrivals)
    except Exception:
        logger.exception("A batch of %d notifications was refused; storing them one by one.", len(arrivals))
        return _store_singly(arrivals)


def _store_in_turn(arrivals: list[Arrival]) -> Written:
    """Store the batch; once more when another process stored one of its notifications at the same moment."""
    try:
        return _store_together(arrivals)
    except IntegrityError:
        logger.info("Another process was delivered one of these notifications first; it is looked for again.")
        return _store_together(arrivals)


def _store_singly(arrivals: list[Arrival]) -> Written:
    written = Written()
    for arrival in arrivals:
        try:
            stored = _store_together([arrival])
            written.changed |= stored.changed
            written.new += stored.new
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # drivers refuse values in ways of their own, before the database does
            if not _keep_raw(arrival, error):
                written.lost.add(id(arrival))
    return written


def _keep_raw(arrival: Arrival, error: Exception) -> bool:
    """Keep a notification whose meaning the database refuses; return whether it is kept (now, or since before)."""
    try:
        with _looked_up([arrival]) as (calls, stored):
            if _new_arrivals([arrival], stored):
                number = calls[0].pk if calls else None
                NOTIFICATION.insert([row_of(arrival, f"The database refused it: {type(error).__name__}", number)])
        return True
    except Exception:
        logger.exception("A notification could not be stored at all.")
        return False


def _store_together(arrivals: list[Arrival]) -> Written:
    return _until_not_overtaken(_store_once, arrivals)


def _until_not_overtaken(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `work` returns; begin it again when another process created one of its calls meanwhile."""
    while True:
        try:
            return work(*args, **kwargs)
        except _Overtaken:
            logger.info("Another process heard of a call first; it is looked up again.")


def _store_once(arrivals: list[Arrival]) -> Written:
    with _looked_up(arrivals) as (calls, stored):
        batch = _Batch(calls)
        told = [(arrival, batch.apply(arrival)) for arrival in _new_arrivals(arrivals, stored)]
        _save(batch, told)
    _count(arrivals, told)
    return Written(changed={call.pk for call in batch.changed.values()}, new=batch.new)


def reapply_one(primary_key: int, arrival: Arrival) -> str:
    """Apply a kept notification to its call now; return what still stands in its way, empty when it was applied."""
    return _until_not_overtaken(_reapply_once, primary_key, arrival)


def _reapply_once(primary_key: int, arrival: Arrival) -> str:
    with _looked_up([arrival]) as (calls, _):
        batch = _Batch(calls)
        problem = batch.apply(arrival)
        Notification.objects.filter(pk=primary_key).update(problem=problem, call_pk=batch.number_of(arrival))
        _save(batch)
    return problem


def _save(batch: "_Batch", told: Sequence[Told] = ()) -> None:
    """Save notifications and what they did to their calls; audit entries come last, holding the chain's one lock."""
    lapsed = outcomes.mark_lapsed(batch.ended)
    _insert(batch.new)
    rows = [row_of(arrival, problem, batch.number_of(arrival)) for arrival, problem in told]
    run(*NOTIFICATION.inserting(rows), *STORY.updating_all(list(batch.changed.values())))
    outcomes.settle_by_ending([call for call in batch.ended if call.pk in batch.locked])
    outcomes.record_lapsed(lapsed)
    outcomes.record_withdrawals(batch.withdrawn)


@contextmanager
def _looked_up(arrivals: list[Arrival]) -> Iterator[tuple[list[Call], set[tuple[str, str]]]]:
    """Begin a transaction; inside are those calls the arrivals are about that were heard of before, locked.

    And which arrivals are stored: of those message id and digest. Every process first locks and then inserts, both in
    the order of the folded id, so that two of them never wait for each other in a circle.
    """
    keys = {arrival.notification.graph_id_folded for arrival in arrivals if arrival.notification.graph_id_folded}
    named = {arrival.message_id for arrival in arrivals if arrival.message_id}
    with transaction.atomic():
        calls, stored = run(_locking(keys), _finding(named))
        yield calls, set(stored)


def _locking(keys: Collection[str]) -> Statement:
    return reading(Call, f"graph_key IN ({_marks(keys)}) ORDER BY graph_key", list(keys), lock=True)


def _finding(message_ids: Collection[str]) -> Statement:
    """Return what finds message id and digest of what is stored under these message ids.

    The first condition changes nothing but the plan: with it in so many words SQLite uses the index, without it reads
    the whole table.
    """
    statement = f"SELECT message_id, digest FROM {Notification._meta.db_table} WHERE NOT (message_id = '')"
    return Statement(f"{statement} AND message_id IN ({_marks(message_ids)})", list(message_ids), tuple)


def _marks(values: Collection[str]) -> str:
    return ", ".join(["%s"] * len(values)) or "NULL"


def _new_arrivals(arrivals: list[Arrival], stored: set[tuple[str, str]]) -> list[Arrival]:
    """Return the arrivals that were not delivered before: same message id and same content means a redelivery."""
    seen = set(stored)
    new = []
    for arrival in arrivals:
        identity = arrival.message_id, arrival.notification.digest
        if arrival.message_id and identity in seen:
            continue
        seen.add(identity)
        new.append(arrival)
    return new


def _insert(new: list[Call]) -> None:
    """Insert the calls not heard of before, and note their primary keys.

    Raises _Overtaken when one of them stands there now.
    """
    new.sort(key=lambda call: call.graph_id_folded)
    inserted = CALL.insert(new, unless="graph_key", returning=("id", "graph_key"))
    primary_keys = {graph_id_folded: primary_key for primary_key, graph_id_folded in inserted}
    if len(primary_keys) < len(new):
        raise _Overtaken
    for call in new:
        call.pk = primary_keys[call.graph_id_folded]


class _Batch:
    """The calls of one transaction and what its notifications do to them."""

    def __init__(self, locked: list[Call]) -> None:
        self._calls = {call.graph_id_folded: call for call in locked}
        self._window = timedelta(seconds=settings.CALL_ANSWER_WINDOW_SECONDS)
        self.locked = {call.pk for call in locked}
        self.new: list[Call] = []
        self.changed: dict[str, Call] = {}
        self.ended: list[Call] = []
        self.withdrawn: list[Call] = []

    def apply(self, arrival: Arrival) -> str:
        """Apply one notification to its call; return why it was not applied, empty when it was."""
        notification = arrival.notification
        if notification.subject is not Subject.CALL:
            return "" if notification.graph_id_folded else "It names no call."
        if not notification.graph_id_folded:
            return "Its call id cannot be stored."
        call = self._calls.get(notification.graph_id_folded) or self._begin(arrival)
        if call.tenant_id != arrival.tenant_id:
            return f"The call belongs to tenant {call.tenant_id}."
        try:
            change = fold(call, notification.facts, arrival.received_at, self._window)
        except Exception as error:  # kept raw, applied later by `reapply`: a fault of ours must not lose it
            logger.exception("A notification about call %s could not be applied.", call.graph_id)
            return f"A fault of ours: {type(error).__name__}"
        self._note(call, change, arrival.received_at)
        return ""

    def number_of(self, arrival: Arrival) -> int | None:
        """Return the primary key of the call an arrival is about, None while there is no such call."""
        call = self._calls.get(arrival.notification.graph_id_folded)
        return call.pk if call else None

    def _begin(self, arrival: Arrival) -> Call:
        call = Call(
            graph_id_folded=arrival.notification.graph_id_folded,
            graph_id=arrival.notification.graph_id,
            tenant_id=arrival.tenant_id,
            received_at=arrival.received_at,
            updated_at=arrival.received_at,
        )
        self._calls[call.graph_id_folded] = call
        self.new.append(call)
        return call

    def _note(self, call: Call, change: Change, received_at: datetime) -> None:
        if change.changed and call.pk and call.graph_id_folded not in self.changed:
            call.become_newer(received_at)
            self.changed[call.graph_id_folded] = call
        if change.ended:
            self.ended.append(call)
        if change.missed_withdrawn:
            self.withdrawn.append(call)


def _count(arrivals: list[Arrival], told: list[Told]) -> None:
    metrics.COMMITS.observe(len(arrivals))
    metrics.REDELIVERIES.inc(len(arrivals) - len(told))
    metrics.UNAPPLIED.inc(sum(1 for _, problem in told if problem))
