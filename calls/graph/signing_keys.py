"""The keys that sign the tokens on callbacks, fetched from the calling service's OpenID metadata document.

BearerError
├── TokenRefused      401: the token is invalid; the reason is for the log, never for the sender
└── KeysUnavailable   503: no signing key has been fetched yet, so no token can be verified
"""

import asyncio
import logging
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from calls.graph import http

logger = logging.getLogger(__name__)

ALGORITHM = "RS256"  # pinned: the algorithms in the metadata document are not JOSE names
REFRESH_SECONDS = 2 * 60 * 60
RETRY_SECONDS = 2.0
UNKNOWN_KEY_REFRESHES = 5
UNKNOWN_KEY_REFILL_SECONDS = 10.0


class BearerError(Exception):
    """A callback's token was not accepted."""


class TokenRefused(BearerError):
    """The token is invalid for this bot; `label` is the reason as a metric label."""

    def __init__(self, label: str, detail: str) -> None:
        super().__init__(detail)
        self.label = label


class KeysUnavailable(BearerError):
    """No signing key has been fetched yet, so no token can be verified."""


class KeySet:
    """The calling service's signing keys, cached; concurrent requests share one fetch, failed fetches keep old keys."""

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
        """Return whether `key` is still the key with this id."""
        return self._keys.get(kid) is key

    async def get(self, kid: str) -> RSAPublicKey:
        """Return the key with this id; an unknown id triggers a refresh.

        Raises KeysUnavailable while no key was ever fetched, TokenRefused if the id stays unknown.
        """
        if not self._keys:
            await self._fetch_first()
        elif kid not in self._keys and self._may_look_again():
            await self._fetch()
        elif self.age > self._refresh_after and self._may_retry():
            self._start_fetching()  # in the background: the cached keys stay valid meanwhile
        try:
            return self._keys[kid]
        except KeyError:
            raise TokenRefused("unknown_key", "The token names a signing key that is not published.") from None

    async def refresh(self) -> None:
        """Fetch the keys, or wait for the fetch in progress. Failures are logged and keep the old keys."""
        await self._fetch()

    def close(self) -> None:
        """Cancel a fetch in progress without a log entry; requests that wait for it use the old keys."""
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
        # A token bucket: anybody can send made-up key ids, which must not make us flood the metadata server.
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
    """Return the RSA signing keys of a JWKS by key id. Raises KeyError, TypeError or ValueError if there is none."""
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
