"""Property test: any body is parsed or refused, and what is parsed can be stored."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.graph.json_body import MAX_DEPTH, UnreadableBody
from calls.graph.payloads import GraphNotification, LegacyBody, parse
from tests.graph.test_payloads import HEX, about_call, notification_of, person

WORDS = st.sampled_from(
    ["value", "changeType", "resource", "resourceUrl", "resourceData", "state", "source", "targets", "identity", "user",
     "resultInfo", "code", "subcode", "message", "incomingContext", "requestedModalities", "callState", "participants",
     "@odata.id", "@odata.type", "tenantId", "id", "deleted", f"/app/calls/{HEX}", f"/app/calls/{HEX}/participants"]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | WORDS
    | st.just(10**400)
    | st.sampled_from(["\x00", "\ud800", "eyJ", "eyJhbGciOi.eyJpc3MiOi.c2ln"])
)
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(WORDS | st.text(), inner, max_size=6)
)
BODIES = st.fixed_dictionaries({"value": DOCUMENTS | st.lists(st.dictionaries(WORDS, DOCUMENTS), max_size=4)})


def read_all(body: bytes) -> list[GraphNotification]:
    """Return the notifications of a body; none if it is refused with one of the two expected exceptions."""
    try:
        return parse(body)
    except (UnreadableBody, LegacyBody):
        return []


@given(DOCUMENTS | BODIES)
def test_any_json_is_read_or_refused_and_what_is_read_can_be_stored(document: Any) -> None:
    for notification in read_all(json.dumps(document).encode()):
        assert notification.body.isascii() and "\x00" not in notification.body
        json.loads(notification.body)
        assert len(notification.digest) == 64


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    read_all(body)


@given(st.binary(max_size=60), st.integers(0, 400))
def test_a_body_damaged_on_its_way_is_read_or_refused(noise: bytes, place: int) -> None:
    sound = json.dumps({"value": [about_call(source=person(displayName="Ada"))]}).encode()
    read_all(sound[:place] + noise + sound[place + len(noise) :])


def test_the_deepest_body_that_is_read_is_read_whole() -> None:
    deepest: Any = "x"
    for _ in range(MAX_DEPTH):
        deepest = [deepest]
    assert json.loads(notification_of(deepest).body) == deepest


def test_one_level_deeper_is_unreadable_whatever_else_the_body_holds() -> None:
    for innermost in ("x", {"token": "x"}):
        deeper: Any = innermost
        for _ in range(MAX_DEPTH + 1):
            deeper = [deeper]
        with pytest.raises(UnreadableBody, match="deeper"):
            notification_of(deeper)
