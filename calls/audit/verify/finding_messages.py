"""What a verification found, in the language of whoever reads it.

It is kept in English words, because they stand in the history for ever; here they are taken apart and told anew.
"""

import re
from functools import cache
from re import Match

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

ORIGINS: list[str] = [
    _("checkpoint #%(id)s"),
    _("line %(number)s of %(path)s"),
    _("the anchor"),
]
TIMES: list[str] = [_("an unreadable time")]
FIELDS: dict[str, str] = {
    "actor_name": _("name of who acted"),
    "address": _("address"),
    "caller_name": _("caller's name"),
    "caller_id": _("caller's id"),
    "note": _("note"),
    "words": _("quoted words"),
}
# Of one entry; behind its number and its time.
BREAKS: list[str] = [
    _("it does not follow the entry before; one was removed, inserted or rewritten."),
    _("its content was changed."),
    _("its signature is not ours."),
    _("the bulk it is searched by was changed."),
    _("it contradicts %(origin)s."),
    _("its personal values are gone without a trace of being erased."),
    _("the names it is searched by were changed."),
    _("its %(field)s was added later."),
    _("its %(field)s was changed."),
]
FINDINGS: list[str] = [
    _("Audit entry #%(id)s: its content was changed into something that cannot be read."),
    _("Audit entry #%(id)s of %(time)s: %(fault)s"),
    _("Audit entry #%(id)s is missing."),
    _("Checkpoint #%(id)s contradicts %(origin)s."),
    _("Checkpoint #%(id)s, in %(origin)s, is no longer in the database."),
    _("Checkpoint #%(id)s is another one in the database than in %(origin)s."),
    _("%(origin)s was changed into something that cannot be read."),
    _("%(origin)s is not a checkpoint."),
    _("%(origin)s is signed with key %(key)s, which is not configured."),
    _("%(origin)s: its signature is not ours."),
    _("%(origin)s saw %(count)s entries; only %(left)s are left."),
    _("%(count)s entries from #%(first)s to #%(last)s are signed with key %(key)s, which is not configured."),
    _("%(count)s entries from #%(first)s to #%(last)s are signed with key %(key)s, which was no longer in use."),
    _(
        "The newest entries are signed with key %(key)s, which is no longer in use; "
        "nothing is signed with the one in use, %(used)s."
    ),
    _(
        "%(count)s checkpoints, the first of them #%(first)s, are not in %(path)s: "
        "it was cut off, or is not written any more."
    ),
    _("The checkpoints outside the database cannot be read: %(problem)s."),
    _("The database's guard %(name)s does not stand."),
    _("There is neither an entry nor a head of the chain: nothing to prove anything by."),
    _("The head of the chain is missing."),
    _("The chain has %(count)s entries; its head counted %(counted)s."),
    _("The head of the chain does not name its last entry."),
    _("The head of the chain says #%(said)s is the last entry; it is #%(last)s."),
    _(
        "A clock was set back: %(count)s entries, the first of them #%(first)s, "
        "are dated more than a minute before the entry that they follow."
    ),
]
PARTS = {"origin": ORIGINS, "time": TIMES, "fault": BREAKS}


def in_words(finding: str) -> str:
    """Return a fault, doubt or remark of a verification in the active language; as it is when its form is not known."""
    told = _told(finding, FINDINGS)
    return told[:1].upper() + told[1:]


def _told(text: str, forms: list[str]) -> str:
    for form in forms:
        if found := _pattern(form).fullmatch(text):
            return gettext(form) % _parts(found)
    return text


def _parts(found: Match[str]) -> dict[str, str]:
    return {name: _part(name, text) for name, text in found.groupdict().items()}


def _part(name: str, text: str) -> str:
    if name == "field":
        return gettext(FIELDS[text]) if text in FIELDS else text
    return _told(text, PARTS[name]) if name in PARTS else text


@cache
def _pattern(form: str) -> re.Pattern[str]:
    pieces = re.split(r"%\((\w+)\)s", form)
    texts = [re.escape(piece) if place % 2 == 0 else f"(?P<{piece}>.+)" for place, piece in enumerate(pieces)]
    return re.compile("".join(texts), re.DOTALL | re.IGNORECASE)
