"""What the views of all actions on calls share: method, limit, loading the user, errors, and the form of the reply."""

import asyncio
import functools
import logging
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import messages
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from calls.decisions import refused_requests
from calls.decisions.decision_request import DecisionRequest
from calls.decisions.errors import DecisionError
from calls.runtime import runtime
from calls.timestamps import iso
from calls.web.actions.replies import Reply, as_json, not_recorded, reply_to, signed_out
from calls.web.actions.request_user import ActionRequest, load_action_request
from calls.web.stack.content_types import wants_json

logger = logging.getLogger(__name__)

MAX_NOTE_LENGTH = 500
MAX_IN_FLIGHT = 50  # requests of one browser, which would otherwise take every database connection
T = TypeVar("T")
Action = Callable[..., Awaitable[Reply]]


def action_view(then: str) -> Callable[[Action], Any]:
    """Return a decorator that makes a view of `action(request: ActionRequest, …) -> Reply`.

    The view answers JSON to clients that ask for it, else a redirect to the page named `then` with a message. A
    DecisionError that the action raises, and a database error, become a reply.
    """

    def decorate(action: Action) -> Any:
        @require_POST
        @functools.wraps(action)
        async def view(http_request: HttpRequest, **named: Any) -> HttpResponse:
            reply = await _within_limit(http_request, action, timezone.now(), named)
            if wants_json(http_request):
                return as_json(reply)
            if reply.status == 401:
                return redirect("login")
            return await _as_page(http_request, reply, then, named)

        return view

    return decorate


_in_flight: Counter[str] = Counter()


async def _within_limit(http_request: HttpRequest, action: Action, at: datetime, named: dict[str, Any]) -> Reply:
    """Return the action's reply; 429 while `MAX_IN_FLIGHT` requests of the same browser are in progress."""
    browser = http_request.COOKIES.get(settings.SESSION_COOKIE_NAME) or http_request.META.get("REMOTE_ADDR") or ""
    if _in_flight[browser] >= MAX_IN_FLIGHT:
        return Reply(429, "too_many_requests", _("Too many requests at once from this browser. Wait a moment."))
    _in_flight[browser] += 1
    try:
        return await _reply(http_request, action, at, named)
    finally:
        _in_flight[browser] -= 1
        if not _in_flight[browser]:
            del _in_flight[browser]


async def _reply(http_request: HttpRequest, action: Action, at: datetime, named: dict[str, Any]) -> Reply:
    try:
        request = await load_action_request(http_request, at)
        return await _run(action, request, named) if request else signed_out()
    except (DatabaseError, InterfaceError):
        logger.exception("The database refused, so nothing was done.")
        return not_recorded()


async def _run(action: Action, request: ActionRequest, named: dict[str, Any]) -> Reply:
    try:
        return await action(request, **named)
    except DecisionError as error:
        return reply_to(error, request.actor)


async def record_refusal(
    request: ActionRequest,
    action: str,
    decision_requests: Collection[DecisionRequest],
    *,
    details: dict[str, object] | None = None,
    bulk_id: uuid.UUID | None = None,
    words: str = "",
    reason: str = "",
) -> None:
    """Append an audit entry about a refused request, with `words` that the client sent. Raises DatabaseError."""
    thread = runtime.running().threads.decisions
    merged = {"clicked_at": iso(request.received_at), **(details or {})}
    await thread.run(
        refused_requests.record_refusal, action, decision_requests, request.actor, merged, bulk_id, words, reason
    )


def decision_request(
    request: ActionRequest, public_id: uuid.UUID, seen: dict[str, object] | None = None
) -> DecisionRequest:
    """Return the request as one about this call, with the time the user was first sent the call. No queries."""
    running = runtime.running()
    first_sent_at = running.board.first_sent(public_id, request.user.pk)
    connected_since = None if first_sent_at else running.presence.connected_since(request.user.pk)
    return DecisionRequest(public_id, request.received_at, seen, first_sent_at, connected_since)


async def run_to_completion(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` as a task of the runtime; return its result or raise its exception."""
    # Shielded: a browser that disconnects cancels the view, and the decision has to be recorded all the same.
    return await asyncio.shield(runtime.running().run(work))


async def _as_page(http_request: HttpRequest, reply: Reply, then: str, named: dict[str, Any]) -> HttpResponse:
    level = messages.SUCCESS if reply.succeeded else messages.WARNING
    await asyncio.to_thread(messages.add_message, http_request, level, reply.message)
    return redirect(then, **(named if then == "call" else {}))
