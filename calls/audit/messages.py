"""The sentence of an audit entry, in the active language.

Plain text that contains names and messages from outside, so templates must escape it.
"""

import json
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.audit.actions import ACTIONS
from calls.audit.actor import SYSTEM
from calls.models import AuditEntry, AuditPersonal

UNKNOWN = _("%(who)s: %(action)s.")

REASONS = {
    "none": _("without naming a reason"),
    "busy": _("naming “busy” as the reason"),
    "forbidden": _("naming “forbidden” as the reason"),
}
SUBJECTS = {
    "notifications": _("raw notifications"),
    "calls": _("calls"),
    "personal": _("personal values in the audit history"),
    "audit": _("audit entries"),
}
VERDICTS = {"intact": _("intact"), "broken": _("broken"), "unproved": _("not provable either way")}


def sentence(entry: AuditEntry) -> str:
    """Return the entry as one plain-text sentence in the active language; select `personal` along with the entry."""
    template = str(ACTIONS[entry.action].sentence if entry.action in ACTIONS else UNKNOWN)
    return template % _parameters(entry, details_of(entry))


def details_of(entry: AuditEntry) -> dict[str, Any]:
    """Return the entry's details; empty when they are not a JSON object."""
    try:
        details = json.loads(entry.details)
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}


def _parameters(entry: AuditEntry, details: dict[str, Any]) -> dict[str, object]:
    personal = getattr(entry, "personal", None)  # None when retention erased the personal values
    return {
        "action": entry.action,
        "who": (personal and personal.actor_name) or _account(entry),
        "caller": (personal and (personal.caller_name or personal.caller_id)) or gettext("an unnamed caller"),
        "reason": REASONS.get(entry.reason, entry.reason),
        "attendance": _attendance(details),
        "answer": _answer(entry, personal.words if personal else ""),
        "chosen": _chosen(personal),
        "note": (personal and personal.note) or gettext("it is not kept any more"),
        "attempts": details.get("attempts", 1),
        "subject": _subject(details, personal.note if personal else ""),
        "format": {"csv": "CSV", "jsonl": "JSON Lines"}.get(str(details.get("format")), "?"),
        "rows": details.get("rows", "?"),
        "before": str(details.get("before", "?"))[:10],
        "removed": _removed(details),
        "changed": _changed(details),
        "verdict": VERDICTS.get(str(details.get("verdict")), details.get("verdict", "")),
    }


def _attendance(details: dict[str, Any]) -> str:
    """Return a sentence on the supervisors who were connected, to follow another one; empty when not recorded."""
    if "connected" not in details or "visible" not in details:
        return ""
    if not details["connected"]:
        text = gettext("It rang unseen: no supervisor was connected.")
    elif not details["visible"]:
        text = gettext("It rang unseen: of the supervisors connected (%(connected)s) none had the board in view.")
    else:
        text = gettext("Supervisors connected: %(connected)s, of them with the board in view: %(visible)s.")
    return " " + text % {name: details[name] for name in ("connected", "visible")}


def _removed(details: dict[str, Any]) -> str:
    rows = details.get("removed")
    rows = rows if isinstance(rows, dict) else {}
    parts = [f"{word}: {rows[name]}" for name, word in SUBJECTS.items() if rows.get(name)]
    if details.get("faults"):
        parts.append(gettext("a part of the history that is broken was left alone"))
    return ", ".join(parts) or gettext("nothing")


def _chosen(personal: AuditPersonal | None) -> str:
    if personal is None:
        return gettext("which ones is not kept any more")
    return personal.words or gettext("all of them")


def _changed(details: dict[str, Any]) -> str:
    """Return the names of the changed fields or settings; disclosed settings with their old and new value."""
    changed, values, were = (details.get(name) for name in ("changed", "values", "were"))
    if not isinstance(changed, dict | list):
        return ""
    if not isinstance(values, dict) or not isinstance(were, dict):
        return ", ".join(map(str, changed))
    return ", ".join(f"{name} ({were[name]} → {values.get(name)})" if name in were else str(name) for name in changed)


def _account(entry: AuditEntry) -> str:
    if entry.actor_id == SYSTEM.id:
        return SYSTEM.name
    return gettext("account %(id)s") % {"id": entry.actor_id} if entry.actor_id else gettext("an unknown account")


def _answer(entry: AuditEntry, message: str) -> str:
    parts = (entry.graph_status, entry.graph_code, message)
    return " ".join(str(part) for part in parts if part) or gettext("it did not say why")


def _subject(details: dict[str, Any], note: str) -> str:
    if "subject" in details:
        return str(SUBJECTS.get(str(details["subject"]), details["subject"]))
    # An account's name is personal, so it is the first line of the note; a group's name is a detail.
    named = details.get("group") or note.partition("\n")[0]
    return str(named) if named else gettext("number %(id)s") % {"id": details.get("account_id", "?")}
