"""A server with live calls whose changes have numbers, and the browsers that watch it."""

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from tools.bench import callbacks
from tools.bench.ground import Ground, Server, rows
from tools.bench.load import GRACE_SECONDS, pace, post_all
from tools.bench.sockets import NUMBER, Crowd

CALLS = 50


@dataclass
class Scene:
    """One server, its database, and how many changes it was sent."""

    ground: Ground
    server: Server
    database_url: str
    calls: int = CALLS
    _changes: int = 0
    _prefix: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def fill(self) -> None:
        """Let the calls ring."""
        numbered = callbacks.numbered_calls(self.ground.headers(), self.ground.tenant, self.calls, self._prefix)
        post_all([self.server.port], list(numbered))
        self._changes = self.calls

    def change(self, per_second: float, seconds: float, *, grace: float = GRACE_SECONDS) -> dict[int, float]:
        """Change them in turn for a while; return when each change was due. Answers have `grace` seconds more."""
        first = self._changes
        requests = callbacks.changes(self.ground.headers(), self.ground.tenant, self.calls, self._prefix, first)
        due = pace(self.server.port, requests, per_second=per_second, seconds=seconds, grace=grace).due
        self._changes += len(due)
        return dict(enumerate(due, first))

    def truth(self) -> set[int]:
        """Return the number of each call in the database."""
        sources = " ".join(str(source) for (source,) in rows(self.database_url, "SELECT source FROM calls_call"))
        return {int(number) for number in NUMBER.findall(sources.replace("'", '"').encode())}


@contextmanager
def product(ground: Ground, database_url: str, sockets: int) -> Iterator[tuple[Scene, Crowd]]:
    """Run the product with that many signed-in browsers."""
    cookie = ground.tell(database_url, "people", "Viewers")["Viewers"]
    with ground.product(database_url) as server, _watched(ground, server, database_url, sockets, cookie) as both:
        yield both


@contextmanager
def other(ground: Ground, application: str, database_url: str, sockets: int) -> Iterator[tuple[Scene, Crowd]]:
    """Run another application of the bench, which asks nobody who they are, with that many sockets."""
    with ground.daphne(application, database_url) as server, _watched(ground, server, database_url, sockets) as both:
        yield both


def naive(ground: Ground, database_url: str, sockets: int) -> AbstractContextManager[tuple[Scene, Crowd]]:
    """Run the usual way to build it."""
    return other(ground, "tools.bench.naive:application", database_url, sockets)


def bare(ground: Ground, database_url: str, sockets: int) -> AbstractContextManager[tuple[Scene, Crowd]]:
    """Run the bare application that commits a row and sends a frame."""
    return other(ground, "tools.bench.bare:application", database_url, sockets)


@contextmanager
def _watched(
    ground: Ground, server: Server, database_url: str, sockets: int, cookie: str = ""
) -> Iterator[tuple[Scene, Crowd]]:
    scene = Scene(ground, server, database_url)
    scene.fill()
    with Crowd(server.port, sockets, cookie) as crowd:
        yield scene, crowd
