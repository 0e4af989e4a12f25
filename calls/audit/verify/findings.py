"""The findings of a verification, as codes with parameters; `finding_messages` has their sentences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from calls.audit import chain


class Code(StrEnum):
    """The kinds of findings."""

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
    """The kinds of places that state the length of the chain."""

    CHECKPOINT = "checkpoint"
    LINE = "line"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class Origin:
    """The place of a statement: a checkpoint's id, a line of a file, or an anchor given by a person."""

    place: Place = Place.ANCHOR
    id: int = 0
    number: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its code and the parameters of its sentence."""

    code: Code
    params: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, code: Code, **params: object) -> "Finding":
        """Return the finding with these parameters."""
        return cls(code, params)


class Verdict(IntEnum):
    """The result of a verification and the exit code of `manage.py verify_audit` and `manage.py check_export`."""

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
    """The state of a verification: verified entries, faults in the order of the chain, warnings and notices.

    A fault proves a change or a loss; a warning names what cannot be proved either way; a notice does not change the
    verdict. `entries` counts from the beginning of the chain and includes the `removed` ones, which retention deleted.
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
        """The verdict on the history."""
        return Verdict.of(self.faults, self.warnings)

    @property
    def anchor(self) -> str:
        """The end of the chain as text, to be kept elsewhere and given to a later verification."""
        return f"{self.entries}:{self.last_hash}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A statement from a trusted place that the chain had so many entries, the last with this hash."""

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
