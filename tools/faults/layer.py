"""Several processes and the layer between them: Redis gone, hints lost, the keeper's process killed."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg

from tests.clients import Browser
from tests.servers import Dashboard, wait_until
from tools.faults.databases import SEATS, readiness
from tools.faults.desk import Desk, decided_twice, unrecorded
from tools.faults.machines import Redis
from tools.faults.place import (
    TRUTH_SECONDS,
    Place,
    count,
    lost,
    memory_of,
    ready,
    seconds_until,
    seconds_until_true,
    watched,
)
from tools.faults.report import Finding, at_most, exactly, told

MEMORY_MB = 60.0
PROMPT_SECONDS = 1.0
MOVED = "UPDATE calls_call SET version = version + 1,"
KEEPS = "This process is the active keeper now."


def redis(place: Place) -> Iterator[Finding]:
    """Redis stands still, is killed and comes back empty, with two processes, under 200 notifications a second"""
    away = 8.0 if place.short else 60.0
    machine = place.redis
    database_url = place.new_postgresql()
    with _two(place, database_url) as (one, other):
        with watched(place, database_url, [one, other], rate=200) as watching:
            before = max(memory_of(one), memory_of(other))
            for name, leave, come in (
                ("standing still", machine.freeze, machine.resume),
                ("killed", machine.kill, machine.start),
            ):
                wait_until(lambda: watching.callers.acknowledged, 60)
                leave()
                wait_until(lambda: readiness(one)["layer"] != "ok", 30)
                yield told(f"{name}: readiness names the layer", readiness(one)["layer"])
                time.sleep(away)
                come()
                wait_until(lambda: ready(one) and ready(other), 60)
            grown = max(memory_of(one), memory_of(other)) - before
        yield watching.truth
        yield at_most("memory grown meanwhile", round(grown, 1), MEMORY_MB, "MB")
        with place.browsers(other) as (browser,):
            seconds = _seconds_until_prompt(place, one, browser)
        yield at_most("seconds until calls are seen before a sweep again", seconds, 60.0, "s")
    yield exactly("answers other than 202", sum(watching.callers.statuses.values()) - watching.callers.statuses[202], 0)
    yield told("notifications acknowledged", len(watching.callers.acknowledged))
    yield exactly("of them lost", lost(database_url, watching.callers.acknowledged), 0)


def lossless(place: Place) -> Iterator[Finding]:
    """hints are lost: memberships forgotten, more changes than the layer holds, rows changed behind everybody's back"""
    machine = place.redis
    database_url = place.new_postgresql()
    with _two(place, database_url) as (one, other), place.browsers(one, other, each=5) as browsers:
        place.simulator.webhook_url = one.webhook_url
        prompt = []
        for _ in range(10):
            call = place.simulator.ring()
            prompt.append(seconds_until(lambda call=call: all(b.sees(call.id) for b in browsers), 10))
        yield told("nothing fails: slowest of ten calls to all ten boards", f"{max(prompt) * 1000:.0f} ms")
        forget(machine)
        for _ in range(20):
            place.simulator.ring()
        yield _truth("the memberships are forgotten", browsers, database_url)
        with place.callers(one, other, rate=2000):
            time.sleep(3)
        yield _truth("more changes than the layer holds", browsers, database_url)
        with psycopg.connect(database_url) as session:
            session.execute(f"{MOVED} state = 'hold' WHERE ended_at IS NULL".encode())
        yield _truth("rows changed behind everybody's back", browsers, database_url)
        with psycopg.connect(database_url) as session:
            session.execute(f"{MOVED} state = 'terminated', ended_at = now() WHERE ended_at IS NULL".encode())
        yield _truth("ends nobody heard of", browsers, database_url)
        machine.kill()
        machine.start()
        place.simulator.ring()
        yield _truth("Redis restarted", browsers, database_url)
        yield exactly("sockets that were lost", sum(browser.close_code is not None for browser in browsers), 0)


