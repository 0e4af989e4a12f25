"""Verification finds every change made directly in the database and names the first broken entry."""

import subprocess
import sys

import pytest
from django.db import connection

from calls.audit import checkpoints
from calls.models import AuditEntry, AuditHead
from tests.conftest import ROOT
from tests.fixtures.history import Owner, append, sql


@pytest.fixture
def history(story):
    """Seven entries, the first three of one rejection, with a checkpoint after the fifth."""
    append("account.signed_out")
    append("account.signed_in")
    checkpoints.sign_chain()
    append("call.missed")
    append("account.signed_out")
    return list(AuditEntry.objects.order_by("id"))


def test_an_untouched_history_is_proved(history, prove):
    proof = prove()
    assert proof.code == 0
    assert proof.text.startswith("Intact: 7 entries")


CHANGES = {
    "what was done": "UPDATE calls_auditentry SET action = 'reject.refused' WHERE id = %s",
    "who did it": "UPDATE calls_auditentry SET actor_id = '1' WHERE id = %s",
    "when": "UPDATE calls_auditentry SET at = '2020-01-01 00:00:00' WHERE id = %s",
    "which call": "UPDATE calls_auditentry SET call_key = '' WHERE id = %s",
    "why": "UPDATE calls_auditentry SET reason = 'none' WHERE id = %s",
    "what Graph said": "UPDATE calls_auditentry SET graph_status = 403 WHERE id = %s",
    "the bulk it is found by": "UPDATE calls_auditentry SET bulk_id = '00000000000000000000000000000001' WHERE id = %s",
    "the details": "UPDATE calls_auditentry SET details = '{\"seen\":1}' WHERE id = %s",
    "the signature": "UPDATE calls_auditentry SET signature = hash WHERE id = %s",
    "the hash": "UPDATE calls_auditentry SET hash = signature WHERE id = %s",
    "the commitments": "UPDATE calls_auditentry SET commitments = '{}' WHERE id = %s",
    "the name of who did it": "UPDATE calls_auditpersonal SET actor_name = 'mallory' WHERE entry_id = %s",
    "the address": "UPDATE calls_auditpersonal SET address = '' WHERE entry_id = %s",
    "the caller": "UPDATE calls_auditpersonal SET caller_id = 'other' WHERE entry_id = %s",
    "the note": "UPDATE calls_auditpersonal SET note = '' WHERE entry_id = %s",
    "the salts": "UPDATE calls_auditpersonal SET salts = '{}' WHERE entry_id = %s",
    "the salts, into rubbish": "UPDATE calls_auditpersonal SET salts = '[' WHERE entry_id = %s",
    "the salts, into another kind": "UPDATE calls_auditpersonal SET salts = '[1]' WHERE entry_id = %s",
    "personal values, erased without a trace": "DELETE FROM calls_auditpersonal WHERE entry_id = %s",
    "the whole entry, removed": "DELETE FROM calls_auditentry WHERE id = %s",
}


# Values that this program cannot read: SQLite stores bytes in a text and words in a number, PostgreSQL has times that
# Python cannot represent.
RUBBISH = {
    "sqlite": {
        "a word for a time": "UPDATE calls_auditentry SET at = 'rubbish' WHERE id = %s",
        "a number for a time": "UPDATE calls_auditentry SET at = 17 WHERE id = %s",
        "a day that is none": "UPDATE calls_auditentry SET at = '2020-13-45 00:00:00' WHERE id = %s",
        "a word for a number": "UPDATE calls_auditentry SET graph_status = 'abc' WHERE id = %s",
        "bytes for a text": "UPDATE calls_auditentry SET reason = x'ff00' WHERE id = %s",
        "a text that is none": "UPDATE calls_auditentry SET reason = CAST(x'ff' AS TEXT) WHERE id = %s",
        "bytes for a hash": "UPDATE calls_auditentry SET hash = x'ff' WHERE id = %s",
        "bytes for a signature": "UPDATE calls_auditentry SET signature = x'ff' WHERE id = %s",
        "bytes for commitments": "UPDATE calls_auditentry SET commitments = x'ff' WHERE id = %s",
        "bytes for a name": "UPDATE calls_auditpersonal SET actor_name = x'ff' WHERE entry_id = %s",
        "bytes for salts": "UPDATE calls_auditpersonal SET salts = x'ff' WHERE entry_id = %s",
        "a number for a note": "UPDATE calls_auditpersonal SET note = 7 WHERE entry_id = %s",
    },
    "postgresql": {
        "the end of time": "UPDATE calls_auditentry SET at = 'infinity' WHERE id = %s",
        "a time too late": "UPDATE calls_auditentry SET at = '20000-01-01' WHERE id = %s",
        "a time too early": "UPDATE calls_auditentry SET at = '0044-03-15 BC' WHERE id = %s",
    },
}
STRANGE = RUBBISH[connection.vendor] | {
    "letters no signature has": "UPDATE calls_auditentry SET signature = 'ы' WHERE id = %s",
    "salts of another kind": "UPDATE calls_auditpersonal SET salts = '{\"note\": {}}' WHERE entry_id = %s",
    "commitments that are none": "UPDATE calls_auditentry SET commitments = '[' WHERE id = %s",
    "the last day there is": "UPDATE calls_auditentry SET at = '9999-12-31 23:59:59' WHERE id = %s",
}
CHANGES |= STRANGE


