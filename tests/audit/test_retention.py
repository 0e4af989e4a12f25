"""Retention deletes old rows, records it, and leaves a history that verification accepts."""

import json
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from calls.admin.search import notifications_found
from calls.audit import chain, checkpoints, retention, signing
from calls.audit.actor import SYSTEM
from calls.audit.messages import sentence
from calls.audit.verify import verification
from calls.models import AuditCheckpoint, AuditEntry, AuditPersonal, Call, Notification, RejectAttempt
from tests.fixtures.history import Owner, append, make_attempt, make_call, make_notification, sql

DAY = timedelta(days=1)


@pytest.fixture
def history(story) -> list[AuditEntry]:
    """Six entries, the first three of one rejection."""
    for action in ("account.signed_in", "account.signed_out", "account.signed_in"):
        append(action)
    return list(AuditEntry.objects.order_by("id"))


@pytest.fixture
def keep_for(settings):
    def set_days(**days: int) -> None:
        for subject, number in days.items():
            setattr(settings, f"RETENTION_DAYS_{subject.upper()}", number)

    return set_days


def run(now: datetime) -> dict[str, int]:
    return list(retention.run(now=now))[-1]


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_without_a_word_from_the_operator_everything_is_kept(history):
    assert run(timezone.now() + 10_000 * DAY) == {}
    assert AuditEntry.objects.count() == 7
    assert AuditPersonal.objects.count() == 7
    assert not retention.is_due()


def test_old_entries_are_cut_off_and_the_rest_is_still_proved(history, keep_for, prove):
    keep_for(audit=30)
    assert retention.preview(history[3].at + 30 * DAY) == {"audit": 3}
    assert run(history[3].at + 30 * DAY) == {"audit": 3}
    assert actions() == ["account.signed_in", "account.signed_out", "account.signed_in"] + [
        "retention.removed",
        "retention.ran",
    ]
    answer = prove()
    assert answer.code == 0
    assert answer.text.startswith(f"Intact: 5 entries hang together, up to #{AuditEntry.objects.latest('id').pk}")
    assert "retention removed the 3 before them" in answer.text
    append("account.signed_out")
    checkpoints.sign_chain()
    assert prove().code == 0


def test_everything_can_go_and_the_chain_goes_on(history, keep_for, prove):
    keep_for(audit=1)
    assert run(timezone.now() + 2 * DAY) == {"audit": 6}
    assert actions() == ["retention.removed", "retention.ran"]
    assert prove().code == 0


def test_cutting_twice_is_proved_from_the_second_cut(history, keep_for, prove):
    keep_for(audit=1)
    run(history[2].at + DAY)
    run(history[4].at + DAY)
    assert AuditCheckpoint.objects.filter(kind="cut").count() == 2
    assert "retention removed the 4 before them" in prove().text
    assert prove().code == 0


def test_many_entries_go_in_small_steps(database, keep_for, prove):
    with transaction.atomic():
        for _ in range(retention.AT_ONCE + 5):
            chain.append("account.signed_in", actor=SYSTEM)
    keep_for(audit=1)
    steps = [dict(step) for step in retention.run(now=timezone.now() + 2 * DAY)]
    assert [step["audit"] for step in steps] == [2000, 2005, 2005]
    assert prove().code == 0


def test_personal_values_are_erased_and_the_proof_still_holds(history, keep_for, prove):
    keep_for(personal=90)
    assert run(history[4].at + 90 * DAY) == {"personal": 4}
    kept = AuditEntry.objects.select_related("personal").order_by("id")
    assert [entry.personal.actor_name if hasattr(entry, "personal") else None for entry in kept[:6]] == [None] * 4 + [
        "anna",
        "anna",
    ]
    assert sentence(kept[0]) == (
        "account 7 asked Graph to reject the call from an unnamed caller, naming “busy” as the reason."
    )
    answer = prove()
    assert (answer.code, "erased the personal values of 4" in answer.text) == (0, True)


def test_nothing_of_a_person_is_left_in_the_history(history, keep_for):
    keep_for(personal=1)
    run(timezone.now() + 2 * DAY)
    rows = json.dumps([*AuditEntry.objects.values(), *AuditPersonal.objects.values()], default=str)
    for value in ("anna", "192.0.2.7", "Nestor", "nestor", "calls every hour"):
        assert value not in rows


