"""Figures, as a table for people and as JSON for machines."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One ratio of two medians measured in the same run, the spread of each side, and what is to be reached."""

    what: str
    ratio: float
    reach: str
    above: float
    below: float
    noise: float  # the larger of both sides' (highest - lowest) ÷ median

    @classmethod
    def of(cls, what: str, above: list[float], below: list[float], reach: str) -> "Figure":
        """Return the ratio of the medians of two series."""
        noise = max((max(series) - min(series)) / median(series) for series in (above, below))
        return cls(what, median(above) / median(below), reach, median(above), median(below), noise)


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| what | ratio | to reach | noise | measured |", "| --- | --- | --- | --- | --- |"]
    for one in figures:
        sides = f"{one.above:,.0f} ÷ {one.below:,.0f}"
        lines.append(f"| {one.what} | {one.ratio:.2f} | {one.reach} | ± {one.noise / 2:.0%} | {sides} |")
    return "\n".join(lines)


def write(figures: list[Figure], path: Path) -> None:
    """Keep the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(one) for one in figures], indent=2, ensure_ascii=False) + "\n")
