"""What the dashboard depends on outside: Graph, the signing keys, the clock, and the proxy in front."""

import os
import ssl
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from unittest import mock

import httpx

from tests.clients import Browser, sign_in
from tests.servers import ROOT, Dashboard, free_port, wait_until
from tools.faults.callers import Callers
from tools.faults.desk import Desk, decided_twice, press
from tools.faults.machines import Machine, program
from tools.faults.place import (
    TRUTH_SECONDS,
    Place,
    Watching,
    count,
    lost,
    rows,
    seconds_until,
    seconds_until_true,
    watched,
)
from tools.faults.report import Finding, at_most, exactly, told

MISSED = "SELECT count(*) FROM calls_auditentry WHERE action = 'call.missed'"
CLOCK = Path(__file__).with_name("clock.c")


def graph(place: Place) -> Iterator[Finding]:
    """Graph cannot be reached for the whole window, then answers nothing for it, then is back"""
    window = 6
    database_url = place.sqlite()
    place.simulator.forget()
    unreachable = {"GRAPH_BASE_URL": "https://localhost:1/v1.0", "CALL_ANSWER_WINDOW_SECONDS": str(window)}
    with place.dashboard(database_url, **unreachable) as dashboard:
        dashboard.wait_ready()
        client = place.supervisors(dashboard)[0]
        with watched(place, database_url, [dashboard], rate=100) as watching:
            key = _ring(place, dashboard, database_url)
            started = time.monotonic()
            yield exactly("unreachable: the supervisor is told", press(client, key), 502)
            yield at_most("unreachable: seconds until told", round(time.monotonic() - started, 1), window + 1.0, "s")
        yield exactly("unreachable: outcome", _outcome(database_url, key), "refused")
        yield from _undisturbed("unreachable", database_url, watching)
    with place.dashboard(database_url) as dashboard:
        dashboard.wait_ready()
        client = place.supervisors(dashboard)[0]
        place.simulator.faults.reject(delay=12, status=202, times=1)
        with watched(place, database_url, [dashboard], rate=100) as watching:
            key = _ring(place, dashboard, database_url)
            yield exactly("silent: the supervisor is told", press(client, key), 504)
            yield exactly("silent: outcome", _outcome(database_url, key), "unknown")
            key = _ring(place, dashboard, database_url)
            yield exactly("back: the supervisor is told", press(client, key), 202)
        yield from _undisturbed("silent", database_url, watching)
    yield exactly("verify_audit", place.verify_audit(database_url), 0)
    place.simulator.forget()


def keys(place: Place) -> Iterator[Finding]:
    """the key server is down at the start, then comes, then is down again"""
    database_url = place.sqlite()
    place.simulator.forget()
    place.simulator.faults.keys(down=True)
    with place.dashboard(database_url) as dashboard:
        with place.callers(dashboard, rate=100) as callers:
            wait_until(lambda: callers.statuses[503] > 100, 60)
            others = sum(callers.statuses.values()) - callers.statuses[503]
            yield exactly("down at the start: answers other than 503", others, 0)
            yield exactly("503 without Retry-After", callers.without_retry_after, 0)
            place.simulator.faults.clear()
            healed = seconds_until(lambda: callers.statuses[202], 60)
            yield at_most("seconds from its coming to the first 202", round(healed, 1), 10.0, "s")
            dashboard.wait_ready()
        place.simulator.faults.keys(down=True)
        with place.callers(dashboard, rate=100) as callers:
            wait_until(lambda: len(callers.acknowledged) > 200, 60)
        yield exactly("down later: answers other than 202", sum(callers.statuses.values()) - callers.statuses[202], 0)
        yield exactly("of those acknowledged lost", lost(database_url, callers.acknowledged), 0)
    place.simulator.forget()


