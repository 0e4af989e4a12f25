"""The hash chain of audit entries: each entry is hashed with its predecessor's hash, signed and appended.

Personal values are hashed only as salted commitments, so they can be erased without breaking the chain.
"""

import hashlib
import hmac
import json
import secrets
import unicodedata
import uuid
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django.db import DatabaseError, connection, models, transaction
from django.db.models import Exists
from django.utils import timezone

from calls.audit import actions, signing
from calls.audit.actor import Actor
from calls.graph.answers import Answer
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


NO_ANSWER = Answer()


class HistoryUnavailable(DatabaseError):
    """The entry cannot be stored, so the recorded act must not happen."""


def append(
    action: str,
    *,
    actor: Actor,
    call: Call | None = None,
    attempt: RejectAttempt | None = None,
    reason: str = "",
    note: str = "",
    words: str = "",
    answer: Answer = NO_ANSWER,
    details: Mapping[str, object] | None = None,
    bulk_id: uuid.UUID | None = None,
) -> AuditEntry:
    """Append one entry to the end of the chain and return it.

    Call it inside the transaction of the recorded act. Text that is too long for its column is cut; characters that
    databases refuse are removed or replaced. `reason` and `bulk_id` come from the attempt, if one is given, and `note`
    too unless the caller gives one. Details are chained and cannot be erased, so text written by people or by Graph
    goes to `note` and `words`; Graph's message goes to `words` unless the caller gives other words.

    Raises actions.Undeclared for an undeclared action or detail, and django.db.DatabaseError when the entry cannot be
    stored: HistoryUnavailable when the chain has no head or a trigger discards the row, TransactionManagementError
    outside a transaction. The act must then not happen.
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
    _fit_columns(entry)
    _fit_columns(personal)
    personal.actor_folded, personal.caller_folded = folded(personal.actor_name), folded(personal.caller_name)
    _link(entry, personal)
    return entry


def _fit_columns(row: AuditEntry | AuditPersonal) -> None:
    for column in row._meta.concrete_fields:
        if isinstance(column, models.CharField):
            text = str(getattr(row, column.attname)).replace("\0", "").encode("utf-8", "replace").decode()
            setattr(row, column.attname, text[: column.max_length])


def folded(name: str) -> str:
    """Return the name for case-insensitive search: NFKC-normalized and case-folded, at most 300 characters."""
    return unicodedata.normalize("NFKC", name).casefold()[:300]


def _graph_date(answer: Answer) -> dict[str, object]:
    return {"graph_date": answer.date} if answer.date else {}


def _link(entry: AuditEntry, personal: AuditPersonal) -> None:
    commitments, salts = _commit_to(personal)
    entry.commitments, personal.salts = _canonical_json(commitments), _canonical_json(salts)
    entry.key_id = signing.key_id()
    # The head's lock comes last: every appending transaction waits for it until this one ends.
    head = locked_head()
    entry.at = timezone.now()  # read under the lock, so that times ascend along the chain
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
        # A trigger discarded the row, so INSERT … RETURNING returned none and Django unpacks None.
        raise HistoryUnavailable(NOT_KEPT) from error


def _move_head(head: AuditHead, entry: AuditEntry) -> None:
    """Point the head to the entry; raise HistoryUnavailable if a row of it is not stored."""
    # A trigger can discard an inserted row without an error, so the update checks that both rows exist.
    stored = Exists(AuditEntry.objects.filter(pk=entry.pk)), Exists(AuditPersonal.objects.filter(pk=entry.pk))
    moved = AuditHead.objects.filter(*stored, pk=head.pk).update(
        entries=head.entries + 1, last_id=entry.pk, last_hash=entry.hash
    )
    if not moved:
        raise HistoryUnavailable(NOT_KEPT)


def locked_head() -> AuditHead:
    """Return the chain's head, locked until the transaction ends, so that no other transaction appends.

    Raises HistoryUnavailable when there is none, TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:  # SQLite takes no lock then and raises nothing
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
    """Return the hex HMAC of a personal value; without the salt it reveals nothing about the value."""
    return hmac.new(salt.encode(), f"{name}\0{value}".encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def hash_of(entry: AuditEntry) -> str:
    """Return the hex SHA-256 of the entry's canonical form, the previous hash included, its own id left out."""
    return hash_of_fields({name: getattr(entry, name) for name in CHAINED_FIELDS})


def hash_of_fields(fields: dict[str, Any]) -> str:
    """Return the hex SHA-256 of CHAINED_FIELDS given as plain values, `at` as an aware datetime."""
    at = fields["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(_canonical_json({**fields, "at": at}).encode()).hexdigest()


def is_genuine(entry: AuditEntry) -> bool | None:
    """Return whether the entry's content and signature are valid, None when its signing key is not configured.

    Its place in the chain is checked by `calls.audit.verify.verification` only.
    """
    if entry.hash != hash_of(entry):
        return False
    return signing.holds(entry.hash, signing.keys().get(entry.key_id), entry.signature)


_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _canonical_json(value: object) -> str:
    return _encoder.encode(value)


def ensure_head() -> None:
    """Create the chain's head if it is absent; it then points to the newest entry."""
    with transaction.atomic():
        if AuditHead.objects.exists():
            return
        newest = AuditEntry.objects.order_by("-id").first()
        last_id, last_hash = (newest.pk, newest.hash) if newest else (0, GENESIS)
        AuditHead.objects.get_or_create(
            id=1, defaults={"entries": AuditEntry.objects.count(), "last_id": last_id, "last_hash": last_hash}
        )