def keeper(place: Place) -> Iterator[Finding]:
    """the process that keeps is killed, beside two others, under load, with supervisors at different processes"""
    database_url = place.new_postgresql()
    place.simulator.forget()
    with ExitStack() as stack:
        dashboards = [place.dashboard(database_url, REDIS_URL=place.redis.url) for _ in range(3)]
        for dashboard in dashboards:
            stack.enter_context(dashboard)
        for dashboard in dashboards:
            dashboard.wait_ready()
        wait_until(lambda: count(database_url, SEATS) == 1, 30)
        place.simulator.webhook_url = dashboards[-1].webhook_url
        acknowledged: set[str] = set()
        for _ in range(1 if place.short else 5):
            keeping = [dashboard for dashboard in dashboards if dashboard.log.count(KEEPS)]
            active = max(keeping, key=lambda dashboard: dashboard.log.rindex(KEEPS))
            left = [dashboard for dashboard in dashboards if dashboard is not active]
            place.simulator.webhook_url = left[0].webhook_url
            with (
                Desk(place, database_url, place.supervisors(*left)) as desk,
                watched(place, database_url, left, rate=200) as watching,
            ):
                wait_until(lambda desk=desk: desk.answers[202] > 2, 60)
                active.kill()
                call = place.simulator.ring()
                with psycopg.connect(database_url) as session:
                    session.execute("UPDATE calls_call SET deadline = now() WHERE graph_id = %s", [call.id])
                statement = f"SELECT count(*) FROM calls_call WHERE graph_id = '{call.id}' AND missed_at IS NOT NULL"
                yield at_most(
                    "seconds until another process keeps",
                    seconds_until(lambda statement=statement: count(database_url, statement), 60),
                    TRUTH_SECONDS,
                    "s",
                )
                yield exactly("active keepers", count(database_url, SEATS), 1)
            yield watching.truth
            acknowledged |= watching.callers.acknowledged
            index = dashboards.index(active)
            dashboards[index] = place.dashboard(database_url, REDIS_URL=place.redis.url)
            stack.enter_context(dashboards[index])
            dashboards[index].wait_ready()
    yield told("notifications acknowledged", len(acknowledged))
    yield exactly("of them lost", lost(database_url, acknowledged), 0)
    yield exactly("calls decided twice", decided_twice(place, database_url), 0)
    yield exactly("calls rejected without an entry", unrecorded(place, database_url), 0)
    twice = "SELECT count(*) FROM (SELECT 1 FROM calls_auditentry WHERE action = 'call.missed' GROUP BY call_key"
    yield exactly("calls missed twice", count(database_url, f"{twice} HAVING count(*) > 1) AS twice"), 0)
    yield exactly("verify_audit", place.verify_audit(database_url), 0)


# ----------------------------------------------------------------------------------------------------------------------


class _two(ExitStack):
    """Two dashboards over one database and one Redis, ready."""

    def __init__(self, place: Place, database_url: str) -> None:
        super().__init__()
        self._both = [place.dashboard(database_url, REDIS_URL=place.redis.url) for _ in range(2)]

    def __enter__(self) -> list[Dashboard]:  # type: ignore[override]
        for dashboard in self._both:
            self.enter_context(dashboard)
        for dashboard in self._both:
            dashboard.wait_ready()
        return self._both


def forget(machine: Redis) -> None:
    """Have Redis forget who listens, by closing the connections that do."""
    machine.ask("CLIENT", "KILL", "TYPE", "pubsub")


def _truth(what: str, browsers: list[Browser], database_url: str) -> Finding:
    seconds = seconds_until_true(browsers, database_url)
    return at_most(f"{what}: seconds until every board shows the truth", round(seconds, 2), TRUTH_SECONDS, "s")


def _seconds_until_prompt(place: Place, one: Dashboard, browser: Browser) -> float:
    """Return after how many seconds calls told to one process are seen at the other before a sweep would find them."""
    place.simulator.webhook_url = one.webhook_url
    started = time.monotonic()
    prompt = 0
    while prompt < 3 and time.monotonic() - started < 90:
        call = place.simulator.ring()
        seconds = seconds_until(lambda call=call: browser.sees(call.id), 10)
        prompt = prompt + 1 if seconds < 0.3 else 0
    return round(time.monotonic() - started, 1)
