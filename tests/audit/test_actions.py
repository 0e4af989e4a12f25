"""Every appended action and detail is declared; undeclared ones cannot be appended."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from calls.audit import actions
from calls.audit.actions import ACTIONS, GROUPS, Undeclared, in_group
from calls.models import AuditEntry, AuditHead, RejectAttempt
from tests.conftest import ROOT
from tests.fixtures.history import append

SOURCES = [path for path in sorted((ROOT / "calls").rglob("*.py")) if "migrations" not in path.parts]
REGISTRY = ROOT / "calls" / "audit" / "actions.py"
SUBJECTS = {code.partition(".")[0] for code in ACTIONS}
CODE = re.compile(rf"(?:{'|'.join(sorted(SUBJECTS))})\.[a-z_]+")
STEPS = {  # the second part of composed codes
    "reject": set(RejectAttempt.Outcome) | {"gone"},
    "account": {"created", "changed", "deleted"},
    "group": {"created", "changed", "deleted"},
}
WRAPPERS = {"_append", "record_refusal"}  # append what they are given; their callers name the action


def codes_in(node: ast.AST) -> Iterator[str]:
    """Yield each action that this part of the source names, whole or composed of a subject and a step."""
    for part in ast.walk(node):
        if isinstance(part, ast.JoinedStr):
            subject = part.values[0].value if isinstance(part.values[0], ast.Constant) else ""
            yield from (f"{subject}{step}" for step in STEPS.get(subject.removesuffix("."), ()))
        elif isinstance(part, ast.Constant) and CODE.fullmatch(str(part.value)):
            yield part.value


def appended_at(call: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Return the actions that this call can append, according to the source of its function."""
    given = call.args[1 if ast.unparse(call.func) == "record_refusal" else 0]
    if not isinstance(given, ast.Name):
        return set(codes_in(given))
    assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
    return {code for node in assigned if ast.unparse(node.targets[0]) == given.id for code in codes_in(node.value)}


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def places() -> Iterator[tuple[str, set[str]]]:
    """Yield each place that appends an entry, directly or through a wrapper, with the actions it can append."""
    for path in SOURCES:
        for function in functions_of(path):
            for node in ast.walk(function):
                called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                appends = called in ("chain.append", "record_refusal")
                if (appends or (called == "_append" and path.stem == "login_audit")) and function.name not in WRAPPERS:
                    yield f"{path.stem}.{function.name}:{node.lineno}", appended_at(node, function)


WRITTEN = {code for path in SOURCES if path != REGISTRY for code in codes_in(ast.parse(path.read_text()))}


def test_every_place_that_appends_appends_what_is_declared() -> None:
    found = dict(places())
    assert len(found) > 30
    assert {place: codes for place, codes in found.items() if not codes or not codes <= set(ACTIONS)} == {}


def test_every_action_that_is_named_anywhere_is_declared() -> None:
    assert sorted(WRITTEN - set(ACTIONS)) == []


def test_every_declared_action_is_appended_somewhere() -> None:
    assert sorted(set(ACTIONS) - WRITTEN) == []


def test_every_declared_detail_is_written_somewhere() -> None:
    names = {
        node.value if isinstance(node, ast.Constant) else node.arg
        for path in SOURCES
        if path != REGISTRY
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant | ast.keyword)
    }
    assert sorted({detail for action in ACTIONS.values() for detail in action.details} - names) == []


@pytest.mark.parametrize("outcome", RejectAttempt.Outcome)
def test_every_outcome_of_an_attempt_has_its_action(outcome: str) -> None:
    assert f"reject.{outcome}" in ACTIONS


def test_every_group_has_actions_and_only_groups_that_exist_do() -> None:
    assert [group for group in GROUPS if not in_group(group)] == []
    assert {action.group for action in ACTIONS.values()} <= {None, *GROUPS}
    assert in_group("no such group") == []


@pytest.mark.parametrize(
    ("code", "details"),
    [
        ("call.answered", {}),
        ("", {}),
        ("account.signed_in", {"colour": "red"}),
        ("reject.accepted", {"asked_at": "2026-01-01", "deadline": "2026-01-01"}),
    ],
)
def test_what_is_not_declared_is_not_appended(database: None, code: str, details: dict[str, object]) -> None:
    with pytest.raises(Undeclared):
        append(code, details=details)
    assert (AuditEntry.objects.count(), AuditHead.objects.get().entries) == (0, 0)


def test_an_action_cannot_be_declared_twice() -> None:
    with pytest.raises(ValueError, match="call.noted is declared twice"):
        actions._declare("call.noted", (), "…")
