"""Memory: what a connected browser costs, and what one that never reads can make the server keep."""

from collections.abc import Iterator

from tools.bench.fanout import Scene
from tools.bench.ground import Ground
from tools.bench.report import Figure
from tools.bench.sockets import Crowd

RUNS = 3
VIEWERS = 300
SILENT = 100
CHANGES_A_SECOND, SECONDS = 100.0, 4.0


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield kilobytes per browser that reads, and per browser that does not while calls change."""
    database_url = ground.sqlite()
    cookie = ground.tell(database_url, "people", "Viewers")["Viewers"]
    reading, silent, naive = [], [], []
    for _ in range(RUNS):
        with ground.product(database_url) as server:
            scene = Scene(ground, server, database_url)
            scene.fill()
            with Crowd(server.port, VIEWERS // 10, cookie):
                scene.change(CHANGES_A_SECOND, SECONDS / 2)  # what is made once for everybody
                before = server.resident_bytes()
                with Crowd(server.port, VIEWERS, cookie):
                    scene.change(CHANGES_A_SECOND, SECONDS / 2)
                    reading.append((server.resident_bytes() - before) / VIEWERS / 1e3)
            silent.append(_growth(scene, cookie))
    usual_url = ground.sqlite()
    for _ in range(RUNS):
        with ground.daphne("tools.bench.naive:application", usual_url) as server:
            scene = Scene(ground, server, usual_url)
            scene.fill()
            naive.append(_growth(scene, ""))
    told = f"{VIEWERS} sockets that read"
    yield Figure.plain("memory per connected viewer", reading, "≤ 60 kB", "kB", told)
    told = f"per socket, while {CHANGES_A_SECOND * SECONDS:.0f} changes pass {SILENT} that never read"
    yield Figure.plain("growth with viewers that never read", silent, "≤ 60 kB", "kB", told)
    yield Figure.plain("the same with a `group_send` for each change", naive, "≥ 0 kB", "kB", told)


def _growth(scene: Scene, cookie: str) -> float:
    """Return how many kilobytes the server grows per socket that reads nothing, from its opening to the end."""
    with Crowd(scene.server.port, SILENT, cookie, reads=False):
        before = scene.server.resident_bytes()
        scene.change(CHANGES_A_SECOND, SECONDS)
        return (scene.server.resident_bytes() - before) / SILENT / 1e3
