"""The sentences of findings: in English for the audit history, and in the active language for pages."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from calls.audit.verify.findings import Code, Finding, Origin, Place, Verification

MOST_KEPT = 20  # findings in the entry about a verification

ORIGINS: dict[Place, str] = {
    Place.CHECKPOINT: _("checkpoint #%(id)s"),
    Place.LINE: _("line %(number)s of %(path)s"),
    Place.ANCHOR: _("the anchor"),
}
UNREADABLE_TIME = _("an unreadable time")
FIELDS: dict[str, str] = {
    "actor_name": _("name of who acted"),
    "address": _("address"),
    "caller_name": _("caller's name"),
    "caller_id": _("caller's id"),
    "note": _("note"),
    "words": _("quoted words"),
}
# The faults of one entry, which follow its number and time.
ENTRY = _("Audit entry #%(id)s of %(time)s: %(fault)s")
ENTRY_FAULTS: dict[Code, str] = {
    Code.ENTRY_UNCHAINED: _("it does not follow the entry before; one was removed, inserted or rewritten."),
    Code.ENTRY_CHANGED: _("its content was changed."),
    Code.ENTRY_SIGNATURE: _("its signature is not ours."),
    Code.ENTRY_BULK_CHANGED: _("the bulk it is searched by was changed."),
    Code.ENTRY_CONTRADICTS: _("it contradicts %(origin)s."),
    Code.ENTRY_PERSONAL_GONE: _("its personal values are gone without a trace of being erased."),
    Code.ENTRY_NAMES_CHANGED: _("the names it is searched by were changed."),
    Code.ENTRY_FIELD_ADDED: _("its %(field)s was added later."),
    Code.ENTRY_FIELD_CHANGED: _("its %(field)s was changed."),
}
MESSAGES: dict[Code, str] = {
    Code.ENTRY_UNREADABLE: _("Audit entry #%(id)s: its content was changed into something that cannot be read."),
    Code.ENTRY_MISSING: _("Audit entry #%(id)s is missing."),
    Code.CHECKPOINT_CONTRADICTS: _("Checkpoint #%(id)s contradicts %(origin)s."),
    Code.CHECKPOINT_GONE: _("Checkpoint #%(id)s, in %(origin)s, is no longer in the database."),
    Code.CHECKPOINT_EXCHANGED: _("Checkpoint #%(id)s is another one in the database than in %(origin)s."),
    Code.CHECKPOINTS_NOT_OUTSIDE: _(
        "%(count)s checkpoints, the first of them #%(first)s, are not in %(path)s: "
        "it was cut off, or is not written any more."
    ),
    Code.MARK_UNREADABLE: _("%(origin)s was changed into something that cannot be read."),
    Code.MARK_MALFORMED: _("%(origin)s is not a checkpoint."),
    Code.MARK_KEY_UNKNOWN: _("%(origin)s is signed with key %(key)s, which is not configured."),
    Code.MARK_SIGNATURE: _("%(origin)s: its signature is not ours."),
    Code.MARK_SAW_MORE: _("%(origin)s saw %(count)s entries; only %(left)s are left."),
    Code.OUTSIDE_UNREADABLE: _("The checkpoints outside the database cannot be read: %(problem)s."),
    Code.KEY_UNKNOWN: _(
        "%(count)s entries from #%(first)s to #%(last)s are signed with key %(key)s, which is not configured."
    ),
    Code.KEY_RETIRED: _(
        "%(count)s entries from #%(first)s to #%(last)s are signed with key %(key)s, which was no longer in use."
    ),
    Code.KEY_NOT_IN_USE: _(
        "The newest entries are signed with key %(key)s, which is no longer in use; "
        "nothing is signed with the one in use, %(used)s."
    ),
    Code.CLOCK_SET_BACK: _(
        "A clock was set back: %(count)s entries, the first of them #%(first)s, "
        "are dated more than a minute before the entry that they follow."
    ),
    Code.TRIGGER_MISSING: _("The database's guard %(name)s does not stand."),
    Code.NOTHING_THERE: _("There is neither an entry nor a head of the chain: nothing to prove anything by."),
    Code.HEAD_MISSING: _("The head of the chain is missing."),
    Code.HEAD_COUNT: _("The chain has %(count)s entries; its head counted %(counted)s."),
    Code.HEAD_HASH: _("The head of the chain does not name its last entry."),
    Code.HEAD_LAST: _("The head of the chain says #%(said)s is the last entry; it is #%(last)s."),
    # Not translated, because only `manage.py check_export` prints them, in English.
    Code.FILE_UNSEALED: "The file does not end with a seal: it was cut off, or is not an export.",
    Code.FILE_SEAL_MALFORMED: "The file ends with something that is not a seal.",
    Code.FILE_CHANGED: "The file's content is not what its seal was made for.",
    Code.FILE_KEY_UNKNOWN: "The seal is signed with key %(key)s, which is not configured.",
    Code.FILE_SIGNATURE: "The seal's signature is not ours.",
    Code.FILE_ROWS: "The seal is about %(sealed)s rows; the file has %(rows)s.",
    Code.ROW_UNREADABLE: "There is a row that cannot be read.",
    Code.ROW_NOT_EXPORTED: "Audit entry #%(id)s could not be read when the file was made.",
    Code.ROW_FALSE: "The row of audit entry #%(id)s contradicts its own hash.",
    Code.ROW_OTHER: "Audit entry #%(id)s is another one in the history than in the file.",
    Code.ROW_UNKNOWN: "Audit entry #%(id)s is not in the history.",
}


def in_english(finding: Finding) -> str:
    """Return the sentence in English, as commands print it and audit entries keep it."""
    return _sentence(finding, str, {})


def in_active_language(finding: Finding) -> str:
    """Return the sentence in the active language."""
    return _sentence(finding, gettext, {name: gettext(label) for name, label in FIELDS.items()})


def details_of(found: Verification) -> dict[str, object]:
    """Return the details of an entry `audit.verified`."""
    return {
        "verdict": found.verdict.name.lower(),
        "entries": found.entries,
        "removed": found.removed,
        "erased": found.erased,
        "last_hash": found.last_hash,
        "faults": [in_english(finding) for finding in [*found.faults, *found.warnings][:MOST_KEPT]],
    }


def _sentence(finding: Finding, translate: Callable[[str], str], fields: Mapping[str, str]) -> str:
    words = {name: _parameter(name, value, translate, fields) for name, value in finding.params.items()}
    if finding.code in ENTRY_FAULTS:
        text = translate(ENTRY) % {**words, "fault": translate(ENTRY_FAULTS[finding.code]) % words}
    else:
        text = translate(MESSAGES[finding.code]) % words
    return text[:1].upper() + text[1:]  # a sentence can begin with an origin, which is in lower case


def _parameter(name: str, value: object, translate: Callable[[str], str], fields: Mapping[str, str]) -> object:
    if isinstance(value, Origin):
        return translate(ORIGINS[value.place]) % asdict(value)
    if name == "time":
        return f"{value:%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else translate(UNREADABLE_TIME)
    return fields.get(str(value), value) if name == "field" else value
