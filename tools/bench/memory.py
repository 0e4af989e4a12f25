"""Memory: what a connected browser costs, and what one that never reads can make the server keep.

All of it is told in bare daphne sockets: what one costs in an application that holds nothing but its `send`.
"""

from collections.abc import Iterator
from statistics import median

from tools.bench import scene
from tools.bench.ground import Ground
from tools.bench.report import Figure
from tools.bench.scene import Scene
from tools.bench.sockets import Crowd, Manner

RUNS = 3
VIEWERS, WARM_VIEWERS = 300, 30
SILENT, PINGING = 100, 10
CHANGES_A_SECOND, SECONDS = 100.0, 4.0


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield what viewers cost that read, that do not while calls change, and that only ping meanwhile."""
    product_url, naive_url = ground.sqlite(), ground.sqlite()
    bare_url = f"sqlite:///{ground.directory / 'bare-memory.sqlite3'}"
    bare, reading, silent, pinging, naive = [], [], [], [], []
    cookie = ground.tell(product_url, "people", "Viewers")["Viewers"]
    for _ in range(RUNS):
        with scene.bare(ground, bare_url, WARM_VIEWERS) as (place, _crowd):
            bare.append(_cost(place, "", changes=False))
        with scene.product(ground, product_url, WARM_VIEWERS) as (place, _crowd):
            place.change(CHANGES_A_SECOND, SECONDS / 2)  # what is made once for everybody
            reading.append(_cost(place, cookie))
            silent.append(_growth(place, cookie, SILENT, "silent"))
            pinging.append(_growth(place, cookie, PINGING, "pings"))
        with scene.naive(ground, naive_url, WARM_VIEWERS) as (place, _crowd):
            naive.append(_growth(place, "", SILENT, "silent"))
    yield Figure.ratio("memory per connected viewer in kB ÷ per bare daphne socket", reading, bare, "≤ 2")
    what = f"while {CHANGES_A_SECOND * SECONDS:.0f} changes pass, in kB ÷ memory per bare daphne socket"
    told = f" (with a `group_send` for each change: {median(naive):.0f})"
    yield Figure.ratio(f"growth per viewer that never reads, {what}{told}", silent, bare, "≤ 2")
    yield Figure.ratio(f"growth per viewer that only pings, {what}", pinging, bare, "≤ 4")


def _cost(place: Scene, cookie: str, *, changes: bool = True) -> float:
    """Return how many kilobytes the server needs for each of many browsers that read."""
    before = place.server.resident_bytes()
    with Crowd(place.server.port, VIEWERS, cookie):
        if changes:
            place.change(CHANGES_A_SECOND, SECONDS / 2)
        return (place.server.resident_bytes() - before) / VIEWERS / 1e3


def _growth(place: Scene, cookie: str, sockets: int, manner: Manner) -> float:
    """Return how many kilobytes the server grows for each socket that reads nothing, from its opening to the end."""
    with Crowd(place.server.port, sockets, cookie, manner=manner):
        before = place.server.resident_bytes()
        place.change(CHANGES_A_SECOND, SECONDS)
        return (place.server.resident_bytes() - before) / sockets / 1e3
