"""The registry of audit actions: code, sentence, filter group, details and counter of each.

`chain.append` refuses undeclared actions and details, because an entry can never be corrected.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from prometheus_client import Counter

from calls import metrics


class Group(StrEnum):
    """The outcomes by which auditors filter the history. The values are query parameters of the admin."""

    REJECTED = "rejected"
    REFUSED = "refused"
    IN_VAIN = "in_vain"
    NOT_KNOWN = "not_known"
    TURNED_AWAY = "turned_away"
    UNDECIDED = "undecided"


GROUPS: dict[Group, Promise] = {
    Group.REJECTED: _("rejected: accepted or confirmed by Graph"),
    Group.REFUSED: _("refused by Graph"),
    Group.IN_VAIN: _("in vain: too late, caller gone, decided before"),
    Group.NOT_KNOWN: _("not known or not proved"),
    Group.TURNED_AWAY: _("turned away: no right, bad request, failed sign-in"),
    Group.UNDECIDED: _("undecided: nobody chose in time"),
}


class Undeclared(LookupError):
    """An action or a detail that is not declared in this module."""


@dataclass(frozen=True, slots=True)
class Action:
    """One kind of entry.

    `sentence` is a template for the parameters of `calls.audit.messages`; `counter` counts the refused requests that
    are recorded with this action.
    """

    code: str
    details: frozenset[str]
    sentence: Promise
    group: Group | None = None
    counter: Counter | None = None

    def check(self, details: Iterable[str]) -> None:
        """Raise Undeclared if one of these details is not declared."""
        if unknown := sorted(set(details) - self.details):
            raise Undeclared(f"{self.code} does not declare the details {', '.join(unknown)}.")

    def count(self, times: int = 1) -> None:
        """Add to the counter of this action, if it has one."""
        if self.counter:
            self.counter.inc(times)


ACTIONS: dict[str, Action] = {}


def action(code: str) -> Action:
    """Return the action with this code. Raises Undeclared."""
    try:
        return ACTIONS[code]
    except KeyError:
        raise Undeclared(f"There is no audit action {code!r}.") from None


def in_group(group: str) -> list[str]:
    """Return the codes of the actions in this group; an empty list for an unknown group."""
    return [action.code for action in ACTIONS.values() if action.group == group]


def _declare(
    code: str, details: Iterable[str], sentence: Promise, *, group: Group | None = None, counter: Counter | None = None
) -> None:
    if code in ACTIONS:
        raise ValueError(f"The audit action {code} is declared twice.")
    ACTIONS[code] = Action(code, frozenset(details), sentence, group, counter)


# Names of details that several actions share. `calls.decisions.decision_request` makes those of a request.
TIMES = ("received_at", "clicked_at", "first_sent_at", "first_sent_not_before")
REQUEST = (*TIMES, "seen_as_reported_by_browser")
ANSWER = (*TIMES, "asked_at", "answered_at")
CALL_END = ("received_at", "ended_at")
LAPSE = ("deadline", "watched", "connected", "visible", "connected_accounts", "visible_accounts")
ACCOUNT = ("account_id", "changed", "by")
SETTINGS = ("changed", "values", "were", "digests")


# Rejections -----------------------------------------------------------------------------------------------------------

_declare(
    "reject.requested",
    (*REQUEST, "deadline", "retargeted_from"),
    _("%(who)s asked Graph to reject the call from %(caller)s, %(reason)s."),
)
_declare(
    "reject.accepted",
    ANSWER,
    _("Graph accepted the rejection of the call from %(caller)s by %(who)s; that it ended was still to be proved."),
    group=Group.REJECTED,
)
_declare(
    "reject.confirmed",
    CALL_END,
    _("Graph confirmed that the call from %(caller)s, rejected by %(who)s, has ended."),
    group=Group.REJECTED,
)
_declare(
    "reject.refused",
    ANSWER,
    _("Graph refused to let %(who)s reject the call from %(caller)s: %(answer)s"),
    group=Group.REFUSED,
)
_declare(
    "reject.too_late",
    (*REQUEST, *ANSWER, "cause"),
    _("%(who)s was too late to reject the call from %(caller)s."),
    group=Group.IN_VAIN,
)
_declare(
    "reject.caller_left",
    (*REQUEST, *ANSWER, "cause"),
    _("%(caller)s had left before %(who)s rejected the call."),
    group=Group.IN_VAIN,
)
_declare(
    "reject.ended_elsewhere",
    ANSWER,
    _("%(who)s rejected the call from %(caller)s, which had already ended elsewhere."),
    group=Group.IN_VAIN,
)
_declare(
    "reject.ended_unproved",
    (*CALL_END, "cause"),
    _("The call from %(caller)s ended, but nothing proves that the rejection by %(who)s ended it."),
    group=Group.NOT_KNOWN,
)
_declare(
    "reject.unknown",
    (*ANSWER, "cause"),
    _("Whether Graph carried out the rejection of the call from %(caller)s by %(who)s is not known."),
    group=Group.NOT_KNOWN,
)
_declare(
    "reject.decided_by_another",
    (*REQUEST, "decided_outcome", "decided_reason", "decided_at"),
    _("%(who)s wanted to reject the call from %(caller)s, but somebody had decided it before."),
    group=Group.IN_VAIN,
)
_declare(
    "reject.gone",
    (*REQUEST, "cause"),
    _("%(who)s wanted to reject the call from %(caller)s, which could no longer be rejected."),
    group=Group.IN_VAIN,
)
_declare(
    "reject.unknown_call",
    ("key", "clicked_at"),
    _("%(who)s wanted to reject a call that is not known here."),
    group=Group.IN_VAIN,
)
_declare(
    "reject.not_allowed",
    REQUEST,
    _("%(who)s tried to reject the call from %(caller)s without having the right to."),
    group=Group.TURNED_AWAY,
    counter=metrics.DECISIONS.labels("not_allowed"),
)
_declare(
    "reject.bad_request",
    (*REQUEST, "bulk"),
    _("%(who)s sent a rejection of the call from %(caller)s that could not be understood."),
    group=Group.TURNED_AWAY,
    counter=metrics.DECISIONS.labels("bad_request"),
)

# Other decisions on calls, and their lapses ---------------------------------------------------------------------------

_declare(
    "call.let_pass",
    (*REQUEST, "deadline", "retargeted_from"),
    _("%(who)s let the call from %(caller)s pass: it need not be rejected."),
)
_declare(
    "call.let_pass_in_vain",
    (*REQUEST, "cause", "key", "decided_outcome"),
    _("%(who)s wanted to let the call from %(caller)s pass, about which nothing was left to decide."),
    group=Group.IN_VAIN,
)
_declare(
    "call.let_pass_not_allowed",
    REQUEST,
    _("%(who)s tried to let the call from %(caller)s pass without having the right to."),
    group=Group.TURNED_AWAY,
    counter=metrics.LET_PASS.labels("not_allowed"),
)
_declare("call.noted", REQUEST, _("%(who)s wrote a note about the call from %(caller)s: %(note)s"))
_declare(
    "call.note_in_vain",
    (*REQUEST, "cause", "key"),
    _("%(who)s wanted to write a note about the call from %(caller)s, which was not taken."),
    group=Group.IN_VAIN,
)
_declare(
    "call.note_not_allowed",
    REQUEST,
    _("%(who)s tried to write a note about the call from %(caller)s without having the right to."),
    group=Group.TURNED_AWAY,
)
_declare(
    "call.missed",
    LAPSE,
    _("Nobody decided about the call from %(caller)s while it could be rejected.%(attendance)s"),
    group=Group.UNDECIDED,
)
_declare(
    "call.lapsed",
    LAPSE,
    _("The time to reject the call from %(caller)s, which had been let pass, ran out.%(attendance)s"),
)
_declare(
    "call.missed_withdrawn",
    ("state",),
    _("The call from %(caller)s was answered after all and no longer counts as undecided."),
)
_declare("call.lost", (), _("Graph does not know the call from %(caller)s any more; it never told when it ended."))

# Accounts and groups --------------------------------------------------------------------------------------------------

_declare("account.signed_in", (), _("%(who)s signed in."))
_declare("account.signed_out", (), _("%(who)s signed out."))
_declare(
    "account.sign_in_failed",
    ("attempts",),
    _("Somebody failed to sign in as %(who)s; failures from that address since the last entry: %(attempts)s."),
    group=Group.TURNED_AWAY,
)
_declare("account.created", ACCOUNT, _("%(who)s created the account %(subject)s."))
_declare("account.changed", ACCOUNT, _("%(who)s changed the account %(subject)s: %(changed)s."))
_declare("account.deleted", ("account_id",), _("%(who)s deleted the account %(subject)s."))
_declare("group.created", ("group", "changed"), _("%(who)s created the group %(subject)s."))
_declare("group.changed", ("group", "changed"), _("%(who)s changed the group %(subject)s: %(changed)s."))
_declare("group.deleted", ("group",), _("%(who)s deleted the group %(subject)s."))

# The dashboard itself -------------------------------------------------------------------------------------------------

_declare("settings.recorded", SETTINGS, _("The settings of the first start were recorded."))
_declare("settings.changed", SETTINGS, _("Settings differ from the last start: %(changed)s."))
_declare(
    "audit.verified",
    ("verdict", "entries", "removed", "erased", "last_hash", "faults"),
    _("%(who)s verified the audit history: %(verdict)s."),
)
_declare(
    "audit.export_started", ("export", "format"), _("%(who)s began to export audit entries as %(format)s: %(chosen)s.")
)
_declare(
    "audit.exported",
    ("export", "format", "rows", "sha256"),
    _("%(who)s exported %(rows)s audit entries as %(format)s: %(chosen)s."),
)
_declare(
    "retention.removed",
    ("subject", "rows", "before", "days"),
    _("%(who)s removed what was older than %(before)s, %(subject)s: %(rows)s."),
)
_declare("retention.ran", ("removed", "days", "faults"), _("%(who)s ran retention. Removed: %(removed)s."))
