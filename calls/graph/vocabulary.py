"""Graph's enumerations, in Graph's spelling, and the phases of a call that its states belong to.

Source: the `microsoft.graph` schema, https://graph.microsoft.com/v1.0/$metadata. Values not listed here are stored
unchanged.
"""

import functools
from enum import StrEnum


class ChangeType(StrEnum):
    """`changeType` of a notification."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


class CallState(StrEnum):
    """`callState`; `ringing` is in the beta schema only, but the v1.0 pages mention it."""

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
    """What a call's state means for a decision about the call."""

    RINGING = "ringing"
    ANSWERED = "answered"
    UNSETTLED = "unsettled"  # neither ringing nor answered nor over
    OVER = "over"


# Every change of state is legal except out of `terminated`. A notification of type `deleted` ends a call as well,
# whatever state it states.
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
    """Return the phase of a stored state; unknown states are unsettled, and a call without a state yet is ringing."""
    return PHASES.get(state, Phase.UNSETTLED) if state else Phase.RINGING


def _check() -> None:
    if set(PHASES) != set(CallState) or states_in(Phase.OVER) != (CallState.TERMINATED,):
        raise ValueError("Every state of a call belongs to one phase, and terminated alone is over.")


_check()


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
    """`rejectReason`: the reason shown by the caller's client. `unknownFutureValue` must never be sent."""

    NONE = "none"
    BUSY = "busy"
    FORBIDDEN = "forbidden"


def canonical(word: str, vocabulary: type[StrEnum]) -> str:
    """Return `word` in Graph's spelling if the vocabulary has it in any case, else unchanged."""
    return _spellings(vocabulary).get(word.lower(), word)


@functools.cache
def _spellings(vocabulary: type[StrEnum]) -> dict[str, str]:
    return {known.lower(): str(known) for known in vocabulary}
