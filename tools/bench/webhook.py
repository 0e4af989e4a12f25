"""The webhook: 202 after a durable commit, against daphne's bare echo and against the usual way to build it."""

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from tools.bench.ground import Ground, Server
from tools.bench.load import post
from tools.bench.report import Figure

PATH = "/api/calls"
RUNS = 3
SECONDS = 3.0


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield throughput as ratios, each of medians of runs that took turns."""
    with ExitStack() as stack:
        sides = {"echo": stack.enter_context(ground.daphne("tools.bench.echo:application"))}
        sides["sqlite"] = stack.enter_context(ground.product(ground.sqlite()))
        sides["naive"] = stack.enter_context(ground.daphne("tools.bench.naive:application", ground.sqlite()))
        if ground.postgresql:
            sides["postgresql"] = stack.enter_context(ground.product(ground.new_postgresql()))
        rates = in_turns(ground, sides)
    for database in ("sqlite", "postgresql"):
        if database in rates:
            yield Figure.of(f"webhook on {database} ÷ bare daphne echo", rates[database], rates["echo"], "≥ 0.50")
    yield Figure.of("webhook on sqlite ÷ the usual synchronous view", rates["sqlite"], rates["naive"], "≥ 6")


def measure_two_processes(ground: Ground) -> Iterator[Figure]:
    """Yield what a second process on the same database adds."""
    if not (ground.postgresql and ground.redis):
        return
    database_url = ground.new_postgresql()
    with (
        ground.product(database_url, REDIS_URL=ground.redis) as one,
        ground.product(database_url, REDIS_URL=ground.redis) as other,
    ):
        alone: list[float] = []
        together: list[float] = []
        for _ in range(RUNS):
            alone.append(post([one.port], PATH, ground.headers(), seconds=SECONDS).per_second)
            together.append(post([one.port, other.port], PATH, ground.headers(), seconds=SECONDS).per_second)
    yield Figure.of("webhook with two processes ÷ with one (PostgreSQL, Redis)", together, alone, "≥ 1.5")


def in_turns(ground: Ground, sides: dict[str, Server]) -> dict[str, list[float]]:
    """Return each side's requests per second, measured in turns after a warm-up."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for server in sides.values():
        post([server.port], PATH, ground.headers(), seconds=1.0)
    for _ in range(RUNS):
        for name, server in sides.items():
            load = post([server.port], PATH, ground.headers(), seconds=SECONDS)
            if load.refused > load.answered:
                raise RuntimeError(f"{name} refused {load.refused} of {load.refused + load.answered} requests.")
            rates[name].append(load.per_second)
    assert all(median(rate) for rate in rates.values())
    return rates
