"""The keys that sign, of the callback service and the identity service: their publication, and tokens."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ALGORITHM = "RS256"
CALLBACK_ISSUER = "https://api.botframework.com"
CALLBACK_LIFETIME_SECONDS = 3900


class SigningKey:
    """One RSA key with the id under which it is published."""

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        self.private_key = private_key
        self._thumbprint = hashlib.sha1(self._public_bytes(), usedforsecurity=False).digest()
        self.kid = _encoded(self._thumbprint)

    @classmethod
    def generate(cls) -> "SigningKey":
        """Return a new key of 2048 bits."""
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def kept_at(cls, path: Path) -> "SigningKey":
        """Return the key in a PEM file, making it the first time."""
        if not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(cls.generate().pem())
        loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        return cls(loaded)

    def pem(self) -> bytes:
        """Return the private key as PEM."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def published(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key."""
        key: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.private_key.public_key()))
        key.pop("key_ops", None)
        return {**key, "kid": self.kid, "x5t": self.kid, "use": "sig"}

    def sign(self, claims: dict[str, Any], *, alg: str = ALGORITHM, **header: Any) -> str:
        """Return the claims as a token; `header` adds to or replaces what its header says.

        RSA algorithms sign with this key. `none` does not sign. HS* takes the published half for a shared secret, as
        somebody would who hopes that a receiver believes the header.
        """
        headers = {"kid": self.kid, "x5t": self.kid, **header}
        if alg.startswith("HS"):
            return _sign_with_secret(claims, self._public_bytes(), alg, headers)
        return jwt.encode(claims, "" if alg == "none" else self.private_key, algorithm=alg, headers=headers)

    def _public_bytes(self) -> bytes:
        public = self.private_key.public_key()
        return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _sign_with_secret(claims: dict[str, Any], secret: bytes, alg: str, headers: dict[str, Any]) -> str:
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", **headers, "alg": alg}, claims))
    digest = hmac.digest(secret, signed.encode(), f"sha{alg.removeprefix('HS')}")
    return f"{signed}.{_encoded(digest)}"


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


class CallbackSigner:
    """The calling service as a signer: its published keys, and tokens for its callbacks."""

    def __init__(self, app_id: str, tenant_id: str, key: SigningKey) -> None:
        self._app_id, self._tenant_id = app_id, tenant_id
        self._keys = [key]
        self.clock_skew = 0.0
        self.also_published: list[Any] = []  # beside the keys: whatever else stands in the set
        self.withheld = False

    @property
    def key(self) -> SigningKey:
        """The key in use."""
        return self._keys[-1]

    def rotate(self) -> None:
        """Sign with a new key from now on; the one before stays published until the next rotation."""
        self._keys = [self.key, SigningKey.generate()]

    def key_set(self) -> dict[str, Any]:
        """Return the JSON Web Key Set, without the keys in use while they are withheld."""
        in_use = [] if self.withheld else [key.published() for key in self._keys]
        return {"keys": [*self.also_published, *in_use]}

    def behave(self) -> None:
        """Have a clock that is right, and publish the keys in use and nothing else."""
        self.clock_skew, self.also_published, self.withheld = 0.0, [], False

    def token(
        self,
        *,
        drop: Iterable[str] = (),
        key: SigningKey | None = None,
        alg: str = ALGORITHM,
        header: dict[str, Any] | None = None,
        tenant: str | None = None,
        **claims: Any,
    ) -> str:
        """Return a callback token; `claims` replace the usual ones, `drop` leaves some out."""
        now = int(time.time() + self.clock_skew)
        usual = {
            "iss": CALLBACK_ISSUER,
            "aud": self._app_id,
            "tid": tenant or self._tenant_id,
            "iat": now,
            "nbf": now,
            "exp": now + CALLBACK_LIFETIME_SECONDS,
        }
        dropped = set(drop)
        said = {name: value for name, value in {**usual, **claims}.items() if name not in dropped}
        return (key or self.key).sign(said, alg=alg, **(header or {}))
