"""Access tokens by secret and by certificate, for each tenant, independent of the environment's trust store."""

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from calls.graph import http
from calls.graph.credentials import Credentials, TokenUnavailable
from calls.simulator import Simulator
from tests.graph.conftest import TENANT, credentials_for

NOBODY_TRUSTED = "/nonexistent/ca-certificates.crt"


def certificate_and_key() -> tuple[bytes, bytes]:
    """Return a self-signed certificate and its private key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the bot")])
    begins = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    lasting = builder.not_valid_before(begins).not_valid_after(begins + datetime.timedelta(days=1))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return lasting.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), private


@pytest.fixture
def made(simulator: Simulator, token_client: http.Client) -> Iterator[Callable[..., Credentials]]:
    """Return a factory of credentials with other arguments than usual; close them after the test."""
    kept: list[Credentials] = []

    def make(**other: Any) -> Credentials:
        kept.append(credentials_for(simulator, token_client, **other))
        return kept[-1]

    yield make
    for credentials in kept:
        credentials.close()


def tenant_in(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["tid"])


def token_requests(simulator: Simulator) -> int:
    return sum(request.path.endswith("/oauth2/v2.0/token") for request in simulator.requests)


async def test_a_secret_gets_a_token_which_is_remembered_for_each_tenant(
    simulator: Simulator, credentials: Credentials
) -> None:
    first = await credentials.token(TENANT)
    assert await credentials.token(TENANT) == first
    assert token_requests(simulator) == 1
    assert tenant_in(await credentials.token("another-tenant")) == "another-tenant"
    assert tenant_in(first) == TENANT


async def test_a_tenant_is_asked_for_as_the_settings_spell_it_and_once_for_every_spelling(
    simulator: Simulator, made: Callable[..., Credentials]
) -> None:
    credentials = made(tenants=[TENANT.upper()])
    first = await credentials.token(TENANT.lower())
    assert await credentials.token(TENANT.upper()) == first
    assert (tenant_in(first), token_requests(simulator)) == (TENANT.upper(), 1)


async def test_a_fresh_token_is_asked_for_although_one_is_remembered(
    simulator: Simulator, credentials: Credentials
) -> None:
    first = await credentials.token(TENANT)
    assert await credentials.token(TENANT, fresh=True) != first
    assert token_requests(simulator) == 2


async def test_a_certificate_gets_a_token(
    simulator: Simulator, made: Callable[..., Credentials], tmp_path: Path
) -> None:
    certificate, key = certificate_and_key()
    (tmp_path / "bot.pem").write_bytes(key + certificate)
    simulator.identity.accept_certificate(certificate)
    token = await made(secret="", certificate=str(tmp_path / "bot.pem")).token(TENANT)
    assert tenant_in(token) == TENANT


async def test_a_certificate_that_is_not_registered_is_refused_by_its_number(
    simulator: Simulator, made: Callable[..., Credentials], tmp_path: Path
) -> None:
    simulator.identity.accept_certificate(certificate_and_key()[0])
    certificate, key = certificate_and_key()
    (tmp_path / "bot.pem").write_bytes(key + certificate)
    with pytest.raises(TokenUnavailable) as refused:
        await made(certificate=str(tmp_path / "bot.pem")).token(TENANT)
    assert refused.value.code == "AADSTS700027"


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_a_certificate_file_that_cannot_be_used_is_no_token(
    made: Callable[..., Credentials], tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "bot.pem").write_bytes(content)
    with pytest.raises(TokenUnavailable):
        await made(certificate=str(tmp_path / "bot.pem")).token(TENANT)


async def test_a_wrong_secret_is_refused_by_its_number(made: Callable[..., Credentials]) -> None:
    with pytest.raises(TokenUnavailable) as refused:
        await made(secret="wrong").token(TENANT)
    assert refused.value.code == "AADSTS7000215"


async def test_another_trust_in_the_environment_does_not_matter(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, NOBODY_TRUSTED)
    with http.client(http.trust(str(simulator.authority))) as client:
        credentials = credentials_for(simulator, client)
        assert await credentials.token(TENANT)
        credentials.close()


async def test_an_identity_service_that_is_down_is_asked_again_as_soon_as_somebody_wants_a_token(
    simulator: Simulator, credentials: Credentials
) -> None:
    simulator.faults.token(status=503, times=1)
    with pytest.raises(TokenUnavailable) as refused:
        await credentials.token(TENANT)
    assert refused.value.code == "tokenUnavailable"
    assert await credentials.token(TENANT)


async def test_nobody_at_the_identity_services_address_is_no_token(made: Callable[..., Credentials]) -> None:
    with pytest.raises(TokenUnavailable):
        await made(authority="https://127.0.0.1:9").token(TENANT)
