"""Every entry has a sentence, also when values are missing."""

import re

import pytest

from calls.audit.actions import ACTIONS
from calls.audit.actor import SYSTEM, Actor
from calls.audit.messages import sentence
from calls.graph.answers import Answer
from calls.models import AuditEntry
from tests.fixtures.history import append, make_attempt, make_call

VALUES = {"attempts": 4, "changed": {}}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_entry_with_everything_and_one_with_nothing_both_have_a_sentence(action, database):
    call = make_call()
    answer = Answer(403, "7503", "Forbidden", "request", "client")
    details = {name: VALUES.get(name, "something") for name in ACTIONS[action].details}
    full = append(action, call=call, attempt=make_attempt(call), answer=answer, details=details)
    bare = append(action, actor=Actor("", ""))
    later = AuditEntry(action="something.new", actor_id="7", details="{}")  # written by a later version
    for entry in (full, bare, later):
        assert re.fullmatch(r"\S.*[.:)a-z]", sentence(entry)), sentence(entry)
        assert "%(" not in sentence(entry)
        assert "None" not in sentence(entry)


def test_the_sentences_say_what_happened(database):
    call = make_call()
    attempt = make_attempt(call)
    answer = Answer(403, "7503", "Forbidden 100%")
    assert sentence(append("reject.requested", call=call, attempt=attempt)) == (
        "anna asked Graph to reject the call from Nestor Wilke, naming “busy” as the reason."
    )
    assert sentence(append("reject.refused", call=call, attempt=attempt, answer=answer)) == (
        "Graph refused to let anna reject the call from Nestor Wilke: 403 7503 Forbidden 100%"
    )
    assert sentence(append("call.missed", actor=SYSTEM, call=call)) == (
        "Nobody decided about the call from Nestor Wilke while it could be rejected."
    )
    assert sentence(append("audit.verified", details={"verdict": "broken"})) == (
        "anna verified the audit history: broken."
    )
