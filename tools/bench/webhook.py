"""The webhook: 202 after a durable commit, against daphne's bare echo, the usual way to build it, and uvicorn."""

from collections.abc import Iterator
from contextlib import ExitStack

from tools.bench.ground import Ground, Server
from tools.bench.load import CONNECTIONS, post
from tools.bench.report import Figure

RUNS = 3
SECONDS = 3.0
WARM_SECONDS = 1.0
LIMITS = {"sqlite": "≥ 0.55", "postgresql": "≥ 0.50"}


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield throughput as ratios, each of medians of runs that took turns."""
    with ExitStack() as stack:
        sides = {"echo": [stack.enter_context(ground.daphne("tools.bench.echo:application"))]}
        sides["sqlite"] = [stack.enter_context(ground.product(ground.sqlite()))]
        sides["uvicorn"] = [stack.enter_context(ground.product(ground.sqlite(), uvicorn=True))]
        sides["naive"] = [stack.enter_context(ground.daphne("tools.bench.naive:application", ground.sqlite()))]
        if ground.postgresql:
            sides["postgresql"] = [stack.enter_context(ground.product(ground.new_postgresql()))]
        rates = in_turns(ground, sides)
    for database, reach in LIMITS.items():
        if database in rates:
            yield Figure.ratio(f"webhook on {database} ÷ bare daphne echo", rates[database], rates["echo"], reach)
    yield Figure.ratio("webhook on sqlite ÷ the usual synchronous view", rates["sqlite"], rates["naive"], "≥ 12")
    yield Figure.ratio("webhook on sqlite under uvicorn ÷ under daphne", rates["uvicorn"], rates["sqlite"], "≥ 1.3")


def measure_two_processes(ground: Ground) -> Iterator[Figure]:
    """Yield what a second process on the same database adds."""
    if not (ground.postgresql and ground.redis):
        return
    database_url = ground.new_postgresql()
    with (
        ground.product(database_url, REDIS_URL=ground.redis) as one,
        ground.product(database_url, REDIS_URL=ground.redis) as other,
    ):
        # Twice as many for either side, so that two have as many each as one has elsewhere.
        rates = in_turns(ground, {"alone": [one], "together": [one, other]}, connections=2 * CONNECTIONS)
    what = "webhook with two processes ÷ with one (PostgreSQL, Redis)"
    yield Figure.ratio(what, rates["together"], rates["alone"], "≥ 1.6")


def in_turns(
    ground: Ground, sides: dict[str, list[Server]], *, connections: int = CONNECTIONS, warm: float = WARM_SECONDS
) -> dict[str, list[float]]:
    """Return the requests per second that each side's servers answer, measured in turns after a warm-up."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for run in range(RUNS + 1):
        for name, servers in sides.items():
            seconds = SECONDS if run else warm
            ports = [server.port for server in servers]
            load = post(ports, ground.new_calls(), seconds=seconds, connections=connections)
            if load.refused:
                raise RuntimeError(f"{name} refused {load.refused} of {load.refused + load.answered} requests.")
            if run:
                rates[name].append(load.per_second)
    return rates
