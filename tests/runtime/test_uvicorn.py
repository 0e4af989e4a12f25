"""The main journey under uvicorn: started and ended through the lifespan, and otherwise the same."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from calls.models import AuditEntry, Call
from calls.simulator import Simulator
from tests.clients import Browser, sign_in
from tests.conftest import People
from tests.decisions.test_reject import actions
from tests.servers import UvicornDashboard, wait_until


@pytest.fixture
def under_uvicorn(
    database: None,
    dashboard_environment: dict[str, str],
    collected_static: None,
    running_simulator: Simulator,
    tmp_path: Path,
) -> Iterator[UvicornDashboard]:
    running_simulator.forget()
    with UvicornDashboard(dashboard_environment, tmp_path / "log") as dashboard:
        running_simulator.webhook_url = dashboard.webhook_url
        dashboard.wait_ready()
        yield dashboard
    running_simulator.forget()


def test_a_call_is_seen_rejected_confirmed_and_audited(
    under_uvicorn: UvicornDashboard, running_simulator: Simulator, people: People
) -> None:
    browser = Browser(under_uvicorn, sign_in(under_uvicorn, "supervisor"))
    call = running_simulator.ring("Ada Lovelace")
    row = browser.wait_for(call.id)
    assert browser.reject(row["key"], "busy").status_code == 202
    wait_until(lambda: row["key"] in browser.gone)
    assert [reject.reason for reject in running_simulator.rejects] == ["busy"]
    assert actions() == ["reject.requested", "reject.accepted", "reject.confirmed"]
    browser.close()


def test_undecided_calls_are_missed_and_the_server_ends_when_asked(
    under_uvicorn: UvicornDashboard, running_simulator: Simulator
) -> None:
    context = {"observedParticipantId": "p"}  # such a call can be decided for five seconds
    running_simulator.ring(more={"incomingContext": context})
    wait_until(lambda: AuditEntry.objects.filter(action="call.missed").exists())
    assert Call.objects.get().missed_at
    assert under_uvicorn.stop() == -signal.SIGTERM  # uvicorn ends as it was told to, once it has shut down in order
    assert "Traceback" not in under_uvicorn.log
