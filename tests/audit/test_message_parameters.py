"""The parameters of the sentences of audit entries: actor, caller, reason, changes, rows, connected supervisors."""

import pytest

from calls.audit.actor import SYSTEM, Actor
from calls.audit.messages import details_of, sentence
from calls.graph.answers import Answer
from calls.models import AuditEntry
from tests.fixtures.history import Owner, append, make_call, sql

NOBODY = Actor("", "")


@pytest.mark.parametrize(
    ("actor", "told"),
    [
        (Actor("7", "anna"), "anna signed in."),
        (Actor("7", ""), "account 7 signed in."),
        (SYSTEM, "Calls Dashboard signed in."),
        (Actor("system", ""), "Calls Dashboard signed in."),
        (NOBODY, "an unknown account signed in."),
    ],
)
def test_who_acted(actor: Actor, told: str, database: None) -> None:
    assert sentence(append("account.signed_in", actor=actor)) == told


@pytest.mark.parametrize(
    ("source", "caller"),
    [
        ({"name": "Ada", "id": "a"}, "Ada"),
        ({"name": "", "id": "+1202"}, "+1202"),
        ({"name": None, "id": None}, "an unnamed caller"),
        (None, "an unnamed caller"),
    ],
)
def test_who_called(source: dict[str, str] | None, caller: str, database: None) -> None:
    entry = append("call.let_pass", call=make_call(source=source))
    assert sentence(entry) == f"anna let the call from {caller} pass: it need not be rejected."


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("none", "without naming a reason"),
        ("busy", "naming “busy” as the reason"),
        ("forbidden", "naming “forbidden” as the reason"),
        ("whim", "whim"),
    ],
)
def test_why(reason: str, told: str, database: None) -> None:
    assert sentence(append("reject.requested", call=make_call(), reason=reason)).endswith(f"Nestor Wilke, {told}.")


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ({}, ""),
        ({"connected": 2}, ""),
        ({"connected": 0, "visible": 0}, " It rang unseen: no supervisor was connected."),
        (
            {"connected": 2, "visible": 0},
            " It rang unseen: of the supervisors connected (2) none had the board in view.",
        ),
        ({"connected": 2, "visible": 1}, " Supervisors connected: 2, of them with the board in view: 1."),
    ],
)
@pytest.mark.parametrize("action", ["call.missed", "call.lapsed"])
def test_who_could_have_decided(action: str, details: dict[str, int], told: str, database: None) -> None:
    text = sentence(append(action, call=make_call(), details=details))
    assert text.partition(".")[2] == told


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(403, "7503", "No."), "403 7503 No."),
        (Answer(None, "unreachable", ""), "unreachable"),
        (Answer(500), "500"),
        (Answer(), "it did not say why"),
    ],
)
def test_what_graph_answered(answer: Answer, told: str, database: None) -> None:
    assert sentence(append("reject.refused", call=make_call(), answer=answer)).partition(": ")[2] == told


CHANGED = [
    ({"changed": ["A", "B"]}, "A, B"),
    ({"changed": {"groups": [[], ["x"]], "email": []}}, "email, groups"),
    ({"changed": ["A", "B"], "values": {"A": 2}, "were": {"A": 1}}, "A (1 → 2), B"),
    ({"changed": ["A"], "values": {}, "were": {"A": 1}}, "A (1 → None)"),
    ({"changed": ["A"], "values": {"A": 2}}, "A"),
    ({"changed": ["A"], "values": {"A": 2}, "were": "x"}, "A"),
    ({"changed": "A"}, ""),
    ({}, ""),
]


@pytest.mark.parametrize(("details", "told"), CHANGED)
def test_what_was_changed(details: dict[str, object], told: str, database: None) -> None:
    assert sentence(append("settings.changed", actor=SYSTEM, details=details)) == (
        f"Settings differ from the last start: {told}."
    )


