"""Callbacks to `POST /api/calls`: the response and the resulting call."""

import itertools
import json
from typing import Any

import pytest

from calls.models import Call, Notification
from calls.simulator import Simulator
from tests import bodies

INCOMING, DELETED = bodies.DOCUMENTED_INCOMING, bodies.DOCUMENTED_DELETED


def only_call() -> Call:
    return Call.objects.get()


def test_a_documented_incoming_call_is_stored_before_202(graph: Simulator) -> None:
    answer = graph.deliver(INCOMING)
    assert (answer.status_code, answer.content) == (202, b"")
    call = only_call()
    assert (call.graph_id, call.state, call.direction) == (bodies.DOCUMENTED_ID, "incoming", "incoming")
    assert call.source == {
        "kind": "user",
        "name": "Test User",
        "id": "8A34A46B-3D17-4ADC-8DCE-DC4E7D572698",
        "tenant_id": "",
    }
    assert [target["name"] for target in call.targets] == ["Test BOT"]
    assert call.modalities == ["audio", "video"]
    assert (call.deadline - call.received_at).total_seconds() == 15
    assert call.tenant_id == graph.settings["GRAPH_TENANT_ID"].lower()


def test_a_deleted_without_a_state_ends_the_call(graph: Simulator) -> None:
    graph.deliver(INCOMING)
    assert graph.deliver(DELETED).status_code == 202
    call = only_call()
    assert call.state == "terminated"
    assert call.ended_at is not None
    assert call.source["name"] == "Test User"


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(order, id="-".join("in" if body is INCOMING else "del" for body in order))
        for length in (1, 2, 3)
        for order in itertools.product([INCOMING, DELETED], repeat=length)
    ],
)
def test_in_any_order_and_repetition_there_is_one_call_and_it_stays_ended(
    graph: Simulator, order: tuple[dict[str, Any], ...]
) -> None:
    for body in order:
        assert graph.deliver(body).status_code == 202
    call = only_call()
    assert (call.ended_at is not None) == (DELETED in order)
    assert call.state == ("terminated" if DELETED in order else "incoming")
    assert (call.source is not None) == (INCOMING in order)


def test_the_same_message_twice_changes_nothing_the_second_time(graph: Simulator) -> None:
    for _ in range(2):
        assert graph.deliver(INCOMING, headers={"X-Microsoft-Skype-Message-ID": "m-1"}).status_code == 202
    assert Notification.objects.count() == 1
    graph.deliver(DELETED, headers={"X-Microsoft-Skype-Message-ID": "m-1"})
    assert only_call().ended_at, "another item under the same message id is not a redelivery"


def test_a_redelivery_in_one_body_is_noticed_as_well(graph: Simulator) -> None:
    twice = {"value": [*INCOMING["value"], *INCOMING["value"]]}
    assert graph.deliver(twice, headers={"X-Microsoft-Skype-Message-ID": "m-2"}).status_code == 202
    assert Notification.objects.count() == 1


@pytest.mark.parametrize(
    "spelling",
    [
        "/app/calls/57DAB8B1894C409AB240BD8BEAE78896",
        "/communications/calls/57dab8b1-894c-409a-b240-bd8beae78896",
        "communications/calls/57DAB8B1-894C-409A-B240-BD8BEAE78896/",
        "/applications/0b5d4d3a/calls/57dab8b1894c409ab240bd8beae78896",
        "https://graph.microsoft.com/v1.0/communications/calls/57dab8b1-894c-409a-b240-bd8beae78896",
    ],
)
def test_one_call_whatever_the_spelling_of_its_id(graph: Simulator, spelling: str) -> None:
    graph.deliver(INCOMING)
    graph.deliver(bodies.notification("deleted", spelling))
    assert only_call().ended_at is not None
    assert only_call().graph_id == bodies.DOCUMENTED_ID


