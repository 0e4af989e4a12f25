"""The database goes away, stands still, is locked by somebody else, or has no room left."""

import resource
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.servers import Dashboard, wait_until
from tools.faults.callers import Callers
from tools.faults.desk import press
from tools.faults.place import (
    TRUTH_SECONDS,
    Place,
    count,
    file_of,
    live,
    lost,
    ready,
    rows,
    seconds_until,
    unapplied,
    watched,
)
from tools.faults.report import Finding, at_most, exactly, told

RECOVERY_SECONDS = 10.0
SEATS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"


def postgresql(place: Place) -> Iterator[Finding]:
    """PostgreSQL is shut down fast, then killed, then stands still for a while, under 300 notifications a second"""
    machine = place.postgresql
    database_url = place.new_postgresql()
    away = 3.0 if place.short else 30.0
    with place.dashboard(database_url) as dashboard:
        dashboard.wait_ready()
        client = place.supervisors(dashboard)[0]
        with watched(place, database_url, [dashboard], rate=300) as watching:
            callers = watching.callers
            for name, leave, come in (
                ("shut down", machine.stop, machine.start),
                ("killed", machine.kill, machine.start),
                ("standing still", machine.freeze, machine.resume),
            ):
                wait_until(lambda: recently(callers, 202), 60)
                leave()
                gone_at = time.monotonic()
                if name == "standing still":
                    time.sleep(away / 3)
                else:
                    wait_until(lambda gone_at=gone_at: callers.last(503) > gone_at, 30)
                    yield told(f"{name}: seconds to the first 503", round(callers.last(503) - gone_at, 1))
                    yield exactly(f"{name}: readiness", readiness(dashboard)["database"] != "ok", True)
                    yield exactly(f"{name}: a page answers", page(client), 503)
                    time.sleep(max(0.0, gone_at + away - time.monotonic()))
                come()
                back_at = time.monotonic()
                wait_until(lambda back_at=back_at: callers.last(202) > back_at, 60)
                yield at_most(
                    f"{name}: seconds to the first 202 again", callers.last(202) - back_at, RECOVERY_SECONDS, "s"
                )
                yield at_most(
                    f"{name}: seconds until ready", seconds_until(lambda: ready(dashboard), 60), RECOVERY_SECONDS, "s"
                )
                pages = [page(client) for _ in range(30)]
                yield exactly(f"{name}: pages that fail once it is back", sum(status != 200 for status in pages), 0)
                taken = seconds_until(lambda: count(database_url, SEATS) == 1, 30)
                yield at_most(f"{name}: seconds until the keeper has its seat again", taken, RECOVERY_SECONDS, "s")
        yield watching.truth
    yield from _answers(callers)
    yield exactly("of them lost", lost(database_url, callers.acknowledged), 0)
    yield exactly("stored and not applied", unapplied(database_url), 0)
    yield exactly("verify_audit", place.verify_audit(database_url), 0)


def locked(place: Place) -> Iterator[Finding]:
    """Another process locks the SQLite database for ten seconds, under 200 notifications a second"""
    database_url = place.sqlite()
    with place.dashboard(database_url) as dashboard:
        dashboard.wait_ready()
        client = place.supervisors(dashboard)[0]
        with watched(place, database_url, [dashboard], rate=200) as watching:
            callers = watching.callers
            wait_until(lambda: len(callers.acknowledged) > 200, 60)
            with _locking(file_of(database_url)):
                locked_at = time.monotonic()
                slowest = 0.0
                while time.monotonic() - locked_at < 10:
                    began = time.monotonic()
                    page(client)
                    slowest = max(slowest, time.monotonic() - began)
                    time.sleep(0.2)
            freed_at = time.monotonic()
            wait_until(lambda: callers.last(202) > freed_at, 30)
            yield at_most("slowest page meanwhile", round(slowest, 2), TRUTH_SECONDS, "s")
            yield at_most("seconds to the first 202 afterwards", callers.last(202) - freed_at, RECOVERY_SECONDS, "s")
        yield watching.truth
    yield from _answers(callers)
    yield exactly("of them lost", lost(database_url, callers.acknowledged), 0)
    yield exactly("verify_audit", place.verify_audit(database_url), 0)


