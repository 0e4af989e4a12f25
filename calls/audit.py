"""The audit history: append an entry, chain it, sign it, prove later that nothing was changed.

Each entry's hash covers the hash before it and a canonical form of its own fields, personal values only through salted
commitments. Its signature needs AUDIT_SIGNING_KEY, which is never in the database. Checkpoints sign how long the chain
was. Entries are appended under the lock of one head row, taken last in the transaction, so that ids follow the chain.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from calls import guards
from calls.models import AuditCheckpoint, AuditEntry, AuditHead, AuditPersonal, Call, RejectAttempt

GENESIS = "0" * 64
PERSONAL_FIELDS = ("actor_name", "address", "caller_name", "caller_id", "note")
CHAINED_FIELDS = (
    "at",
    "action",
    "actor_id",
    "call_key",
    "graph_id",
    "chain_id",
    "tenant_id",
    "attempt_id",
    "reason",
    "graph_status",
    "graph_code",
    "request_id",
    "client_request_id",
    "details",
    "commitments",
    "previous_hash",
    "key_id",
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person's account as text, or the dashboard itself."""

    id: str
    name: str
    address: str = ""


SYSTEM = Actor(id="system", name="Calls Dashboard")


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """What Graph said, as far as it belongs in the history."""

    status: int | None = None
    code: str = ""
    message: str = ""
    request_id: str = ""
    client_request_id: str = ""
    date: str = ""


NO_ANSWER = GraphAnswer()


class HistoryUnavailable(DatabaseError):
    """The history cannot take an entry, so the act it would record must not happen."""


def append(
    action: str,
    *,
    actor: Actor,
    call: Call | None = None,
    attempt: RejectAttempt | None = None,
    reason: str = "",
    note: str = "",
    answer: GraphAnswer = NO_ANSWER,
    details: Mapping[str, object] | None = None,
) -> AuditEntry:
    """Append one entry as the newest link of the chain and return it.

    Must run inside the transaction of the act it records, after that transaction's other locks are taken: it locks the
    chain's head until the commit. Text too long for its column, or that no database stores, is clipped and cleaned.
    Raises django.db.DatabaseError when the entry cannot be written (HistoryUnavailable when the chain has no head,
    TransactionManagementError outside a transaction); the act must then not happen.
    """
    entry = AuditEntry(
        at=timezone.now(),
        action=action,
        actor_id=actor.id,
        call_key=str(call.key) if call else "",
        graph_id=call.graph_id if call else "",
        chain_id=call.chain_id if call else "",
        tenant_id=call.tenant_id if call else "",
        attempt_id=str(attempt.id) if attempt else "",
        reason=attempt.reason if attempt else reason,
        graph_status=answer.status,
        graph_code=answer.code,
        request_id=answer.request_id,
        client_request_id=answer.client_request_id,
        details=_canonical_json({**_graph_details(answer), **(details or {})}),
    )
    personal = AuditPersonal(
        actor_name=actor.name,
        address=actor.address,
        caller_name=call.caller_name if call else "",
        caller_id=(call.source or {}).get("id") or "" if call else "",
        note=attempt.note if attempt else note,
    )
    _fit(entry)
    _fit(personal)
    _link(entry, personal)
    return entry


def _fit(row: AuditEntry | AuditPersonal) -> None:
    for column in row._meta.concrete_fields:
        if isinstance(column, models.CharField):
            text = str(getattr(row, column.attname)).replace("\0", "").encode("utf-8", "replace").decode()
            setattr(row, column.attname, text[: column.max_length])


def _graph_details(answer: GraphAnswer) -> dict[str, object]:
    told = {"graph_message": answer.message, "graph_date": answer.date}
    return {name: value for name, value in told.items() if value}


