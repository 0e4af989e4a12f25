"""The identity service, asked by the library that asks the real one."""

import datetime
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from calls.simulator import Simulator
from tests.simulator.conftest import Bot

NOBODY_TRUSTED = "/nonexistent/ca-certificates.crt"


class TextClient(httpx.Client):
    """Sends MSAL's assertion, which is bytes, as text; httpx alone would send the Python literal."""

    def post(self, *args: Any, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        texts = {name: value.decode() if isinstance(value, bytes) else value for name, value in (data or {}).items()}
        return super().post(*args, data=texts, **more)


@pytest.fixture
def certified(simulator: Simulator, trust: ssl.SSLContext) -> Iterator[Bot]:
    with TextClient(verify=trust, trust_env=False) as client:
        yield Bot(simulator.settings, client)


def certificate_and_key() -> tuple[bytes, bytes]:
    """Return a self-signed certificate and its private key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the bot")])
    begins = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def test_msal_is_given_a_token_for_the_secret(bot: Bot) -> None:
    answer = bot.acquire()
    assert answer["token_type"] == "Bearer" and answer["expires_in"] > 3000
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert claims["tid"] == bot.settings["GRAPH_TENANT_ID"]
    assert claims["appid"] == bot.settings["GRAPH_APP_ID"]


def test_another_trust_in_the_environment_does_not_matter(
    simulator: Simulator, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, NOBODY_TRUSTED)
    with httpx.Client(verify=trust) as client:
        assert "access_token" in Bot(simulator.settings, client).acquire()


def test_msal_is_given_a_token_for_each_tenant(bot: Bot) -> None:
    claims = jwt.decode(bot.acquire("another-tenant")["access_token"], options={"verify_signature": False})
    assert claims["tid"] == "another-tenant"


def test_a_wrong_secret_is_refused_by_its_number(bot: Bot) -> None:
    answer = bot.acquire(credential="wrong")
    assert answer["error"] == "invalid_client"
    assert "AADSTS7000215" in answer["error_description"]


def test_msal_is_given_a_token_for_a_registered_certificate(simulator: Simulator, certified: Bot) -> None:
    certificate, key = certificate_and_key()
    simulator.identity.accept_certificate(certificate)
    credential = {"private_key": key.decode(), "public_certificate": certificate.decode()}
    assert "access_token" in certified.acquire(credential=credential)


def test_another_certificate_is_refused(simulator: Simulator, certified: Bot) -> None:
    simulator.identity.accept_certificate(certificate_and_key()[0])
    certificate, key = certificate_and_key()
    credential = {"private_key": key.decode(), "public_certificate": certificate.decode()}
    assert "Signature verification failed" in certified.acquire(credential=credential)["error_description"]


def test_an_assertion_that_is_no_token_is_refused(simulator: Simulator, bot: Bot) -> None:
    certificate, key = certificate_and_key()
    simulator.identity.accept_certificate(certificate)
    credential = {"private_key": key.decode(), "public_certificate": certificate.decode()}
    assert "AADSTS700027" in bot.acquire(credential=credential)["error_description"], "sent as a literal of bytes"


def test_a_scope_that_is_no_default_is_refused(simulator: Simulator, client: httpx.Client) -> None:
    settings = simulator.settings
    form = {
        "grant_type": "client_credentials",
        "client_id": settings["GRAPH_APP_ID"],
        "client_secret": settings["GRAPH_CLIENT_SECRET"],
        "scope": "openid",
    }
    answer = client.post(f"{settings['GRAPH_AUTHORITY']}/t/oauth2/v2.0/token", data=form)
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_scope"


def test_a_service_that_is_down_raises_in_msal_and_recovers(simulator: Simulator, bot: Bot) -> None:
    simulator.faults.token(status=503, times=1)
    with pytest.raises(msal.exceptions.MsalServiceError):
        bot.acquire()
    assert "access_token" in bot.acquire()
