"""The proof that nobody changed, removed or inserted audit history, and how far it reaches."""

import hmac
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from calls import audit, guards, witness
from calls.models import AuditCheckpoint, AuditEntry, AuditHead

Kind = AuditCheckpoint.Kind


class Verdict(IntEnum):
    """What a verification found; also the exit code of `manage.py verify_audit`."""

    INTACT = 0
    BROKEN = 1
    UNPROVED = 2


@dataclass(slots=True)
class Verification:
    """How far the history is proved, every fault found (first the one nearest the beginning), and every doubt.

    A fault proves that something was changed or lost; a doubt is what cannot be proved either way. `entries` counts
    from the beginning of the chain, the `removed` ones included, which retention cut off under a signed checkpoint.
    """

    entries: int = 0
    last_id: int = 0
    last_hash: str = audit.GENESIS
    removed: int = 0
    erased: int = 0
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    finished_at: datetime | None = None

    @property
    def verdict(self) -> Verdict:
        """BROKEN outweighs UNPROVED outweighs INTACT."""
        if self.faults:
            return Verdict.BROKEN
        return Verdict.UNPROVED if self.doubts else Verdict.INTACT

    @property
    def anchor(self) -> str:
        """The end of the chain as it can be noted elsewhere and given to a later verification."""
        return f"{self.entries}:{self.last_hash}"

    @property
    def details(self) -> dict[str, object]:
        """What of it goes into the entry `audit.verified`."""
        return {
            "verdict": self.verdict.name.lower(),
            "entries": self.entries,
            "removed": self.removed,
            "erased": self.erased,
            "last_hash": self.last_hash,
            "faults": [*self.faults, *self.doubts][:20],
        }


@dataclass(frozen=True, slots=True)
class Anchor:
    """The chain's end as somebody noted it outside the database: so many entries, the last one with this hash."""

    entries: int
    last_hash: str
    origin: str = "the anchor"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """Return the anchor written as `<entries>:<hash>`; raise ValueError when it is not one."""
        count, _, last_hash = text.strip().partition(":")
        if not re.fullmatch(r"[1-9]\d*", count) or not re.fullmatch(r"[0-9a-f]{64}", last_hash):
            raise ValueError("An anchor is written as <number of entries>:<64 hexadecimal digits>.")
        return cls(int(count), last_hash)


def verify(*anchors: Anchor) -> Iterator[Verification]:
    """Walk the whole chain, yielding the same Verification every 1,000 entries and at the end; changes nothing.

    Others may go on appending meanwhile: it sees the tables as they were when it began. Stops at the first broken
    entry: everything after it hangs on a broken link. Must run outside a transaction. Raises django.db.DatabaseError
    when the tables cannot be read.
    """
    found = Verification()
    with _one_view():
        head = AuditHead.objects.first()
        marks = _genuine_checkpoints(found)
        proved = [*(_anchor_of(mark, f"checkpoint #{mark.pk}") for mark in marks), *_witnessed(found), *anchors]
        walk = _Walk(found, proved, erased_up_to=_reach(marks, Kind.CUT, Kind.ERASURE))
        walk.begin_after(_newest(marks, Kind.CUT))
        yield from walk.steps(AuditEntry.objects.all())
        if not walk.broken:
            _compare_with_head(found, head)
            found.faults += [
                f"{_capital(mark.origin)} saw {mark.entries} entries; only {found.entries} are left."
                for mark in proved
                if mark.entries > found.entries
            ]
    found.faults += [f"The database's guard {name} does not stand." for name in guards.missing(connection)]
    found.finished_at = timezone.now()
    yield found


def verify_part(begin: AuditCheckpoint | None, end_id: int) -> Verification:
    """Return what is found between a checkpoint (None: the beginning) and the entry with this id, this one included.

    Nothing but the entries themselves is looked at: neither the head nor the guards nor later checkpoints.
    """
    found = Verification()
    marks = _genuine_checkpoints(found)
    walk = _Walk(found, [], erased_up_to=_reach(marks, Kind.CUT, Kind.ERASURE))
    walk.begin_after(begin)
    entries = AuditEntry.objects.filter(id__gt=begin.last_id if begin else 0, id__lte=end_id)
    for _ in walk.steps(entries):
        pass
    return found


