"""Working hours, as the operator understands them: days of the week and times of the day in TIME_ZONE."""

import re
from dataclasses import dataclass
from datetime import time

from django.conf import settings
from django.db.models import Q


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Days of the week, 1 is Monday, and the span of each of them; its end does not belong to it."""

    days: frozenset[int]
    begin: time
    end: time

    @classmethod
    def parse(cls, days: str, hours: str) -> "WorkingHours":
        """Return what texts like `1-5` or `1,3,6-7` and `09:00-18:00` mean; raise ValueError when they mean nothing."""
        begin, end = (time.fromisoformat(part.strip()) for part in hours.split("-", 1))
        found = frozenset(day for part in days.split(",") for day in _days(part.strip()))
        if not begin < end:
            raise ValueError(f"{hours} does not end after its beginning.")
        return cls(found, begin, end)

    def inside(self, field: str) -> Q:
        """Return the condition that a moment lies within working hours."""
        return Q(
            **{f"{field}__iso_week_day__in": sorted(self.days), f"{field}__time__gte": self.begin},
            **{f"{field}__time__lt": self.end},
        )

    def outside(self, field: str) -> Q:
        """Return the condition that a moment lies outside working hours."""
        free = sorted(set(range(1, 8)) - self.days)
        return (
            Q(**{f"{field}__iso_week_day__in": free})
            | Q(**{f"{field}__time__lt": self.begin})
            | Q(**{f"{field}__time__gte": self.end})
        )


def _days(part: str) -> range:
    found = re.fullmatch(r"([1-7])(?:-([1-7]))?", part)
    if not found:
        raise ValueError(f"{part!r} is not a day of the week from 1 to 7.")
    return range(int(found[1]), int(found[2] or found[1]) + 1)


def configured() -> WorkingHours:
    """Return the working hours of the settings. Raises ValueError, which a system check has told before."""
    return WorkingHours.parse(settings.WORKING_DAYS, settings.WORKING_HOURS)