@pytest.mark.parametrize(
    ("path", "resource_data"),
    [
        ("participants", [{"@odata.type": "#microsoft.graph.participant", "id": None}]),
        ("operations/0ce2", {"@odata.type": "#microsoft.graph.playPromptOperation", "status": "completed"}),
        ("contentsharingsessions/7", None),
        ("operations/participants", [{"id": "x"}]),
    ],
)
@pytest.mark.parametrize("change_type", ["created", "updated", "deleted"])
def test_what_belongs_to_a_call_neither_makes_nor_ends_it(
    graph: Simulator, path: str, resource_data: Any, change_type: str
) -> None:
    item = {"changeType": change_type, "resourceUrl": f"/communications/calls/{bodies.DOCUMENTED_ID}/{path}"}
    if resource_data is not None:
        item["resourceData"] = resource_data
    assert graph.deliver({"value": [item]}).status_code == 202
    assert (Call.objects.count(), Notification.objects.count()) == (0, 1)
    graph.deliver(INCOMING)
    graph.deliver({"value": [item]})
    assert only_call().state == "incoming"
    call = only_call()
    kept = Notification.objects.order_by("id")
    assert [notification.call_pk for notification in kept] == [None, call.pk, call.pk]
    about = Notification.objects.filter(Notification.about([call.graph_id_folded], [call.pk]))
    assert about.count() == 3, "what came before the call is found from its page"


def test_unknown_words_are_kept_as_they_came(graph: Simulator) -> None:
    graph.deliver(bodies.ringing("c-1"))
    body = bodies.moved("c-1", "parkedByMoon", novelty={"deep": [1, None]})
    body["value"][0]["changeType"] = "transmuted"
    assert graph.deliver(body).status_code == 202
    assert only_call().state == "parkedByMoon"
    stored = json.loads(Notification.objects.latest("id").body)
    assert (stored["changeType"], stored["resourceData"]["novelty"]) == ("transmuted", {"deep": [1, None]})


def test_known_words_are_known_in_any_case(graph: Simulator) -> None:
    graph.deliver(bodies.ringing("c-1"))
    graph.deliver(bodies.moved("c-1", "Established"))
    assert only_call().state == "established"
    graph.deliver(bodies.moved("c-1", "TERMINATED", resultInfo={"code": "200", "subCode": "5001", "message": "bye"}))
    call = only_call()
    assert (call.state, call.result_code, call.result_subcode, call.result_message) == ("terminated", 200, 5001, "bye")


def test_what_a_notification_leaves_out_is_not_cleared(graph: Simulator) -> None:
    graph.deliver(bodies.ringing("c-1", chain := "Ada", callChainId="chain-1"))
    graph.deliver(bodies.moved("c-1", "establishing"))
    call = only_call()
    assert (call.caller_name, call.chain_id, call.modalities) == (chain, "chain-1", ["audio"])


def test_an_answered_call_does_not_ring_again_when_its_first_notification_is_late(graph: Simulator) -> None:
    graph.deliver(bodies.moved("c-1", "established"))
    graph.deliver(bodies.ringing("c-1"))
    assert only_call().state == "established"
    assert only_call().caller_name == "Ada Lovelace"


def test_policy_recording_calls_ring_for_five_seconds(graph: Simulator) -> None:
    graph.deliver(bodies.ringing("c-1", incomingContext={"observedParticipantId": "p-1"}))
    call = only_call()
    assert call.policy_recording
    assert (call.deadline - call.received_at).total_seconds() == 5


def test_secrets_are_not_stored(graph: Simulator) -> None:
    token = graph.callback_token()
    graph.deliver(
        bodies.ringing(
            "c-1",
            meetingInfo={"token": "join-secret", "passcode": "1234"},
            replacesContext="context-secret",
            subject=f"look: {token}",
        )
    )
    body = Notification.objects.get().body
    for secret in ("join-secret", "1234", "context-secret", token):
        assert secret not in body


def test_a_call_belongs_to_the_tenant_it_was_first_heard_of_in(graph: Simulator) -> None:
    graph.deliver(bodies.ringing("c-1"))
    Call.objects.update(tenant_id="22222222-0000-0000-0000-000000000000")
    assert graph.deliver(bodies.ended("c-1")).status_code == 202
    assert only_call().ended_at is None
    assert "belongs to tenant" in Notification.objects.latest("id").problem
