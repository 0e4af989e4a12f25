"""Whether those who watch may still watch: signed in, active, with the right. One pass for all sockets."""

from collections.abc import Iterable

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from calls import roles

BACKEND = "django.contrib.auth.backends.ModelBackend"


def refused_sessions(watching: Iterable[tuple[str, int]]) -> tuple[set[str], set[int]]:
    """Return which of the (session key, user id) pairs lost their session, and which users lost the right to watch.

    Two queries, however many watch.
    """
    pairs = set(watching)
    user_ids = {user_id for _, user_id in pairs}
    allowed = {user.pk: user for user in _allowed_users(user_ids)}
    sessions = Session.objects.filter(session_key__in={key for key, _ in pairs}, expire_date__gt=timezone.now())
    by_key = {session.session_key: session.get_decoded() for session in sessions}
    signed_out = {key for key, user_id in pairs if not _is_signed_in(by_key.get(key, {}), user_id, allowed)}
    return signed_out, user_ids - allowed.keys()


def _allowed_users(user_ids: set[int]) -> Iterable[AbstractBaseUser]:
    users = get_user_model().objects.with_perm(roles.SEE_BOARD, backend=BACKEND)
    return users.filter(pk__in=user_ids).distinct()


def _is_signed_in(session: dict[str, str], user_id: int, allowed: dict[int, AbstractBaseUser]) -> bool:
    if session.get(SESSION_KEY) != str(user_id):
        return False
    user = allowed.get(user_id)
    # A changed password signs out everywhere; of a user without the right nothing more needs to be told.
    return user is None or constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
