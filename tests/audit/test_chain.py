"""Entries are appended, chained and signed, and contain only what the database stores unchanged."""

import json
import subprocess
import sys
import threading

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from calls.audit import chain, checkpoints, signing
from calls.graph.answers import Answer
from calls.models import AuditCheckpoint, AuditEntry, AuditHead, AuditPersonal
from tests.conftest import ROOT
from tests.fixtures.history import ANNA, append, make_call, sql


def test_each_entry_carries_the_hash_of_the_one_before(story):
    first, second, third = AuditEntry.objects.order_by("id")
    assert [entry.action for entry in (first, second, third)] == [
        "reject.requested",
        "reject.accepted",
        "reject.confirmed",
    ]
    assert first.previous_hash == "0" * 64
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
    assert len({first.hash, second.hash, third.hash}) == 3


def test_each_entry_is_signed_with_a_key_that_is_not_in_the_database(story, settings):
    kept = AuditEntry.objects.order_by("id").first()
    assert chain.is_genuine(kept) is True
    settings.AUDIT_SIGNING_KEY = "somebody else's"
    assert chain.is_genuine(kept) is None
    kept.key_id = signing.key_id()
    assert chain.is_genuine(kept) is False


def test_an_entry_tells_who_whom_when_why_and_what_graph_said(story):
    entry = AuditEntry.objects.select_related("personal").get(action="reject.accepted")
    assert (entry.actor_id, entry.personal.actor_name, entry.personal.address) == ("7", "anna", "192.0.2.7")
    assert (entry.personal.caller_name, entry.personal.caller_id) == ("Nestor Wilke", "nestor")
    assert (entry.graph_id, entry.chain_id, entry.tenant_id) == ("57DAB8B1-0001", "chain-1", "contoso")
    assert (entry.reason, entry.personal.note) == ("busy", "calls every hour")
    assert (entry.graph_status, entry.request_id, entry.client_request_id) == (202, "graph-request", "our-request")


def test_the_chain_itself_names_nobody(story):
    for entry in AuditEntry.objects.values():
        kept = json.dumps(entry, default=str)
        assert not any(word in kept for word in ("anna", "192.0.2.7", "Nestor", "nestor", "every hour"))


def test_equal_personal_values_leave_unequal_commitments(database):
    first, second = append("account.signed_in"), append("account.signed_in")
    assert json.loads(first.commitments)["actor_name"] != json.loads(second.commitments)["actor_name"]


def test_an_entry_that_rolls_back_leaves_no_gap_in_the_chain(story, prove):
    with pytest.raises(RuntimeError), transaction.atomic():
        chain.append("reject.requested", actor=ANNA)
        raise RuntimeError("the act failed")
    append("account.signed_out")
    assert AuditEntry.objects.count() == 4
    assert prove().code == 0


def test_outside_a_transaction_nothing_is_appended(database):
    with pytest.raises(transaction.TransactionManagementError):
        chain.append("account.signed_in", actor=ANNA)
    assert not AuditEntry.objects.exists()


def test_text_no_database_keeps_is_cleaned_and_clipped_before_it_is_signed(database, prove):
    call = make_call()
    call.source = {"name": "N\x00W\ud800" + "x" * 900, "id": 7}
    append("call.noted", call=call, reason="a reason far too long", note="\x00note" * 300)
    append("reject.refused", answer=Answer(400, "\x00c" * 200, "\ud800 message", "r" * 300, "c" * 300))
    kept = AuditPersonal.objects.order_by("entry_id").first()
    assert (len(kept.caller_name), kept.caller_name[:3], kept.caller_id) == (200, "NW?", "7")
    assert prove().code == 0


def test_without_a_head_the_act_does_not_happen_and_migrate_restores_it(story, prove):
    sql("DELETE FROM calls_audithead")
    with pytest.raises(DatabaseError):
        append("account.signed_in")
    assert AuditEntry.objects.count() == 3
    call_command("migrate", verbosity=0)
    append("account.signed_in")
    assert prove().code == 0


def test_a_checkpoint_is_signed_once_for_each_length(story):
    made = checkpoints.sign_chain()
    assert (made.entries, made.last_hash) == (3, story[-1].hash)
    assert checkpoints.sign_chain() is None
    append("account.signed_out")
    assert checkpoints.sign_chain().entries == 4
    assert AuditCheckpoint.objects.count() == 2


def test_threads_that_append_at_once_make_one_chain(database, prove):
    def work() -> None:
        try:
            for _ in range(15):
                append("account.signed_in")
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert AuditEntry.objects.count() == AuditHead.objects.get().entries == 90
    assert prove().code == 0


PROCESS = """
import django; django.setup()
from django.db import connection, transaction
from calls.audit import chain, signing
from calls.audit.actor import Actor
for number in range(25):
    with transaction.atomic():
        chain.append("account.signed_in", actor=Actor(id=str(number), name="somebody"))
"""


def test_processes_that_append_at_once_make_one_chain(database, prove, product_environment):
    command = [sys.executable, "-c", PROCESS]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=product_environment, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    complaints = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * 4, complaints
    assert AuditEntry.objects.count() == 100
    assert (
        list(AuditEntry.objects.order_by("id").values_list("previous_hash", flat=True))[1:]
        == list(AuditEntry.objects.order_by("id").values_list("hash", flat=True))[:-1]
    )
    assert prove().code == 0
