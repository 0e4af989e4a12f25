"""The token on a callback to `POST /api/calls`: which ones are refused, and what a refusal tells the sender."""

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

INCOMING = bodies.DOCUMENTED_INCOMING


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
    assert Call.objects.get().ended_at is not None
    assert graph.deliver(bodies.ended("c-1"), token=old).status_code in (202, 401)
