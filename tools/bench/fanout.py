"""Fan-out: what a thousand browsers are told in time, and at what price.

A change is delivered when its frame, or that of a later change of the same call, has reached a browser, and in time
when that was within a second: of a call that rings for fifteen, later is too late.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from tests.servers import wait_until
from tools.bench import scene
from tools.bench.ground import Ground
from tools.bench.report import Figure
from tools.bench.scene import Scene
from tools.bench.sockets import Crowd, Frames, arrivals, wrong

RUNS = 3
SOCKETS, CHANGES_A_SECOND = 1000, 50.0
SECONDS = 5.0
IN_TIME_SECONDS = 1.0
SETTLE_SECONDS = 30.0


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
        return self.cpu_seconds / max(1, len(self.latencies))


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield what the board delivers to a thousand sockets, against a `group_send` for each change."""
    board_url, naive_url = ground.sqlite(), ground.sqlite()
    board: list[Told] = []
    naive: list[Told] = []
    errors: list[float] = []
    with scene.product(ground, board_url, SOCKETS) as (place, crowd):
        for _ in range(RUNS):
            board.append(_run(place, crowd))
            errors.append(_wrong_in_the_end(place, crowd))
            # A server that still owes what nobody waits for is no ground for a second run.
            with scene.naive(ground, naive_url, SOCKETS) as (usual, usual_crowd):
                naive.append(_run(usual, usual_crowd))
    what = f"fan-out to {SOCKETS:,} sockets, {CHANGES_A_SECOND:.0f} changes a second"
    counts = [[max(1.0, run.in_time) for run in side] for side in (board, naive)]  # nothing cannot be divided by
    yield Figure.ratio(f"{what}: delivered within a second, board ÷ `group_send`", *counts, "≥ 50")
    shares = [median(run.in_time / run.owed for run in side) for side in (board, naive)]
    told = f"in time: {shares[0]:.1%} of {board[0].owed:,}; `group_send` {shares[1]:.1%}"
    yield Figure.plain(f"{what}: calls shown otherwise than stored, over all sockets", errors, "≤ 0", "", told)
    costs = [[run.cpu_per_delivery * 1e6 for run in side] for side in (board, naive)]
    yield Figure.ratio(f"{what}: CPU µs per delivery, board ÷ `group_send`", *costs, "≤ 0.05")


def _run(place: Scene, crowd: Crowd) -> Told:
    before = place.server.cpu_seconds()
    due = place.change(CHANGES_A_SECOND, SECONDS)
    cpu_seconds = place.server.cpu_seconds() - before
    return Told(latencies(crowd.frames(), due, place.calls), len(due) * SOCKETS, cpu_seconds)


def latencies(crowd: list[Frames], due: dict[int, float], calls: int) -> list[float]:
    """Return how long each delivery took, over all sockets and those changes that arrived."""
    return [at - due[number] for one in crowd for number, at in arrivals(one, calls).items() if number in due]


def _all_right(place: Scene, crowd: Crowd) -> bool:
    """Return whether every socket shows what the database says."""
    truth = place.truth()
    return not any(wrong(one, place.calls, truth) for one in crowd.frames())


def _wrong_in_the_end(place: Scene, crowd: Crowd) -> float:
    """Return how many pairs of a socket and a call do not show what the database says, when nothing more comes."""
    try:
        wait_until(lambda: _all_right(place, crowd), SETTLE_SECONDS)
    except AssertionError:
        truth = place.truth()
        return float(sum(wrong(one, place.calls, truth) for one in crowd.frames()))
    return 0.0
