"""The frames that every viewer of the board is sent, numbered by revision: snapshots, changes and heartbeats."""

import json
import time
from collections.abc import Iterable

from django.utils import timezone

from calls.live import latency
from calls.live.live_calls import LiveCalls
from calls.live.serializers import CachedCall
from calls.live.viewers import Viewers
from calls.timestamps import iso

SNAPSHOT_SECONDS = 0.25  # how old a snapshot's time may be: a browser sets its clock by it


class Frames:
    """Makes each frame once and offers it to every viewer."""

    def __init__(self, calls: LiveCalls, viewers: Viewers, build: str) -> None:
        self._calls = calls
        self._viewers = viewers
        self._build = build
        self._watching = {"connected": 0, "visible": 0}
        self._snapshot: tuple[int, str] = (0, "")
        self._snapshot_at = float("-inf")
        self._revision = 0

    @property
    def revision(self) -> int:
        """The number of the newest state; it grows with every frame and every change nobody watched."""
        return self._revision

    def skip(self) -> None:
        """Count a change of state that no viewer is sent."""
        self._revision += 1

    def snapshot(self) -> tuple[int, str]:
        """Return the newest revision and the whole board as one frame, reused for up to SNAPSHOT_SECONDS."""
        now = time.monotonic()
        if self._snapshot[0] != self._revision or now - self._snapshot_at > SNAPSHOT_SECONDS:
            members = f'"revision":{self._revision},{self._status()},"calls":[{",".join(self._calls.texts())}]'
            self._snapshot, self._snapshot_at = (self._revision, f'{{"type":"snapshot",{members}}}'), now
        return self._snapshot

    def send_changes(self, changed: Iterable[CachedCall], gone: Iterable[str]) -> None:
        """Send the calls that changed, and the public ids (as JSON) of those that are gone."""
        if self._viewers:
            calls = ",".join(cached.text for cached in changed)
            self._broadcast("changes", f'"calls":[{calls}],"gone":[{",".join(gone)}]')
        else:
            self.skip()

    def send_heartbeat(self) -> None:
        """Send the time and what else every viewer should know beside the calls."""
        self._broadcast("heartbeat", self._status())

    def show_watching(self, connected: int, visible: int) -> None:
        """Send how many people watch, over all processes, when that has changed."""
        watching = {"connected": connected, "visible": visible}
        if watching != self._watching:
            self._watching = watching
            self.send_heartbeat()

    def _status(self) -> str:
        """Return what every viewer should know beside the calls, as members of a frame."""
        status = {
            "server_time": iso(timezone.now()),
            "watching": self._watching,
            "reject_seconds": round(latency.REJECTS.seconds, 3),
            "build": self._build,
        }
        return json.dumps(status, separators=(",", ":"))[1:-1]

    def _broadcast(self, kind: str, members: str) -> None:
        self._revision += 1
        frame = f'{{"type":"{kind}","revision":{self._revision},{members}}}'
        self._viewers.broadcast(self._revision, frame)
