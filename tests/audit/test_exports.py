"""An export has exactly the chosen entries, is sealed, recorded, safe in a spreadsheet, and verifiable later."""

import csv
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.test import AsyncClient
from django.utils import timezone

from calls.audit import chain, retention, signing
from calls.audit.actor import SYSTEM, Actor
from calls.audit.export import write_file
from calls.audit.messages import sentence
from calls.models import AuditEntry
from tests.audit.test_retention import FORGED
from tests.audit.test_tampering import STRANGE
from tests.conftest import ROOT
from tests.fixtures.history import Owner, append, make_attempt, make_call, sql


@pytest.fixture(autouse=True)
async def connection_given_back(database: None) -> AsyncIterator[None]:
    """Close the database connection of the thread that asynchronous tests use."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def auditor(people, signed_in_async) -> AsyncClient:
    return signed_in_async(people.auditor)


async def export(client: AsyncClient, form: str, question: str = "") -> bytes:
    answer = await client.post(f"/admin/calls/auditentry/export/?{question}", {"form": form})
    assert answer.status_code == 200
    assert f'.{form}"' in answer.headers["Content-Disposition"]
    return b"".join([piece async for piece in answer.streaming_content])


def kept(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.fixture
def check(product_environment):
    def run(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", "check_export", str(path)]
        return subprocess.run(command, cwd=ROOT, env=product_environment | environment, capture_output=True, text=True)

    return run


def cells_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def lines_of(content: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in content.decode().splitlines()]


async def test_csv_tells_each_entry_and_ends_with_the_seal(story, auditor):
    content = await export(auditor, "csv")
    assert content.startswith(b"\xef\xbb\xbf")
    *rows, seal = cells_of(content)
    assert [row["action"] for row in rows] == ["reject.requested", "reject.accepted", "reject.confirmed"]
    assert rows[0]["what_happened"] == sentence(story[0])
    assert (rows[0]["actor_name"], rows[0]["note"], rows[0]["hash"]) == ("anna", "calls every hour", story[0].hash)
    assert rows[1]["request_id"] == "graph-request"
    assert rows[0]["at"] == story[0].at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert seal["id"] == "#seal"
    told = json.loads(seal["at"])
    assert (told["rows"], told["entries"], told["last_hash"]) == (3, 3, story[2].hash)


async def test_json_lines_carry_all_that_the_hashes_are_made_from(story, auditor):
    head, *rows, seal = lines_of(await export(auditor, "jsonl"))
    assert head["format"] == write_file.FORMAT_VERSION
    assert [row["id"] for row in rows] == [entry.pk for entry in story]
    assert rows[0]["personal"]["caller_name"] == "Nestor Wilke"
    assert seal["seal"]["rows"] == 3


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_exactly_the_filtered_entries_are_exported(form, story, auditor):
    with_colleague = await _append("account.signed_in", Actor("8", "boris"))
    content = (await export(auditor, form, "who=boris&older_than=2000-01-01T00:00:00Z~1")).decode()
    assert with_colleague.hash in content
    assert not [entry for entry in story if f'"hash": "{entry.hash}"' in content or f'"{entry.hash}"\r' in content]


async def _append(action: str, actor: Actor) -> AuditEntry:
    return await sync_to_async(append)(action, actor=actor)


async def test_an_export_is_two_entries(story, auditor, people):
    content = await export(auditor, "jsonl", "action=reject.accepted")
    started, done = [entry async for entry in AuditEntry.objects.order_by("id")][-2:]
    assert (started.action, done.action) == ("audit.export_started", "audit.exported")
    assert started.actor_id == str(people.auditor.pk)
    details, seal = json.loads(done.details), lines_of(content)[-1]["seal"]
    assert details["rows"] == 1
    told = await sync_to_async(sentence)(done)
    assert told == "auditor exported 1 audit entries as JSON Lines: action=reject.accepted."
    assert (details["sha256"], details["export"]) == (seal["sha256"], seal["export"])


async def test_what_cannot_be_recorded_is_not_exported(story, auditor):
    await sync_to_async(sql)("DELETE FROM calls_audithead")
    answer = await auditor.post("/admin/calls/auditentry/export/", {"form": "csv"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/calls/auditentry/?")


@pytest.mark.parametrize("who", ["viewer", "supervisor", "stranger"])
async def test_only_auditors_export(who, story, people, signed_in_async):
    user = await User.objects.aget(username=who)
    client = await sync_to_async(signed_in_async)(user)
    answer = await client.post("/admin/calls/auditentry/export/", {"form": "csv"})
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/admin/login/")
    assert "Content-Disposition" not in answer.headers
    assert await AuditEntry.objects.acount() == 3


async def test_reading_alone_exports_nothing(story, auditor):
    assert (await auditor.get("/admin/calls/auditentry/export/?form=csv")).status_code == 403
    assert (await auditor.post("/admin/calls/auditentry/export/", {"form": "exe"})).status_code == 403


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("harm", sorted(STRANGE))
async def test_an_entry_that_cannot_be_read_costs_the_file_nothing_else(harm, form, story, auditor, check, tmp_path):
    await sync_to_async(damage)(STRANGE[harm], story[1].pk)
    content = await export(auditor, form)
    told = [int(row["id"]) for row in (cells_of(content)[:-1] if form == "csv" else lines_of(content)[1:-1])]
    assert sorted(told) == [entry.pk for entry in story]
    answer = await sync_to_async(check)(kept(tmp_path, f"audit.{form}", content))
    untold = f"#{story[1].pk} could not be read when the file was made"
    said = answer.stdout + answer.stderr
    assert "3 rows" in said and answer.returncode in (0, 1, 2), said
    assert (write_file.UNREADABLE_HASH in content.decode()) == (untold in said) == ("time" in harm or untold in said), (
        said
    )


def damage(statement: str, primary_key: int) -> None:
    with Owner():
        sql(statement, primary_key)


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\n-1"]


@pytest.fixture
def evil(database) -> list[AuditEntry]:
    """Callers with names that a spreadsheet would compute."""
    entries = []
    for number, text in enumerate(FORMULAS):
        call = make_call(number, source={"name": text, "id": f'{text}","x'})
        entries.append(append("reject.requested", call=call, attempt=make_attempt(call, note=text)))
    return entries


async def test_a_spreadsheet_computes_nothing(evil, auditor, check, tmp_path):
    content = await export(auditor, "csv")
    rows = cells_of(content)[:-1]
    assert len(rows) == len(FORMULAS)
    for row in rows:
        for cell in row.values():
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝")), cell
    assert [row["caller_name"] for row in rows] == [f"'{text}" for text in FORMULAS]
    assert check(kept(tmp_path, "a.csv", content)).returncode == 0


# Checked later --------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(database) -> None:
    with transaction.atomic():
        for number in range(write_file.BATCH + 3):
            chain.append("account.signed_in", actor=Actor(str(number), f"Ольга {number}"))


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_a_file_is_genuine_and_still_is_when_the_history_went_on(form, many, auditor, check, tmp_path):
    path = kept(tmp_path, f"renamed.{form}.txt", await export(auditor, form))
    await _append("account.signed_out", SYSTEM)
    run = check(path)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "Genuine: 1,003 rows, exported when the chain had 1003 entries.\n"


CHANGES = {
    "a word": lambda text: text.replace("busy", "none", 1),
    "a name": lambda text: text.replace("Nestor", "Oskar", 1),
    "a line less": lambda text: "".join(text.splitlines(keepends=True)[:2] + text.splitlines(keepends=True)[3:]),
    "the end missing": lambda text: text[: len(text) // 2],
    "the seal missing": lambda text: "".join(text.splitlines(keepends=True)[:-1]),
    "the seal's number": lambda text: text.replace('"rows": 3', '"rows": 2').replace('""rows"": 3', '""rows"": 2'),
    "something behind it": lambda text: text + "more\n",
    "nothing left": lambda text: "",
}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_a_file_that_was_changed_is_not_genuine(form, story, auditor, check, tmp_path):
    content = (await export(auditor, form)).decode()
    for what, change in CHANGES.items():
        changed = change(content)
        assert changed != content, what
        run = check(kept(tmp_path, f"file.{form}", changed.encode()))
        assert (run.returncode, "Traceback" in run.stderr) == (1, False), what


async def test_a_seal_made_anew_without_the_key_is_found(story, auditor, check, tmp_path):
    lines = (await export(auditor, "jsonl")).decode().replace("busy", "none").splitlines(keepends=True)
    seal = json.loads(lines[-1])
    seal["seal"]["sha256"] = hashlib.sha256("".join(lines[:-1]).encode()).hexdigest()
    run = check(kept(tmp_path, "file.jsonl", "".join([*lines[:-1], json.dumps(seal) + "\n"]).encode()))
    assert run.returncode == 1
    assert "signature is not ours" in run.stderr
    assert "contradicts its own hash" in run.stderr


RUBBISH = {
    "a list for an id": ({"last_id": [1]}, "{}"),
    "an id no database has room for": ({"last_id": 10**30}, '{"id": ' + "9" * 30 + "}"),
    "more digits than Python reads": ({"last_id": "9" * 5000}, '{"id": ' + "9" * 5000 + "}"),
    "nothing but brackets": ({"rows": "["}, "[" * 100_000),
    "a text for a row": ({"rows": None, "last_hash": {}}, '"row"'),
}


@pytest.mark.parametrize("what", RUBBISH)
async def test_a_file_of_rubbish_is_not_genuine_and_no_traceback(what, story, check, tmp_path):
    seal, row = RUBBISH[what]
    run = check(kept(tmp_path, "file.jsonl", "\n".join(["{}", row, json.dumps({"seal": seal}), ""]).encode()))
    assert (run.returncode, "Traceback" in run.stderr) == (1, False)
    cells = f'"id","hash"\n"{row}","{"x" * 200_000}"\n"#seal","{json.dumps(seal).replace(chr(34), chr(34) * 2)}"\n'
    run = check(kept(tmp_path, "file.csv", cells.encode()))
    assert (run.returncode, "Traceback" in run.stderr) == (1, False)


async def test_a_forged_checkpoint_does_not_excuse_what_is_gone_from_the_history(story, auditor, check, tmp_path):
    path = kept(tmp_path, "file.csv", await export(auditor, "csv"))

    def forge() -> None:
        sql(FORGED, "cut", timezone.now(), story[2].pk, story[2].hash, signing.key_id(), "0" * 64)
        sql("DELETE FROM calls_auditentry WHERE id <= %s", story[2].pk)

    await sync_to_async(forge)()
    run = check(path)
    assert (run.returncode, f"#{story[0].pk} is not in the history" in run.stderr) == (1, True)


async def test_a_file_sealed_with_a_key_used_before_is_genuine(story, auditor, check, tmp_path, product_environment):
    path = kept(tmp_path, "file.jsonl", await export(auditor, "jsonl"))
    old = product_environment["AUDIT_SIGNING_KEY"]
    assert check(path, AUDIT_SIGNING_KEY="another", AUDIT_SIGNING_KEY_FALLBACKS=old).returncode == 0


async def test_a_history_that_was_rewritten_contradicts_the_file(story, auditor, check, tmp_path):
    path = kept(tmp_path, "file.csv", await export(auditor, "csv"))

    def rewrite() -> None:
        with Owner():
            sql("UPDATE calls_auditentry SET hash = previous_hash WHERE id = %s", story[1].pk)

    await sync_to_async(rewrite)()
    run = check(path)
    assert (run.returncode, f"#{story[1].pk} is another one" in run.stderr) == (1, True)


async def test_a_file_without_the_key_at_hand_proves_nothing_either_way(story, auditor, check, tmp_path):
    path = kept(tmp_path, "file.csv", await export(auditor, "csv"))
    assert check(path, AUDIT_SIGNING_KEY="another").returncode == 2


async def test_a_file_outlives_what_retention_removes(story, auditor, check, tmp_path, settings):
    path = kept(tmp_path, "file.jsonl", await export(auditor, "jsonl"))
    settings.RETENTION_DAYS_AUDIT = 1
    later = timezone.now() + 2 * retention.EVERY
    await sync_to_async(lambda: list(retention.run(now=later)))()
    run = check(path)
    assert (run.returncode, "3 of them retention has removed" in run.stdout) == (0, True)


async def test_no_file_is_no_traceback(database, check, tmp_path):
    run = check(tmp_path / "missing.csv")
    assert (run.returncode, "Traceback" in run.stderr) == (2, False)
