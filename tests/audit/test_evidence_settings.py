"""System checks report invalid settings of retention, checkpoints and working hours."""

from datetime import time

import pytest

from calls.checks import check_settings
from calls.hours import WorkingHours


def told(settings) -> set[str]:
    return {str(message.id) for message in check_settings(None)}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("RETENTION_DAYS_AUDIT", -1, "calls.E020"),
        ("RETENTION_DAYS_NOTIFICATIONS", -30, "calls.E020"),
        ("AUDIT_CHECKPOINT_FILE", "/no/such/directory/checkpoints", "calls.E021"),
        ("WORKING_DAYS", "0-8", "calls.E022"),
        ("WORKING_DAYS", "", "calls.E022"),
        ("WORKING_HOURS", "nine to five", "calls.E022"),
        ("WORKING_HOURS", "18:00-09:00", "calls.E022"),
        ("RETENTION_DAYS_PERSONAL", 30, "calls.W020"),
    ],
)
def test_nonsense_is_named(name, value, expected, settings):
    assert expected not in told(settings)
    setattr(settings, name, value)
    assert expected in told(settings)


def test_names_that_go_everywhere_at_once_are_no_reason_to_warn(settings):
    settings.RETENTION_DAYS_PERSONAL = settings.RETENTION_DAYS_CALLS = settings.RETENTION_DAYS_NOTIFICATIONS = 30
    assert "calls.W020" not in told(settings)


@pytest.mark.parametrize(
    ("days", "expected"), [("1-5", {1, 2, 3, 4, 5}), ("7", {7}), ("1, 3,6-7", {1, 3, 6, 7}), ("1-1", {1})]
)
def test_days_are_written_as_numbers_and_spans(days, expected):
    assert WorkingHours.parse(days, "08:30-17:00") == WorkingHours(frozenset(expected), time(8, 30), time(17))
