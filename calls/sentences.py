"""An audit entry as a sentence a person can read aloud, in the reader's language.

Plain text: what strangers wrote (names, Graph's messages) is in it, so whoever shows it escapes it.
"""

import json
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.audit import SYSTEM
from calls.models import AuditEntry, AuditPersonal

SENTENCES = {
    "reject.requested": _("%(who)s asked Graph to reject the call from %(caller)s, %(reason)s."),
    "reject.accepted": _(
        "Graph accepted the rejection of the call from %(caller)s by %(who)s; that it ended was still to be proved."
    ),
    "reject.confirmed": _("Graph confirmed that the call from %(caller)s, rejected by %(who)s, has ended."),
    "reject.refused": _("Graph refused to let %(who)s reject the call from %(caller)s: %(answer)s"),
    "reject.too_late": _("%(who)s was too late to reject the call from %(caller)s."),
    "reject.caller_left": _("%(caller)s had left before %(who)s rejected the call."),
    "reject.ended_elsewhere": _("%(who)s rejected the call from %(caller)s, which had already ended elsewhere."),
    "reject.ended_unproved": _(
        "The call from %(caller)s ended, but nothing proves that the rejection by %(who)s ended it."
    ),
    "reject.unknown": _("Whether Graph carried out the rejection of the call from %(caller)s by %(who)s is not known."),
    "reject.decided_by_another": _(
        "%(who)s wanted to reject the call from %(caller)s, but somebody had decided it before."
    ),
    "reject.gone": _("%(who)s wanted to reject the call from %(caller)s, which could no longer be rejected."),
    "reject.unknown_call": _("%(who)s wanted to reject a call that is not known here."),
    "reject.not_allowed": _("%(who)s tried to reject the call from %(caller)s without having the right to."),
    "reject.bad_request": _("%(who)s sent a rejection of the call from %(caller)s that could not be understood."),
    "call.let_pass": _("%(who)s let the call from %(caller)s pass: it need not be rejected."),
    "call.let_pass_in_vain": _(
        "%(who)s wanted to let the call from %(caller)s pass, about which nothing was left to decide."
    ),
    "call.let_pass_not_allowed": _("%(who)s tried to let the call from %(caller)s pass without having the right to."),
    "call.noted": _("%(who)s wrote a note about the call from %(caller)s: %(note)s"),
    "call.note_in_vain": _("%(who)s wanted to write a note about the call from %(caller)s, which was not taken."),
    "call.note_not_allowed": _(
        "%(who)s tried to write a note about the call from %(caller)s without having the right to."
    ),
    "call.missed": _("Nobody decided about the call from %(caller)s while it could be rejected.%(attendance)s"),
    "call.lapsed": _("The time to reject the call from %(caller)s, which had been let pass, ran out.%(attendance)s"),
    "call.missed_withdrawn": _("The call from %(caller)s was answered after all and no longer counts as undecided."),
    "call.lost": _("Graph does not know the call from %(caller)s any more; it never told when it ended."),
    "account.signed_in": _("%(who)s signed in."),
    "account.signed_out": _("%(who)s signed out."),
    "account.sign_in_failed": _(
        "Somebody failed to sign in as %(who)s; failures from that address since the last entry: %(attempts)s."
    ),
    "account.created": _("%(who)s created the account %(subject)s."),
    "account.changed": _("%(who)s changed the account %(subject)s: %(changed)s."),
    "account.deleted": _("%(who)s deleted the account %(subject)s."),
    "group.created": _("%(who)s created the group %(subject)s."),
    "group.changed": _("%(who)s changed the group %(subject)s: %(changed)s."),
    "group.deleted": _("%(who)s deleted the group %(subject)s."),
    "settings.recorded": _("The settings of the first start were recorded."),
    "settings.changed": _("Settings differ from the last start: %(changed)s."),
    "audit.verified": _("%(who)s verified the audit history: %(verdict)s."),
    "audit.export_started": _("%(who)s began to export audit entries as %(format)s: %(chosen)s."),
    "audit.exported": _("%(who)s exported %(rows)s audit entries as %(format)s: %(chosen)s."),
    "retention.removed": _("%(who)s removed what was older than %(before)s, %(subject)s: %(rows)s."),
    "retention.ran": _("%(who)s ran retention. Removed: %(removed)s."),
}
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
    """Return what happened, as one plain-text sentence in the active language. Needs the entry's `personal` at hand."""
    template = str(SENTENCES.get(entry.action, UNKNOWN))
    return template % _words(entry, details_of(entry))


def details_of(entry: AuditEntry) -> dict[str, Any]:
    """Return the entry's details; empty when they are not what we write."""
    try:
        details = json.loads(entry.details)
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}


def _words(entry: AuditEntry, details: dict[str, Any]) -> dict[str, object]:
    personal = getattr(entry, "personal", None)  # erased, or lost: the sentence does without names
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
    """Return who could have decided, as a sentence of its own behind another one; empty when that was not recorded."""
    if "connected" not in details or "visible" not in details:
        return ""
    if not details["connected"]:
        told = gettext("It rang unseen: no supervisor was connected.")
    elif not details["visible"]:
        told = gettext("It rang unseen: of the supervisors connected (%(connected)s) none had the board in view.")
    else:
        told = gettext("Supervisors connected: %(connected)s, of them with the board in view: %(visible)s.")
    return " " + told % {name: details[name] for name in ("connected", "visible")}


def _removed(details: dict[str, Any]) -> str:
    rows = details.get("removed")
    rows = rows if isinstance(rows, dict) else {}
    told = [f"{word}: {rows[name]}" for name, word in SUBJECTS.items() if rows.get(name)]
    if details.get("faults"):
        told.append(gettext("a part of the history that is broken was left alone"))
    return ", ".join(told) or gettext("nothing")


def _chosen(personal: AuditPersonal | None) -> str:
    if personal is None:
        return gettext("which ones is not kept any more")
    return personal.words or gettext("all of them")


def _changed(details: dict[str, Any]) -> str:
    """Return the names of what was changed, with the old and the new value of settings that may be told."""
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
    said = (entry.graph_status, entry.graph_code, message)
    return " ".join(str(word) for word in said if word) or gettext("it did not say why")


def _subject(details: dict[str, Any], note: str) -> str:
    if "subject" in details:
        return str(SUBJECTS.get(str(details["subject"]), details["subject"]))
    # An account's name is personal and stands in the note's first line; a group's name stands in the details.
    named = details.get("group") or note.partition("\n")[0]
    return str(named) if named else gettext("number %(id)s") % {"id": details.get("account_id", "?")}
