"""One browser connected to the live board: the frames it was sent and those it acknowledged.

A viewer that does not acknowledge gets no more frames until it does, and then a snapshot, so its queue never grows.
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
    """One connected browser: frames sent and acknowledged, and whether the page is in view."""

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
        """Queue a frame, or note that the viewer is behind when FRAMES_IN_FLIGHT are not acknowledged yet."""
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
        """Request that the socket be closed with `code`."""
        self.close_code = code
        self.wake.set()
