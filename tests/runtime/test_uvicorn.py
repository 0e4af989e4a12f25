"""The main journey under uvicorn: started and ended through the lifespan, and otherwise the same."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from calls.models import AuditEntry, Call, Notification
from calls.simulator import Simulator
from tests import bodies
from tests.clients import Browser, sign_in
from tests.conftest import People
from tests.fixtures.history import actions
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


def test_the_webhook_limits_bodies_by_itself(under_uvicorn: UvicornDashboard, running_simulator: Simulator) -> None:
    body = json.dumps(bodies.ringing("c-1")).encode().ljust(1024 * 1024)
    headers = {"Authorization": f"Bearer {running_simulator.callback_token()}"}

    def status_of(content: bytes, *, declared: bool) -> int:
        sent = content if declared else iter([content[:1000], content[1000:]])
        return httpx.post(under_uvicorn.webhook_url, content=sent, headers=headers).status_code

    assert [status_of(body + b" ", declared=declared) for declared in (True, False)] == [413, 413]
    assert not Call.objects.exists()
    assert [status_of(body, declared=declared) for declared in (True, False)] == [202, 202]
    unfinished = {**headers, "Content-Length": "1000"}
    with socket.create_connection(("127.0.0.1", under_uvicorn.port)) as leaving:
        lines = [
            "POST /api/calls HTTP/1.1",
            "Host: localhost",
            *(f"{name}: {value}" for name, value in unfinished.items()),
        ]
        leaving.sendall("\r\n".join(lines).encode() + b"\r\n\r\n{")
    assert httpx.get(f"{under_uvicorn.url}/healthz").status_code == 200
    assert Notification.objects.count() == 2
    assert "Traceback" not in under_uvicorn.log
