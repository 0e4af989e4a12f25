"""Retention: rows older than the configured number of days are deleted in small transactions, each with an audit entry.

Subjects: notifications, calls with their attempts, personal values of audit entries, audit entries. Audit rows are
verified before they are deleted, and a signed checkpoint replaces them, from which the rest is still verified.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.audit import chain, checkpoints
from calls.audit.actor import SYSTEM, Actor
from calls.audit.verify import verification
from calls.audit.verify.finding_messages import in_english
from calls.audit.verify.findings import Code, Finding
from calls.models import AuditCheckpoint, AuditEntry, AuditPersonal, Call, Notification, RejectAttempt
from calls.timestamps import iso

logger = logging.getLogger(__name__)

AT_ONCE = 2_000  # rows one transaction deletes; more would keep other writers waiting for its locks
EVERY = timedelta(days=1)
Kind = AuditCheckpoint.Kind


class HistoryBroken(Exception):
    """The part of the history that is due for deletion fails verification, so it is kept as evidence."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of rows with a retention period.

    `count` returns how many rows are older than a moment. `remove` deletes one batch of them inside the caller's
    transaction and returns how many, 0 when none is left.
    """

    name: str
    count: Callable[[datetime], int]
    remove: Callable[[datetime], int]

    @property
    def days(self) -> int:
        """The retention period in days; 0 keeps the rows for ever."""
        return int(getattr(settings, f"RETENTION_DAYS_{self.name.upper()}"))

    def before(self, now: datetime) -> datetime | None:
        """Return the moment before which rows are deleted, None when they are kept for ever."""
        # Never in the future, so that a run given a later moment does not delete its own entries.
        return min(now - timedelta(days=self.days), timezone.now()) if self.days > 0 else None


def describe(*names: str) -> str:
    """Return how long the named subjects are kept, as sentences in the active language."""
    sentences = []
    for subject in SUBJECTS:
        if subject.name in names:
            words = {"subject": KEPT[subject.name], "days": subject.days}
            lasting = gettext("%(subject)s are kept for %(days)s days.") if subject.days else FOR_EVER
            sentences.append(str(lasting) % words)
    return " ".join(sentences)


def is_due() -> bool:
    """Return whether a subject has a retention period and the last run was at least a day ago."""
    if not any(subject.days for subject in SUBJECTS):
        return False
    last = AuditEntry.objects.filter(action="retention.ran").order_by("-at", "-id").values_list("at", flat=True).first()
    return last is None or timezone.now() - last >= EVERY


def preview(now: datetime | None = None) -> dict[str, int]:
    """Return how many rows of each subject with a retention period a run would delete now, or at the given moment."""
    cutoffs = {subject: subject.before(now or timezone.now()) for subject in SUBJECTS}
    return {subject.name: subject.count(before) for subject, before in cutoffs.items() if before}


def run(actor: Actor = SYSTEM, now: datetime | None = None) -> Iterator[dict[str, int]]:
    """Delete the rows that are too old now, or at the given moment; after each batch, yield the totals by subject.

    Each batch appends an entry `retention.removed`, and the run an entry `retention.ran`. Where the history fails
    verification, that subject is skipped and recorded as a fault. Raises django.db.DatabaseError.
    """
    moment = now or timezone.now()
    cutoffs = [(subject, subject.before(moment)) for subject in SUBJECTS]
    removed: dict[str, int] = {}
    faults: list[str] = []
    for subject, before in cutoffs:
        if before is None:
            continue
        removed[subject.name] = 0
        try:
            while rows := _step(subject, before, actor):
                removed[subject.name] += rows
                yield removed
        except HistoryBroken as error:
            logger.error("Retention leaves the broken history as it is: %s", error)
            faults.append(str(error))
    with transaction.atomic():
        days = {subject.name: subject.days for subject in SUBJECTS}
        chain.append("retention.ran", actor=actor, details={"removed": removed, "days": days, "faults": faults})
    yield removed


def _step(subject: Subject, before: datetime, actor: Actor) -> int:
    with transaction.atomic():
        rows = subject.remove(before)
        if rows:
            details = {"subject": subject.name, "rows": rows, "before": iso(before), "days": subject.days}
            chain.append("retention.removed", actor=actor, details=details)
    return rows


# Notifications and calls ----------------------------------------------------------------------------------------------


def _old_notifications(before: datetime) -> int:
    return Notification.objects.filter(received_at__lt=before).count()


def _remove_notifications(before: datetime) -> int:
    old = Notification.objects.filter(received_at__lt=before).order_by("received_at", "id")
    return Notification.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:AT_ONCE]))._raw_delete("default")


def _old_calls(before: datetime) -> int:
    return Call.objects.filter(received_at__lt=before).count()


def _remove_calls(before: datetime) -> int:
    old = Call.objects.filter(received_at__lt=before).order_by("received_at", "id")
    going = sorted(old.values_list("pk", flat=True)[:AT_ONCE])
    RejectAttempt.objects.filter(call_id__in=going)._raw_delete("default")
    Notification.objects.filter(call_pk__in=going).update(call_pk=None)  # still found by Graph's id
    return Call.objects.filter(pk__in=going)._raw_delete("default")


# The audit history ----------------------------------------------------------------------------------------------------


def _old_entries(before: datetime) -> int:
    return AuditEntry.objects.filter(at__lt=before).count()


def _old_personal(before: datetime) -> int:
    return AuditPersonal.objects.filter(entry__at__lt=before).count()


def _remove_entries(before: datetime) -> int:
    end_id = _end_of_old(AuditEntry.objects.order_by("id").values_list("id", "at"), before)
    if not end_id:
        return 0
    _replace_by_checkpoint(end_id, Kind.CUT)
    _delete(AuditPersonal, end_id)
    return _delete(AuditEntry, end_id)


def _erase_personal(before: datetime) -> int:
    end_id = _end_of_old(AuditPersonal.objects.order_by("entry_id").values_list("entry_id", "entry__at"), before)
    if not end_id:
        return 0
    _replace_by_checkpoint(end_id, Kind.ERASURE)
    return _delete(AuditPersonal, end_id)


def _end_of_old(oldest: Any, before: datetime) -> int:
    """Return the id of the last row of one batch, 0 when there is none."""
    # Only a beginning of the chain can be cut, so an old entry behind a younger one stays.
    old = takewhile(lambda row: row[1] < before, oldest[:AT_ONCE])
    return max((id for id, _at in old), default=0)


def _replace_by_checkpoint(end_id: int, kind: AuditCheckpoint.Kind) -> None:
    """Verify the entries up to this one and create a checkpoint of this kind there; raise HistoryBroken."""
    kinds = [Kind.CUT] if kind == Kind.CUT else [Kind.CUT, Kind.ERASURE]
    earlier = AuditCheckpoint.objects.filter(kind__in=kinds, last_id__lte=end_id).order_by("-entries", "-id")
    begin = next((checkpoint for checkpoint in earlier if checkpoints.is_ours(checkpoint) is not False), None)
    found = verification.verify_part(begin, end_id)
    if found.faults or found.last_id != end_id:
        raise HistoryBroken(in_english(found.faults[0] if found.faults else Finding.of(Code.ENTRY_MISSING, id=end_id)))
    checkpoints.create(kind, found.entries, found.last_id, found.last_hash)


def _delete(model: type[AuditEntry] | type[AuditPersonal], end_id: int) -> int:
    """Delete the rows up to this entry and return how many. The triggers refuse rows that no checkpoint allows."""
    # A plain QuerySet, because the model's own manager refuses every deletion.
    return QuerySet(model).filter(pk__lte=end_id)._raw_delete("default")


SUBJECTS = (
    Subject("notifications", _old_notifications, _remove_notifications),
    Subject("calls", _old_calls, _remove_calls),
    Subject("personal", _old_personal, _erase_personal),
    Subject("audit", _old_entries, _remove_entries),
)
FOR_EVER = _("%(subject)s are kept for ever.")
KEPT = {
    "notifications": _("Raw notifications"),
    "calls": _("Calls and the attempts made on them"),
    "personal": _("Names, addresses, numbers and notes in the audit history"),
    "audit": _("Audit entries"),
}
