"""Raw notifications of Graph."""

from collections.abc import Collection

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Notification(models.Model):
    """One notification as received, secrets redacted. Only `problem` and `call_pk` may change later."""

    # By folded Graph id and without a constraint: a notification may precede its call, and is found once that exists.
    call = models.ForeignKey(
        "calls.Call",
        verbose_name=_("call"),
        to_field="graph_id_folded",
        db_constraint=False,
        on_delete=models.DO_NOTHING,
        null=True,
        db_index=False,
        related_name="notifications",
    )
    # Set if the call was known at the time: an index over primary keys grows at its end, one over Graph ids at random
    # places. Query both with `about`.
    call_pk = models.BigIntegerField(_("number of the call"), null=True, editable=False, db_column="call_number")
    received_at = models.DateTimeField(_("received"))
    change_type = models.CharField(_("change type"), max_length=64, blank=True)
    resource = models.CharField(_("resource"), max_length=500, blank=True)
    resource_type = models.CharField(_("resource type"), max_length=200, blank=True)
    tenant_id = models.CharField(_("verified tenant"), max_length=64)
    message_id = models.CharField(_("message id"), max_length=200, blank=True)
    chain_id = models.CharField(_("chain id header"), max_length=200, blank=True)
    scenario_id = models.CharField(_("scenario id header"), max_length=200, blank=True)
    body = models.TextField(_("body"))
    digest = models.CharField(_("digest"), max_length=64)
    problem = models.CharField(_("why it was not applied"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["received_at", "id"], name="notification_received"),
            models.Index(fields=["call_pk"], condition=Q(call_pk__isnull=False), name="notification_call_number"),
            models.Index(fields=["call"], condition=Q(call_pk=None), name="notification_before_call"),
            models.Index(fields=["received_at", "id"], condition=~Q(problem=""), name="notification_problem"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["message_id", "digest"], condition=~Q(message_id=""), name="notification_delivered_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.change_type} {self.resource}"

    @staticmethod
    def about(folded_ids: Collection[str], primary_keys: Collection[int]) -> Q:
        """Return the condition that a notification is about one of the calls with these folded Graph ids and keys."""
        # Takes values, not querysets: with a subquery, databases scan the table instead of using the two indexes.
        return Q(call_pk__in=primary_keys) | Q(call_pk=None, call_id__in=folded_ids)
