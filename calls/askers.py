"""Who asks for an act, and whether they have the right to: session, account and right in as few messages as can be.

Django reads one after the other, for each names the next. Whose session it is does not change, so it is remembered, and
all three are read at once. The remembered number is a guess of what will be asked for: what is read decides.
"""

from collections import OrderedDict

from django.contrib.auth.models import User
from django.http import HttpRequest

from calls import backends, rights, sessions
from calls.rows import ahead

MAX_REMEMBERED = 1_000
_owners: OrderedDict[str, int] = OrderedDict()  # the account's number, by the session's key


def asker(request: HttpRequest, right: str) -> tuple[User, bool] | None:
    """Return who is signed in, and whether they have the right now; None for nobody.

    Raises django.db.DatabaseError.
    """
    key = request.session.session_key or ""
    owner = _owners.get(key)
    guesses = () if owner is None else (sessions.row_of(key), backends.row_of(owner), rights.holding(owner, right))
    with ahead(*guesses):
        user = request.user
        if not isinstance(user, User):
            _owners.pop(key, None)
            return None
        has_right = rights.has(user, right)
    if owner != user.pk:
        _remember(key, user.pk)
    return user, has_right


def _remember(key: str, owner: int) -> None:
    _owners[key] = owner
    if len(_owners) > MAX_REMEMBERED:
        _owners.popitem(last=False)
