"""Two dashboards over one database: any of them takes any notification, any reject, any socket."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from django.utils import timezone

from calls.models import AuditEntry, Call, Presence, RejectAttempt
from calls.simulator import Simulator
from tests import bodies
from tests.audit.test_timing import details
from tests.clients import Browser, press_reject, sign_in, signed_in_client
from tests.conftest import People
from tests.servers import Dashboard, wait_until

needs_redis = pytest.mark.skipif(
    not os.environ.get("REDIS_URL"), reason="hints between processes need Redis: set REDIS_URL"
)


@pytest.fixture
def second(
    dashboard: Dashboard, calm_board: None, dashboard_environment: dict[str, str], tmp_path: Path
) -> Iterator[Dashboard]:
    """Another process beside the one that every test shares."""
    with Dashboard(dashboard_environment, tmp_path / "log") as other:
        other.wait_ready()
        yield other


@pytest.fixture
def browser(second: Dashboard, people: People) -> Iterator[Browser]:
    """The supervisor's browser, connected to the second process."""
    opened = Browser(second, sign_in(second, "supervisor"))
    yield opened
    opened.close()


def test_a_call_told_to_one_is_seen_at_the_other_and_decided_there(
    graph: Simulator, browser: Browser, people: People
) -> None:
    call = graph.ring()  # delivered to the first
    row = browser.wait_for(call.id)
    assert browser.reject(row["key"]).status_code == 202
    wait_until(lambda: row["key"] in browser.gone)
    assert browser.last_seen(row["key"])["decision"]["outcome"] == "confirmed"


@pytest.mark.parametrize("rings", ["after they came", "before they came"])
def test_a_click_at_one_tells_since_when_the_person_was_connected_to_the_other(
    graph: Simulator, dashboard: Dashboard, calm_watch: None, second: Dashboard, people: People, rings: str
) -> None:
    call = graph.ring() if rings == "before they came" else None
    browser = Browser(second, sign_in(second, "supervisor"))
    try:
        wait_until(lambda: "calls_supervisors_connected 1.0" in httpx.get(f"{dashboard.url}/metrics").text)
        key = browser.wait_for((call or graph.ring()).id)["key"]
        with signed_in_client(dashboard, "supervisor") as client:
            assert press_reject(client, key).status_code == 202
    finally:
        browser.close()
    connected = Presence.objects.get(user_id=people.supervisor.pk).connected_at
    for step in ("reject.requested", "reject.accepted"):
        told = details(step)
        assert "first_sent_at" not in told
        earliest, received, clicked = (
            datetime.fromisoformat(str(told[name])) for name in ("first_sent_not_before", "received_at", "clicked_at")
        )
        assert received <= earliest < clicked
        assert abs(earliest - max(received, connected)) < timedelta(milliseconds=1)
        assert (earliest == received) == (rings == "after they came")


@needs_redis
def test_hints_arrive_before_any_sweep_could(
    graph: Simulator, calm_board: None, dashboard_environment: dict[str, str], people: People, tmp_path: Path
) -> None:
    environment = {**dashboard_environment, "DJANGO_SETTINGS_MODULE": "tests.settings_rare_sweeps"}
    with Dashboard(environment, tmp_path / "log") as second:
        second.wait_ready()
        browser = Browser(second, sign_in(second, "supervisor"))
        rang = []
        for _ in range(12):
            rang.append(graph.ring().id)
            wait_until(lambda: browser.sees(rang[-1]))
        assert len(set(rang)) == 12
        browser.close()


def test_two_supervisors_at_two_processes_are_one_request_to_graph(
    graph: Simulator, dashboard: Dashboard, second: Dashboard, people: People
) -> None:
    graph.ring()
    key = str(Call.objects.get().public_id)
    with (
        signed_in_client(dashboard, "supervisor") as one,
        signed_in_client(second, "colleague") as other,
        ThreadPoolExecutor(2) as threads,
    ):
        answers = list(threads.map(lambda client: press_reject(client, key), (one, other)))
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    assert len(graph.rejects) == 1
    assert RejectAttempt.objects.count() == 1


def test_each_missed_call_is_recorded_once_whoever_keeps(graph: Simulator, second: Dashboard) -> None:
    for number in range(20):
        graph.deliver(bodies.ringing(f"c-{number}"))
    Call.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    wait_until(lambda: Call.objects.filter(missed_at=None).count() == 0)
    assert AuditEntry.objects.filter(action="call.missed").count() == 20


def test_the_keeper_is_taken_over_when_its_process_dies(
    graph: Simulator, dashboard: Dashboard, second: Dashboard
) -> None:
    dashboard.kill()  # it started first and keeps
    try:
        graph.webhook_url = second.webhook_url
        graph.deliver(bodies.ringing("c-1"))
        Call.objects.update(deadline=timezone.now() - timedelta(seconds=1))
        wait_until(lambda: Call.objects.get().missed_at, seconds=15)  # the lock of a dead process is free at once
    finally:
        dashboard.start()


def test_notifications_of_one_call_at_both_at_once_are_one_call(
    graph: Simulator, dashboard: Dashboard, second: Dashboard
) -> None:
    def deliver(number: int) -> int:
        address = (dashboard if number % 2 else second).webhook_url
        body = bodies.ended("c-1") if number % 3 == 0 else bodies.ringing("c-1")
        headers = {"Authorization": f"Bearer {graph.callback_token()}"}
        return client.post(address, json=body, headers=headers).status_code

    with httpx.Client(timeout=30) as client, ThreadPoolExecutor(12) as threads:
        assert set(threads.map(deliver, range(60))) == {202}
    assert Call.objects.get().ended_at is not None
