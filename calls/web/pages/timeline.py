"""The events of one call in chronological order, from its notifications and audit entries, for the call page."""

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

# Per source. An ordinary call has tens of notifications; one with thousands would make its page unreadable.
MAX_EVENTS = 1000

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
# Only these actions introduce a note; later entries of the same attempt repeat it.
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
    """One line of the timeline. `at` is None when the stored time cannot be read."""

    at: datetime | None
    icon: str
    tone: str
    text: Text
    facts: list[tuple[Text, str]] = field(default_factory=list)
    raw: str = ""
    entry_id: int | None = None
    notification_id: int | None = None


def read_timeline(call: Call) -> list[Event]:
    """Return the events of the call, oldest first, at most `MAX_EVENTS` of each source.

    A row that was altered in the database and cannot be read becomes a placeholder event behind its predecessor.
    """
    about = Notification.objects.filter(Notification.about([call.graph_id_folded], [call.pk]))
    notifications = about.order_by("id")[:MAX_EVENTS]
    entries = AuditEntry.objects.filter(call_key=str(call.public_id)).select_related("personal").order_by("id")
    entries = entries[:MAX_EVENTS]
    dated = [
        *_with_times(
            [
                _event_or_placeholder(row, functools.partial(_notification_event, call), UNREADABLE_NOTIFICATION)
                for row in read_rows(notifications)
            ]
        ),
        *_with_times([_event_or_placeholder(row, _entry_event, UNREADABLE_ENTRY) for row in read_rows(entries)]),
    ]
    return [event for at, event in sorted(dated, key=lambda pair: pair[0])]


def _event_or_placeholder(row: R, event_of: Callable[[R], Event], text: Text) -> Event:
    try:
        return event_of(row)
    except READ_ERRORS:
        return Event(at=None, icon="x-octagon-fill", tone="bad", text=text)


def _with_times(events: list[Event]) -> Iterator[tuple[datetime, Event]]:
    """Yield each event with its time, or the previous event's time when its own cannot be read."""
    at = datetime.min.replace(tzinfo=UTC)
    for event in events:
        at = event.at or at
        yield at, event


def _notification_event(call: Call, notification: Notification) -> Event:
    return Event(
        at=_readable_time(notification.received_at),
        icon="telephone-inbound-fill",
        tone="bad" if notification.problem else "plain",
        text=_notification_sentence(notification),
        facts=_facts(
            [
                (_("Not applied"), notification.problem),
                (_("Id for Microsoft's support"), _scenario_id(notification, call)),
            ]
        ),
        raw=_pretty_json(notification.body),
        notification_id=notification.pk,
    )


def _readable_time(at: datetime | UnreadableValue) -> datetime | None:
    return at if isinstance(at, datetime) else None


def _scenario_id(notification: Notification, call: Call) -> str:
    """Return the notification's scenario id; empty when it equals the call's chain id, as it usually does."""
    trace = notification.scenario_id
    return "" if trace.casefold() == call.chain_id.casefold() else trace


def _notification_sentence(notification: Notification) -> Text:
    change = CHANGES.get(notification.change_type)
    state = _call_state_in(notification.body)
    if "/participants" in notification.resource:
        return _("Graph told who takes part")
    if change is None:
        return _("Graph sent a notification of an unknown kind: %(kind)s") % {"kind": notification.change_type or "–"}
    if not state or notification.change_type == ChangeType.DELETED:
        return change
    return _("%(change)s: %(state)s") % {"change": change, "state": STATES.get(state, state)}


def _call_state_in(body: str) -> str:
    """Return the callState in the notification's body, empty when there is none."""
    resource = _read_json(body).get("resourceData")
    state = (resource[0] if isinstance(resource, list) and resource else resource) or {}
    stated = state.get("state") if isinstance(state, dict) else None
    return clean(stated, 64) if isinstance(stated, str) else ""


def _read_json(body: str) -> dict[str, object]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _pretty_json(body: str) -> str:
    """Return the body as indented JSON, or unchanged if it is not a JSON object."""
    document = _read_json(body)
    text = json.dumps(document, indent=2, ensure_ascii=False) if document else body
    return text.encode("utf-8", "replace").decode()  # JSON may hold lone surrogates, which UTF-8 cannot encode


def _entry_event(entry: AuditEntry) -> Event:
    step = entry.action.partition(".")[2]
    return Event(
        at=_readable_time(entry.at),
        icon=ICONS.get(entry.action, "person-x-fill" if entry.action.startswith("reject.") else "clock-history"),
        tone=TONES.get(step, "doubt"),
        text=sentence(entry),
        facts=_decision_facts(entry),
        entry_id=entry.pk,
    )


def _decision_facts(entry: AuditEntry) -> list[tuple[Text, str]]:
    note = (
        entry.personal.note if entry.action in WITH_NOTE and hasattr(entry, "personal") else ""
    )  # retention may have erased `personal`
    seen = details_of(entry).get("seen_as_reported_by_browser")
    answered = entry.graph_status is not None
    return _facts(
        [
            (_("Note"), note),
            (_("Graph's answer"), f"{entry.graph_status} {entry.graph_code}".strip() if answered else entry.graph_code),
            (_("Graph's request id"), entry.request_id),
            (_("Seen, says the browser"), _seen_sentence(seen) if isinstance(seen, dict) else ""),
        ]
    )


def _seen_sentence(seen: dict[str, object]) -> str:
    """Return a sentence about what the browser reported it had shown. The report is not verified."""
    words = {
        "version": gettext("version %(version)s of the call") % {"version": seen.get("version")},
        "revision": gettext("in frame %(revision)s of its connection") % {"revision": seen.get("revision")},
        "came_at": gettext("first come to the page at %(time)s") % {"time": _time_of_day(seen.get("came_at"))},
        "shown_at": gettext("first shown at %(time)s") % {"time": _time_of_day(seen.get("shown_at"))},
        "visible": gettext("page in view") if seen.get("visible") else gettext("page not in view"),
    }
    return ", ".join(text for name, text in words.items() if seen.get(name) is not None)


def _time_of_day(text: object) -> str:
    """Return the timestamp's time of day in the dashboard's time zone; the text itself if it is no timestamp."""
    try:
        at = parse_datetime(str(text))
        return date_format(timezone.localtime(at), "H:i:s.u")[:12] if at else str(text)
    except (ValueError, OverflowError):
        return str(text)


def _facts(facts: list[tuple[Text, str]]) -> list[tuple[Text, str]]:
    return [(label, value) for label, value in facts if value]
