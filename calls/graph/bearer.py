"""Verifies the bearer tokens on callbacks: signature, issuer, audience, times, tenant.

They are not Entra tokens: the calling service signs them with its own keys
(https://learn.microsoft.com/microsoftteams/platform/bots/calls-and-meetings/call-notifications).
"""

import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from calls.graph.signing_keys import ALGORITHM, KeySet, TokenRefused

LEEWAY_SECONDS = 300  # the clock skew that Microsoft's documentation asks receivers to allow
MAX_TOKEN_LENGTH = 16_384
MAX_REMEMBERED = 1000
TENANT_CLAIMS = ("tid", "http://schemas.microsoft.com/identity/claims/tenantid")


@dataclass(frozen=True, slots=True)
class VerifiedCallback:
    """The claims of a verified token."""

    tenant_id: str
    expires_at: float


class CallbackVerifier:
    """Verifies that a request is a callback from Graph to this bot, for a tenant it serves."""

    def __init__(self, keys: KeySet, *, audience: str, issuers: Collection[str], tenants: Collection[str]) -> None:
        self._keys = keys
        self._audience = audience
        self._issuers = list(issuers)
        self._tenants = frozenset(tenant.lower() for tenant in tenants)
        self._remembered: OrderedDict[str, tuple[VerifiedCallback, str, RSAPublicKey]] = OrderedDict()

    async def verify(self, authorization: str | None) -> VerifiedCallback:
        """Return the claims of the Authorization header's token. Raises TokenRefused or KeysUnavailable."""
        token = _bearer(authorization)
        # A known token skips the signature check, but must not have expired, and its key must still be published.
        known = self._remembered.get(token)
        if known and known[0].expires_at + LEEWAY_SECONDS > time.time() and self._keys.holds(known[1], known[2]):
            return known[0]
        kid = _key_id(token)
        key = await self._keys.get(kid)
        verified = self._verified_callback(self._claims(token, key))
        self._remembered[token] = verified, kid, key
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return verified

    def _claims(self, token: str, key: RSAPublicKey) -> dict[str, Any]:
        if not self._audience:
            raise TokenRefused("not_configured", "GRAPH_APP_ID is not set, so no token can be meant for this bot.")
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuers,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud"], "strict_aud": True},
            )
        except jwt.PyJWTError as error:
            raise TokenRefused(type(error).__name__, str(error)) from error

    def _verified_callback(self, claims: dict[str, Any]) -> VerifiedCallback:
        named = [claims[name] for name in TENANT_CLAIMS if name in claims]
        tenants = {name.lower() if isinstance(name, str) else "" for name in named}
        tenant_id = tenants.pop() if len(tenants) == 1 else ""
        if not tenant_id:
            raise TokenRefused("tenant_claim", f"The token's {len(named)} tenant claims do not name one tenant.")
        if tenant_id not in self._tenants:
            raise TokenRefused("tenant_not_served", f"Tenant {tenant_id[:64]!r} is not among GRAPH_TENANTS.")
        try:
            return VerifiedCallback(tenant_id=tenant_id, expires_at=float(claims["exp"]))
        except OverflowError as error:
            raise TokenRefused("expiry", "The token expires at a time that is none.") from error


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("no_bearer", "The request carries no bearer token.")
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenRefused("too_long", f"The token is {len(token)} characters long.")
    return token.strip()


def _key_id(token: str) -> str:
    """Return the key id in the token's header, which is not verified yet."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise TokenRefused("malformed", str(error)) from error
    if header.get("alg") != ALGORITHM:
        raise TokenRefused("algorithm", f"The token is signed with {str(header.get('alg'))[:20]!r}, not {ALGORITHM}.")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("no_key_id", "The token does not name its signing key.")
    return kid