@pytest.mark.parametrize("what", CHANGES)
def test_the_first_broken_entry_is_named_after_changing(what, history, prove):
    second, third = history[1:3]
    with Owner():
        sql(CHANGES[what], second.pk)
    broken = third if "removed" in what else second
    proof = prove()
    assert proof.code == 1
    assert f"Audit entry #{broken.pk}" in proof.text
    assert "Broken: 1 entries hang together" in proof.text


def test_a_personal_value_added_later_is_found(history, prove):
    with Owner():
        sql("UPDATE calls_auditpersonal SET note = 'invented' WHERE entry_id = %s", history[3].pk)
    assert "its note was added later" in prove().text


def test_an_entry_put_in_between_is_found(history, prove):
    columns = [field.column for field in AuditEntry._meta.concrete_fields if field.column != "id"]
    names = ", ".join(f'"{name}"' for name in columns)
    source = f"SELECT 9000, {names} FROM calls_auditentry WHERE id = {history[0].pk}"
    sql(f"INSERT INTO calls_auditentry (id, {names}) {source}")
    proof = prove()
    assert (proof.code, "Audit entry #9000" in proof.text) == (1, True)


def test_two_entries_exchanged_are_found(history, prove):
    first, second = history[0].pk, history[1].pk
    with Owner():
        for old, new in ((first, -1), (second, first), (-1, second)):
            sql("UPDATE calls_auditentry SET id = %s WHERE id = %s", new, old)
    assert prove().code == 1


def cut_tail(history: list[AuditEntry], keep: int) -> None:
    """Delete the last entries and set the head back accordingly."""
    last = history[keep - 1] if keep else None
    with Owner():
        sql("DELETE FROM calls_auditpersonal WHERE entry_id > %s", last.pk if last else 0)
        sql("DELETE FROM calls_auditentry WHERE id > %s", last.pk if last else 0)
    AuditHead.objects.update(entries=keep, last_id=last.pk if last else 0, last_hash=last.hash if last else "0" * 64)


def test_a_tail_that_was_cut_off_is_found_by_the_head(history, prove):
    with Owner():
        sql("DELETE FROM calls_auditentry WHERE id = %s", history[-1].pk)
    proof = prove()
    assert (proof.code, "its head counted 7" in proof.text) == (1, True)


@pytest.mark.parametrize("keep", [4, 0])
def test_a_tail_cut_off_with_the_head_rewound_is_found_by_the_checkpoint(keep, history, prove):
    cut_tail(history, keep)
    proof = prove()
    assert (proof.code, f"saw 5 entries; only {keep} are left" in proof.text) == (1, True)


def test_a_tail_cut_off_behind_the_last_checkpoint_is_found_by_an_anchor_kept_elsewhere(history, prove):
    anchor = f"7:{history[-1].hash}"
    assert f"Anchor: {anchor}" in prove().text
    cut_tail(history, 6)
    assert prove("--anchor", anchor).code == 1


