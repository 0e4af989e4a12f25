"""Access tokens for Graph, one per tenant, acquired and cached by MSAL.

Graph refuses a token of another tenant than the call's with code 7505
(https://github.com/microsoftgraph/microsoft-graph-comms-samples/issues/171).
"""

import asyncio
import logging
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import msal

from calls.graph import http

logger = logging.getLogger(__name__)


class TokenUnavailable(Exception):
    """The identity service issued no token; `code` is its error code if it gave one."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Credentials:
    """The bot's credential and its access tokens, by tenant."""

    def __init__(
        self,
        *,
        app_id: str,
        secret: str,
        certificate: str,
        authority: str,
        graph_url: str,
        client: http.Client,
        tenants: Collection[str] = (),
    ) -> None:
        self._app_id = app_id
        self._secret = secret
        self._certificate = certificate
        self._authority = authority
        self._scope = _default_scope(graph_url)
        self._client = client
        # Callbacks may spell a tenant in another case than the settings; the token request uses the settings' spelling.
        self._spelled = {tenant.lower(): tenant for tenant in tenants}
        self._applications: dict[str, msal.ConfidentialClientApplication] = {}
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="msal")

    async def token(self, tenant_id: str, *, fresh: bool = False) -> str:
        """Return an access token for the tenant, from MSAL's cache if it has one with more than 5 minutes left.

        `fresh` bypasses the cache, for a cached token that Graph refused. Raises TokenUnavailable.
        """
        loop = asyncio.get_running_loop()
        tenant_id = self._spelled.get(tenant_id.lower(), tenant_id)
        return await loop.run_in_executor(self._threads, self._acquire, tenant_id, fresh)

    def close(self) -> None:
        """End the threads; `token` raises RuntimeError afterwards."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _acquire(self, tenant_id: str, fresh: bool) -> str:
        if fresh:
            self._applications.pop(tenant_id, None)
        try:
            answer = self._application(tenant_id).acquire_token_for_client(scopes=[self._scope])
        except (http.HTTPError, msal.exceptions.MsalError, ValueError, OSError) as error:
            self._forget(tenant_id)
            logger.error("No token for tenant %s: %r", tenant_id, error)
            raise TokenUnavailable(
                "tokenUnavailable", "The identity service could not be asked for a token."
            ) from error
        if "access_token" not in answer:
            self._forget(tenant_id)
            raise _refusal(tenant_id, answer)
        return str(answer["access_token"])

    def _application(self, tenant_id: str) -> msal.ConfidentialClientApplication:
        # Built here and not in __init__: MSAL's constructor requests the tenant's endpoints, which needs a thread.
        if tenant_id not in self._applications:
            self._applications[tenant_id] = msal.ConfidentialClientApplication(
                self._app_id,
                client_credential=client_credential(self._secret, self._certificate),
                authority=f"{self._authority}/{tenant_id}",
                http_client=self._client,
                instance_discovery=False,
            )
        return self._applications[tenant_id]

    def _forget(self, tenant_id: str) -> None:
        # MSAL caches error responses for up to a minute; a new application sends a new request.
        self._applications.pop(tenant_id, None)


def client_credential(secret: str, certificate: str) -> str | dict[str, str]:
    """Return MSAL's `client_credential`: the secret, or the content of the certificate file if one is configured.

    Raises OSError or ValueError when the file cannot be read.
    """
    if not certificate:
        return secret
    pem = Path(certificate).read_text()
    return {"private_key": pem, "public_certificate": pem}


def _default_scope(graph_url: str) -> str:
    parts = urlsplit(graph_url)
    return f"{parts.scheme}://{parts.netloc}/.default"


def _refusal(tenant_id: str, answer: dict[str, object]) -> TokenUnavailable:
    code, description = str(answer.get("error", "")), str(answer.get("error_description", ""))
    logger.error("No token for tenant %s: %s: %s", tenant_id, code, description)
    number = next((word.rstrip(":") for word in description.split() if word.startswith("AADSTS")), code)
    return TokenUnavailable(number or "tokenUnavailable", "The identity service refused this bot's credential.")
