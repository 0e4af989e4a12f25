"""How long a rejection takes here, from the click's arrival to Graph's answer; the last safe moment follows from it."""

import math
from collections import deque

DEFAULT_SECONDS = 1.0
ENOUGH = 20  # decisions, from which on they are believed without the default
MOST = 100


class LatencyWindow:
    """The times of this process's last decisions."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=MOST)

    def note(self, seconds: float) -> None:
        """Take one more decision that Graph answered."""
        self._seconds.append(max(0.0, seconds))

    @property
    def seconds(self) -> float:
        """Within how many seconds 95 of 100 decisions were answered; at least the default while few were made."""
        if not self._seconds:
            return DEFAULT_SECONDS
        slow = sorted(self._seconds)[math.ceil(len(self._seconds) * 0.95) - 1]
        return slow if len(self._seconds) >= ENOUGH else max(slow, DEFAULT_SECONDS)


REJECTS = LatencyWindow()
