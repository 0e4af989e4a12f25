"""A database of the version before `calls/` had rooms migrates, is verified and works (tests/data/README.md)."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from django.db import connection

from calls.simulator import Simulator
from tests.clients import Browser, signed_in_client
from tests.servers import ROOT, Dashboard, wait_until

DATA = ROOT / "tests" / "data"
SESSION_KEY = "sessionofthesupervisorfrombefore"
ANCHORS = {
    "sqlite": "46:afa17b3124c5344a0b3cced32d5d721475a01a2f9d00cdb778bdfa8eef0c0624",
    "postgresql": "46:6b1a31d9b1305284aa6e38d4eda0a8df2590e6a39927d81ef105370cbc7f9903",
}
TABLES = ("calls_call", "calls_notification", "calls_rejectattempt", "calls_auditentry", "calls_auditpersonal")
ROWS_BEFORE = (28, 64, 10, 45, 40)


class Upgraded:
    """The migrated database with a server, SQL access and management commands."""

    def __init__(self, environment: dict[str, str], dashboard: Dashboard, sql: Callable[[str], list[tuple]]) -> None:
        self.dashboard, self.sql = dashboard, sql
        self._environment = environment

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _manage(self._environment, *arguments)

    def supervisor(self) -> httpx.Client:
        """Return an HTTP client with a session from before the upgrade."""
        return httpx.Client(base_url=self.dashboard.url, cookies={"sessionid": SESSION_KEY}, timeout=30)


def _manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@contextmanager
def _database_of_before(directory: Path, url: str) -> Iterator[tuple[str, Callable[[str], list[tuple]]]]:
    """Return the URL of a new database with the old version's rows, and a function that runs SQL on it."""
    if connection.vendor == "sqlite":
        path = directory / "before.sqlite3"
        with closing(sqlite3.connect(path)) as stored:
            stored.executescript((DATA / "before_the_rooms.sql").read_text())
        with closing(sqlite3.connect(path, isolation_level=None)) as stored:
            yield f"sqlite:///{path}", lambda sql: stored.execute(sql).fetchall()
        return
    server, _, name = url.rpartition("/")
    name = f"{name}_before_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            with psycopg.connect(f"{server}/{name}", autocommit=True) as stored:
                stored.execute((DATA / "before_the_rooms.postgresql.sql").read_text())
                stored.execute("RESET ALL")
                yield f"{server}/{name}", lambda sql: stored.execute(sql).fetchall()
        finally:
            owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def upgraded(
    dashboard_environment: dict[str, str],
    database_url: str,
    collected_static: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Upgraded]:
    """The old version's database, migrated, with a server of this version."""
    directory = tmp_path_factory.mktemp("before")
    with _database_of_before(directory, database_url) as (url, sql):
        environment = {**dashboard_environment, "DATABASE_URL": url, "REDIS_URL": ""}
        migrated = _manage(environment, "migrate", "--verbosity", "0")
        assert migrated.returncode == 0, migrated.stderr
        with Dashboard(environment, directory / "log") as dashboard:
            dashboard.wait_ready()
            yield Upgraded(environment, dashboard, sql)


@pytest.fixture
def graph(upgraded: Upgraded, running_simulator: Simulator) -> Iterator[Simulator]:
    running_simulator.forget()
    running_simulator.webhook_url = upgraded.dashboard.webhook_url
    yield running_simulator
    running_simulator.forget()


def test_every_row_is_still_there(upgraded: Upgraded) -> None:
    for table, number in zip(TABLES, ROWS_BEFORE, strict=True):
        condition = "id <= 49" if table == "calls_auditentry" else "entry_id <= 49" if "personal" in table else "1 = 1"
        assert upgraded.sql(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0] >= number, table


def test_the_history_is_proved_up_to_an_anchor_of_before(upgraded: Upgraded) -> None:
    proof = upgraded.manage("verify_audit", "--anchor", ANCHORS[connection.vendor])
    assert proof.returncode == 0, proof.stdout
    assert "retention removed the 4 before them; retention erased the personal values of 5" in proof.stdout


@pytest.mark.parametrize("change", ["UPDATE calls_auditentry SET reason = ''", "DELETE FROM calls_auditpersonal"])
def test_the_database_still_refuses_to_change_the_history(upgraded: Upgraded, change: str) -> None:
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="append-only"):
        upgraded.sql(change)


def test_somebody_signed_in_before_still_is_and_has_their_preferences(upgraded: Upgraded) -> None:
    with upgraded.supervisor() as client:
        page = client.get("/")
    assert page.status_code == 200
    assert '<html lang="ru"' in page.text and 'data-theme-choice="dark"' in page.text
    assert "Живое табло" in page.text


def test_calls_of_before_are_found_with_what_was_done_about_them(upgraded: Upgraded) -> None:
    with upgraded.supervisor() as client:
        found = client.get("/calls/", params={"q": "Lynne Robbins"}).text
        assert found.count("<tr>") == 2, "the head and one call"
        first = upgraded.sql("SELECT key FROM calls_call ORDER BY id LIMIT 1")[0][0]
        page = client.get(f"/calls/{UUID(str(first))}/").text
    assert "Calls every hour." in page
    assert "Звонит каждый час." in page


def test_an_attempt_that_was_interrupted_is_settled_and_the_auditor_reads_it(upgraded: Upgraded) -> None:
    wait_until(lambda: upgraded.sql("SELECT 1 FROM calls_rejectattempt WHERE outcome = 'unknown'"))
    assert not upgraded.sql("SELECT 1 FROM calls_rejectattempt WHERE outcome = 'requested'")
    with signed_in_client(upgraded.dashboard, "auditor") as client:
        page = client.get("/admin/calls/auditentry/", params={"q": "Henrietta Mueller"})
    assert page.status_code == 200
    assert len(set(re.findall(r"/admin/calls/auditentry/(\d+)/change/", page.text))) == 2, "asked, then interrupted"


def test_a_call_of_today_is_rejected_by_somebody_signed_in_before(upgraded: Upgraded, graph: Simulator) -> None:
    client = upgraded.supervisor()
    client.get("/").raise_for_status()
    browser = Browser(upgraded.dashboard, client)
    try:
        call = graph.ring("Ada Lovelace")
        key = browser.wait_for(call.id)["key"]
        answer = browser.reject(key, "busy")
        assert (answer.status_code, answer.json()["outcome"]) == (202, "accepted")
        assert [reject.status for reject in graph.rejects] == [202]
        wait_until(lambda: (browser.last_seen(key)["decision"] or {}).get("outcome") == "confirmed")
    finally:
        browser.close()
    assert upgraded.manage("verify_audit").returncode == 0
