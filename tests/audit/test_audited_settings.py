"""Every setting of access, connections and retention is audited."""

import json

import pytest

from calls.audit import settings_audit, signing
from calls.hours import WorkingHours
from calls.models import AuditEntry
from tests.settings import ENVIRONMENT


def details() -> dict:
    return json.loads(AuditEntry.objects.latest("id").details)


@pytest.mark.parametrize("name", settings_audit.NAMES)
def test_a_change_of_each_setting_is_found(name, database, settings):
    settings_audit.record_changes()
    setattr(settings, name, ["another value"] if isinstance(getattr(settings, name), list) else "another value")
    assert settings_audit.record_changes() == [name]
    assert (name in details()["values"]) is (name in settings_audit.DISCLOSED)
    assert ("another value" in json.dumps(details())) is (name in settings_audit.DISCLOSED)
    assert (name in details()["were"]) is (name in settings_audit.DISCLOSED)


# Listening address, log level, and the signing key, whose id is recorded with the digests.
NOT_WATCHED = {"HOST", "PORT", "PUBLIC_URL", "LOG_LEVEL", "DATABASE_POOL_SIZE", "AUDIT_SIGNING_KEY"}
MAY_BE_TOLD = {
    "CALL_ANSWER_WINDOW_SECONDS",
    "DEBUG",
    "ENTRA_SIGN_IN",
    "GRAPH_TENANT_MISMATCH",
    "RETENTION_DAYS_AUDIT",
    "RETENTION_DAYS_CALLS",
    "RETENTION_DAYS_NOTIFICATIONS",
    "RETENTION_DAYS_PERSONAL",
    "TIME_ZONE",
    "WORKING_DAYS",
    "WORKING_HOURS",
}


def test_every_setting_is_watched_but_those_in_which_processes_may_differ():
    assert set(settings_audit.NAMES) == set(ENVIRONMENT) - NOT_WATCHED


def test_values_are_told_only_of_settings_that_anybody_may_know():
    assert set(settings_audit.DISCLOSED) == MAY_BE_TOLD


@pytest.mark.parametrize("name", settings_audit.CONTAINING_PUBLIC_URL)
def test_another_address_of_our_own_is_no_change_and_one_of_somebody_else_is(name, database, settings):
    settings_audit.record_changes()
    old, new = "http://localhost:8000", "http://calls.example:8001"
    settings.PUBLIC_URL = new
    settings.ALLOWED_HOSTS = [host for host in settings.ALLOWED_HOSTS if host != "localhost"] + ["calls.example"]
    settings.CSRF_TRUSTED_ORIGINS = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if origin != old] + [new]
    assert settings_audit.record_changes() == []
    setattr(settings, name, [*getattr(settings, name), "https://elsewhere.example"])
    assert settings_audit.record_changes() == [name]


def test_the_order_of_hosts_is_no_change(database, settings):
    settings.ALLOWED_HOSTS = ["a.example", "b.example"]
    settings_audit.record_changes()
    settings.ALLOWED_HOSTS = ["b.example", "a.example"]
    assert settings_audit.record_changes() == []


def test_a_setting_put_back_is_a_change_again(database, settings):
    settings_audit.record_changes()
    for value in ("accept", "refuse"):
        settings.GRAPH_TENANT_MISMATCH = value
        assert settings_audit.record_changes() == ["GRAPH_TENANT_MISMATCH"]
    assert details()["were"] == {"GRAPH_TENANT_MISMATCH": "accept"}


def test_digests_are_made_anew_under_the_key_in_use(database, settings):
    settings_audit.record_changes()
    before = details()["digests"]
    settings.AUDIT_SIGNING_KEY = "another"
    settings_audit.record_changes()
    after = details()["digests"]
    assert after["AUDIT_SIGNING_KEY"] == signing.key_id() != before["AUDIT_SIGNING_KEY"]
    assert not [name for name in settings_audit.NAMES if before[name] == after[name]]


@pytest.mark.parametrize(
    ("days", "hours"),
    [
        ("0", "09:00-18:00"),
        ("8", "09:00-18:00"),
        ("1-8", "09:00-18:00"),
        ("5-3", "09:00-09:00"),
        ("1--5", "09:00-18:00"),
        ("1,", "09:00-18:00"),
        ("1-5", "09:00"),
        ("1-5", "09:00-09:00"),
        ("1-5", "18:00-09:00"),
        ("1-5", "09:00-25:00"),
        ("mon", "09:00-18:00"),
    ],
)
def test_working_hours_that_mean_nothing_are_refused(days, hours):
    with pytest.raises(ValueError):
        WorkingHours.parse(days, hours)
