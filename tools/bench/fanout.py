"""Fan-out: what a thousand browsers are told in time, at what price; and the way of one change to the last of fifty.

A change is delivered when its frame, or that of a later change of the same call, has reached a browser, and in time
when that was within a second: of a call that rings for fifteen, later is too late.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from tests.servers import wait_until
from tools.bench import callbacks
from tools.bench.ground import Ground, Server, rows
from tools.bench.load import pace, post_all
from tools.bench.report import Figure, percentile
from tools.bench.sockets import NUMBER, Crowd, Frames, arrivals, wrong

RUNS = 3
CALLS = 50
MANY, CHANGES_A_SECOND = 1000, 50.0
FEW, MANY_CHANGES_A_SECOND = 50, 200.0
SECONDS = 5.0
IN_TIME_SECONDS = 1.0
SETTLE_SECONDS = 30.0


@dataclass
class Scene:
    """A server with live calls, whose changes have numbers."""

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

    def change(self, per_second: float, seconds: float) -> dict[int, float]:
        """Change them in turn for a while; return when each change was due."""
        first = self._changes
        requests = callbacks.changes(self.ground.headers(), self.ground.tenant, self.calls, self._prefix, first)
        due = pace(self.server.port, requests, per_second=per_second, seconds=seconds).due
        self._changes += len(due)
        return dict(enumerate(due, first))

    def truth(self) -> set[int]:
        """Return the number of each call in the database."""
        sources = " ".join(str(source) for (source,) in rows(self.database_url, "SELECT source FROM calls_call"))
        return {int(number) for number in NUMBER.findall(sources.replace("'", '"').encode())}


@dataclass(frozen=True, slots=True)
class Told:
    """What one run came to."""

    latencies: list[float]  # seconds, of every delivery so far
    owed: int
    cpu_seconds: float

    @property
    def in_time(self) -> int:
        """How many deliveries were."""
        return sum(1 for latency in self.latencies if latency <= IN_TIME_SECONDS)

    @property
    def cpu_per_delivery(self) -> float:
        """The server's processor time for each delivery, in seconds."""
        return self.cpu_seconds / len(self.latencies)


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield what the board delivers to a thousand sockets, against a `group_send` for each change."""
    board_url, naive_url = ground.sqlite(), ground.sqlite()
    board: list[Told] = []
    naive: list[Told] = []
    errors: list[float] = []
    with _board(ground, board_url, MANY) as (scene, crowd):
        for _ in range(RUNS):
            board.append(_run(scene, crowd))
            errors.append(_wrong_in_the_end(scene, crowd))
            # A server that still owes what nobody waits for is no ground for a second run.
            with _naive(ground, naive_url, MANY) as (usual, usual_crowd):
                naive.append(_run(usual, usual_crowd))
    what = f"fan-out to {MANY:,} sockets, {CHANGES_A_SECOND:.0f} changes a second"
    counts = [[max(1.0, run.in_time) for run in side] for side in (board, naive)]  # nothing cannot be divided by
    yield Figure.ratio(f"{what}: delivered within a second, board ÷ `group_send`", *counts, "≥ 20")
    shares = [median(run.in_time / run.owed for run in side) for side in (board, naive)]
    told = f"in time: {shares[0]:.1%} of {board[0].owed:,}; `group_send` {shares[1]:.1%}"
    yield Figure.plain(f"{what}: calls shown otherwise than stored, over all sockets", errors, "≤ 0", "", told)
    costs = [[run.cpu_per_delivery * 1e6 for run in side] for side in (board, naive)]
    yield Figure.ratio(f"{what}: CPU µs per delivery, board ÷ `group_send`", *costs, "≤ 0.05")
    for share in (0.5, 0.99):
        series = [percentile(run.latencies, share) * 1e3 for run in board]
        told = f"`group_send`: {median(percentile(run.latencies, share) for run in naive):,.1f} s of what came at all"
        yield Figure.plain(f"{what}: latency of the board, p{share * 100:.0f}", series, "≤ 500 ms", "ms", told)


def measure_path(ground: Ground) -> Iterator[Figure]:
    """Yield how long a notification takes to the last of fifty sockets, in flush intervals."""
    interval = ground.tell("sqlite:////unused", "intervals")["flush_seconds"]
    series: dict[float, list[float]] = {0.5: [], 0.99: []}
    database_url = ground.sqlite()
    with _board(ground, database_url, FEW) as (scene, crowd):
        for _ in range(RUNS):
            due = scene.change(MANY_CHANGES_A_SECOND, SECONDS)
            last = _to_the_last(wait_until(lambda: _all_right(scene, crowd), SETTLE_SECONDS), due)
            for share, values in series.items():
                values.append(percentile(last, share) * 1e3)
    for share, values in series.items():
        what = f"notification → last of {FEW} sockets at {MANY_CHANGES_A_SECOND:.0f} a second, p{share * 100:.0f}"
        yield Figure.ratio(f"{what} in ms ÷ flush interval", values, [interval * 1e3], "≤ 2")


@contextmanager
def _board(ground: Ground, database_url: str, sockets: int) -> Iterator[tuple[Scene, Crowd]]:
    cookie = ground.tell(database_url, "people", "Viewers")["Viewers"]
    with ground.product(database_url) as server:
        scene = Scene(ground, server, database_url)
        scene.fill()
        with Crowd(server.port, sockets, cookie) as crowd:
            yield scene, crowd


@contextmanager
def _naive(ground: Ground, database_url: str, sockets: int) -> Iterator[tuple[Scene, Crowd]]:
    with ground.daphne("tools.bench.naive:application", database_url) as server:
        scene = Scene(ground, server, database_url)
        scene.fill()
        with Crowd(server.port, sockets) as crowd:
            yield scene, crowd


def _run(scene: Scene, crowd: Crowd) -> Told:
    before = scene.server.cpu_seconds()
    due = scene.change(CHANGES_A_SECOND, SECONDS)
    cpu_seconds = scene.server.cpu_seconds() - before
    return Told(latencies(crowd.frames(), due, scene.calls), len(due) * MANY, cpu_seconds)


def latencies(crowd: list[Frames], due: dict[int, float], calls: int) -> list[float]:
    """Return how long each delivery took, over all sockets and those changes that arrived."""
    return [at - due[number] for one in crowd for number, at in arrivals(one, calls).items() if number in due]


def _to_the_last(crowd: list[Frames], due: dict[int, float]) -> list[float]:
    arrived = [arrivals(one, CALLS) for one in crowd]
    return [max(one[number] for one in arrived) - at for number, at in due.items()]


def _all_right(scene: Scene, crowd: Crowd) -> list[Frames]:
    """Return the frames when every socket shows what the database says, nothing before."""
    truth, frames = scene.truth(), crowd.frames()
    return [] if any(wrong(one, scene.calls, truth) for one in frames) else frames


def _wrong_in_the_end(scene: Scene, crowd: Crowd) -> float:
    """Return how many pairs of a socket and a call do not show what the database says, when nothing more comes."""
    try:
        wait_until(lambda: _all_right(scene, crowd), SETTLE_SECONDS)
    except AssertionError:
        truth = scene.truth()
        return float(sum(wrong(one, scene.calls, truth) for one in crowd.frames()))
    return 0.0