@contextmanager
def _one_view() -> Iterator[None]:
    """Every query inside sees the tables as the first one did, and no writer waits for it."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:  # atomic() would begin IMMEDIATE, and stop every writer for as long as the walk takes
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def _genuine_checkpoints(found: Verification) -> list[AuditCheckpoint]:
    """Return the checkpoints that are not known to be forged, in the order of the chain."""
    genuine = []
    for mark in AuditCheckpoint.objects.order_by("entries", "id"):
        if _judge(mark, f"checkpoint #{mark.pk}", found):
            genuine.append(mark)
    return genuine


def _judge(mark: AuditCheckpoint, origin: str, found: Verification) -> bool:
    ours = audit.is_ours(mark)
    if ours is None:
        found.doubts.append(f"{_capital(origin)} is signed with key {mark.key_id}, which is not configured.")
    elif not ours:
        found.faults.append(f"{_capital(origin)}: its signature is not ours.")
    return ours is not False


def _witnessed(found: Verification) -> Iterator[Anchor]:
    """Yield what the checkpoints kept outside the database say."""
    path = settings.AUDIT_CHECKPOINT_FILE
    if not path:
        return
    try:
        for number, mark in witness.read(path):
            origin = f"line {number} of {path}"
            if mark is None:
                found.doubts.append(f"{_capital(origin)} is not a checkpoint.")
            elif _judge(mark, origin, found):
                yield _anchor_of(mark, origin)
    except OSError as error:
        found.doubts.append(f"The checkpoints outside the database cannot be read: {error}.")


def _anchor_of(mark: AuditCheckpoint, origin: str) -> Anchor:
    return Anchor(mark.entries, mark.last_hash, origin)


def _newest(marks: list[AuditCheckpoint], *kinds: str) -> AuditCheckpoint | None:
    return next((mark for mark in reversed(marks) if mark.kind in kinds), None)


def _reach(marks: list[AuditCheckpoint], *kinds: str) -> int:
    """Return the id of the last entry that a checkpoint of these kinds speaks of, 0 when there is none."""
    return max((mark.last_id for mark in marks if mark.kind in kinds), default=0)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# One row of the walk: plain values, because model instances would cost more than all the hashing.
_COLUMNS = ("id", "hash", "signature", "bulk_id", *audit.CHAINED_FIELDS)
_PERSONAL_COLUMNS = (
    "personal__entry_id",
    "personal__salts",
    "personal__actor_folded",
    "personal__caller_folded",
    *(f"personal__{name}" for name in audit.PERSONAL_FIELDS),
)


class _Walk:
    """One pass over a part of the chain, to its last entry or to the first broken one."""

    def __init__(self, found: Verification, anchors: list[Anchor], erased_up_to: int) -> None:
        self.found, self.broken, self.erased_up_to = found, False, erased_up_to
        self.anchors: dict[int, list[Anchor]] = {}
        for anchor in anchors:
            self.anchors.setdefault(anchor.entries, []).append(anchor)
        self.key_id = audit.signing_key_id()
        self.strange_keys: dict[str, tuple[int, int, int]] = {}  # how many entries, the first one, the last one

    def begin_after(self, mark: AuditCheckpoint | None) -> None:
        """Take the entries up to this checkpoint for proved; None begins at the beginning."""
        if mark is None:
            return
        found = self.found
        found.entries = found.removed = mark.entries
        found.last_id, found.last_hash = mark.last_id, mark.last_hash
        found.faults += [
            f"Checkpoint #{mark.pk} contradicts {anchor.origin}."
            for anchor in self.anchors.get(mark.entries, ())
            if anchor.last_hash != mark.last_hash
        ]

    def steps(self, entries: QuerySet[AuditEntry]) -> Iterator[Verification]:
        """Yield the Verification every 1,000 entries."""
        for row in entries.order_by("id").values_list(*_COLUMNS, *_PERSONAL_COLUMNS).iterator(2000):
            entry = dict(zip(_COLUMNS, row, strict=False))
            if fault := self._fault_of(entry, row[len(_COLUMNS) :]):
                self.broken = True
                self.found.faults.append(f"Audit entry #{entry['id']} of {entry['at']:%Y-%m-%d %H:%M:%S} UTC: {fault}")
                break
            self._proved(entry)
            if self.found.entries % 1000 == 0:
                yield self.found
        self._report_strange_keys()

    def _fault_of(self, entry: dict[str, Any], personal: tuple[Any, ...]) -> str:
        if entry["previous_hash"] != self.found.last_hash:
            return "it does not follow the entry before; one was removed, inserted or rewritten."
        if entry["hash"] != audit.hash_of_fields({name: entry[name] for name in audit.CHAINED_FIELDS}):
            return "its content was changed."
        if entry["key_id"] == self.key_id and not hmac.compare_digest(entry["signature"], audit.sign(entry["hash"])):
            return "its signature is not ours."
        if _bulk_in(entry["details"]) != (str(entry["bulk_id"]) if entry["bulk_id"] else None):
            return "the bulk it is searched by was changed."
        for anchor in self.anchors.get(self.found.entries + 1, ()):
            if anchor.last_hash != entry["hash"]:
                return f"it contradicts {anchor.origin}."
        if personal[0] is None and entry["id"] <= self.erased_up_to:
            self.found.erased += 1
            return ""
        return _personal_fault(entry["commitments"], *personal)

    def _proved(self, entry: dict[str, Any]) -> None:
        self.found.entries += 1
        self.found.last_id, self.found.last_hash = entry["id"], entry["hash"]
        if entry["key_id"] != self.key_id:
            count, first, _ = self.strange_keys.get(entry["key_id"], (0, entry["id"], 0))
            self.strange_keys[entry["key_id"]] = (count + 1, first, entry["id"])

    def _report_strange_keys(self) -> None:
        for key_id, (count, first, last) in self.strange_keys.items():
            self.found.doubts.append(
                f"{count} entries from #{first} to #{last} are signed with key {key_id}, which is not configured."
            )


def _bulk_in(details: str) -> str | None:
    return json.loads(details).get("bulk_id") if '"bulk_id"' in details else None


def _personal_fault(
    commitments: str, entry_id: int | None, salts: str, actor_folded: str, caller_folded: str, *values: str
) -> str:
    if entry_id is None:
        return "its personal values are gone without a trace of being erased."
    committed, salt_of = json.loads(commitments), _salts(salts)
    for name, value in zip(audit.PERSONAL_FIELDS, values, strict=True):
        if name not in committed:
            if value:
                return f"its {name} was added later."
        elif audit.commitment(salt_of.get(name, ""), name, value) != committed[name]:
            return f"its {name} was changed."
    named = dict(zip(audit.PERSONAL_FIELDS, values, strict=True))
    if (actor_folded, caller_folded) != (audit.folded(named["actor_name"]), audit.folded(named["caller_name"])):
        return "the names it is searched by were changed."
    return ""


def _salts(text: str) -> dict[str, str]:
    try:
        salts = json.loads(text)
    except ValueError:
        return {}
    return {name: str(salt) for name, salt in salts.items()} if isinstance(salts, dict) else {}


def _compare_with_head(found: Verification, head: AuditHead | None) -> None:
    if head is None and not found.entries:
        found.doubts.append("There is neither an entry nor a head of the chain: nothing to prove anything by.")
    elif head is None:
        found.faults.append("The head of the chain is missing.")
    elif head.entries != found.entries:
        found.faults.append(f"The chain has {found.entries} entries; its head counted {head.entries}.")
    elif head.last_hash != found.last_hash:
        found.faults.append("The head of the chain does not name its last entry.")
