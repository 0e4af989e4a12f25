"""The identity service's page for people: pick an account, and come back with a code that buys an ID token once.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

import base64
import hashlib
import time
import uuid
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from calls.simulator.keys import ALGORITHM, SigningKey

LIFETIME_SECONDS = 3600
NEEDED = {"response_type": "code", "code_challenge_method": "S256"}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in to the simulator</title>
<h1>Who are you?</h1><form method="post">{people}<p><button name="who" value="">Cancel</button></form></html>"""


@dataclass(frozen=True, slots=True)
class Employee:
    """A person of the tenant, and the app roles assigned to them."""

    name: str
    username: str
    roles: tuple[str, ...] = ()

    @property
    def object_id(self) -> str:
        """The id of their directory object."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, self.username))


STAFF = (
    Employee("Nadia Fischer", "nadia@contoso.example", ("Supervisor",)),
    Employee("Олег Смирнов", "oleg@contoso.example", ("Viewer",)),
    Employee("Ingrid Solberg", "ingrid@contoso.example", ("Auditor",)),
    Employee("Mateo Ruiz", "mateo@contoso.example"),
)


@dataclass(slots=True)
class SignIns:
    """Signs in the staff. `claims` replaces members of ID tokens (None leaves them out), `key` their signing key."""

    app_id: str
    published_key: SigningKey
    staff: list[Employee] = field(default_factory=lambda: list(STAFF))
    claims: dict[str, Any] = field(default_factory=dict)
    key: SigningKey | None = None
    alg: str = ALGORITHM
    _codes: dict[str, tuple[Employee, dict[str, str]]] = field(default_factory=dict)

    def behave(self) -> None:
        """Restore the usual staff, claims and key."""
        self.staff[:] = STAFF
        self.claims, self.key, self.alg = {}, None, ALGORITHM
        self._codes.clear()

    def routes(self) -> list[Route]:
        """Return the addresses of this service."""
        return [
            Route("/{tenant}/oauth2/v2.0/authorize", self._ask, methods=["GET"]),
            Route("/{tenant}/oauth2/v2.0/authorize", self._pick, methods=["POST"]),
            Route("/{tenant}/discovery/v2.0/keys", self._keys),
        ]

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.published_key.published()]})

    async def _ask(self, request: Request) -> Response:
        problem = self._problem_with(dict(request.query_params))
        if problem:
            return HTMLResponse(escape(problem), status_code=400)
        people = "".join(
            f'<p><button name="who" value="{escape(one.username)}">{escape(one.name)}</button> '
            f"{escape(', '.join(one.roles) or 'no role')}"
            for one in self.staff
        )
        return HTMLResponse(PAGE.format(people=people))

    async def _pick(self, request: Request) -> Response:
        asked = dict(request.query_params)
        problem = self._problem_with(asked)
        if problem:
            return HTMLResponse(escape(problem), status_code=400)
        form = dict(parse_qsl((await request.body()).decode()))
        picked = next((one for one in self.staff if one.username == form.get("who")), None)
        if picked is None:
            answer = {"error": "access_denied", "error_description": "AADSTS65004: User declined."}
        else:
            answer = {"code": str(uuid.uuid4())}
            self._codes[answer["code"]] = picked, {**asked, "tenant": request.path_params["tenant"]}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state']})}", 302)

    def _problem_with(self, asked: dict[str, str]) -> str:
        back = urlsplit(asked.get("redirect_uri", ""))
        if asked.get("client_id") != self.app_id:
            return "AADSTS700016: Application was not found in the directory."
        if back.scheme != "https" and back.hostname != "localhost":
            return "AADSTS50011: The redirect URI does not match those configured."
        wrong = [name for name, value in NEEDED.items() if asked.get(name) != value]
        missing = [name for name in ("state", "nonce", "code_challenge") if not asked.get(name)]
        return f"AADSTS900144: {', '.join(wrong + missing)} must be given." if wrong + missing else ""

    def redeem(self, form: dict[str, str], authority: str) -> dict[str, Any] | None:
        """Return the ID token for a code, None when the code is unknown, used, or of another redirect or verifier."""
        picked, asked = self._codes.pop(form.get("code", ""), (None, {}))
        if picked is None or asked["redirect_uri"] != form.get("redirect_uri"):
            return None
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(verifier).decode().rstrip("=") != asked["code_challenge"]:
            return None
        token = (self.key or self.published_key).sign(self._claims_about(picked, asked, authority), alg=self.alg)
        return {"token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "scope": "openid profile", "id_token": token,
                "access_token": str(uuid.uuid4())}  # fmt: skip

    def _claims_about(self, picked: Employee, asked: dict[str, str], authority: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "aud": self.app_id,
            "iss": f"{authority}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            "name": picked.name,
            "nonce": asked["nonce"],
            "oid": picked.object_id,
            "preferred_username": picked.username,
            "sub": picked.object_id[::-1],
            "tid": asked["tenant"],
            "ver": "2.0",
            **({"roles": list(picked.roles)} if picked.roles else {}),
            **self.claims,
        }
        return {name: value for name, value in claims.items() if value is not None}
