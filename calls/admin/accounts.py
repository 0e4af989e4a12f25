"""Django's admin of users and groups, with an audit entry for every change."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db import models, transaction
from django.forms import CheckboxSelectMultiple, ModelForm
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from calls.accounts import login_audit, roles
from calls.admin import format
from calls.audit import chain

SECRET_FIELDS = frozenset({"password", "password1", "password2", "usable_password", "set_usable_password"})
PERSONAL_FIELDS = frozenset({"username", "first_name", "last_name", "email"})

Changes = dict[str, list[Any]]


class RecordedAdmin(admin.ModelAdmin):
    """Appends an audit entry for every change of a user or group, in the same transaction."""

    # Django's own widget for several choices has controls without an accessible name.
    formfield_overrides = {models.ManyToManyField: {"widget": CheckboxSelectMultiple}}

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Save the related rows, then record all changes."""
        super().save_related(request, form, formsets, change)
        changes = {**_changes(form), **self.settle(form.instance)}
        if changes or not change:
            self.record(request, form.instance, "changed" if change else "created", changes)

    def settle(self, obj: Any) -> Changes:
        """Update the values that are derived from the saved ones and return those changes."""
        return {}

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Record the deletion, then delete the row."""
        self.record(request, obj, "deleted")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        """Record and delete all rows in one transaction."""
        with transaction.atomic():
            for obj in queryset:
                self.delete_model(request, obj)

    def record(self, request: HttpRequest, obj: Any, act: str, changes: Changes | None = None) -> None:
        """Append the entry: personal values in erasable fields only, secrets not at all."""
        raise NotImplementedError


def _changes(form: ModelForm) -> Changes:
    """Return [old, new] of every changed field, without secrets."""
    return {
        name: [_plain(form.initial.get(name)), _plain(form.cleaned_data.get(name))]
        for name in form.changed_data
        if name not in SECRET_FIELDS
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Permission):
        return value.codename
    if isinstance(value, (list, tuple, models.QuerySet)):
        return sorted(str(_plain(each)) for each in value)
    return value if isinstance(value, (bool, int, str, type(None))) else str(value)


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class RecordedUserAdmin(RecordedAdmin, UserAdmin):
    """Django's user admin with audit entries. `is_staff` is derived from the groups."""

    readonly_fields = ("is_staff", "last_login", "date_joined")

    def settle(self, obj: User) -> Changes:
        """Set `is_staff` as the groups require."""
        before = obj.is_staff
        roles.update_admin_access(obj)
        return {"is_staff": [before, obj.is_staff]} if before != obj.is_staff else {}

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Change the user's password and record the change."""
        with transaction.atomic():
            before = User.objects.filter(pk=id).values_list("password", flat=True).first() if id.isdecimal() else None
            response = super().user_change_password(request, id, form_url)
            after = User.objects.filter(pk=id).first() if before is not None else None
            if after and after.password != before:
                self.record(request, after, "changed", {"password": []})
        return response

    def record(self, request: HttpRequest, obj: User, act: str, changes: Changes | None = None) -> None:
        """Append `account.<act>`; names and addresses go into the erasable note."""
        plain, personal = {}, []
        for name, values in (changes or {}).items():
            if name in PERSONAL_FIELDS:
                personal.append(f"{name}: {values[0] or format.NOTHING} → {values[1] or format.NOTHING}")
            plain[name] = [] if name in PERSONAL_FIELDS else values
        chain.append(
            f"account.{act}",
            actor=login_audit.actor_of(request.user, request),  # type: ignore[arg-type]
            note="\n".join([obj.username, *personal]),
            details={"account_id": str(obj.pk), **({"changed": plain} if plain else {})},
        )


@admin.register(Group)
class RecordedGroupAdmin(RecordedAdmin, GroupAdmin):
    """Django's group admin with audit entries. The groups that are roles cannot be renamed or deleted."""

    fields = ("name", "permissions")

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> tuple[str, ...]:
        """Return the name as read-only for a group that is a role."""
        return ("name",) if obj and obj.name in roles.GROUPS else ()

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Return False for the groups that are roles."""
        return super().has_delete_permission(request, obj) and not (obj and obj.name in roles.GROUPS)

    def record(self, request: HttpRequest, obj: Group, act: str, changes: Changes | None = None) -> None:
        """Append `group.<act>`."""
        chain.append(
            f"group.{act}",
            actor=login_audit.actor_of(request.user, request),  # type: ignore[arg-type]
            details={"group": obj.name, **({"changed": changes} if changes else {})},
        )


def change_own_password(request: HttpRequest) -> HttpResponseBase:
    """Return Django's page for changing the own password and record the change."""
    with transaction.atomic():
        account, before = User.objects.filter(pk=request.user.pk or 0), getattr(request.user, "password", None)
        response = admin.site.admin_view(admin.site.password_change, cacheable=True)(request)
        after = account.first()
        if after and after.password != before:
            chain.append(
                "account.changed",
                actor=login_audit.actor_of(after, request),
                note=after.username,
                details={"account_id": str(after.pk), "changed": {"password": []}},
            )
    return response
