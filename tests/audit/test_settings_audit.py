"""A changed setting is recorded in the history without its value."""

import json
import re
import threading

import pytest
from django.core.management import call_command
from django.db import connection

from calls.audit import settings_audit
from calls.audit.messages import sentence
from calls.models import AuditEntry
from tests.servers import Dashboard, wait_until


def newest() -> AuditEntry:
    return AuditEntry.objects.latest("id")


def test_the_first_start_records_all_settings_and_the_next_one_none(database):
    assert settings_audit.record_changes() == list(settings_audit.NAMES)
    assert sentence(newest()) == "The settings of the first start were recorded."
    assert settings_audit.record_changes() == []
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GRAPH_CLIENT_SECRET", "hunter2"),
        ("RETENTION_DAYS_AUDIT", 30),
        ("GRAPH_TENANTS", ["contoso"]),
        ("CALL_ANSWER_WINDOW_SECONDS", 14.0),
        ("DEBUG", True),
        ("ALLOWED_HOSTS", ["elsewhere.example"]),
    ],
)
def test_a_changed_setting_is_named_and_only_the_values_that_anybody_may_know_are_told(
    name, value, database, settings, prove
):
    settings_audit.record_changes()
    setattr(settings, name, value)
    assert settings_audit.record_changes() == [name]
    told = {
        "RETENTION_DAYS_AUDIT": " (0 → 30)",
        "CALL_ANSWER_WINDOW_SECONDS": " (15.0 → 14.0)",
        "DEBUG": " (False → True)",
    }
    assert sentence(newest()) == f"Settings differ from the last start: {name}{told.get(name, '')}."
    assert ("hunter2" in newest().details, "contoso" in newest().details, "elsewhere" in newest().details) == (
        False,
    ) * 3
    details = json.loads(newest().details)
    assert set(details["values"]) == set(settings_audit.DISCLOSED)
    assert all(re.fullmatch("[0-9a-f]{16,32}", digest) for digest in details["digests"].values())
    assert settings_audit.record_changes() == []
    assert prove().code == 0


def test_no_setting_is_stored_as_it_is(database, settings):
    settings_audit.record_changes()
    digests = json.loads(newest().details)["digests"]
    assert len(set(digests.values())) == len(digests), "the same value under two names looks the same"
    for name in settings_audit.NAMES:
        assert len(digests[name]) == 32
    assert settings.AUDIT_SIGNING_KEY not in newest().details


def test_another_signing_key_is_all_that_can_be_told(database, settings):
    settings_audit.record_changes()
    settings.AUDIT_SIGNING_KEY, settings.DEBUG = "another", True
    assert settings_audit.record_changes() == ["AUDIT_SIGNING_KEY"]


def test_behind_a_new_signing_key_other_changes_are_told_as_long_as_the_old_key_is_at_hand(database, settings, prove):
    settings_audit.record_changes()
    settings.AUDIT_SIGNING_KEY_FALLBACKS, settings.AUDIT_SIGNING_KEY = [settings.AUDIT_SIGNING_KEY], "another"
    settings.GRAPH_TENANT_MISMATCH = "accept"
    expected = ["AUDIT_SIGNING_KEY", "GRAPH_TENANT_MISMATCH", "AUDIT_SIGNING_KEY_FALLBACKS"]
    assert settings_audit.record_changes() == expected
    assert "GRAPH_TENANT_MISMATCH (refuse → accept)" in sentence(newest())
    assert settings_audit.record_changes() == []
    assert prove().code == 0


def test_processes_that_start_together_record_a_change_once(database):
    def start() -> None:
        try:
            settings_audit.record_changes()
        finally:
            connection.close()

    starting = [threading.Thread(target=start) for _ in range(4)]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    assert AuditEntry.objects.count() == 1


def test_a_start_with_another_setting_is_an_entry(database, product_environment, tmp_path):
    call_command("collectstatic", verbosity=0, interactive=False)
    with Dashboard(product_environment, tmp_path / "log"):
        wait_until(lambda: AuditEntry.objects.filter(action="settings.recorded").exists())
    with Dashboard(product_environment | {"GRAPH_TENANTS": "contoso"}, tmp_path / "log"):
        entry = wait_until(lambda: AuditEntry.objects.filter(action="settings.changed").first())
    assert json.loads(entry.details)["changed"] == ["GRAPH_TENANTS"]
