"""The cache of signing keys: one fetch for concurrent requests, new keys found, old ones kept during an outage."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from calls.graph import http
from calls.graph.signing_keys import RETRY_SECONDS, KeySet, KeysUnavailable, TokenRefused, usable_keys
from calls.simulator import Simulator
from calls.simulator.keys import SigningKey
from tests.graph.conftest import fetches
from tests.servers import wait_until


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


USELESS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "for encryption": lambda key: {**key, "use": "enc"},
    "for a use that is none": lambda key: {**key, "use": None},
    "without a modulus": lambda key: {name: value for name, value in key.items() if name != "n"},
    "with a modulus that is no number": lambda key: {**key, "n": "!"},
    "with members of other kinds": lambda key: {**key, "n": 5, "e": None},
    "with a short modulus": lambda key: {**key, "n": "AQAB"},
    "under an id that is a number": lambda key: {**key, "kid": 7},
    "without an id": lambda key: {name: value for name, value in key.items() if name != "kid"},
    "of another kind": lambda key: {"kty": "EC", "kid": key["kid"], "crv": "P-256", "x": key["n"], "y": key["n"]},
    "of no kind": lambda key: {name: value for name, value in key.items() if name != "kty"},
    "that is empty": lambda key: {},
    "that is a text": lambda key: "text",
    "that is nothing": lambda key: None,
}


@pytest.mark.parametrize("what", USELESS)
async def test_a_published_key_that_cannot_be_used_does_not_spoil_the_others(
    simulator: Simulator, keys: KeySet, what: str
) -> None:
    other = SigningKey.generate()
    simulator.signer.also_published = [USELESS[what](other.published())]
    assert await keys.get(simulator.signer.key.kid)
    with pytest.raises(TokenRefused):
        await keys.get(other.kid)
    published = {"keys": [*simulator.signer.also_published, simulator.signer.key.published()]}
    assert usable_keys(published).keys() == {simulator.signer.key.kid}


async def test_a_key_that_does_not_say_what_it_is_for_signs(simulator: Simulator, keys: KeySet) -> None:
    other = SigningKey.generate()
    simulator.signer.also_published = [
        {name: value for name, value in other.published().items() if name not in ("use", "alg")}
    ]
    assert await keys.get(other.kid)


async def test_keys_that_grew_old_are_fetched_anew_and_nobody_waits_for_that(
    simulator: Simulator, client: http.AsyncClient
) -> None:
    keys = KeySet(simulator.settings["GRAPH_CALLBACK_METADATA_URL"], client, refresh_after=0.0)
    kid = simulator.signer.key.kid
    await keys.get(kid)
    simulator.faults.keys(down=False, delay=0.5)
    simulator.rotate_keys()
    assert await asyncio.wait_for(keys.get(kid), 0.4)
    await keys.refresh()  # joins the fetch under way
    assert fetches(simulator) == 2
    assert await keys.get(simulator.signer.key.kid)


async def test_keys_that_are_not_old_are_not_fetched_anew(simulator: Simulator, keys: KeySet) -> None:
    for _ in range(5):
        await keys.get(simulator.signer.key.kid)
    await asyncio.sleep(0)
    assert fetches(simulator) == 1


async def test_while_keys_are_old_and_their_source_is_down_it_is_asked_once_in_two_seconds(
    simulator: Simulator, client: http.AsyncClient
) -> None:
    keys = KeySet(simulator.settings["GRAPH_CALLBACK_METADATA_URL"], client, refresh_after=0.0)
    kid = simulator.signer.key.kid
    await keys.get(kid)
    simulator.faults.keys(down=True)
    began = time.monotonic()
    for _ in range(60):  # a callback every few milliseconds
        await keys.get(kid)
        await asyncio.sleep(0.005)
    assert fetches(simulator) - 2 <= (time.monotonic() - began) / RETRY_SECONDS


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
