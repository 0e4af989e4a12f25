"""Each comparison of a verification: anchors, cuts, erasures, the checkpoint file, the head."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import models
from django.utils import timezone

from calls.audit import chain, checkpoint_file, checkpoints, signing
from calls.audit.verify import verification
from calls.models import AuditCheckpoint, AuditEntry, AuditHead, AuditPersonal
from tests.audit.test_retention import DAY, history, keep_for, run
from tests.fixtures.history import Owner, append, rewrite, sql

__all__ = ["history", "keep_for"]  # fixtures
Kind = AuditCheckpoint.Kind


def change_actor(entry: AuditEntry) -> None:
    entry.actor_id = "1"


def cut(entries: int, last: AuditEntry) -> AuditCheckpoint:
    """Delete the first entries under a checkpoint that is signed with the configured key."""
    mark = checkpoints.create(Kind.CUT, entries, last.pk, last.hash)
    sql("DELETE FROM calls_auditpersonal WHERE entry_id <= %s", last.pk)
    sql("DELETE FROM calls_auditentry WHERE id <= %s", last.pk)
    return mark


def test_a_cut_that_contradicts_an_anchor_kept_elsewhere_is_found(history, prove):
    anchor = f"3:{history[2].hash}"
    mark = cut(3, rewrite(change_actor)[2])
    assert prove().code == 0, "inside the database nothing gives it away"
    answer = prove("--anchor", anchor)
    assert (answer.code, f"Checkpoint #{mark.pk} contradicts the anchor." in answer.text) == (1, True)
    assert prove("--anchor", f"3:{mark.last_hash}").code == 0


def test_a_cut_that_contradicts_the_file_outside_is_found(history, prove, tmp_path, settings):
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / "checkpoints.jsonl")
    checkpoints.sign_chain()
    checkpoint_file.export_missing()
    line = Path(settings.AUDIT_CHECKPOINT_FILE).read_text()
    sealed = AuditCheckpoint.objects.get()
    with Owner():
        sql("DELETE FROM calls_auditcheckpoint")
    mark = cut(6, rewrite(change_actor)[5])
    answer = prove()
    assert answer.code == 1
    assert f"Checkpoint #{mark.pk} contradicts line 1 of {settings.AUDIT_CHECKPOINT_FILE}." in answer.text
    assert Path(settings.AUDIT_CHECKPOINT_FILE).read_text() == line
    assert sealed.entries == mark.entries


def test_a_checkpoint_that_contradicts_an_entry_is_found(history, prove):
    mark = checkpoints.create(Kind.SEAL, 3, history[2].pk, history[3].hash)
    answer = prove()
    assert (answer.code, f"it contradicts checkpoint #{mark.pk}" in answer.text) == (1, True)
    assert f"Audit entry #{history[2].pk} of" in answer.text


def test_a_checkpoint_exchanged_for_another_one_of_ours_is_found(history, prove, tmp_path, settings):
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / "checkpoints.jsonl")
    made = checkpoints.sign_chain()
    checkpoint_file.export_missing()
    assert prove().code == 0
    made.at -= timedelta(seconds=1)
    with Owner():
        models.QuerySet(AuditCheckpoint).update(at=made.at, signature=signing.sign(checkpoints.checkpoint_text(made)))
    answer = prove()
    assert answer.code == 1
    assert f"Checkpoint #{made.pk} is another one in the database than in line 1" in answer.text


@pytest.mark.parametrize(("seconds", "code"), [(-60, 0), (60, 2)])
def test_a_checkpoint_is_missed_outside_after_a_quarter_of_an_hour(seconds, code, history, prove, tmp_path, settings):
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / "checkpoints.jsonl")
    Path(settings.AUDIT_CHECKPOINT_FILE).touch()
    made = checkpoints.sign_chain()
    made.at = timezone.now() - timedelta(minutes=15) - timedelta(seconds=seconds)
    with Owner():
        models.QuerySet(AuditCheckpoint).update(at=made.at, signature=signing.sign(checkpoints.checkpoint_text(made)))
    assert timedelta(minutes=15) == verification.EXPORT_LAG
    assert prove().code == code


def test_the_first_entry_behind_what_was_erased_must_have_its_personal_values(history, keep_for, prove):
    keep_for(personal=1)
    run(history[3].at + DAY)
    first_kept = AuditPersonal.objects.order_by("pk").first()
    assert first_kept.pk == history[3].pk
    assert prove().code == 0
    with Owner():
        sql("DELETE FROM calls_auditpersonal WHERE entry_id = %s", first_kept.pk)
    answer = prove()
    assert answer.code == 1
    assert f"#{history[3].pk} of" in answer.text
    assert "its personal values are gone without a trace of being erased" in answer.text


def test_personal_values_that_were_not_erased_yet_are_compared_within_the_erased_part(history, prove):
    checkpoints.create(Kind.ERASURE, 3, history[2].pk, history[2].hash)
    with Owner():
        sql("UPDATE calls_auditpersonal SET actor_name = 'mallory' WHERE entry_id = %s", history[1].pk)
    assert "its actor_name was changed" in prove().text


def test_a_checkpoint_of_another_kind_excuses_no_personal_values_that_are_gone(history, prove):
    checkpoints.sign_chain()
    with Owner():
        sql("DELETE FROM calls_auditpersonal WHERE entry_id = %s", history[0].pk)
    assert prove().code == 1


@pytest.mark.parametrize("column", ["actor_folded", "caller_folded"])
def test_a_name_that_is_searched_by_and_was_changed_is_found(column, history, prove):
    with Owner():
        sql(f"UPDATE calls_auditpersonal SET {column} = 'somebody else' WHERE entry_id = %s", history[1].pk)
    answer = prove()
    assert (answer.code, "the names it is searched by were changed" in answer.text) == (1, True)


@pytest.mark.parametrize("name", chain.PERSONAL_FIELDS)
def test_every_personal_value_is_compared_with_its_commitment(name, history, prove):
    with Owner():
        sql(f"UPDATE calls_auditpersonal SET {name} = 'x' WHERE entry_id = %s", history[3].pk)
    answer = prove()
    assert (answer.code, f"its {name} was " in answer.text) == (1, True)


def test_a_bulk_that_is_gone_from_where_it_is_searched_by_is_found(database, prove):
    entry = append("reject.requested", bulk_id=UUID(int=7))
    assert prove().code == 0
    with Owner():
        sql("UPDATE calls_auditentry SET bulk_id = NULL WHERE id = %s", entry.pk)
    assert "the bulk it is searched by was changed" in prove().text


HEADS = {
    "fewer entries": ("entries", 5, "The chain has 6 entries; its head counted 5."),
    "more entries": ("entries", 7, "The chain has 6 entries; its head counted 7."),
    "another hash": ("last_hash", "0" * 64, "The head of the chain does not name its last entry."),
    "another id": ("last_id", 99, "is the last entry; it is #"),
}


@pytest.mark.parametrize("what", HEADS)
def test_every_value_of_the_head_is_compared(what, history, prove):
    name, value, fault = HEADS[what]
    AuditHead.objects.update(**{name: value})
    answer = prove()
    assert (answer.code, fault in answer.text) == (1, True)


def test_a_head_that_counts_what_is_gone_from_the_beginning_is_found(history, prove):
    with Owner():
        sql("DELETE FROM calls_auditpersonal")
        sql("DELETE FROM calls_auditentry")
    answer = prove()
    assert (answer.code, "its head counted 6" in answer.text) == (1, True)


def test_an_anchor_beyond_the_end_is_found_also_where_the_history_was_cut(history, keep_for, prove):
    keep_for(audit=1)
    run(history[3].at + DAY)
    end = AuditHead.objects.get()
    assert prove("--anchor", f"{end.entries}:{end.last_hash}").code == 0
    answer = prove("--anchor", f"{end.entries + 1}:{end.last_hash}")
    assert (answer.code, f"saw {end.entries + 1} entries; only {end.entries} are left" in answer.text) == (1, True)


@pytest.mark.parametrize(("seconds", "remarked"), [(50, False), (70, True)])
def test_clocks_of_processes_may_differ_by_a_minute(seconds, remarked, history, prove):
    last = history[-1].pk

    def set_back(entry: AuditEntry) -> None:
        entry.at = history[0].at - timedelta(seconds=seconds if entry.pk == last else 0)

    rewrite(set_back)
    answer = prove()
    assert (answer.code, "A clock was set back" in answer.text) == (0, remarked)


def test_a_clock_that_was_wrong_for_one_entry_is_remarked_once(history, prove):
    def ahead(entry: AuditEntry) -> None:
        entry.at = history[0].at + (timedelta(hours=1) if entry.pk == history[2].pk else timedelta())

    rewrite(ahead)
    assert f"A clock was set back: 1 entries, the first of them #{history[3].pk}," in prove().text
