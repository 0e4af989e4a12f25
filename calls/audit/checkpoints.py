"""Signed checkpoints: the length of the chain and its last hash at a moment."""

from datetime import UTC

from django.db import transaction
from django.utils import timezone

from calls.audit import signing
from calls.audit.chain import locked_head
from calls.models import AuditCheckpoint

Kind = AuditCheckpoint.Kind


def checkpoint() -> AuditCheckpoint | None:
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
    made = AuditCheckpoint(
        kind=kind, at=timezone.now(), entries=entries, last_id=last_id, last_hash=last_hash, key_id=signing.key_id()
    )
    made.signature = signing.sign(checkpoint_text(made))
    made.save()
    return made


def checkpoint_text(made: AuditCheckpoint) -> str:
    """Return the text that a checkpoint's signature covers."""
    at = made.at.astimezone(UTC).isoformat(timespec="microseconds")
    states = "checkpoint" if made.kind == Kind.SEAL else f"checkpoint:{made.kind}"
    return f"{states}:{at}:{made.entries}:{made.last_id}:{made.last_hash}:{made.key_id}"


def is_ours(made: AuditCheckpoint) -> bool | None:
    """Return whether a checkpoint's signature is valid, None when its signing key is not configured."""
    return signing.holds(checkpoint_text(made), signing.keys().get(made.key_id), made.signature)
