"""The keeper: what must happen although nobody asks for it.

Undecided calls whose window closed are recorded as missed, attempts that a crash interrupted as unknown; Graph is
asked about calls it is silent about; the audit chain is signed now and then; what is too old is removed. One keeper is
active at a time where several processes share a PostgreSQL database; its acts are idempotent all the same.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Exists, OuterRef
from django.utils import timezone

from calls import audit, retention, settling, witness
from calls.enquiries import enquire
from calls.graph.client import GraphClient
from calls.models import ANSWERED_STATES, Call, RejectAttempt
from calls.threads import DatabaseThread

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.5
ERROR_PAUSE_SECONDS = 2.0
AT_ONCE = 200
# Seconds of time.monotonic(): when the wall clock is put back, duties are not put off.
ENQUIRE_EVERY = 2.0
CHECKPOINT_EVERY = 5 * 60.0
RETENTION_CHECKED_EVERY = 10 * 60.0
# Longer than a decision can take: its connections, its retries within the window, and one answer awaited in full.
INTERRUPTED_AFTER = timedelta(seconds=60)
ADVISORY_LOCK = 0x63616C6C73  # "calls" in ASCII
# PostgreSQL frees the lock of a keeper whose machine vanished within ten seconds, instead of its usual two hours.
FREE_WHEN_VANISHED = """SELECT set_config('tcp_keepalives_idle', '4', false),
    set_config('tcp_keepalives_interval', '2', false), set_config('tcp_keepalives_count', '3', false)"""
Outcome = RejectAttempt.Outcome


class Keeper:
    """Runs the duties every half second in a thread of its own, as long as it is the active keeper."""

    def __init__(self, thread: DatabaseThread, graph: GraphClient, publish: Callable[[Collection[int]], None]) -> None:
        self._thread = thread
        self._graph = graph
        self._publish = publish
        self._enquiring: asyncio.Task[None] | None = None
        self._seat = Seat()
        self.courier = witness.Courier()
        self._checkpoint_due = self._retention_due = self._enquiry_due = time.monotonic()
        self._retention: Iterator[dict[str, int]] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep, in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="keeper")

    def stop(self) -> None:
        """Stop keeping; another process's keeper takes over."""
        for task in (self._task, self._enquiring):
            if task:
                task.cancel()

    async def _run(self) -> None:
        while True:
            try:
                if await self._thread.run(self._seat.taken):
                    self._publish(await self._thread.run(self.tick))
                    self._enquire()
            except Exception:
                logger.exception("The keeper could not do its duties; it tries again.")
                await asyncio.sleep(ERROR_PAUSE_SECONDS)
            await asyncio.sleep(TICK_SECONDS)

    def tick(self) -> set[int]:
        """Do what is due in the database and return the primary keys of the calls that changed."""
        changed = record_missed() | record_interrupted()
        if time.monotonic() >= self._checkpoint_due:
            audit.checkpoint()
            self.courier.send()
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

    def _enquire(self) -> None:
        """Ask Graph beside everything else, one round at a time: its answers may take their time."""
        if time.monotonic() >= self._enquiry_due and (self._enquiring is None or self._enquiring.done()):
            self._enquiry_due = time.monotonic() + ENQUIRE_EVERY
            self._enquiring = asyncio.create_task(enquire(self._thread, self._graph, self._publish))
            self._enquiring.add_done_callback(_log_failure)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception():
        logger.error("Asking Graph about silent calls failed.", exc_info=task.exception())


class Seat:
    """The active keeper's seat: a PostgreSQL advisory lock held by a session of its own, free the moment that ends."""

    def __init__(self) -> None:
        self._session: BaseDatabaseWrapper | None = None

    def taken(self) -> bool:
        """Return whether this process has the seat, taking it if it is free. A file database has one keeper anyway."""
        if connection.vendor != "postgresql":
            return True
        if self._session is not None:
            if self._session.is_usable():
                return True
            logger.warning("The keeper lost its seat with the session that held it.")
            self._session.close()
            self._session = None
        self._session = self._take()
        return self._session is not None

    def _take(self) -> BaseDatabaseWrapper | None:
        session = connection.copy()
        session.settings_dict["OPTIONS"].pop("pool", None)  # a pooled session would take the lock to somebody else
        with session.cursor() as cursor:
            cursor.execute(FREE_WHEN_VANISHED)
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
            (taken,) = cursor.fetchone()
        if taken:
            logger.info("This process is the active keeper now.")
            return session
        session.close()
        return None


def record_missed() -> set[int]:
    """Mark undecided calls whose window closed as missed, one audit entry each, and return their primary keys.

    Derived from our clock alone: Graph's word for the call (`state`) is left as it is, and a later answer withdraws it.
    """
    held = RejectAttempt.objects.filter(call=OuterRef("pk")).exclude(outcome=Outcome.REFUSED)
    overdue = Call.objects.filter(ended_at=None, missed_at=None, established_at=None, deadline__lt=timezone.now())
    due = overdue.exclude(state__in=ANSWERED_STATES).exclude(Exists(held)).order_by("graph_key")
    if not due.exists():  # most of the time, and then no transaction keeps the writer waiting
        return set()
    with transaction.atomic():
        calls = list(due.select_for_update(of=("self",), skip_locked=_can_skip())[:AT_ONCE])
        for call in calls:
            call.missed_at = timezone.now()
            call.touch("missed_at")
        settling.record_lapsed(calls)
    return {call.pk for call in calls}


def record_interrupted() -> set[int]:
    """Settle attempts whose process died before it could record an outcome; return the calls' primary keys."""
    oldest = timezone.now() - INTERRUPTED_AFTER
    left_open = RejectAttempt.objects.filter(outcome=Outcome.REQUESTED, requested_at__lt=oldest)
    return {_settle(*found) for found in left_open.values_list("pk", "call_id")[:AT_ONCE]} - {0}


def _settle(attempt_id: uuid.UUID, call_id: int) -> int:
    """Record one interrupted attempt as unknown; return its call's primary key, 0 when it was settled meanwhile."""
    with transaction.atomic():
        call = Call.objects.select_for_update().get(pk=call_id)
        attempt = RejectAttempt.objects.filter(pk=attempt_id, outcome=Outcome.REQUESTED).first()
        if attempt is None:
            return 0
        attempt.outcome = Outcome.ENDED_UNPROVED if call.ended_at else Outcome.UNKNOWN
        attempt.settled_at = timezone.now()
        attempt.save(update_fields=["outcome", "settled_at"])
        call.touch()
        actor = audit.Actor(id=attempt.actor_id, name=attempt.actor_name)
        details = {"cause": "interrupted"}
        audit.append("reject.unknown", actor=actor, call=call, attempt=attempt, details=details)
        if call.ended_at:
            audit.append("reject.ended_unproved", actor=actor, call=call, attempt=attempt, details=details)
        return call.pk


def _can_skip() -> bool:
    return connection.features.has_select_for_update_skip_locked