def _link(entry: AuditEntry, personal: AuditPersonal) -> None:
    commitments, salts = _commit_to(personal)
    entry.commitments, personal.salts = _canonical_json(commitments), _canonical_json(salts)
    entry.key_id = signing_key_id()
    head = _locked_head()
    entry.previous_hash = head.last_hash
    entry.hash = hash_of(entry)
    entry.signature = sign(entry.hash)
    entry.save()
    personal.entry = entry
    personal.save()
    head.entries, head.last_id, head.last_hash = head.entries + 1, entry.pk, entry.hash
    head.save(update_fields=["entries", "last_id", "last_hash"])


def _locked_head() -> AuditHead:
    if not connection.in_atomic_block:  # SQLite would not say so, and would take no lock
        raise transaction.TransactionManagementError("The audit history is appended to inside a transaction.")
    try:
        return AuditHead.objects.select_for_update().get()
    except AuditHead.DoesNotExist:
        raise HistoryUnavailable("The audit history has no head; `manage.py migrate` restores it.") from None


def _commit_to(personal: AuditPersonal) -> tuple[dict[str, str], dict[str, str]]:
    values = {name: value for name in PERSONAL_FIELDS if (value := getattr(personal, name))}
    salts = {name: secrets.token_hex(16) for name in values}
    return {name: commitment(salts[name], name, value) for name, value in values.items()}, salts


def commitment(salt: str, name: str, value: str) -> str:
    """Return the hex digest that binds an entry to a personal value without revealing it once the salt is gone."""
    return hmac.digest(salt.encode(), f"{name}\0{value}".encode("utf-8", "surrogatepass"), "sha256").hex()


def hash_of(entry: AuditEntry) -> str:
    """Return the hex SHA-256 of the entry's canonical form, the previous hash included, its own id left out."""
    return _hash_of_fields({name: getattr(entry, name) for name in CHAINED_FIELDS})


