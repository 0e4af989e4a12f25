"""Parsing callbacks: documented and captured shapes, and unexpected ones."""

import json
from typing import Any

import pytest

from calls.graph.call_facts import CallFacts
from calls.graph.json_body import UnreadableBody
from calls.graph.payloads import GraphNotification, LegacyBody, Subject, fold_id, parse

HEX = "57DAB8B1894C409AB240BD8BEAE78896"
GUID = "57dab8b1-894c-409a-b240-bd8beae78896"
KEY = HEX.lower()
CALL = "#microsoft.graph.call"


def notification_of(item: Any) -> GraphNotification:
    """Return the notification of a body with one item."""
    (notification,) = parse(json.dumps({"value": [item]}).encode())
    return notification


def about_call(change_type: str = "updated", **entity: Any) -> dict[str, Any]:
    return {
        "changeType": change_type,
        "resourceUrl": f"/communications/calls/{GUID}",
        "resourceData": {"@odata.type": CALL, **entity},
    }


# Subjects ------------------------------------------------------------------------------------------------------------

SUBJECTS = [
    # the path members and their eras
    ({"resource": f"/app/calls/{HEX}"}, Subject.CALL, HEX),
    ({"resourceUrl": f"/communications/calls/{GUID}"}, Subject.CALL, GUID),
    ({"resource": f"/app/calls/{HEX}", "resourceUrl": f"/communications/calls/{GUID}"}, Subject.CALL, GUID),
    ({"resourceUrl": f"/applications/0b5d/calls/{GUID}"}, Subject.CALL, GUID),
    ({"resourceUrl": f"https://graph.microsoft.com/beta/communications/calls/{GUID}"}, Subject.CALL, GUID),
    ({"resourceUrl": f"communications/calls/{GUID}/"}, Subject.CALL, GUID),
    ({"resourceUrl": f"/Communications/Calls/{GUID}"}, Subject.CALL, GUID),
    ({"resourceUrl": None, "resource": f"/app/calls/{HEX}"}, Subject.CALL, HEX),
    ({"resourceData": {"@odata.id": f"/app/calls/{HEX}"}}, Subject.CALL, HEX),
    ({"resourceUrl": "", "resource": f"/app/calls/{HEX}"}, Subject.CALL, HEX),
    ({"resourceUrl": "/communications", "resource": f"/app/calls/{HEX}"}, Subject.CALL, HEX),
    # without any path, a call's own id
    ({"resourceData": {"@odata.type": CALL, "id": GUID}}, Subject.CALL, GUID),
    ({"resourceUrl": "/communications/calls", "resourceData": {"@odata.type": CALL, "id": GUID}}, Subject.CALL, GUID),
    ({"resourceData": {"@odata.type": "#microsoft.graph.participant", "id": GUID}}, Subject.OTHER, ""),
    # the path wins over the entity's own id, which is often absent and once was another
    ({"resourceUrl": f"/communications/calls/{GUID}", "resourceData": {"id": "other"}}, Subject.CALL, GUID),
    # types with and without the hash
    ({"resourceUrl": "/app/calls/c", "resourceData": {"@odata.type": "#microsoft.graph.call"}}, Subject.CALL, "c"),
    ({"resourceUrl": "/app/calls/c", "resourceData": {"@odata.type": "microsoft.graph.call"}}, Subject.CALL, "c"),
    # what belongs to a call
    ({"resourceUrl": "/app/calls/c/participants", "resourceData": [{"id": None}]}, Subject.PARTICIPANTS, "c"),
    ({"resourceUrl": "/app/calls/c/participants", "resourceData": []}, Subject.PARTICIPANTS, "c"),
    ({"resourceUrl": "/app/calls/c/participants/p1"}, Subject.PARTICIPANTS, "c"),
    ({"resourceUrl": "/app/calls/c/operations/participants", "resourceData": [{}]}, Subject.PARTICIPANTS, "c"),
    ({"resourceUrl": "/app/calls/c/operations/0ce2"}, Subject.OPERATION, "c"),
    ({"resourceUrl": "app/calls/c/operations/0ce2"}, Subject.OPERATION, "c"),
    ({"resourceUrl": "/app/calls/c/contentsharingsessions/7"}, Subject.OTHER, "c"),
    ({"resourceUrl": "/app/calls/c", "resourceData": [{"@odata.type": CALL}]}, Subject.OTHER, "c"),
    ({"resourceUrl": "/app/calls/c", "resourceData": {"@odata.type": "#microsoft.graph.x"}}, Subject.OTHER, "c"),
    # what belongs to none
    ({}, Subject.OTHER, ""),
    ({"resourceUrl": "/communications/calls"}, Subject.OTHER, ""),
    ({"resourceUrl": "/communications/calls/"}, Subject.OTHER, ""),
    ({"resourceUrl": "/communications/onlineMeetings/m"}, Subject.OTHER, ""),
    ({"resourceUrl": 7, "resource": ["/app/calls/c"]}, Subject.OTHER, ""),
]


