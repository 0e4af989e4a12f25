"""The time a rejection takes, from the request's arrival to Graph's answer; browsers derive the last safe moment."""

import math
from collections import deque

DEFAULT_SECONDS = 1.0
ENOUGH = 20  # decisions, from which on the default no longer counts
MOST = 100


class LatencyWindow:
    """The times, in seconds, of this process's last decisions."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=MOST)

    def note(self, seconds: float) -> None:
        """Add the time of a decision that Graph answered."""
        self._seconds.append(max(0.0, seconds))

    @property
    def seconds(self) -> float:
        """The 95th percentile in seconds; at least the default while fewer than ENOUGH decisions were made."""
        if not self._seconds:
            return DEFAULT_SECONDS
        slow = sorted(self._seconds)[math.ceil(len(self._seconds) * 0.95) - 1]
        return slow if len(self._seconds) >= ENOUGH else max(slow, DEFAULT_SECONDS)


REJECTS = LatencyWindow()
