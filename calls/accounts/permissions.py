"""Which of the people who watch the board are still signed in, and what they may do now."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from calls.accounts import roles

BACKEND = "django.contrib.auth.backends.ModelBackend"  # several are listed, so Django wants to be told which


@dataclass(frozen=True, slots=True)
class Standing:
    """Which sessions are over, which users lost the right to watch, which users have the right to reject."""

    signed_out: set[str]
    without_right: set[int]
    may_reject: set[int]


def standing_of(watching: Iterable[tuple[str, int]]) -> Standing:
    """Return how the (session key, user id) pairs stand now. Three queries, however many watch."""
    pairs = set(watching)
    user_ids = {user_id for _, user_id in pairs}
    allowed = {user.pk: user for user in _users_with(roles.SEE_BOARD, user_ids)}
    sessions = Session.objects.filter(session_key__in={key for key, _ in pairs}, expire_date__gt=timezone.now())
    by_key = {session.session_key: session.get_decoded() for session in sessions}
    signed_out = {key for key, user_id in pairs if not _is_signed_in(by_key.get(key, {}), user_id, allowed)}
    may_reject = set(_users_with(roles.REJECT, user_ids).values_list("pk", flat=True))
    return Standing(signed_out, user_ids - allowed.keys(), may_reject)


def _users_with(right: str, user_ids: set[int]) -> QuerySet[User]:
    return User.objects.with_perm(right, backend=BACKEND).filter(pk__in=user_ids).distinct()


def _is_signed_in(session: dict[str, str], user_id: int, allowed: dict[int, User]) -> bool:
    if session.get(SESSION_KEY) != str(user_id):
        return False
    user = allowed.get(user_id)
    # A changed password signs out everywhere; of a user without the right nothing more needs to be told.
    return user is None or constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
