"""The keys that sign callbacks: fetched once for all, found when new, kept while their source is down."""

import asyncio
import time
from typing import Any

import jwt
import pytest

from calls.graph import http
from calls.graph.bearer import LEEWAY_SECONDS, CallbackVerifier, KeySet, KeysUnavailable, TokenRefused
from calls.simulator import Simulator
from calls.simulator.keys import SigningKey
from tests.graph.conftest import TENANT
from tests.servers import wait_until

ISSUER = "https://api.botframework.com"


@pytest.fixture
def keys(simulator: Simulator, client: http.AsyncClient) -> KeySet:
    return KeySet(simulator.settings["GRAPH_CALLBACK_METADATA_URL"], client)


@pytest.fixture
def verifier(simulator: Simulator, keys: KeySet) -> CallbackVerifier:
    audience = simulator.settings["GRAPH_APP_ID"]
    return CallbackVerifier(keys, audience=audience, issuers=[ISSUER], tenants=[TENANT])


def fetches(simulator: Simulator) -> int:
    """Return how often the keys' metadata was asked for."""
    return sum("openidconfiguration" in request.path.lower() for request in simulator.requests)


# The keys -----------------------------------------------------------------------------------------------------------


async def test_a_hundred_who_wait_for_the_first_key_cause_one_fetch(simulator: Simulator, keys: KeySet) -> None:
    simulator.faults.keys(down=False, delay=0.1)
    kid = simulator.signer.key.kid
    found = await asyncio.gather(*(keys.get(kid) for _ in range(100)))
    assert all(key is found[0] for key in found)
    assert fetches(simulator) == 1


async def test_a_hundred_tokens_with_a_new_key_cause_one_more_fetch(simulator: Simulator, keys: KeySet) -> None:
    await keys.get(simulator.signer.key.kid)
    simulator.rotate_keys()
    simulator.faults.keys(down=False, delay=0.1)
    kid = simulator.signer.key.kid
    assert len({id(key) for key in await asyncio.gather(*(keys.get(kid) for _ in range(100)))}) == 1
    assert fetches(simulator) == 2


async def test_somebody_who_stops_waiting_takes_nothing_from_the_others(simulator: Simulator, keys: KeySet) -> None:
    simulator.faults.keys(down=False, delay=0.2)
    kid = simulator.signer.key.kid
    impatient, patient = asyncio.create_task(keys.get(kid)), asyncio.create_task(keys.get(kid))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient
    assert fetches(simulator) == 1


async def test_made_up_key_ids_cause_a_handful_of_fetches(simulator: Simulator, keys: KeySet) -> None:
    await keys.refresh()
    for number in range(200):
        with pytest.raises(TokenRefused) as refused:
            await keys.get(f"made-up-{number}")
        assert refused.value.label == "unknown_key"
    assert 2 <= fetches(simulator) <= 8
    assert await keys.get(simulator.signer.key.kid), "the good key suffers nothing"


async def test_the_keys_at_hand_are_served_while_their_source_is_down(simulator: Simulator, keys: KeySet) -> None:
    kid = simulator.signer.key.kid
    before = await keys.get(kid)
    simulator.faults.keys(down=True)
    await keys.refresh()
    assert await keys.get(kid) is before
    with pytest.raises(TokenRefused):
        await keys.get("made-up")
    assert keys.age < 60


async def test_before_the_first_fetch_nothing_can_be_told(simulator: Simulator, keys: KeySet) -> None:
    simulator.faults.keys(down=True)
    assert keys.age == float("inf")
    for _ in range(50):
        with pytest.raises(KeysUnavailable):
            await keys.get(simulator.signer.key.kid)
    assert fetches(simulator) == 1, "a source that is down is left in peace for a while"
    simulator.faults.clear()
    await keys.refresh()
    assert await keys.get(simulator.signer.key.kid)


async def test_closing_gives_up_a_fetch_and_those_who_wait_go_on_with_the_keys_at_hand(
    simulator: Simulator, keys: KeySet, caplog: pytest.LogCaptureFixture
) -> None:
    kid = simulator.signer.key.kid
    before = await keys.get(kid)
    simulator.faults.keys(down=False, delay=30, times=1)
    waiting = asyncio.create_task(keys.get("new"))
    await asyncio.to_thread(wait_until, lambda: not simulator.faults.key_service.delay)
    keys.close()
    with pytest.raises(TokenRefused):
        await waiting
    assert await keys.get(kid) is before
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(
    "useless",
    [
        {"kty": "RSA", "kid": "x", "use": "sig"},
        {"kty": "RSA", "kid": "x", "use": "sig", "n": "!", "e": "AQAB"},
        {"kty": "RSA", "kid": "x", "use": "sig", "n": 5, "e": None},
        {"kty": "EC", "kid": "x", "crv": "P-256"},
        {"kty": "RSA", "kid": 7, "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "x", "use": "enc", "n": "AQAB", "e": "AQAB"},
        {},
        "text",
        None,
    ],
)
async def test_a_published_key_that_cannot_be_used_does_not_spoil_the_others(
    simulator: Simulator, keys: KeySet, useless: Any
) -> None:
    simulator.signer.also_published = [useless]
    assert await keys.get(simulator.signer.key.kid)
    with pytest.raises(TokenRefused):
        await keys.get("x")


async def test_a_set_without_a_usable_key_leaves_the_keys_as_they_are(simulator: Simulator, keys: KeySet) -> None:
    simulator.signer.withheld = True
    with pytest.raises(KeysUnavailable):
        await keys.get(simulator.signer.key.kid)
    simulator.signer.withheld = False
    await keys.refresh()
    simulator.signer.withheld = True
    await keys.refresh()
    assert await keys.get(simulator.signer.key.kid)


@pytest.mark.parametrize(
    "address",
    [
        "/v1.0/nothing-here",
        "",
        "https://[",
        "https://x:port",
        "https://127.0.0.1:9/keys",
        "http://127.0.0.1:9",
        "ftp://x",
    ],
)
async def test_metadata_at_an_address_that_is_none_is_no_key(
    simulator: Simulator, client: http.AsyncClient, address: str
) -> None:
    url = simulator.url + address if address.startswith("/") else address
    with pytest.raises(KeysUnavailable):
        await KeySet(url, client).get("x")


async def test_a_retired_key_is_no_longer_held(simulator: Simulator, keys: KeySet) -> None:
    kid = simulator.signer.key.kid
    key = await keys.get(kid)
    assert keys.holds(kid, key)
    simulator.rotate_keys()
    simulator.rotate_keys()
    await keys.refresh()
    assert not keys.holds(kid, key)


# The tokens ---------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("exp", [float("inf"), float("nan"), 1e300, True])
async def test_an_expiry_beyond_all_numbers_is_refused_or_accepted_but_nothing_else(
    simulator: Simulator, verifier: CallbackVerifier, exp: float
) -> None:
    authorization = f"Bearer {simulator.callback_token(exp=exp)}"
    try:
        assert (await verifier.verify(authorization)).tenant_id == TENANT
    except TokenRefused as refused:
        assert refused.label


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
