"""The server is killed, and the server is asked to stop."""

import signal
import time
from collections.abc import Iterator

from tests.servers import wait_until
from tools.faults.desk import Desk, decided_twice, decisions, unrecorded
from tools.faults.place import Place, count, lost, unapplied
from tools.faults.report import Finding, at_most, exactly, told

EXIT_SECONDS = 10.0


def kill(place: Place) -> Iterator[Finding]:
    """kill -9 of the server under 500 notifications a second and rejects from two supervisors at once"""
    times = 3 if place.short else 50
    database_url = place.sqlite()
    acknowledged: set[str] = set()
    told_by_desk = 0
    with place.dashboard(database_url) as dashboard:
        place.simulator.webhook_url = dashboard.webhook_url
        dashboard.wait_ready()
        supervisors = place.supervisors(dashboard)
        for _ in range(times):
            dashboard.wait_ready()
            with Desk(place, database_url, supervisors) as desk, place.callers(dashboard) as callers:
                wait_until(lambda: len(callers.acknowledged) > 300 and desk.answers[202] > 2, seconds=60)
                dashboard.kill()
            acknowledged |= callers.acknowledged
            told_by_desk += desk.answers[202]
            dashboard.start()
    yield told("times killed", times)
    yield told("notifications acknowledged", len(acknowledged))
    yield exactly("of them lost", lost(database_url, acknowledged), 0)
    yield exactly("stored and not applied", unapplied(database_url), 0)
    yield told("calls somebody decided", decisions(database_url))
    yield exactly("decided twice", decided_twice(place, database_url), 0)
    yield exactly("rejected without an entry", unrecorded(place, database_url), 0)
    yield exactly("told 202 beyond the decisions there are", max(0, told_by_desk - decisions(database_url)), 0)
    yield exactly("verify_audit", place.verify_audit(database_url), 0)


def stop(place: Place) -> Iterator[Finding]:
    """SIGTERM under load, with sockets open and decisions under way that Graph takes twelve seconds to answer"""
    for uvicorn in (False, True):
        yield from _stop_one(place, uvicorn=uvicorn)


def _stop_one(place: Place, *, uvicorn: bool) -> Iterator[Finding]:
    name = "uvicorn" if uvicorn else "daphne"
    database_url = place.sqlite()
    place.simulator.forget()
    with place.dashboard(database_url, uvicorn=uvicorn) as dashboard:
        dashboard.wait_ready()
        place.simulator.webhook_url = dashboard.webhook_url
        supervisors = place.supervisors(dashboard)
        place.simulator.faults.reject(delay=4 if place.short else 12, status=202)
        with (
            place.browsers(dashboard, each=5),
            place.callers(dashboard) as callers,
            Desk(place, database_url, supervisors),
        ):
            wait_until(lambda: len(callers.acknowledged) > 500 and decisions(database_url), seconds=60)
            started = time.monotonic()
            code = dashboard.stop()
            seconds = time.monotonic() - started
    refused = sum(times for status, times in callers.statuses.items() if status >= 500)
    yield at_most(f"{name}: seconds to the end", round(seconds, 1), EXIT_SECONDS, "s")
    yield exactly(f"{name}: exit code", code, -signal.SIGTERM if uvicorn else 0)
    yield told(f"{name}: notifications acknowledged", len(callers.acknowledged))
    yield exactly(f"{name}: of them lost", lost(database_url, callers.acknowledged), 0)
    yield told(f"{name}: answered 503 while stopping", refused)
    yield exactly(f"{name}: decisions without an outcome", _without_outcome(database_url), 0)
    yield exactly(f"{name}: verify_audit", place.verify_audit(database_url), 0)
    place.simulator.forget()


def _without_outcome(database_url: str) -> int:
    return count(database_url, "SELECT count(*) FROM calls_rejectattempt WHERE outcome = 'requested'")
