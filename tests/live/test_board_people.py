"""Who is at the board by itself: which calls ring in front of whom, and when somebody was first sent a call."""

import asyncio
import uuid
from datetime import datetime, timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from calls.db.threads import DatabaseThread
from calls.live.board import Board
from calls.models import Call
from tests.live.conftest import Made, Watcher, stored_call


def supervisor(board: Board, user_id: int = 1, *, visible: bool = True) -> Watcher:
    return Watcher(board, user_id=user_id, may_reject=True, visible=visible)


async def test_people_are_counted_once_and_only_those_who_may_reject(board: Board) -> None:
    for user_id, visible in ((1, False), (1, True), (2, False), (2, False), (3, True), (3, False)):
        supervisor(board, user_id, visible=visible)
    Watcher(board, user_id=4)
    assert board.people() == {1: True, 2: False, 3: True}


async def watched(watcher: Watcher) -> bool:
    return (await watcher.next("changes"))["calls"][0]["watched"]


@pytest.mark.parametrize(
    ("may_reject", "visible", "marked"), [(True, True, True), (True, False, False), (False, True, False)]
)
async def test_a_call_rings_in_front_of_who_may_reject_and_has_the_page_in_view(
    board: Board, make: Made, may_reject: bool, visible: bool, marked: bool
) -> None:
    watcher = Watcher(board, may_reject=may_reject, visible=visible)
    attendance_changed = asyncio.Event()
    board.on_attendance(attendance_changed.set)
    call = await make(1)
    board.add([call])
    assert await watched(watcher) == marked
    assert (call.pk in board.unstored_marks()) == marked
    assert attendance_changed.is_set() == marked, "the mark is stored soon"


@pytest.mark.parametrize("rings_since", [-30.0, 5.0])
async def test_it_rings_in_front_of_somebody_since_both_were_there(
    board: Board, make: Made, rings_since: float
) -> None:
    watcher = supervisor(board)
    since = board.attended_since
    received = timezone.now() + timedelta(seconds=rings_since)
    call = await make(1, received_at=received, deadline=received + timedelta(minutes=5))
    board.add([call])
    assert await watched(watcher)
    assert board.unstored_marks()[call.pk] == max(since or received, received)


@pytest.mark.parametrize(
    "fields",
    [{"direction": "outgoing"}, {"deadline": timezone.now() - timedelta(hours=1)}],
    ids=["outgoing", "its window closed"],
)
async def test_what_does_not_ring_is_not_marked(board: Board, make: Made, fields: dict[str, object]) -> None:
    watcher = supervisor(board)
    board.add([await make(1, **fields)])
    assert not await watched(watcher)
    assert board.unstored_marks() == {}


async def test_who_turns_to_the_page_sees_what_rings_by_then(board: Board, make: Made) -> None:
    watcher, other = supervisor(board, visible=False), supervisor(board, 2, visible=False)
    call = await make(1)
    board.add([call])
    assert not await watched(watcher)
    assert board.attended_since is None
    watcher.viewer.visible = True
    board.recount()
    since = board.attended_since
    assert board.unstored_marks() == {call.pk: since}
    other.viewer.visible = True
    board.recount()
    assert board.attended_since == since, "somebody was there already"
    for one in (watcher, other):
        board.leave(one.viewer)
    assert board.attended_since is None


async def test_a_mark_outlives_what_is_read_before_it_is_stored(
    board: Board,
    make: Made,
    change: Made,
) -> None:
    watcher = supervisor(board)
    call = await make(1)
    board.add([call])
    assert await watched(watcher)
    moment = board.unstored_marks()[call.pk]
    watcher.viewer.visible = False
    board.recount()
    await change(call, modalities=["video"])
    told = (await watcher.next("changes"))["calls"][0]
    assert (told["modalities"], told["watched"]) == (["video"], True)
    assert board.unstored_marks() == {call.pk: moment}
    board.forget_marks([call.pk, 10**6])
    assert board.unstored_marks() == {}


async def test_when_a_call_was_first_sent_to_somebody(board: Board, make: Made, thread: DatabaseThread) -> None:
    def now() -> datetime:
        return timezone.now()

    early = supervisor(board)
    call = await make(1)
    before = now()
    board.add([call])
    await early.told()
    shown_at = board.first_sent(call.public_id, 1)
    assert shown_at and before - timedelta(minutes=1) < shown_at <= now()
    late = supervisor(board, 2)
    assert board.first_sent(call.public_id, 2) == late.viewer.joined_at > shown_at
    supervisor(board, 2)
    assert board.first_sent(call.public_id, 2) == late.viewer.joined_at, "by the first of two pages"
    assert board.first_sent(call.public_id, 3) is None
    assert board.first_sent(uuid.uuid4(), 1) is None
    await thread.run(Call.objects.filter(pk=call.pk).update, state="hold", version=F("version") + 1)
    board.hint([call.pk])
    await early.told()
    assert board.first_sent(call.public_id, 1) == shown_at, "a change is not the first time"
    await thread.run(Call.objects.filter(pk=call.pk).delete)
    gone = await thread.run(stored_call, 2)
    board.hint([call.pk, gone.pk])
    await early.told()
    assert board.first_sent(call.public_id, 1) is None
