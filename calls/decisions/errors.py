"""The exceptions of decisions about calls, with the HTTP status each is answered with.

DecisionError
├── UnknownCall        404
├── DecidedByAnother   409: by whom, when and with which reason
├── StillRings         409: undecided and still ringing, so a note cannot be added yet
├── Gone               410: ended, answered, or its deadline has passed; `cause` says which
├── GraphRefused       502: Graph's code and message; the call can be rejected again while it rings
├── NoAnswer           504: the request was sent and no answer came
└── NotRecorded        503: the audit entry could not be committed, so nothing was done
"""

from dataclasses import dataclass
from datetime import datetime


class DecisionError(Exception):
    """A decision was not carried out, or its outcome is unknown."""


class UnknownCall(DecisionError):
    """No call has this id."""


@dataclass(eq=False)
class DecidedByAnother(DecisionError):
    """An earlier attempt holds the call; it may be the same person's."""

    outcome: str
    reason: str
    by: str
    by_id: str
    at: datetime


class StillRings(DecisionError):
    """The call rings and is not decided yet."""


@dataclass(eq=False)
class Gone(DecisionError):
    """The call can no longer be rejected: caller_left, ended, ended_elsewhere, answered, too_late, outgoing."""

    cause: str


@dataclass(eq=False)
class GraphRefused(DecisionError):
    """Graph or the identity service refused the request or could not be reached. The call is unchanged."""

    status: int | None
    code: str
    message: str


class NoAnswer(DecisionError):
    """It is not known whether Graph rejected the call."""


class NotRecorded(DecisionError):
    """The audit entry could not be written, so nothing was done."""