def full(place: Place) -> Iterator[Finding]:
    """The disk under the SQLite database is full, under 200 notifications a second and with a supervisor rejecting"""
    with _small_disk(place) as (directory, crowd, clear):
        database_url = place.sqlite(directory)
        with place.dashboard(database_url) as dashboard:
            dashboard.wait_ready()
            place.simulator.webhook_url = dashboard.webhook_url
            supervisors = place.supervisors(dashboard)
            call = place.simulator.ring()
            (key,) = live(database_url)
            with watched(place, database_url, [dashboard], rate=200) as watching:
                callers = watching.callers
                wait_until(lambda: len(callers.acknowledged) > 200, 60)
                crowd(dashboard.pid)
                full_at = time.monotonic()
                wait_until(lambda: callers.last(503) > full_at, 30)
                yield exactly("a page answers", page(supervisors[0]), 200)
                yield exactly("a reject answers", press(supervisors[0], key), 503)
                yield exactly("Graph asked to reject", sum(r.call_id == call.id for r in place.simulator.rejects), 0)
                time.sleep(2)
                clear(dashboard.pid)
                clear_at = time.monotonic()
                wait_until(lambda: callers.last(202) > clear_at, 30)
                yield at_most(
                    "seconds to the first 202 afterwards", callers.last(202) - clear_at, RECOVERY_SECONDS, "s"
                )
                yield exactly("the same reject afterwards", press(supervisors[0], key), 202)
            yield watching.truth
        yield from _answers(callers)
        yield exactly("of them lost", lost(database_url, callers.acknowledged), 0)
        yield exactly("PRAGMA integrity_check", rows(database_url, "PRAGMA integrity_check")[0][0], "ok")
        yield exactly("verify_audit", place.verify_audit(database_url), 0)
    place.simulator.forget()


# ----------------------------------------------------------------------------------------------------------------------


def _answers(callers: Callers) -> Iterator[Finding]:
    yield told("answers", ", ".join(f"{times:,} × {status}" for status, times in sorted(callers.statuses.items())))
    yield exactly("answers other than 202 and 503", sum(callers.statuses.values()) - _expected(callers), 0)
    yield exactly("requests without an answer", callers.unanswered, 0)
    yield exactly("503 without Retry-After", callers.without_retry_after, 0)
    yield told("slowest answer", f"{callers.slowest:.1f} s")
    yield told("notifications acknowledged", len(callers.acknowledged))


def _expected(callers: Callers) -> int:
    return callers.statuses[202] + callers.statuses[503]


def recently(callers: Callers, status: int) -> bool:
    """Return whether this was answered within the last second."""
    return time.monotonic() - callers.last(status) < 1


def readiness(dashboard: Dashboard) -> dict[str, str]:
    """Return what `/readyz` says of each part."""
    return httpx.get(f"{dashboard.url}/readyz", timeout=30).json()["parts"]


def page(client: httpx.Client) -> int:
    """Return the status of the board's page."""
    return client.get("/").status_code


@contextmanager
def _locking(path: Path) -> Iterator[None]:
    """Hold SQLite's write lock, as a backup or a careless shell does."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


Filling = Callable[[int], None]


@contextmanager
def _small_disk(place: Place) -> Iterator[tuple[Path, Filling, Filling]]:
    """Give a directory, what fills it up and what makes room again: a small disk of its own where mounting is allowed,
    else a limit on how long the server's files may grow."""
    directory = place.directory()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(directory)], capture_output=True, check=False
    )
    if mounted.returncode:
        yield directory, _limit_files(directory), _lift_limit
        return
    ballast = directory / "ballast"

    def crowd(pid: int) -> None:
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 65536):
                    pass
            except OSError:
                pass

    try:
        yield directory, crowd, lambda pid: ballast.unlink()
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def _limit_files(directory: Path) -> Filling:
    def crowd(pid: int) -> None:
        grown = max(path.stat().st_size for path in directory.iterdir())
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (grown, resource.RLIM_INFINITY))

    return crowd


def _lift_limit(pid: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