def clock(place: Place) -> Iterator[Finding]:
    """the wall clock goes an hour ahead and back again, under 100 notifications a second"""
    offset, library = place.directory() / "offset", place.directory() / "clock.so"
    subprocess.run([program("cc"), "-shared", "-fPIC", "-O2", "-o", str(library), str(CLOCK), "-ldl"], check=True)
    _set(offset, 0)
    faked = {
        "LD_PRELOAD": str(library),
        "CLOCK_OFFSET_FILE": str(offset),
        "CALL_ANSWER_WINDOW_SECONDS": "15",
    }
    database_url = place.sqlite()
    place.simulator.forget()
    with place.dashboard(database_url, **faked) as dashboard:
        dashboard.wait_ready()
        client = place.supervisors(dashboard)[0]
        with watched(place, database_url, [dashboard], rate=100) as watching:
            callers = watching.callers
            for name, seconds in (("four minutes ahead", 240), ("back", 0), ("four minutes behind", -240), ("back", 0)):
                _set(offset, seconds)
                at = time.monotonic()
                wait_until(lambda at=at: callers.last(202) > at + 0.5, 30)
                yield told(f"clock {name}: Graph's tokens", "accepted")
            yield exactly("refused within the five minutes that are allowed", callers.statuses[401], 0)
            key = _ring(place, dashboard, database_url)
            _set(offset, 3600)
            wait_until(lambda: _missed(database_url, key), 30)
            yield told("an hour ahead: a call that rang by the old clock", "missed: its deadline has passed")
            yield exactly("an hour ahead: frames to who connects", _frames(place, dashboard), "come")
            _set(offset, 0)
            back = time.monotonic()
            wait_until(lambda: callers.last(202) > back + 1, 30)
            ahead = count(database_url, MISSED)
            yield told("an hour ahead: calls missed, of those that rang when it jumped", ahead)
            key = _ring(place, dashboard, database_url)
            yield exactly("back: a call can be rejected", press(client, key), 202)
            key = _ring(place, dashboard, database_url)
            seconds = seconds_until(lambda: _missed(database_url, key), 60)
            yield at_most("back: seconds until an undecided call is missed", round(seconds, 1), 20.0, "s")
            yield exactly("back: frames to who connects", _frames(place, dashboard), "come")
            yield told(
                "sockets that daphne closed for the jump", sum(b.close_code is not None for b in watching.browsers)
            )
            # Before the callers stop: what they leave ringing is missed for good reason.
            yield exactly("back: calls missed that were not to be", count(database_url, MISSED) - ahead - 1, 0)
        with place.browsers(dashboard, each=2) as again:
            seconds = seconds_until_true(again, database_url)
        yield at_most("seconds until boards that connected again show the truth", seconds, TRUTH_SECONDS, "s")
    yield told("answers", ", ".join(f"{times:,} × {status}" for status, times in sorted(callers.statuses.items())))
    yield exactly("acknowledged and lost", lost(database_url, callers.acknowledged), 0)
    yield exactly("verify_audit", place.verify_audit(database_url), 0)


def proxy(place: Place) -> Iterator[Finding]:
    """two processes behind nginx as docs/nginx.conf has it: any takes anything, and one is killed under load"""
    nginx = Nginx(place)
    database_url = place.new_postgresql()
    place.simulator.forget()
    shared = {"REDIS_URL": place.redis.url, "public_url": nginx.url}
    tenant = place.simulator.settings["GRAPH_TENANT_ID"]
    with ExitStack() as stack:
        stack.enter_context(_trusting(place.simulator.authority))
        dashboards = [place.dashboard(database_url, port=port, **shared) for port in nginx.upstream]
        for dashboard in dashboards:
            stack.enter_context(dashboard)
        stack.enter_context(nginx)
        for dashboard in dashboards:
            dashboard.wait_ready()
        yield from _refusals(place, nginx)
        supervisors = [sign_in(nginx, name) for name in ("supervisor", "colleague")]
        browsers = [stack.enter_context(closing(Browser(nginx, client))) for client in (*supervisors, *supervisors)]
        place.simulator.webhook_url = dashboards[0].webhook_url
        token, tls = place.simulator.callback_token(), ssl.create_default_context()
        with Callers([nginx.port], token, tenant, 200, tls) as callers, Desk(place, database_url, supervisors) as desk:
            wait_until(lambda: len(callers.acknowledged) > 200 and desk.answers[202] > 2, 60)
            yield exactly("before: answers other than 202", sum(callers.statuses.values()) - callers.statuses[202], 0)
            dashboards[1].kill()
            killed_at = time.monotonic()
            wait_until(lambda: callers.last(202) > killed_at + 3, 30)
            last_bad = max((at for status, at in callers.answered_at.items() if status != 202), default=killed_at)
            yield at_most("one killed: seconds until all is 202 again", max(0, last_bad - killed_at), 5.0, "s")
            browsers.append(stack.enter_context(closing(Browser(nginx, supervisors[0]))))
            dashboards[1].start()
        staying = [browser for browser in browsers if browser.close_code is None]
        yield told("sockets that stayed, of five", len(staying))
        seconds = seconds_until_true(staying, database_url)
        yield at_most("seconds until every board shows the truth", seconds, TRUTH_SECONDS, "s")
        yield told("answers", ", ".join(f"{times:,} × {status}" for status, times in sorted(callers.statuses.items())))
        yield exactly("acknowledged and lost", lost(database_url, callers.acknowledged), 0)
        yield exactly("calls decided twice", decided_twice(place, database_url), 0)
        yield exactly("verify_audit", place.verify_audit(database_url), 0)