def test_erasing_first_and_cutting_later_is_proved(history, keep_for, prove):
    keep_for(personal=1, audit=1)
    run(history[4].at + DAY)
    run(history[5].at + DAY)
    assert prove().code == 0


def test_each_step_and_each_run_is_an_entry(history, keep_for):
    keep_for(audit=30, personal=20, calls=10)
    run(history[3].at + 30 * DAY)
    told = [sentence(entry) for entry in AuditEntry.objects.filter(action__startswith="retention").order_by("id")]
    day = history[3].at.date()
    assert told == [
        f"Calls Dashboard removed what was older than {day}, calls: 1.",
        f"Calls Dashboard removed what was older than {day}, personal values in the audit history: 6.",
        f"Calls Dashboard removed what was older than {day}, audit entries: 3.",
        "Calls Dashboard ran retention. Removed: calls: 1, personal values in the audit history: 6, audit entries: 3.",
    ]
    details = json.loads(AuditEntry.objects.latest("id").details)
    assert details["days"] == {"notifications": 0, "calls": 10, "personal": 20, "audit": 30}


def test_a_run_that_finds_nothing_is_an_entry_too_and_the_next_is_due_a_day_later(history, keep_for):
    keep_for(audit=30)
    assert retention.is_due()
    assert run(timezone.now()) == {"audit": 0}
    assert actions()[-1] == "retention.ran"
    assert not retention.is_due()


def test_calls_go_with_their_attempts_and_notifications_on_their_own(database, keep_for):
    old, young = make_call(1), make_call(2, received_at=timezone.now() + 5 * DAY)
    make_attempt(old)
    kept = make_attempt(young)
    make_notification(old.graph_id_folded, 1, call_pk=old.pk)
    make_notification(young.graph_id_folded, 2, received_at=timezone.now() + 5 * DAY)
    keep_for(calls=10)
    assert retention.preview(timezone.now() + 11 * DAY) == {"calls": 1}
    run(timezone.now() + 11 * DAY)
    assert (Call.objects.get(), RejectAttempt.objects.get()) == (young, kept)
    assert Notification.objects.count() == 2
    assert notifications_found(old.graph_id, Notification.objects.all()).get().message_id == "message-1"
    keep_for(notifications=3, calls=0)
    run(timezone.now() + 4 * DAY)
    assert Notification.objects.get().message_id == "message-2"


# Verification before deletion, and forged checkpoints -----------------------------------------------------------------


def test_a_broken_history_is_left_alone_as_evidence(history, keep_for, prove):
    with Owner():
        sql("UPDATE calls_auditentry SET reason = 'none' WHERE id = %s", history[1].pk)
    keep_for(audit=1, personal=1)
    assert run(timezone.now() + 2 * DAY) == {"audit": 0, "personal": 0}
    faults = json.loads(AuditEntry.objects.get(action="retention.ran").details)["faults"]
    assert len(faults) == 2
    assert all(f"#{history[1].pk} of" in fault and "content was changed" in fault for fault in faults)
    assert AuditEntry.objects.filter(pk__lte=history[5].pk).count() == 6
    assert prove().code == 1


def test_the_trigger_opens_for_exactly_what_the_checkpoint_names(history):
    last, next_one = history[2], history[3]
    with transaction.atomic():
        checkpoints.create(AuditCheckpoint.Kind.CUT, 3, last.pk, last.hash)
        with pytest.raises(DatabaseError), transaction.atomic():
            sql("DELETE FROM calls_auditentry WHERE id = %s", next_one.pk)
        with pytest.raises(DatabaseError), transaction.atomic():
            sql("DELETE FROM calls_auditpersonal WHERE entry_id = %s", next_one.pk)
        with pytest.raises(DatabaseError), transaction.atomic():
            sql("UPDATE calls_auditentry SET reason = '' WHERE id = %s", last.pk)
        sql("DELETE FROM calls_auditpersonal WHERE entry_id <= %s", last.pk)
        sql("DELETE FROM calls_auditentry WHERE id <= %s", last.pk)
    assert AuditEntry.objects.count() == 3


def test_after_a_run_the_trigger_is_closed_again(history, keep_for):
    keep_for(audit=1, personal=1)
    run(history[3].at + DAY)
    left = AuditEntry.objects.order_by("id").first()
    for statement in (
        "DELETE FROM calls_auditentry WHERE id = %s",
        "DELETE FROM calls_auditpersonal WHERE entry_id = %s",
        "UPDATE calls_auditentry SET reason = '' WHERE id = %s",
    ):
        key = AuditPersonal.objects.order_by("pk").first().pk if "personal" in statement else left.pk
        with pytest.raises(DatabaseError):
            sql(statement, key)


