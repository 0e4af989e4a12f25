"""Signatures under AUDIT_SIGNING_KEY and its fallbacks. No key is ever stored in the database."""

import hashlib
import hmac

from django.conf import settings


def sign(text: str) -> str:
    """Return the hex HMAC-SHA256 of `text` under AUDIT_SIGNING_KEY."""
    return _signature(settings.AUDIT_SIGNING_KEY, text)


def key_id() -> str:
    """Return the id of the key in use: a truncated hash that does not reveal the key."""
    return _id_of(settings.AUDIT_SIGNING_KEY)


def keys() -> dict[str, str]:
    """Return the configured keys by id: AUDIT_SIGNING_KEY_FALLBACKS and the key in use."""
    return {_id_of(key): key for key in (*settings.AUDIT_SIGNING_KEY_FALLBACKS, settings.AUDIT_SIGNING_KEY)}


def holds(text: str, key: str | None, signature: object) -> bool | None:
    """Return whether the signature of `text` is valid under the key, None without a key."""
    if key is None:
        return None
    # The stored value can be of any type, and compare_digest raises on non-ASCII text; so both sides are bytes.
    return hmac.compare_digest(str(signature).encode("utf-8", "replace"), _signature(key, text).encode())


def _signature(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()  # hmac.digest takes twice as long


def _id_of(key: str) -> str:
    return hashlib.sha256(b"callsdashboard audit key id\0" + key.encode()).hexdigest()[:16]
