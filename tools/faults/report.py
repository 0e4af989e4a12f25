"""What was counted, as rows of a table."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was counted, the bound it must keep (none: it is only told), and whether it kept it."""

    what: str
    counted: str
    bound: str = ""
    held: bool = True
    seconds: tuple[float, float] | None = None  # how long it took and may take, of what is a time

    def patient(self) -> "Finding":
        """Return the finding with six times the time, for machines that have others to serve."""
        if self.seconds is None:
            return self
        took, limit = self.seconds[0], self.seconds[1] * 6
        return replace(self, bound=f"≤ {limit:,g} s", held=took <= limit)


def exactly(what: str, counted: object, bound: object) -> Finding:
    """Return a finding that must be just this."""
    return Finding(what, str(counted), str(bound), counted == bound)


def at_most(what: str, counted: float, bound: float, unit: str = "") -> Finding:
    """Return a finding that may not be more than this."""
    told, limit = f"{counted:,.3g} {unit}".strip(), f"≤ {bound:,g} {unit}".strip()
    return Finding(what, told, limit, counted <= bound, (counted, bound) if unit == "s" else None)


def told(what: str, counted: object) -> Finding:
    """Return a finding that is only told."""
    return Finding(what, f"{counted:,}" if isinstance(counted, int) else str(counted))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one fault came to; `problem` says why it has no findings, or not all."""

    name: str
    about: str
    findings: list[Finding]
    seconds: float
    problem: str = ""
    skipped: bool = False

    @property
    def held(self) -> bool:
        """Whether everything that was counted kept its bound."""
        return (self.skipped or not self.problem) and all(finding.held for finding in self.findings)


def table(outcomes: Iterable[Outcome]) -> str:
    """Return the outcomes as a Markdown table."""
    lines = ["| fault | counted | result | must be | held |", "| --- | --- | --- | --- | --- |"]
    for outcome in outcomes:
        head = f"**{outcome.name}**: {outcome.about}"
        for finding in outcome.findings:
            held = ("yes" if finding.held else "**no**") if finding.bound else ""
            lines.append(f"| {head} | {finding.what} | {finding.counted} | {finding.bound} | {held} |")
            head = ""
        if outcome.problem:
            lines.append(f"| {head} | {outcome.problem} | – | | {'not run' if outcome.skipped else '**no**'} |")
    return "\n".join(lines)


def write(outcomes: Iterable[Outcome], path: Path) -> None:
    """Keep the outcomes as JSON."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1, ensure_ascii=False))
