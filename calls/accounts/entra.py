"""Accounts of people whom Entra ID knows: made at their first sign-in, with the rights their roles give at each one.

An account belongs to a tenant's object, never to a name: names change hands. A local account is never taken over.
"""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from calls.accounts import roles
from calls.audit import chain
from calls.audit.actor import SYSTEM
from calls.graph.fields import clean
from calls.graph.sign_in import Person
from calls.models import EntraAccount

# App roles of the registration, by their `value`, and the group each one means here.
GROUPS = {"Viewer": roles.VIEWERS, "Supervisor": roles.SUPERVISORS, "Auditor": roles.AUDITORS}
TENANT_OBJECT_LENGTH = 64


class NotAdmitted(Exception):
    """Entra ID knows the person, the dashboard does not let them in."""


class NoRole(NotAdmitted):
    """None of the app's roles is assigned to the person."""


class Disabled(NotAdmitted):
    """An administrator of the dashboard disabled the account."""


def admit(person: Person) -> User:
    """Return the person's account, with exactly the rights of the roles they have now.

    Raises NoRole or Disabled; a right that was taken away is gone then as well. Every change of an account becomes an
    audit entry. Raises django.db.DatabaseError when that cannot be written.
    """
    groups = sorted({GROUPS[role] for role in person.roles if role in GROUPS})
    try:
        user = _settle(person, groups)
    except IntegrityError:  # the same person signed in twice at the same moment, and the other one came first
        user = _settle(person, groups)
    if user is None or not groups:
        raise NoRole
    if not user.is_active:
        raise Disabled
    return user


def _settle(person: Person, groups: list[str]) -> User | None:
    """Bring the account and its groups up to date; return it, None when there is none and no role to make one for."""
    with transaction.atomic():
        found = EntraAccount.objects.select_related("user").filter(
            tenant_id=person.tenant_id[:TENANT_OBJECT_LENGTH], object_id=person.object_id[:TENANT_OBJECT_LENGTH]
        )
        account = found.first()
        if account is None:
            return _create(person, groups) if groups else None
        before = sorted(account.user.groups.filter(name__in=roles.GROUPS).values_list("name", flat=True))
        if before != groups:
            roles.assign(account.user, *groups)
            _record("changed", account.user, {"changed": {"groups": [before, groups]}})
        return account.user


def _create(person: Person, groups: list[str]) -> User:
    user = User(username=_free_name(person), first_name=clean(person.name, 150))
    user.set_unusable_password()
    user.save()
    EntraAccount.objects.create(
        user=user,
        tenant_id=person.tenant_id[:TENANT_OBJECT_LENGTH],
        object_id=person.object_id[:TENANT_OBJECT_LENGTH],
    )
    roles.assign(user, *groups)
    _record("created", user, {"changed": {"groups": [[], groups]}})
    return user


def _free_name(person: Person) -> str:
    """Return the person's own name for signing in, or one told apart by their object id where that name is taken."""
    name = clean(person.username, 100) or person.object_id[:100]
    return f"{name}-{person.object_id[:36]}" if User.objects.filter(username=name).exists() else name


def _record(act: str, user: User, details: dict[str, object]) -> None:
    details = {"account_id": str(user.pk), "by": "entra", **details}
    chain.append(f"account.{act}", actor=SYSTEM, note=user.username, details=details)
