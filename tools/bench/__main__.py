"""`make bench`: run the parts, print the table, keep the figures as JSON in `var/bench.json`.

`make bench-data` runs it as `python -m tools.bench data`.
"""

import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from tools.bench import browser, click, fanout, history, memory, opening, path, webhook
from tools.bench.ground import Ground, ground
from tools.bench.report import Figure, table, write

PARTS: dict[str, Callable[[Ground], Iterable[Figure]]] = {
    "webhook": webhook.measure,
    "processes": webhook.measure_two_processes,
    "fanout": fanout.measure,
    "path": path.measure,
    "click": click.measure,
    "memory": memory.measure,
    "history": history.measure,
    "browser": browser.measure,
    "opening": opening.measure,
}
DESCRIPTORS = 8192  # a thousand sockets and their servers


def main(names: list[str]) -> None:
    """Run the named parts, all of them without a name."""
    unknown = set(names) - set(PARTS)
    if unknown:
        sys.exit(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    _allow_descriptors()
    signal.signal(
        signal.SIGTERM, lambda number, frame: sys.exit("Told to stop.")
    )  # and what was started is stopped too
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


def make_data() -> None:
    """Make what is too long to be made while measuring."""
    with ground(os.environ.get("DATABASE_URL", ""), "") as place:
        history.make(place)


if __name__ == "__main__":
    if sys.argv[1:] == ["data"]:
        make_data()
    else:
        main(sys.argv[1:])