def _refusals(place: Place, nginx: "Nginx") -> Iterator[Finding]:
    with httpx.Client(base_url=nginx.url, timeout=30) as client:
        token = {"Authorization": f"Bearer {place.simulator.callback_token()}"}
        yield exactly("plain HTTP", httpx.get(f"http://127.0.0.1:{nginx.plain}/").status_code, 301)
        yield exactly("a stranger's notification", client.post("/api/calls", json={"value": []}).status_code, 401)
        large = client.post("/api/calls", content=b"x" * 3_000_000, headers=token)
        yield exactly("a body of 3 MB", large.status_code, 413)
        yield exactly("/metrics", client.get("/metrics").status_code, 403)
        page = client.get("/accounts/login/")
        yield exactly("the sign-in page", page.status_code, 200)
        yield exactly("its cookie is for TLS alone", "; Secure" in page.headers["Set-Cookie"], True)


class Nginx(Machine):
    """nginx with the configuration in docs/nginx.conf, its addresses and files replaced by ours."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.directory())
        self._server = program("nginx")
        self.plain, self.upstream = free_port(), [free_port(), free_port()]
        self.url = self.public_url = f"https://localhost:{self.port}"
        self.socket_url = f"wss://localhost:{self.port}/ws/calls/"
        written = (ROOT / "docs" / "nginx.conf").read_text()
        certificate = str(place.simulator.directory / "server.pem")
        for theirs, ours in (
            ("listen 80;", f"listen 127.0.0.1:{self.plain};"),
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;"),
            ("calls.example.com;", "localhost;"),
            ("/etc/ssl/calls.example.com/fullchain.pem", certificate),
            ("/etc/ssl/calls.example.com/privkey.pem", certificate),
            ("127.0.0.1:8001", f"127.0.0.1:{self.upstream[0]}"),
            ("127.0.0.1:8002", f"127.0.0.1:{self.upstream[1]}"),
        ):
            if theirs not in written:
                raise RuntimeError(f"docs/nginx.conf does not say {theirs!r} any more.")
            written = written.replace(theirs, ours)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{kind}_temp_path {self.directory}/{kind};" for kind in kinds)
        user = "user root;" if os.geteuid() == 0 else ""
        (self.directory / "nginx.conf").write_text(
            f"{user} daemon off; pid {self.directory}/pid; error_log {self.directory}/error.log;\n"
            f"events {{}}\nhttp {{ access_log off; {temporary}\n{written}}}\n"
        )

    def _command(self) -> list[str]:
        return [self._server, "-p", str(self.directory), "-c", str(self.directory / "nginx.conf")]


@contextmanager
def _trusting(authority: Path) -> Iterator[None]:
    """Have clients of this process trust an authority."""
    with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(authority)}):
        yield


# ----------------------------------------------------------------------------------------------------------------------


def _ring(place: Place, dashboard: Dashboard, database_url: str) -> str:
    """Let somebody call; return the call's key."""
    place.simulator.webhook_url = dashboard.webhook_url
    call = place.simulator.ring()
    (found,) = rows(database_url, f"SELECT key FROM calls_call WHERE graph_id = '{call.id}'")
    return str(uuid.UUID(str(found[0])))


def _outcome(database_url: str, key: str) -> str:
    statement = "SELECT outcome FROM calls_rejectattempt JOIN calls_call ON calls_call.id = call_id"
    return str(rows(database_url, f"{statement} WHERE key = '{uuid.UUID(key).hex}'")[0][0])


def _missed(database_url: str, key: str) -> bool:
    missed = f"SELECT count(*) FROM calls_call WHERE key = '{uuid.UUID(key).hex}' AND missed_at IS NOT NULL"
    return count(database_url, missed) == 1


def _frames(place: Place, dashboard: Dashboard) -> str:
    """Return whether a browser that connects now gets frames."""
    with place.browsers(dashboard) as (browser,):
        wait_until(lambda: len(browser.frames) > 5, 30)
    return "come"


def _set(offset: Path, seconds: int) -> None:
    """Put the server's wall clock ahead by so many seconds."""
    draft = offset.with_suffix(".draft")
    draft.write_text(f"{seconds}\n")
    draft.replace(offset)


def _undisturbed(name: str, database_url: str, watching: Watching) -> Iterator[Finding]:
    callers = watching.callers
    yield watching.truth
    others = sum(callers.statuses.values()) - callers.statuses[202] + callers.unanswered
    yield exactly(f"{name}: notifications not answered 202 meanwhile", others, 0)
    yield exactly(f"{name}: of them lost", lost(database_url, callers.acknowledged), 0)
