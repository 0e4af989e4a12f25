"""Sign-in through real MSAL: the returned user, and every invalid ID token."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from calls.graph import http
from calls.graph.sign_in import Person, SignIn, SignInRefused, SignInUnavailable
from calls.simulator import Simulator
from calls.simulator.keys import SigningKey
from tests.graph.conftest import TENANT

BACK = "https://calls.contoso.example/accounts/entra/callback/"
NADIA = "nadia@contoso.example"


@pytest.fixture
def made(simulator: Simulator, token_client: http.Client) -> Callable[..., SignIn]:
    """Return a SignIn, with other arguments if given."""
    settings = simulator.settings
    usual = {
        "app_id": settings["GRAPH_APP_ID"],
        "secret": settings["GRAPH_CLIENT_SECRET"],
        "certificate": "",
        "authority": settings["GRAPH_AUTHORITY"],
        "tenant_id": TENANT,
    }
    return lambda **other: SignIn(client=token_client, **{**usual, **other})


@pytest.fixture
def sign_in(made: Callable[..., SignIn]) -> SignIn:
    return made()


@pytest.fixture
def browser(simulator: Simulator) -> Iterator[httpx.Client]:
    with httpx.Client(verify=http.trust(str(simulator.authority))) as client:
        yield client


def answer_of(browser: httpx.Client, address: str, who: str = NADIA) -> dict[str, str]:
    """Choose a user on the identity service's page; return the query of the redirect back."""
    assert browser.get(address).status_code == 200
    back = browser.post(address, data={"who": who})
    assert back.status_code == 302 and back.headers["Location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(back.headers["Location"]).query))


def test_whoever_signs_in_is_known_by_tenant_and_object_with_their_roles(
    simulator: Simulator, sign_in: SignIn, browser: httpx.Client
) -> None:
    begun = sign_in.begin(BACK)
    nadia = simulator.identity.sign_ins.staff[0]
    assert sign_in.finish(begun.flow, answer_of(browser, begun.address)) == Person(
        TENANT, nadia.object_id, NADIA, "Nadia Fischer", frozenset({"Supervisor"})
    )


def test_the_browser_is_sent_with_state_nonce_and_pkce_and_asks_for_no_more_than_who_it_is(sign_in: SignIn) -> None:
    asked = dict(parse_qsl(urlsplit(sign_in.begin(BACK).address).query))
    assert asked["code_challenge_method"] == "S256"
    assert asked["state"] and asked["nonce"] and asked["code_challenge"]
    assert set(asked["scope"].split()) == {"openid", "profile"}


def test_a_code_buys_one_sign_in(sign_in: SignIn, browser: httpx.Client) -> None:
    begun = sign_in.begin(BACK)
    answer = answer_of(browser, begun.address)
    sign_in.finish(begun.flow, answer)
    with pytest.raises(SignInRefused):
        sign_in.finish(begun.flow, answer)


@pytest.mark.parametrize("member", ["state", "nonce", "code_verifier"])
def test_what_was_begun_in_another_browser_is_not_finished_here(
    sign_in: SignIn, browser: httpx.Client, member: str
) -> None:
    ours, theirs = sign_in.begin(BACK), sign_in.begin(BACK)
    mixed = {**ours.flow, member: theirs.flow[member]}
    with pytest.raises(SignInRefused):
        sign_in.finish(mixed, answer_of(browser, ours.address))


def test_somebody_who_cancels_is_refused(sign_in: SignIn, browser: httpx.Client) -> None:
    begun = sign_in.begin(BACK)
    with pytest.raises(SignInRefused, match="access_denied"):
        sign_in.finish(begun.flow, answer_of(browser, begun.address, who=""))


@pytest.mark.parametrize("answer", [{}, {"code": ""}, {"state": "x"}, {"error": "x"}])
def test_an_answer_nobody_gave_is_refused(sign_in: SignIn, answer: dict[str, str]) -> None:
    with pytest.raises(SignInRefused):
        sign_in.finish(sign_in.begin(BACK).flow, answer)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"aud": "another-app"}, id="another audience"),
        pytest.param({"aud": ["3b1c1a52-7e0f-4f0e-9d53-5a8d6f0c2e11"]}, id="a list of audiences"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"iss": "https://login.microsoftonline.com/x/v2.0"}, id="another issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"exp": 1_600_000_000}, id="expired"),
        pytest.param({"exp": None}, id="no expiry"),
        pytest.param({"nbf": 9_999_999_999}, id="not valid yet"),
        pytest.param({"tid": "99999999-0000-0000-0000-000000000000"}, id="another tenant"),
        pytest.param({"tid": None}, id="no tenant"),
        pytest.param({"oid": None}, id="no object"),
        pytest.param({"oid": 7}, id="an object that is a number"),
        pytest.param({"nonce": None}, id="no nonce"),
        pytest.param({"nonce": "another"}, id="another nonce"),
    ],
)
def test_an_id_token_that_proves_too_little_is_refused(
    simulator: Simulator, sign_in: SignIn, browser: httpx.Client, claims: dict[str, Any]
) -> None:
    simulator.identity.sign_ins.claims = claims
    begun = sign_in.begin(BACK)
    with pytest.raises(SignInRefused):
        sign_in.finish(begun.flow, answer_of(browser, begun.address))


@pytest.mark.parametrize("alg", ["RS256", "none", "HS256"])
def test_an_id_token_signed_otherwise_is_refused(
    simulator: Simulator, sign_in: SignIn, browser: httpx.Client, alg: str
) -> None:
    signing = simulator.identity.sign_ins
    signing.alg, signing.key = alg, SigningKey.generate() if alg == "RS256" else None
    begun = sign_in.begin(BACK)
    with pytest.raises(SignInRefused):
        sign_in.finish(begun.flow, answer_of(browser, begun.address))


@pytest.mark.parametrize("roles", [None, "Supervisor", [7, None], {}])
def test_roles_that_are_none_give_no_right(
    simulator: Simulator, sign_in: SignIn, browser: httpx.Client, roles: Any
) -> None:
    simulator.identity.sign_ins.claims = {"roles": roles}
    begun = sign_in.begin(BACK)
    assert sign_in.finish(begun.flow, answer_of(browser, begun.address)).roles == frozenset()


def test_a_wrong_secret_is_a_refusal_and_nobody_there_is_unavailable(
    simulator: Simulator, made: Callable[..., SignIn], browser: httpx.Client
) -> None:
    wrong = made(secret="wrong")
    begun = wrong.begin(BACK)
    with pytest.raises(SignInRefused, match="AADSTS7000215"):
        wrong.finish(begun.flow, answer_of(browser, begun.address))
    with pytest.raises(SignInUnavailable):
        made(authority="https://localhost:9").begin(BACK)


def test_a_token_service_that_is_down_is_unavailable(
    simulator: Simulator, sign_in: SignIn, browser: httpx.Client
) -> None:
    begun = sign_in.begin(BACK)
    answer = answer_of(browser, begun.address)
    simulator.faults.token(status=503)
    with pytest.raises(SignInUnavailable):
        sign_in.finish(begun.flow, answer)
