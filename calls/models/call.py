"""Calls: their state as folded from Graph's notifications, and the decisions about them."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from calls.db.ids import new_key
from calls.graph.vocabulary import CallState, Direction, Phase, states_in
from calls.models.attempt import RejectAttempt

ANSWERED_STATES = states_in(Phase.ANSWERED)


class CallQuerySet(models.QuerySet["Call"]):
    """Selections of calls that several rooms share."""

    def live(self) -> "CallQuerySet":
        """Return the calls that belong on the live board: neither ended nor missed."""
        return self.filter(ended_at=None, missed_at=None)


class Call(models.Model):
    """One call: its state folded from the notifications stored so far, and the decisions about it."""

    public_id = models.UUIDField(_("key"), default=new_key, unique=True, editable=False, db_column="key")
    graph_id_folded = models.CharField(_("folded Graph id"), max_length=200, db_column="graph_key")
    graph_id = models.CharField(_("Graph id"), max_length=200)
    chain_id = models.CharField(_("call chain"), max_length=200, blank=True)
    tenant_id = models.CharField(_("tenant"), max_length=64)
    named_tenant_id = models.CharField(
        _("tenant its notifications name"), max_length=64, blank=True, default="", db_default=""
    )
    state = models.CharField(_("state"), max_length=64, blank=True)
    direction = models.CharField(_("direction"), max_length=64, blank=True)
    source = models.JSONField(_("caller"), null=True)
    targets = models.JSONField(_("targets"), default=list)
    modalities = models.JSONField(_("modalities"), default=list)
    policy_recording = models.BooleanField(_("policy recording"), default=False)
    received_at = models.DateTimeField(_("received"))
    deadline = models.DateTimeField(_("deadline"), null=True)
    established_at = models.DateTimeField(_("answered"), null=True)
    missed_at = models.DateTimeField(_("missed"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    result_code = models.IntegerField(_("result code"), null=True)
    result_subcode = models.IntegerField(_("result subcode"), null=True)
    result_message = models.CharField(_("result message"), max_length=500, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    updated_at = models.DateTimeField(_("updated"))
    asked_at = models.DateTimeField(_("Graph was asked about it"), null=True)
    # Never set by a notification, so the writer's INSERT leaves them to the database defaults.
    let_pass_at = models.DateTimeField(_("let pass"), null=True)
    let_pass_by_id = models.CharField(_("id of who let it pass"), max_length=64, blank=True, default="", db_default="")
    let_pass_by = models.CharField(_("let pass by"), max_length=150, blank=True, default="", db_default="")
    watched_at = models.DateTimeField(_("first rang in front of somebody who may reject it"), null=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ("-id",)
        default_permissions = ("view",)
        permissions = [("reject_call", _("Can reject an incoming call"))]
        indexes = [
            # Every index is written with every call. One partial index over the few unended calls serves the board and
            # the background checks.
            models.Index(fields=["id"], condition=Q(ended_at=None), name="call_unended"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="call_ended"),
            models.Index(fields=["received_at", "id"], name="call_received"),
            models.Index(fields=["chain_id"], name="call_chain"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["graph_id_folded"], name="call_once_per_graph_key"),
            models.CheckConstraint(condition=Q(version__gte=1), name="call_version_counts_from_one"),
            models.CheckConstraint(
                condition=Q(missed_at=None) | Q(deadline__isnull=False), name="call_missed_only_past_a_deadline"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(state=CallState.TERMINATED), name="call_ended_is_terminated"
            ),
        ]

    def __str__(self) -> str:
        return self.graph_id

    def touch(self, *changed: str, at: datetime | None = None) -> None:
        """Save the fields named in `changed` as a new version with the time `at` or now; the row must be locked."""
        self.become_newer(at or timezone.now())
        self.save(update_fields=[*changed, "version", "updated_at"])

    def become_newer(self, at: datetime) -> None:
        """Increment the version and set its time, in memory."""
        self.version += 1
        self.updated_at = at

    def deciding_attempt(self) -> RejectAttempt | None:
        """Return the attempt that holds the call, else the newest refused one, else None."""
        # One query per call, unless `attempts` is prefetched.
        return max(self.attempts.all(), key=lambda attempt: (attempt.holds, attempt.requested_at), default=None)

    @property
    def is_live(self) -> bool:
        """Whether the call belongs on the live board: neither ended nor missed."""
        return self.ended_at is None and self.missed_at is None

    @property
    def is_answered(self) -> bool:
        """Whether the call's state is one of an answered call."""
        return self.state in ANSWERED_STATES

    @property
    def rings(self) -> bool:
        """Whether the call is live, neither answered nor outgoing."""
        return self.is_live and not self.is_answered and self.direction != Direction.OUTGOING

    def rang_at(self, moment: datetime) -> bool:
        """Whether the call could be decided about at `moment`: not answered, not ended, its deadline not passed."""
        ends = (self.deadline, self.established_at, self.missed_at, self.ended_at)
        return self.direction != Direction.OUTGOING and all(moment <= end for end in ends if end)

    @property
    def token_tenant_id(self) -> str:
        """The tenant whose token is used for requests about the call: the named one, if served, else its own."""
        # The two differ only where GRAPH_TENANT_MISMATCH accepts callbacks that name another tenant than their token.
        served = {tenant.lower() for tenant in settings.GRAPH_TENANTS}
        return self.named_tenant_id if self.named_tenant_id.lower() in served else self.tenant_id

    @property
    def caller_name(self) -> str:
        """The caller's display name, else id, else empty."""
        return (self.source or {}).get("name") or (self.source or {}).get("id") or ""