def _hash_of_fields(fields: dict[str, Any]) -> str:
    at = fields["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(_canonical_json({**fields, "at": at}).encode()).hexdigest()


def sign(text: str) -> str:
    """Return the hex HMAC-SHA256 of `text` under AUDIT_SIGNING_KEY."""
    return hmac.digest(settings.AUDIT_SIGNING_KEY.encode(), text.encode(), "sha256").hex()


def signing_key_id() -> str:
    """Return a short name for the signing key that gives nothing of it away."""
    return hashlib.sha256(b"callsdashboard audit key id\0" + settings.AUDIT_SIGNING_KEY.encode()).hexdigest()[:16]


_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _canonical_json(value: object) -> str:
    return _encoder.encode(value)


def ensure_head() -> None:
    """Create the chain's head where there is none yet: at the beginning, or behind the newest entry there is."""
    with transaction.atomic():
        if AuditHead.objects.exists():
            return
        newest = AuditEntry.objects.order_by("-id").first()
        last_id, last_hash = (newest.pk, newest.hash) if newest else (0, GENESIS)
        AuditHead.objects.get_or_create(
            id=1, defaults={"entries": AuditEntry.objects.count(), "last_id": last_id, "last_hash": last_hash}
        )


def checkpoint() -> AuditCheckpoint | None:
    """Sign how long the chain is now; return the checkpoint, or None when nothing was appended since the last one.

    Raises HistoryUnavailable when the chain has no head.
    """
    with transaction.atomic():
        head = _locked_head()
        newest = AuditCheckpoint.objects.order_by("-id").first()
        if head.entries == (newest.entries if newest else 0):
            return None
        made = AuditCheckpoint(
            at=timezone.now(), entries=head.entries, last_id=head.last_id, last_hash=head.last_hash,
            key_id=signing_key_id(),
        )  # fmt: skip
        made.signature = sign(_checkpoint_text(made))
        made.save()
        return made


def _checkpoint_text(made: AuditCheckpoint) -> str:
    at = made.at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"checkpoint:{at}:{made.entries}:{made.last_id}:{made.last_hash}:{made.key_id}"


# Proof --------------------------------------------------------------------------------------------------------------


class Verdict(IntEnum):
    """What a verification found; also the exit code of `manage.py verify_audit`."""

    INTACT = 0
    BROKEN = 1
    UNPROVED = 2


@dataclass(slots=True)
class Verification:
    """How far the history is proved, every fault found (first the one nearest the beginning), and every doubt.

    A fault proves that something was changed or lost; a doubt is what cannot be proved either way.
    """

    entries: int = 0
    last_id: int = 0
    last_hash: str = GENESIS
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    finished_at: datetime | None = None

    @property
    def verdict(self) -> Verdict:
        """BROKEN outweighs UNPROVED outweighs INTACT."""
        if self.faults:
            return Verdict.BROKEN
        return Verdict.UNPROVED if self.doubts else Verdict.INTACT


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
        proved = [*_proved_checkpoints(found), *anchors]
        walked = _Walk(found, proved)
        yield from walked.steps()
        if not walked.broken:
            _compare_with_head(found, head)
            found.faults += [
                f"{mark.origin} saw {mark.entries} entries; only {found.entries} are left.".capitalize()
                for mark in proved
                if mark.entries > found.entries
            ]
    found.faults += [f"The database's guard {name} does not stand." for name in guards.missing(connection)]
    found.finished_at = timezone.now()
    yield found


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


def _proved_checkpoints(found: Verification) -> Iterator[Anchor]:
    for mark in AuditCheckpoint.objects.order_by("entries", "id"):
        origin = f"checkpoint #{mark.pk}"
        if mark.key_id != signing_key_id():
            found.doubts.append(f"{origin.capitalize()} is signed with key {mark.key_id}, which is not configured.")
        elif not hmac.compare_digest(mark.signature, sign(_checkpoint_text(mark))):
            found.faults.append(f"{origin.capitalize()}: its signature is not ours.")
        else:
            yield Anchor(mark.entries, mark.last_hash, origin)


# One row of the walk: plain values, because model instances would cost more than all the hashing.
_COLUMNS = ("id", "hash", "signature", *CHAINED_FIELDS)
_PERSONAL_COLUMNS = ("personal__entry_id", "personal__salts", *(f"personal__{name}" for name in PERSONAL_FIELDS))


class _Walk:
    """One pass over the chain, from the first entry to the last or to the first broken one."""

    def __init__(self, found: Verification, anchors: list[Anchor]) -> None:
        self.found, self.broken = found, False
        self.anchors: dict[int, list[Anchor]] = {}
        for anchor in anchors:
            self.anchors.setdefault(anchor.entries, []).append(anchor)
        self.key_id = signing_key_id()
        self.strange_keys: dict[str, tuple[int, int, int]] = {}  # how many entries, the first one, the last one

    def steps(self) -> Iterator[Verification]:
        """Yield the Verification every 1,000 entries."""
        for row in AuditEntry.objects.order_by("id").values_list(*_COLUMNS, *_PERSONAL_COLUMNS).iterator(2000):
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
        if entry["hash"] != _hash_of_fields({name: entry[name] for name in CHAINED_FIELDS}):
            return "its content was changed."
        if entry["key_id"] == self.key_id and not hmac.compare_digest(entry["signature"], sign(entry["hash"])):
            return "its signature is not ours."
        for anchor in self.anchors.get(self.found.entries + 1, ()):
            if anchor.last_hash != entry["hash"]:
                return f"it contradicts {anchor.origin}."
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


def _personal_fault(commitments: str, entry_id: int | None, salts: str, *values: str) -> str:
    if entry_id is None:
        return "its personal values are gone without a trace of being erased."
    committed, salt_of = json.loads(commitments), _salts(salts)
    for name, value in zip(PERSONAL_FIELDS, values, strict=True):
        if name not in committed:
            if value:
                return f"its {name} was added later."
        elif commitment(salt_of.get(name, ""), name, value) != committed[name]:
            return f"its {name} was changed."
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


def is_genuine(entry: AuditEntry) -> bool | None:
    """Return whether the entry's own content and signature hold, None when it is signed with a key not configured.

    Says nothing about its place in the chain; only `verify` does.
    """
    if entry.hash != hash_of(entry):
        return False
    if entry.key_id != signing_key_id():
        return None
    return hmac.compare_digest(entry.signature, sign(entry.hash))
