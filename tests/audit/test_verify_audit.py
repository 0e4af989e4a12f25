"""`manage.py verify_audit`: exit code 0 intact, 1 broken, 2 not provable; it changes nothing."""

import os
import pty
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from calls.audit import chain, signing
from calls.audit.verify import verification
from calls.models import AuditEntry
from tests.conftest import ROOT
from tests.fixtures.history import ANNA, Owner, append, sql

COMMAND = [sys.executable, "manage.py", "verify_audit"]


@pytest.fixture
def shell(product_environment):
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments], cwd=ROOT, env=product_environment | environment, capture_output=True, text=True
        )

    return run


def test_an_intact_history_ends_with_0_and_an_anchor_to_keep_elsewhere(story, shell):
    run = shell()
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == f"Intact: 3 entries hang together, up to #{story[2].pk}.\nAnchor: 3:{story[2].hash}\n"


def test_a_broken_history_ends_with_1_and_names_the_first_broken_entry(story, shell):
    with Owner():
        sql("UPDATE calls_auditentry SET reason = 'none' WHERE id >= %s", story[1].pk)
    run = shell()
    assert run.returncode == 1
    assert f"Audit entry #{story[1].pk} of {story[1].at:%Y-%m-%d %H:%M:%S} UTC: its content was changed." in run.stderr
    assert f"#{story[2].pk}" not in run.stdout + run.stderr
    assert run.stdout == f"Broken: 1 entries hang together, up to #{story[0].pk}.\n"


def test_a_history_signed_with_a_key_that_is_not_at_hand_ends_with_2(story, shell):
    run = shell(AUDIT_SIGNING_KEY="another key, because the first one was lost")
    assert run.returncode == 2
    assert "3 entries from #" in run.stderr
    assert run.stdout.startswith("Not provable either way: 3 entries hang together")


def test_a_change_is_found_without_the_key_as_well(story, shell):
    with Owner():
        sql("UPDATE calls_auditentry SET reason = 'none' WHERE id = %s", story[0].pk)
    assert shell(AUDIT_SIGNING_KEY="another key, because the first one was lost").returncode == 1


def test_a_database_without_tables_ends_with_2_and_no_traceback(shell, tmp_path):
    run = shell(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert run.returncode == 2
    assert "cannot be read" in run.stderr
    assert "Traceback" not in run.stderr


def test_settings_for_graph_that_are_nonsense_do_not_stop_the_proof(story, shell):
    assert shell(GRAPH_BASE_URL="http://unsafe", CALL_ANSWER_WINDOW_SECONDS="-1").returncode == 0


def test_an_empty_history_is_intact(database, prove):
    assert prove().code == 0
    assert prove().text == "Intact: the history is empty.\n"


def test_nothing_is_changed_unless_asked(story, prove):
    prove()
    assert AuditEntry.objects.count() == 3


def test_the_result_can_be_recorded_as_an_entry(story, prove):
    assert prove("--record").code == 0
    entry = AuditEntry.objects.get(action="audit.verified")
    assert '"verdict":"intact"' in entry.details
    assert entry.actor_id == "shell"
    assert prove().code == 0


def test_a_broken_history_still_takes_the_entry_about_it(story, prove):
    with Owner():
        sql("UPDATE calls_auditentry SET reason = 'none' WHERE id = %s", story[0].pk)
    assert prove("--record").code == 1
    assert '"verdict":"broken"' in AuditEntry.objects.get(action="audit.verified").details


def test_without_a_head_the_result_cannot_be_recorded_and_it_says_so(story, prove):
    sql("DELETE FROM calls_audithead")
    answer = prove("--record")
    assert (answer.code, "could not be recorded" in answer.text) == (1, True)


@pytest.mark.parametrize("nonsense", ["", "3", "3:abc", "0:" + "a" * 64, "x:" + "a" * 64])
def test_an_anchor_that_is_none_is_refused(nonsense, shell):
    run = shell("--anchor", nonsense)
    assert run.returncode == 2
    assert "An anchor is written as" in run.stderr


def test_a_clock_that_was_set_back_is_remarked_and_no_fault(story, prove):
    last = AuditEntry.objects.latest("id")
    last.at = story[1].at - timedelta(hours=1)  # as if it had been appended then
    last.hash = chain.hash_of(last)
    with Owner():
        sql(
            "UPDATE calls_auditentry SET at = %s, hash = %s, signature = %s WHERE id = %s",
            *(last.at, last.hash, signing.sign(last.hash), last.pk),
        )
    sql("UPDATE calls_audithead SET last_hash = %s", last.hash)
    answer = prove()
    assert (answer.code, f"A clock was set back: 1 entries, the first of them #{last.pk}" in answer.text) == (0, True)


def many(count: int) -> None:
    with transaction.atomic():
        for _ in range(count):
            chain.append("account.signed_in", actor=ANNA)


def test_others_go_on_appending_while_a_proof_is_under_way(database):
    many(1500)
    walk = verification.verify()
    assert next(walk).entries == 1000
    done = threading.Event()

    def work() -> None:
        try:
            append("account.signed_out")
            done.set()
        finally:
            connection.close()

    writer = threading.Thread(target=work)
    writer.start()
    assert done.wait(5), "the writer waited for the proof"
    writer.join()
    found = list(walk)[-1]
    assert (found.verdict, found.entries) == (verification.Verdict.INTACT, 1500)
    assert list(verification.verify())[-1].entries == 1501


def test_progress_is_shown_on_a_terminal(database, product_environment):
    many(1001)
    outside, inside = pty.openpty()
    run = subprocess.Popen(COMMAND, cwd=ROOT, env=product_environment, stderr=inside, stdout=subprocess.PIPE)
    out, _ = run.communicate(timeout=60)
    os.close(inside)
    shown = os.read(outside, 10_000).decode()
    os.close(outside)
    assert "1,000 entries proved so far" in shown
    assert out.startswith(b"Intact: 1,001 entries")
