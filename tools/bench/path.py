"""The way of one change: from the notification to the last of fifty sockets, against a bare application's."""

from collections.abc import Iterator
from contextlib import ExitStack

from tests.servers import wait_until
from tools.bench import scene
from tools.bench.ground import Ground
from tools.bench.report import Figure, percentile
from tools.bench.scene import Scene
from tools.bench.sockets import Crowd, Frames, arrivals

RUNS = 3
SOCKETS = 50
CHANGES_A_SECOND, SECONDS = 200.0, 5.0
SETTLE_SECONDS = 30.0
LIMITS = {0.5: "≤ 1.5", 0.99: "≤ 2"}


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield how long a notification takes to the last of fifty sockets, as percentiles."""
    bare_url = f"sqlite:///{ground.directory / 'bare.sqlite3'}"
    taken: list[list[list[float]]] = [[], []]
    with ExitStack() as stack:
        product = stack.enter_context(scene.product(ground, ground.sqlite(), SOCKETS))
        bare = stack.enter_context(scene.bare(ground, bare_url, SOCKETS))
        for _ in range(RUNS):
            for runs, (place, crowd) in zip(taken, (product, bare), strict=True):
                runs.append(_run(place, crowd))
    for share, reach in LIMITS.items():
        what = f"notification → last of {SOCKETS} sockets at {CHANGES_A_SECOND:.0f} a second, p{share * 100:.0f} in ms"
        sides = [[percentile(run, share) * 1e3 for run in runs] for runs in taken]
        yield Figure.ratio(f"{what} ÷ a bare application that commits a row and sends {SOCKETS} frames", *sides, reach)


def _run(place: Scene, crowd: Crowd) -> list[float]:
    due = place.change(CHANGES_A_SECOND, SECONDS, grace=SETTLE_SECONDS)  # so that every one is sent
    return wait_until(lambda: to_the_last(crowd.frames(), due, place.calls), SETTLE_SECONDS)


def to_the_last(crowd: list[Frames], due: dict[int, float], calls: int) -> list[float]:
    """Return how long each change took until every socket had it, nothing while one of them lacks one."""
    arrived = [arrivals(frames, calls) for frames in crowd]
    if any(due.keys() - one.keys() for one in arrived):
        return []
    return [max(one[number] for one in arrived) - at for number, at in due.items()]
