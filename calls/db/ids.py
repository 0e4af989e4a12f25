"""Keys of calls: unique wherever they are made, and in the order of time, so that an index grows at its end."""

import secrets
import time
import uuid

VERSION_7 = 0x7 << 76
VARIANT = 0b10 << 62


def new_key() -> uuid.UUID:
    """Return a UUID of version 7 (RFC 9562, 5.7): 48 bits of milliseconds since 1970 in UTC, then 74 random ones.

    Guessing one is as hopeless as with version 4; when it was made is no secret from whoever may see the call.
    """
    milliseconds = time.time_ns() // 1_000_000
    return uuid.UUID(int=milliseconds << 80 | VERSION_7 | secrets.randbits(12) << 64 | VARIANT | secrets.randbits(62))
