"""Verification of the chain, entry by entry, up to the first broken one."""

import functools
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from calls.audit import chain, signing
from calls.audit.verify.findings import Anchor, Code, Finding, Verification
from calls.audit.verify.tolerant_read import READ_ERRORS, UnreadableRow, iterate_rows
from calls.models import AuditCheckpoint, AuditEntry

PROGRESS_EVERY = 1_000
CLOCK_TOLERANCE = timedelta(minutes=1)  # by how much the clocks of two processes may differ

# Rows are read as plain values, because creating model instances takes longer than all the hashing.
_COLUMNS = ("id", "hash", "signature", "bulk_id", *chain.CHAINED_FIELDS)
_PERSONAL_COLUMNS = (
    "personal__entry_id",
    "personal__salts",
    "personal__actor_folded",
    "personal__caller_folded",
    *(f"personal__{name}" for name in chain.PERSONAL_FIELDS),
)


class ChainVerifier:
    """Verifies a part of the chain and adds its findings to a Verification."""

    def __init__(self, found: Verification, anchors: list[Anchor], erased_up_to: int) -> None:
        self.found, self.broken, self.erased_up_to = found, False, erased_up_to
        self._anchors: dict[int, list[Anchor]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.entries, []).append(anchor)
        self.keys = Keys(found)
        self._clock = Clock(found)

    def begin_after(self, checkpoint: AuditCheckpoint | None) -> None:
        """Start after this checkpoint, whose entries count as removed; None starts at the beginning of the chain."""
        if checkpoint is None:
            return
        found = self.found
        found.entries = found.removed = checkpoint.entries
        found.last_id, found.last_hash = checkpoint.last_id, checkpoint.last_hash
        found.faults += [
            Finding.of(Code.CHECKPOINT_CONTRADICTS, id=checkpoint.pk, origin=anchor.origin)
            for anchor in self._anchors.get(checkpoint.entries, ())
            if anchor.last_hash != checkpoint.last_hash
        ]

    def steps(self, entries: QuerySet[AuditEntry]) -> Iterator[Verification]:
        """Verify the entries and yield the Verification every 1,000. Raises django.db.DatabaseError."""
        for row in iterate_rows(entries.order_by("id").values_list(*_COLUMNS, *_PERSONAL_COLUMNS)):
            if isinstance(row, UnreadableRow):
                self._break(Finding.of(Code.ENTRY_UNREADABLE, id=row.pk))
                break
            entry = dict(zip(_COLUMNS, row, strict=False))
            if fault := self._fault_of(entry, row[len(_COLUMNS) :]):
                self._break(fault)
                break
            self._accept(entry)
            if self.found.entries % PROGRESS_EVERY == 0:
                yield self.found
        self.keys.report()
        self._clock.report()

    def _break(self, fault: Finding) -> None:
        self.broken = True
        self.found.faults.append(fault)

    def _fault_of(self, entry: dict[str, Any], personal: tuple[Any, ...]) -> Finding | None:
        about = functools.partial(Finding.of, id=entry["id"], time=entry["at"])
        if entry["previous_hash"] != self.found.last_hash:
            return about(Code.ENTRY_UNCHAINED)
        try:
            whole = entry["hash"] == chain.hash_of_fields({name: entry[name] for name in chain.CHAINED_FIELDS})
        except READ_ERRORS:  # the database can hold values that this program never writes
            whole = False
        if not whole:
            return about(Code.ENTRY_CHANGED)
        if signing.holds(entry["hash"], self.keys.configured.get(entry["key_id"]), entry["signature"]) is False:
            return about(Code.ENTRY_SIGNATURE)
        if _bulk_in(entry["details"]) != (str(entry["bulk_id"]) if entry["bulk_id"] else None):
            return about(Code.ENTRY_BULK_CHANGED)
        for anchor in self._anchors.get(self.found.entries + 1, ()):
            if anchor.last_hash != entry["hash"]:
                return about(Code.ENTRY_CONTRADICTS, origin=anchor.origin)
        if personal[0] is None and entry["id"] <= self.erased_up_to:
            self.found.erased += 1
            return None
        return _personal_fault(about, entry["commitments"], *personal)

    def _accept(self, entry: dict[str, Any]) -> None:
        self.found.entries += 1
        self.found.last_id, self.found.last_hash = entry["id"], entry["hash"]
        self.keys.add(entry["key_id"], entry["id"])
        self._clock.add(entry["at"], entry["id"])


