"""Secrets in a callback are not stored, at any depth and with any escapes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.graph.json_body import REDACTED, SECRET_MEMBERS
from calls.graph.payloads import parse
from tests.graph.test_any_payload import LEAVES, WORDS
from tests.graph.test_payloads import about_call, notification_of

SECRET = "the-secret-itself"
JOIN_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJza3lwZSJ9.c2lnbmF0dXJlLXNlY3JldA"
SPELLINGS = st.sampled_from(sorted(SECRET_MEMBERS)).flatmap(
    lambda name: st.sampled_from([name, name.upper(), name.title()])
)
SECRET_VALUES = st.recursive(
    st.just(SECRET), lambda inner: st.lists(inner, min_size=1, max_size=2) | st.fixed_dictionaries({"uri": inner})
)
HIDDEN = st.builds(lambda name, value: {name: value}, SPELLINGS, SECRET_VALUES) | st.builds(
    "{}{}{}".format, st.text(" ,:;'\"?&=/<", max_size=3), st.just(JOIN_TOKEN), st.text(" ,:;'\"?&#/<", max_size=3)
)


@st.composite
def bodies_with_a_secret(draw: st.DrawFn) -> dict[str, Any]:
    """Return a body with a secret at some depth."""
    hidden: Any = draw(HIDDEN)
    for _ in range(draw(st.integers(0, 10))):
        hidden = [draw(LEAVES), hidden] if draw(st.booleans()) else {draw(WORDS): hidden, "other": draw(LEAVES)}
    return {"value": [draw(st.sampled_from([hidden, {"resourceData": hidden}, about_call(meetingInfo=hidden)]))]}


@given(bodies_with_a_secret())
def test_no_secret_survives_in_what_is_stored(document: dict[str, Any]) -> None:
    for notification in parse(json.dumps(document).encode()) if is_readable(document) else []:
        assert SECRET not in notification.body
        assert JOIN_TOKEN not in notification.body and "c2lnbmF0dXJl" not in notification.body
        assert REDACTED in notification.body


def is_readable(document: dict[str, Any]) -> bool:
    return all(word not in json.dumps(document) for word in ("NaN", "Infinity"))


def test_what_is_no_secret_is_kept_word_for_word() -> None:
    item = about_call(chatInfo={"threadId": "19:x@thread.v2"}, tokens=[1], passcode=None, note="eyJust a word")
    assert json.loads(notification_of(item).body) == item


# Escapes --------------------------------------------------------------------------------------------------------------

LETTERS = "aeiknortEJT."


def spelled(value: Any, letters: str) -> str:
    r"""Return the document as JSON with these letters escaped as \uXXXX."""
    if isinstance(value, dict):
        members = (f"{spelled(name, letters)}: {spelled(member, letters)}" for name, member in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(spelled(member, letters) for member in value) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    return '"' + "".join(f"\\u{ord(c):04x}" if c in letters else json.dumps(c)[1:-1] for c in value) + '"'


@pytest.mark.parametrize("name", sorted(SECRET_MEMBERS))
def test_a_secrets_name_spelled_with_an_escape_is_known(name: str) -> None:
    body = spelled({"value": [{"other": {name: SECRET}}]}, name[1])
    assert body.isascii() and name not in body
    (notification,) = parse(body.encode())
    assert json.loads(notification.body) == {"other": {name: REDACTED}}


@pytest.mark.parametrize("letter", "eyJ")
def test_a_token_in_a_text_spelled_with_an_escape_is_known(letter: str) -> None:
    body = spelled({"value": [{"text": f"see {JOIN_TOKEN}."}]}, letter)
    (notification,) = parse(body.encode())
    assert json.loads(notification.body) == {"text": f"see {REDACTED}."}


def test_a_name_that_is_a_secrets_only_in_small_letters_is_known() -> None:
    name = "to\N{KELVIN SIGN}en"  # its small letter is an ordinary k
    (notification,) = parse(json.dumps({"value": [{name: SECRET}]}, ensure_ascii=False).encode())
    assert json.loads(notification.body) == {name: REDACTED}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_a_secret_in_another_encoding_is_known(encoding: str) -> None:
    (notification,) = parse(json.dumps({"value": [{"token": SECRET}]}).encode(encoding))
    assert json.loads(notification.body) == {"token": REDACTED}


@given(bodies_with_a_secret(), st.text(LETTERS, max_size=4))
def test_escapes_change_nothing_of_what_is_stored(document: dict[str, Any], letters: str) -> None:
    if is_readable(document):
        plain, escaped = parse(json.dumps(document).encode()), parse(spelled(document, letters).encode())
        assert [(one.body, one.digest) for one in escaped] == [(one.body, one.digest) for one in plain]
