"""The live board: this process's one copy of the live calls, and who is watching it.

The database is the truth. Hints name calls that may have changed; the board reads those, serialises each once and gives
every viewer the same frame. Hints can be lost (layers drop, processes die), so a sweep compares the board with the
database every few seconds and reads whatever differs. However many watch, a flush costs one query.

While nobody watches, the board rests: it holds nothing, reads nothing and takes no hints, and is read anew for the
next who comes. Of several processes only those pay for the board that somebody is connected to.

Who watches is in `calls.live.viewer`, what they are sent of a call in `calls.live.serializers`.
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Prefetch, Q
from django.utils import timezone

from calls import metrics
from calls.db.threads import DatabaseThread
from calls.live import latency
from calls.live.serializers import CachedCall
from calls.live.viewer import FRAMES_IN_FLIGHT, Viewer
from calls.models import Call, RejectAttempt
from calls.timestamps import iso

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.02
SWEEP_ENDED_SECONDS = 60
READ_AT_ONCE = 500
ERROR_PAUSE_SECONDS = 1.0
SNAPSHOT_SECONDS = 0.25  # how old a snapshot's time may be: a browser sets its clock by it


def read_calls(primary_keys: Collection[int]) -> list[Call]:
    """Return the calls with their attempts, in two queries."""
    attempts = Prefetch("attempts", queryset=RejectAttempt.objects.order_by("requested_at"))
    return list(Call.objects.filter(pk__in=primary_keys).prefetch_related(attempts))


def read_versions() -> dict[int, int]:
    """Return the version of every live call, and of those that ended within the last minute, by primary key."""
    recent = timezone.now() - timedelta(seconds=SWEEP_ENDED_SECONDS)
    left_lately = Call.objects.filter(Q(ended_at__gt=recent) | Q(ended_at=None, missed_at__gt=recent))
    return dict((Call.objects.live() | left_lately).values_list("pk", "version"))


def read_live_keys() -> set[int]:
    """Return the primary keys of the live calls."""
    return set(Call.objects.live().values_list("pk", flat=True))


class Board:
    """The live calls of this process and its viewers. All methods belong to the event loop it was started in."""

    def __init__(self, thread: DatabaseThread, build: str = "") -> None:
        self._thread = thread
        self._build = build
        self._shown: dict[int, CachedCall] = {}
        self._by_key: dict[uuid.UUID, CachedCall] = {}
        self._left: dict[int, int] = {}
        self._hinted: set[int] = set()
        self._new: list[Call] = []
        self._wake = asyncio.Event()
        self._viewers: set[Viewer] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._snapshot: tuple[int, str] = (0, "")
        self._snapshot_at = float("-inf")
        self.watching = {"connected": 0, "visible": 0}
        self.attendance_changed = asyncio.Event()
        self.marks: dict[int, datetime] = {}
        self.attended_since: datetime | None = None
        self.revision = 0
        self._wanted = asyncio.Event()
        self._loaded = asyncio.Event()
        self._idle_since = float("-inf")
        self.swept_at = float("-inf")

    def start(self) -> None:
        """Begin to read, sweep and beat, in the running event loop."""
        self._wanted.set()
        loops = (self._flush_for_ever, self._sweep_for_ever, self._beat_for_ever)
        self._tasks = [asyncio.create_task(loop(), name=loop.__name__) for loop in loops]

    def stop(self) -> None:
        """Stop reading; viewers get nothing more."""
        for task in self._tasks:
            task.cancel()

    def hint(self, primary_keys: Iterable[int]) -> None:
        """Note that these calls may have changed; they are read with the next flush, if anybody watches."""
        if self.rests:
            return
        self._hinted.update(primary_keys)
        self._wake.set()

    def add(self, new: Iterable[Call]) -> None:
        """Take calls that were just created, as they were committed; they are shown with the next flush, to any."""
        if self.rests:
            return
        self._new.extend(new)
        if self._new:
            self._wake.set()

    @property
    def rests(self) -> bool:
        """Whether nobody has watched for a while, so that nothing is read."""
        return not self._wanted.is_set() and not self._loaded.is_set()

    @property
    def is_ready(self) -> bool:
        """Whether whoever comes need not wait for more than one reading of the live calls."""
        return self.rests or self._loaded.is_set()

    async def attend(self) -> None:
        """Return when the board is up to date for somebody who is about to join, who must `leave` whatever happens."""
        self._wanted.set()
        await self._loaded.wait()

    # Viewers --------------------------------------------------------------------------------------------------------

    def viewers(self) -> list[Viewer]:
        """Return everybody connected to this process."""
        return list(self._viewers)

    def join(self, viewer: Viewer) -> None:
        """Add a viewer, whose first frame is a snapshot of the board as it is in memory."""
        self._viewers.add(viewer)
        metrics.VIEWERS.set(len(self._viewers))
        viewer.offer(*self.snapshot())
        self.recount()

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        self._viewers.discard(viewer)
        self._idle_since = time.monotonic()
        metrics.VIEWERS.set(len(self._viewers))
        self.recount()

    def recount(self) -> None:
        """Take note that a viewer came or left, turned to the page or away from it, gained or lost the right."""
        self.attendance_changed.set()
        if not any(viewer.may_reject and viewer.visible for viewer in self._viewers):
            self.attended_since = None
        elif self.attended_since is None:
            self.attended_since = timezone.now()
            for shown in self._shown.values():
                self._mark(shown, self.attended_since)

    def people(self) -> dict[int, bool]:
        """Return who of those that may reject calls is connected here, and whether a page of theirs is in view."""
        people: dict[int, bool] = {}
        for viewer in self._viewers:
            if viewer.may_reject:
                people[viewer.user_id] = viewer.visible or people.get(viewer.user_id, False)
        return people

    def tell_watching(self, connected: int, visible: int) -> None:
        """Tell every viewer how many people watch, over all processes, when that has changed."""
        watching = {"connected": connected, "visible": visible}
        if watching != self.watching:
            self.watching = watching
            self._broadcast("heartbeat", self._standing())

    def forget_marks(self, stored: Iterable[int]) -> None:
        """Take note that of these calls it is stored when they first rang in front of somebody."""
        for primary_key in stored:
            self.marks.pop(primary_key, None)

    def _mark(self, shown: CachedCall, since: datetime) -> None:
        """Note when a call first rang in front of somebody who has been there since then; it is stored soon."""
        moment = max(since, shown.call.received_at)
        if shown.call.watched_at is None and shown.call.rang_at(moment):
            shown.watch(moment)
            self.marks[shown.call.pk] = moment
            self.attendance_changed.set()

    def first_sent(self, key: uuid.UUID, user_id: int) -> datetime | None:
        """Return when this process first sent the live call to one of the person's browsers, None when it did not."""
        joined = [viewer.joined_at for viewer in self._viewers if viewer.user_id == user_id]
        shown = self._by_key.get(key)
        return max(shown.since, min(joined)) if shown and joined else None

    def next_frame(self, viewer: Viewer) -> str | None:
        """Return what is to be sent to this viewer now, None when nothing is; one that fell behind gets a snapshot."""
        if viewer.behind and len(viewer.in_flight) < FRAMES_IN_FLIGHT:
            viewer.behind = False
            viewer.offer(*self.snapshot())
        viewer.wake.clear()
        return viewer.pending.popleft() if viewer.pending else None

    def snapshot(self) -> tuple[int, str]:
        """Return the newest revision and the whole board as one frame; made once for all who ask in one moment."""
        now = time.monotonic()
        if self._snapshot[0] != self.revision or now - self._snapshot_at > SNAPSHOT_SECONDS:
            calls = ",".join(shown.text for _, shown in sorted(self._shown.items()))
            members = f'"revision":{self.revision},{self._standing()},"calls":[{calls}]'
            self._snapshot, self._snapshot_at = (self.revision, f'{{"type":"snapshot",{members}}}'), now
        return self._snapshot

    def _standing(self) -> str:
        """Return what every viewer should know beside the calls, as members of a frame."""
        standing = {
            "server_time": iso(timezone.now()),
            "watching": self.watching,
            "reject_seconds": round(latency.REJECTS.seconds, 3),
            "build": self._build,
        }
        return json.dumps(standing, separators=(",", ":"))[1:-1]

    def _broadcast(self, kind: str, members: str) -> None:
        self.revision += 1
        frame = f'{{"type":"{kind}","revision":{self.revision},{members}}}'
        for viewer in self._viewers:
            viewer.offer(self.revision, frame)
        metrics.FRAMES.inc(len(self._viewers))

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
            self._rest()
            await self._wanted.wait()

    def _rest(self) -> None:
        self._loaded.clear()
        self._shown, self._by_key, self._left, self._hinted, self._new = {}, {}, {}, set(), []
        self.revision += 1
        self.swept_at = float("-inf")
        metrics.LIVE_CALLS.set(float("nan"))

    async def _load(self) -> None:
        while not self._loaded.is_set():
            try:
                self._left = await self._thread.run(read_versions)
                live = await self._thread.run(read_live_keys)
                self._left = {pk: version for pk, version in self._left.items() if pk not in live}
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
            calls = await self._read(hinted)
        except Exception:
            self.hint(hinted)
            self.add(new)
            raise
        self._show(hinted, [CachedCall(call) for call in new] + calls)

    async def _read(self, hinted: set[int]) -> list[CachedCall]:
        if not hinted:
            return []
        return await self._thread.run(_read_and_serialise, hinted, bool(self._viewers), dict(self.marks))

    def _show(self, asked: set[int], calls: list[CachedCall]) -> None:
        changed, gone = [], []
        for shown in calls:
            call, known = shown.call, self._shown.get(shown.call.pk)
            if (known.version if known else self._left.get(call.pk, 0)) >= call.version or _is_past(call):
                continue
            seen_at = known.call.watched_at if known else None
            if seen_at and call.watched_at is None and call.rang_at(seen_at):
                shown.watch(seen_at)
            elif self.attended_since:
                self._mark(shown, self.attended_since)
            if call.is_live:
                shown.since = known.since if known else shown.since
                self._shown[call.pk] = self._by_key[call.public_id] = shown
                self._left.pop(call.pk, None)
            else:
                self._left[call.pk] = call.version
                self._shown.pop(call.pk, None)
                self._by_key.pop(call.public_id, None)
                gone.append(f'"{call.public_id}"')
            changed.append(shown)
        found = {shown.call.pk for shown in calls}
        gone += [self._drop(primary_key) for primary_key in asked - found if primary_key in self._shown]
        metrics.LIVE_CALLS.set(len(self._shown))
        if changed or gone:
            self._broadcast_changes(changed, gone)

    def _broadcast_changes(self, changed: list[CachedCall], gone: list[str]) -> None:
        if self._viewers:
            calls = ",".join(shown.text for shown in changed)
            self._broadcast("changes", f'"calls":[{calls}],"gone":[{",".join(gone)}]')
        else:
            self.revision += 1

    def _drop(self, primary_key: int) -> str:
        """Forget a call that is not in the database any more; return its key as JSON."""
        key = self._shown.pop(primary_key).call.public_id
        self._by_key.pop(key, None)
        return f'"{key}"'

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(settings.BOARD_SWEEP_SECONDS)
            if not self._loaded.is_set():
                continue
            await self._guarded(self._sweep)
            self._close_silent_viewers()
            if not self._viewers and time.monotonic() - self._idle_since > settings.BOARD_REST_SECONDS:
                self._wanted.clear()
                self._wake.set()

    async def _sweep(self) -> None:
        versions = await self._thread.run(read_versions)
        known = {**self._left, **{pk: shown.version for pk, shown in self._shown.items()}}
        self.hint(pk for pk, version in versions.items() if known.get(pk, 0) < version)
        self.hint(pk for pk in self._shown if pk not in versions)
        self._left = {pk: version for pk, version in self._left.items() if pk in versions}
        self.swept_at = time.monotonic()

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(settings.SOCKET_HEARTBEAT_SECONDS)
            self._broadcast("heartbeat", self._standing())

    def _close_silent_viewers(self) -> None:
        silent_since = time.monotonic() - settings.SOCKET_SILENCE_SECONDS
        for viewer in self._viewers:
            if viewer.heard_at < silent_since:
                viewer.close(4408)

    async def _guarded(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Exception:
            logger.exception("The live board could not be brought up to date; it is tried again.")
            await asyncio.sleep(ERROR_PAUSE_SECONDS)


def _is_past(call: Call) -> bool:
    """Return whether the call left the board so long ago that nobody looks for it there, whatever is noted about it."""
    left_at = call.ended_at or call.missed_at
    return left_at is not None and left_at < timezone.now() - timedelta(seconds=SWEEP_ENDED_SECONDS)


def _read_and_serialise(primary_keys: set[int], wanted: bool, marks: dict[int, datetime]) -> list[CachedCall]:
    """Return the calls as the database has them now, with their JSON made here, beside the event loop, if `wanted`.

    `marks` has what is not stored yet: when calls first rang in front of somebody.
    """
    shown = [CachedCall(call) for call in sorted(read_calls(primary_keys), key=lambda call: call.pk)]
    for one in shown:
        seen_at = marks.get(one.call.pk)
        if seen_at and one.call.watched_at is None and one.call.rang_at(seen_at):
            one.call.watched_at = seen_at
        if wanted:
            one.text  # noqa: B018
    return shown
