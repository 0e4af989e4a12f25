"""Memory: what a connected browser costs, and what one that never reads can make the server keep.

All of it is told in bare daphne sockets: what one costs in an application that holds nothing but its `send`.
"""

from collections.abc import Iterator

from tools.bench import scene
from tools.bench.ground import Ground
from tools.bench.report import Figure
from tools.bench.scene import Scene
from tools.bench.sockets import Crowd, Manner

RUNS = 3
WARM_VIEWERS = 30  # on every server: what is made once for everybody counts for nobody
KINDS: dict[Manner, int] = {"reads": 300, "silent": 100, "pings": 10}
CHANGES_A_SECOND = 200.0
# Of a few calls each: several times what the kernel keeps for a socket that does not read. They have to pass within 30
# seconds: then silent viewers are closed, and nothing is left to measure.
FRAMES = 200


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield what viewers cost that read, that do not while calls change, and that only ping meanwhile."""
    database_url = ground.sqlite()
    cookie = ground.tell(database_url, "people", "Viewers")["Viewers"]
    bare_url = f"sqlite:///{ground.directory / 'bare-memory.sqlite3'}"
    bare: list[float] = []
    product: dict[Manner, list[float]] = {manner: [] for manner in KINDS}
    for _ in range(RUNS):
        with scene.bare(ground, bare_url, WARM_VIEWERS) as (place, _warm):
            bare.append(_bare_cost(place))
        for manner, series in product.items():  # a server each: what others gave back hides what the next ones take
            with scene.product(ground, database_url, WARM_VIEWERS) as (place, warm):
                _pass_frames(place, warm)
                series.append(_cost(place, warm, cookie) if manner == "reads" else _growth(place, warm, cookie, manner))
    yield Figure.ratio("memory per connected viewer in kB ÷ per bare daphne socket", product["reads"], bare, "≤ 2")
    what = f"while {FRAMES} frames pass, in kB ÷ memory per bare daphne socket"
    yield Figure.ratio(f"growth per viewer that never reads, {what}", product["silent"], bare, "≤ 1")
    yield Figure.ratio(f"growth per viewer that only pings, {what}", product["pings"], bare, "≤ 4")


def _bare_cost(place: Scene) -> float:
    before = place.server.resident_bytes()
    with Crowd(place.server.port, KINDS["reads"]):
        return (place.server.resident_bytes() - before) / KINDS["reads"] / 1e3


def _cost(place: Scene, warm: Crowd, cookie: str) -> float:
    """Return how many kilobytes the server needs for each of many browsers that read while calls change."""
    before = place.server.resident_bytes()
    with Crowd(place.server.port, KINDS["reads"], cookie):
        _pass_frames(place, warm)
        return (place.server.resident_bytes() - before) / KINDS["reads"] / 1e3


def _growth(place: Scene, warm: Crowd, cookie: str, manner: Manner) -> float:
    """Return how many kilobytes more the server grows for each socket that reads nothing than it does without them."""
    start = place.server.resident_bytes()
    _pass_frames(place, warm)
    alone = place.server.resident_bytes() - start
    with Crowd(place.server.port, KINDS[manner], cookie, manner=manner):
        before = place.server.resident_bytes()
        _pass_frames(place, warm)
        return (place.server.resident_bytes() - before - alone) / KINDS[manner] / 1e3


def _pass_frames(place: Scene, warm: Crowd) -> None:
    """Change calls until so many frames have reached a socket that reads."""
    before = len(warm.frames()[0])
    while len(warm.frames()[0]) - before < FRAMES:
        place.change(CHANGES_A_SECOND, 1.0)
