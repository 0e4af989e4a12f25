"""The proof that nobody changed, removed or inserted audit history, and how far it reaches."""

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
EXPORT_LAG = timedelta(minutes=15)  # a checkpoint is written outside within five minutes, if nothing is wrong


def verify(*anchors: Anchor) -> Iterator[Verification]:
    """Verify the whole chain, yielding the same Verification every 1,000 entries and at the end; changes nothing.

    Others may go on appending meanwhile: it sees the tables as they were when it began. Stops at the first broken
    entry: everything after it hangs on a broken link. Must run outside a transaction. Raises django.db.DatabaseError
    when the tables cannot be read.
    """
    found = Verification()
    outside = _Outside(found)  # read first: then the tables know everything that the file does
    with _one_view():
        head = AuditHead.objects.first()
        marks = _Marks(found, AuditCheckpoint.objects.all())
        outside.compare(marks)
        proved = [*marks.anchors, *outside.anchors, *anchors]
        verifier = ChainVerifier(found, proved, erased_up_to=marks.erased_up_to)
        verifier.begin_after(marks.cut)
        yield from verifier.steps(AuditEntry.objects.all())
        if not verifier.broken:
            verifier.keys.judge_the_end()
            _compare_with_head(found, head)
            found.faults += [
                Finding.of(Code.MARK_SAW_MORE, origin=mark.origin, count=mark.entries, left=found.entries)
                for mark in proved
                if mark.entries > found.entries
            ]
    found.faults += [Finding.of(Code.TRIGGER_MISSING, name=name) for name in triggers.missing(connection)]
    found.finished_at = timezone.now()
    yield found


def verify_part(begin: AuditCheckpoint | None, end_id: int) -> Verification:
    """Return what is found between a checkpoint (None: the beginning) and the entry with this id, this one included.

    Nothing but the entries themselves is looked at: neither the head nor the guards nor later checkpoints.
    """
    found = Verification()
    marks = _Marks(found, AuditCheckpoint.objects.filter(kind__in=[Kind.CUT, Kind.ERASURE]))
    verifier = ChainVerifier(found, [], erased_up_to=marks.erased_up_to)
    verifier.begin_after(begin)
    entries = AuditEntry.objects.filter(id__gt=begin.last_id if begin else 0, id__lte=end_id)
    for _ in verifier.steps(entries):
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


class _Marks:
    """The checkpoints in the database that are not known to be forged."""

    def __init__(self, found: Verification, stored: QuerySet[AuditCheckpoint]) -> None:
        self.anchors: list[Anchor] = []
        self.signed: dict[int, tuple[str, datetime]] = {}  # signature and time, by id
        self.cut: AuditCheckpoint | None = None
        self.erased_up_to = 0
        for mark in iterate_rows(stored.order_by("entries", "id")):
            origin = Origin(Place.CHECKPOINT, id=mark.pk)
            if isinstance(mark, UnreadableRow):
                found.faults.append(Finding.of(Code.MARK_UNREADABLE, origin=origin))
            elif _judge(mark, origin, found):
                self._take(mark, origin)

    def _take(self, mark: AuditCheckpoint, origin: Origin) -> None:
        self.anchors.append(_anchor_of(mark, origin))
        self.signed[mark.pk] = (mark.signature, mark.at)
        if mark.kind == Kind.CUT:
            self.cut = mark
        if mark.kind in (Kind.CUT, Kind.ERASURE):
            self.erased_up_to = max(self.erased_up_to, mark.last_id)


class _Outside:
    """The checkpoints kept outside the database, where the settings name such a place."""

    def __init__(self, found: Verification) -> None:
        self._found, self._path = found, settings.AUDIT_CHECKPOINT_FILE
        self.anchors: list[Anchor] = []
        self._signed: dict[int, tuple[str, Origin]] = {}  # signature and line, by id
        try:
            for number, mark in checkpoint_file.read(self._path) if self._path else ():
                self._take(mark, Origin(Place.LINE, number=number, path=self._path))
        except OSError as error:
            found.warnings.append(Finding.of(Code.OUTSIDE_UNREADABLE, problem=str(error)))
            self._path = ""

    def _take(self, mark: AuditCheckpoint | None, origin: Origin) -> None:
        if mark is None:
            self._found.warnings.append(Finding.of(Code.MARK_MALFORMED, origin=origin))
        elif _judge(mark, origin, self._found):
            self.anchors.append(_anchor_of(mark, origin))
            self._signed[mark.pk] = (mark.signature, origin)

    def compare(self, inside: _Marks) -> None:
        """Find checkpoints that are gone from the database, or were exchanged, and those that never got outside."""
        if not self._path:
            return
        for id, (signature, origin) in self._signed.items():
            if id not in inside.signed:
                self._found.faults.append(Finding.of(Code.CHECKPOINT_GONE, id=id, origin=origin))
            elif inside.signed[id][0] != signature:
                self._found.faults.append(Finding.of(Code.CHECKPOINT_EXCHANGED, id=id, origin=origin))
        settled = timezone.now() - EXPORT_LAG
        missing = sorted(id for id, (_, at) in inside.signed.items() if id not in self._signed and at < settled)
        if missing:
            count, first = len(missing), missing[0]
            self._found.warnings.append(
                Finding.of(Code.CHECKPOINTS_NOT_OUTSIDE, count=count, first=first, path=self._path)
            )


def _judge(mark: AuditCheckpoint, origin: Origin, found: Verification) -> bool:
    ours = checkpoints.is_ours(mark) if _is_whole(mark) else False
    if ours is None:
        found.warnings.append(Finding.of(Code.MARK_KEY_UNKNOWN, origin=origin, key=mark.key_id))
    elif not ours:
        found.faults.append(Finding.of(Code.MARK_SIGNATURE, origin=origin))
    return ours is not False


def _is_whole(mark: AuditCheckpoint) -> bool:
    """Return whether its values are of the kinds that this program writes; SQLite keeps any others as well."""
    numbers, texts = (mark.entries, mark.last_id), (mark.last_hash, mark.key_id, mark.signature)
    return (
        isinstance(mark.at, datetime)
        and all(isinstance(number, int) for number in numbers)
        and all(isinstance(text, str) for text in texts)
    )


def _anchor_of(mark: AuditCheckpoint, origin: Origin) -> Anchor:
    return Anchor(mark.entries, mark.last_hash, origin)


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
