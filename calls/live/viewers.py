"""All browsers connected to this process: who they belong to, and the frames that every one of them is sent."""

import time
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from calls import metrics
from calls.live.viewer import Viewer

SILENT_TOO_LONG = 4408


class Viewers:
    """The connected viewers of one process."""

    def __init__(self) -> None:
        self._viewers: set[Viewer] = set()

    def __iter__(self) -> Iterator[Viewer]:
        return iter(self._viewers)

    def __len__(self) -> int:
        return len(self._viewers)

    def add(self, viewer: Viewer) -> None:
        """Add a viewer."""
        self._viewers.add(viewer)
        metrics.VIEWERS.set(len(self._viewers))

    def discard(self, viewer: Viewer) -> None:
        """Remove a viewer, if it is connected."""
        self._viewers.discard(viewer)
        metrics.VIEWERS.set(len(self._viewers))

    def broadcast(self, revision: int, frame: str) -> None:
        """Offer the frame to every viewer."""
        for viewer in self._viewers:
            viewer.offer(revision, frame)
        metrics.FRAMES.inc(len(self._viewers))

    def are_attentive(self) -> bool:
        """Return whether a person who may reject calls has the board in view."""
        return any(viewer.may_reject and viewer.visible for viewer in self._viewers)

    def people(self) -> dict[int, bool]:
        """Return the account numbers of those who may reject calls, and whether one of their pages is in view."""
        people: dict[int, bool] = {}
        for viewer in self._viewers:
            if viewer.may_reject:
                people[viewer.user_id] = viewer.visible or people.get(viewer.user_id, False)
        return people

    def joined_at(self, user_id: int) -> datetime | None:
        """Return when the person's first connected browser joined, None when none is connected."""
        return min((viewer.joined_at for viewer in self._viewers if viewer.user_id == user_id), default=None)

    def close_silent(self) -> None:
        """Close the sockets of browsers that sent nothing for SOCKET_SILENCE_SECONDS."""
        silent_since = time.monotonic() - settings.SOCKET_SILENCE_SECONDS
        for viewer in self._viewers:
            if viewer.heard_at < silent_since:
                viewer.close(SILENT_TOO_LONG)
