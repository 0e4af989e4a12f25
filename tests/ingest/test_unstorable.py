"""Notifications that the database refuses: their sender gets an error, others are stored, the queue continues."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.db import connection, transaction

from calls.db.threads import DatabaseThread
from calls.graph import payloads
from calls.ingest.incoming import Arrival
from calls.ingest.store import store
from calls.ingest.writer import MAX_BATCH, MAX_WAITING, NotStored, QueueFull, Writer
from calls.models import Call, Notification
from calls.simulator import Simulator
from tests import bodies
from tests.ingest.test_writer import arrival
from tests.refusing import refusing
from tests.servers import wait_until

REFUSED = "refused"
PARTICIPANTS = bodies.notification("updated", "/communications/calls/c-1/participants")


@pytest.fixture
def particular_database(database: None) -> Iterator[None]:
    """A database that refuses every notification with the message id REFUSED."""
    with refusing(Notification, "INSERT", f"NEW.message_id = '{REFUSED}'"):
        yield


@pytest.fixture
async def batches() -> list[int]:
    """The number of calls each batch changed or created."""
    return []


@pytest.fixture
async def thread(database: None) -> AsyncIterator[DatabaseThread]:
    made = DatabaseThread("writer")
    yield made
    await made.close()


@pytest.fixture
async def writer(thread: DatabaseThread, batches: list[int]) -> AsyncIterator[Writer]:
    """A writer that is not started yet, so that arrivals are queued."""

    def publish(changed: Collection[int], new: Collection[Call]) -> None:
        batches.append(len(changed) + len(new))

    made = Writer(thread, publish)
    yield made
    await made.drain()


async def write(writer: Writer, *requests: list[Arrival]) -> list[BaseException | None]:
    """Queue all requests before the writer starts; return the result of each."""
    waiting = [asyncio.create_task(writer.write(arrivals)) for arrivals in requests]
    await asyncio.sleep(0)
    writer.start()
    return await asyncio.gather(*waiting, return_exceptions=True)


def stored() -> set[str]:
    return set(Notification.objects.values_list("message_id", flat=True))


async def test_whoever_sent_what_could_not_be_kept_is_told_so_and_nobody_else(
    particular_database: None, thread: DatabaseThread, writer: Writer, batches: list[int]
) -> None:
    first, last = [arrival("c-1", "m-1")], [arrival("c-2", "m-2"), arrival("c-3", "m-3")]
    told = await write(writer, first, [arrival("c-4", REFUSED)], [arrival("c-5", "m-5"), arrival("c-6", REFUSED)], last)
    assert [type(answer) for answer in told] == [type(None), NotStored, NotStored, type(None)]
    assert batches == [4], "they were in one batch, and the calls of what was kept are told"
    assert await thread.run(stored) == {"m-1", "m-2", "m-3", "m-5"}


def test_graph_is_answered_503_for_it_and_202_for_its_neighbours(particular_database: None, graph: Simulator) -> None:
    def deliver(number: int) -> httpx.Response:
        message_id = REFUSED if number % 5 == 0 else f"m-{number}"
        return graph.deliver(bodies.ringing(f"c-{number}"), headers={"X-Microsoft-Skype-Message-ID": message_id})

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(deliver, range(20)))
    assert [answer.status_code for answer in answers] == [503, 202, 202, 202, 202] * 4
    assert answers[0].headers["Retry-After"] == "2"
    assert stored() == {f"m-{number}" for number in range(20) if number % 5}
    assert not Call.objects.filter(graph_id="c-0").exists()


async def test_a_batch_is_at_most_so_large_and_a_request_is_never_divided(writer: Writer, batches: list[int]) -> None:
    again = [arrival("c-1", "m-1")]
    sizes = [MAX_BATCH - 1, 1, 2, MAX_BATCH + 100, MAX_BATCH - 2, 2, 1]
    assert await write(writer, *[again * size for size in sizes]) == [None] * len(sizes)
    assert batches == [1, 0, 0, 0, 0]
    assert writer.written == sum(sizes)


async def test_the_queue_takes_so_many_and_after_they_are_written_as_many_again(
    writer: Writer, batches: list[int]
) -> None:
    full = [arrival("c-1", "m-1")] * MAX_WAITING
    for _ in range(2):
        waiting = asyncio.create_task(writer.write(full))
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await writer.write([arrival("c-2")])
        if not batches:
            writer.start()
        await waiting


async def test_what_is_still_waiting_at_the_end_is_written(writer: Writer, batches: list[int]) -> None:
    waiting = [asyncio.create_task(writer.write([arrival(f"c-{number}")] * MAX_BATCH)) for number in range(3)]
    await asyncio.sleep(0)
    writer.start()
    await writer.drain()
    await asyncio.sleep(0)  # one turn, in which the tasks whose notifications are written find that out
    assert [task.done() for task in waiting] == [True] * 3
    assert batches == [1, 1, 1]


def waits_for_another() -> bool:
    """Return whether a connection waits for a lock; always True on SQLite, which has no view of locks."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            return True
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("body", [bodies.ringing("c-1"), PARTICIPANTS], ids=["a new call", "what belongs to a call"])
def test_what_two_processes_are_delivered_at_once_is_kept_once(database: None, body: dict) -> None:
    notification = payloads.read(body["value"][0])
    twice = dataclasses.replace(arrival("c-1", "m-1"), notification=notification)
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            store([twice])
            other = threads.submit(store, [twice, arrival("c-2", "m-2")])
            wait_until(waits_for_another)
        assert not other.result().lost
        threads.submit(lambda: connection.close()).result()
    assert stored() == {"m-1", "m-2"}


def test_what_gives_way_in_a_deadlock_is_tried_once_more(database: None) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("on SQLite writers wait for each other and never give way")
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE tries")
        cursor.execute(
            "CREATE FUNCTION give_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('tries') = 1 THEN"
            " RAISE EXCEPTION USING ERRCODE = '40P01'; END IF; RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER give_way BEFORE INSERT ON calls_notification FOR EACH ROW EXECUTE FUNCTION give_way()"
        )
        try:
            assert not store([arrival("c-1", "m-1")]).lost
        finally:
            cursor.execute("DROP TRIGGER give_way ON calls_notification")
            cursor.execute("DROP FUNCTION give_way(); DROP SEQUENCE tries")
    assert Call.objects.get().graph_id == "c-1"
    assert stored() == {"m-1"}


def test_without_a_message_id_nothing_is_taken_for_a_redelivery(database: None) -> None:
    store([arrival("c-1"), arrival("c-1")])
    store([arrival("c-1")])
    assert Notification.objects.count() == 3


def test_new_calls_are_inserted_in_the_order_of_their_ids_so_that_processes_never_wait_in_a_circle(
    database: None,
) -> None:
    store([arrival(f"c-{number}") for number in (3, 1, 2)])
    assert list(Call.objects.order_by("pk").values_list("graph_id", flat=True)) == ["c-1", "c-2", "c-3"]


@pytest.mark.parametrize(
    ("resource", "problem"),
    [
        ("/communications/calls/c-1/participants", ""),
        ("/communications/somethingelse", "It names no call."),
        (f"/communications/calls/{'x' * 500}", "Its call id cannot be stored."),
    ],
)
def test_what_changes_no_call_is_kept_with_the_reason(database: None, resource: str, problem: str) -> None:
    notification = payloads.read(bodies.notification("updated", resource)["value"][0])
    store([dataclasses.replace(arrival("c-1"), notification=notification)])
    assert not Call.objects.exists()
    assert Notification.objects.get().problem == problem
