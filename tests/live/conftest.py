"""A live board by itself, without a server: somebody who watches it, and calls that are stored and changed."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from calls.db.threads import DatabaseThread
from calls.live.board import Board
from calls.live.viewer import Viewer
from calls.models import Call
from tests.fixtures.history import make_call


class Watcher:
    """Somebody connected to the board, whose browser acknowledges every frame."""

    def __init__(self, board: Board, *, user_id: int = 1, may_reject: bool = False, visible: bool = True) -> None:
        self.viewer = Viewer(user_id, f"session {user_id}", may_reject, visible)
        self._board = board
        board.join(self.viewer)

    async def next(self, kind: str) -> dict[str, Any]:
        """Return the next frame of this kind."""
        async with asyncio.timeout(20):
            while True:
                while (text := self._board.next_frame(self.viewer)) is None:
                    await self.viewer.wake.wait()
                frame = json.loads(text)
                self.viewer.acknowledge(frame["revision"])
                if frame["type"] == kind:
                    return frame

    async def told(self) -> tuple[list[str], list[str]]:
        """Return the keys in the next frame of changes: of the calls it has, and of those that are gone."""
        frame = await self.next("changes")
        return [call["key"] for call in frame["calls"]], frame["gone"]

    async def told_of(self, *calls: Call) -> tuple[set[str], set[str]]:
        """Return the keys in the next frames of changes, up to the one with the last of these calls."""
        missing, seen, gone = {str(call.public_id) for call in calls}, set(), set()
        while missing - seen:
            now_seen, now_gone = await self.told()
            seen, gone = seen | set(now_seen), gone | set(now_gone)
        return seen, gone


@pytest.fixture
async def thread(database: None) -> AsyncIterator[DatabaseThread]:
    made = DatabaseThread("board")
    yield made
    await made.close()


@pytest.fixture
def sweep_seconds() -> float:
    """How often the board sweeps: not while a test runs, unless it says otherwise."""
    return 600.0


@pytest.fixture
async def board(thread: DatabaseThread, settings: Any, sweep_seconds: float) -> AsyncIterator[Board]:
    """A board that has read the calls there are."""
    settings.BOARD_SWEEP_SECONDS = sweep_seconds
    made = Board(thread, "build")
    made.start()
    await made.attend()
    yield made
    made.stop()


def stored_call(number: int = 1, **fields: Any) -> Call:
    """Return a stored call that no background task of a running server will touch while a test lasts."""
    now = timezone.now()
    return make_call(number, **{"deadline": now + timedelta(hours=1), "updated_at": now, "asked_at": now, **fields})


Made = Callable[..., Any]


@pytest.fixture
def make(thread: DatabaseThread) -> Made:
    """Store a call: `await make(1, state="established")`."""

    async def stored(number: int = 1, **fields: Any) -> Call:
        return await thread.run(stored_call, number, **fields)

    return stored


@pytest.fixture
def change(board: Board, thread: DatabaseThread) -> Made:
    """Change a stored call in a new version, and hint at it: `await change(call, state="established")`."""

    async def changed(call: Call, **fields: Any) -> None:
        stored = Call.objects.filter(pk=call.pk)
        await thread.run(stored.update, version=F("version") + 1, **fields)
        board.hint([call.pk])

    return changed
