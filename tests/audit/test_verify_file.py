"""A file sealed with the signing key is still compared, row by row, with its own hashes and with the history."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction

from calls.audit import chain, checkpoints, signing
from calls.audit.actor import SYSTEM
from calls.audit.export import write_file
from calls.models import AuditCheckpoint, AuditEntry
from tests.audit.test_exports import auditor, check, connection_given_back, export, kept, lines_of
from tests.fixtures.history import Owner, append, sql

__all__ = ["auditor", "check", "connection_given_back"]  # fixtures
Rows = list[dict[str, Any]]
RUBBISH_TIME = {"sqlite": "rubbish", "postgresql": "infinity"}[connection.vendor]


def sealed_anew(content: bytes, change: Callable[[Rows], object]) -> bytes:
    """Return the file with its rows changed and a new seal signed with the configured key."""
    head, *rows, last = lines_of(content)
    change(rows)
    body = "".join(json.dumps(line) + "\n" for line in [head, *rows]).encode()
    seal = {**last["seal"], "sha256": hashlib.sha256(body).hexdigest()}
    seal["signature"] = signing.sign(write_file.seal_text(seal))
    return body + json.dumps({"seal": seal}).encode() + b"\n"


def hashed(row: dict[str, Any], **changed: object) -> None:
    """Change the row and recompute its hash."""
    row.update(changed)
    at = AuditEntry.objects.get(pk=row["id"]).at
    row["hash"] = chain.hash_of_fields({**{name: row[name] for name in chain.CHAINED_FIELDS}, "at": at})


ITSELF = "contradicts its own hash"
CHANGES: dict[str, tuple[Callable[[Rows], object], str]] = {
    "a name": (lambda rows: rows[0]["personal"].update(actor_name="mallory"), ITSELF),
    "a note": (lambda rows: rows[0]["personal"].update(note=""), ITSELF),
    "a value that was not there": (lambda rows: rows[2]["personal"].update(words="invented"), ITSELF),
    "the salts": (lambda rows: rows[0].update(salts="{}"), ITSELF),
    "a field": (lambda rows: rows[1].update(graph_status=403), ITSELF),
    "the hash": (lambda rows: rows[1].update(hash="0" * 64), ITSELF),
    "a field and the hash": (lambda rows: hashed(rows[1], graph_status=403), "is another one in the history"),
    "the id": (lambda rows: rows[1].update(id=999), "#999 is not in the history"),
    "a row less": (lambda rows: rows.pop(), "The seal is about 3 rows; the file has 2."),
    "a row twice": (lambda rows: rows.append(rows[0]), "The seal is about 3 rows; the file has 4."),
    "a row of another kind": (lambda rows: rows.__setitem__(1, {"id": 2}), "There is a row that cannot be read."),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_row_that_was_changed_under_a_seal_of_ours_is_found(what, story, auditor, check, tmp_path):
    change, fault = CHANGES[what]
    content = await sync_to_async(sealed_anew)(await export(auditor, "jsonl"), change)
    run = check(kept(tmp_path, "file.jsonl", content))
    assert run.returncode == 1, run.stdout
    assert fault in run.stderr


async def test_a_file_sealed_anew_without_a_change_is_genuine(story, auditor, check, tmp_path):
    content = await sync_to_async(sealed_anew)(await export(auditor, "jsonl"), lambda rows: None)
    assert check(kept(tmp_path, "file.jsonl", content)).returncode == 0


async def test_rows_without_their_personal_values_are_genuine(story, auditor, check, tmp_path):
    def erase(rows: Rows) -> None:
        for row in rows:
            del row["personal"], row["salts"]

    content = await sync_to_async(sealed_anew)(await export(auditor, "jsonl"), erase)
    assert check(kept(tmp_path, "file.jsonl", content)).returncode == 0


# Where the chain stood ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("what", ["gone", "another one"])
async def test_a_seal_whose_place_in_the_chain_is_not_in_the_history_is_found(
    what, form, story, auditor, check, tmp_path
):
    path = kept(tmp_path, "file", await export(auditor, form, "action=reject.requested"))

    def harm() -> None:
        with Owner():
            if what == "gone":
                sql("DELETE FROM calls_auditentry WHERE id = %s", story[2].pk)
            else:
                sql("UPDATE calls_auditentry SET hash = previous_hash WHERE id = %s", story[2].pk)

    assert check(path).stdout.startswith("Genuine: 1 rows, exported when the chain had 3 entries.")
    await sync_to_async(harm)()
    run = check(path)
    assert run.returncode == 1
    fault = "is not in the history" if what == "gone" else "is another one in the history than in the file"
    assert f"Audit entry #{story[2].pk} {fault}" in run.stderr


async def test_an_entry_that_retention_did_not_remove_is_missed(story, auditor, check, tmp_path):
    path = kept(tmp_path, "file.jsonl", await export(auditor, "jsonl"))

    def cut_and_delete_one_more() -> None:
        checkpoints.create(AuditCheckpoint.Kind.CUT, 1, story[0].pk, story[0].hash)
        with Owner():
            sql("DELETE FROM calls_auditentry WHERE id <= %s", story[1].pk)

    await sync_to_async(cut_and_delete_one_more)()
    run = check(path)
    assert run.returncode == 1
    assert f"#{story[1].pk} is not in the history" in run.stderr
    assert f"#{story[0].pk}" not in run.stderr


async def test_the_furthest_of_several_cuts_counts(story, auditor, check, tmp_path):
    path = kept(tmp_path, "file.jsonl", await export(auditor, "jsonl"))

    def cut_twice() -> None:
        for number in (3, 1):
            checkpoints.create(AuditCheckpoint.Kind.CUT, number, story[number - 1].pk, story[number - 1].hash)
        sql("DELETE FROM calls_auditentry WHERE id <= %s", story[2].pk)

    await sync_to_async(cut_twice)()
    run = check(path)
    assert (run.returncode, "3 of them retention has removed" in run.stdout) == (0, True)


@pytest.mark.parametrize("kind", ["seal", "erasure"])
async def test_only_a_cut_excuses_what_is_gone(kind, story, auditor, check, tmp_path):
    path = kept(tmp_path, "file.jsonl", await export(auditor, "jsonl"))

    def mark_and_delete() -> None:
        checkpoints.create(AuditCheckpoint.Kind(kind), 3, story[2].pk, story[2].hash)
        with Owner():
            sql("DELETE FROM calls_auditentry WHERE id <= %s", story[2].pk)

    await sync_to_async(mark_and_delete)()
    assert check(path).returncode == 1


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_an_export_of_an_empty_history_is_genuine(form, database, auditor, check, tmp_path):
    run = check(kept(tmp_path, "file", await export(auditor, form)))
    assert (run.returncode, run.stdout) == (0, "Genuine: 0 rows, exported when the chain had 0 entries.\n")


# From one batch to the next -------------------------------------------------------------------------------------------


@pytest.fixture
def batches(database) -> list[int]:
    """The ids of a batch of entries and three more, whose file is longer than what a check reads at once."""
    with transaction.atomic():
        for _ in range(write_file.BATCH + 3):
            chain.append("call.missed_withdrawn", actor=SYSTEM, details={"state": "x" * 800})
    return list(AuditEntry.objects.order_by("id").values_list("id", flat=True))


async def rows_of(client: Any, form: str) -> list[int]:
    content = await export(client, form)
    if form == "jsonl":
        return [int(line["id"]) for line in lines_of(content)[1:-1]]
    return [int(line.split('"')[1]) for line in content.decode().splitlines()[1:-1]]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("at", ["2026-01-01 00:00:00", RUBBISH_TIME])
async def test_entries_of_one_instant_at_a_batchs_edge_are_all_exported(at, form, batches, auditor):
    def date() -> None:
        with Owner():
            sql("UPDATE calls_auditentry SET at = '2025-01-01 00:00:00' WHERE id < %s", batches[-6])
            sql("UPDATE calls_auditentry SET at = %s WHERE id >= %s", at, batches[-6])

    await sync_to_async(date)()
    assert await rows_of(auditor, form) == batches


async def test_entries_whose_times_go_back_at_a_batchs_edge_are_all_exported(batches, auditor):
    def date() -> None:
        with Owner():
            sql("UPDATE calls_auditentry SET at = '2025-01-01 00:00:00' WHERE id > %s", batches[1])

    await sync_to_async(date)()
    assert sorted(await rows_of(auditor, "jsonl")) == batches


async def test_a_long_file_is_read_to_its_end(batches, auditor, check, tmp_path):
    content = await export(auditor, "jsonl")
    assert len(content) > 1 << 20
    assert check(kept(tmp_path, "file.jsonl", content)).returncode == 0
    at = content.rindex(b"x" * 800)
    run = check(kept(tmp_path, "file.jsonl", content[:at] + b"y" + content[at + 1 :]))
    assert "The file's content is not what its seal was made for." in run.stderr


async def test_what_is_appended_while_a_file_is_made_is_not_in_it(story, auditor):
    answer = await auditor.post("/admin/calls/auditentry/export/", {"form": "jsonl"})
    await sync_to_async(append)("account.signed_out")
    content = b"".join([piece async for piece in answer.streaming_content])
    assert [line["id"] for line in lines_of(content)[1:-1]] == [entry.pk for entry in story]