def test_an_anchor_that_still_holds_proves_the_history(history, prove):
    anchor = f"7:{history[-1].hash}"
    append("account.signed_in")
    assert prove("--anchor", anchor).code == 0
    assert prove("--anchor", f"6:{history[-1].hash}").code == 1


def test_the_head_rewritten_or_removed_is_found(history, prove):
    sql("UPDATE calls_audithead SET last_hash = %s", history[0].hash)
    assert prove().code == 1
    sql("DELETE FROM calls_audithead")
    assert "head of the chain is missing" in prove().text
    assert prove().code == 1


def test_a_head_that_names_another_last_entry_is_found(history, prove):
    sql("UPDATE calls_audithead SET last_id = %s", history[0].pk)  # exports would end with this one
    proof = prove()
    assert (proof.code, f"says #{history[0].pk} is the last entry" in proof.text) == (1, True)


CHECKPOINTS = {
    "how many entries it saw": "UPDATE calls_auditcheckpoint SET entries = 4",
    "what it states": "UPDATE calls_auditcheckpoint SET kind = 'other'",
    "when": "UPDATE calls_auditcheckpoint SET at = '2020-01-01 00:00:00'",
    "its signature": "UPDATE calls_auditcheckpoint SET signature = 'ы'",
    **{
        "sqlite": {
            "its time, into rubbish": "UPDATE calls_auditcheckpoint SET at = 'rubbish'",
            "its signature, into bytes": "UPDATE calls_auditcheckpoint SET signature = x'ff'",
            "a number, into a word": "UPDATE calls_auditcheckpoint SET entries = 'abc', key_id = 'another'",
            "a text, into none": "UPDATE calls_auditcheckpoint SET kind = CAST(x'ff' AS TEXT)",
        },
        "postgresql": {"its time, into the end of it": "UPDATE calls_auditcheckpoint SET at = 'infinity'"},
    }[connection.vendor],
}


@pytest.mark.parametrize("what", CHECKPOINTS)
def test_a_checkpoint_rewritten_is_found(what, history, prove):
    with Owner():
        sql(CHECKPOINTS[what])
    proof = prove()
    assert (proof.code, "Checkpoint #" in proof.text) == (1, True)


RECHAIN = """
import django; django.setup()
from django.conf import settings
from django.db import connection
from calls.audit import chain, signing, triggers
from calls.models import AuditCheckpoint, AuditEntry, AuditHead
triggers.remove(connection)
previous, cursor = chain.GENESIS, connection.cursor()
for entry in AuditEntry.objects.order_by("id"):
    entry.actor_id, entry.previous_hash = "1", previous
    entry.key_id = {key_id}
    entry.hash = chain.hash_of(entry)
    cursor.execute(
        "UPDATE calls_auditentry SET actor_id = '1', previous_hash = %s, hash = %s, signature = %s, key_id = %s "
        "WHERE id = %s",
        [previous, entry.hash, signing.sign(entry.hash), entry.key_id, entry.pk],
    )
    previous = entry.hash
cursor.execute("DELETE FROM calls_auditcheckpoint")
AuditHead.objects.update(last_hash=previous)
triggers.install(connection)
"""


def rechain(environment: dict[str, str], key_id: str) -> None:
    """Rewrite every entry with another signing key."""
    environment["AUDIT_SIGNING_KEY"] = "a key the forger made up, as long as you like"
    command = [sys.executable, "-c", RECHAIN.format(key_id=key_id)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def test_chaining_everything_anew_without_the_key_is_found(history, prove, product_environment):
    rechain(product_environment, "entry.key_id")
    proof = prove()
    assert (proof.code, f"#{history[0].pk} of" in proof.text, "signature is not ours" in proof.text) == (1, True, True)


def test_a_history_chained_anew_under_a_key_of_the_forgers_is_not_called_proved(history, prove, product_environment):
    rechain(product_environment, "signing.key_id()")
    proof = prove()
    assert (proof.code, "7 entries" in proof.text, "not configured" in proof.text) == (2, True, True)


def test_with_all_tables_wiped_nothing_can_be_proved(history, prove):
    with Owner():
        for table in ("auditpersonal", "auditentry", "auditcheckpoint", "audithead"):
            sql(f"DELETE FROM calls_{table}")
    assert prove().code == 2
    assert connection.in_atomic_block is False
