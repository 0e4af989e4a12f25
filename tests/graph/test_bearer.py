"""The verification of callback tokens and the cache of verified ones."""

import asyncio
import time
from typing import Any

import jwt
import pytest

from calls.graph.bearer import LEEWAY_SECONDS, MAX_REMEMBERED, CallbackVerifier
from calls.graph.signing_keys import KeySet, KeysUnavailable, TokenRefused
from calls.simulator import Simulator
from calls.simulator.keys import SigningKey
from tests.graph.conftest import TENANT, fetches

ISSUER = "https://api.botframework.com"
ISSUERS = [ISSUER, "https://graph.microsoft.com"]


@pytest.fixture
def verifier(simulator: Simulator, keys: KeySet) -> CallbackVerifier:
    audience = simulator.settings["GRAPH_APP_ID"]
    return CallbackVerifier(keys, audience=audience, issuers=ISSUERS, tenants=[TENANT])


async def test_a_token_vouches_for_its_tenant_until_it_expires(
    simulator: Simulator, verifier: CallbackVerifier
) -> None:
    token = simulator.callback_token(tid=TENANT.upper())
    verified = await verifier.verify(f"bearer {token}")
    expires_at = jwt.decode(token, options={"verify_signature": False})["exp"]
    assert (verified.tenant_id, verified.expires_at) == (TENANT, float(expires_at))


async def test_a_token_seen_before_is_not_computed_again(simulator: Simulator, verifier: CallbackVerifier) -> None:
    authorization = f"Bearer {simulator.callback_token()}"
    first = await verifier.verify(authorization)
    assert await verifier.verify(authorization) is first


async def test_a_token_seen_before_is_refused_once_it_expires(simulator: Simulator, verifier: CallbackVerifier) -> None:
    last_moment = int(time.time()) - LEEWAY_SECONDS + 2
    authorization = f"Bearer {simulator.callback_token(exp=last_moment)}"
    assert await verifier.verify(authorization)
    refused = await eventually_refused(verifier, authorization)
    assert refused.label == "ExpiredSignatureError"


async def eventually_refused(verifier: CallbackVerifier, authorization: str) -> TokenRefused:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            await verifier.verify(authorization)
        except TokenRefused as refused:
            return refused
        await asyncio.sleep(0.05)
    raise AssertionError("still accepted")


async def test_a_token_seen_before_is_refused_once_its_key_is_retired(
    simulator: Simulator, verifier: CallbackVerifier, keys: KeySet
) -> None:
    authorization = f"Bearer {simulator.callback_token()}"
    await verifier.verify(authorization)
    simulator.rotate_keys()
    await keys.refresh()
    assert await verifier.verify(authorization), "one rotation leaves the key before published"
    simulator.rotate_keys()
    await keys.refresh()
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(authorization)
    assert refused.value.label == "unknown_key"


async def test_another_key_under_the_same_id_is_another_key(
    simulator: Simulator, verifier: CallbackVerifier, keys: KeySet
) -> None:
    stranger = SigningKey.generate()
    forged = simulator.callback_token(key=stranger, header={"kid": simulator.signer.key.kid})
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(f"Bearer {forged}")
    assert refused.value.label == "InvalidSignatureError"


@pytest.mark.parametrize(
    ("authorization", "label"),
    [
        (None, "no_bearer"),
        ("", "no_bearer"),
        ("Bearer", "no_bearer"),
        ("Bearer  ", "no_bearer"),
        ("Basic YTpi", "no_bearer"),
        ("Bearer hello", "malformed"),
        ("Bearer a.b.c", "malformed"),
        ("Bearer \u00e9.\u00e9.\u00e9", "malformed"),
        ("Bearer " + "x" * 20_000, "too_long"),
    ],
)
async def test_what_is_no_token_is_refused_without_asking_for_keys(
    simulator: Simulator, verifier: CallbackVerifier, authorization: str | None, label: str
) -> None:
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(authorization)
    assert refused.value.label == label
    assert fetches(simulator) == 0


@pytest.mark.parametrize("alg", ["none", "HS256", "HS512", "PS256", "RS512"])
async def test_every_other_algorithm_is_refused_by_name(
    simulator: Simulator, verifier: CallbackVerifier, alg: str
) -> None:
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(f"Bearer {simulator.callback_token(alg=alg)}")
    assert refused.value.label == "algorithm"


