"""The bounds of retention: from the newest valid checkpoint up to the first entry that is too young."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from calls.audit import retention, signing
from calls.models import AuditEntry, AuditPersonal, Call, Notification
from tests.audit.test_retention import DAY, FORGED, history, keep_for, run
from tests.fixtures.history import Owner, make_call, make_notification, rewrite, sql

__all__ = ["history", "keep_for"]  # fixtures


def break_entry(entry: AuditEntry) -> None:
    with Owner():
        sql("UPDATE calls_auditentry SET reason = 'none' WHERE id = %s", entry.pk)


def faults() -> list[str]:
    return json.loads(AuditEntry.objects.filter(action="retention.ran").latest("id").details)["faults"]


def test_what_was_proved_for_erasing_is_proved_again_for_cutting(history, keep_for, prove):
    keep_for(personal=1)
    assert run(history[3].at + DAY) == {"personal": 3}
    break_entry(history[1])
    keep_for(personal=0, audit=1)
    assert run(history[4].at + DAY) == {"audit": 0}
    assert "content was changed" in faults()[0]
    assert AuditEntry.objects.filter(pk__lte=history[5].pk).count() == 6


def test_erasing_goes_on_behind_what_was_erased_before(history, keep_for, prove):
    keep_for(personal=1)
    run(history[3].at + DAY)
    break_entry(history[1])
    assert run(history[5].at + DAY) == {"personal": 2}
    assert prove().code == 1, "the broken entry is found all the same"


@pytest.mark.parametrize("kind", ["cut", "erasure"])
@pytest.mark.parametrize("subject", ["audit", "personal"])
def test_a_forged_checkpoint_is_no_beginning(subject, kind, history, keep_for):
    break_entry(history[1])
    sql(FORGED, kind, timezone.now(), history[2].pk, history[2].hash, signing.key_id(), "0" * 64)
    keep_for(**{subject: 1})
    assert run(history[5].at + DAY) == {subject: 0}
    assert "its signature is not ours" in faults()[0]
    assert AuditEntry.objects.filter(pk__lte=history[5].pk).count() == 6
    assert AuditPersonal.objects.filter(pk__lte=history[5].pk).count() == 6


def test_cutting_begins_at_the_newest_of_several_cuts(history, keep_for, prove):
    keep_for(audit=1)
    assert [run(history[number].at + DAY) for number in (1, 3, 5)] == [{"audit": 1}, {"audit": 2}, {"audit": 2}]
    assert prove().code == 0


def test_a_broken_entry_that_is_too_young_to_go_holds_nothing_up(history, keep_for):
    break_entry(history[3])
    keep_for(audit=1)
    assert run(history[3].at + DAY) == {"audit": 3}


def test_a_checkpoint_of_a_key_that_was_lost_is_a_beginning(history, keep_for, settings):
    keep_for(audit=1)
    run(history[2].at + DAY)
    settings.AUDIT_SIGNING_KEY = "the key that takes over"
    assert run(history[4].at + DAY) == {"audit": 2}


@pytest.mark.parametrize("subject", ["audit", "personal"])
def test_an_old_entry_behind_a_younger_one_stays_for_now(subject, history, keep_for, prove):
    now = timezone.now()
    ages = {entry.pk: days for entry, days in zip(history, (9, 9, 1, 9, 9, 1), strict=True)}

    def age(entry: AuditEntry) -> None:
        entry.at = now - ages[entry.pk] * DAY

    rewrite(age)
    keep_for(**{subject: 5})
    assert run(now) == {subject: 2}
    left = (AuditEntry if subject == "audit" else AuditPersonal).objects.filter(pk__lte=history[5].pk)
    assert left.count() == 4
    assert prove().code == 0


def test_an_entry_of_exactly_that_age_stays(history, keep_for):
    keep_for(audit=30)
    assert run(history[0].at + 30 * DAY) == {"audit": 0}
    assert run(history[0].at + 30 * DAY + timedelta(microseconds=1)) == {"audit": 1}


@pytest.mark.parametrize("subject", ["audit", "personal"])
def test_the_last_entry_can_go(subject, history, keep_for):
    keep_for(**{subject: 1})
    assert run(history[5].at + DAY + timedelta(microseconds=1)) == {subject: 6}


def test_a_number_of_days_below_none_keeps_everything(history, keep_for):
    keep_for(audit=-1, personal=-1)
    assert run(timezone.now() + 100 * DAY) == {}


@pytest.mark.parametrize(("ago", "due"), [(timedelta(hours=23), False), (timedelta(hours=25), True)])
def test_the_next_run_is_due_a_day_after_the_newest_one(ago, due, history, keep_for):
    keep_for(audit=100)
    run(timezone.now())
    run(timezone.now())
    *_, older, newer = AuditEntry.objects.filter(action="retention.ran").order_by("id")

    def date(entry: AuditEntry) -> None:
        if entry.pk in (older.pk, newer.pk):
            entry.at = timezone.now() - (ago if entry.pk == newer.pk else 3 * DAY)

    rewrite(date)
    assert retention.is_due() is due


def test_notifications_and_calls_go_in_small_steps(database, keep_for):
    count = retention.AT_ONCE + 5
    call, notification = make_call(1), make_notification("57dab8b1-0001", 1)
    received = timezone.now() - 3 * DAY
    Call.objects.bulk_create(
        [
            Call(graph_id_folded=f"k{number}", graph_id="k", tenant_id="t", received_at=received, updated_at=received)
            for number in range(count)
        ]
    )
    Notification.objects.bulk_create(
        [Notification(received_at=received, tenant_id="t", body="{}", digest=str(number)) for number in range(count)]
    )
    keep_for(calls=1, notifications=1)
    assert retention.preview() == {"calls": count, "notifications": count}
    steps = [dict(step) for step in retention.run()]
    assert [step.get("notifications") for step in steps] == [2000, 2005, 2005, 2005, 2005]
    assert [step.get("calls") for step in steps] == [None, None, 2000, 2005, 2005]
    assert (Call.objects.get(), Notification.objects.get()) == (call, notification)


def test_a_preview_counts_every_subject_and_removes_nothing(history, keep_for, capsys):
    keep_for(calls=1, notifications=1, personal=1, audit=1)
    make_notification(None, 1)
    later = timezone.now() + 2 * DAY
    assert retention.preview(later) == {"notifications": 1, "calls": 1, "personal": 6, "audit": 6}
    assert retention.preview() == {"notifications": 0, "calls": 0, "personal": 0, "audit": 0}
    call_command("retention", "--dry-run")
    assert "0 notifications, 0 calls, 0 personal, 0 audit" in capsys.readouterr().out
    assert AuditEntry.objects.count() == AuditPersonal.objects.count() == 6
