"""`make faults`: run the faults, print the table, keep the counts as JSON in `var/faults.json`; exit 1 if one broke."""

import argparse
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.servers import ROOT
from tools.bench.ground import ground
from tools.faults import databases, killing, layer, outside, strangers
from tools.faults.machines import NotInstalled
from tools.faults.place import Place
from tools.faults.report import Finding, Outcome, table, write

Fault = Callable[[Place], Iterator[Finding]]
FAULTS: dict[str, Fault] = {
    "kill": killing.kill,
    "stop": killing.stop,
    "postgresql": databases.postgresql,
    "locked": databases.locked,
    "full": databases.full,
    "redis": layer.redis,
    "lossless": layer.lossless,
    "keeper": layer.keeper,
    "proxy": outside.proxy,
    "graph": outside.graph,
    "keys": outside.keys,
    "clock": outside.clock,
    "senders": strangers.senders,
    "sockets": strangers.sockets,
}
IN_SHORT = ["kill", "stop", "lossless"]


def main() -> int:
    """Run the named faults, all of them without a name."""
    parser = argparse.ArgumentParser(description="Break parts under load and count what that does.")
    parser.add_argument("names", nargs="*", choices=[*FAULTS, []], help="the faults to run; without a name all of them")
    parser.add_argument("--short", action="store_true", help="those that CI runs, in their short form")
    asked = parser.parse_args()
    outcomes: list[Outcome] = []
    with ground("", "") as made:
        place = Place(made, short=asked.short)
        subprocess.run(
            [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
            cwd=ROOT,
            env=made.environment("sqlite:////unused"),
            check=True,
        )
        try:
            for name in asked.names or (IN_SHORT if asked.short else FAULTS):
                print(f"Breaking: {name} …", flush=True)
                outcomes.append(run(name, FAULTS[name], place))
        finally:
            place.stop()
    print(table(outcomes))
    write(outcomes, Path("var") / "faults.json")
    return 0 if all(outcome.held for outcome in outcomes) else 1


def run(name: str, fault: Fault, place: Place) -> Outcome:
    """Run one fault; whatever stops it half way is a problem, not the end of the run."""
    about = " ".join((fault.__doc__ or "").split())
    findings: list[Finding] = []
    started = time.monotonic()
    problem, skipped = "", False
    try:
        for found in fault(place):
            finding = found.patient() if place.short else found
            findings.append(finding)
            print(f"  {finding.what}: {finding.counted} {finding.bound and f'(must be {finding.bound})'}", flush=True)
    except NotInstalled as error:
        problem, skipped = str(error), True
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        traceback.print_exc()
    seconds = time.monotonic() - started
    print(f"  {'not run: ' if skipped else ''}{problem}{'; ' if problem else ''}{seconds:.0f} s", flush=True)
    return Outcome(name, about, findings, seconds, problem, skipped)


if __name__ == "__main__":
    sys.exit(main())
