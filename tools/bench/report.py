"""Figures, as a table for people and as JSON for machines."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, what is to be reached (`≥ 0.50`, `≤ 5 ms`), and how far the runs lay apart."""

    what: str
    value: float
    reach: str
    noise: float  # (highest - lowest) ÷ median, of the wilder side
    measured: str
    unit: str = ""

    @classmethod
    def ratio(cls, what: str, above: Sequence[float], below: Sequence[float], reach: str) -> "Figure":
        """Return the ratio of the medians of two series whose runs took turns."""
        noise = max(spread(above), spread(below))
        measured = f"{_short(median(above))} ÷ {_short(median(below))}"
        return cls(what, median(above) / median(below), reach, noise, measured)

    @classmethod
    def plain(cls, what: str, series: Sequence[float], reach: str, unit: str, measured: str) -> "Figure":
        """Return the median of a series that is no ratio; `measured` says what of."""
        return cls(what, median(series), reach, spread(series), measured, unit)

    @property
    def reached(self) -> bool:
        """Whether the value is at least, or at most, what it should be."""
        sign, bound = self.reach.split()[:2]
        limit = float(bound.replace(",", ""))
        return self.value >= limit if sign == "≥" else self.value <= limit


def spread(series: Sequence[float]) -> float:
    """Return how far a series lies apart, as a share of its median; 0 where all of it is nothing."""
    middle = median(series)
    return (max(series) - min(series)) / abs(middle) if middle else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of the values that at least this share of them does not exceed (nearest rank)."""
    if not values:
        raise ValueError("There is no percentile of nothing.")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| what | value | to reach | | noise | measured |", "| --- | --- | --- | --- | --- | --- |"]
    for one in figures:
        value = f"{_short(one.value)} {one.unit}".strip()
        mark = "reached" if one.reached else "**missed**"
        lines.append(f"| {one.what} | {value} | {one.reach} | {mark} | ± {one.noise / 2:.0%} | {one.measured} |")
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def write(figures: list[Figure], path: Path) -> None:
    """Keep the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [{**asdict(one), "reached": one.reached} for one in figures]
    path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
