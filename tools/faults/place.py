"""What a fault stands on: databases of its own, a Graph simulator, dashboards it may kill, people, and the truth."""

import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from calls.simulator import Simulator
from tests.clients import PASSWORD, Browser, sign_in
from tests.servers import ROOT, Dashboard, UvicornDashboard, wait_until
from tools.bench.ground import Ground
from tools.faults.callers import Callers
from tools.faults.machines import Machine, PostgreSQL, Redis
from tools.faults.report import Finding, at_most, told

TRUTH_SECONDS = 5.0
MAKE_PEOPLE = """
from django.contrib.auth.models import User
from calls.accounts import roles
for name in ("supervisor", "colleague"):
    user = User.objects.create_user(name, password={password!r})
    roles.assign(user, roles.SUPERVISORS)
"""


class _Plain(Dashboard):
    """A server as an operator runs it, without the extra checks of a test run."""

    PYTHON = (sys.executable,)


class _PlainUvicorn(UvicornDashboard):
    PYTHON = (sys.executable,)

    def _program(self) -> list[str]:
        return [*super()._program(), "--timeout-graceful-shutdown", "3"]


@dataclass
class Place:
    """One run. `short` asks for the form that fits into CI."""

    ground: Ground
    short: bool
    _template: str = ""
    _postgresql_template: str = ""
    _machines: dict[str, Machine] = field(default_factory=dict)

    @property
    def simulator(self) -> Simulator:
        """Graph, the identity service and the callback signer."""
        return self.ground.simulator

    # Databases ------------------------------------------------------------------------------------------------------

    def sqlite(self, directory: Path | None = None) -> str:
        """Return the address of a new SQLite database with tables and people."""
        if not self._template:
            self._template = self.ground.sqlite()
            self._with_people(self._template)
        path = (directory or self.directory()) / "db.sqlite3"
        shutil.copy(file_of(self._template), path)
        return f"sqlite:///{path}"

    def new_postgresql(self) -> str:
        """Return the address of a new database, with tables and people, on our own PostgreSQL."""
        if not self._postgresql_template:
            self._postgresql_template = self._create_database("template")
            self.ground.manage(self._postgresql_template, "migrate", "--verbosity", "0")
            self._with_people(self._postgresql_template)
        return self._create_database(f"faults_{uuid.uuid4().hex[:8]}", "TEMPLATE template")

    def _create_database(self, name: str, how: str = "") -> str:
        with psycopg.connect(self.postgresql.url, autocommit=True) as session:
            session.execute(f"CREATE DATABASE {name} {how}".encode())
        return urlunsplit(urlsplit(self.postgresql.url)._replace(path=f"/{name}"))

    def _with_people(self, database_url: str) -> str:
        self.ground.manage(database_url, "shell", "--verbosity", "0", "-c", MAKE_PEOPLE.format(password=PASSWORD))
        return database_url

    # Servers --------------------------------------------------------------------------------------------------------

    @property
    def postgresql(self) -> PostgreSQL:
        """Our own PostgreSQL, running. Raises NotInstalled."""
        return self._machine("postgresql", PostgreSQL)

    @property
    def redis(self) -> Redis:
        """Our own Redis, running. Raises NotInstalled."""
        return self._machine("redis", Redis)

    def _machine(self, name: str, make: Callable[[Path], Any]) -> Any:
        if name not in self._machines:
            machine = make(self.directory())
            machine.start()
            self._machines[name] = machine
        return self._machines[name]

    def stop(self) -> None:
        """Stop the servers of this run."""
        for machine in self._machines.values():
            machine.resume()
            machine.kill()

    def dashboard(
        self, database_url: str, *, uvicorn: bool = False, port: int | None = None, public_url: str = "", **more: str
    ) -> Dashboard:
        """Return a dashboard on that database, not started yet."""
        kind = _PlainUvicorn if uvicorn else _Plain
        environment = self.ground.environment(database_url, LOG_LEVEL="INFO", **more)
        return kind(environment, self.directory() / "dashboard.log", port, public_url)

    def directory(self) -> Path:
        """Return a new directory that other accounts may pass through."""
        self.ground.directory.chmod(0o711)
        made = self.ground.directory / uuid.uuid4().hex[:8]
        made.mkdir(mode=0o755)
        return made

    # People ---------------------------------------------------------------------------------------------------------

    def callers(self, *dashboards: Dashboard, rate: float = 500.0) -> Callers:
        """Return callers at those dashboards, not calling yet."""
        tenant = self.simulator.settings["GRAPH_TENANT_ID"]
        return Callers([dashboard.port for dashboard in dashboards], self.simulator.callback_token(), tenant, rate)

    def supervisors(self, one: Dashboard, other: Dashboard | None = None) -> list[httpx.Client]:
        """Return two people who signed in, at two dashboards where two are given."""
        return [sign_in(one, "supervisor"), sign_in(other or one, "colleague")]

    @contextmanager
    def browsers(self, *dashboards: Dashboard, each: int = 1) -> Iterator[list[Browser]]:
        """Give signed-in browsers that watch the board, so many at each dashboard."""
        opened = []
        for dashboard in dashboards:
            client = sign_in(dashboard, "supervisor")
            opened += [Browser(dashboard, client) for _ in range(each)]
        try:
            yield opened
        finally:
            for browser in opened:
                browser.close()

    def verify_audit(self, database_url: str) -> int:
        """Return the exit code of `verify_audit`: 0 when the history is intact."""
        return self.command(database_url, "verify_audit").returncode

    def command(self, database_url: str, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a management command to its end."""
        environment = self.ground.environment(database_url, **more)
        whole = [sys.executable, "manage.py", *command]
        return subprocess.run(whole, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


# The truth ------------------------------------------------------------------------------------------------------------


def file_of(database_url: str) -> Path:
    """Return the file of an SQLite database."""
    return Path(urlsplit(database_url).path)


def rows(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    """Return what the database answers, on a connection of our own."""
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(file_of(database_url), timeout=60)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()
    with psycopg.connect(database_url) as session:
        return session.execute(statement.encode()).fetchall()


def count(database_url: str, statement: str) -> int:
    """Return the one number a statement asks for."""
    return int(rows(database_url, statement)[0][0])


def lost(database_url: str, acknowledged: set[str]) -> int:
    """Return how many acknowledged notifications the database does not have."""
    return len(acknowledged - {row[0] for row in rows(database_url, "SELECT message_id FROM calls_notification")})


def unapplied(database_url: str) -> int:
    """Return how many stored notifications did not take effect."""
    return count(database_url, "SELECT count(*) FROM calls_notification WHERE problem <> '' OR call_id IS NULL")


def live(database_url: str) -> dict[str, int]:
    """Return the version of each call that belongs on a board, by key."""
    statement = "SELECT key, version FROM calls_call WHERE ended_at IS NULL AND missed_at IS NULL"
    return {str(uuid.UUID(str(key))): version for key, version in rows(database_url, statement)}


def seen(browser: Browser) -> dict[str, int]:
    """Return the version of each call on a browser's board, by key."""
    return {key: call["version"] for key, call in list(browser.calls.items())}


def seconds_until_true(browsers: Sequence[Browser], database_url: str, within: float = 40.0) -> float:
    """Return after how many seconds every browser shows what the database holds; more than `within` if never."""
    started = time.monotonic()
    truth = live(database_url)
    while any(seen(browser) != truth for browser in browsers):
        if time.monotonic() - started > within:
            break
        time.sleep(0.02)
        truth = live(database_url)
    return time.monotonic() - started


@dataclass
class Watching:
    """Callers, browsers that watch what they do, and whether those stayed and saw the truth in the end."""

    callers: Callers
    browsers: list[Browser]
    truth: Finding
    closed: int = 0


@contextmanager
def watched(
    place: Place, database_url: str, dashboards: Sequence[Dashboard], *, rate: float = 500.0, each: int = 2
) -> Iterator[Watching]:
    """Let callers call and browsers watch; in the end look after how long the boards show what the database holds."""
    with place.browsers(*dashboards, each=each) as browsers:
        with place.callers(*dashboards, rate=rate) as callers:
            watching = Watching(callers, browsers, told("the boards' truth", "not looked at"))
            yield watching
        seconds = seconds_until_true(browsers, database_url)
        watching.closed = sum(browser.close_code is not None for browser in browsers)
        watching.truth = at_most("seconds until every board shows the truth", seconds, TRUTH_SECONDS, "s")


def seconds_until(look: Callable[[], object], within: float) -> float:
    """Return after how many seconds `look` finds something; fail when it does not in time."""
    started = time.monotonic()
    wait_until(look, within)
    return time.monotonic() - started


def ready(dashboard: Dashboard) -> bool:
    """Return whether every part says it can do its work."""
    return httpx.get(f"{dashboard.url}/readyz", timeout=30).status_code == 200


def memory_of(dashboard: Dashboard) -> float:
    """Return a server's resident memory in MB."""
    status = Path(f"/proc/{dashboard.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