def _bulk_in(details: str) -> str | None:
    return _texts_in(details).get("bulk_id") if '"bulk_id"' in details else None


def _personal_fault(
    about: Callable[..., Finding],
    commitments: str,
    entry_id: int | None,
    salts: str,
    actor_folded: str,
    caller_folded: str,
    *values: str,
) -> Finding | None:
    if entry_id is None:
        return about(Code.ENTRY_PERSONAL_GONE)
    committed, salt_of = _texts_in(commitments), _texts_in(salts)
    for name, value in zip(chain.PERSONAL_FIELDS, values, strict=True):
        if name not in committed:
            if value:
                return about(Code.ENTRY_FIELD_ADDED, field=name)
        elif chain.commitment(salt_of.get(name, ""), name, str(value)) != committed[name]:
            return about(Code.ENTRY_FIELD_CHANGED, field=name)
    named = dict(zip(chain.PERSONAL_FIELDS, values, strict=True))
    if (actor_folded, caller_folded) != (chain.folded(named["actor_name"]), chain.folded(named["caller_name"])):
        return about(Code.ENTRY_NAMES_CHANGED)
    return None


def _texts_in(document: str) -> dict[str, str]:
    try:
        texts = json.loads(document)
    except (ValueError, TypeError, RecursionError):
        return {}
    return {name: str(text) for name, text in texts.items()} if isinstance(texts, dict) else {}


class Keys:
    """Finds the entries that are signed with an unknown key, or with a retired key after the current one.

    A retired key may have been replaced because it leaked, so its later entries are warnings.
    """

    def __init__(self, found: Verification) -> None:
        self.configured, self._in_use, self._found = signing.keys(), signing.key_id(), found
        self._taken_over, self._newest = False, ""
        self._strange: dict[str, tuple[int, int, int]] = {}  # by key: number of entries, first id, last id
        self._retired: dict[str, tuple[int, int, int]] = {}  # the same, after the first entry with the current key

    def add(self, key_id: str, id: int) -> None:
        """Record the key of the next entry."""
        self._newest = key_id
        if key_id == self._in_use:
            self._taken_over = True
        elif key_id not in self.configured:
            _count(self._strange, key_id, id)
        elif self._taken_over:
            _count(self._retired, key_id, id)

    def report(self) -> None:
        """Add a warning for each unknown and each retired key."""
        for key_id, (count, first, last) in self._strange.items():
            self._found.warnings.append(Finding.of(Code.KEY_UNKNOWN, count=count, first=first, last=last, key=key_id))
        for key_id, (count, first, last) in self._retired.items():
            self._found.warnings.append(Finding.of(Code.KEY_RETIRED, count=count, first=first, last=last, key=key_id))

    def check_current_key(self) -> None:
        """Add a warning if no entry is signed with the current key."""
        # A start with a new key appends an entry about changed settings, which that key signs.
        if self._newest in self.configured and not self._taken_over:
            self._found.warnings.append(Finding.of(Code.KEY_NOT_IN_USE, key=self._newest, used=self._in_use))


def _count(spans: dict[str, tuple[int, int, int]], key_id: str, id: int) -> None:
    count, first, _ = spans.get(key_id, (0, id, 0))
    spans[key_id] = (count + 1, first, id)


class Clock:
    """Finds entries dated before their predecessors, which a wrongly set clock causes."""

    def __init__(self, found: Verification) -> None:
        self._found, self._latest = found, datetime.min
        self._back: list[int] = []

    def add(self, at: datetime, id: int) -> None:
        """Record the time of the next entry."""
        if self._latest is not datetime.min and at < self._latest - CLOCK_TOLERANCE:
            self._back.append(id)
        self._latest = at

    def report(self) -> None:
        """Add a notice if times went back."""
        if self._back:
            self._found.notices.append(Finding.of(Code.CLOCK_SET_BACK, count=len(self._back), first=self._back[0]))
