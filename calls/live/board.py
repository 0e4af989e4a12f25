"""The live board of one process: it reads the calls that changed and sends every viewer the same frame.

The database is the truth. Hints name calls that may have changed; a flush reads those in one query and serialises each
once. Hints can be lost, so a sweep compares the board with the database every few seconds.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from django.conf import settings

from calls import metrics
from calls.db.threads import DatabaseThread
from calls.live.board_queries import read_cached, read_live_pks, read_versions
from calls.live.frames import Frames
from calls.live.live_calls import LiveCalls
from calls.live.serializers import CachedCall
from calls.live.viewer import FRAMES_IN_FLIGHT, Viewer
from calls.live.viewers import Viewers
from calls.live.watched_calls import WatchedMarks
from calls.models import Call

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.02
READ_AT_ONCE = 500
ERROR_PAUSE_SECONDS = 1.0


class Board:
    """The live calls of this process and its viewers. All methods belong to the event loop it was started in.

    The board unloads itself after BOARD_REST_SECONDS without viewers: it then holds nothing, reads nothing and ignores
    hints. The next viewer triggers a reload.
    """

    def __init__(self, thread: DatabaseThread, build: str = "") -> None:
        self._thread = thread
        self._calls = LiveCalls()
        self._viewers = Viewers()
        self._frames = Frames(self._calls, self._viewers, build)
        self._marks = WatchedMarks()
        self._hinted: set[int] = set()
        self._new: list[Call] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._notify_attendance: Callable[[], None] = lambda: None
        self._wanted = asyncio.Event()
        self._loaded = asyncio.Event()
        self._idle_since = float("-inf")
        self.swept_at = float("-inf")

    def start(self) -> None:
        """Begin to read, sweep and send heartbeats, in the running event loop."""
        self._wanted.set()
        loops = (self._flush_for_ever, self._sweep_for_ever, self._beat_for_ever)
        self._tasks = [asyncio.create_task(loop(), name=loop.__name__) for loop in loops]

    def stop(self) -> None:
        """Stop reading; viewers get nothing more."""
        for task in self._tasks:
            task.cancel()

    def hint(self, primary_keys: Iterable[int]) -> None:
        """Note that these calls may have changed; the next flush reads them. Ignored while the board is unloaded."""
        if self.rests:
            return
        self._hinted.update(primary_keys)
        self._wake.set()

    def add(self, new: Iterable[Call]) -> None:
        """Take calls as they were just created and committed; the next flush sends them without reading them."""
        if self.rests:
            return
        self._new.extend(new)
        if self._new:
            self._wake.set()

    @property
    def rests(self) -> bool:
        """Whether the board is unloaded because nobody has watched for a while."""
        return not self._wanted.is_set() and not self._loaded.is_set()

    @property
    def is_ready(self) -> bool:
        """Whether a new viewer waits for at most one reading of the live calls."""
        return self.rests or self._loaded.is_set()

    @property
    def revision(self) -> int:
        """The number of the board's newest state; it grows with every frame and every change."""
        return self._frames.revision

    async def attend(self) -> None:
        """Return when the board is loaded for a viewer about to join. The caller must always `leave` afterwards."""
        self._wanted.set()
        await self._loaded.wait()

    # Viewers --------------------------------------------------------------------------------------------------------

    def viewers(self) -> list[Viewer]:
        """Return the viewers connected to this process."""
        return list(self._viewers)

    def join(self, viewer: Viewer) -> None:
        """Add a viewer, whose first frame is a snapshot of the board as it is in memory."""
        self._viewers.add(viewer)
        viewer.offer(*self._frames.snapshot())
        self.recount()

    def leave(self, viewer: Viewer) -> None:
        """Remove a viewer."""
        self._viewers.discard(viewer)
        self._idle_since = time.monotonic()
        self.recount()

    def snapshot(self) -> tuple[int, str]:
        """Return the newest revision and the whole board as one frame."""
        return self._frames.snapshot()

    def next_frame(self, viewer: Viewer) -> str | None:
        """Return the viewer's next frame, None when there is none; a viewer that fell behind gets a snapshot."""
        if viewer.behind and len(viewer.in_flight) < FRAMES_IN_FLIGHT:
            viewer.behind = False
            viewer.offer(*self._frames.snapshot())
        viewer.wake.clear()
        return viewer.pending.popleft() if viewer.pending else None

    def first_sent(self, public_id: uuid.UUID, user_id: int) -> datetime | None:
        """Return when this process first sent the live call to one of the person's browsers, None when it did not."""
        joined_at, cached = self._viewers.joined_at(user_id), self._calls.get(public_id)
        return max(cached.since, joined_at) if cached and joined_at else None

    # Attendance -----------------------------------------------------------------------------------------------------

    def on_attendance(self, callback: Callable[[], None]) -> None:
        """Call `callback`, which must not wait, whenever viewers change or a call is marked as watched."""
        self._notify_attendance = callback

    def recount(self) -> None:
        """Update attendance after a viewer came or left, changed visibility, or gained or lost the right to reject."""
        self._notify_attendance()
        self._marks.attend(self._viewers.are_attentive(), self._calls)

    def people(self) -> dict[int, bool]:
        """Return the account numbers of those who may reject calls, and whether one of their pages is in view."""
        return self._viewers.people()

    def joined_at(self, user_id: int) -> datetime | None:
        """Return when the person's first connected browser joined, None when none is connected here."""
        return self._viewers.joined_at(user_id)

    @property
    def attended_since(self) -> datetime | None:
        """Since when a person who may reject calls has the board in view, None when nobody has."""
        return self._marks.attended_since

    def unstored_marks(self) -> dict[int, datetime]:
        """Return when calls, by primary key, first rang in front of a supervisor, where that is not stored yet."""
        return self._marks.unstored()

    def forget_marks(self, stored: Iterable[int]) -> None:
        """Forget the marks of these calls, which the database has now."""
        self._marks.forget(stored)

    def show_watching(self, connected: int, visible: int) -> None:
        """Send every viewer how many people watch, over all processes, when that has changed."""
        self._frames.show_watching(connected, visible)

    # Reading --------------------------------------------------------------------------------------------------------

    async def _flush_for_ever(self) -> None:
        while True:
            await self._load()
            while self._wanted.is_set():
                await self._wake.wait()
                started = time.monotonic()
                await self._guarded(self._flush)
                # The first change after a quiet while went out at once; those right behind it share the next frame.
                await asyncio.sleep(max(0.0, FLUSH_SECONDS - (time.monotonic() - started)))
            self._unload()
            await self._wanted.wait()

    def _unload(self) -> None:
        self._loaded.clear()
        self._calls.clear()
        self._hinted, self._new = set(), []
        self._frames.skip()
        self.swept_at = float("-inf")
        metrics.LIVE_CALLS.set(float("nan"))

    async def _load(self) -> None:
        while not self._loaded.is_set():
            try:
                versions = await self._thread.run(read_versions)
                live = await self._thread.run(read_live_pks)
                self._calls.remember_left({pk: version for pk, version in versions.items() if pk not in live})
                self.hint(live)
                while self._hinted:
                    await self._flush()
                self._idle_since = time.monotonic()
                self._loaded.set()
            except Exception:
                logger.exception("The live board cannot be read; it is tried again.")
                await asyncio.sleep(ERROR_PAUSE_SECONDS)

    async def _flush(self) -> None:
        hinted = set(list(self._hinted)[:READ_AT_ONCE])
        self._hinted -= hinted
        new, self._new = self._new, []
        if not self._hinted:
            self._wake.clear()
        try:
            read = await self._read(hinted)
        except Exception:
            self.hint(hinted)
            self.add(new)
            raise
        self._show(hinted, [CachedCall(call) for call in new] + read)

    async def _read(self, hinted: set[int]) -> list[CachedCall]:
        if not hinted:
            return []
        return await self._thread.run(read_cached, hinted, len(self._viewers) > 0, self._marks.unstored())

    def _show(self, asked: set[int], read: list[CachedCall]) -> None:
        changed, gone = self._calls.apply(asked, read, self._mark)
        metrics.LIVE_CALLS.set(len(self._calls))
        if changed or gone:
            self._frames.send_changes(changed, gone)

    def _mark(self, cached: CachedCall) -> None:
        if self._marks.mark(cached):
            self._notify_attendance()

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(settings.BOARD_SWEEP_SECONDS)
            if not self._loaded.is_set():
                continue
            await self._guarded(self._sweep)
            self._viewers.close_silent()
            if not self._viewers and time.monotonic() - self._idle_since > settings.BOARD_REST_SECONDS:
                self._wanted.clear()
                self._wake.set()

    async def _sweep(self) -> None:
        versions = await self._thread.run(read_versions)
        self.hint(self._calls.outdated(versions))
        self.swept_at = time.monotonic()

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(settings.SOCKET_HEARTBEAT_SECONDS)
            self._frames.send_heartbeat()

    async def _guarded(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Exception:
            logger.exception("The live board could not be brought up to date; it is tried again.")
            await asyncio.sleep(ERROR_PAUSE_SECONDS)