@pytest.mark.parametrize(("item", "subject", "call_id"), SUBJECTS, ids=[json.dumps(row[0])[:90] for row in SUBJECTS])
def test_what_a_notification_is_about(item: dict[str, Any], subject: Subject, call_id: str) -> None:
    notification = notification_of(item)
    assert (notification.subject, notification.graph_id) == (subject, call_id)


def test_only_what_is_about_the_call_itself_says_something_about_it() -> None:
    for path in ("participants", "operations/1", "contentsharingsessions/1"):
        said = notification_of(
            {"changeType": "deleted", "resourceUrl": f"/app/calls/c/{path}", "resourceData": {"state": "x"}}
        )
        assert said.facts == CallFacts(), path


@pytest.mark.parametrize("spelled", [HEX, HEX.lower(), GUID, GUID.upper()])
def test_a_guid_is_one_call_however_it_is_spelled(spelled: str) -> None:
    notification = notification_of({"resourceUrl": f"/communications/calls/{spelled}"})
    assert (notification.graph_id, notification.graph_id_folded) == (spelled, KEY)


@pytest.mark.parametrize("other", ["Abc-Def", "c-1", "57DAB8B1-not-a-guid", "é"])
def test_an_id_that_is_no_guid_stays_as_it_is(other: str) -> None:
    assert fold_id(other) == other


@pytest.mark.parametrize("unstorable", ["a\x00b", "a\ud800b", "9" * 5000])
def test_an_id_no_database_can_hold_names_no_call(unstorable: str) -> None:
    assert notification_of({"resourceUrl": f"/communications/calls/{unstorable}"}).graph_id_folded == ""


@pytest.mark.parametrize(
    ("item", "tenant_id"),
    [
        (about_call(tenantId="t-1"), "t-1"),
        ({**about_call(), "tenantId": "t-2"}, "t-2"),
        ({**about_call(tenantId="t-1"), "tenantId": "t-2"}, "t-1"),
        (about_call(tenantId=5), ""),
        (about_call(), ""),
    ],
)
def test_the_tenant_is_the_entitys_or_the_items(item: dict[str, Any], tenant_id: str) -> None:
    assert notification_of(item).tenant_id == tenant_id


# Facts ----------------------------------------------------------------------------------------------------------------


def person(kind: str = "user", **who: Any) -> dict[str, Any]:
    return {"identity": {"@odata.type": "#microsoft.graph.identitySet", kind: who}, "region": "emea"}


def party(kind: str, name: str = "", identifier: str = "", tenant_id: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name, "id": identifier, "tenant_id": tenant_id}


