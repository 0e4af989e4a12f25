"""Decodes the untrusted JSON of a callback, redacts its secrets and encodes it for storage."""

import json
import math
import re
from typing import Any, NoReturn

MAX_DEPTH = 64
# Longer integers stay text: a float overflows beyond 308 digits, and Python refuses to convert more than 4,300.
MAX_INT_DIGITS = 300
REDACTED = "[redacted]"

SECRET_MEMBERS = frozenset(
    {"token", "recordingaccesstoken", "replacementlink", "replacescontext", "passcode", "accesstoken", "authorization"}
)
_SECRET_MARKS = (b"token", b"replacementlink", b"replacescontext", b"passcode", b"authorization", b"eyj")
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")


class UnreadableBody(ValueError):
    """The body is not a notification body: not JSON, too deep, too many notifications, or no `value`."""


def decode(body: bytes) -> Any:
    """Return the JSON document of a body. Raises UnreadableBody."""
    try:
        return _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except RecursionError as error:
        raise UnreadableBody("The body is nested too deeply.") from error
    except ValueError as error:  # the base of UnicodeDecodeError and JSONDecodeError
        raise UnreadableBody(f"The body is not JSON: {type(error).__name__}.") from error


def _refuse_constant(word: str) -> NoReturn:
    raise UnreadableBody(f"The body is not JSON: {word}.")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_INT_DIGITS else digits


def _number(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_integer, parse_float=_number)
# Decoded JSON has no circular references, and the check for them takes a third of the time.
COMPACT = json.JSONEncoder(separators=(",", ":"), check_circular=False)
CANONICAL = json.JSONEncoder(separators=(",", ":"), check_circular=False, sort_keys=True)


def may_have_secrets(body: bytes) -> bool:
    """Return False for a body that has neither secrets nor more than MAX_DEPTH levels, so that `redact` can be skipped.

    A cheap test for the usual case; True only means that `redact` has to look.
    """
    # `\u` escapes and other encodings could spell a secret member's name differently.
    if not body.isascii() or b"\\u" in body or b"\x00" in body:
        return True
    folded = body.lower()
    return any(word in folded for word in _SECRET_MARKS) or body.count(b"{") + body.count(b"[") > MAX_DEPTH


def redact(value: Any, depth: int = 0) -> Any:
    """Return a copy of the value with secret members and JWTs replaced. Raises UnreadableBody beyond MAX_DEPTH."""
    if depth > MAX_DEPTH:
        raise UnreadableBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        return {
            name: REDACTED if name.lower() in SECRET_MEMBERS and member else redact(member, depth + 1)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [redact(member, depth + 1) for member in value]
    if isinstance(value, str) and "eyJ" in value:
        return _JWT.sub(REDACTED, value)
    return value
