"""What a verification of the audit history finds, and what it is measured by."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from calls.audit import chain


class Verdict(IntEnum):
    """What a verification found; also the exit code of `manage.py verify_audit` and `manage.py check_export`."""

    INTACT = 0
    BROKEN = 1
    UNPROVED = 2

    @classmethod
    def of(cls, faults: list[str], doubts: list[str]) -> "Verdict":
        """Return the verdict: BROKEN outweighs UNPROVED outweighs INTACT."""
        if faults:
            return cls.BROKEN
        return cls.UNPROVED if doubts else cls.INTACT


@dataclass(slots=True)
class Verification:
    """How far the history is proved, every fault found (first the one nearest the beginning), and every doubt.

    A fault proves that something was changed or lost; a doubt is what cannot be proved either way; a remark is worth
    knowing and changes no verdict. `entries` counts from the beginning of the chain, the `removed` ones included, which
    retention cut off under a signed checkpoint.
    """

    entries: int = 0
    last_id: int = 0
    last_hash: str = chain.GENESIS
    removed: int = 0
    erased: int = 0
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    finished_at: datetime | None = None

    @property
    def verdict(self) -> Verdict:
        """What it comes to."""
        return Verdict.of(self.faults, self.doubts)

    @property
    def anchor(self) -> str:
        """The end of the chain as it can be noted elsewhere and given to a later verification."""
        return f"{self.entries}:{self.last_hash}"

    @property
    def details(self) -> dict[str, object]:
        """What of it goes into the entry `audit.verified`."""
        return {
            "verdict": self.verdict.name.lower(),
            "entries": self.entries,
            "removed": self.removed,
            "erased": self.erased,
            "last_hash": self.last_hash,
            "faults": [*self.faults, *self.doubts][:20],
        }


@dataclass(frozen=True, slots=True)
class Anchor:
    """The chain's end as somebody noted it outside the database: so many entries, the last one with this hash."""

    entries: int
    last_hash: str
    origin: str = "the anchor"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """Return the anchor written as `<entries>:<hash>`; raise ValueError when it is not one."""
        count, _, last_hash = text.strip().partition(":")
        if not re.fullmatch(r"[1-9]\d*", count) or not re.fullmatch(r"[0-9a-f]{64}", last_hash):
            raise ValueError("An anchor is written as <number of entries>:<64 hexadecimal digits>.")
        return cls(int(count), last_hash)


def capital(text: str) -> str:
    """Return the text as it begins a sentence."""
    return text[:1].upper() + text[1:]