@pytest.mark.parametrize(
    ("claims", "label"),
    [
        ({"aud": ISSUER}, "InvalidAudienceError"),
        ({"aud": ["3b1c1a52-7e0f-4f0e-9d53-5a8d6f0c2e11"]}, "InvalidAudienceError"),
        ({"drop": ["aud"]}, "MissingRequiredClaimError"),
        ({"iss": ISSUER + "/"}, "InvalidIssuerError"),
        ({"drop": ["iss"]}, "MissingRequiredClaimError"),
        ({"exp": 1}, "ExpiredSignatureError"),
        ({"exp": "never"}, "DecodeError"),
        ({"drop": ["exp"]}, "MissingRequiredClaimError"),
        ({"nbf": 99_999_999_999}, "ImmatureSignatureError"),
        ({"tid": "11111111-2222-3333-4444-555555555555"}, "tenant_not_served"),
        ({"tid": None}, "tenant_claim"),
        ({"tid": [TENANT]}, "tenant_claim"),
        ({"drop": ["tid"]}, "tenant_claim"),
        ({"http://schemas.microsoft.com/identity/claims/tenantid": "another"}, "tenant_claim"),
    ],
    ids=str,
)
async def test_a_claim_too_few_or_too_wrong_is_refused_by_name(
    simulator: Simulator, verifier: CallbackVerifier, claims: dict[str, Any], label: str
) -> None:
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(f"Bearer {simulator.callback_token(**claims)}")
    assert refused.value.label == label
    assert str(refused.value)


@pytest.mark.parametrize(
    ("exp", "label"),
    [
        (float("inf"), "DecodeError"),
        (float("nan"), "DecodeError"),
        (True, "ExpiredSignatureError"),
        (-1e300, "ExpiredSignatureError"),
        (10**400, "expiry"),
    ],
    ids=["infinite", "not a number", "true", "before all times", "more digits than a float has room for"],
)
async def test_an_expiry_that_is_no_time_is_refused_by_name(
    simulator: Simulator, verifier: CallbackVerifier, exp: float, label: str
) -> None:
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(f"Bearer {simulator.callback_token(exp=exp)}")
    assert refused.value.label == label


@pytest.mark.parametrize("exp", [1e300, 99_999_999_999])
async def test_an_expiry_far_away_is_one(simulator: Simulator, verifier: CallbackVerifier, exp: float) -> None:
    verified = await verifier.verify(f"Bearer {simulator.callback_token(exp=exp)}")
    assert (verified.tenant_id, verified.expires_at) == (TENANT, float(exp))


@pytest.mark.parametrize("iss", ISSUERS)
async def test_any_of_the_issuers_may_have_signed(simulator: Simulator, verifier: CallbackVerifier, iss: str) -> None:
    assert await verifier.verify(f"Bearer {simulator.callback_token(iss=iss)}")


@pytest.mark.parametrize("late_or_early", [{"exp": -1}, {"nbf": 1}])
@pytest.mark.parametrize("seconds", [LEEWAY_SECONDS - 30, LEEWAY_SECONDS + 30])
async def test_clocks_may_differ_by_five_minutes_and_no_more(
    simulator: Simulator, verifier: CallbackVerifier, late_or_early: dict[str, int], seconds: int
) -> None:
    claims = {name: int(time.time()) + sign * seconds for name, sign in late_or_early.items()}
    authorization = f"Bearer {simulator.callback_token(**claims)}"
    if seconds < LEEWAY_SECONDS:
        assert await verifier.verify(authorization)
    else:
        with pytest.raises(TokenRefused):
            await verifier.verify(authorization)


async def test_a_token_without_a_key_id_is_refused_by_name(simulator: Simulator, verifier: CallbackVerifier) -> None:
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(f"Bearer {simulator.callback_token(header={'kid': ''})}")
    assert refused.value.label == "no_key_id"


async def test_a_token_seen_before_is_refused_once_another_key_is_published_under_its_keys_id(
    simulator: Simulator, verifier: CallbackVerifier, keys: KeySet
) -> None:
    authorization = f"Bearer {simulator.callback_token()}"
    await verifier.verify(authorization)
    simulator.signer.also_published = [{**SigningKey.generate().published(), "kid": simulator.signer.key.kid}]
    simulator.signer.withheld = True
    await keys.refresh()
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(authorization)
    assert refused.value.label == "InvalidSignatureError"


async def test_the_oldest_of_a_thousand_tokens_is_forgotten_and_the_newest_remembered(
    simulator: Simulator, verifier: CallbackVerifier
) -> None:
    tokens = [f"Bearer {simulator.callback_token(jti=str(number))}" for number in range(MAX_REMEMBERED + 1)]
    oldest, second, *_, newest = [await verifier.verify(token) for token in tokens]
    assert await verifier.verify(tokens[-1]) is newest
    assert await verifier.verify(tokens[1]) is second
    assert await verifier.verify(tokens[0]) is not oldest


async def test_without_an_app_id_no_token_is_meant_for_this_bot(simulator: Simulator, keys: KeySet) -> None:
    unconfigured = CallbackVerifier(keys, audience="", issuers=[ISSUER], tenants=[TENANT])
    with pytest.raises(TokenRefused) as refused:
        await unconfigured.verify(f"Bearer {simulator.callback_token(aud='')}")
    assert refused.value.label == "not_configured"


async def test_while_no_key_was_ever_fetched_no_token_can_be_judged(
    simulator: Simulator, verifier: CallbackVerifier
) -> None:
    simulator.faults.keys(down=True)
    with pytest.raises(KeysUnavailable):
        await verifier.verify(f"Bearer {simulator.callback_token()}")
