"""`make bench`: run the parts, print the table, keep the figures as JSON in `var/bench.json`."""

import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from tools.bench import click, fanout, memory, webhook
from tools.bench.ground import Ground, ground
from tools.bench.report import Figure, table, write

PARTS: dict[str, Callable[[Ground], Iterable[Figure]]] = {
    "webhook": webhook.measure,
    "processes": webhook.measure_two_processes,
    "fanout": fanout.measure,
    "path": fanout.measure_path,
    "click": click.measure,
    "memory": memory.measure,
}
DESCRIPTORS = 8192  # a thousand sockets and their servers


def main(names: list[str]) -> None:
    """Run the named parts, all of them without a name."""
    unknown = set(names) - set(PARTS)
    if unknown:
        sys.exit(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    _allow_descriptors()
    figures: list[Figure] = []
    failed: list[str] = []
    with ground(os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")) as place:
        if not place.postgresql:
            print("Without DATABASE_URL=postgresql://… nothing is measured on PostgreSQL.")
        for name in names or PARTS:
            print(f"Measuring: {name} …", end=" ", flush=True)
            started = time.monotonic()
            try:
                figures += PARTS[name](place)
            except Exception:  # the other parts are measured all the same
                failed.append(name)
                traceback.print_exc()
            print(f"{time.monotonic() - started:.0f} s", flush=True)
    print(table(figures))
    write(figures, Path("var") / "bench.json")
    if failed:
        sys.exit(f"Not measured: {', '.join(failed)}.")


def _allow_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < DESCRIPTORS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(DESCRIPTORS, hard), hard))


if __name__ == "__main__":
    main(sys.argv[1:])
