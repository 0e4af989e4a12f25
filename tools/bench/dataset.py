"""A long history for `history`: `make bench-data`, once.

Run by itself it fills the database of DATABASE_URL up to so many ended calls, with so many notifications each and an
audit entry for each, takes away what earlier measurements added, and prints what is there then, as JSON:
`python -m tools.bench.dataset 1000000 3`.
"""

import json
import random
import sys
import uuid
from datetime import timedelta

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.db.models import QuerySet  # noqa: E402
from django.utils import timezone  # noqa: E402

from calls.models import AuditEntry, AuditHead, AuditPersonal, Call, Notification  # noqa: E402

AT_ONCE = 2000
TENANT = "bench"  # of these calls alone; what is measured has another
APART = timedelta(seconds=20)
BODY = json.dumps({"changeType": "updated", "resourceData": {"state": "established", "note": "x" * 500}})
NO_HASH = "0" * 64
CHANGE_TYPES = ("created", "updated", "deleted")


def fill(calls: int, each: int) -> None:
    """Add what is missing."""
    for model in (Notification, Call):
        _take_away_measured(model)
    there = Call.objects.count()
    began = timezone.now() - APART * calls
    for start in range(there, calls, AT_ONCE):
        made = [_call(number, began + APART * number) for number in range(start, min(start + AT_ONCE, calls))]
        with transaction.atomic():
            Call.objects.bulk_create(made)
            Notification.objects.bulk_create([_notification(call, step) for call in made for step in range(each)])
            _append_entries(made)
    if there < calls:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _call(number: int, at: object) -> Call:
    graph_id_folded = uuid.uuid4().hex
    return Call(
        graph_id_folded=graph_id_folded,
        graph_id=str(uuid.UUID(graph_id_folded)),
        chain_id=str(uuid.uuid4()),
        tenant_id=TENANT,
        state="terminated",
        direction="incoming",
        source={"kind": "user", "name": f"Person {number % 5000}", "id": str(uuid.uuid4()), "tenant_id": TENANT},
        targets=[{"kind": "application", "name": "Front desk", "id": "7", "tenant_id": TENANT}],
        modalities=["audio"],
        received_at=at,
        deadline=at + timedelta(seconds=15),
        ended_at=at + timedelta(seconds=random.uniform(1, 15)),
        updated_at=at,
        version=2,
    )


def _notification(call: Call, step: int) -> Notification:
    return Notification(
        call_id=call.graph_id_folded,
        call_pk=call.pk,
        received_at=call.received_at + timedelta(seconds=step),
        change_type=CHANGE_TYPES[step % 3],
        resource=f"/app/calls/{call.graph_id}",
        resource_type="microsoft.graph.call",
        tenant_id=TENANT,
        message_id=str(uuid.uuid4()),
        chain_id=call.chain_id,
        body=BODY,
        digest=uuid.uuid4().hex * 2,
    )


def _append_entries(calls: list[Call]) -> None:
    """Append an entry for each call, in the form of the real ones; a proof of this chain is nobody's business."""
    head = AuditHead.objects.select_for_update().get()
    entries = [
        AuditEntry(
            id=number,
            at=call.ended_at,
            action="call.missed",
            actor_id="system",
            call_key=str(call.public_id),
            graph_id=call.graph_id,
            chain_id=call.chain_id,
            tenant_id=call.tenant_id,
            previous_hash=NO_HASH,
            hash=NO_HASH,
            key_id="bench",
            signature=NO_HASH,
        )
        for number, call in enumerate(calls, head.last_id + 1)
    ]
    personal = [AuditPersonal(entry_id=entry.pk, actor_name="Calls Dashboard") for entry in entries]
    # The managers of these two refuse to write many rows at once.
    QuerySet(AuditEntry).bulk_create(entries)
    QuerySet(AuditPersonal).bulk_create(personal)
    AuditHead.objects.update(entries=head.entries + len(entries), last_id=entries[-1].pk)


def _take_away_measured(model: type[Call | Notification]) -> None:
    """Delete what earlier measurements added behind the newest that is ours, so that the history keeps its length."""
    rows = model.objects.order_by("-id")
    newest = rows.filter(tenant_id=TENANT).values_list("id", flat=True).first() or 0
    while added := list(rows.filter(id__gt=newest).values_list("id", flat=True)[:AT_ONCE]):
        rows.filter(id__gte=added[-1])._raw_delete("default")


if __name__ == "__main__":
    fill(int(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps({"calls": Call.objects.count(), "notifications": Notification.objects.count()}))
