"""A bad notification does not affect the others in its batch."""

import asyncio
import dataclasses
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from calls.db.threads import DatabaseThread
from calls.graph import payloads
from calls.ingest.incoming import Arrival
from calls.ingest.store import store
from calls.ingest.writer import MAX_WAITING, QueueFull, Writer
from calls.models import Call, Notification
from tests import bodies


def arrival(call_id: str, message_id: str = "") -> Arrival:
    notification = payloads.read(bodies.ringing(call_id)["value"][0])
    return Arrival(notification, "tenant", timezone.now() - timedelta(seconds=1), message_id)


def test_one_whose_meaning_cannot_be_stored_is_kept_as_it_came_and_its_neighbours_are_applied(database: None) -> None:
    good, other = arrival("good"), arrival("other", "m-2")
    unstorable = dataclasses.replace(good.notification.facts, source={"name": {1, 2}})
    bad_notification = dataclasses.replace(arrival("bad").notification, facts=unstorable)
    bad = dataclasses.replace(good, notification=bad_notification)
    written = store([good, bad, other])
    assert not written.lost
    assert set(Call.objects.values_list("graph_id", flat=True)) == {"good", "other"}
    assert Notification.objects.count() == 3
    kept = Notification.objects.get(call_id="bad")
    assert kept.body == bad_notification.body
    assert "refused" in kept.problem


def test_a_batch_changes_each_call_once_however_many_notifications_it_has(database: None) -> None:
    moved = payloads.read(bodies.moved("c-1", "established")["value"][0])
    first = arrival("c-1")
    store([first, dataclasses.replace(first, notification=moved)])
    call = Call.objects.get()
    assert (call.state, call.version) == ("established", 1)


def test_what_could_not_be_applied_is_applied_later_in_the_order_it_came(database: None) -> None:
    store([arrival("c-1")])
    Call.objects.update(tenant_id="another")  # what stands in the way
    for body in (bodies.moved("c-1", "established"), bodies.ended("c-1")):
        store([dataclasses.replace(arrival("c-1"), notification=payloads.read(body["value"][0]))])
    assert Call.objects.get().state == "incoming"
    said = StringIO()
    call_command("reapply", stdout=said)
    assert "0 applied, 2 left" in said.getvalue()
    Call.objects.update(tenant_id="tenant")
    call_command("reapply", stdout=said)
    assert "2 applied, 0 left" in said.getvalue()
    call = Call.objects.get()
    assert (call.state, call.established_at is None) == ("terminated", False)
    assert not Notification.objects.exclude(problem="").exists()
    assert set(Notification.objects.values_list("call_pk", flat=True)) == {call.pk}


async def test_a_full_queue_refuses_at_once(database: None) -> None:
    writer = Writer(DatabaseThread("idle"), lambda keys: None)  # not started: nothing leaves the queue
    waiting = [asyncio.create_task(writer.write([arrival("c-1")] * 1000)) for _ in range(MAX_WAITING // 1000)]
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await writer.write([arrival("c-2")])
    for task in waiting:
        task.cancel()
