"""The identity service: OpenID discovery, client-credentials tokens and codes redeemed, as MSAL asks for them."""

import asyncio
import time
import uuid
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography import x509
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from calls.simulator.faults import Faults
from calls.simulator.keys import ALGORITHM, SigningKey
from calls.simulator.sign_ins import SignIns

LIFETIME_SECONDS = 3599


class IdentityService:
    """Issues tokens to the one app it knows, for any tenant, and tells Graph whether a token is its own."""

    def __init__(self, app_id: str, secret: str, key: SigningKey, faults: Faults) -> None:
        self._app_id, self._secret, self._key, self._faults = app_id, secret, key, faults
        self.certificate: x509.Certificate | None = None
        self.sign_ins = SignIns(app_id, key)

    def routes(self) -> list[Route]:
        """Return the addresses of this service."""
        return [
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._discovery),
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            *self.sign_ins.routes(),
        ]

    def accept_certificate(self, pem: bytes) -> None:
        """Take assertions signed with this certificate's key as the app's credential, beside its secret."""
        self.certificate = x509.load_pem_x509_certificate(pem)

    def tenant_of(self, authorization: str, audience: str) -> str | None:
        """Return the tenant a bearer token was issued for, None when it is not a valid one of ours for `audience`."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = jwt.decode(
                token,
                self._key.private_key.public_key(),
                algorithms=[ALGORITHM],
                audience=audience,
                options={"require": ["exp", "tid", "appid"]},
            )
        except jwt.PyJWTError:
            return None
        return str(claims["tid"]) if claims["appid"] == self._app_id else None

    async def _discovery(self, request: Request) -> Response:
        authority = f"{request.url.scheme}://{request.url.netloc}/{request.path_params['tenant']}"
        return JSONResponse(
            {
                "issuer": f"{authority}/v2.0",
                "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
                "token_endpoint": f"{authority}/oauth2/v2.0/token",
                "jwks_uri": f"{authority}/discovery/v2.0/keys",
                "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
            }
        )

    async def _token(self, request: Request) -> Response:
        fault = self._faults.next_token()
        await asyncio.sleep(fault.delay)
        if fault.status:
            return Response(status_code=fault.status)
        form = dict(parse_qsl((await request.body()).decode()))
        problem = self._problem_with(form, str(request.url))
        if problem:
            return _refusal(*problem)
        if form["grant_type"] == "client_credentials":
            return JSONResponse(self._grant(request.path_params["tenant"], form["scope"]))
        granted = self.sign_ins.redeem(form, str(request.url).removesuffix("/oauth2/v2.0/token"))
        if granted is None:
            return _refusal(400, "invalid_grant", "AADSTS70008: The authorization code is invalid or has expired.")
        return JSONResponse(granted)

    def _problem_with(self, form: dict[str, str], endpoint: str) -> tuple[int, str, str] | None:
        if form.get("grant_type") not in ("client_credentials", "authorization_code"):
            return 400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type."
        if form.get("client_id") != self._app_id:
            return 400, "unauthorized_client", "AADSTS700016: Application was not found in the directory."
        if form["grant_type"] == "client_credentials" and not form.get("scope", "").endswith("/.default"):
            return 400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid."
        if "client_assertion" in form:
            return self._problem_with_assertion(form["client_assertion"], endpoint)
        if form.get("client_secret") != self._secret:
            return 401, "invalid_client", "AADSTS7000215: Invalid client secret provided."
        return None

    def _problem_with_assertion(self, assertion: str, endpoint: str) -> tuple[int, str, str] | None:
        # https://learn.microsoft.com/entra/identity-platform/certificate-credentials
        if self.certificate is None:
            return 401, "invalid_client", "AADSTS700027: The certificate is not registered on the application."
        try:
            jwt.decode(
                assertion,
                self.certificate.public_key(),  # type: ignore[arg-type]  # an RSA key, as the app was given one
                algorithms=["PS256", "RS256"],
                audience=endpoint,
                issuer=self._app_id,
                subject=self._app_id,
                options={"require": ["exp", "iss", "sub", "aud"]},
            )
        except jwt.PyJWTError as error:
            return 401, "invalid_client", f"AADSTS700027: Client assertion failed validation: {error}"
        return None

    def _grant(self, tenant_id: str, scope: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "aud": scope.removesuffix("/.default"),
            "appid": self._app_id,
            "tid": tenant_id,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            "uti": str(uuid.uuid4()),
        }
        return {"token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "access_token": self._key.sign(claims)}


def _refusal(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status_code=status)
