"""Graph's own words, spelled as Graph spells them.

Source: the `microsoft.graph` schema, https://graph.microsoft.com/v1.0/$metadata. Graph may send words that are not
here; they are kept as they came.
"""

import functools
from enum import StrEnum


class ChangeType(StrEnum):
    """`changeType` of a notification."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


class CallState(StrEnum):
    """`callState`; `ringing` is beta's only but still named by the v1.0 pages."""

    INCOMING = "incoming"
    ESTABLISHING = "establishing"
    RINGING = "ringing"
    ESTABLISHED = "established"
    HOLD = "hold"
    TRANSFERRING = "transferring"
    TRANSFER_ACCEPTED = "transferAccepted"
    REDIRECTING = "redirecting"
    TERMINATING = "terminating"
    TERMINATED = "terminated"


class Direction(StrEnum):
    """`callDirection`."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class Modality(StrEnum):
    """`modality`."""

    AUDIO = "audio"
    VIDEO = "video"
    VIDEO_BASED_SCREEN_SHARING = "videoBasedScreenSharing"
    DATA = "data"


class RejectReason(StrEnum):
    """`rejectReason`: what the caller's client is told. `unknownFutureValue` must never be sent."""

    NONE = "none"
    BUSY = "busy"
    FORBIDDEN = "forbidden"


def canonical(word: str, vocabulary: type[StrEnum]) -> str:
    """Return `word` in Graph's spelling when it is one of the vocabulary's whatever its case, else unchanged."""
    return _spellings(vocabulary).get(word.lower(), word)


@functools.cache
def _spellings(vocabulary: type[StrEnum]) -> dict[str, str]:
    return {known.lower(): str(known) for known in vocabulary}
