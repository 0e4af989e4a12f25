"""The live board by itself: what a viewer is sent of the calls, and which calls rang in front of whom."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from calls.db.threads import DatabaseThread
from calls.live.board import Board
from calls.live.viewer import Viewer
from calls.models import Call
from tests.fixtures.history import make_attempt
from tests.live.conftest import Made, Watcher, stored_call

often = pytest.mark.parametrize("sweep_seconds", [0.1], ids=["sweeps"])


def ago(seconds: float) -> datetime:
    return timezone.now() - timedelta(seconds=seconds)


async def test_the_first_frame_is_the_whole_board_in_the_order_of_arrival(board: Board, make: Made) -> None:
    calls = [await make(number) for number in (3, 1, 2)]
    board.add(reversed(calls))
    watcher = Watcher(board)
    await watcher.told()
    snapshot = await Watcher(board).next("snapshot")
    assert [call["key"] for call in snapshot["calls"]] == [str(call.public_id) for call in calls]
    assert (snapshot["revision"], snapshot["build"]) == (board.revision, "build")
    assert snapshot["watching"] == {"connected": 0, "visible": 0}


async def test_what_was_there_before_the_board_was_read_is_on_it(database: None, thread: DatabaseThread) -> None:
    live = await thread.run(stored_call, 1)
    await thread.run(lambda: stored_call(2, ended_at=ago(5), state="terminated"))
    await thread.run(lambda: stored_call(3, missed_at=ago(5)))
    board = Board(thread)
    board.start()
    await board.attend()
    assert [call["key"] for call in (await Watcher(board).next("snapshot"))["calls"]] == [str(live.public_id)]
    board.stop()


async def test_a_version_is_told_once_and_an_older_one_never(board: Board, make: Made, change: Made) -> None:
    call, other = await make(1), await make(2)
    board.add([call])
    watcher = Watcher(board)
    assert await watcher.told() == ([str(call.public_id)], [])
    await change(call, state="established")
    assert (await watcher.next("changes"))["calls"][0]["state"] == "established"
    board.hint([call.pk])
    board.add([call])
    board.hint([other.pk])
    assert await watcher.told() == ([str(other.public_id)], [])


@pytest.mark.parametrize("left", [{"ended_at": 0, "state": "terminated"}, {"missed_at": 0}], ids=["ended", "missed"])
async def test_a_call_that_leaves_is_told_once_more_and_gone(
    board: Board, make: Made, change: Made, left: dict[str, Any]
) -> None:
    call, other = await make(1), await make(2)
    board.add([call, other])
    watcher = Watcher(board)
    await watcher.told()
    await change(call, **{name: value or ago(0) for name, value in left.items()})
    assert await watcher.told() == ([str(call.public_id)], [str(call.public_id)])
    assert [shown["key"] for shown in (await Watcher(board).next("snapshot"))["calls"]] == [str(other.public_id)]
    board.hint([call.pk])
    await change(other, state="hold")
    assert await watcher.told() == ([str(other.public_id)], []), "it does not leave twice"


async def test_a_missed_call_that_is_answered_comes_back(board: Board, make: Made, change: Made) -> None:
    call = await make(1)
    board.add([call])
    watcher = Watcher(board)
    await watcher.told()
    await change(call, missed_at=ago(0))
    await watcher.told()
    await change(call, missed_at=None, state="established")
    assert await watcher.told() == ([str(call.public_id)], [])
    assert (await Watcher(board).next("snapshot"))["calls"]


@pytest.mark.parametrize(("seconds", "told"), [(50, True), (70, False)])
async def test_what_left_more_than_a_minute_ago_is_not_told_any_more(
    board: Board, make: Made, change: Made, seconds: int, told: bool
) -> None:
    call, other = await make(1, ended_at=ago(seconds), state="terminated"), await make(2)
    watcher = Watcher(board)
    await change(call)
    await change(other)
    keys, _ = await watcher.told_of(other)
    assert (str(call.public_id) in keys) == told


@often
async def test_what_no_hint_told_of_is_swept_up(board: Board, make: Made, thread: DatabaseThread) -> None:
    changed, ended, lost = await make(1), await make(2), await make(3)
    board.add([changed, ended, lost])
    watcher = Watcher(board)
    await watcher.told_of(changed, ended, lost)

    def behind_its_back() -> list[Call]:
        with transaction.atomic():  # seen by one sweep
            Call.objects.filter(pk=changed.pk).update(state="hold", version=2)
            Call.objects.filter(pk=ended.pk).update(state="terminated", ended_at=ago(0), version=2)
            Call.objects.filter(pk=lost.pk).delete()
            stored_call(7, state="terminated", ended_at=ago(70))
            stored_call(8, missed_at=ago(70))
            came_and_left = [stored_call(5, state="terminated", ended_at=ago(1)), stored_call(6, missed_at=ago(1))]
            return [stored_call(4), *came_and_left]

    new, *came_and_left = await thread.run(behind_its_back)
    calls, gone = await watcher.told()
    assert set(calls) == {str(call.public_id) for call in (changed, ended, new, *came_and_left)}
    assert set(gone) == {str(call.public_id) for call in (ended, lost, *came_and_left)}


async def test_a_decision_is_told_with_its_newest_attempt_that_holds(
    board: Board, make: Made, change: Made, thread: DatabaseThread
) -> None:
    call = await make(1)
    board.add([call])
    watcher = Watcher(board)
    assert (await watcher.next("changes"))["calls"][0]["decision"] is None
    for number, outcome in enumerate(["refused", "refused"]):
        await thread.run(lambda n=number, o=outcome: make_attempt(call, outcome=o, reason="busy", note=str(n)))
    await change(call)
    assert (await watcher.next("changes"))["calls"][0]["decision"]["note"] == "1"
    await thread.run(lambda: make_attempt(call, outcome="accepted", requested_at=ago(60), note="held"))
    await change(call)
    told = (await watcher.next("changes"))["calls"][0]["decision"]
    assert (told["note"], told["outcome"], told["by"], told["reason"]) == ("held", "accepted", "anna", "busy")


async def test_who_falls_behind_gets_the_newest_state_once_it_acknowledges(board: Board, make: Made) -> None:
    viewer = Viewer(1, "session")
    board.join(viewer)
    for number in range(3):
        board.add([await make(number)])
        await asyncio.wait_for(_revision_after(board, board.revision), 20)
    first, second = board.next_frame(viewer), board.next_frame(viewer)
    assert [json.loads(text or "")["type"] for text in (first, second)] == ["snapshot", "changes"]
    assert board.next_frame(viewer) is None
    viewer.acknowledge(json.loads(second or "")["revision"])
    newest = json.loads(board.next_frame(viewer) or "")
    assert (newest["type"], len(newest["calls"]), newest["revision"]) == ("snapshot", 3, board.revision)
    assert board.next_frame(viewer) is None


async def _revision_after(board: Board, revision: int) -> None:
    while board.revision == revision:
        await asyncio.sleep(0.005)


async def test_how_many_watch_is_told_when_it_changes_and_not_again(board: Board) -> None:
    watcher = Watcher(board)
    await watcher.next("snapshot")
    for connected, visible in ((2, 1), (2, 1), (2, 0), (2, 0)):
        board.show_watching(connected, visible)
    beats = [(await watcher.next("heartbeat"))["watching"] for _ in range(2)]
    assert beats == [{"connected": 2, "visible": 1}, {"connected": 2, "visible": 0}]
    assert board.next_frame(watcher.viewer) is None


@often
async def test_after_nobody_watched_for_a_while_it_rests_and_takes_no_hints(board: Board, make: Made) -> None:
    watcher = Watcher(board)
    assert not board.rests
    board.leave(watcher.viewer)
    while not board.rests:
        await asyncio.sleep(0.01)
    assert board.is_ready
    call = await make(1)
    revision = board.revision
    board.add([call])
    board.hint([call.pk])
    await board.attend()
    assert board.revision > revision
    assert (await Watcher(board).next("snapshot"))["calls"]
