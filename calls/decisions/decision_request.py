"""The click behind an act: when it arrived, and since when whoever clicked can have known of the call."""

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
class Click:
    """What somebody clicked on, and what is known of how it came about.

    `seen` is what their browser says it showed them; nothing else vouches for it: which version of the call, in which
    revision of its connection's frames, when the call first came to the page and when it was first drawn there.
    `first_sent_at` is when this process
    first sent them the call. Where another process did that, or the call has left the board since, only
    `connected_since` is known: since when they have the board open, at whichever process.
    """

    public_id: uuid.UUID
    at: datetime = field(default_factory=timezone.now)
    seen: dict[str, object] | None = None
    first_sent_at: datetime | None = None
    connected_since: datetime | None = None

    def times(self, call: Call) -> dict[str, datetime]:
        """Return the moments up to the click by their names in an entry about this call, as far as they are known."""
        times = {"received_at": call.received_at, "clicked_at": self.at}
        if call.public_id != self.public_id:  # the newer call of somebody who rang again; it was not the one clicked on
            return times
        if self.first_sent_at:
            times["first_sent_at"] = self.first_sent_at
        elif self.connected_since:
            times["first_sent_not_before"] = max(call.received_at, self.connected_since)
        return times

    def told(self, call: Call) -> dict[str, object]:
        """Return what an entry about this call tells of the click."""
        reported: dict[str, object] = {"seen_as_reported_by_browser": self.seen} if self.seen else {}
        return {**reported, **as_text(self.times(call))}


def as_text(times: Mapping[str, datetime]) -> dict[str, object]:
    """Return moments as they stand in the details of an entry."""
    return {name: iso(moment) for name, moment in times.items()}


def read_seen(sent: Any) -> dict[str, object] | None:
    """Return what a browser says it showed, as far as it is of the agreed form; None when it is not."""
    if not isinstance(sent, dict):
        return None
    visible = sent.get("visible")
    seen = {
        "version": _number(sent.get("version")),
        "shown_at": _moment(sent.get("shown_at")),
        "visible": visible if isinstance(visible, bool) else None,
    }
    more = {"revision": _number(sent.get("revision")), "came_at": _moment(sent.get("came_at"))}
    return {**seen, **{name: value for name, value in more.items() if value is not None}}


def _number(sent: object) -> int | None:
    return sent if isinstance(sent, int) and not isinstance(sent, bool) and abs(sent) < 2**53 else None


def _moment(sent: object) -> str | None:
    """Return the time that was sent, None for anything else: it stays in the history for ever."""
    try:
        return iso(parse_datetime(sent)) if isinstance(sent, str) else None
    except (ValueError, OverflowError):
        return None
