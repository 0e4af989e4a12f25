"""Carries hints between processes over the channel layer: which calls changed, and that people came or left.

Delivery is at most once: the boards' sweeps find changes whose hint was lost. A single process needs no layer.
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
    """Hints to this process's board, and to those of all other processes, which calls changed."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._layer: Any = get_channel_layer() if settings.REDIS_URL else None
        self._own = uuid.uuid4().hex
        self._unsent: set[int] = set()
        self._presence_changed = False
        self._on_presence: Callable[[], None] = lambda: None
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to send and receive hints, when REDIS_URL gives a layer."""
        if self._layer:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._send())]

    def stop(self) -> None:
        """Stop sending and receiving."""
        for task in self._tasks:
            task.cancel()

    def publish(self, primary_keys: Collection[int], new: Collection[Call] = ()) -> None:
        """Hint that these calls changed: at once here, with the next message elsewhere. Never waits, never raises.

        Calls that are `new` must be complete and committed: this process shows them without reading them.
        """
        self._board.hint(primary_keys)
        self._board.add(new)
        if self._layer and (primary_keys or new):
            self._unsent.update(primary_keys)
            self._unsent.update(call.pk for call in new)
            self._wake.set()

    def on_presence(self, callback: Callable[[], None]) -> None:
        """Call `callback`, which must not wait, when another process announces that its people changed."""
        self._on_presence = callback

    def announce_presence(self) -> None:
        """Hint to other processes that people came or left here. Never waits, never raises."""
        if self._layer:
            self._presence_changed = True
            self._wake.set()

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            ids, self._unsent = list(self._unsent)[:MAX_IDS], set(list(self._unsent)[MAX_IDS:])
            if self._unsent:
                self._wake.set()
            people_changed, self._presence_changed = self._presence_changed, False
            hint = {"type": "hint", "from": self._own, "ids": ids, "watchers": people_changed}
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._layer.group_send(GROUP, hint)
            except Exception as error:  # the layer's client raises its own; the others' sweeps find the change
                logger.warning("Other processes could not be told of a change: %r", error)
                await asyncio.sleep(RETRY_SECONDS)
                self._unsent.clear()  # the others sweep meanwhile

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_until_rejoin()
            except Exception as error:
                logger.warning("Changes of other processes cannot be heard: %r", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen_until_rejoin(self) -> None:
        """Receive hints until none came for REJOIN_SECONDS."""
        channel = await self._layer.new_channel()
        try:
            await self._layer.group_add(GROUP, channel)
            while True:
                self._take(await asyncio.wait_for(self._layer.receive(channel), REJOIN_SECONDS))
        except TimeoutError:
            pass  # the caller joins the group anew, because layers forget memberships
        finally:
            await self._layer.group_discard(GROUP, channel)

    def _take(self, hint: dict[str, Any]) -> None:
        if hint.get("from") != self._own:  # this process's board has had it from `publish`
            self._board.hint(hint["ids"])
            if hint.get("watchers"):
                self._on_presence()
