"""Limits on the size and the types of a notification's members."""

import json
from typing import Any

import pytest

from calls.graph.call_facts import CallFacts
from calls.graph.json_body import REDACTED, UnreadableBody
from calls.graph.payloads import MAX_NOTIFICATIONS, LegacyBody, parse
from tests.graph.test_payloads import CALL, GUID, about_call, notification_of, party, person

LONG = "x" * 5000


@pytest.mark.parametrize(
    ("entity", "name", "length"),
    [
        ({"state": LONG}, "state", 64),
        ({"direction": LONG}, "direction", 64),
        ({"callChainId": LONG}, "chain_id", 200),
        ({"tenantId": LONG}, "named_tenant_id", 64),
        ({"resultInfo": {"message": LONG}}, "result_message", 500),
        ({"requestedModalities": [LONG]}, "modalities", 64),
    ],
)
def test_a_text_is_clipped_to_its_column(entity: dict[str, Any], name: str, length: int) -> None:
    value = getattr(notification_of(about_call(**entity)).facts, name)
    assert len(value[0] if isinstance(value, list) else value) == length


def test_a_participant_is_clipped_to_its_columns() -> None:
    source = notification_of(about_call(source=person(LONG, displayName=LONG, id=LONG, tenantId=LONG))).facts.source
    assert {name: len(value) for name, value in source.items()} == {
        "kind": 64,
        "name": 200,
        "id": 200,
        "tenant_id": 64,
    }


def test_so_many_targets_and_modalities_are_taken_and_no_more() -> None:
    facts = notification_of(
        about_call(targets=[person(id=str(n)) for n in range(60)], requestedModalities=["a"] * 20)
    ).facts
    assert (len(facts.targets), len(facts.modalities)) == (50, 16)


def test_what_a_database_refuses_is_replaced() -> None:
    facts = notification_of(about_call(state="a\x00b", source=person(displayName="A\ud800", id="\x00"))).facts
    assert (facts.state, facts.source) == ("a\ufffdb", party("user", "A\ufffd", "\ufffd"))


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (2**31 - 1, 2**31 - 1),
        (2**31, None),
        (-(2**31) + 1, -(2**31) + 1),
        (-(2**31), None),
        (0, 0),
        (True, None),
        (1.5, None),
        (None, None),
        ("-7", -7),
        (" 200 ", 200),
        ("123456789", 123456789),
        ("1234567890", None),
        ("", None),
        ("1 2", None),
    ],
)
def test_a_result_code_is_a_whole_number_that_a_column_holds(code: object, number: int | None) -> None:
    facts = notification_of(about_call(resultInfo={"code": code, "subcode": code})).facts
    assert (facts.result_code, facts.result_subcode) == (number, number)


@pytest.mark.parametrize(
    ("identity", "told"),
    [
        ({"application": {}, "user": {"displayName": "Ada"}}, party("user", "Ada")),
        ({"user": {"displayName": "Ada"}, "application": {"id": "b"}}, party("user", "Ada")),
        ({"@odata.context": {"id": "z"}, "user": {}}, party("user")),
        ({"user": {"displayName": 7, "id": ["a"], "tenantId": {}}}, party("user")),
        ({"robot": {"id": "r", "tenantId": "t"}}, party("robot", "", "r", "t")),
        ({"@odata.type": "x"}, None),
        ({"user": "Ada"}, None),
    ],
)
def test_the_person_of_an_identity_set(identity: dict[str, Any], told: dict[str, str] | None) -> None:
    assert notification_of(about_call(source={"identity": identity})).facts.source == told


def test_targets_that_name_nobody_are_left_out() -> None:
    targets = [person(id="a"), "text", None, {"identity": None}, person(id="b")]
    assert notification_of(about_call(targets=targets)).facts.targets == [
        party("user", "", "a"),
        party("user", "", "b"),
    ]


@pytest.mark.parametrize("context", [{"observedParticipantId": ""}, {"observedParticipantId": None}, {}])
def test_an_empty_observed_participant_is_none(context: dict[str, Any]) -> None:
    assert notification_of(about_call(incomingContext=context)).facts.policy_recording is False


def test_a_call_names_its_tenant_and_what_is_no_text_says_nothing() -> None:
    assert notification_of(about_call(tenantId="t-1")).facts == CallFacts(named_tenant_id="t-1")
    nothing = {"state": 1, "direction": [], "callChainId": {}, "requestedModalities": "audio", "targets": "x"}
    assert notification_of(about_call(**nothing)).facts == CallFacts()


def test_an_entitys_own_path_wins_over_its_id() -> None:
    entity = {"@odata.type": CALL, "@odata.id": "/app/calls/path", "id": "own"}
    assert notification_of({"resourceData": entity}).graph_id == "path"
    assert notification_of({"resourceData": {**entity, "@odata.id": "/elsewhere"}}).graph_id == ""


def test_a_thousand_notifications_are_read_and_one_more_is_not() -> None:
    assert len(parse(json.dumps({"value": [{}] * MAX_NOTIFICATIONS}).encode())) == MAX_NOTIFICATIONS == 1000
    with pytest.raises(UnreadableBody):
        parse(json.dumps({"value": [{}] * (MAX_NOTIFICATIONS + 1)}).encode())


def test_the_older_shape_has_both_of_its_members_and_no_value() -> None:
    for half in ({"callState": "incoming"}, {"participants": []}):
        with pytest.raises(UnreadableBody):
            parse(json.dumps(half).encode())
    with pytest.raises(LegacyBody):
        parse(b'{"callState": "", "participants": []}')
    assert parse(b'{"callState": "incoming", "participants": [], "value": []}') == []


@pytest.mark.parametrize(
    ("number", "kept"),
    [("7", 7), ("9" * 300, int("9" * 300)), ("9" * 301, "9" * 301), ("1e3", 1000.0), ("1e400", "1e400")],
)
def test_a_number_beyond_all_sizes_is_kept_as_it_is_written(number: str, kept: object) -> None:
    (notification,) = parse(f'{{"value": [{{"n": {number}}}]}}'.encode())
    assert json.loads(notification.body) == {"n": kept}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("eyJhbGciOi1.eyJpc3Mi.c2ln", REDACTED),
        ("eyJhbGciOi1.eyJpc3Mi.", REDACTED),
        ("eyJhbGciOi1.eyJpc3Mi.x eyJhbGciOi1.eyJpc3Mi.y", f"{REDACTED} {REDACTED}"),
        ("eyJhbGciOi.eyJpc3Mi.c2ln", "eyJhbGciOi.eyJpc3Mi.c2ln"),
        ("eyJhbGciOi1.eyJpc3M.c2ln", "eyJhbGciOi1.eyJpc3M.c2ln"),
    ],
)
def test_what_looks_like_a_token_is_redacted(text: str, kept: str) -> None:
    assert json.loads(notification_of({"text": text}).body) == {"text": kept}


@pytest.mark.parametrize("empty", ["", None, 0, [], {}, False])
def test_an_empty_secret_is_kept_because_it_says_that_there_is_none(empty: object) -> None:
    assert json.loads(notification_of({"token": empty}).body) == {"token": empty}


def test_a_guid_in_any_spelling_is_one_call_also_by_its_own_id() -> None:
    for spelled in (GUID, GUID.upper(), GUID.replace("-", "")):
        notification = notification_of({"resourceData": {"@odata.type": "microsoft.graph.call", "id": spelled}})
        assert notification.graph_id_folded == GUID.replace("-", "")
