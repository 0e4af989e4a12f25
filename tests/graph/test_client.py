"""Reject requests to Graph: their content, their retries within the window, their results."""

import asyncio
import json
import time
from email.utils import formatdate

import pytest

from calls.graph import http
from calls.graph.answers import Answer, CallGone, OutcomeUnknown, Refused, Unreachable
from calls.graph.client import GraphClient
from calls.graph.credentials import Credentials
from calls.graph.vocabulary import RejectReason
from calls.simulator import Simulator
from tests.graph.conftest import TENANT, Reply, ScriptedGraph, credentials_for, graph_client

ACCEPTED = Reply(202)
GUID = "11111111-2222-3333-4444-555555555555"


async def reject(graph: GraphClient, call_id: str = GUID, *, window: float = 5.0, tenant: str = TENANT) -> Answer:
    closes_at = time.monotonic() + window
    return await graph.reject(call_id, RejectReason.BUSY, tenant_id=tenant, closes_at=closes_at)


@pytest.fixture
def asking(scripted: ScriptedGraph, credentials: Credentials, client: http.AsyncClient) -> GraphClient:
    """The product's Graph client, connected to the scripted server."""
    scripted.listen()
    return graph_client(scripted.url, credentials, client)


# Requests -----------------------------------------------------------------------------------------------------------


async def test_an_accepted_reject_answers_202_and_the_ids_support_asks_for(
    simulator: Simulator, graph: GraphClient
) -> None:
    call = simulator.prepare()
    answer = await reject(graph, call.id)
    (seen,) = simulator.rejects
    assert (answer.status, answer.code, answer.message) == (202, "", "")
    assert answer.request_id and answer.date
    assert answer.client_request_id == seen.headers["client-request-id"]
    assert (call.rejected, seen.reason) == (True, "busy")


async def test_the_request_is_json_with_the_reason_alone(scripted: ScriptedGraph, asking: GraphClient) -> None:
    await reject(asking)
    (seen,) = scripted.received
    assert json.loads(seen.body) == {"reason": "busy"}
    assert seen.headers["Content-Type"] == "application/json"


async def test_a_callback_address_is_sent_when_one_is_configured(
    scripted: ScriptedGraph, credentials: Credentials, client: http.AsyncClient
) -> None:
    scripted.listen()
    await reject(graph_client(scripted.url, credentials, client, callback="https://bot.example/api/calls"))
    assert json.loads(scripted.received[0].body)["callbackUri"] == "https://bot.example/api/calls"


