"""A running dashboard exports checkpoints and applies retention on a schedule."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.utils import timezone

from calls.models import AuditEntry, Call
from tests.fixtures.history import append, make_call
from tests.servers import Dashboard, wait_until

STARTED = "Settings that differ from the last start"


@pytest.fixture
def only_dashboard(database: None, running_dashboard: Dashboard) -> Iterator[None]:
    """Stop the dashboard of the other tests: it would hold the lock of the background jobs on PostgreSQL."""
    starts = running_dashboard.log.count(STARTED)
    running_dashboard.stop()
    yield
    running_dashboard.start()
    running_dashboard.wait_ready()
    wait_until(lambda: running_dashboard.log.count(STARTED) > starts)  # later, it would write into the next test


@pytest.fixture
def environment(
    product_environment: dict[str, str], collected_static: None, only_dashboard: None, tmp_path: Path
) -> dict[str, str]:
    return product_environment | {
        "RETENTION_DAYS_CALLS": "10",
        "AUDIT_CHECKPOINT_FILE": str(tmp_path / "checkpoints.jsonl"),
    }


def test_a_dashboard_removes_what_is_too_old_once_a_day_and_seals_outside(environment, database, tmp_path):
    make_call(1, received_at=timezone.now() - timedelta(days=11))
    young = make_call(2)
    append("account.signed_in")
    with Dashboard(environment, tmp_path / "log"):
        wait_until(lambda: AuditEntry.objects.filter(action="retention.ran").exists())
        assert Call.objects.get() == young
        kept = tmp_path / "checkpoints.jsonl"
        wait_until(kept.exists)
        assert json.loads(kept.read_text().splitlines()[0])["kind"] == "seal"
    with Dashboard(environment, tmp_path / "log"):
        wait_until(lambda: len(kept.read_text().splitlines()) == 2)
    assert AuditEntry.objects.filter(action="retention.ran").count() == 1


def test_a_place_outside_that_hangs_holds_up_nothing_and_is_told(environment, database, tmp_path):
    os.mkfifo(tmp_path / "checkpoints.jsonl")  # opening it blocks until another process opens the other end
    append("account.signed_in")
    with Dashboard(environment, tmp_path / "log") as dashboard:
        wait_until(lambda: "has not answered for" in _outside(dashboard), 60)
        lapsed = make_call(3, deadline=timezone.now() - timedelta(seconds=1))
        wait_until(lambda: AuditEntry.objects.filter(action="call.missed", call_key=str(lapsed.public_id)).exists())


def test_a_place_outside_that_is_away_is_told_and_caught_up_with(environment, database, tmp_path):
    kept = tmp_path / "share" / "checkpoints.jsonl"
    kept.parent.mkdir()
    environment["AUDIT_CHECKPOINT_FILE"] = str(kept)
    kept.mkdir()  # a directory in place of the file
    append("account.signed_in")
    with Dashboard(environment, tmp_path / "log") as dashboard:
        wait_until(lambda: "checkpoints.jsonl" in _outside(dashboard))
    assert "could not be kept outside the database" in (tmp_path / "log").read_text()
    kept.rmdir()
    with Dashboard(environment, tmp_path / "log") as dashboard:
        wait_until(kept.exists)
        wait_until(lambda: _outside(dashboard) == "ok")
        assert "calls_checkpoints_kept_timestamp_seconds 1" in httpx.get(f"{dashboard.url}/metrics").text


def _outside(dashboard: Dashboard) -> str:
    return str(httpx.get(f"{dashboard.url}/readyz").json()["parts"]["checkpoints_outside"])
