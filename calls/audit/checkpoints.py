"""Signed checkpoints: how long the chain was, and which hash it ended with."""

from datetime import UTC

from django.db import transaction
from django.utils import timezone

from calls.audit import signing
from calls.audit.chain import locked_head
from calls.models import AuditCheckpoint

Kind = AuditCheckpoint.Kind


def checkpoint() -> AuditCheckpoint | None:
    """Sign how long the chain is now; return the checkpoint, or None when nothing was appended since the last one.

    Raises HistoryUnavailable when the chain has no head.
    """
    with transaction.atomic():
        head = locked_head()
        newest = AuditCheckpoint.objects.order_by("-id").first()
        if newest and head.entries == newest.entries:
            return None
        return create(Kind.SEAL, head.entries, head.last_id, head.last_hash) if head.entries else None


def create(kind: AuditCheckpoint.Kind, entries: int, last_id: int, last_hash: str) -> AuditCheckpoint:
    """Store and return a signed checkpoint: the chain's entry number `entries` has this id and this hash."""
    made = AuditCheckpoint(
        kind=kind, at=timezone.now(), entries=entries, last_id=last_id, last_hash=last_hash, key_id=signing.key_id()
    )
    made.signature = signing.sign(checkpoint_text(made))
    made.save()
    return made


def checkpoint_text(made: AuditCheckpoint) -> str:
    """Return what a checkpoint's signature signs."""
    at = made.at.astimezone(UTC).isoformat(timespec="microseconds")
    states = "checkpoint" if made.kind == Kind.SEAL else f"checkpoint:{made.kind}"
    return f"{states}:{at}:{made.entries}:{made.last_id}:{made.last_hash}:{made.key_id}"


def is_ours(made: AuditCheckpoint) -> bool | None:
    """Return whether a checkpoint's signature holds, None when it is signed with a key that is not configured."""
    return signing.holds(checkpoint_text(made), signing.keys().get(made.key_id), made.signature)
