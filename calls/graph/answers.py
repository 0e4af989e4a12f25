"""Graph's responses to our requests, and the exceptions for those that are not a success.

GraphError
├── CallGone         404: the call has ended, was decided elsewhere, or never was this bot's
├── Refused          Graph or the identity service refused; the call was not touched
├── Unreachable      no connection was made within the window; the call was not touched
└── OutcomeUnknown   the request was sent and no response came; Graph may have acted
"""

import json
from dataclasses import dataclass
from typing import Any

from calls.graph import http


@dataclass(frozen=True, slots=True)
class Answer:
    """Graph's response to a request, with the ids that Microsoft's support asks for."""

    status: int | None = None
    code: str = ""
    message: str = ""
    request_id: str = ""
    client_request_id: str = ""
    date: str = ""


class GraphError(Exception):
    """A request to Graph failed; `answer` is the response, as far as there was one."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.code}: {answer.message}")
        self.answer = answer


class CallGone(GraphError):
    """Graph no longer knows the call."""


class Refused(GraphError):
    """Graph or the identity service refused; the call was not touched."""


class Unreachable(GraphError):
    """No connection to Graph was made; the call was not touched."""


class OutcomeUnknown(GraphError):
    """The request was sent, but no response came; Graph may have acted."""


def judge(response: http.Response, request_id: str) -> Answer:
    """Return the answer of a successful response; raise the GraphError for any other."""
    code, message = ("", "") if response.is_success else read_error(response.content)
    answer = Answer(
        status=response.status_code,
        code=code[:100],
        message=message[:500],
        request_id=response.headers.get("request-id", "")[:100],
        client_request_id=request_id,
        date=response.headers.get("Date", "")[:100],
    )
    if response.is_success:
        return answer
    if response.status_code == 404:
        raise CallGone(answer)
    if response.status_code == 504:
        raise OutcomeUnknown(answer)
    raise Refused(answer)


def read_error(body: bytes) -> tuple[str, str]:
    """Return code and message of a Graph error body; empty strings if it has none."""
    # Three shapes are seen: the calling service's number as code; `UnknownError` with a JSON document as message, which
    # contains that number; the gateway's own OData code.
    error = _member(read_object(body), "error")
    code, message = text_or_empty(error.get("code")), text_or_empty(error.get("message"))
    inner = read_object(message.encode("utf-8", "replace")) if message.startswith("{") else {}
    if "errorCode" in inner:
        return text_or_empty(inner["errorCode"]), text_or_empty(inner.get("message"))
    return code, message


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, an empty one if there is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _member(document: dict[str, Any], name: str) -> dict[str, Any]:
    member = document.get(name)
    return member if isinstance(member, dict) else {}


def text_or_empty(value: Any) -> str:
    """Return a value of any type as text, None as an empty one."""
    return "" if value is None else str(value)
