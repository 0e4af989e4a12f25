"""The exception for each response of Graph, and the parsing of error bodies."""

import json

import pytest

from calls.graph import http
from calls.graph.answers import CallGone, GraphError, OutcomeUnknown, Refused, Unreachable, read_error
from calls.graph.client import GraphClient
from calls.graph.credentials import Credentials
from calls.simulator import Simulator
from tests.graph.conftest import TENANT, Reply, ScriptedGraph, graph_client
from tests.graph.test_client import GUID, asking, reject

__all__ = ["asking"]  # a fixture


def wrapped(**inner: object) -> dict[str, str]:
    return {"code": "UnknownError", "message": json.dumps(inner)}


ERRORS = [
    ("plain", {"code": "7505", "message": "Tenant mismatch."}, ("7505", "Tenant mismatch.")),
    ("plain, with a number", {"code": 7505, "message": "Tenant mismatch."}, ("7505", "Tenant mismatch.")),
    ("wrapped", wrapped(errorCode="7503", message="No.", instanceAnnotations=[]), ("7503", "No.")),
    ("wrapped, with a number", wrapped(errorCode=8522), ("8522", "")),
    ("the gateway's", {"code": "BadRequest", "message": "Bad.", "innerError": {"date": "x"}}, ("BadRequest", "Bad.")),
    ("JSON that wraps nothing", {"code": "X", "message": '{"a": 1}'}, ("X", '{"a": 1}')),
    ("a brace and no JSON", {"code": "X", "message": "{oops"}, ("X", "{oops")),
    ("a code alone", {"code": "X"}, ("X", "")),
    ("nothing", {}, ("", "")),
    ("members of other kinds", {"code": ["x"], "message": {"y": 1}}, ("['x']", "{'y': 1}")),
]


@pytest.mark.parametrize(("error", "said"), [row[1:] for row in ERRORS], ids=[row[0] for row in ERRORS])
def test_code_and_message_are_found_in_every_shape(error: object, said: tuple[str, str]) -> None:
    assert read_error(json.dumps({"error": error}).encode()) == said


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"null", b"[]", b"7", b'"text"', b"<html>Bad Gateway</html>", b"\xff\xfe\x00", b"[" * 100_000,
     b'{"error": "text"}', b'{"error": null}', b'{"error": []}', b"{}"],
)  # fmt: skip
def test_a_body_that_says_nothing_is_no_trouble(body: bytes) -> None:
    assert read_error(body) == ("", "")


@pytest.mark.parametrize("shape", ["plain", "wrapped", "odata"])
async def test_an_error_of_graph_is_told_in_its_own_words(simulator: Simulator, graph: GraphClient, shape: str) -> None:
    simulator.faults.reject(status=403, code="7503", message="Not registered.", shape=shape)
    with pytest.raises(Refused) as refused:
        await reject(graph, simulator.prepare().id)
    answer = refused.value.answer
    assert (answer.status, answer.code, answer.message) == (403, "7503", "Not registered.")
    assert answer.request_id and answer.client_request_id


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Refused),
        (400, Refused),
        (401, Refused),
        (403, Refused),
        (404, CallGone),
        (409, Refused),
        (429, Refused),
        (410, Refused),
        (500, Refused),
        (501, Refused),
        (502, Refused),
        (503, Refused),
        (504, OutcomeUnknown),
        (505, Refused),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>no JSON</html>"])
async def test_a_status_alone_says_what_became_of_the_call(
    scripted: ScriptedGraph, asking: GraphClient, status: int, kind: type[GraphError], body: bytes
) -> None:
    scripted.replies = [Reply(status, body)]
    with pytest.raises(GraphError) as told:
        await reject(asking)
    assert type(told.value) is kind
    assert (told.value.answer.status, told.value.answer.code) == (status, "")


async def test_what_graph_says_is_clipped(scripted: ScriptedGraph, asking: GraphClient) -> None:
    long = "x" * 5000
    body = json.dumps({"error": {"code": long, "message": long}}).encode()
    scripted.replies = [Reply(403, body, {"request-id": long})]
    with pytest.raises(Refused) as refused:
        await reject(asking)
    answer = refused.value.answer
    assert (len(answer.code), len(answer.message), len(answer.request_id)) == (100, 500, 100)


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_every_success_is_one_and_its_body_is_not_read_for_an_error(
    scripted: ScriptedGraph, asking: GraphClient, status: int
) -> None:
    body = b"" if status == 204 else b'{"error": {"code": "X", "message": "Y"}}'
    scripted.replies = [Reply(status, body, {"request-id": "r"})]
    answer = await reject(asking)
    assert (answer.status, answer.code, answer.message, answer.request_id) == (status, "", "", "r")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Refused), (403, Refused), (429, Refused), (500, Refused), (503, Refused), (504, OutcomeUnknown)],
)
async def test_a_look_at_a_call_that_fails_tells_nothing_about_it(
    scripted: ScriptedGraph, asking: GraphClient, status: int, kind: type[GraphError]
) -> None:
    scripted.replies = [Reply(status)]
    with pytest.raises(GraphError) as told:
        await asking.is_alive(GUID, tenant_id=TENANT)
    assert type(told.value) is kind
    assert len(scripted.received) == 1


async def test_a_look_at_a_call_that_nobody_answers_tells_nothing_about_it(
    scripted: ScriptedGraph, credentials: Credentials, client: http.AsyncClient
) -> None:
    with pytest.raises(Unreachable):
        await graph_client(scripted.url, credentials, client).is_alive(GUID, tenant_id=TENANT)


async def test_a_look_asks_for_the_call_with_the_tenants_token(scripted: ScriptedGraph, asking: GraphClient) -> None:
    scripted.replies = [Reply(200, b"{}")]
    assert await asking.is_alive("a/b", tenant_id=TENANT)
    (seen,) = scripted.received
    assert (seen.method, seen.path) == ("GET", "/v1.0/communications/calls/a%2Fb")
    assert seen.headers["Authorization"].startswith("Bearer ")
