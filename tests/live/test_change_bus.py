"""Hints from one process to another: which calls changed, and that somebody came to watch or went."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.db.models import F

from calls.db.threads import DatabaseThread
from calls.live.board import Board
from calls.live.change_bus import MAX_IDS, ChangeBus
from calls.models import Call
from tests.live.conftest import Watcher, stored_call


@pytest.fixture(autouse=True)
def one_layer(settings: Any) -> None:
    """A layer between the two processes, and boards that learn of a change from hints alone."""
    settings.REDIS_URL = "redis://in-memory"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    settings.BOARD_SWEEP_SECONDS = 600.0


class Process:
    """A board and its hints, as a process has them, and how often it heard that somebody came or went elsewhere."""

    def __init__(self, thread: DatabaseThread) -> None:
        self.board = Board(thread)
        self.change_bus = ChangeBus(self.board)
        self.heard_of_watchers = 0
        self.change_bus.on_presence(self._hear)

    def _hear(self) -> None:
        self.heard_of_watchers += 1

    async def start(self) -> Watcher:
        """Start both, and return somebody who watches."""
        self.board.start()
        await self.board.attend()
        watcher = Watcher(self.board)
        await watcher.next("snapshot")
        self.change_bus.start()
        await asyncio.sleep(0)
        return watcher

    def stop(self) -> None:
        self.change_bus.stop()
        self.board.stop()


@pytest.fixture
async def thread(database: None) -> AsyncIterator[DatabaseThread]:
    made = DatabaseThread("board")
    yield made
    await made.close()


@pytest.fixture
async def here(thread: DatabaseThread) -> AsyncIterator[Process]:
    process = Process(thread)
    yield process
    process.stop()


@pytest.fixture
async def there(thread: DatabaseThread) -> AsyncIterator[Process]:
    process = Process(thread)
    yield process
    process.stop()


async def test_a_change_is_seen_at_once_here_and_there(here: Process, there: Process, thread: DatabaseThread) -> None:
    at_both = [await here.start(), await there.start()]
    call = await thread.run(stored_call, 1)
    here.change_bus.publish([], [call])
    for watcher in at_both:
        assert await watcher.told() == ([str(call.public_id)], [])
    await thread.run(Call.objects.filter(pk=call.pk).update, state="hold", version=F("version") + 1)
    there.change_bus.publish([call.pk])
    for watcher in at_both:
        assert (await watcher.next("changes"))["calls"][0]["state"] == "hold"


async def test_that_somebody_came_is_heard_by_the_others_and_not_by_oneself(
    here: Process, there: Process, thread: DatabaseThread
) -> None:
    await here.start()
    watcher = await there.start()
    call = await thread.run(stored_call, 1)
    here.change_bus.publish([], [call])
    await watcher.told()
    assert there.heard_of_watchers == 0, "a change of calls is no word about who watches"
    here.change_bus.announce_presence()
    async with asyncio.timeout(20):
        while not there.heard_of_watchers:
            await asyncio.sleep(0.005)
    assert (here.heard_of_watchers, there.heard_of_watchers) == (0, 1)


async def test_more_changes_than_one_message_takes_are_told_in_several(
    here: Process, there: Process, thread: DatabaseThread
) -> None:
    await here.start()
    watcher = await there.start()
    call = await thread.run(lambda: stored_call(1, id=2 * MAX_IDS))
    here.change_bus.publish(range(1, 2 * MAX_IDS + 1))
    assert await watcher.told() == ([str(call.public_id)], [])


async def test_without_a_layer_only_this_process_is_told(settings: Any, here: Process, thread: DatabaseThread) -> None:
    settings.REDIS_URL = ""
    alone = Process(thread)
    watcher, other = await alone.start(), await here.start()
    call = await thread.run(stored_call, 1)
    alone.change_bus.publish([call.pk])
    alone.change_bus.announce_presence()
    assert await watcher.told() == ([str(call.public_id)], [])
    assert not alone.change_bus._unsent, "nobody would ever take it"
    second = await thread.run(stored_call, 2)
    here.change_bus.publish([second.pk])
    assert await other.told() == ([str(second.public_id)], [])
    assert here.heard_of_watchers == 0
    alone.stop()
