"""The check of the viewers' sessions and permissions."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from calls.accounts import roles
from calls.accounts.permissions import SessionCheck, check_sessions
from tests.conftest import People, session_key_of


def test_what_each_may_do(people: People) -> None:
    everybody = [people.supervisor, people.viewer, people.auditor, people.stranger, people.admin]
    check = check_sessions((session_key_of(user), user.pk) for user in everybody)
    assert check == SessionCheck(
        signed_out=set(),
        without_permission={user.pk for user in everybody if not user.has_perm(roles.SEE_BOARD)},
        may_reject={people.supervisor.pk, people.admin.pk},
    )
    assert people.stranger.pk in check.without_permission
    assert people.viewer.pk not in check.without_permission


def test_a_right_of_ones_own_counts_as_one_of_a_group(people: People) -> None:
    codename = roles.REJECT.partition(".")[2]
    people.viewer.user_permissions.add(Permission.objects.get(codename=codename))
    people.supervisor.user_permissions.add(Permission.objects.get(codename=codename))
    watching = [(session_key_of(user), user.pk) for user in (people.viewer, people.supervisor)]
    assert check_sessions(watching).may_reject == {people.viewer.pk, people.supervisor.pk}


def end_nothing(user: User, key: str) -> None:
    """Do not change the session."""


def expire(user: User, key: str) -> None:
    Session.objects.filter(session_key=key).update(expire_date=timezone.now() - timedelta(milliseconds=1))


def delete(user: User, key: str) -> None:
    Session.objects.filter(session_key=key).delete()


def empty(user: User, key: str) -> None:
    session = SessionStore(key)
    session.clear()
    session.save()


def change_password(user: User, key: str) -> None:
    user.set_password("another battery, another horse")
    user.save()


def sign_in_somebody_else(user: User, key: str) -> None:
    other = User.objects.get(username="colleague")
    data = Session.objects.get(session_key=session_key_of(other)).session_data
    Session.objects.filter(session_key=key).update(session_data=data)


@pytest.mark.parametrize(
    ("end", "signed_out"),
    [
        (end_nothing, False),
        (expire, True),
        (delete, True),
        (empty, True),
        (change_password, True),
        (sign_in_somebody_else, True),
    ],
)
def test_which_sessions_are_over(people: People, end: Callable[[User, str], None], signed_out: bool) -> None:
    mine, another = session_key_of(people.supervisor), session_key_of(people.viewer)
    end(people.supervisor, mine)
    check = check_sessions([(mine, people.supervisor.pk), (another, people.viewer.pk)])
    assert check.signed_out == ({mine} if signed_out else set())
    assert check.without_permission == set()


@pytest.mark.parametrize("end", [expire, delete, sign_in_somebody_else])
def test_who_has_no_right_any_more_is_signed_out_all_the_same(people: People, end: Callable[[User, str], None]) -> None:
    key = session_key_of(people.viewer)
    roles.assign(people.viewer)
    assert check_sessions([(key, people.viewer.pk)]) == SessionCheck(set(), {people.viewer.pk}, set())
    end(people.viewer, key)
    assert check_sessions([(key, people.viewer.pk)]) == SessionCheck({key}, {people.viewer.pk}, set())


def test_an_account_that_is_off_may_nothing(people: People) -> None:
    key = session_key_of(people.admin)
    User.objects.filter(pk=people.admin.pk).update(is_active=False)
    assert check_sessions([(key, people.admin.pk)]) == SessionCheck(set(), {people.admin.pk}, set())