def test_a_step_that_fails_removes_nothing_and_leaves_no_checkpoint(history, keep_for, prove):
    keep_for(audit=1)
    sql("DELETE FROM calls_audithead")
    with pytest.raises(DatabaseError):
        run(timezone.now() + 2 * DAY)
    assert AuditEntry.objects.count() == 6
    assert not AuditCheckpoint.objects.exists()
    chain.ensure_head()
    assert prove().code == 0


def test_a_checkpoint_of_erasure_opens_the_trigger_of_personal_values_only(history):
    checkpoints.create(AuditCheckpoint.Kind.ERASURE, 3, history[2].pk, history[2].hash)
    with pytest.raises(DatabaseError):
        sql("DELETE FROM calls_auditentry WHERE id = %s", history[0].pk)
    sql("DELETE FROM calls_auditpersonal WHERE entry_id = %s", history[0].pk)


FORGED = (
    "INSERT INTO calls_auditcheckpoint (kind, at, entries, last_id, last_hash, key_id, signature) "
    "VALUES (%s, %s, 3, %s, %s, %s, %s)"
)


@pytest.mark.parametrize("kind", ["cut", "erasure"])
def test_a_forged_checkpoint_is_found_with_what_was_deleted_under_it(kind, history, prove):
    last = history[2]
    sql(FORGED, kind, timezone.now(), last.pk, last.hash, signing.key_id(), "0" * 64)
    sql("DELETE FROM calls_auditpersonal WHERE entry_id <= %s", last.pk)
    if kind == "cut":
        sql("DELETE FROM calls_auditentry WHERE id <= %s", last.pk)
    answer = prove()
    assert (answer.code, "its signature is not ours" in answer.text) == (1, True)


def test_an_ordinary_checkpoint_opens_nothing_and_turned_into_a_cut_its_signature_fails(history, prove):
    checkpoints.sign_chain()
    with pytest.raises(DatabaseError):
        sql("DELETE FROM calls_auditentry")
    with Owner():
        sql("UPDATE calls_auditcheckpoint SET kind = 'cut'")
        sql("DELETE FROM calls_auditpersonal")
        sql("DELETE FROM calls_auditentry")
    assert prove().code == 1


def test_an_entry_slipped_in_where_others_were_cut_off_is_found(history, keep_for, prove):
    keep_for(audit=1)
    columns = ", ".join(f'"{field.column}"' for field in AuditEntry._meta.concrete_fields)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM calls_auditentry WHERE id = %s", [history[0].pk])
        row = cursor.fetchone()
    run(history[3].at + DAY)
    sql(f"INSERT INTO calls_auditentry ({columns}) VALUES ({', '.join(['%s'] * len(row))})", *row)
    assert prove().code == 1


def test_more_cut_off_than_the_checkpoint_says_is_found(history, keep_for, prove):
    keep_for(audit=1)
    run(history[3].at + DAY)
    with Owner():
        sql("DELETE FROM calls_auditpersonal WHERE entry_id = %s", history[3].pk)
        sql("DELETE FROM calls_auditentry WHERE id = %s", history[3].pk)
    assert prove().code == 1


def test_a_cut_signed_with_a_key_that_is_not_at_hand_proves_nothing_either_way(history, keep_for, settings):
    keep_for(audit=1)
    run(history[3].at + DAY)
    settings.AUDIT_SIGNING_KEY = "another"
    assert list(verification.verify())[-1].verdict == verification.Verdict.UNPROVED


# The command ----------------------------------------------------------------------------------------------------------


def test_the_command_says_what_it_would_do_and_does_it(history, keep_for, capsys):
    keep_for(calls=1)
    Call.objects.update(received_at=timezone.now() - 2 * DAY)
    call_command("retention", "--dry-run")
    shown = capsys.readouterr().out
    assert "calls: kept 1 days" in shown
    assert "audit: kept for ever" in shown
    assert "Would be removed: 1 calls." in shown
    assert Call.objects.exists()
    assert "retention.ran" not in actions()
    call_command("retention")
    assert "Removed: 1 calls." in capsys.readouterr().out
    assert not Call.objects.exists()
    assert actions()[-2:] == ["retention.removed", "retention.ran"]
