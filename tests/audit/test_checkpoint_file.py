"""Checkpoints outside the database reveal a history that was rewritten with the signing key."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import models

from calls.audit import checkpoint_file, checkpoints, signing
from calls.audit.verify import verification
from calls.models import AuditCheckpoint, AuditEntry, AuditHead, AuditPersonal
from tests.audit.test_tampering import RECHAIN
from tests.conftest import ROOT
from tests.fixtures.history import Owner, append, sql


@pytest.fixture
def kept(tmp_path, settings) -> Path:
    """The checkpoint file of a history with checkpoints after the third and the fifth entry."""
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / "checkpoints.jsonl")
    return Path(settings.AUDIT_CHECKPOINT_FILE)


@pytest.fixture
def history(story, kept) -> list[AuditEntry]:
    seal()
    append("account.signed_out")
    append("account.signed_in")
    seal()
    return list(AuditEntry.objects.order_by("id"))


def seal() -> None:
    checkpoints.sign_chain()
    checkpoint_file.export_missing()


def test_each_checkpoint_is_one_line_outside(history, kept, prove):
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [(line["kind"], line["entries"], line["last_hash"]) for line in lines] == [
        ("seal", 3, history[2].hash),
        ("seal", 5, history[4].hash),
    ]
    assert prove().code == 0


def test_nothing_is_written_twice_and_what_was_missed_is_caught_up_with(history, kept):
    checkpoint_file.export_missing()
    assert len(kept.read_text().splitlines()) == 2
    kept.write_text(kept.read_text().splitlines()[0] + "\n")
    checkpoint_file.export_missing()
    assert len(kept.read_text().splitlines()) == 2


def rechain(environment: dict[str, str]) -> None:
    """Rewrite every entry with the signing key and delete the checkpoints."""
    command = [sys.executable, "-c", RECHAIN.format(key_id="signing.key_id()")]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def test_everything_chained_anew_with_the_right_key_is_found(history, prove, product_environment, settings):
    rechain(product_environment)
    proof = prove()
    assert (proof.code, f"it contradicts line 1 of {settings.AUDIT_CHECKPOINT_FILE}" in proof.text) == (1, True)
    settings.AUDIT_CHECKPOINT_FILE = ""
    assert prove().code == 0, "inside the database nothing gives it away"


def test_a_tail_cut_off_with_head_and_checkpoints_is_found(history, prove, settings):
    with Owner():
        sql("DELETE FROM calls_auditpersonal WHERE entry_id > %s", history[2].pk)
        sql("DELETE FROM calls_auditentry WHERE id > %s", history[2].pk)
        sql("DELETE FROM calls_auditcheckpoint WHERE entries > 3")
    AuditHead.objects.update(entries=3, last_id=history[2].pk, last_hash=history[2].hash)
    proof = prove()
    assert (proof.code, "saw 5 entries; only 3 are left" in proof.text) == (1, True)
    settings.AUDIT_CHECKPOINT_FILE = ""
    assert prove().code == 0, "inside the database nothing gives it away"


def test_a_database_restored_from_a_backup_is_found_and_goes_on_as_the_docs_say(history, kept, prove, caplog):
    backup = everything()
    for action in ("call.missed", "account.signed_out"):
        append(action)
        seal()
    restore(backup)
    checkpoint_file.export_missing()
    assert "the newest one in the database is" in caplog.text
    proof = prove("--record")
    assert (proof.code, "saw 7 entries; only 5 are left" in proof.text) == (1, True)
    assert "only 5 are left" in AuditEntry.objects.get(action="audit.verified").details
    kept.rename(kept.with_suffix(".before-the-restore"))
    seal()
    assert prove().text.startswith("Intact: 6 entries")
    assert [json.loads(line)["entries"] for line in kept.read_text().splitlines()] == [3, 5, 6]


def everything() -> dict[type, list[dict[str, object]]]:
    return {model: list(model.objects.values()) for model in (AuditEntry, AuditPersonal, AuditCheckpoint, AuditHead)}


def restore(backup: dict[type, list[dict[str, object]]]) -> None:
    """Restore the tables as from a backup, so that ids continue from there."""
    with Owner():
        for model, rows in backup.items():
            sql(f"DELETE FROM {model._meta.db_table}")
            models.QuerySet(model).bulk_create([model(**row) for row in rows])


def test_a_checkpoint_gone_from_the_database_is_found(history, prove):
    with Owner():
        sql("DELETE FROM calls_auditcheckpoint WHERE entries = 3")
    proof = prove()
    assert (proof.code, "is no longer in the database" in proof.text) == (1, True)


def test_a_file_that_was_emptied_is_a_doubt_once_it_should_have_been_caught_up_with(history, kept, prove):
    kept.write_text("")
    assert prove().code == 0, "the next checkpoint may be on its way"
    made = AuditCheckpoint.objects.order_by("id").first()
    made.at -= verification.EXPORT_LAG
    made.signature = signing.sign(checkpoints.checkpoint_text(made))
    with Owner():
        sql("UPDATE calls_auditcheckpoint SET at = %s, signature = %s WHERE id = %s", made.at, made.signature, made.pk)
    proof = prove()
    assert (proof.code, f"1 checkpoints, the first of them #{made.pk}, are not in {kept}" in proof.text) == (2, True)


def test_a_line_that_was_changed_is_found(history, kept, prove):
    kept.write_text(kept.read_text().replace('"entries": 5', '"entries": 4'))
    proof = prove()
    assert (proof.code, "Line 2 of" in proof.text) == (1, True)


@pytest.mark.parametrize("rubbish", ["", "{", "[]", '{"id": 1}', "null", "\x00"])
def test_a_torn_line_is_a_doubt_and_the_next_one_stands_on_its_own(rubbish, history, kept, prove):
    with kept.open("a") as file:
        file.write(rubbish)
    append("account.signed_in")
    seal()
    assert prove().code == (2 if rubbish else 0)
    assert json.loads(kept.read_text().splitlines()[-1])["entries"] == 6


def test_a_file_that_is_gone_is_a_doubt(history, kept, prove):
    kept.unlink()
    proof = prove()
    assert (proof.code, "cannot be read" in proof.text) == (2, True)


def test_a_file_that_cannot_be_written_does_not_stop_the_checkpoints(story, kept, settings, caplog):
    settings.AUDIT_CHECKPOINT_FILE = str(kept / "in a directory that is none")
    seal()
    assert AuditCheckpoint.objects.count() == 1
    assert "could not be kept outside" in caplog.text


def test_a_file_that_is_ahead_of_the_database_is_told_and_left_alone(history, kept, caplog):
    before = kept.read_text()
    with Owner():
        sql("DELETE FROM calls_auditcheckpoint WHERE entries = 5")
    checkpoint_file.export_missing()
    assert "could not be kept outside" in caplog.text
    assert kept.read_text() == before
