"""What a verification finds is told in the reader's language, whatever it is."""

import ast
from collections.abc import Iterator

import pytest
from django.utils import translation

from calls.audit.verify import finding_messages
from tests.conftest import ROOT


def findings_in_the_code() -> Iterator[str]:
    """Yield every sentence that the verification says, with something in the place of each value."""
    for name in ("chain_verifier", "verification"):
        tree = ast.parse((ROOT / f"calls/audit/verify/{name}.py").read_text())
        docs = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, DOCUMENTED) and _is_doc(node)}
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            text = _text_of(node) if id(node) not in docs | inside else ""
            if text.endswith(".") and " " in text:
                yield text


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def _is_doc(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> bool:
    return isinstance(node.body[0], ast.Expr)


def _text_of(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "7" for part in node.values)
    return ""


@pytest.mark.parametrize("finding", sorted(set(findings_in_the_code())))
def test_every_finding_has_its_form(finding: str) -> None:
    forms = [*finding_messages.FINDINGS, *finding_messages.BREAKS]
    assert any(finding_messages._pattern(form).fullmatch(finding) for form in forms)


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        (
            "Audit entry #7 of 2026-11-27 10:00:00 UTC: its caller_name was changed.",
            "Запись журнала №7 от 2026-11-27 10:00:00 UTC: изменено: имя звонящего.",
        ),
        (
            "Line 3 of /var/lib/marks: its signature is not ours.",
            "Строка 3 файла /var/lib/marks: подпись не наша.",
        ),
        (
            "Checkpoint #2, in line 3 of /marks, is no longer in the database.",
            "Контрольной точки №2 больше нет в базе данных; её помнит строка 3 файла /marks.",
        ),
        ("Something new.", "Something new."),
    ],
)
def test_findings_are_told_in_russian(finding: str, told: str) -> None:
    with translation.override("ru"):
        assert finding_messages.in_words(finding) == told
    with translation.override("en"):
        assert finding_messages.in_words(finding) == finding.replace("caller_name", "caller's name")
