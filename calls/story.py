"""The whole story of one call, in the order it happened: what Graph told, who decided, what came of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.graph.payloads import clean
from calls.graph.vocabulary import ChangeType
from calls.models import AuditEntry, Call, Notification
from calls.sentences import details_of, sentence
from calls.words import STATES, Text

# A call makes tens of notifications; one that makes thousands must not make its page unreadable.
MOST_EVENTS = 1000

TONES = {
    "confirmed": "good",
    "accepted": "good",
    "requested": "wait",
    "missed": "bad",
    "refused": "bad",
    "let_pass": "plain",
    "noted": "plain",
}
ICONS = {"call.let_pass": "bell-slash-fill", "call.noted": "pencil-square"}
# The entries in which a note is new; the later ones of an attempt only carry it on.
WITH_NOTE = ("reject.requested", "reject.decided_by_another", "call.noted")
CHANGES: dict[str, Text] = {
    ChangeType.CREATED: _("Graph told of the call"),
    ChangeType.UPDATED: _("Graph told of a change"),
    ChangeType.DELETED: _("Graph told that the call has ended"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: when, in a sentence, with what is worth knowing beside it."""

    at: datetime
    icon: str
    tone: str
    text: Text
    facts: list[tuple[Text, str]] = field(default_factory=list)
    raw: str = ""
    entry_id: int | None = None
    notification_id: int | None = None


def tell(call: Call) -> list[Event]:
    """Return what happened to the call, oldest first; an attempt and its audit entries are told as one."""
    events = [*_notifications(call), *_entries(call)]
    return sorted(events, key=lambda event: event.at)


def _notifications(call: Call) -> Iterator[Event]:
    for notification in call.notifications.order_by("id")[:MOST_EVENTS]:
        yield Event(
            at=notification.received_at,
            icon="telephone-inbound-fill",
            tone="bad" if notification.problem else "plain",
            text=_heard(notification),
            facts=_facts(
                [
                    (_("Not applied"), notification.problem),
                    (_("Id for Microsoft's support"), _trace(notification, call)),
                ]
            ),
            raw=_indented(notification.body),
            notification_id=notification.pk,
        )


def _trace(notification: Notification, call: Call) -> str:
    """Return what the service's own logs call this exchange, empty when that is the call's chain, as it mostly is."""
    trace = notification.scenario_id
    return "" if trace.casefold() == call.chain_id.casefold() else trace


def _heard(notification: Notification) -> Text:
    change = CHANGES.get(notification.change_type)
    state = _state_in(notification.body)
    if "/participants" in notification.resource:
        return _("Graph told who takes part")
    if change is None:
        return _("Graph sent a notification of an unknown kind: %(kind)s") % {"kind": notification.change_type or "–"}
    if not state or notification.change_type == ChangeType.DELETED:
        return change
    return _("%(change)s: %(state)s") % {"change": change, "state": STATES.get(state, state)}


def _state_in(body: str) -> str:
    """Return the callState a notification names, empty when it names none."""
    resource = _read(body).get("resourceData")
    state = (resource[0] if isinstance(resource, list) and resource else resource) or {}
    stated = state.get("state") if isinstance(state, dict) else None
    return clean(stated, 64) if isinstance(stated, str) else ""


def _read(body: str) -> dict[str, object]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _indented(body: str) -> str:
    """Return the body for reading; what cannot be written as UTF-8 (lone surrogates) becomes a question mark."""
    document = _read(body)
    text = json.dumps(document, indent=2, ensure_ascii=False) if document else body
    return text.encode("utf-8", "replace").decode()


def _entries(call: Call) -> Iterator[Event]:
    entries = AuditEntry.objects.filter(call_key=str(call.key)).select_related("personal").order_by("id")[:MOST_EVENTS]
    for entry in entries:
        step = entry.action.partition(".")[2]
        yield Event(
            at=entry.at,
            icon=ICONS.get(entry.action, "person-x-fill" if entry.action.startswith("reject.") else "clock-history"),
            tone=TONES.get(step, "doubt"),
            text=sentence(entry),
            facts=_decision_facts(entry),
            entry_id=entry.pk,
        )


def _decision_facts(entry: AuditEntry) -> list[tuple[Text, str]]:
    note = entry.personal.note if entry.action in WITH_NOTE and hasattr(entry, "personal") else ""  # it may be erased
    seen = details_of(entry).get("seen_as_reported_by_browser")
    answered = entry.graph_status is not None
    return _facts(
        [
            (_("Note"), note),
            (_("Graph's answer"), f"{entry.graph_status} {entry.graph_code}".strip() if answered else entry.graph_code),
            (_("Graph's request id"), entry.request_id),
            (_("Seen, says the browser"), _seen(seen) if isinstance(seen, dict) else ""),
        ]
    )


def _seen(seen: dict[str, object]) -> str:
    """Return in words what the browser says it showed; nothing vouches for it."""
    shown_at = str(seen.get("shown_at") or "")
    words = {
        "version": gettext("version %(version)s of the call") % {"version": seen.get("version")},
        "shown_at": gettext("first shown at %(time)s") % {"time": shown_at},
        "visible": gettext("page in view") if seen.get("visible") else gettext("page not in view"),
    }
    return ", ".join(text for name, text in words.items() if seen.get(name) is not None)


def _facts(facts: list[tuple[Text, str]]) -> list[tuple[Text, str]]:
    return [(label, value) for label, value in facts if value]
