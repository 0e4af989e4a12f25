"""Who watches the live board: one connected browser, what it was sent and what it acknowledged.

A viewer that does not acknowledge gets nothing more until it does, and then the newest state in one frame: what a slow
browser is owed never grows.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

FRAMES_IN_FLIGHT = 2


@dataclass(eq=False, slots=True)
class Viewer:
    """One connected browser: what it was sent, what it acknowledged, whether somebody looks at it."""

    user_id: int
    session_key: str
    may_reject: bool = False
    visible: bool = True
    pending: deque[str] = field(default_factory=deque)
    behind: bool = False
    in_flight: list[int] = field(default_factory=list)
    heard_at: float = field(default_factory=time.monotonic)
    joined_at: datetime = field(default_factory=timezone.now)
    close_code: int | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, revision: int, frame: str) -> None:
        """Give the viewer a frame, or note that it is behind when it has not acknowledged the ones before."""
        if self.behind or len(self.in_flight) >= FRAMES_IN_FLIGHT:
            self.behind = True
            return
        self.pending.append(frame)
        self.in_flight.append(revision)
        self.wake.set()

    def acknowledge(self, revision: int) -> None:
        """Note that every frame up to `revision` was received."""
        self.in_flight = [sent for sent in self.in_flight if sent > revision]
        if self.behind:
            self.wake.set()

    def close(self, code: int) -> None:
        """Have the socket closed with `code` as soon as it can be."""
        self.close_code = code
        self.wake.set()
