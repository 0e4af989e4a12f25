"""A dashboard in its own process, a Graph simulator at its other side, and browsers' sockets."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from calls import audit, guards
from calls.models import AuditEntry, Presence
from calls.simulator import Simulator
from tests.clients import Browser, sign_in
from tests.conftest import People
from tests.servers import Dashboard, wait_until


@pytest.fixture(scope="session")
def running_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """The other side of the wire, for the whole run."""
    with Simulator(directory=tmp_path_factory.mktemp("simulator"), answer_window=15.0) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def dashboard_environment(
    product_environment_for_session: dict[str, str], running_simulator: Simulator
) -> dict[str, str]:
    """The environment of a complete installation whose Graph is the simulator."""
    hostile = {"REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"}  # set on many machines; must not matter
    shared = {"REDIS_URL": os.environ.get("REDIS_URL", "")}
    return {**product_environment_for_session, **running_simulator.settings, **hostile, **shared}


@pytest.fixture(scope="session")
def running_dashboard(
    dashboard_environment: dict[str, str],
    collected_static: None,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Dashboard]:
    """One dashboard for the whole run, which everything but the tests of starting and ending shares.

    What its start leaves in the history is gone before the first test looks at it.
    """
    with django_db_blocker.unblock():
        audit.ensure_head()
    with Dashboard(dashboard_environment, tmp_path_factory.mktemp("dashboard") / "log") as dashboard:
        dashboard.wait_ready()
        with django_db_blocker.unblock():
            wait_until(lambda: AuditEntry.objects.filter(action="settings.recorded").exists())
            guards.lift(connection)
            call_command("flush", interactive=False, verbosity=0)
            connection.close()
        yield dashboard


@pytest.fixture(scope="module")
def running_entra_dashboard(
    dashboard_environment: dict[str, str], collected_static: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dashboard]:
    """Another dashboard over the same database, whose people sign in with Entra ID."""
    environment = {**dashboard_environment, "ENTRA_SIGN_IN": "on"}
    with Dashboard(environment, tmp_path_factory.mktemp("entra") / "log") as dashboard:
        yield dashboard


@pytest.fixture
def identity(running_simulator: Simulator) -> Iterator[Simulator]:
    """The simulator as an identity service, with its usual staff."""
    running_simulator.forget()
    yield running_simulator
    running_simulator.forget()


@pytest.fixture
def entra_dashboard(database: None, running_entra_dashboard: Dashboard, identity: Simulator) -> Dashboard:
    """The dashboard with Entra ID over an empty database."""
    return running_entra_dashboard


@pytest.fixture
def dashboard(database: None, running_dashboard: Dashboard) -> Dashboard:
    """The running dashboard over an empty database."""
    return running_dashboard


@pytest.fixture
def graph(dashboard: Dashboard, running_simulator: Simulator) -> Iterator[Simulator]:
    """The simulator, without a memory of earlier tests, delivering to the dashboard."""
    running_simulator.forget()
    running_simulator.webhook_url = dashboard.webhook_url
    yield running_simulator
    running_simulator.forget()


@pytest.fixture
def calm_board(dashboard: Dashboard) -> None:
    """A board that rests, or has swept away the calls of earlier tests, as it does within seconds of their going."""
    wait_until(lambda: re.search("^calls_live (0.0|NaN)$", httpx.get(f"{dashboard.url}/metrics").text, re.MULTILINE))


@pytest.fixture
def calm_watch(dashboard: Dashboard, database: None) -> None:
    """A dashboard that has noticed that the people of earlier tests are gone."""
    wait_until(lambda: "calls_supervisors_connected 0.0" in httpx.get(f"{dashboard.url}/metrics").text)
    Presence.objects.all().delete()


@pytest.fixture
def browser_of(dashboard: Dashboard, calm_board: None, people: People) -> Iterator[Callable[[User], Browser]]:
    """Open a signed-in person's browser: `browser_of(people.supervisor)`."""
    opened: list[Browser] = []

    def open_browser(user: User) -> Browser:
        opened.append(Browser(dashboard, sign_in(dashboard, user.username)))
        return opened[-1]

    yield open_browser
    for browser in opened:
        browser.close()


@pytest.fixture
def own_dashboard(
    database: None,
    dashboard_environment: dict[str, str],
    collected_static: None,
    running_simulator: Simulator,
    tmp_path: Path,
) -> Iterator[Dashboard]:
    """A dashboard that this test may stop, kill and start again."""
    running_simulator.forget()
    with Dashboard(dashboard_environment, tmp_path / "log") as dashboard:
        running_simulator.webhook_url = dashboard.webhook_url
        dashboard.wait_ready()
        yield dashboard
    running_simulator.forget()
