"""Formats points in time as text."""

from datetime import datetime


def iso(moment: datetime | None) -> str | None:
    """Return a UTC time as ISO 8601 with milliseconds and a Z, the format of every time sent to clients."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
