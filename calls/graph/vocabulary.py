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


class Phase(StrEnum):
    """What a call's state means for whoever may decide about the call."""

    RINGING = "ringing"
    ANSWERED = "answered"
    UNSETTLED = "unsettled"  # neither answered nor over, and no longer in the state in which calls begin
    OVER = "over"


# Graph may go from every state to every other one; only the end is final. A call ends with a notification of type
# `deleted` as well, whatever state that names.
PHASES: dict[str, Phase] = {
    CallState.INCOMING: Phase.RINGING,
    CallState.RINGING: Phase.RINGING,
    CallState.ESTABLISHING: Phase.ANSWERED,
    CallState.ESTABLISHED: Phase.ANSWERED,
    CallState.HOLD: Phase.ANSWERED,
    CallState.TRANSFERRING: Phase.ANSWERED,
    CallState.TRANSFER_ACCEPTED: Phase.ANSWERED,
    CallState.REDIRECTING: Phase.UNSETTLED,
    CallState.TERMINATING: Phase.UNSETTLED,
    CallState.TERMINATED: Phase.OVER,
}


def states_in(phase: Phase) -> tuple[str, ...]:
    """Return the states of a phase."""
    return tuple(state for state, its_phase in PHASES.items() if its_phase == phase)


def phase_of(state: str) -> Phase:
    """Return the phase of a state as it is stored; a state that Graph added later is unsettled.

    A call about which no notification has named a state yet rings.
    """
    return PHASES.get(state, Phase.UNSETTLED) if state else Phase.RINGING


def _prove() -> None:
    if set(PHASES) != set(CallState) or states_in(Phase.OVER) != (CallState.TERMINATED,):
        raise ValueError("Every state of a call belongs to one phase, and terminated alone is over.")


_prove()


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
