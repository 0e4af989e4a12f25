"""Checks the sessions and permissions of the board's viewers while their sockets are open."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from calls.accounts import roles

BACKEND = "django.contrib.auth.backends.ModelBackend"  # `login` and `with_perm` need a name when several are listed


@dataclass(frozen=True, slots=True)
class SessionCheck:
    """The session keys that are over, the users who may not see the board, and the users who may reject."""

    signed_out: set[str]
    without_permission: set[int]
    may_reject: set[int]


def check_sessions(viewers: Iterable[tuple[str, int]]) -> SessionCheck:
    """Check (session key, user id) pairs against the database, in three queries for any number of pairs."""
    pairs = set(viewers)
    user_ids = {user_id for _, user_id in pairs}
    allowed = {user.pk: user for user in _users_with(roles.SEE_BOARD, user_ids)}
    sessions = Session.objects.filter(session_key__in={key for key, _ in pairs}, expire_date__gt=timezone.now())
    by_key = {session.session_key: session.get_decoded() for session in sessions}
    signed_out = {key for key, user_id in pairs if not _is_signed_in(by_key.get(key, {}), user_id, allowed)}
    may_reject = set(_users_with(roles.REJECT, user_ids).values_list("pk", flat=True))
    return SessionCheck(signed_out, user_ids - allowed.keys(), may_reject)


def _users_with(permission: str, user_ids: set[int]) -> QuerySet[User]:
    return User.objects.with_perm(permission, backend=BACKEND).filter(pk__in=user_ids).distinct()


def _is_signed_in(session: dict[str, str], user_id: int, allowed: dict[int, User]) -> bool:
    if session.get(SESSION_KEY) != str(user_id):
        return False
    user = allowed.get(user_id)
    # A changed password ends all sessions. A user without the permission was not loaded and is reported as such.
    return user is None or constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
