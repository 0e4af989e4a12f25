"""Verification of the whole audit history: chain, checkpoints, head and triggers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from calls.audit import checkpoint_file, checkpoints, triggers
from calls.audit.verify.chain_verifier import ChainVerifier
from calls.audit.verify.findings import Anchor, Code, Finding, Origin, Place, Verdict, Verification
from calls.audit.verify.tolerant_read import UnreadableRow, iterate_rows
from calls.models import AuditCheckpoint, AuditEntry, AuditHead

__all__ = ["Anchor", "Verdict", "Verification", "verify", "verify_part"]

Kind = AuditCheckpoint.Kind
EXPORT_LAG = timedelta(minutes=15)  # a checkpoint is normally exported within five minutes


def verify(*anchors: Anchor) -> Iterator[Verification]:
    """Verify the whole chain, yielding the same Verification every 1,000 entries and at the end; changes nothing.

    Reads a snapshot of the tables, so entries can be appended meanwhile. Stops at the first broken entry, because all
    later ones depend on it. Must run outside a transaction. Raises django.db.DatabaseError when the tables cannot be
    read.
    """
    found = Verification()
    # Read before the snapshot begins, so that the tables have every checkpoint that the file has.
    exported = _ExportedCheckpoints(found)
    with _snapshot():
        head = AuditHead.objects.first()
        stored = _StoredCheckpoints(found, AuditCheckpoint.objects.all())
        exported.compare(stored)
        all_anchors = [*stored.anchors, *exported.anchors, *anchors]
        verifier = ChainVerifier(found, all_anchors, erased_up_to=stored.erased_up_to)
        verifier.begin_after(stored.cut)
        yield from verifier.steps(AuditEntry.objects.all())
        if not verifier.broken:
            verifier.keys.check_current_key()
            _compare_with_head(found, head)
            found.faults += [
                Finding.of(Code.MARK_SAW_MORE, origin=anchor.origin, count=anchor.entries, left=found.entries)
                for anchor in all_anchors
                if anchor.entries > found.entries
            ]
    found.faults += [Finding.of(Code.TRIGGER_MISSING, name=name) for name in triggers.missing(connection)]
    found.finished_at = timezone.now()
    yield found


def verify_part(begin: AuditCheckpoint | None, end_id: int) -> Verification:
    """Verify the entries after a checkpoint (None: from the beginning) up to the one with this id, inclusive.

    Checks the entries only: neither the head nor the triggers nor later checkpoints.
    """
    found = Verification()
    stored = _StoredCheckpoints(found, AuditCheckpoint.objects.filter(kind__in=[Kind.CUT, Kind.ERASURE]))
    verifier = ChainVerifier(found, [], erased_up_to=stored.erased_up_to)
    verifier.begin_after(begin)
    entries = AuditEntry.objects.filter(id__gt=begin.last_id if begin else 0, id__lte=end_id)
    for _ in verifier.steps(entries):
        pass
    return found


@contextmanager
def _snapshot() -> Iterator[None]:
    """Read the tables as they are at the first query inside, without blocking writers."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:  # atomic() would begin IMMEDIATE and block every writer until the verification ends
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


class _StoredCheckpoints:
    """The checkpoints in the database, without those whose signature is invalid."""

    def __init__(self, found: Verification, stored: QuerySet[AuditCheckpoint]) -> None:
        self.anchors: list[Anchor] = []
        self.signed: dict[int, tuple[str, datetime]] = {}  # signature and time, by id
        self.cut: AuditCheckpoint | None = None
        self.erased_up_to = 0
        for checkpoint in iterate_rows(stored.order_by("entries", "id")):
            origin = Origin(Place.CHECKPOINT, id=checkpoint.pk)
            if isinstance(checkpoint, UnreadableRow):
                found.faults.append(Finding.of(Code.MARK_UNREADABLE, origin=origin))
            elif _check_signature(checkpoint, origin, found):
                self._take(checkpoint, origin)

    def _take(self, checkpoint: AuditCheckpoint, origin: Origin) -> None:
        self.anchors.append(_anchor_of(checkpoint, origin))
        self.signed[checkpoint.pk] = (checkpoint.signature, checkpoint.at)
        if checkpoint.kind == Kind.CUT:
            self.cut = checkpoint
        if checkpoint.kind in (Kind.CUT, Kind.ERASURE):
            self.erased_up_to = max(self.erased_up_to, checkpoint.last_id)