FACTS = [
    # members of a call that rings
    ({"state": "incoming"}, {"state": "incoming"}),
    ({"direction": "incoming", "callChainId": "k"}, {"direction": "incoming", "chain_id": "k"}),
    ({"requestedModalities": ["audio", "Video"]}, {"modalities": ["audio", "video"]}),
    ({"requestedModalities": []}, {"modalities": []}),
    ({"requestedModalities": ["hologram", 7]}, {"modalities": ["hologram"]}),
    # words in any case, and words nobody knows
    ({"state": "Established"}, {"state": "established"}),
    ({"state": "TRANSFERACCEPTED"}, {"state": "transferAccepted"}),
    ({"state": "parkedByMoon"}, {"state": "parkedByMoon"}),
    ({"state": ""}, {}),
    ({"state": {"a": 1}}, {}),
    # ends
    ({"state": "terminated"}, {"state": "terminated", "ended": True}),
    ({"state": "Terminated"}, {"state": "terminated", "ended": True}),
    ({"state": "terminating"}, {"state": "terminating"}),
    # results: numbers, digits, both spellings of the subcode
    ({"resultInfo": {"code": 200, "subcode": 5003, "message": "m"}},
     {"result_code": 200, "result_subcode": 5003, "result_message": "m"}),
    ({"resultInfo": {"code": "200", "subcode": "0"}}, {"result_code": 200, "result_subcode": 0}),
    ({"resultInfo": {"code": "200", "subCode": "5001"}}, {"result_code": 200, "result_subcode": 5001}),
    ({"resultInfo": {"code": 10**30, "subcode": True, "message": {}}}, {}),
    ({"resultInfo": {"code": "²", "subcode": "1e3"}}, {}),
    ({"resultInfo": "text"}, {}),
    # callers
    ({"source": person(displayName="Ada", id="a", tenantId="t")}, {"source": party("user", "Ada", "a", "t")}),
    ({"source": person(id="a")}, {"source": party("user", "", "a")}),
    ({"source": person("phone", id="+12025550147")}, {"source": party("phone", "", "+12025550147")}),
    ({"source": person("guest", displayName="G", id="g")}, {"source": party("guest", "G", "g")}),
    ({"source": person("encrypted", id="x")}, {"source": party("encrypted", "", "x")}),
    ({"source": {"identity": {"application": {}, "user": {"id": "a"}}}}, {"source": party("user", "", "a")}),
    ({"source": {"identity": {"user": None}}}, {}),
    ({"source": {"identity": []}}, {}),
    ({"source": None}, {}),
    ({"targets": [person("application", displayName="28:bot", id="b"), {}]},
     {"targets": [party("application", "28:bot", "b")]}),
    ({"targets": {}}, {}),
    # policy recording
    ({"incomingContext": {"observedParticipantId": "o"}}, {"policy_recording": True}),
    ({"incomingContext": {"sourceParticipantId": "s"}}, {"policy_recording": False}),
    ({"incomingContext": None}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("entity", "facts"), FACTS, ids=[json.dumps(row[0])[:90] for row in FACTS])
def test_what_a_notification_says_about_its_call(entity: dict[str, Any], facts: dict[str, Any]) -> None:
    assert notification_of(about_call(**entity)).facts == CallFacts(**facts)


def test_the_end_that_follows_a_reject_says_only_that_it_is_one() -> None:
    assert notification_of(about_call("deleted")).facts == CallFacts(ended=True)
    assert notification_of(about_call("Deleted")).facts == CallFacts(ended=True)


# Envelopes ------------------------------------------------------------------------------------------------------------


def test_several_notifications_keep_their_order() -> None:
    body = {"@odata.type": "#microsoft.graph.commsNotifications", "value": [about_call(state=str(n)) for n in range(5)]}
    assert [item.facts.state for item in parse(json.dumps(body).encode())] == list("01234")


def test_one_item_may_stand_outside_a_list() -> None:
    assert len(parse(json.dumps({"value": about_call()}).encode())) == 1


@pytest.mark.parametrize("body", [b"", b" \n", b'{"value": []}', b'{"value": null}', b'{"value": [null]}'])
def test_nothing_is_no_notification(body: bytes) -> None:
    assert parse(body) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_any_unicode_is_read(encoding: str) -> None:
    text = json.dumps({"value": [about_call(source=person(displayName="Анна 田中"))]}, ensure_ascii=False)
    (notification,) = parse(text.encode(encoding))
    assert notification.facts.source == party("user", "Анна 田中")
    assert notification.body.isascii()


def test_the_older_shape_is_known_by_its_members() -> None:
    with pytest.raises(LegacyBody):
        parse(b'{"id": "x", "callState": "incoming", "participants": [], "isMultiparty": false}')


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b"7", b'"x"', b"{}", b'{"value"', b"\xff\xfe", b'{"value": [NaN]}', b'{"value": Infinity}',
     b"[" * 100_000, b'{"value": ' + b"[" * 200 + b"]" * 200 + b"}", b'{"callState": "incoming"}',
     b'{"value": [' + b"1," * 1000 + b"1]}"],
    ids=lambda body: repr(body[:30]),
)  # fmt: skip
def test_what_is_no_notification_body_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        parse(body)


def test_the_same_item_has_the_same_digest_whatever_the_order_of_its_members() -> None:
    one, other = about_call(state="incoming"), dict(reversed(about_call(state="incoming").items()))
    assert (
        notification_of(one).digest
        == notification_of(other).digest
        != notification_of(about_call(state="established")).digest
    )


def test_two_secrets_in_one_place_are_two_digests() -> None:
    first, second = (notification_of(about_call(meetingInfo={"token": word})) for word in ("one", "two"))
    assert first.body == second.body and first.digest != second.digest