@pytest.mark.parametrize(
    ("call_id", "encoded"),
    [
        (GUID, GUID),
        ("57DAB8B1894C409AB240BD8BEAE78896", "57DAB8B1894C409AB240BD8BEAE78896"),
        ("a/b", "a%2Fb"),
        ("../me", "..%2Fme"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("%2F", "%252F"),
        ("é", "%C3%A9"),
    ],
)
async def test_an_id_is_percent_encoded_in_the_path(
    scripted: ScriptedGraph, asking: GraphClient, call_id: str, encoded: str
) -> None:
    await reject(asking, call_id)
    assert scripted.received[0].path == f"/v1.0/communications/calls/{encoded}/reject"


async def test_a_call_is_rejected_with_a_token_of_its_own_tenant(simulator: Simulator, graph: GraphClient) -> None:
    call = simulator.prepare(tenant="99999999-0000-0000-0000-000000000001")
    with pytest.raises(Refused) as refused:
        await reject(graph, call.id)
    assert refused.value.answer.code == "7505"
    assert (await reject(graph, call.id, tenant=call.tenant_id)).status == 202


async def test_a_call_is_alive_until_graph_no_longer_knows_it(simulator: Simulator, graph: GraphClient) -> None:
    call = simulator.prepare()
    assert await graph.is_alive(call.id, tenant_id=TENANT)
    call.vanish()
    assert not await graph.is_alive(call.id, tenant_id=TENANT)


@pytest.mark.parametrize(
    ("body", "alive"),
    [(b'{"state": "terminated"}', False), (b'{"state": "Terminated"}', False), (b'{"state": "established"}', True)]
    + [(odd, True) for odd in (b"", b"[]", b'{"state": null}', b'{"state": ["terminated"]}')],
)
async def test_a_call_that_graph_shows_as_terminated_is_not_alive(
    scripted: ScriptedGraph, asking: GraphClient, body: bytes, alive: bool
) -> None:
    scripted.replies = [Reply(200, body)]
    assert await asking.is_alive(GUID, tenant_id=TENANT) is alive


# Retries ------------------------------------------------------------------------------------------------------------


async def test_a_pause_graph_asks_for_is_kept_to_the_fraction(scripted: ScriptedGraph, asking: GraphClient) -> None:
    scripted.replies = [Reply(429, headers={"Retry-After": "0.428"}), ACCEPTED]
    began = time.monotonic()
    assert (await reject(asking)).status == 202
    assert time.monotonic() - began >= 0.428
    first, second = scripted.received
    assert first.headers["client-request-id"] == second.headers["client-request-id"]


async def test_a_503_that_names_an_end_is_repeated_as_well(scripted: ScriptedGraph, asking: GraphClient) -> None:
    scripted.replies = [Reply(503, headers={"Retry-After": "0.3"}), ACCEPTED]
    assert (await reject(asking)).status == 202


@pytest.mark.parametrize(
    "retry_after",
    [None, "", "soon", formatdate(usegmt=True), "nan", "inf", "2.128", "1e9"],
    ids=["absent", "empty", "a word", "a date", "nan", "infinite", "longer than the window", "years"],
)
async def test_without_a_pause_that_fits_the_window_the_refusal_is_told_at_once(
    scripted: ScriptedGraph, asking: GraphClient, retry_after: str | None
) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    scripted.replies = [Reply(429, headers=headers)]
    with pytest.raises(Refused) as refused:
        await reject(asking, window=2.5)
    assert refused.value.answer.status == 429
    assert len(scripted.received) == 1


@pytest.mark.parametrize("retry_after", ["0", "-5", "0.001"])
async def test_a_pause_of_nothing_does_not_make_us_knock_without_one(
    scripted: ScriptedGraph, asking: GraphClient, retry_after: str
) -> None:
    scripted.replies = [Reply(429, headers={"Retry-After": retry_after})]
    with pytest.raises(Refused):
        await reject(asking, window=2.5)
    assert 2 <= len(scripted.received) <= 8, "four a second at most, and none in the last three quarters of one"


async def test_an_expired_token_is_replaced_once(simulator: Simulator, graph: GraphClient) -> None:
    call = simulator.prepare()
    simulator.faults.reject(status=401, code="InvalidAuthenticationToken", shape="odata", times=1)
    assert (await reject(graph, call.id)).status == 202
    first, second = (seen.headers["authorization"] for seen in simulator.rejects)
    assert first != second


async def test_a_token_refused_twice_is_a_refusal(scripted: ScriptedGraph, asking: GraphClient) -> None:
    scripted.replies = [Reply(401)]
    with pytest.raises(Refused):
        await reject(asking)
    assert len(scripted.received) == 2


async def test_no_token_is_a_refusal_by_the_identity_services_number(
    simulator: Simulator, token_client: http.Client, client: http.AsyncClient
) -> None:
    credentials = credentials_for(simulator, token_client, secret="wrong")
    with pytest.raises(Refused) as refused:
        await reject(graph_client(simulator.settings["GRAPH_BASE_URL"], credentials, client))
    credentials.close()
    assert (refused.value.answer.status, refused.value.answer.code) == (None, "AADSTS7000215")
    assert not simulator.rejects


async def test_refused_connections_are_repeated_while_the_window_lasts(
    scripted: ScriptedGraph, credentials: Credentials, client: http.AsyncClient
) -> None:
    graph = graph_client(scripted.url, credentials, client)
    await graph.warm(TENANT)
    asyncio.get_running_loop().call_later(1.6, scripted.listen)  # whoever asks past the window is heard
    began = time.monotonic()
    with pytest.raises(Unreachable) as told:
        await reject(graph, window=1.6)
    assert time.monotonic() - began > 0.8
    assert not scripted.received
    assert (told.value.answer.status, told.value.answer.code) == (None, "unreachable")


async def test_a_graph_that_comes_back_within_the_window_is_reached(
    scripted: ScriptedGraph, credentials: Credentials, client: http.AsyncClient
) -> None:
    graph = graph_client(scripted.url, credentials, client)
    await graph.warm(TENANT)
    asyncio.get_running_loop().call_later(0.4, scripted.listen)
    began = time.monotonic()
    assert (await reject(graph)).status == 202
    assert time.monotonic() - began >= 0.4


# Unknown outcomes ---------------------------------------------------------------------------------------------------


async def test_no_answer_in_time_leaves_the_outcome_unknown_and_is_not_repeated(
    scripted: ScriptedGraph, credentials: Credentials
) -> None:
    scripted.listen()
    scripted.replies = [Reply(after=10.0)]
    async with http.AsyncClient(timeout=0.3) as impatient:
        with pytest.raises(OutcomeUnknown) as told:
            await reject(graph_client(scripted.url, credentials, impatient))
    assert (told.value.answer.status, told.value.answer.code) == (None, "noAnswer")
    assert told.value.answer.client_request_id == scripted.received[0].headers["client-request-id"]
    assert len(scripted.received) == 1


async def test_a_connection_cut_after_the_request_leaves_the_outcome_unknown(
    simulator: Simulator, graph: GraphClient
) -> None:
    call = simulator.prepare()
    simulator.faults.drop_reject(after=True, times=1)
    with pytest.raises(OutcomeUnknown):
        await reject(graph, call.id)
    assert call.rejected
    with pytest.raises(CallGone) as gone:
        await reject(graph, call.id)
    assert gone.value.answer.code == "8522"


async def test_a_graph_nobody_trusts_is_unreachable(simulator: Simulator, credentials: Credentials) -> None:
    async with http.async_client(http.trust()) as suspicious:
        with pytest.raises(Unreachable):
            await reject(graph_client(simulator.settings["GRAPH_BASE_URL"], credentials, suspicious), window=0.6)
    assert not simulator.rejects
