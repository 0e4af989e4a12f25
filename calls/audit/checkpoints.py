"""Signed checkpoints: the length of the chain and its last hash at a moment."""

from datetime import UTC

from django.db import transaction
from django.utils import timezone

from calls.audit import signing
from calls.audit.chain import locked_head
from calls.models import AuditCheckpoint

Kind = AuditCheckpoint.Kind


def sign_chain() -> AuditCheckpoint | None:
    """Create a checkpoint at the end of the chain and return it, None when the newest one has the same length.

    Raises HistoryUnavailable when the chain has no head.
    """
    with transaction.atomic():
        head = locked_head()
        newest = AuditCheckpoint.objects.order_by("-id").first()
        if newest and head.entries == newest.entries:
            return None
        return create(Kind.SEAL, head.entries, head.last_id, head.last_hash) if head.entries else None


def create(kind: AuditCheckpoint.Kind, entries: int, last_id: int, last_hash: str) -> AuditCheckpoint:
    """Sign, store and return a checkpoint: entry number `entries` of the chain has this id and hash."""
    checkpoint = AuditCheckpoint(
        kind=kind, at=timezone.now(), entries=entries, last_id=last_id, last_hash=last_hash, key_id=signing.key_id()
    )
    checkpoint.signature = signing.sign(checkpoint_text(checkpoint))
    checkpoint.save()
    return checkpoint


def checkpoint_text(checkpoint: AuditCheckpoint) -> str:
    """Return the text that a checkpoint's signature covers."""
    at = checkpoint.at.astimezone(UTC).isoformat(timespec="microseconds")
    states = "checkpoint" if checkpoint.kind == Kind.SEAL else f"checkpoint:{checkpoint.kind}"
    return f"{states}:{at}:{checkpoint.entries}:{checkpoint.last_id}:{checkpoint.last_hash}:{checkpoint.key_id}"


def is_ours(checkpoint: AuditCheckpoint) -> bool | None:
    """Return whether a checkpoint's signature is valid, None when its signing key is not configured."""
    return signing.holds(checkpoint_text(checkpoint), signing.keys().get(checkpoint.key_id), checkpoint.signature)
