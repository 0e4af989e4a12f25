"""Who may do what: three groups, made by a migration, and the one place that puts a person into them."""

from django.apps.registry import Apps
from django.contrib.auth.models import Group, User

SEE_BOARD = "calls.view_call"
REJECT = "calls.reject_call"

VIEWERS, SUPERVISORS, AUDITORS = "Viewers", "Supervisors", "Auditors"

GROUPS = {
    VIEWERS: ["view_call"],
    SUPERVISORS: ["view_call", "reject_call"],
    AUDITORS: ["view_call", "view_notification", "view_rejectattempt", "view_auditentry", "view_auditcheckpoint"],
}
NEEDS_ADMIN_SITE = frozenset({AUDITORS})


def create_groups(apps: Apps) -> None:
    """Create the three groups with their permissions; safe to repeat. `apps` may be a migration's registry."""
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="calls")
    by_codename = {permission.codename: permission for permission in permissions}
    for name, codenames in GROUPS.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.set([by_codename[codename] for codename in codenames])


def assign(user: User, *groups: str) -> None:
    """Make `groups` the user's only groups of ours, and open the admin site to exactly those whose role needs it."""
    user.groups.remove(*user.groups.filter(name__in=GROUPS))
    user.groups.add(*Group.objects.filter(name__in=groups))
    keep_admin_site(user)


def admit(user: User) -> None:
    """Open the admin site to somebody who was put into a group that needs it without `assign`; never closes it."""
    if not user.is_staff and user.groups.filter(name__in=NEEDS_ADMIN_SITE).exists():
        keep_admin_site(user)


def keep_admin_site(user: User) -> None:
    """Open the admin site to the user exactly when a superuser or in a group whose role needs it; saves the user."""
    user.is_staff = user.is_superuser or user.groups.filter(name__in=NEEDS_ADMIN_SITE).exists()
    user.save(update_fields=["is_staff"])
