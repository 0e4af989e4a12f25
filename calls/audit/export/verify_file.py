"""Verification of an exported file: against its seal, and row by row against the history."""

import csv
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.dateparse import parse_datetime

from calls.audit import chain, checkpoints, signing
from calls.audit.export import write_file
from calls.audit.verify.findings import Code, Finding, Verdict
from calls.models import AuditCheckpoint, AuditEntry

LONGEST_LINE = 1 << 20  # bytes read at the end of the file to find the seal
BATCH = 1_000
MOST_DIGITS = 19  # of an id; longer numbers exceed the column and raise when they are looked up
UNREADABLE_ROW: dict[str, Any] = {"id": None, "hash": None, "false": True}


class Unsealed(Exception):
    """The file does not end with a seal, because it was truncated or is not an export."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class FileCheck:
    """The result of a check: faults prove a change, warnings name what cannot be proved either way."""

    rows: int = 0
    removed: int = 0
    seal: dict[str, Any] = field(default_factory=dict)
    faults: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """The verdict on the file."""
        return Verdict.of(self.faults, self.warnings)


def check(path: Path) -> FileCheck:
    """Check the file in constant memory and return the result. Raises OSError, django.db.DatabaseError."""
    found = FileCheck()
    with path.open("rb") as file:
        try:
            found.seal, end, is_csv = _read_seal(file)
        except Unsealed as error:
            found.faults.append(Finding.of(error.code))
            return found
        _check_seal(found, _digest(file, end))
        _compare_rows(found, _rows(_lines(file, end), is_csv))
    return found


def _compare_rows(found: FileCheck, rows: Iterator[dict[str, Any]]) -> None:
    cuts = AuditCheckpoint.objects.filter(kind=AuditCheckpoint.Kind.CUT).order_by("-last_id").iterator()
    removed_up_to = next((cut.last_id for cut in cuts if checkpoints.is_ours(cut) is not False), 0)
    _compare(found, [{"id": _id(found.seal.get("last_id")), "hash": found.seal.get("last_hash")}], removed_up_to)
    found.removed = 0
    while batch := list(islice(rows, BATCH)):
        found.rows += len(batch)
        _compare(found, batch, removed_up_to)
    if found.rows != found.seal.get("rows"):
        found.faults.append(Finding.of(Code.FILE_ROWS, sealed=found.seal.get("rows"), rows=found.rows))


def _read_seal(file: BinaryIO) -> tuple[dict[str, Any], int, bool]:
    """Return the seal, the position at which its line begins, and whether the file is CSV."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - LONGEST_LINE))
    tail = file.read().rstrip(b"\r\n")
    start = tail.rfind(b"\n") + 1
    line = tail[start:].decode("utf-8", "replace")
    is_csv = line.startswith(f'"{write_file.SEAL}"')
    try:
        seal = json.loads(next(csv.reader([line]))[1]) if is_csv else json.loads(line)["seal"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError, csv.Error) as error:
        raise Unsealed(Code.FILE_UNSEALED) from error
    if not isinstance(seal, dict):
        raise Unsealed(Code.FILE_SEAL_MALFORMED)
    return seal, max(0, size - LONGEST_LINE) + start, is_csv


def _digest(file: BinaryIO, end: int) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while end > 0 and (piece := file.read(min(end, 1 << 20))):
        digest.update(piece)
        end -= len(piece)
    return digest.hexdigest()


def _check_seal(found: FileCheck, digest: str) -> None:
    seal = found.seal
    if seal.get("sha256") != digest:
        found.faults.append(Finding.of(Code.FILE_CHANGED))
    key = signing.keys().get(str(seal.get("key_id")))
    if key is None:
        found.warnings.append(Finding.of(Code.FILE_KEY_UNKNOWN, key=seal.get("key_id")))
    elif not signing.holds(write_file.seal_text(seal), key, seal.get("signature")):
        found.faults.append(Finding.of(Code.FILE_SIGNATURE))


def _rows(lines: Iterator[str], is_csv: bool) -> Iterator[dict[str, Any]]:
    """Yield each row as its id, its hash, and for JSON Lines whether the row contradicts its own hash."""
    if not is_csv:
        next(lines, None)
        yield from map(_json_row, lines)
        return
    try:
        for row in csv.DictReader(lines):
            yield {"id": _id(row.get("id")), "hash": row.get("hash")}
    except csv.Error:
        yield UNREADABLE_ROW


def _lines(file: BinaryIO, end: int) -> Iterator[str]:
    file.seek(0)
    for line in file:
        if end <= 0:
            return
        end -= len(line)
        yield line.decode("utf-8", "replace").removeprefix(write_file.BOM)


def _json_row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if row["hash"] == write_file.UNREADABLE_HASH:
            return {"id": _id(row["id"]), "hash": write_file.UNREADABLE_HASH}
        fields = {name: row[name] for name in chain.CHAINED_FIELDS} | {"at": parse_datetime(row["at"])}
        true = chain.hash_of_fields(fields) == row["hash"] and _keeps_commitments(row)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return UNREADABLE_ROW
    return {"id": _id(row.get("id")), "hash": row["hash"], "false": not true}


def _id(value: object) -> int | None:
    """Return the entry's id, None for a value that no database accepts as one."""
    text = str(value) if isinstance(value, int | str) else ""
    return int(text) if text.isdecimal() and len(text) < MOST_DIGITS else None


def _keeps_commitments(row: dict[str, Any]) -> bool:
    committed, salts = json.loads(row["commitments"]), json.loads(row.get("salts", "{}"))
    personal = row.get("personal", {})
    return all(
        chain.commitment(salts.get(name, ""), name, value) == committed.get(name) for name, value in personal.items()
    )


def _compare(found: FileCheck, rows: list[dict[str, Any]], removed_up_to: int) -> None:
    """Compare rows with the history, which must have each with the same hash unless retention removed it."""
    stored = dict(AuditEntry.objects.filter(id__in=[row["id"] for row in rows if row["id"]]).values_list("id", "hash"))
    for row in rows:
        if row is UNREADABLE_ROW:
            found.faults.append(Finding.of(Code.ROW_UNREADABLE))
        elif row["hash"] == write_file.UNREADABLE_HASH:
            found.warnings.append(Finding.of(Code.ROW_NOT_EXPORTED, id=row["id"]))
        elif row.get("false"):
            found.faults.append(Finding.of(Code.ROW_FALSE, id=row["id"]))
        elif row["id"] in stored:
            if stored[row["id"]] != row["hash"]:
                found.faults.append(Finding.of(Code.ROW_OTHER, id=row["id"]))
        elif isinstance(row["id"], int) and row["id"] <= removed_up_to:
            found.removed += 1
        elif row["id"] or row["hash"] != chain.GENESIS:
            found.faults.append(Finding.of(Code.ROW_UNKNOWN, id=row["id"]))