@pytest.mark.parametrize(
    ("details", "note", "told"),
    [
        ({"account_id": "9"}, "boris", "boris"),
        ({"account_id": "9"}, "boris\nemail: a → b", "boris"),
        ({"account_id": "9"}, "", "number 9"),
        ({}, "", "number ?"),
        ({"group": "Choir"}, "", "Choir"),
        ({"group": "Choir"}, "a note", "Choir"),
    ],
)
def test_whose_account_or_which_group(details: dict[str, str], note: str, told: str, database: None) -> None:
    kind = "group" if "group" in details else "account"
    assert sentence(append(f"{kind}.deleted", details=details, note=note)) == f"anna deleted the {kind} {told}."


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ({"removed": {"calls": 2, "audit": 0, "personal": 3}}, "calls: 2, personal values in the audit history: 3"),
        ({"removed": {}}, "nothing"),
        ({"removed": "x"}, "nothing"),
        ({}, "nothing"),
        ({"removed": {"audit": 0}, "faults": ["x"]}, "a part of the history that is broken was left alone"),
        (
            {"removed": {"notifications": 1}, "faults": ["x"]},
            "raw notifications: 1, a part of the history that is broken was left alone",
        ),
    ],
)
def test_what_retention_removed(details: dict[str, object], told: str, database: None) -> None:
    entry = append("retention.ran", actor=SYSTEM, details=details)
    assert sentence(entry) == f"Calls Dashboard ran retention. Removed: {told}."


@pytest.mark.parametrize(
    ("details", "told"),
    [
        (
            {"subject": "audit", "before": "2026-03-01T10:00:00Z", "rows": 5},
            "anna removed what was older than 2026-03-01, audit entries: 5.",
        ),
        ({"subject": "dreams"}, "anna removed what was older than ?, dreams: ?."),
    ],
)
def test_what_one_step_of_retention_removed(details: dict[str, object], told: str, database: None) -> None:
    assert sentence(append("retention.removed", details=details)) == told


@pytest.mark.parametrize(
    ("form", "words", "told"),
    [
        ("csv", "", "CSV: all of them"),
        ("jsonl", "who=boris", "JSON Lines: who=boris"),
        ("exe", "", "?: all of them"),
    ],
)
def test_what_was_exported(form: str, words: str, told: str, database: None) -> None:
    entry = append("audit.exported", details={"format": form, "rows": 3}, words=words)
    assert sentence(entry) == f"anna exported 3 audit entries as {told}."
    with Owner():
        sql("DELETE FROM calls_auditpersonal WHERE entry_id = %s", entry.pk)
    erased = sentence(AuditEntry.objects.select_related("personal").get(pk=entry.pk))
    assert erased == f"account 7 exported 3 audit entries as {told.partition(':')[0]}: which ones is not kept any more."


@pytest.mark.parametrize(
    ("verdict", "told"),
    [("intact", "intact"), ("broken", "broken"), ("unproved", "not provable either way"), ("odd", "odd"), (None, "")],
)
def test_what_a_verification_came_to(verdict: str | None, told: str, database: None) -> None:
    details = {"verdict": verdict} if verdict else {}
    assert sentence(append("audit.verified", details=details)) == f"anna verified the audit history: {told}."


def test_a_note_and_how_often_somebody_failed(database: None) -> None:
    assert sentence(append("call.noted", call=make_call(), note="Every hour.")).endswith("Nestor Wilke: Every hour.")
    assert sentence(append("call.noted", call=make_call(2))).endswith("Nestor Wilke: it is not kept any more")
    for details, attempts in (({"attempts": 4}, 4), ({}, 1)):
        assert sentence(append("account.sign_in_failed", details=details)).endswith(f"last entry: {attempts}.")


@pytest.mark.parametrize("details", ["", "[", "[1]", "7", "null"])
def test_details_that_are_none_are_empty(details: str) -> None:
    assert details_of(AuditEntry(details=details)) == {}
