"""Rows about users: preferences, Entra accounts, presence."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Preferences(models.Model):
    """The page preferences of one user; `calls.accounts.preferences` defines names, values and defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), primary_key=True, on_delete=models.CASCADE
    )
    chosen = models.JSONField(_("chosen"), default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("preferences")
        default_permissions = ()

    def __str__(self) -> str:
        return f"of user {self.user_id}"


class EntraAccount(models.Model):
    """Links an account to a user in Entra ID, by tenant and object id; names may change."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="entra_account",
    )
    tenant_id = models.CharField(_("tenant"), max_length=64)
    object_id = models.CharField(_("object id"), max_length=64)

    class Meta:
        verbose_name = _("Entra ID account")
        verbose_name_plural = _("Entra ID accounts")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["tenant_id", "object_id"], name="entra_account_once_per_object")]

    def __str__(self) -> str:
        return f"{self.object_id} of tenant {self.tenant_id}"


class Presence(models.Model):
    """A user with the right to reject calls who has, or recently had, the live board open at one server process.

    The process renews its rows every few seconds; the rows of a process that died go stale.
    """

    process_id = models.UUIDField(_("process"))
    # No foreign key: deleting a user must not fail because of a presence row.
    user_id = models.BigIntegerField(_("account number"))
    connected_at = models.DateTimeField(_("connected"))
    seen_at = models.DateTimeField(_("last known to be connected"))
    left_at = models.DateTimeField(_("left"), null=True)
    visible = models.BooleanField(_("board in view"))
    shown_at = models.DateTimeField(_("board last known to be in view"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("presence")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["process_id", "user_id"], name="presence_once_per_process_and_user")
        ]

    def __str__(self) -> str:
        return f"user {self.user_id} at process {self.process_id}"
