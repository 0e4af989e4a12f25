"""Why a decision about a call was not carried out."""

from dataclasses import dataclass
from datetime import datetime


class DecisionError(Exception):
    """The call was not rejected, or nobody can tell."""


class UnknownCall(DecisionError):
    """There is no such call."""


@dataclass(eq=False)
class DecidedByAnother(DecisionError):
    """Somebody decided first: another person, or the same one before."""

    outcome: str
    reason: str
    by: str
    by_id: str
    at: datetime


class StillRings(DecisionError):
    """The call rings and nobody has decided about it yet."""


@dataclass(eq=False)
class Gone(DecisionError):
    """The call cannot be rejected any more: caller_left, ended, ended_elsewhere, answered, too_late, outgoing."""

    cause: str


@dataclass(eq=False)
class GraphRefused(DecisionError):
    """Graph, or the identity service, refused, or could not be reached; nothing happened to the call."""

    status: int | None
    code: str
    message: str


class Unknown(DecisionError):
    """Whether Graph acted is not known yet."""


class NotRecorded(DecisionError):
    """The history cannot be written, so nothing was done."""
