"""The audit history: append an entry, chain it, sign it.

Each entry's hash covers the hash before it and a canonical form of its own fields, personal values only through salted
commitments. Its signature needs AUDIT_SIGNING_KEY, which is never in the database. Checkpoints sign how long the chain
was. Entries are appended under the lock of one head row, taken last in the transaction, so that ids follow the chain.
"""

import hashlib
import hmac
import json
import secrets
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db import DatabaseError, connection, models, transaction
from django.db.models import Exists
from django.utils import timezone

from calls.audit import actions, signing
from calls.audit.actor import Actor
from calls.models import AuditCheckpoint, AuditEntry, AuditHead, AuditPersonal, Call, RejectAttempt

GENESIS = "0" * 64
Kind = AuditCheckpoint.Kind
PERSONAL_FIELDS = ("actor_name", "address", "caller_name", "caller_id", "note", "words")
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
NOT_KEPT = "The database did not keep the entry."


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
    words: str = "",
    answer: GraphAnswer = NO_ANSWER,
    details: Mapping[str, object] | None = None,
    bulk_id: uuid.UUID | None = None,
) -> AuditEntry:
    """Append one entry as the newest link of the chain and return it.

    Of an attempt, reason and bulk are copied, and its note where no other is given. The details are chained and stay
    for ever: what somebody else worded belongs into `words`, as Graph's message does by itself.

    Must run inside the transaction of the act it records, after that transaction's other locks are taken: it locks the
    chain's head until the commit. Text too long for its column, or that no database stores, is clipped and cleaned.
    Raises actions.Undeclared for an action or a detail that `calls.audit.actions` does not declare,
    django.db.DatabaseError when the entry cannot be written (HistoryUnavailable when the chain has no head or the
    database swallows the entry, TransactionManagementError outside a transaction); the act must then not happen.
    """
    actions.action(action).check(details or ())
    bulk_id = attempt.bulk_id if attempt else bulk_id
    joined = {"bulk_id": str(bulk_id)} if bulk_id else {}
    entry = AuditEntry(
        action=action,
        actor_id=actor.id,
        call_key=str(call.public_id) if call else "",
        graph_id=call.graph_id if call else "",
        chain_id=call.chain_id if call else "",
        tenant_id=call.tenant_id if call else "",
        attempt_id=str(attempt.id) if attempt else "",
        reason=attempt.reason if attempt else reason,
        graph_status=answer.status,
        graph_code=answer.code,
        request_id=answer.request_id,
        client_request_id=answer.client_request_id,
        details=_canonical_json({**_graph_date(answer), **joined, **(details or {})}),
        bulk_id=bulk_id,
    )
    personal = AuditPersonal(
        actor_name=actor.name,
        address=actor.address,
        caller_name=call.caller_name if call else "",
        caller_id=(call.source or {}).get("id") or "" if call else "",
        note=note or (attempt.note if attempt else ""),
        words=words or answer.message,
    )
    _fit(entry)
    _fit(personal)
    personal.actor_folded, personal.caller_folded = folded(personal.actor_name), folded(personal.caller_name)
    _link(entry, personal)
    return entry


def _fit(row: AuditEntry | AuditPersonal) -> None:
    for column in row._meta.concrete_fields:
        if isinstance(column, models.CharField):
            text = str(getattr(row, column.attname)).replace("\0", "").encode("utf-8", "replace").decode()
            setattr(row, column.attname, text[: column.max_length])


def folded(name: str) -> str:
    """Return the name as it is searched for: without regard to case or to how its letters are composed."""
    return unicodedata.normalize("NFKC", name).casefold()[:300]


def _graph_date(answer: GraphAnswer) -> dict[str, object]:
    return {"graph_date": answer.date} if answer.date else {}


def _link(entry: AuditEntry, personal: AuditPersonal) -> None:
    commitments, salts = _commit_to(personal)
    entry.commitments, personal.salts = _canonical_json(commitments), _canonical_json(salts)
    entry.key_id = signing.key_id()
    head = locked_head()
    entry.at = timezone.now()  # under the lock, so that the order of the times is that of the chain
    entry.previous_hash = head.last_hash
    entry.hash = hash_of(entry)
    entry.signature = signing.sign(entry.hash)
    entry.pk = head.last_id + 1
    personal.entry = entry
    _insert(entry, personal)
    _move_head(head, entry)


def _insert(entry: AuditEntry, personal: AuditPersonal) -> None:
    try:
        entry.save()
        personal.save()
    except TypeError as error:
        # Django unpacks None where a trigger swallowed the row that INSERT … RETURNING should return.
        raise HistoryUnavailable(NOT_KEPT) from error


def _move_head(head: AuditHead, entry: AuditEntry) -> None:
    """Make the entry the chain's last link, if it and its personal values are stored: a trigger may swallow rows."""
    stored = Exists(AuditEntry.objects.filter(pk=entry.pk)), Exists(AuditPersonal.objects.filter(pk=entry.pk))
    moved = AuditHead.objects.filter(*stored, pk=head.pk).update(
        entries=head.entries + 1, last_id=entry.pk, last_hash=entry.hash
    )
    if not moved:
        raise HistoryUnavailable(NOT_KEPT)


def locked_head() -> AuditHead:
    """Return the chain's head, locked until the transaction ends: nobody else appends meanwhile.

    Raises HistoryUnavailable when there is none, TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:  # SQLite would not say so, and would take no lock
        raise transaction.TransactionManagementError("The audit history is appended to inside a transaction.")
    head = AuditHead.objects.select_for_update().filter(pk=1).first()
    if head is None:
        raise HistoryUnavailable("The audit history has no head; `manage.py migrate` restores it.")
    return head


def _commit_to(personal: AuditPersonal) -> tuple[dict[str, str], dict[str, str]]:
    values = {name: value for name in PERSONAL_FIELDS if (value := getattr(personal, name))}
    salts = {name: secrets.token_hex(16) for name in values}
    return {name: commitment(salts[name], name, value) for name, value in values.items()}, salts


def commitment(salt: str, name: str, value: str) -> str:
    """Return the hex digest that binds an entry to a personal value without revealing it once the salt is gone."""
    return hmac.new(salt.encode(), f"{name}\0{value}".encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def hash_of(entry: AuditEntry) -> str:
    """Return the hex SHA-256 of the entry's canonical form, the previous hash included, its own id left out."""
    return hash_of_fields({name: getattr(entry, name) for name in CHAINED_FIELDS})


def hash_of_fields(fields: dict[str, Any]) -> str:
    """Return the hex SHA-256 of CHAINED_FIELDS given as plain values, `at` as an aware datetime."""
    at = fields["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(_canonical_json({**fields, "at": at}).encode()).hexdigest()


def is_genuine(entry: AuditEntry) -> bool | None:
    """Return whether the entry's own content and signature hold, None when it is signed with a key not configured.

    Says nothing about its place in the chain; only `calls.audit.verify.verification` does.
    """
    if entry.hash != hash_of(entry):
        return False
    return signing.holds(entry.hash, signing.keys().get(entry.key_id), entry.signature)


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
