"""What a verification of the audit history finds: codes with parameters. Their words are made when they are shown."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from calls.audit import chain


class Code(StrEnum):
    """What can be found. The sentences stand in `finding_messages`."""

    # About one entry.
    ENTRY_UNREADABLE = "entry_unreadable"
    ENTRY_MISSING = "entry_missing"
    ENTRY_UNCHAINED = "entry_unchained"
    ENTRY_CHANGED = "entry_changed"
    ENTRY_SIGNATURE = "entry_signature"
    ENTRY_BULK_CHANGED = "entry_bulk_changed"
    ENTRY_CONTRADICTS = "entry_contradicts"
    ENTRY_PERSONAL_GONE = "entry_personal_gone"
    ENTRY_NAMES_CHANGED = "entry_names_changed"
    ENTRY_FIELD_ADDED = "entry_field_added"
    ENTRY_FIELD_CHANGED = "entry_field_changed"
    # About checkpoints and anchors.
    CHECKPOINT_CONTRADICTS = "checkpoint_contradicts"
    CHECKPOINT_GONE = "checkpoint_gone"
    CHECKPOINT_EXCHANGED = "checkpoint_exchanged"
    CHECKPOINTS_NOT_OUTSIDE = "checkpoints_not_outside"
    MARK_UNREADABLE = "mark_unreadable"
    MARK_MALFORMED = "mark_malformed"
    MARK_KEY_UNKNOWN = "mark_key_unknown"
    MARK_SIGNATURE = "mark_signature"
    MARK_SAW_MORE = "mark_saw_more"
    OUTSIDE_UNREADABLE = "outside_unreadable"
    # About many entries.
    KEY_UNKNOWN = "key_unknown"
    KEY_RETIRED = "key_retired"
    KEY_NOT_IN_USE = "key_not_in_use"
    CLOCK_SET_BACK = "clock_set_back"
    # About the chain's head and the database.
    TRIGGER_MISSING = "trigger_missing"
    NOTHING_THERE = "nothing_there"
    HEAD_MISSING = "head_missing"
    HEAD_COUNT = "head_count"
    HEAD_HASH = "head_hash"
    HEAD_LAST = "head_last"
    # About an exported file.
    FILE_UNSEALED = "file_unsealed"
    FILE_SEAL_MALFORMED = "file_seal_malformed"
    FILE_CHANGED = "file_changed"
    FILE_KEY_UNKNOWN = "file_key_unknown"
    FILE_SIGNATURE = "file_signature"
    FILE_ROWS = "file_rows"
    ROW_UNREADABLE = "row_unreadable"
    ROW_NOT_EXPORTED = "row_not_exported"
    ROW_FALSE = "row_false"
    ROW_OTHER = "row_other"
    ROW_UNKNOWN = "row_unknown"


class Place(StrEnum):
    """Where a statement about the chain's length was found."""

    CHECKPOINT = "checkpoint"
    LINE = "line"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a statement was found: which checkpoint, or which line of which file. An anchor was given by a person."""

    place: Place = Place.ANCHOR
    id: int = 0
    number: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: its code, and what fills the gaps of its sentence."""

    code: Code
    params: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, code: Code, **params: object) -> "Finding":
        """Return the finding with these parameters."""
        return cls(code, params)


class Verdict(IntEnum):
    """What a verification found; also the exit code of `manage.py verify_audit` and `manage.py check_export`."""

    INTACT = 0
    BROKEN = 1
    UNPROVED = 2

    @classmethod
    def of(cls, faults: Sequence[Finding], warnings: Sequence[Finding]) -> "Verdict":
        """Return the verdict: BROKEN outweighs UNPROVED outweighs INTACT."""
        if faults:
            return cls.BROKEN
        return cls.UNPROVED if warnings else cls.INTACT


@dataclass(slots=True)
class Verification:
    """How far the history is proved, every fault found (first the one nearest the beginning), and every warning.

    A fault proves that something was changed or lost; a warning is what cannot be proved either way; a notice is worth
    knowing and changes no verdict. `entries` counts from the beginning of the chain, the `removed` ones included, which
    retention cut off under a signed checkpoint.
    """

    entries: int = 0
    last_id: int = 0
    last_hash: str = chain.GENESIS
    removed: int = 0
    erased: int = 0
    faults: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    notices: list[Finding] = field(default_factory=list)
    finished_at: datetime | None = None

    @property
    def verdict(self) -> Verdict:
        """What it comes to."""
        return Verdict.of(self.faults, self.warnings)

    @property
    def anchor(self) -> str:
        """The end of the chain as it can be noted elsewhere and given to a later verification."""
        return f"{self.entries}:{self.last_hash}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The chain's end as somebody noted it outside the database: so many entries, the last one with this hash."""

    entries: int
    last_hash: str
    origin: Origin = Origin()

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """Return the anchor written as `<entries>:<hash>`; raise ValueError when it is not one."""
        count, _, last_hash = text.strip().partition(":")
        if not re.fullmatch(r"[1-9]\d*", count) or not re.fullmatch(r"[0-9a-f]{64}", last_hash):
            raise ValueError("An anchor is written as <number of entries>:<64 hexadecimal digits>.")
        return cls(int(count), last_hash)
