"""Who is watching: this process's people counted, the other processes' read, and everybody told when it changes.

A round costs at most one statement to write and one to read, every five seconds, or a second after somebody came or
went. Calls that ring in front of somebody are marked in the same rounds. A process that dies leaves rows that expire.
"""

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
from calls.live import attendance
from calls.live.attendance import Attendance
from calls.live.board import Board
from calls.models import Presence

logger = logging.getLogger(__name__)


class PresenceTracker:
    """Keeps count of who watches. All methods belong to the event loop it was started in."""

    def __init__(self, board: Board, thread: DatabaseThread, tell_others: Callable[[], None]) -> None:
        self._board = board
        self._thread = thread
        self._tell_others = tell_others
        self._process_id = uuid.uuid4()
        self._rows: dict[int, Presence] = {}
        self._leaving: dict[int, Presence] = {}  # whose going is not written yet
        self._elsewhere: list[Presence] = []
        self._renewed_at = timezone.now()
        self._exchange_due = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to count, in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="watch")

    async def stop(self) -> None:
        """Stop counting, and let the others know that nobody watches here any more."""
        if self._task:
            self._task.cancel()
        self._renew({}, timezone.now())
        if self._leaving:
            try:
                await self._exchange()
            except Exception:
                logger.warning("That nobody watches here any more could not be told; it shows by itself in a while.")

    def hear(self) -> None:
        """Take the word of another process that somebody came or went there."""
        self._exchange_due = 0.0
        self._board.attendance_changed.set()

    def connected_since(self, user_id: int) -> datetime | None:
        """Return since when this person is connected to this process, or to one that told of it; None when to none."""
        here = self._joined(user_id)
        return min([*here, *(row.connected_at for row in self._elsewhere if row.user_id == user_id)], default=None)

    def _joined(self, user_id: int) -> list[datetime]:
        return [viewer.joined_at for viewer in self._board.viewers() if viewer.user_id == user_id]

    async def _run(self) -> None:
        while True:
            try:
                await self._round()
            except Exception:
                logger.exception("Who watches could not be counted or told; it is tried again.")
            await asyncio.sleep(settings.PRESENCE_ROUND_SECONDS)
            with suppress(TimeoutError):
                left = max(0.0, self._exchange_due - time.monotonic())
                await asyncio.wait_for(self._board.attendance_changed.wait(), left)

    async def _round(self) -> None:
        self._board.attendance_changed.clear()
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
            self._tell_others()
        if marks := dict(self._board.marks):
            await self._thread.run(attendance.mark_watched, marks)
            self._board.forget_marks(marks)
        metrics.SUPERVISORS_CONNECTED.set(self._board.watching["connected"])
        metrics.SUPERVISORS_VISIBLE.set(self._board.watching["visible"])

    async def _exchange(self) -> None:
        rows = [*self._rows.values(), *self._leaving.values()]
        self._elsewhere = await self._thread.run(attendance.exchange, self._process_id, rows)
        self._leaving.clear()
        self._exchange_due = time.monotonic() + settings.PRESENCE_RENEWED_SECONDS

    def _renew(self, people: dict[int, bool], now: datetime) -> None:
        """Bring the rows up to date with the people who are here; who is here no more is leaving until that is told."""
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
        """Return a row for somebody who came, or gained the right to reject, since the rows were last renewed."""
        since = max(self._renewed_at, min(self._joined(user_id), default=now))
        return Presence(process_id=self._process_id, user_id=user_id, connected_at=since, seen_at=now, visible=False)

    def _count(self) -> None:
        visible = frozenset(user_id for user_id, row in self._rows.items() if row.visible)
        everybody = attendance.of(self._elsewhere) | Attendance(frozenset(self._rows), visible)
        self._board.tell_watching(len(everybody.connected), len(everybody.visible))
