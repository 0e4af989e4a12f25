"""What one connected browser is owed: two frames unacknowledged at most, then nothing until it acknowledges."""

from calls.live.viewer import Viewer


def offered(*revisions: int) -> Viewer:
    viewer = Viewer(1, "session")
    for revision in revisions:
        viewer.offer(revision, f"frame {revision}")
    return viewer


def test_two_frames_are_sent_without_an_acknowledgement_and_no_third_is_kept() -> None:
    viewer = offered(1, 2)
    assert (list(viewer.pending), viewer.behind, viewer.wake.is_set()) == (["frame 1", "frame 2"], False, True)
    viewer.offer(3, "frame 3")
    assert (list(viewer.pending), viewer.behind) == (["frame 1", "frame 2"], True)


def test_an_acknowledgement_makes_room_for_another_frame() -> None:
    viewer = offered(1, 2)
    viewer.acknowledge(1)
    viewer.offer(3, "frame 3")
    assert (viewer.in_flight, viewer.behind) == ([2, 3], False)
    viewer.offer(4, "frame 4")
    assert viewer.behind


def test_acknowledgements_are_cumulative() -> None:
    viewer = offered(1, 2)
    viewer.acknowledge(2)
    assert viewer.in_flight == []


def test_an_acknowledgement_of_what_was_acknowledged_before_changes_nothing() -> None:
    viewer = offered(7, 9)
    viewer.acknowledge(6)
    assert viewer.in_flight == [7, 9]


def test_who_is_behind_gets_no_single_frame_although_there_is_room_again() -> None:
    viewer = offered(1, 2, 3)
    viewer.pending.clear()
    viewer.wake.clear()
    viewer.acknowledge(2)
    assert viewer.wake.is_set(), "whoever sends looks for what is owed now"
    viewer.offer(4, "frame 4")
    assert (list(viewer.pending), viewer.behind) == ([], True)


def test_an_acknowledgement_wakes_nobody_when_nothing_is_owed() -> None:
    viewer = offered(1)
    viewer.wake.clear()
    viewer.acknowledge(1)
    assert not viewer.wake.is_set()


def test_a_viewer_to_be_closed_wakes_whoever_sends() -> None:
    viewer = Viewer(1, "session")
    viewer.close(4401)
    assert (viewer.close_code, viewer.wake.is_set()) == (4401, True)


def test_who_has_just_come_may_reject_nothing_and_has_the_page_in_view() -> None:
    viewer = Viewer(1, "session")
    assert (viewer.may_reject, viewer.visible) == (False, True)
