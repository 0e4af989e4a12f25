"""Sign-in with Entra ID: the authorization code flow with state, nonce and PKCE.

MSAL fetches the ID token but does not verify it since version 1.38, so this module does: signature, issuer, audience,
time, nonce and tenant. https://learn.microsoft.com/entra/identity-platform/id-tokens

    SignInError
    ├── SignInRefused      the identity service or the user declined, or the ID token is invalid
    └── SignInUnavailable  the identity service cannot be reached
"""

import hashlib
import hmac
import logging
import warnings
from dataclasses import dataclass
from typing import Any

import jwt
import msal
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from calls.graph import http
from calls.graph.bearer import LEEWAY_SECONDS
from calls.graph.credentials import client_credential
from calls.graph.signing_keys import ALGORITHM, usable_keys

logger = logging.getLogger(__name__)

FLOW_MEMBERS = ("state", "redirect_uri", "scope", "nonce", "code_verifier")


class SignInError(Exception):
    """The sign-in failed."""


class SignInRefused(SignInError):
    """The identity service or the user declined, or the ID token is invalid."""


class SignInUnavailable(SignInError):
    """The identity service cannot be reached."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the identity service. Tenant and object id identify the user; names may change."""

    tenant_id: str
    object_id: str
    username: str
    name: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class SignInFlow:
    """A sign-in in progress: the address to redirect the browser to, and the flow that `finish` needs."""

    address: str
    flow: dict[str, Any]


class SignIn:
    """Signs in users of one tenant to one app registration. Blocks on the network; call it from a thread."""

    def __init__(
        self, *, app_id: str, secret: str, certificate: str, authority: str, tenant_id: str, client: http.Client
    ) -> None:
        self._app_id = app_id
        self._secret, self._certificate = secret, certificate
        self._authority, self._tenant_id = f"{authority}/{tenant_id}", tenant_id
        self._client = client

    def begin(self, redirect_uri: str) -> SignInFlow:
        """Start a sign-in that returns the browser to `redirect_uri`. Raises a SignInError."""
        with warnings.catch_warnings():
            # MSAL recommends response_mode=form_post, but browsers send no SameSite cookie with a POST from another
            # site. The code in the address is useless without the PKCE verifier and our credential.
            warnings.filterwarnings("ignore", message="response_mode", category=UserWarning)
            flow = self._request(lambda: self._application().initiate_auth_code_flow([], redirect_uri=redirect_uri))
        return SignInFlow(address=str(flow["auth_uri"]), flow={name: flow[name] for name in FLOW_MEMBERS})

    def finish(self, flow: dict[str, Any], answer: dict[str, str]) -> Person:
        """Return the signed-in user; `answer` is the query of the redirect back to us. Raises a SignInError."""
        tokens = self._request(lambda: self._application().acquire_token_by_auth_code_flow(flow, answer))
        if "error" in tokens:
            raise SignInRefused(f"{tokens['error']}: {tokens.get('error_description', '')}")
        return self._person(self._claims(str(tokens.get("id_token", ""))), flow)

    def _request(self, request: Any) -> dict[str, Any]:
        try:
            response: dict[str, Any] = request()
        except (http.HTTPError, msal.exceptions.MsalError, OSError) as error:
            raise SignInUnavailable(f"The identity service could not be asked: {error!r}") from error
        except (ValueError, RuntimeError, LookupError, TypeError) as error:  # raised by MSAL for malformed responses
            raise SignInRefused(str(error)) from error
        return response

    def _application(self) -> msal.ConfidentialClientApplication:
        # A new one each time: an application caches the tokens of every user who signs in.
        return msal.ConfidentialClientApplication(
            self._app_id,
            client_credential=client_credential(self._secret, self._certificate),
            authority=self._authority,
            http_client=self._client,
            instance_discovery=False,
            exclude_scopes=["offline_access"],
        )

    def _claims(self, token: str) -> dict[str, Any]:
        issuer, keys = self._issuer()
        try:
            kid = str(jwt.get_unverified_header(token).get("kid"))
            if kid not in keys:
                raise SignInRefused(f"The ID token names the signing key {kid[:64]!r}, which is not published.")
            return jwt.decode(
                token,
                keys[kid],
                algorithms=[ALGORITHM],
                audience=self._app_id,
                issuer=issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud"], "strict_aud": True},
            )
        except jwt.PyJWTError as error:
            raise SignInRefused(f"The ID token proves nothing: {error}") from error

    def _issuer(self) -> tuple[str, dict[str, RSAPublicKey]]:
        """Return the issuer of the tenant's ID tokens and its published signing keys."""
        try:
            metadata = self._document(f"{self._authority}/v2.0/.well-known/openid-configuration")
            return str(metadata["issuer"]), usable_keys(self._document(str(metadata["jwks_uri"])))
        except (http.HTTPError, LookupError, TypeError, ValueError) as error:
            raise SignInUnavailable(f"The identity service's keys cannot be read: {error!r}") from error

    def _document(self, address: str) -> dict[str, Any]:
        if not address.startswith("https://"):
            raise ValueError(f"{address!r} is not an https address.")
        response = self._client.get(address)
        response.raise_for_status()
        document = response.json()
        if not isinstance(document, dict):
            raise ValueError(f"{address} does not answer a JSON object.")
        return document

    def _person(self, claims: dict[str, Any], flow: dict[str, Any]) -> Person:
        nonce = hashlib.sha256(str(flow["nonce"]).encode()).hexdigest()  # MSAL sends the nonce hashed
        if not hmac.compare_digest(_text(claims, "nonce").encode(), nonce.encode()):
            raise SignInRefused("The ID token was not made for this sign-in.")
        tenant_id, object_id = _text(claims, "tid").lower(), _text(claims, "oid").lower()
        if not tenant_id or not object_id:
            raise SignInRefused("The ID token does not say whose it is.")
        if "." not in self._tenant_id and tenant_id != self._tenant_id.lower():
            raise SignInRefused(f"The ID token is of tenant {tenant_id[:64]!r}.")
        roles = claims.get("roles")
        return Person(
            tenant_id=tenant_id,
            object_id=object_id,
            username=_text(claims, "preferred_username"),
            name=_text(claims, "name"),
            roles=frozenset(role for role in roles if isinstance(role, str))
            if isinstance(roles, list)
            else frozenset(),
        )


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
