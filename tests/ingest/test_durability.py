"""Durability: a server killed under load, an orderly stop, a key server that is down at the start."""

import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from calls.db.wal import CHECKPOINT_AFTER
from calls.models import AuditEntry, Call, Notification, RejectAttempt
from calls.simulator import Simulator
from tests import bodies
from tests.clients import press_reject, signed_in_client
from tests.conftest import People
from tests.servers import ROOT, Dashboard, wait_until


class Load:
    """Senders that deliver calls without pause, and the responses they got."""

    def __init__(self, dashboard: Dashboard, token: str, senders: int = 8) -> None:
        self.acknowledged: list[str] = []
        self.refused: list[int] = []
        self._dashboard, self._token = dashboard, token
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(senders)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, sender: int) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(headers=headers, timeout=5) as client:
            number = 0
            while not self._stop.is_set():
                number += 1
                call_id = f"load-{sender}-{number}"
                try:
                    answer = client.post(self._dashboard.webhook_url, json=bodies.ringing(call_id))
                except httpx.TransportError:
                    time.sleep(0.01)  # the server is gone; knock again
                    continue
                (self.acknowledged if answer.status_code == 202 else self.refused).append(call_id)


def test_everything_answered_202_is_there_after_kill_9(
    own_dashboard: Dashboard, graph_token: str, dashboard_environment: dict[str, str]
) -> None:
    acknowledged: list[str] = []
    for _ in range(3):
        with Load(own_dashboard, graph_token) as load:
            wait_until(lambda load=load: len(load.acknowledged) > 100, seconds=30)
            own_dashboard.kill()
        acknowledged += load.acknowledged
        stored = set(Notification.objects.values_list("call_id", flat=True))
        assert not set(load.acknowledged) - stored
        assert not set(load.acknowledged) - set(Call.objects.values_list("graph_id", flat=True))
        Call.objects.all().delete()
        own_dashboard.start()
    assert len(acknowledged) > 300
    assert run_command(dashboard_environment, "verify_audit").returncode == 0


@pytest.fixture
def graph_token(running_simulator: Simulator) -> str:
    return running_simulator.callback_token()


def test_a_server_asked_to_stop_answers_what_it_has_taken_and_ends_in_time(
    own_dashboard: Dashboard, graph_token: str
) -> None:
    with Load(own_dashboard, graph_token) as load:
        wait_until(lambda: len(load.acknowledged) > 100, seconds=30)
        started = time.monotonic()
        code = own_dashboard.stop()
        assert time.monotonic() - started < 15, "ten seconds are promised, on a machine that does nothing else"
    assert code == 0
    assert not load.refused
    assert not set(load.acknowledged) - set(Call.objects.values_list("graph_id", flat=True))


def test_a_server_asked_to_stop_finishes_the_decision_under_way(
    own_dashboard: Dashboard, running_simulator: Simulator, people: People
) -> None:
    running_simulator.ring()
    running_simulator.faults.reject(delay=1.5, status=202, times=1)
    with signed_in_client(own_dashboard, "supervisor") as client, ThreadPoolExecutor(1) as threads:
        pressing = threads.submit(press_reject, client, str(Call.objects.get().public_id))
        wait_until(RejectAttempt.objects.exists)
        own_dashboard.stop()
        pressing.exception()
    assert RejectAttempt.objects.get().outcome in ("accepted", "confirmed")
    assert AuditEntry.objects.filter(action="reject.accepted").count() == 1


def test_a_server_asked_to_stop_gives_up_a_decision_that_takes_too_long_as_unknown(
    own_dashboard: Dashboard, running_simulator: Simulator, people: People
) -> None:
    running_simulator.ring()
    running_simulator.faults.reject(delay=12, status=202, times=1)
    with signed_in_client(own_dashboard, "supervisor") as client, ThreadPoolExecutor(1) as threads:
        pressing = threads.submit(press_reject, client, str(Call.objects.get().public_id))
        wait_until(RejectAttempt.objects.exists)
        assert own_dashboard.stop() == 0
        pressing.exception()
    attempt = RejectAttempt.objects.get()
    assert (attempt.outcome, attempt.graph_status, attempt.graph_code) == ("unknown", None, "interrupted")
    words = AuditEntry.objects.filter(action__startswith="reject.").order_by("id").values_list("action", flat=True)
    assert list(words) == ["reject.requested", "reject.unknown"]


