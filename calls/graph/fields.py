"""Converts single members of Graph's JSON, which may be of any type, to values that fit a database column."""

import re
from typing import Any

MAX_ID_LENGTH = 200
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str, length: int) -> str:
    """Return `text` without NUL and lone surrogates, which databases refuse, clipped to `length` characters."""
    if text.isascii() and "\0" not in text:  # the usual case, at a tenth of the regular expression's cost
        return text[:length]
    return _UNSTORABLE.sub("\ufffd", text)[:length]


def text_of(value: Any) -> str:
    """Return the value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def clip(text: str | None, length: int) -> str | None:
    """Return the cleaned text, or None for an empty one."""
    return clean(text, length) if text else None


def object_of(value: Any) -> dict[str, Any]:
    """Return the value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def whole_number(value: Any) -> int | None:
    """Return a number given as such or as digits; None for everything that is not a 32-bit integer."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31:
        return value
    return None
