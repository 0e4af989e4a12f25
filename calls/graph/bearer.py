"""The bearer tokens on callbacks: who signed them, and whether they are meant for this bot.

They are not Entra tokens: the calling service signs them with keys of its own, published through an OpenID metadata
document (https://learn.microsoft.com/microsoftteams/platform/bots/calls-and-meetings/call-notifications). RS256 is
pinned here, because that document's own list of algorithms is not in JOSE's words.

    BearerError
    ├── TokenRefused      401: the token does not prove what it must; the reason is for the log, never for the caller
    └── KeysUnavailable   503: no signing key was ever fetched, so nothing can be told about any token
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from calls.graph import http

logger = logging.getLogger(__name__)

ALGORITHM = "RS256"
LEEWAY_SECONDS = 300  # the clock difference Microsoft tells receivers to allow
MAX_TOKEN_LENGTH = 16_384
MAX_REMEMBERED = 1000
TENANT_CLAIMS = ("tid", "http://schemas.microsoft.com/identity/claims/tenantid")

REFRESH_SECONDS = 2 * 60 * 60
RETRY_SECONDS = 2.0
UNKNOWN_KEY_REFRESHES = 5
UNKNOWN_KEY_REFILL_SECONDS = 10.0


class BearerError(Exception):
    """A callback's token could not be accepted."""


class TokenRefused(BearerError):
    """The token does not prove that Graph sent this callback to this bot; `label` names the reason for metrics."""

    def __init__(self, label: str, detail: str) -> None:
        super().__init__(detail)
        self.label = label


class KeysUnavailable(BearerError):
    """No signing key has been fetched yet, so no token can be judged."""


@dataclass(frozen=True, slots=True)
class VerifiedCallback:
    """What a verified token vouches for."""

    tenant_id: str
    expires_at: float


class KeySet:
    """The calling service's signing keys: fetched once for all who wait, refreshed in time, kept while it is down."""

    def __init__(self, metadata_url: str, client: http.AsyncClient, *, refresh_after: float = REFRESH_SECONDS) -> None:
        self._metadata_url = metadata_url
        self._client = client
        self._refresh_after = refresh_after
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at = self._failed_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self._tokens, self._refilled_at = float(UNKNOWN_KEY_REFRESHES), time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since the keys were last fetched; infinite when they never were."""
        return time.monotonic() - self._fetched_at

    def holds(self, kid: str, key: RSAPublicKey) -> bool:
        """Return whether `key` is still the one published under `kid`."""
        return self._keys.get(kid) is key

    async def get(self, kid: str) -> RSAPublicKey:
        """Return the key published under `kid`.

        A kid not seen before causes one refresh, and at most a handful of them a minute, whoever sends it. Raises
        KeysUnavailable while no key was ever fetched, TokenRefused when the kid stays unknown.
        """
        if not self._keys:
            await self._fetch_first()
        elif kid not in self._keys and self._may_look_again():
            await self._fetch()
        elif self.age > self._refresh_after and self._may_retry():
            self._start_fetching()  # nobody waits for it: the keys at hand are good until told otherwise
        try:
            return self._keys[kid]
        except KeyError:
            raise TokenRefused("unknown_key", "The token names a signing key that is not published.") from None

    async def refresh(self) -> None:
        """Fetch the keys now, or wait for the fetch under way; failures are logged and leave the keys as they are."""
        await self._fetch()

    def close(self) -> None:
        """Give up a fetch under way; whoever waits for it goes on with the keys at hand. Nothing is logged."""
        if self._fetching:
            self._fetching.cancel()

    async def _fetch_first(self) -> None:
        if self._fetching or self._may_retry():
            await self._fetch()
        if not self._keys:
            raise KeysUnavailable("The keys that sign callbacks have not been fetched yet.")

    def _may_retry(self) -> bool:
        return time.monotonic() - self._failed_at > RETRY_SECONDS

    def _may_look_again(self) -> bool:
        now = time.monotonic()
        refill = (now - self._refilled_at) / UNKNOWN_KEY_REFILL_SECONDS
        self._tokens, self._refilled_at = min(UNKNOWN_KEY_REFRESHES, self._tokens + refill), now
        if self._fetching:
            return True
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    async def _fetch(self) -> None:
        await asyncio.wait([self._start_fetching()])

    def _start_fetching(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._load())
            self._fetching.add_done_callback(self._fetched)
        return self._fetching

    def _fetched(self, task: asyncio.Task[None]) -> None:
        self._fetching = None
        if not task.cancelled() and task.exception():
            logger.error("Fetching signing keys failed.", exc_info=task.exception())

    async def _load(self) -> None:
        try:
            metadata = await self._get_json(self._metadata_url)
            keys = usable_keys(await self._get_json(str(metadata["jwks_uri"])))
        except (http.HTTPError, http.InvalidURL, KeyError, TypeError, ValueError) as error:
            self._failed_at = time.monotonic()
            logger.error("The callback signing keys at %s cannot be fetched: %r", self._metadata_url, error)
            return
        self._keys, self._fetched_at = keys, time.monotonic()
        logger.info("%d callback signing keys fetched.", len(keys))

    async def _get_json(self, url: str) -> dict[str, Any]:
        if not url.startswith("https://"):
            raise ValueError(f"{url} is not an https address.")
        response = await self._client.get(url)
        response.raise_for_status()
        document = response.json()
        if not isinstance(document, dict):
            raise ValueError(f"{url} does not answer a JSON object.")
        return document


def usable_keys(document: dict[str, Any]) -> dict[str, RSAPublicKey]:
    """Return the RSA signing keys of a key set, by their ids. Raises KeyError, TypeError or ValueError for none."""
    published = [key for key in document["keys"] if isinstance(key, dict) and key.get("kty") == "RSA"]
    signing = [key for key in published if key.get("use", "sig") == "sig" and isinstance(key.get("kid"), str)]
    keys: dict[str, RSAPublicKey] = {}
    for key in signing:
        try:
            keys[key["kid"]] = jwt.PyJWK(key, algorithm=ALGORITHM).key
        except jwt.PyJWTError as error:
            logger.warning("The published signing key %.64r cannot be used: %s", key["kid"], error)
    if not keys:
        raise ValueError("No usable RSA signing key is published.")
    return keys


class CallbackVerifier:
    """Decides whether a request is a callback of Graph to this bot."""

    def __init__(self, keys: KeySet, *, audience: str, issuers: Collection[str], tenants: Collection[str]) -> None:
        self._keys = keys
        self._audience = audience
        self._issuers = list(issuers)
        self._tenants = frozenset(tenant.lower() for tenant in tenants)
        self._remembered: OrderedDict[str, tuple[VerifiedCallback, str, RSAPublicKey]] = OrderedDict()

    async def verify(self, authorization: str | None) -> VerifiedCallback:
        """Return what the Authorization header's token vouches for.

        Raises TokenRefused when it proves nothing, KeysUnavailable when that cannot be told. A token seen before is
        not computed again, but its expiry and its key are looked at each time.
        """
        token = _bearer(authorization)
        known = self._remembered.get(token)
        if known and known[0].expires_at + LEEWAY_SECONDS > time.time() and self._keys.holds(known[1], known[2]):
            return known[0]
        kid = _key_id(token)
        key = await self._keys.get(kid)
        verified = self._vouched_for(self._claims(token, key))
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

    def _vouched_for(self, claims: dict[str, Any]) -> VerifiedCallback:
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
    """Return the key id in the token's header, which is read before anything of it is trusted."""
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
