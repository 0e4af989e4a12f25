"""Accounts for people who sign in with Entra ID: created at the first sign-in, groups updated at each one."""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from calls.accounts import roles
from calls.audit import chain
from calls.audit.actor import SYSTEM
from calls.graph.fields import clean
from calls.graph.sign_in import Person
from calls.models import EntraAccount

# The `value` of each app role in the Entra ID registration, and the group it stands for.
GROUPS = {"Viewer": roles.VIEWERS, "Supervisor": roles.SUPERVISORS, "Auditor": roles.AUDITORS}
TENANT_OBJECT_LENGTH = 64


class NotAdmitted(Exception):
    """Entra ID confirmed the person, but the dashboard does not admit them."""


class NoRole(NotAdmitted):
    """The person has none of the app's roles."""


class Disabled(NotAdmitted):
    """The person's account on the dashboard is disabled."""


def admit(person: Person) -> User:
    """Return the person's account after setting its groups to the roles of this sign-in.

    Appends an audit entry for each change. Raises NoRole or Disabled, after the groups were updated, and
    django.db.DatabaseError when an entry cannot be written.
    """
    groups = sorted({GROUPS[role] for role in person.roles if role in GROUPS})
    try:
        user = _sync_account(person, groups)
    except IntegrityError:  # a concurrent first sign-in of the same person created the account
        user = _sync_account(person, groups)
    if user is None or not groups:
        raise NoRole
    if not user.is_active:
        raise Disabled
    return user


def _sync_account(person: Person, groups: list[str]) -> User | None:
    """Create the account or update its groups; return None when there is no account and no role to create one for."""
    with transaction.atomic():
        # Accounts are found by tenant and object id, never by name: a name can be given to another person.
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
    """Return the person's username, with their object id appended when that name is taken by another account."""
    name = clean(person.username, 100) or person.object_id[:100]
    return f"{name}-{person.object_id[:36]}" if User.objects.filter(username=name).exists() else name


def _record(step: str, user: User, details: dict[str, object]) -> None:
    details = {"account_id": str(user.pk), "by": "entra", **details}
    chain.append(f"account.{step}", actor=SYSTEM, note=user.username, details=details)
