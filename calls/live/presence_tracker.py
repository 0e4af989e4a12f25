"""Counts the people who watch the board, at this process and the others, and stores which calls they saw ring."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from calls import metrics
from calls.db.threads import DatabaseThread
from calls.live import presence
from calls.live.board import Board
from calls.live.presence import Attendance
from calls.live.watched_calls import mark_watched
from calls.models import Presence

logger = logging.getLogger(__name__)


class PresenceTracker:
    """Counts who watches. All methods belong to the event loop it was started in.

    A round writes at most one statement and reads one, every PRESENCE_RENEWED_SECONDS or a second after a change. The
    rows of a process that dies expire.
    """

    def __init__(self, board: Board, thread: DatabaseThread, announce: Callable[[], None]) -> None:
        self._board = board
        self._thread = thread
        self._announce = announce
        self._process_id = uuid.uuid4()
        self._rows: dict[int, Presence] = {}
        self._leaving: dict[int, Presence] = {}  # left, and not written as such yet
        self._elsewhere: list[Presence] = []
        self._renewed_at = timezone.now()
        self._exchange_due = 0.0
        self._changed = asyncio.Event()
        board.on_attendance(self._changed.set)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to count, in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="watch")

    async def stop(self) -> None:
        """Stop counting, and write that nobody watches here any more; when that fails, the rows expire."""
        if self._task:
            self._task.cancel()
        self._renew({}, timezone.now())
        if self._leaving:
            try:
                await self._exchange()
            except Exception:
                logger.warning("That nobody watches here any more could not be told; it shows by itself in a while.")

    def changed_elsewhere(self) -> None:
        """Exchange rows soon, because another process announced that its people changed. Never waits."""
        self._exchange_due = 0.0
        self._changed.set()

    def connected_since(self, user_id: int) -> datetime | None:
        """Return since when the person is connected to any process, as far as this one knows; None when to none."""
        here = self._board.joined_at(user_id)
        elsewhere = [row.connected_at for row in self._elsewhere if row.user_id == user_id]
        return min([*([here] if here else []), *elsewhere], default=None)

    async def _run(self) -> None:
        while True:
            try:
                await self._round()
            except Exception:
                logger.exception("Who watches could not be counted or told; it is tried again.")
            await asyncio.sleep(settings.PRESENCE_ROUND_SECONDS)
            with suppress(TimeoutError):
                left = max(0.0, self._exchange_due - time.monotonic())
                await asyncio.wait_for(self._changed.wait(), left)

    async def _round(self) -> None:
        self._changed.clear()
        people = self._board.people()
        changed = people != {user_id: row.visible for user_id, row in self._rows.items()}
        self._renew(people, timezone.now())
        if changed:
            self._exchange_due = 0.0
            self._count()
        if time.monotonic() >= self._exchange_due:
            await self._exchange()
            self._count()
        if changed:
            self._announce()
        if marks := self._board.unstored_marks():
            await self._thread.run(mark_watched, marks)
            self._board.forget_marks(marks)

    async def _exchange(self) -> None:
        rows = [*self._rows.values(), *self._leaving.values()]
        self._elsewhere = await self._thread.run(presence.exchange, self._process_id, rows)
        self._leaving.clear()
        self._exchange_due = time.monotonic() + settings.PRESENCE_RENEWED_SECONDS

    def _renew(self, people: dict[int, bool], now: datetime) -> None:
        """Update the rows to the people connected here; rows of people who left are kept until that is written."""
        for user_id in self._rows.keys() - people.keys():
            row = self._leaving[user_id] = self._rows.pop(user_id)
            row.left_at = row.seen_at = now
            row.shown_at, row.visible = (now if row.visible else row.shown_at), False
        for user_id, visible in people.items():
            row = self._rows.get(user_id) or self._leaving.pop(user_id, None) or self._begin(user_id, now)
            row.seen_at, row.left_at = now, None
            row.shown_at, row.visible = (now if visible or row.visible else row.shown_at), visible
            self._rows[user_id] = row
        self._renewed_at = now

    def _begin(self, user_id: int, now: datetime) -> Presence:
        """Return a row for a person who came, or gained the right to reject, since the rows were last renewed."""
        since = max(self._renewed_at, self._board.joined_at(user_id) or now)
        return Presence(process_id=self._process_id, user_id=user_id, connected_at=since, seen_at=now, visible=False)

    def _count(self) -> None:
        visible = frozenset(user_id for user_id, row in self._rows.items() if row.visible)
        everybody = presence.attendance_of(self._elsewhere) | Attendance(frozenset(self._rows), visible)
        self._board.show_watching(len(everybody.connected), len(everybody.visible))
        metrics.SUPERVISORS_CONNECTED.set(len(everybody.connected))
        metrics.SUPERVISORS_VISIBLE.set(len(everybody.visible))
