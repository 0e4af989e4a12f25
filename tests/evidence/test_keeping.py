"""A running dashboard keeps its history by itself: it seals it outside the database, and removes what is too old."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from calls.models import AuditEntry, Call
from tests.evidence.conftest import append, make_call
from tests.servers import Dashboard, wait_until


@pytest.fixture
def environment(product_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return product_environment | {
        "RETENTION_DAYS_CALLS": "10",
        "AUDIT_CHECKPOINT_FILE": str(tmp_path / "checkpoints.jsonl"),
    }


def test_a_dashboard_removes_what_is_too_old_once_a_day_and_seals_outside(environment, database, tmp_path):
    call_command("collectstatic", verbosity=0, interactive=False)
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