def test_a_server_killed_between_claim_and_outcome_leaves_no_call_rejecting_for_ever(
    own_dashboard: Dashboard, running_simulator: Simulator, people: People
) -> None:
    call = running_simulator.ring()
    running_simulator.faults.reject(delay=5, status=202, times=1)
    with signed_in_client(own_dashboard, "supervisor") as client, ThreadPoolExecutor(1) as threads:
        pressing = threads.submit(press_reject, client, str(Call.objects.get().public_id))
        wait_until(AuditEntry.objects.filter(action="reject.requested").exists)
        own_dashboard.kill()
        assert isinstance(pressing.exception(), httpx.TransportError)
    assert RejectAttempt.objects.get().outcome == "requested"
    RejectAttempt.objects.update(requested_at=timezone.now() - timedelta(minutes=2))

    own_dashboard.start()
    wait_until(AuditEntry.objects.filter(action="reject.unknown").exists)
    with signed_in_client(own_dashboard, "supervisor") as client:
        assert press_reject(client, str(Call.objects.get().public_id)).status_code == 409
    running_simulator.forget()
    running_simulator.webhook_url = own_dashboard.webhook_url
    call.end_rejected()
    wait_until(lambda: RejectAttempt.objects.get().outcome == "ended_unproved")
    words = AuditEntry.objects.filter(action__startswith="reject.").order_by("id").values_list("action", flat=True)
    assert list(words) == [
        "reject.requested",
        "reject.unknown",
        "reject.decided_by_another",
        "reject.ended_unproved",
    ]


def test_while_signing_keys_were_never_fetched_it_is_503_and_then_it_heals(
    database: None,
    dashboard_environment: dict[str, str],
    collected_static: None,
    running_simulator: Simulator,
    tmp_path: Path,
) -> None:
    running_simulator.forget()
    running_simulator.faults.keys(down=True)
    with Dashboard(dashboard_environment, tmp_path / "log") as dashboard:
        running_simulator.webhook_url = dashboard.webhook_url
        answer = running_simulator.deliver(bodies.ringing("c-1"))
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        assert httpx.get(f"{dashboard.url}/readyz").status_code == 503
        running_simulator.faults.clear()
        wait_until(lambda: running_simulator.deliver(bodies.ringing("c-1")).status_code == 202)
    running_simulator.forget()


def test_the_log_of_a_busy_server_is_copied_beside_its_writer(own_dashboard: Dashboard, graph_token: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite's log is copied by us")
    address = f"file:{connection.settings_dict['NAME']}?immutable=1"  # the file by itself, without its log

    def copied() -> int:
        with closing(sqlite3.connect(address, uri=True)) as file_alone:
            try:
                return file_alone.execute("SELECT count(*) FROM calls_call").fetchone()[0]
            except sqlite3.DatabaseError:  # copied in part
                return 0

    ringing = bodies.ringing("c-1")["value"][0]
    several = [{**ringing, "resourceUrl": f"/communications/calls/c-{number}"} for number in range(CHECKPOINT_AFTER)]
    headers = {"Authorization": f"Bearer {graph_token}"}
    for start in range(0, CHECKPOINT_AFTER, 100):  # in few commits, so that SQLite copies nothing by itself
        body = {"value": several[start : start + 100]}
        assert httpx.post(own_dashboard.webhook_url, json=body, headers=headers, timeout=30).status_code == 202
    wait_until(lambda: copied() == CHECKPOINT_AFTER)


def run_command(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run a management command in another process and wait for its end."""
    whole = [sys.executable, "manage.py", *command]
    return subprocess.run(whole, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_a_busy_port_is_told_in_words(own_dashboard: Dashboard, dashboard_environment: dict[str, str]) -> None:
    ended = run_command({**dashboard_environment, "PORT": str(own_dashboard.port)}, "serve")
    assert ended.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{own_dashboard.port}" in ended.stderr
    assert "Traceback" not in ended.stderr
