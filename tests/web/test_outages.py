"""Responses while the database is unreachable: 503 with a text and Retry-After, and a clean stop."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from calls.simulator import Simulator
from tests import bodies
from tests.ingest.test_durability import run_command
from tests.servers import Dashboard, free_port, wait_until


@pytest.fixture
def environment(dashboard_environment: dict[str, str], collected_static: None) -> dict[str, str]:
    """The environment of an installation whose PostgreSQL port refuses connections."""
    return {**dashboard_environment, "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"}


@pytest.fixture
def without_database(environment: dict[str, str], running_simulator: Simulator, tmp_path: Path) -> Iterator[Dashboard]:
    """A dashboard that was started while its database was unreachable."""
    running_simulator.forget()
    with Dashboard(environment, tmp_path / "log") as dashboard:
        running_simulator.webhook_url = dashboard.webhook_url
        yield dashboard
    running_simulator.forget()


def test_while_the_database_is_away_everything_answers_in_words(
    without_database: Dashboard, running_simulator: Simulator
) -> None:
    wait_until(lambda: running_simulator.requests)  # the signing keys
    answer = running_simulator.deliver(bodies.ringing("c-1"))
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    readiness = httpx.get(f"{without_database.url}/readyz", timeout=30)
    assert readiness.status_code == 503
    assert "does not answer" in readiness.json()["parts"]["database"]
    with httpx.Client(base_url=without_database.url, cookies={"sessionid": "session0123456789"}, timeout=30) as client:
        page = client.get("/calls/")
        assert (page.status_code, "Retry-After" in page.headers) == (503, True)
        assert "The database cannot be reached" in page.text
        page = client.get("/calls/", headers={"Accept-Language": "ru"})
        assert "База данных недоступна" in page.text
        told = client.get("/calls/", headers={"Accept": "application/json"})
        assert (told.status_code, told.json()["outcome"]) == (503, "unavailable")
    started = time.monotonic()
    assert without_database.stop() == 0
    assert time.monotonic() - started < 15, "ten seconds are promised, on a machine that does nothing else"


def test_a_start_that_has_to_migrate_says_which_database_it_cannot_use(environment: dict[str, str]) -> None:
    ended = run_command(environment, "serve", "--migrate")
    assert ended.returncode == 1
    assert "The database that DATABASE_URL names cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr
