"""Display texts for calls, in the reader's language: states, parties, and the label of a call's outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.graph.vocabulary import CallState, Direction, Modality, RejectReason
from calls.models import Call, RejectAttempt

Text = str | Promise
Outcome = RejectAttempt.Outcome

STATES: dict[str, Text] = {
    CallState.INCOMING: _("incoming"),
    CallState.RINGING: _("ringing"),
    CallState.ESTABLISHING: _("being answered"),
    CallState.ESTABLISHED: _("in conversation"),
    CallState.HOLD: _("on hold"),
    CallState.TRANSFERRING: _("being transferred"),
    CallState.TRANSFER_ACCEPTED: _("transfer accepted"),
    CallState.REDIRECTING: _("being redirected"),
    CallState.TERMINATING: _("ending"),
    CallState.TERMINATED: _("ended"),
}
DIRECTIONS: dict[str, Text] = {Direction.INCOMING: _("incoming"), Direction.OUTGOING: _("outgoing")}
MODALITIES: dict[str, Text] = {
    Modality.AUDIO: _("audio"),
    Modality.VIDEO: _("video"),
    Modality.VIDEO_BASED_SCREEN_SHARING: _("screen sharing"),
    Modality.DATA: _("data"),
}
KINDS: dict[str, Text] = {
    "user": _("Teams user"),
    "phone": _("phone"),
    "guest": _("guest"),
    "application": _("application"),
    "applicationInstance": _("resource account"),
    "acsUser": _("communication services user"),
    "encrypted": _("identity withheld"),
    "onPremises": _("on-premises user"),
    "spoolUser": _("outside user"),
}
REASONS: dict[str, Text] = {
    RejectReason.NONE: _("no reason given"),
    RejectReason.BUSY: _("busy"),
    RejectReason.FORBIDDEN: _("forbidden"),
}
OUTCOME_LABELS: dict[str, tuple[str, Text]] = {
    Outcome.REQUESTED: ("wait", _("Rejection by %(by)s (%(reason)s) asked for, no answer yet")),
    Outcome.ACCEPTED: ("good", _("Rejected by %(by)s (%(reason)s), end not confirmed yet")),
    Outcome.CONFIRMED: ("good", _("Rejected by %(by)s (%(reason)s)")),
    Outcome.REFUSED: ("bad", _("Graph refused the rejection by %(by)s")),
    Outcome.TOO_LATE: ("bad", _("Rejected too late by %(by)s")),
    Outcome.CALLER_LEFT: ("doubt", _("The caller left before the rejection by %(by)s")),
    Outcome.ENDED_ELSEWHERE: ("doubt", _("Ended elsewhere before the rejection by %(by)s")),
    Outcome.ENDED_UNPROVED: ("doubt", _("Ended; not proved that the rejection by %(by)s did it")),
    Outcome.UNKNOWN: ("doubt", _("Outcome of the rejection by %(by)s unknown")),
}
ICONS = {
    "good": "check-circle-fill",
    "bad": "x-octagon-fill",
    "doubt": "question-circle-fill",
    "wait": "hourglass-split",
    "plain": "info-circle-fill",
}


@dataclass(frozen=True, slots=True)
class OutcomeLabel:
    """The outcome of a call for display: a tone (a key of `ICONS`) and a text."""

    tone: str
    text: str

    @property
    def icon(self) -> str:
        """The name of the tone's icon."""
        return ICONS[self.tone]


def outcome_label(call: Call) -> OutcomeLabel:
    """Return the label of the call's outcome so far. Reads `call.attempts`: prefetch them for lists."""
    attempt = call.deciding_attempt()
    if attempt is None:
        return _undecided(call)
    tone, text = OUTCOME_LABELS[attempt.outcome]
    values = {"by": attempt.actor_name, "reason": REASONS.get(attempt.reason, attempt.reason)}
    return OutcomeLabel(tone, str(text) % values)


def _undecided(call: Call) -> OutcomeLabel:
    if call.let_pass_at and not call.established_at:
        return OutcomeLabel("plain", gettext("Let pass by %(by)s") % {"by": call.let_pass_by})
    if call.missed_at:
        return OutcomeLabel("bad", gettext("Missed: nobody decided in time"))
    if call.established_at:
        return OutcomeLabel("plain", gettext("Answered, has ended") if call.ended_at else gettext("Answered"))
    if call.ended_at:
        return OutcomeLabel("plain", gettext("Ended before anybody decided"))
    return OutcomeLabel("wait", gettext("Not decided yet"))


@dataclass(frozen=True, slots=True)
class Party:
    """A participant of a call for display."""

    kind: Text
    name: str
    id: str
    tenant_id: str


def party(stored: Mapping[str, Any] | None) -> Party | None:
    """Return a stored participant for display, None when there is none."""
    if not stored:
        return None
    kind = stored.get("kind") or ""
    name, identity = stored.get("name") or "", stored.get("id") or ""
    return Party(KINDS.get(kind, kind), name or identity, identity if name else "", stored.get("tenant_id") or "")


@dataclass(frozen=True, slots=True)
class CallSummary:
    """A call with the texts that a page shows."""

    call: Call
    caller: Party | None
    targets: list[Party]
    state: Text
    direction: Text
    modalities: str
    outcome_label: OutcomeLabel
    unseen: bool


def summarize(call: Call) -> CallSummary:
    """Return the call's display texts. Reads `call.attempts`: prefetch them for lists."""
    return CallSummary(
        call=call,
        caller=party(call.source),
        targets=[found for found in map(party, call.targets) if found],
        state=STATES.get(call.state, call.state),
        direction=DIRECTIONS.get(call.direction, call.direction),
        modalities=", ".join(str(MODALITIES.get(word, word)) for word in call.modalities),
        outcome_label=outcome_label(call),
        unseen=rang_unseen(call),
    )


def rang_unseen(call: Call) -> bool:
    """Return whether the call ended or lapsed undecided while nobody had the board in view.

    `calls.web.pages.history.unseen` is the same condition as a query, apart from attempts.
    """
    over, rang = call.ended_at or call.missed_at, call.deadline and call.direction != Direction.OUTGOING
    if not over or not rang or call.established_at or call.watched_at or call.let_pass_at:
        return False
    return call.deciding_attempt() is None
