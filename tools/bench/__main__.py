"""`make bench`: run the parts, print the table, keep the figures as JSON in `var/bench.json`."""

import os
import sys
from pathlib import Path

from tools.bench import webhook
from tools.bench.ground import ground
from tools.bench.report import Figure, table, write

PARTS = {"webhook": webhook.measure, "processes": webhook.measure_two_processes}


def main(names: list[str]) -> None:
    """Run the named parts, all of them without a name."""
    figures: list[Figure] = []
    with ground(os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")) as place:
        if not place.postgresql:
            print("Without DATABASE_URL=postgresql://… nothing is measured on PostgreSQL.")
        for name in names or PARTS:
            print(f"Measuring: {name} …", flush=True)
            figures += PARTS[name](place)
    print(table(figures))
    write(figures, Path("var") / "bench.json")


if __name__ == "__main__":
    main(sys.argv[1:])
