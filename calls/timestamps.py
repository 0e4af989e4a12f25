"""Moments as text."""

from datetime import datetime


def iso(moment: datetime | None) -> str | None:
    """Return a moment as ISO 8601 in UTC with a Z, the form in which every time leaves the server."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