class _ExportedCheckpoints:
    """The checkpoints in AUDIT_CHECKPOINT_FILE; none when it is not set."""

    def __init__(self, found: Verification) -> None:
        self._found, self._path = found, settings.AUDIT_CHECKPOINT_FILE
        self.anchors: list[Anchor] = []
        self._signed: dict[int, tuple[str, Origin]] = {}  # signature and line, by id
        try:
            for number, checkpoint in checkpoint_file.read(self._path) if self._path else ():
                self._take(checkpoint, Origin(Place.LINE, number=number, path=self._path))
        except OSError as error:
            found.warnings.append(Finding.of(Code.OUTSIDE_UNREADABLE, problem=str(error)))
            self._path = ""

    def _take(self, checkpoint: AuditCheckpoint | None, origin: Origin) -> None:
        if checkpoint is None:
            self._found.warnings.append(Finding.of(Code.MARK_MALFORMED, origin=origin))
        elif _check_signature(checkpoint, origin, self._found):
            self.anchors.append(_anchor_of(checkpoint, origin))
            self._signed[checkpoint.pk] = (checkpoint.signature, origin)

    def compare(self, stored: _StoredCheckpoints) -> None:
        """Find exported checkpoints that the database lost or exchanged, and stored ones that were never exported."""
        if not self._path:
            return
        for id, (signature, origin) in self._signed.items():
            if id not in stored.signed:
                self._found.faults.append(Finding.of(Code.CHECKPOINT_GONE, id=id, origin=origin))
            elif stored.signed[id][0] != signature:
                self._found.faults.append(Finding.of(Code.CHECKPOINT_EXCHANGED, id=id, origin=origin))
        latest = timezone.now() - EXPORT_LAG
        missing = sorted(id for id, (_, at) in stored.signed.items() if id not in self._signed and at < latest)
        if missing:
            count, first = len(missing), missing[0]
            self._found.warnings.append(
                Finding.of(Code.CHECKPOINTS_NOT_OUTSIDE, count=count, first=first, path=self._path)
            )


def _check_signature(checkpoint: AuditCheckpoint, origin: Origin, found: Verification) -> bool:
    """Return False for an invalid signature; add a finding unless it is valid."""
    ours = checkpoints.is_ours(checkpoint) if _is_whole(checkpoint) else False
    if ours is None:
        found.warnings.append(Finding.of(Code.MARK_KEY_UNKNOWN, origin=origin, key=checkpoint.key_id))
    elif not ours:
        found.faults.append(Finding.of(Code.MARK_SIGNATURE, origin=origin))
    return ours is not False


def _is_whole(checkpoint: AuditCheckpoint) -> bool:
    """Return whether its values have the types that this program writes; SQLite stores any other type too."""
    numbers, texts = (
        (checkpoint.entries, checkpoint.last_id),
        (checkpoint.last_hash, checkpoint.key_id, checkpoint.signature),
    )
    return (
        isinstance(checkpoint.at, datetime)
        and all(isinstance(number, int) for number in numbers)
        and all(isinstance(text, str) for text in texts)
    )


def _anchor_of(checkpoint: AuditCheckpoint, origin: Origin) -> Anchor:
    return Anchor(checkpoint.entries, checkpoint.last_hash, origin)


def _compare_with_head(found: Verification, head: AuditHead | None) -> None:
    if head is None and not found.entries:
        found.warnings.append(Finding.of(Code.NOTHING_THERE))
    elif head is None:
        found.faults.append(Finding.of(Code.HEAD_MISSING))
    elif head.entries != found.entries:
        found.faults.append(Finding.of(Code.HEAD_COUNT, count=found.entries, counted=head.entries))
    elif head.last_hash != found.last_hash:
        found.faults.append(Finding.of(Code.HEAD_HASH))
    elif head.last_id != found.last_id:
        found.faults.append(Finding.of(Code.HEAD_LAST, said=head.last_id, last=found.last_id))
