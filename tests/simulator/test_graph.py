"""Graph as a bot sees it: what a reject is answered, and what follows."""

import json
import time
from typing import Any

import httpx
import pytest

from calls.simulator import Simulator
from tests.simulator.conftest import Bot, Webhook

ROOT = "/communications/calls/{id}/reject"
APP_ID = "3b1c1a52-7e0f-4f0e-9d53-5a8d6f0c2e11"


def error_of(answer: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    return error


@pytest.mark.parametrize(
    "path",
    [
        ROOT,
        "/app/calls/{id}/reject",
        f"/applications/{APP_ID}/calls/{{id}}/reject",
        "/communications/calls/{id}/microsoft.graph.reject",
    ],
)
def test_a_reject_is_accepted_under_every_path_it_has_had(simulator: Simulator, bot: Bot, path: str) -> None:
    call = simulator.ring()
    answer = bot.reject(call.id, path=path)
    assert (answer.status_code, answer.content) == (202, b"")
    assert simulator.wait_for(lambda: simulator.rejects)[0].path == "/v1.0" + path.format(id=call.id)


def test_an_accepted_reject_ends_the_call_with_neither_a_state_nor_a_result(
    simulator: Simulator, bot: Bot, webhook: Webhook
) -> None:
    call = simulator.ring()
    bot.reject(call.id)
    simulator.wait_for(lambda: len(call.deliveries) == 2)
    end = webhook.items(call)[-1]
    assert end["changeType"] == "deleted"
    assert not {"state", "resultInfo"} & set(end["resourceData"])


def test_the_end_waits_when_it_is_held(simulator: Simulator, bot: Bot, webhook: Webhook) -> None:
    simulator.hold_endings = True
    call = simulator.ring()
    bot.reject(call.id)
    assert webhook.story(call) == ["incoming"]
    call.end_rejected()
    assert webhook.story(call) == ["incoming", "deleted"]


@pytest.mark.parametrize("reason", ["none", "busy", "forbidden"])
def test_the_reason_and_the_request_are_on_record(simulator: Simulator, bot: Bot, reason: str) -> None:
    before = time.time()
    call = simulator.ring()
    bot.reject(call.id, {"reason": reason, "callbackUri": "https://bot.example/api/calls"})
    (seen,) = simulator.rejects
    assert (seen.call_id, seen.reason, seen.status) == (call.id, reason, 202)
    assert seen.headers["client-request-id"] == "our-own-id"
    assert before <= seen.received_at <= time.time()
    assert json.loads(seen.body)["reason"] == reason


def test_the_answer_carries_the_ids_to_ask_support_with(simulator: Simulator, bot: Bot) -> None:
    headers = bot.reject(simulator.ring().id).headers
    assert headers["client-request-id"] == "our-own-id"
    assert {"request-id", "date", "x-ms-ags-diagnostic"} <= set(headers)


def test_ids_may_be_spelled_with_and_without_dashes_in_any_case(simulator: Simulator, bot: Bot) -> None:
    spelled = simulator.ring().id.replace("-", "").upper()
    assert bot.reject(spelled).status_code == 202
    assert simulator.rejects[0].call_id == spelled


@pytest.mark.parametrize("body", [{"reason": "rude"}, {"reason": "unknownFutureValue"}, {"why": "busy"}, [1]])
def test_a_body_that_is_no_reject_is_400_and_the_call_rings_on(simulator: Simulator, bot: Bot, body: Any) -> None:
    call = simulator.ring()
    answer = bot.reject(call.id, body)
    assert (answer.status_code, error_of(answer)["code"]) == (400, "BadRequest")
    assert call.rings


@pytest.mark.parametrize("end", ["reject", "hang_up", "answer", "expire", "vanish"])
def test_a_call_that_no_longer_rings_is_404_with_8522(simulator: Simulator, bot: Bot, end: str) -> None:
    call = simulator.ring()
    getattr(call, end)()
    answer = bot.reject(call.id)
    assert (answer.status_code, error_of(answer)["code"]) == (404, "8522")


def test_an_unknown_call_is_404(bot: Bot) -> None:
    assert bot.reject("11111111-2222-3333-4444-555555555555").status_code == 404


def test_a_token_of_another_tenant_is_403_with_7505(simulator: Simulator, bot: Bot) -> None:
    call = simulator.ring(tenant="99999999-0000-0000-0000-000000000001")
    answer = bot.reject(call.id)
    assert (answer.status_code, error_of(answer)["code"]) == (403, "7505")
    assert call.rings
    assert bot.reject(call.id, token=bot.token(call.tenant_id)).status_code == 202


@pytest.mark.parametrize("token", ["hello", "a.b.c"])
def test_a_token_that_is_none_is_401(simulator: Simulator, bot: Bot, token: str) -> None:
    answer = bot.reject(simulator.ring().id, token=token)
    assert (answer.status_code, error_of(answer)["code"]) == (401, "InvalidAuthenticationToken")


def test_a_callback_token_and_an_old_token_are_401(simulator: Simulator, bot: Bot) -> None:
    call = simulator.ring()
    claims = {"appid": APP_ID, "tid": call.tenant_id, "aud": simulator.url}
    tokens = simulator.identity._key
    assert bot.reject(call.id, token=simulator.callback_token(**claims)).status_code == 401
    assert bot.reject(call.id, token=tokens.sign({**claims, "exp": time.time() - 1})).status_code == 401
    elsewhere = {**claims, "aud": "https://graph.example", "exp": time.time() + 60}
    assert bot.reject(call.id, token=tokens.sign(elsewhere)).status_code == 401


def test_without_a_bearer_is_401(simulator: Simulator, client: httpx.Client) -> None:
    url = simulator.settings["GRAPH_BASE_URL"] + ROOT.format(id=simulator.ring().id)
    assert client.post(url, json={"reason": "busy"}).status_code == 401


def test_a_live_call_can_be_looked_at_and_one_that_is_over_cannot(simulator: Simulator, bot: Bot) -> None:
    call = simulator.ring("Ada Lovelace")
    seen = bot.look(call.id.upper())
    assert seen.status_code == 200
    assert (seen.json()["id"], seen.json()["state"]) == (call.id, "incoming")
    call.answer()
    assert bot.look(call.id).json()["state"] == "established"
    call.hang_up()
    assert bot.look(call.id).status_code == 404


# Faults -------------------------------------------------------------------------------------------------------------


def test_an_error_may_be_plain_wrapped_or_the_gateways(simulator: Simulator, bot: Bot) -> None:
    call = simulator.ring()
    for shape in ("plain", "wrapped", "odata"):
        simulator.faults.reject(status=403, code="7503", message="Not registered.", shape=shape, times=1)
    plain, wrapped, gateway = (error_of(bot.reject(call.id)) for _ in range(3))
    assert plain["code"] == "7503" and "innererror" in plain
    assert wrapped["code"] == "UnknownError"
    assert json.loads(wrapped["message"])["errorCode"] == "7503"
    assert gateway["innerError"]["client-request-id"] == "our-own-id"
    assert bot.reject(call.id).status_code == 202


def test_retry_after_may_be_a_fraction(simulator: Simulator, bot: Bot) -> None:
    simulator.faults.reject(status=429, code="TooManyRequests", retry_after=2.128, times=1)
    answer = bot.reject(simulator.ring().id)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2.128")


def test_a_connection_cut_before_leaves_the_call_ringing(simulator: Simulator, bot: Bot) -> None:
    call = simulator.ring()
    simulator.faults.drop_reject(before=True, times=1)
    with pytest.raises(httpx.TransportError):
        bot.reject(call.id)
    assert simulator.wait_for(lambda: simulator.rejects)[0].status == 0
    assert call.rings and bot.reject(call.id).status_code == 202


def test_a_connection_cut_after_has_rejected_the_call(simulator: Simulator, bot: Bot, webhook: Webhook) -> None:
    call = simulator.ring()
    simulator.faults.drop_reject(after=True, times=1)
    with pytest.raises(httpx.TransportError):
        bot.reject(call.id)
    simulator.wait_for(lambda: len(call.deliveries) == 2)
    assert webhook.story(call) == ["incoming", "deleted"]


def test_a_delay_is_a_delay(simulator: Simulator, bot: Bot) -> None:
    call = simulator.ring()
    simulator.faults.reject(status=202, delay=0.4, times=1)
    began = time.monotonic()
    assert bot.reject(call.id).status_code == 202
    assert time.monotonic() - began >= 0.4


def test_a_fault_may_concern_one_call_alone(simulator: Simulator, bot: Bot) -> None:
    unlucky, lucky = simulator.ring(), simulator.ring()
    simulator.faults.reject(status=503, call_id=unlucky.id.upper())
    assert bot.reject(lucky.id).status_code == 202
    assert bot.reject(unlucky.id).status_code == 503
    simulator.faults.clear()
    assert bot.reject(unlucky.id).status_code == 202


def test_every_request_is_on_record(simulator: Simulator, bot: Bot) -> None:
    call = simulator.ring()
    bot.reject(call.id)
    last = simulator.wait_for(lambda: [seen for seen in simulator.requests if seen.path.endswith("/reject")])[0]
    assert (last.method, last.status) == ("POST", 202)
    simulator.wait_for(lambda: len(call.deliveries) == 2)
    simulator.forget()
    assert not simulator.requests and not simulator.rejects and not simulator.calls
