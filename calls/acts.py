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
from contextlib import suppress
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

from calls import audit, process, rejections, roles
from calls.askers import asker, presumed
from calls.clicks import Click
from calls.kinds import wants_json
from calls.moments import iso
from calls.obstacles import UNCONDITIONAL, Condition, Unconfirmed
from calls.replies import Reply, as_json, not_recorded, signed_out
from calls.signins import actor_of

logger = logging.getLogger(__name__)

MAX_NOTE_LENGTH = 500
MOST_IN_FLIGHT = 50  # requests of one browser; more would take everybody else's database connections
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request by somebody who is signed in: who, whether they may decide about calls, and when it arrived.

    Of an act that is `presuming`, all this is as it was at their last request, and nothing may come of it unless the
    condition holds; without a condition it was just read.
    """

    request: HttpRequest
    user: User
    may_decide: bool
    actor: audit.Actor
    at: datetime
    condition: Condition = UNCONDITIONAL

    @property
    def is_presumed(self) -> bool:
        """Whether it still has to be confirmed."""
        return self.condition is not UNCONDITIONAL


Act = Callable[..., Awaitable[Reply]]


def act(then: str, *, presuming: bool = False) -> Callable[[Act], Any]:
    """Make a view of `act(asked, …) -> Reply`; without a wish for JSON the answer is a redirect to the page `then`.

    An act that is `presuming` may be given what was so at the last request, with a condition that it has to confirm in
    its own transaction, which saves a way to the database; it raises Unconfirmed when that does not hold, or before it
    does anything else, and is carried out again with what is read then.
    """

    def decorate(decide: Act) -> Any:
        @require_POST
        @functools.wraps(decide)
        async def view(request: HttpRequest, **named: Any) -> HttpResponse:
            reply = await _in_turn(request, decide, timezone.now(), named, presuming)
            if wants_json(request):
                return as_json(reply)
            if reply.status == 401:
                return redirect("login")
            return await _as_page(request, reply, then, named)

        return view

    return decorate


_in_flight: Counter[str] = Counter()


async def _in_turn(request: HttpRequest, decide: Act, at: datetime, named: dict[str, Any], presuming: bool) -> Reply:
    """Return the reply, unless too many requests of the same browser are under way."""
    browser = request.COOKIES.get(settings.SESSION_COOKIE_NAME) or request.META.get("REMOTE_ADDR") or ""
    if _in_flight[browser] >= MOST_IN_FLIGHT:
        return Reply(429, "too_many_requests", _("Too many requests at once from this browser. Wait a moment."))
    _in_flight[browser] += 1
    try:
        return await _reply_to(request, decide, at, named, presuming)
    finally:
        _in_flight[browser] -= 1
        if not _in_flight[browser]:
            del _in_flight[browser]


async def _reply_to(request: HttpRequest, decide: Act, at: datetime, named: dict[str, Any], presuming: bool) -> Reply:
    try:
        if presuming and (asked := _presumed(request, at)):
            with suppress(Unconfirmed):
                return await decide(asked, **named)
        asked = await process.running().threads["decisions"].run(_asked, request, at)
        return await decide(asked, **named) if asked else signed_out()
    except (DatabaseError, InterfaceError):
        logger.exception("The database refused, so nothing was done.")
        return not_recorded()


def _presumed(request: HttpRequest, at: datetime) -> Asked | None:
    presumption = presumed(request, roles.REJECT)
    if presumption is None:
        return None
    user, condition = presumption
    return Asked(request, user, True, actor_of(user, request), at, condition)


def _asked(request: HttpRequest, at: datetime) -> Asked | None:
    """Return who asks for what, None for somebody who is not signed in.

    All of it in one go, and over a connection that stays: nothing between a click and Graph waits for a new one, and
    while Graph takes its time the request holds none that others want.
    """
    who = asker(request, roles.REJECT)
    if who is None:
        return None
    user, may_decide = who
    return Asked(request, user, may_decide, actor_of(user, request), at)


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
    decisions = process.running().threads["decisions"]
    told = {"clicked_at": iso(asked.at), **(details or {})}
    await decisions.run(rejections.record_refusal, action, clicks, asked.actor, told, bulk_id, words, reason)


def click_on(asked: Asked, key: uuid.UUID, seen: dict[str, object] | None = None) -> Click:
    """Return the click on this call, with what is at hand of when the person was sent the call; nothing is read."""
    running = process.running()
    first_sent_at = running.board.first_sent(key, asked.user.pk)
    connected_since = None if first_sent_at else running.watch.connected_since(asked.user.pk)
    return Click(key, asked.at, seen, first_sent_at, connected_since)


async def carry_out(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, or raise what it raises; it goes on when whoever waits for it is cancelled."""
    return await asyncio.shield(process.running().run(work))


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
