"""The sentences of findings, in English for the history and in the reader's language."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.utils import translation

from calls.audit.verify.finding_messages import ENTRY_FAULTS, MESSAGES, details_of, in_active_language, in_english
from calls.audit.verify.findings import Code, Finding, Origin, Place, Verdict, Verification
from tests.conftest import ROOT

AT = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
ANCHOR, CHECKPOINT = Origin(), Origin(Place.CHECKPOINT, id=2)
LINE = Origin(Place.LINE, number=3, path="/marks")
ABOUT = {"id": 7, "time": AT}
SIGNED = {"count": 3, "first": 4, "last": 6, "key": "a1"}
# Existing histories contain these sentences: entries `audit.verified` keep them in chained details.
ENGLISH = [
    (Code.ENTRY_UNREADABLE, {"id": 7}, "Audit entry #7: its content was changed into something that cannot be read."),
    (Code.ENTRY_MISSING, {"id": 7}, "Audit entry #7 is missing."),
    (
        Code.ENTRY_UNCHAINED,
        ABOUT,
        "Audit entry #7 of 2026-11-27 10:00:00 UTC: "
        "it does not follow the entry before; one was removed, inserted or rewritten.",
    ),
    (Code.ENTRY_CHANGED, ABOUT, "Audit entry #7 of 2026-11-27 10:00:00 UTC: its content was changed."),
    (
        Code.ENTRY_CHANGED,
        {**ABOUT, "time": b"rubbish"},
        "Audit entry #7 of an unreadable time: its content was changed.",
    ),
    (Code.ENTRY_SIGNATURE, ABOUT, "Audit entry #7 of 2026-11-27 10:00:00 UTC: its signature is not ours."),
    (
        Code.ENTRY_BULK_CHANGED,
        ABOUT,
        "Audit entry #7 of 2026-11-27 10:00:00 UTC: the bulk it is searched by was changed.",
    ),
    (
        Code.ENTRY_CONTRADICTS,
        {**ABOUT, "origin": LINE},
        "Audit entry #7 of 2026-11-27 10:00:00 UTC: it contradicts line 3 of /marks.",
    ),
    (
        Code.ENTRY_PERSONAL_GONE,
        ABOUT,
        "Audit entry #7 of 2026-11-27 10:00:00 UTC: its personal values are gone without a trace of being erased.",
    ),
    (
        Code.ENTRY_NAMES_CHANGED,
        ABOUT,
        "Audit entry #7 of 2026-11-27 10:00:00 UTC: the names it is searched by were changed.",
    ),
    (
        Code.ENTRY_FIELD_ADDED,
        {**ABOUT, "field": "note"},
        "Audit entry #7 of 2026-11-27 10:00:00 UTC: its note was added later.",
    ),
    (
        Code.ENTRY_FIELD_CHANGED,
        {**ABOUT, "field": "caller_name"},
        "Audit entry #7 of 2026-11-27 10:00:00 UTC: its caller_name was changed.",
    ),
    (Code.CHECKPOINT_CONTRADICTS, {"id": 2, "origin": ANCHOR}, "Checkpoint #2 contradicts the anchor."),
    (
        Code.CHECKPOINT_GONE,
        {"id": 2, "origin": LINE},
        "Checkpoint #2, in line 3 of /marks, is no longer in the database.",
    ),
    (
        Code.CHECKPOINT_EXCHANGED,
        {"id": 2, "origin": LINE},
        "Checkpoint #2 is another one in the database than in line 3 of /marks.",
    ),
    (
        Code.CHECKPOINTS_NOT_OUTSIDE,
        {"count": 2, "first": 5, "path": "/marks"},
        "2 checkpoints, the first of them #5, are not in /marks: it was cut off, or is not written any more.",
    ),
    (Code.MARK_UNREADABLE, {"origin": CHECKPOINT}, "Checkpoint #2 was changed into something that cannot be read."),
    (Code.MARK_MALFORMED, {"origin": LINE}, "Line 3 of /marks is not a checkpoint."),
    (
        Code.MARK_KEY_UNKNOWN,
        {"origin": LINE, "key": "a1"},
        "Line 3 of /marks is signed with key a1, which is not configured.",
    ),
    (Code.MARK_SIGNATURE, {"origin": CHECKPOINT}, "Checkpoint #2: its signature is not ours."),
    (
        Code.MARK_SAW_MORE,
        {"origin": ANCHOR, "count": 9, "left": 5},
        "The anchor saw 9 entries; only 5 are left.",
    ),
    (
        Code.OUTSIDE_UNREADABLE,
        {"problem": "[Errno 13] Permission denied"},
        "The checkpoints outside the database cannot be read: [Errno 13] Permission denied.",
    ),
    (Code.KEY_UNKNOWN, SIGNED, "3 entries from #4 to #6 are signed with key a1, which is not configured."),
    (Code.KEY_RETIRED, SIGNED, "3 entries from #4 to #6 are signed with key a1, which was no longer in use."),
    (
        Code.KEY_NOT_IN_USE,
        {"key": "a1", "used": "b2"},
        "The newest entries are signed with key a1, which is no longer in use; "
        "nothing is signed with the one in use, b2.",
    ),
    (
        Code.CLOCK_SET_BACK,
        {"count": 2, "first": 5},
        "A clock was set back: 2 entries, the first of them #5, "
        "are dated more than a minute before the entry that they follow.",
    ),
    (Code.TRIGGER_MISSING, {"name": "no_update"}, "The database's guard no_update does not stand."),
    (
        Code.NOTHING_THERE,
        {},
        "There is neither an entry nor a head of the chain: nothing to prove anything by.",
    ),
    (Code.HEAD_MISSING, {}, "The head of the chain is missing."),
    (Code.HEAD_COUNT, {"count": 5, "counted": 7}, "The chain has 5 entries; its head counted 7."),
    (Code.HEAD_HASH, {}, "The head of the chain does not name its last entry."),
    (Code.HEAD_LAST, {"said": 5, "last": 7}, "The head of the chain says #5 is the last entry; it is #7."),
    (Code.FILE_UNSEALED, {}, "The file does not end with a seal: it was cut off, or is not an export."),
    (Code.FILE_SEAL_MALFORMED, {}, "The file ends with something that is not a seal."),
    (Code.FILE_CHANGED, {}, "The file's content is not what its seal was made for."),
    (Code.FILE_KEY_UNKNOWN, {"key": None}, "The seal is signed with key None, which is not configured."),
    (Code.FILE_SIGNATURE, {}, "The seal's signature is not ours."),
    (Code.FILE_ROWS, {"sealed": 7, "rows": 5}, "The seal is about 7 rows; the file has 5."),
    (Code.ROW_UNREADABLE, {}, "There is a row that cannot be read."),
    (Code.ROW_NOT_EXPORTED, {"id": 7}, "Audit entry #7 could not be read when the file was made."),
    (Code.ROW_FALSE, {"id": 7}, "The row of audit entry #7 contradicts its own hash."),
    (Code.ROW_OTHER, {"id": 7}, "Audit entry #7 is another one in the history than in the file."),
    (Code.ROW_UNKNOWN, {"id": 7}, "Audit entry #7 is not in the history."),
]


@pytest.mark.parametrize(("code", "params", "told"), ENGLISH, ids=lambda value: value if value in list(Code) else "")
@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_english_of_each_finding_stays_as_it_is_whatever_language_is_read(
    code: Code, params: dict[str, object], told: str, language: str
) -> None:
    with translation.override(language):
        assert in_english(Finding(code, params)) == told


def test_every_code_has_one_message_and_its_english_is_tested() -> None:
    assert {*MESSAGES, *ENTRY_FAULTS} == set(Code) == {code for code, _, _ in ENGLISH}
    assert not MESSAGES.keys() & ENTRY_FAULTS


def made_in(place: str) -> Iterator[tuple[Code, set[str]]]:
    """Yield the code of each finding that this source file creates, with the names of its parameters."""
    for node in ast.walk(ast.parse((ROOT / place).read_text())):
        maker = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if maker in ("Finding.of", "about") and (named := re.fullmatch(r"Code\.(\w+)", ast.unparse(node.args[0]))):
            always = {"id", "time"} if maker == "about" else set()
            yield Code[named[1]], always | {str(keyword.arg) for keyword in node.keywords}


MAKERS = [
    "calls/audit/verify/chain_verifier.py",
    "calls/audit/verify/verification.py",
    "calls/audit/export/verify_file.py",
    "calls/audit/retention.py",
]


def test_every_finding_is_made_with_what_its_message_needs() -> None:
    made = [finding for place in MAKERS for finding in made_in(place)]
    assert len(made) > 35
    for code, names in made:
        about = {"id", "time"} if code in ENTRY_FAULTS else set()
        needed = set(re.findall(r"%\((\w+)\)s", {**MESSAGES, **ENTRY_FAULTS}[code]))
        assert names == needed | about, code


def test_every_code_is_found_somewhere() -> None:
    named = {word for place in MAKERS for word in re.findall(r"Code\.(\w+)", (ROOT / place).read_text())}
    assert named == {code.name for code in Code}


@pytest.mark.parametrize(
    ("finding", "english", "russian"),
    [
        (
            Finding.of(Code.ENTRY_FIELD_CHANGED, **ABOUT, field="caller_name"),
            "Audit entry #7 of 2026-11-27 10:00:00 UTC: its caller's name was changed.",
            "Запись журнала №7 от 2026-11-27 10:00:00 UTC: изменено: имя звонящего.",
        ),
        (
            Finding.of(Code.ENTRY_CHANGED, id=7, time=None),
            "Audit entry #7 of an unreadable time: its content was changed.",
            "Запись журнала №7 от нечитаемого времени: содержание изменено.",
        ),
        (
            Finding.of(Code.MARK_SIGNATURE, origin=Origin(Place.LINE, number=3, path="/var/lib/marks")),
            "Line 3 of /var/lib/marks: its signature is not ours.",
            "Строка 3 файла /var/lib/marks: подпись не наша.",
        ),
        (
            Finding.of(Code.CHECKPOINT_GONE, id=2, origin=LINE),
            "Checkpoint #2, in line 3 of /marks, is no longer in the database.",
            "Контрольной точки №2 больше нет в базе данных; её помнит строка 3 файла /marks.",
        ),
    ],
)
def test_findings_are_told_in_the_readers_language(finding: Finding, english: str, russian: str) -> None:
    with translation.override("ru"):
        assert in_active_language(finding) == russian
    with translation.override("en"):
        assert in_active_language(finding) == english


def test_the_entry_about_a_verification_keeps_english_and_the_first_twenty() -> None:
    missing = [Finding.of(Code.TRIGGER_MISSING, name=str(number)) for number in range(15)]
    unknown = [Finding.of(Code.KEY_UNKNOWN, **SIGNED)] * 15
    found = Verification(entries=9, last_id=12, faults=missing, warnings=unknown, notices=missing[:1] * 15)
    with translation.override("ru"):
        details = details_of(found)
    assert (details["verdict"], details["entries"], found.verdict) == ("broken", 9, Verdict.BROKEN)
    assert details["faults"] == [in_english(finding) for finding in [*missing, *unknown[:5]]]
    assert str(details["faults"]).count("is not configured") == 5


@pytest.mark.parametrize(
    ("faults", "warnings", "verdict"), [(0, 0, "INTACT"), (0, 1, "UNPROVED"), (1, 0, "BROKEN"), (1, 1, "BROKEN")]
)
def test_the_verdict_is_that_of_the_worst_finding(faults: int, warnings: int, verdict: str) -> None:
    one = Finding.of(Code.HEAD_MISSING)
    assert Verification(faults=[one] * faults, warnings=[one] * warnings, notices=[one]).verdict == Verdict[verdict]
