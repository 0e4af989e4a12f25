"""Bodies of a callback to `POST /api/calls` that are malformed, empty, in the older format or contain strange items."""

import json
from typing import Any

import pytest

from calls.models import Call, Notification
from calls.simulator import Simulator
from tests import bodies

HOSTILE_TEXT = "\x00 \ud800 <script>alert(1)</script> \u202e"


@pytest.mark.parametrize(
    "item",
    [
        7,
        "text",
        [],
        {},
        {"changeType": 5, "resourceUrl": [], "resource": {}, "resourceData": "x"},
        {"changeType": "created", "resourceUrl": "/communications/calls/" + "9" * 5000},
        {"changeType": "created", "resourceUrl": "/communications/calls/a\x00b"},
        bodies.ringing("c-1", HOSTILE_TEXT)["value"][0],
        bodies.ringing("c-1", "long " * 2000)["value"][0],
        bodies.ringing("c-1", state={"a": 1}, direction=4, source=[], targets={"x": 1}, requestedModalities=7)["value"][
            0
        ],
        bodies.ended("c-1", resultInfo={"code": 10**30, "subcode": "none", "message": {}})["value"][0],
    ],
)
def test_a_strange_item_is_kept_and_its_neighbours_are_applied(graph: Simulator, item: Any) -> None:
    neighbour = bodies.ringing("neighbour", "Grace Hopper")["value"][0]
    body = json.dumps({"value": [item, neighbour]}).encode()
    assert graph.deliver(body).status_code == 202
    assert Notification.objects.count() == 2
    assert Call.objects.get(graph_id="neighbour").caller_name == "Grace Hopper"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b'{"value"',
        b"\xff\xfe",
        b'{"value": [NaN]}',
        b"[" * 100_000,
        b'{"other": 1}',
    ],
)
def test_a_body_that_is_none_is_400_and_nothing_is_stored(graph: Simulator, body: bytes) -> None:
    assert graph.deliver(body).status_code == 400
    assert not Notification.objects.exists()


def test_too_deep_or_too_many_is_400(graph: Simulator) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = {"a": deep}
    assert graph.deliver({"value": [deep]}).status_code == 400
    assert graph.deliver({"value": [1] * 1001}).status_code == 400
    assert not Notification.objects.exists()


def test_an_empty_body_is_taken_as_no_notification(graph: Simulator) -> None:
    assert graph.deliver(b"").status_code == 202
    assert graph.deliver(b'{"value": []}').status_code == 202
    assert not Notification.objects.exists()


def test_the_older_skype_shape_is_answered_204_and_then_comes_again(graph: Simulator) -> None:
    assert graph.deliver(bodies.LEGACY).status_code == 204
    assert not Call.objects.exists()
    graph.deliver(bodies.DOCUMENTED_INCOMING)
    assert Call.objects.get().state == "incoming"
