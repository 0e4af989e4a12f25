"""Every entry can be read aloud, whatever is missing from it."""

import re

import pytest

from calls import audit
from calls.sentences import SENTENCES, sentence
from tests.conftest import ROOT
from tests.evidence.conftest import append, make_attempt, make_call


@pytest.mark.parametrize("action", [*SENTENCES, "something.new"])
def test_an_entry_with_everything_and_one_with_nothing_both_have_a_sentence(action, database):
    call = make_call()
    answer = audit.GraphAnswer(403, "7503", "Forbidden", "request", "client")
    full = append(action, call=call, attempt=make_attempt(call), answer=answer, details={"attempts": 4, "changed": {}})
    bare = append(action, actor=audit.Actor("", ""))
    for entry in (full, bare):
        assert re.fullmatch(r"\S.*[.:)a-z]", sentence(entry)), sentence(entry)
        assert "%(" not in sentence(entry)
        assert "None" not in sentence(entry)


def test_the_sentences_say_what_happened(database):
    call = make_call()
    attempt = make_attempt(call)
    answer = audit.GraphAnswer(403, "7503", "Forbidden 100%")
    assert sentence(append("reject.requested", call=call, attempt=attempt)) == (
        "anna asked Graph to reject the call from Nestor Wilke, naming “busy” as the reason."
    )
    assert sentence(append("reject.refused", call=call, attempt=attempt, answer=answer)) == (
        "Graph refused to let anna reject the call from Nestor Wilke: 403 7503 Forbidden 100%"
    )
    assert sentence(append("call.missed", actor=audit.SYSTEM, call=call)) == (
        "Nobody decided about the call from Nestor Wilke while it could be rejected."
    )
    assert sentence(append("audit.verified", details={"verdict": "broken"})) == (
        "anna verified the audit history: broken."
    )


def test_every_action_that_is_written_somewhere_has_a_sentence():
    text = "\n".join(path.read_text() for path in (ROOT / "calls").rglob("*.py") if path.name != "sentences.py")
    written = set(re.findall(r"""["']((?:reject|call|account|group|audit|retention|settings)\.[a-z_]+)["']""", text))
    assert written - set(SENTENCES) - {"audit.append"} <= {"calls.audit"}
