"""Hints between processes: which calls changed, and that somebody came to watch or went, over the channel layer.

At most once is enough, since every board sweeps the database for what no hint named. One process needs no layer.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Collection
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings

from calls.live.board import Board
from calls.models import Call

logger = logging.getLogger(__name__)

GROUP = "calls.changed"
MAX_IDS = 1000
RETRY_SECONDS = 1.0
SEND_SECONDS = 2.0
REJOIN_SECONDS = 30.0


class ChangeBus:
    """Tells this process's board, and those of all others, which calls changed."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._layer: Any = get_channel_layer() if settings.REDIS_URL else None
        self._own = uuid.uuid4().hex
        self._unsent: set[int] = set()
        self._watchers_changed = False
        self.on_watchers: Callable[[], None] = lambda: None
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen to other processes, and to tell them, where there can be any."""
        if self._layer:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._tell())]

    def stop(self) -> None:
        """Stop listening and telling."""
        for task in self._tasks:
            task.cancel()

    def publish(self, primary_keys: Collection[int], new: Collection[Call] = ()) -> None:
        """Hint that these calls changed: at once here, with the next message elsewhere. Never waits, never raises.

        Of calls that are `new`, committed a moment ago, the whole story is at hand; this process need not read it.
        """
        self._board.hint(primary_keys)
        self._board.add(new)
        if self._layer and (primary_keys or new):
            self._unsent.update(primary_keys)
            self._unsent.update(call.pk for call in new)
            self._wake.set()

    def tell_watchers(self) -> None:
        """Hint to other processes that somebody who watches came or went here. Never waits, never raises."""
        if self._layer:
            self._watchers_changed = True
            self._wake.set()

    async def _tell(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            ids, self._unsent = list(self._unsent)[:MAX_IDS], set(list(self._unsent)[MAX_IDS:])
            if self._unsent:
                self._wake.set()
            watchers, self._watchers_changed = self._watchers_changed, False
            hint = {"type": "hint", "from": self._own, "ids": ids, "watchers": watchers}
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._layer.group_send(GROUP, hint)
            except Exception as error:  # whatever the layer's client raises, the sweeps of the others find the change
                logger.warning("Other processes could not be told of a change: %r", error)
                await asyncio.sleep(RETRY_SECONDS)
                self._unsent.clear()  # by the time they hear again they have swept

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_until_rejoin()
            except Exception as error:
                logger.warning("Changes of other processes cannot be heard: %r", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen_until_rejoin(self) -> None:
        """Hear hints; join the group anew when nothing came for a while, because layers forget memberships."""
        channel = await self._layer.new_channel()
        try:
            await self._layer.group_add(GROUP, channel)
            while True:
                self._take(await asyncio.wait_for(self._layer.receive(channel), REJOIN_SECONDS))
        except TimeoutError:
            pass
        finally:
            await self._layer.group_discard(GROUP, channel)

    def _take(self, hint: dict[str, Any]) -> None:
        if hint.get("from") != self._own:  # this process's board was told before anybody else
            self._board.hint(hint["ids"])
            if hint.get("watchers"):
                self.on_watchers()
