"""A person's request about one call, and what is known of when they were shown the call."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from calls.models import Call
from calls.timestamps import iso


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """A request to decide about or annotate the call `public_id`, received at `at`."""

    public_id: uuid.UUID
    at: datetime = field(default_factory=timezone.now)
    # Reported by the browser, not verified: the call's version and frame revision, when it arrived and was shown.
    seen: dict[str, object] | None = None
    # When this process first sent the person the call. None if another process did, or the call has left the board.
    first_sent_at: datetime | None = None
    # Since when the person has the board open in any process; used when `first_sent_at` is None.
    connected_since: datetime | None = None

    def times(self, call: Call) -> dict[str, datetime]:
        """Return the known times up to the request, by their names in the details of an audit entry about the call."""
        times = {"received_at": call.received_at, "clicked_at": self.at}
        if call.public_id != self.public_id:  # a newer call of the same caller replaced the one clicked on
            return times
        if self.first_sent_at:
            times["first_sent_at"] = self.first_sent_at
        elif self.connected_since:
            times["first_sent_not_before"] = max(call.received_at, self.connected_since)
        return times

    def details(self, call: Call) -> dict[str, object]:
        """Return the details of an audit entry about this request and the call."""
        reported: dict[str, object] = {"seen_as_reported_by_browser": self.seen} if self.seen else {}
        return {**reported, **iso_times(self.times(call))}


def iso_times(times: Mapping[str, datetime]) -> dict[str, object]:
    """Return the times as ISO 8601 text, for the details of an audit entry."""
    return {name: iso(time) for name, time in times.items()}


def read_seen(sent: Any) -> dict[str, object] | None:
    """Return the valid fields of a browser's report of what it showed; None when it is not an object."""
    if not isinstance(sent, dict):
        return None
    visible = sent.get("visible")
    seen = {
        "version": _number(sent.get("version")),
        "shown_at": _timestamp(sent.get("shown_at")),
        "visible": visible if isinstance(visible, bool) else None,
    }
    more = {"revision": _number(sent.get("revision")), "came_at": _timestamp(sent.get("came_at"))}
    return {**seen, **{name: value for name, value in more.items() if value is not None}}


def _number(sent: object) -> int | None:
    return sent if isinstance(sent, int) and not isinstance(sent, bool) and abs(sent) < 2**53 else None


def _timestamp(sent: object) -> str | None:
    """Return a sent timestamp in our format, None for anything else."""
    try:
        return iso(parse_datetime(sent)) if isinstance(sent, str) else None
    except (ValueError, OverflowError):
        return None
