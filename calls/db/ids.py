"""Time-ordered UUIDs for calls: unique across processes, and new ones go to the end of an index."""

import secrets
import time
import uuid

VERSION_7 = 0x7 << 76
VARIANT = 0b10 << 62


def new_key() -> uuid.UUID:
    """Return a UUID version 7 (RFC 9562, section 5.7): 48 bits of Unix time in milliseconds, then 74 random bits."""
    # 74 random bits cannot be guessed. The time is visible in the id, to users who may see the call anyway.
    milliseconds = time.time_ns() // 1_000_000
    return uuid.UUID(int=milliseconds << 80 | VERSION_7 | secrets.randbits(12) << 64 | VARIANT | secrets.randbits(62))
