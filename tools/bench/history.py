"""History: what a million stored calls cost the webhook and the pages, against a thousand."""

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from tests.servers import ROOT
from tools.bench.ground import Ground, Server, rows
from tools.bench.report import Figure
from tools.bench.webhook import RUNS, in_turns

LONG, SHORT = 1_000_000, 1_000
EACH = 3  # notifications a call; ten fit as well where there is room for 20 GB
KEPT = ROOT / "var" / "bench" / f"{LONG}.sqlite3"
KEPT_NAME = f"bench_{LONG}"
PAGES = {
    "board page": "/",
    "history page": "/calls/",
    "page of a call": "/calls/{key}/",
    "admin list of calls": "/admin/calls/call/",
    "admin list of audit entries": "/admin/calls/auditentry/",
}
A_CALL = "SELECT key FROM calls_call ORDER BY id LIMIT 1"
LOOKS = 15
WARM_SECONDS = 5.0  # what a server that has run for a while has in memory of its indexes
PIECE = 1 << 24


def make(ground: Ground) -> None:
    """Make the long histories, where they are not kept already, and say how long they are."""
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    for database_url in [f"sqlite:///{KEPT}", *([_kept_url(ground)] if ground.postgresql else [])]:
        started = time.monotonic()
        there = _fill(ground, database_url, LONG)
        seconds = time.monotonic() - started
        print(f"{there['calls']:,} calls, {there['notifications']:,} notifications: {seconds:.0f} s", flush=True)


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield what a long history costs, on each database that has one; it is as long afterwards as it was."""
    for name, long_url, short_url in _databases(ground):
        told = {size: _fill(ground, url, size) for size, url in ((LONG, long_url), (SHORT, short_url))}
        stored = f"{told[LONG]['calls']:,} calls and {told[LONG]['notifications']:,} notifications stored"
        urls = (long_url, short_url)
        cookies = [ground.tell(url, "people", "Auditors")["Auditors"] for url in urls]
        if name == "sqlite":
            _read_through(KEPT)
        with ExitStack() as stack:
            long, short = (stack.enter_context(ground.product(url)) for url in urls)
            yield from _pages(name, *(_Visit(*one) for one in zip((long, short), urls, cookies, strict=True)))
            rates = in_turns(ground, {"long": [long], "short": [short]}, warm=WARM_SECONDS)
        yield Figure.ratio(f"webhook on {name} with {stored} ÷ with {SHORT:,}", rates["long"], rates["short"], "≥ 0.9")
        _fill(ground, long_url, LONG)


def _read_through(file: Path) -> None:
    """Have the file in memory, as where it has been in use: other work may have pushed it out since."""
    with file.open("rb", buffering=0) as opened:
        while opened.read(PIECE):
            pass


@dataclass(frozen=True, slots=True)
class _Visit:
    """A server, its database, and the cookie of somebody who is signed in."""

    server: Server
    database_url: str
    cookie: str

    def seconds(self, page: str) -> float:
        """Return the median time of some looks at a page."""
        path = page.format(key=uuid.UUID(str(rows(self.database_url, A_CALL)[0][0])))
        with httpx.Client(base_url=self.server.url, headers={"Cookie": self.cookie}, timeout=30) as client:
            return median(_look(client, path) for _ in range(LOOKS))


def _pages(name: str, long: _Visit, short: _Visit) -> Iterator[Figure]:
    for page, path in PAGES.items():
        turns = [(long.seconds(path) * 1e3, short.seconds(path) * 1e3) for _ in range(RUNS)]
        taken = zip(*turns, strict=True)
        yield Figure.ratio(f"{page} on {name}, ms with {LONG:,} calls ÷ with {SHORT:,}", *taken, "≤ 1.5")


def _look(client: httpx.Client, path: str) -> float:
    started = time.perf_counter()
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} was answered {answer.status_code}.")
    return time.perf_counter() - started


def _databases(ground: Ground) -> Iterator[tuple[str, str, str]]:
    if KEPT.exists():
        yield "sqlite", f"sqlite:///{KEPT}", ground.sqlite()
    else:
        print("(no long history: `make bench-data` makes it)", end=" ", flush=True)
    if ground.postgresql and _is_kept(ground):
        yield "postgresql", _kept_url(ground), ground.new_postgresql()


def _fill(ground: Ground, database_url: str, calls: int) -> dict[str, int]:
    if not database_url.startswith("sqlite:") and not _is_kept(ground):
        with psycopg.connect(ground.postgresql, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {KEPT_NAME}")
    ground.manage(database_url, "migrate", "--verbosity", "0")
    there: dict[str, int] = ground.tell(database_url, "dataset", str(calls), str(EACH))
    return there


def _kept_url(ground: Ground) -> str:
    return urlunsplit(urlsplit(ground.postgresql)._replace(path=f"/{KEPT_NAME}"))


def _is_kept(ground: Ground) -> bool:
    with psycopg.connect(ground.postgresql) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [KEPT_NAME]).fetchone()
    return found is not None
