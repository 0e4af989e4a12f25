"""Sequences of notifications as tables, with the expected state of the call after each."""

import pytest

from calls.models import Call, Notification
from calls.simulator import Simulator

STORIES = {
    # the scenario's name, how each of its calls stands afterwards, and the notifications that were kept
    "plain": (["incoming"], 1),
    "early-hangup": (["ended"], 2),
    "answered": (["answered, ended"], 7),
    "missed": (["ended"], 2),
    "policy-recording": (["incoming, 5 s"] * 4 + ["ended, 5 s"], 6),
    "re-offer": (["ended", "incoming"], 3),
    "transfer-ok": (["answered, ended"], 9),
    "transfer-failed": (["answered, ended"], 9),
    "group-invite": (["incoming"], 1),
    "out-of-order": (["answered, ended", "ended"], 6),
    "duplicates": (["ended"], 2),
    "legacy-first": (["incoming"], 1),
    "roster-storm": (["answered, ended"], 67),
    "key-rotation": (["incoming", "incoming"], 2),
    "clock-skew": (["incoming", "incoming"], 2),
}


def standing(call: Call) -> str:
    """Return a short text for the state of a call."""
    words = [
        "answered" if call.established_at else "",
        "ended" if call.ended_at else "" if call.established_at else call.state,
        "5 s" if call.policy_recording and (call.deadline - call.received_at).total_seconds() == 5 else "",
    ]
    return ", ".join(word for word in words if word)


@pytest.mark.parametrize("name", STORIES)
def test_a_story_is_understood(graph: Simulator, name: str) -> None:
    expected, kept = STORIES[name]
    played = graph.play(name)
    found = {call.graph_id: call for call in Call.objects.all()}
    assert [standing(found[call.id]) for call in played] == expected
    assert Notification.objects.count() == kept
    assert not Notification.objects.exclude(problem="").exists()
    assert {call.caller_name for call in found.values()} == {
        call.source["identity"]["user"]["displayName"] for call in played
    }
