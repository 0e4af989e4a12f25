"""Who asks for an act, and whether they have the right to: session, account and right in as few messages as can be.

Django reads one after the other, for each names the next. Whose session it is does not change, so it is remembered, and
all three are read at once. What is remembered is a guess of what will be asked for: what is read decides, before an act
or, where the act is one transaction, as the first thing in it.
"""

from collections import OrderedDict
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.http import HttpRequest

from calls import backends, rights, sessions
from calls.obstacles import Condition
from calls.rows import Statement, ahead
from calls.signins import actor_of

MAX_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class _Seen:
    """Who a session belonged to when it was last read, and the right they were asked for, empty when without it."""

    user: User
    right: str


_seen: OrderedDict[str, _Seen] = OrderedDict()  # by the session's key


def asker(request: HttpRequest, right: str) -> tuple[User, bool] | None:
    """Return who is signed in, and whether they have the right now; None for nobody.

    Raises django.db.DatabaseError.
    """
    with ahead(*_guesses(request, right)):
        return _read(request, right)


def presumed(request: HttpRequest, right: str) -> tuple[User, Condition] | None:
    """Return whose session it was when they last had the right, and what has to hold for them to have it now.

    None when that is not known. Nothing is read; nothing may come of it unless the condition holds.
    """
    seen = _seen.get(request.session.session_key or "")
    if seen is None or seen.right != right:
        return None
    expected = actor_of(seen.user, request), True

    def holds() -> bool:
        found = _read(request, right)
        return found is not None and (actor_of(found[0], request), found[1]) == expected

    return seen.user, Condition(_guesses(request, right), holds)


def _guesses(request: HttpRequest, right: str) -> tuple[Statement, ...]:
    key = request.session.session_key or ""
    seen = _seen.get(key)
    if seen is None:
        return ()
    return sessions.row_of(key), backends.row_of(seen.user.pk), rights.holding(seen.user.pk, right)


def _read(request: HttpRequest, right: str) -> tuple[User, bool] | None:
    key = request.session.session_key or ""
    user = request.user
    if not isinstance(user, User):
        _seen.pop(key, None)
        return None
    has_right = rights.has(user, right)
    _seen[key] = _Seen(user, right if has_right else "")
    if len(_seen) > MAX_REMEMBERED:
        _seen.popitem(last=False)
    return user, has_right
