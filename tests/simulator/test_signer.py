"""The signer of callbacks: its published keys, and the tokens made with them."""

import time

import httpx
import jwt
import pytest

from calls.simulator import Simulator
from calls.simulator.keys import SigningKey


def published(simulator: Simulator, client: httpx.Client) -> dict[str, jwt.PyJWK]:
    metadata = client.get(simulator.settings["GRAPH_CALLBACK_METADATA_URL"]).json()
    keys = client.get(metadata["jwks_uri"]).json()["keys"]
    return {key["kid"]: jwt.PyJWK(key, algorithm="RS256") for key in keys}


def test_a_callback_token_verifies_with_the_published_key(simulator: Simulator, client: httpx.Client) -> None:
    token = simulator.callback_token()
    key = published(simulator, client)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=simulator.settings["GRAPH_APP_ID"])
    assert claims["iss"] == "https://api.botframework.com"
    assert claims["tid"] == simulator.settings["GRAPH_TENANT_ID"]
    assert claims["exp"] - claims["nbf"] == 3900


def test_a_rotation_adds_a_key_and_the_next_one_retires_the_first(simulator: Simulator, client: httpx.Client) -> None:
    first = simulator.signer.key.kid
    simulator.rotate_keys()
    second = simulator.signer.key.kid
    assert set(published(simulator, client)) == {first, second}
    assert jwt.get_unverified_header(simulator.callback_token())["kid"] == second
    simulator.rotate_keys()
    assert first not in published(simulator, client)


def test_keys_can_be_down_and_slow(simulator: Simulator, client: httpx.Client) -> None:
    url = simulator.settings["GRAPH_CALLBACK_METADATA_URL"]
    simulator.faults.keys(down=True)
    assert client.get(url).status_code == 503
    simulator.faults.keys(down=False, delay=0.3)
    began = time.monotonic()
    assert client.get(url).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_claims_can_be_replaced_dropped_and_signed_by_somebody_else(simulator: Simulator) -> None:
    stranger = SigningKey.generate()
    token = simulator.callback_token(aud="another", drop={"tid"}, key=stranger, header={"kid": "unknown"})
    claims = jwt.decode(token, stranger.private_key.public_key(), algorithms=["RS256"], audience="another")
    assert "tid" not in claims
    assert jwt.get_unverified_header(token)["kid"] == "unknown"


@pytest.mark.parametrize("alg", ["none", "HS256", "PS256"])
def test_another_algorithm_can_be_claimed(simulator: Simulator, alg: str) -> None:
    assert jwt.get_unverified_header(simulator.callback_token(alg=alg))["alg"] == alg


def test_a_clock_can_be_wrong(simulator: Simulator) -> None:
    simulator.signer.clock_skew = 240.0
    claims = jwt.decode(simulator.callback_token(), options={"verify_signature": False})
    assert 230 < claims["nbf"] - time.time() <= 240
