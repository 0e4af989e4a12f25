"""The roles: three groups with their permissions, and the assignment of users to them."""

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
    """Create the groups and set their permissions. Idempotent; `apps` may be a migration's registry."""
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="calls")
    by_codename = {permission.codename: permission for permission in permissions}
    for name, codenames in GROUPS.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.set([by_codename[codename] for codename in codenames])


def assign(user: User, *groups: str) -> None:
    """Replace the user's role groups by `groups` and update `is_staff`. Other groups are kept."""
    user.groups.remove(*user.groups.filter(name__in=GROUPS))
    user.groups.add(*Group.objects.filter(name__in=groups))
    update_admin_access(user)


def open_admin_site(user: User) -> None:
    """Set `is_staff` for a user whose groups, set without `assign`, need the admin site. Never clears it."""
    if not user.is_staff and user.groups.filter(name__in=NEEDS_ADMIN_SITE).exists():
        update_admin_access(user)


def update_admin_access(user: User) -> None:
    """Save `is_staff`: true for superusers and for members of a group that needs the admin site."""
    user.is_staff = user.is_superuser or user.groups.filter(name__in=NEEDS_ADMIN_SITE).exists()
    user.save(update_fields=["is_staff"])
