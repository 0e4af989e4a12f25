"""Working hours: days of the week and times of the day in TIME_ZONE, parsed from the settings."""

import re
from dataclasses import dataclass
from datetime import time

from django.conf import settings
from django.db.models import Q


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """The same span of hours on some days of the week."""

    days: frozenset[int]  # 1 is Monday
    begin: time
    end: time  # exclusive

    @classmethod
    def parse(cls, days: str, hours: str) -> "WorkingHours":
        """Parse days like `1-5` or `1,3,6-7` and hours like `09:00-18:00`. Raises ValueError."""
        begin, end = (time.fromisoformat(part.strip()) for part in hours.split("-", 1))
        found = frozenset(day for part in days.split(",") for day in _days(part.strip()))
        if not begin < end:
            raise ValueError(f"{hours} does not end after its beginning.")
        return cls(found, begin, end)

    def inside(self, field: str) -> Q:
        """Return the condition that the datetime in `field` is within working hours."""
        return Q(
            **{f"{field}__iso_week_day__in": sorted(self.days), f"{field}__time__gte": self.begin},
            **{f"{field}__time__lt": self.end},
        )

    def outside(self, field: str) -> Q:
        """Return the condition that the datetime in `field` is outside working hours."""
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
    """Return the working hours of the settings. Raises ValueError, which a system check reports first."""
    return WorkingHours.parse(settings.WORKING_DAYS, settings.WORKING_HOURS)
