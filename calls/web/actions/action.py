"""What the addresses of all acts share: a POST in, one domain call, a reply out, as JSON or as a message on a page.

Works with no socket open. An act runs as a task of its own: a browser that goes away while Graph is slow cancels the
view, not the act. Whatever is sent here, and whatever becomes of the database, is answered in words.
"""

import asyncio
import functools
import json
import logging
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from calls.accounts import roles
from calls.accounts.login_audit import actor_of
from calls.audit.actor import Actor
from calls.decisions import reject as rejecting
from calls.decisions.decision_request import Click
from calls.decisions.errors import DecisionError
from calls.runtime import runtime
from calls.timestamps import iso
from calls.web.actions.replies import Reply, as_json, not_recorded, reply_to, signed_out
from calls.web.stack.content_types import wants_json

logger = logging.getLogger(__name__)

MAX_NOTE_LENGTH = 500
MOST_IN_FLIGHT = 50  # requests of one browser; more would take everybody else's database connections
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request by a signed-in person: who, whether they may decide about calls now, and when it arrived."""

    request: HttpRequest
    user: User
    may_decide: bool
    actor: Actor
    at: datetime


Act = Callable[..., Awaitable[Reply]]


def act(then: str) -> Callable[[Act], Any]:
    """Make a view of `act(asked, …) -> Reply`; without a wish for JSON the answer is a redirect to the page `then`.

    A DecisionError that the act raises is answered in words.
    """

    def decorate(decide: Act) -> Any:
        @require_POST
        @functools.wraps(decide)
        async def view(request: HttpRequest, **named: Any) -> HttpResponse:
            reply = await _in_turn(request, decide, timezone.now(), named)
            if wants_json(request):
                return as_json(reply)
            if reply.status == 401:
                return redirect("login")
            return await _as_page(request, reply, then, named)

        return view

    return decorate


_in_flight: Counter[str] = Counter()


async def _in_turn(request: HttpRequest, decide: Act, at: datetime, named: dict[str, Any]) -> Reply:
    """Return the reply, unless too many requests of the same browser are under way."""
    browser = request.COOKIES.get(settings.SESSION_COOKIE_NAME) or request.META.get("REMOTE_ADDR") or ""
    if _in_flight[browser] >= MOST_IN_FLIGHT:
        return Reply(429, "too_many_requests", _("Too many requests at once from this browser. Wait a moment."))
    _in_flight[browser] += 1
    try:
        return await _reply_to(request, decide, at, named)
    finally:
        _in_flight[browser] -= 1
        if not _in_flight[browser]:
            del _in_flight[browser]


async def _reply_to(request: HttpRequest, decide: Act, at: datetime, named: dict[str, Any]) -> Reply:
    try:
        asked = await runtime.running().threads.decisions.run(_asked, request, at)
        return await _answer_of(decide, asked, named) if asked else signed_out()
    except (DatabaseError, InterfaceError):
        logger.exception("The database refused, so nothing was done.")
        return not_recorded()


async def _answer_of(decide: Act, asked: Asked, named: dict[str, Any]) -> Reply:
    try:
        return await decide(asked, **named)
    except DecisionError as error:
        return reply_to(error, asked.actor)


def _asked(request: HttpRequest, at: datetime) -> Asked | None:
    """Return who asks for what, None for somebody who is not signed in.

    Reads the session, the user and the permissions over a decisions thread's standing connection: a decision waits for
    no new connection, and the request holds none while Graph is asked.
    """
    user = request.user
    if not user.is_authenticated:
        return None
    return Asked(request, user, user.has_perm(roles.REJECT), actor_of(user, request), at)


async def record_refusal(
    asked: Asked,
    action: str,
    clicks: Collection[Click],
    *,
    details: dict[str, object] | None = None,
    bulk_id: uuid.UUID | None = None,
    words: str = "",
    reason: str = "",
) -> None:
    """Append an entry about a request that is turned away, in whose own `words`. Raises django.db.DatabaseError."""
    decisions = runtime.running().threads.decisions
    told = {"clicked_at": iso(asked.at), **(details or {})}
    await decisions.run(rejecting.record_refusal, action, clicks, asked.actor, told, bulk_id, words, reason)


def click_on(asked: Asked, public_id: uuid.UUID, seen: dict[str, object] | None = None) -> Click:
    """Return the click on this call, with what is at hand of when the person was sent the call; nothing is read."""
    running = runtime.running()
    first_sent_at = running.board.first_sent(public_id, asked.user.pk)
    connected_since = None if first_sent_at else running.presence.connected_since(asked.user.pk)
    return Click(public_id, asked.at, seen, first_sent_at, connected_since)


async def carry_out(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, or raise what it raises; it goes on when whoever waits for it is cancelled."""
    return await asyncio.shield(runtime.running().run(work))


def read_json(request: HttpRequest) -> dict[str, Any] | None:
    """Return the JSON object that was sent, None when it is none."""
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


async def _as_page(request: HttpRequest, reply: Reply, then: str, named: dict[str, Any]) -> HttpResponse:
    level = messages.SUCCESS if reply.succeeded else messages.WARNING
    await asyncio.to_thread(messages.add_message, request, level, reply.message)
    return redirect(then, **(named if then == "call" else {}))
