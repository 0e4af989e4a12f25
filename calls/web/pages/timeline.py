"""The whole story of one call, in the order it happened: what Graph told, who decided, what came of it."""

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.audit.messages import details_of, sentence
from calls.audit.verify.tolerant_read import READ_ERRORS, UnreadableValue, read_rows
from calls.graph.fields import clean
from calls.graph.vocabulary import ChangeType
from calls.models import AuditEntry, Call, Notification
from calls.web.pages.labels import STATES, Text

R = TypeVar("R")

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
UNREADABLE_ENTRY = _("An entry of the audit history that cannot be read.")
UNREADABLE_NOTIFICATION = _("A notification that cannot be read.")
CHANGES: dict[str, Text] = {
    ChangeType.CREATED: _("Graph told of the call"),
    ChangeType.UPDATED: _("Graph told of a change"),
    ChangeType.DELETED: _("Graph told that the call has ended"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: when (None if that cannot be read), in a sentence, with what is worth knowing."""

    at: datetime | None
    icon: str
    tone: str
    text: Text
    facts: list[tuple[Text, str]] = field(default_factory=list)
    raw: str = ""
    entry_id: int | None = None
    notification_id: int | None = None


def tell(call: Call) -> list[Event]:
    """Return what happened to the call, oldest first; an attempt and its audit entries are told as one.

    What cannot be read, because somebody changed it in the database, is told as that, behind the one before it.
    """
    heard = Notification.objects.filter(Notification.about([call.graph_id_folded], [call.pk]))
    notifications = heard.order_by("id")[:MOST_EVENTS]
    entries = AuditEntry.objects.filter(call_key=str(call.public_id)).select_related("personal").order_by("id")
    entries = entries[:MOST_EVENTS]
    told = [
        *_dated(
            [
                _event(row, functools.partial(_arrival, call), UNREADABLE_NOTIFICATION)
                for row in read_rows(notifications)
            ]
        ),
        *_dated([_event(row, _act, UNREADABLE_ENTRY) for row in read_rows(entries)]),
    ]
    return [event for at, event in sorted(told, key=lambda pair: pair[0])]


def _event(row: R, event_of: Callable[[R], Event], text: Text) -> Event:
    try:
        return event_of(row)
    except READ_ERRORS:
        return Event(at=None, icon="x-octagon-fill", tone="bad", text=text)


def _dated(events: list[Event]) -> Iterator[tuple[datetime, Event]]:
    """Yield each event with its time, or the time of the one before where its own cannot be read."""
    at = datetime.min.replace(tzinfo=UTC)
    for event in events:
        at = event.at or at
        yield at, event


def _arrival(call: Call, notification: Notification) -> Event:
    return Event(
        at=_moment(notification.received_at),
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


def _moment(at: datetime | UnreadableValue) -> datetime | None:
    return at if isinstance(at, datetime) else None


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


def _act(entry: AuditEntry) -> Event:
    step = entry.action.partition(".")[2]
    return Event(
        at=_moment(entry.at),
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
    words = {
        "version": gettext("version %(version)s of the call") % {"version": seen.get("version")},
        "revision": gettext("in frame %(revision)s of its connection") % {"revision": seen.get("revision")},
        "came_at": gettext("first come to the page at %(time)s") % {"time": _time(seen.get("came_at"))},
        "shown_at": gettext("first shown at %(time)s") % {"time": _time(seen.get("shown_at"))},
        "visible": gettext("page in view") if seen.get("visible") else gettext("page not in view"),
    }
    return ", ".join(text for name, text in words.items() if seen.get(name) is not None)


def _time(told: object) -> str:
    """Return the time of day of a moment as it stands in an entry, in the dashboard's zone."""
    try:
        at = parse_datetime(str(told))
        return date_format(timezone.localtime(at), "H:i:s.u")[:12] if at else str(told)
    except (ValueError, OverflowError):
        return str(told)


def _facts(facts: list[tuple[Text, str]]) -> list[tuple[Text, str]]:
    return [(label, value) for label, value in facts if value]
