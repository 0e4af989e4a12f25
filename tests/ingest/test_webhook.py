"""What Graph sees at `POST /api/calls`, and what is in the database afterwards."""

import itertools
import json
import time
from typing import Any

import httpx
import jwt
import pytest

from calls.models import AuditEntry, Call, Notification, RejectAttempt
from calls.simulator import Simulator
from tests import bodies
from tests.servers import Dashboard

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
    graph.deliver(INCOMING)
    assert only_call().state == "incoming"


def nothing_was_written() -> bool:
    return not any(model.objects.exists() for model in (Call, Notification, RejectAttempt, AuditEntry))


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


NOW, A_DAY = int(time.time()), 86_400  # read when the run begins, which may be long before a test does


@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param({"aud": "00000000-0000-0000-0000-00000000beef"}, id="another audience"),
        pytest.param({"aud": "https://api.botframework.com"}, id="the audience of join tokens"),
        pytest.param({"drop": {"aud"}}, id="no audience"),
        pytest.param({"iss": "https://login.microsoftonline.com/x/v2.0"}, id="another issuer"),
        pytest.param({"iss": "https://api.botframework.com/"}, id="an issuer with a slash too many"),
        pytest.param({"drop": {"iss"}}, id="no issuer"),
        pytest.param({"exp": NOW - A_DAY}, id="expired"),
        pytest.param({"drop": {"exp"}}, id="no expiry"),
        pytest.param({"nbf": NOW + A_DAY}, id="not valid yet"),
        pytest.param({"tid": "11111111-2222-3333-4444-555555555555"}, id="a tenant that is not served"),
        pytest.param({"drop": {"tid"}}, id="no tenant"),
        pytest.param({"tid": 5}, id="a tenant that is no text"),
        pytest.param({"http://schemas.microsoft.com/identity/claims/tenantid": "another"}, id="two tenants"),
        pytest.param({"http://schemas.microsoft.com/identity/claims/tenantid": 5}, id="a tenant and a number"),
    ],
)
def test_a_token_that_proves_too_little_is_401_and_nothing_is_written(
    graph: Simulator, overrides: dict[str, Any]
) -> None:
    answer = graph.deliver(INCOMING, token=graph.callback_token(**overrides))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content == b"", "why a token is refused is nobody's business"
    assert nothing_was_written()


def test_a_token_for_several_audiences_is_401(graph: Simulator) -> None:
    several = graph.callback_token(aud=[graph.settings["GRAPH_APP_ID"]])
    assert graph.deliver(INCOMING, token=several).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", json.dumps(bodies.LEGACY).encode(), b"[" * 100_000], ids=repr)
def test_a_stranger_is_told_nothing_about_a_body(graph: Simulator, body: bytes) -> None:
    assert graph.deliver(body, token=graph.callback_token(aud="another")).status_code == 401
    assert nothing_was_written()


def test_forged_tokens_are_401(graph: Simulator) -> None:
    good = graph.callback_token()
    header, payload, signature = good.split(".")
    kid = jwt.get_unverified_header(good)["kid"]
    claims = claims_of(good)
    forged = {
        "no signature": jwt.encode(claims, "", algorithm="none", headers={"kid": kid}),
        "signed with a text": jwt.encode(claims, "x" * 64, algorithm="HS256", headers={"kid": kid}),
        "another signature": f"{header}.{payload}.{signature[:-8]}AAAAAAAA",
        "an unknown key": jwt.encode(claims, "x" * 64, algorithm="HS256", headers={"kid": "unknown"}),
        "not a token": "hello",
        "half a token": f"{header}.{payload}",
    }
    for name, token in forged.items():
        assert graph.deliver(INCOMING, token=token).status_code == 401, name
    assert nothing_was_written()


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic YTpi", "bearer", "Bearer x y"])
def test_without_a_bearer_token_is_401(dashboard: Dashboard, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = httpx.post(dashboard.webhook_url, json=INCOMING, headers=headers)
    assert answer.status_code == 401
    assert nothing_was_written()


def test_the_tenant_may_stand_under_its_long_name(graph: Simulator) -> None:
    tenant = graph.settings["GRAPH_TENANT_ID"]
    token = graph.callback_token(
        drop={"tid"}, **{"http://schemas.microsoft.com/identity/claims/tenantid": tenant.upper()}
    )
    assert graph.deliver(INCOMING, token=token).status_code == 202


def test_clocks_may_differ_by_five_minutes(graph: Simulator) -> None:
    now = int(time.time())
    assert graph.deliver(INCOMING, token=graph.callback_token(exp=now - 250)).status_code == 202
    assert graph.deliver(INCOMING, token=graph.callback_token(nbf=now + 250, iat=now + 250)).status_code == 202


def test_an_item_of_another_tenant_than_the_token_is_401_and_nothing_of_the_body_is_stored(graph: Simulator) -> None:
    stranger = bodies.ringing("c-2", tenantId="99999999-0000-0000-0000-000000000000")["value"][0]
    both = {"value": [bodies.ringing("c-1")["value"][0], stranger]}
    assert graph.deliver(both).status_code == 401
    assert nothing_was_written()
    same = bodies.ringing("c-1", tenantId=graph.settings["GRAPH_TENANT_ID"].upper())
    assert graph.deliver(same).status_code == 202


def test_a_new_signing_key_is_found_without_a_restart(graph: Simulator) -> None:
    graph.deliver(bodies.ringing("c-1"))
    old = graph.callback_token()
    graph.rotate_keys()
    assert graph.deliver(bodies.ended("c-1"), token=graph.callback_token()).status_code == 202
    assert only_call().ended_at is not None
    assert graph.deliver(bodies.ended("c-1"), token=old).status_code in (202, 401)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_other_methods_are_405(dashboard: Dashboard, method: str) -> None:
    answer = httpx.request(method, dashboard.webhook_url)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_trailing_slash_is_the_same_address(graph: Simulator) -> None:
    graph.webhook_url += "/"
    assert graph.deliver(INCOMING).status_code == 202


def test_a_body_over_a_megabyte_is_413_whether_declared_or_not(graph: Simulator, dashboard: Dashboard) -> None:
    headers = {"Authorization": f"Bearer {graph.callback_token()}"}
    large = b'{"value": ["' + b"x" * 1_200_000 + b'"]}'
    assert httpx.post(dashboard.webhook_url, content=large, headers=headers).status_code == 413
    assert httpx.post(dashboard.webhook_url, content=iter([large]), headers=headers).status_code == 413
    assert not Notification.objects.exists()


def test_a_call_belongs_to_the_tenant_it_was_first_heard_of_in(graph: Simulator) -> None:
    graph.deliver(bodies.ringing("c-1"))
    Call.objects.update(tenant_id="22222222-0000-0000-0000-000000000000")
    assert graph.deliver(bodies.ended("c-1")).status_code == 202
    assert only_call().ended_at is None
    assert "belongs to tenant" in Notification.objects.latest("id").problem
