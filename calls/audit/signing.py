"""The keys that sign the audit history, which are never in the database: the one in use, and those used before it."""

import hashlib
import hmac

from django.conf import settings


def sign(text: str) -> str:
    """Return the hex HMAC-SHA256 of `text` under AUDIT_SIGNING_KEY."""
    return _signature(settings.AUDIT_SIGNING_KEY, text)


def key_id() -> str:
    """Return a short name for the key in use that gives nothing of it away."""
    return _id_of(settings.AUDIT_SIGNING_KEY)


def keys() -> dict[str, str]:
    """Return every key that is configured by its id: the one in use, and AUDIT_SIGNING_KEY_FALLBACKS."""
    return {_id_of(key): key for key in (*settings.AUDIT_SIGNING_KEY_FALLBACKS, settings.AUDIT_SIGNING_KEY)}


def holds(text: str, key: str | None, signature: object) -> bool | None:
    """Return whether the signature is that key's, None without a key. A signature that is no text at all is wrong."""
    if key is None:
        return None
    # As bytes: of texts, compare_digest refuses those with letters that no signature has.
    return hmac.compare_digest(str(signature).encode("utf-8", "replace"), _signature(key, text).encode())


def _signature(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()  # half the time of hmac.digest


def _id_of(key: str) -> str:
    return hashlib.sha256(b"callsdashboard audit key id\0" + key.encode()).hexdigest()[:16]
