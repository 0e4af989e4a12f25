"""What arrived (Notification), what it meant (Call), what was done about it (RejectAttempt) and who did (AuditEntry).

Only `calls.writer` and `calls.keeper` change calls, only `calls.rejections` makes attempts, only `calls.audit` appends
entries. What belongs to people beside that: how they like their pages (Preferences), who has the board open (Presence).
"""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from calls.graph.vocabulary import CallState, Direction, RejectReason
from calls.keys import new_key

ANSWERED_STATES = (
    CallState.ESTABLISHING,
    CallState.ESTABLISHED,
    CallState.HOLD,
    CallState.TRANSFERRING,
    CallState.TRANSFER_ACCEPTED,
)


class CallQuerySet(models.QuerySet["Call"]):
    """Calls, with the selections that several parts of the program share."""

    def live(self) -> "CallQuerySet":
        """Return the calls that belong on the live board: neither ended nor missed."""
        return self.filter(ended_at=None, missed_at=None)


class Call(models.Model):
    """One call as Graph's notifications have told it so far, in the order they were stored."""

    key = models.UUIDField(_("key"), default=new_key, unique=True, editable=False)
    graph_key = models.CharField(_("folded Graph id"), max_length=200)
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
    # What people did about it. No notification tells these, so the writer leaves them to the database's defaults.
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
            # Every index is written with every call. One over the few calls that have not ended serves board, keeper
            # and enquiries alike.
            models.Index(fields=["id"], condition=Q(ended_at=None), name="call_unended"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="call_ended"),
            models.Index(fields=["received_at", "id"], name="call_received"),
            models.Index(fields=["chain_id"], name="call_chain"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["graph_key"], name="call_once_per_graph_key"),
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

    def touch(self, *changed: str) -> None:
        """Save the fields named in `changed` as a new version of the call, whose row must be locked."""
        self.become_newer(timezone.now())
        self.save(update_fields=[*changed, "version", "updated_at"])

    def become_newer(self, at: datetime) -> None:
        """Count one more version, made at this moment, without saving it."""
        self.version += 1
        self.updated_at = at

    def deciding_attempt(self) -> "RejectAttempt | None":
        """Return the attempt that holds the call, else the newest refused one, else None.

        Reads `attempts`, which lists should prefetch.
        """
        return max(self.attempts.all(), key=lambda attempt: (attempt.holds, attempt.requested_at), default=None)

    @property
    def is_live(self) -> bool:
        """Whether the call belongs on the live board: Graph has not ended it and nobody let it lapse."""
        return self.ended_at is None and self.missed_at is None

    @property
    def is_answered(self) -> bool:
        """Whether Graph says the call got beyond ringing and has not ended."""
        return self.state in ANSWERED_STATES

    @property
    def rings(self) -> bool:
        """Whether the call is an incoming one that nobody has answered and that is still on the live board."""
        return self.is_live and not self.is_answered and self.direction != Direction.OUTGOING

    def rang_at(self, moment: datetime) -> bool:
        """Whether it could be decided about then, as far as is known now: not answered, not over, its window open."""
        ends = (self.deadline, self.established_at, self.missed_at, self.ended_at)
        return self.direction != Direction.OUTGOING and all(moment <= end for end in ends if end)

    @property
    def asked_tenant_id(self) -> str:
        """The tenant of whose token Graph is asked about the call.

        The one whose callbacks tell of it; where those may name another tenant (GRAPH_TENANT_MISMATCH), that one, as
        long as it is served.
        """
        served = {tenant.lower() for tenant in settings.GRAPH_TENANTS}
        return self.named_tenant_id if self.named_tenant_id.lower() in served else self.tenant_id

    @property
    def caller_name(self) -> str:
        """The caller as a person would say it: display name, else id, else empty."""
        return (self.source or {}).get("name") or (self.source or {}).get("id") or ""


class Notification(models.Model):
    """One notification as it arrived, secrets redacted; written once, and what Graph said in it never changed.

    `call` is a plain reference without a database constraint: a notification about a call nobody has heard of is kept
    as well, and finds its call when that one appears. `call_number` is the call's primary key where the call stood when
    this was stored: an index over it grows at its end, and one over Graph's ids, which are in no order, at a place of
    its own for every call. `about` asks for both.
    """

    call = models.ForeignKey(
        Call,
        verbose_name=_("call"),
        to_field="graph_key",
        db_constraint=False,
        on_delete=models.DO_NOTHING,
        null=True,
        db_index=False,
        related_name="notifications",
    )
    call_number = models.BigIntegerField(_("number of the call"), null=True, editable=False)
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
            models.Index(
                fields=["call_number"], condition=Q(call_number__isnull=False), name="notification_call_number"
            ),
            models.Index(fields=["call"], condition=Q(call_number=None), name="notification_before_call"),
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
    def about(graph_keys: Collection[str], numbers: Collection[int]) -> Q:
        """Return the condition that a notification is about one of the calls with these folded Graph ids and numbers.

        Plain values, each way through its index: with a query inside, databases read every notification instead.
        """
        return Q(call_number__in=numbers) | Q(call_number=None, call_id__in=graph_keys)


class RejectAttempt(models.Model):
    """One try to reject one call, from the click to its outcome.

    The claim on a call is the database's: a second attempt is refused while one is held, and only a definite refusal
    lets go of it.
    """

    class Outcome(models.TextChoices):
        """How the attempt stands, or ended."""

        REQUESTED = "requested", _("requested")
        ACCEPTED = "accepted", _("accepted by Graph")
        CONFIRMED = "confirmed", _("confirmed ended")
        REFUSED = "refused", _("refused by Graph")
        TOO_LATE = "too_late", _("too late")
        CALLER_LEFT = "caller_left", _("caller left first")
        ENDED_ELSEWHERE = "ended_elsewhere", _("ended elsewhere")
        ENDED_UNPROVED = "ended_unproved", _("ended, cause unproved")
        UNKNOWN = "unknown", _("outcome unknown")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, verbose_name=_("call"), on_delete=models.PROTECT, related_name="attempts")
    reason = models.CharField(_("reason"), max_length=16, choices=[(reason, reason) for reason in RejectReason])
    note = models.CharField(_("note"), max_length=500, blank=True)
    actor_id = models.CharField(_("actor id"), max_length=64)
    actor_name = models.CharField(_("actor"), max_length=150)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome, default=Outcome.REQUESTED)
    requested_at = models.DateTimeField(_("requested"))
    settled_at = models.DateTimeField(_("settled"), null=True)
    graph_status = models.PositiveSmallIntegerField(_("Graph's status"), null=True)
    graph_code = models.CharField(_("Graph's code"), max_length=100, blank=True)
    graph_message = models.CharField(_("Graph's message"), max_length=500, blank=True)
    request_id = models.CharField(_("Graph's request id"), max_length=100, blank=True)
    client_request_id = models.CharField(_("our request id"), max_length=100, blank=True)
    bulk_id = models.UUIDField(_("bulk"), null=True, editable=False)

    class Meta:
        verbose_name = _("reject attempt")
        verbose_name_plural = _("reject attempts")
        ordering = ("-requested_at",)
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["requested_at"], condition=Q(outcome="requested"), name="attempt_unsettled"),
            models.Index(fields=["requested_at", "id"], name="attempt_requested"),
            models.Index(fields=["bulk_id"], condition=Q(bulk_id__isnull=False), name="attempt_bulk"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["call"], condition=~Q(outcome="refused"), name="one_decision_per_call")
        ]

    def __str__(self) -> str:
        return f"{self.reason} by {self.actor_name}: {self.outcome}"

    @property
    def holds(self) -> bool:
        """Whether the attempt holds its call, so that nobody else can decide; only a definite refusal does not."""
        return self.outcome != self.Outcome.REFUSED


class AppendOnlyError(TypeError):
    """Somebody tried to change or delete what may only be appended."""


class AppendOnlyQuerySet(models.QuerySet):
    """A queryset that reads, and refuses everything that would change or delete rows."""

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise AppendOnlyError(
            f"{self.model._meta.verbose_name}: entries are appended by calls.audit and never changed."
        )

    update = delete = bulk_update = bulk_create = _raw_delete = _refuse
    update_or_create = get_or_create = _refuse

    _refuse.alters_data = True  # type: ignore[attr-defined]


class AppendOnlyModel(models.Model):
    """Rows that can be inserted once, and neither saved again nor deleted. The database's triggers say the same."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, **kwargs: object) -> None:
        """Insert the row; raise AppendOnlyError when it exists already."""
        if not self._state.adding:
            raise AppendOnlyError(f"{self._meta.verbose_name} {self.pk} is already written.")
        super().save(force_insert=True)

    def delete(self, **kwargs: object) -> NoReturn:  # type: ignore[override]
        """Raise AppendOnlyError."""
        raise AppendOnlyError(f"{self._meta.verbose_name} {self.pk} cannot be deleted.")


class AuditEntry(AppendOnlyModel):
    """One act, for ever: what was done, about which call, with what outcome, chained to the entry before.

    Ids and names are copies, not references, so an entry outlives what it speaks of. What could identify a person lives
    in AuditPersonal; the chain covers salted commitments to it, so it can be erased one day without breaking the proof.
    """

    at = models.DateTimeField(_("at"))
    action = models.CharField(_("action"), max_length=64)
    actor_id = models.CharField(_("actor id"), max_length=64, blank=True)
    call_key = models.CharField(_("call key"), max_length=36, blank=True)
    graph_id = models.CharField(_("Graph id"), max_length=200, blank=True)
    chain_id = models.CharField(_("call chain"), max_length=200, blank=True)
    tenant_id = models.CharField(_("tenant"), max_length=64, blank=True)
    attempt_id = models.CharField(_("attempt"), max_length=36, blank=True)
    reason = models.CharField(_("reason"), max_length=16, blank=True)
    graph_status = models.PositiveSmallIntegerField(_("Graph's status"), null=True)
    graph_code = models.CharField(_("Graph's code"), max_length=100, blank=True)
    request_id = models.CharField(_("Graph's request id"), max_length=100, blank=True)
    client_request_id = models.CharField(_("our request id"), max_length=100, blank=True)
    details = models.TextField(_("details"), default="{}")
    commitments = models.TextField(_("commitments to personal values"), default="{}")
    previous_hash = models.CharField(_("hash of the entry before"), max_length=64)
    hash = models.CharField(_("hash"), max_length=64)
    key_id = models.CharField(_("signing key"), max_length=16)
    signature = models.CharField(_("signature"), max_length=64)
    # A copy of what the details say, to search by; the proof compares the two.
    bulk_id = models.UUIDField(_("bulk"), null=True, editable=False)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["at", "id"], name="entry_at"),
            models.Index(fields=["action", "at", "id"], name="entry_action"),
            models.Index(fields=["actor_id", "at", "id"], name="entry_actor"),
            models.Index(fields=["call_key"], name="entry_call"),
            models.Index(fields=["graph_id"], name="entry_graph_id"),
            models.Index(fields=["chain_id"], name="entry_chain"),
            models.Index(fields=["attempt_id"], name="entry_attempt"),
            models.Index(fields=["graph_code", "at", "id"], name="entry_graph_code"),
            models.Index(fields=["graph_status", "at", "id"], name="entry_graph_status"),
            models.Index(fields=["request_id"], name="entry_request"),
            models.Index(fields=["client_request_id"], name="entry_client_request"),
            models.Index(fields=["bulk_id"], condition=Q(bulk_id__isnull=False), name="entry_bulk"),
        ]

    def __str__(self) -> str:
        return f"{self.action} #{self.pk}"


class AuditPersonal(AppendOnlyModel):
    """The personal values of one audit entry with the salts of their commitments, apart so that they can be erased.

    `words` is what Graph, or somebody's request, said that this program did not choose: anything may stand in it. Names
    are kept a second time as people search for them: without regard to case.
    """

    entry = models.OneToOneField(
        AuditEntry,
        verbose_name=_("audit entry"),
        primary_key=True,
        db_constraint=False,
        on_delete=models.DO_NOTHING,
        related_name="personal",
    )
    actor_name = models.CharField(_("actor"), max_length=150, blank=True)
    address = models.CharField(_("address"), max_length=64, blank=True)
    caller_name = models.CharField(_("caller"), max_length=200, blank=True)
    caller_id = models.CharField(_("caller id"), max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    words = models.CharField(_("in their own words"), max_length=2000, blank=True, default="", db_default="")
    actor_folded = models.CharField(_("actor, to search for"), max_length=300, blank=True)
    caller_folded = models.CharField(_("caller, to search for"), max_length=300, blank=True)
    salts = models.TextField(_("salts"), default="{}")

    class Meta:
        verbose_name = _("personal values of an audit entry")
        verbose_name_plural = _("personal values of audit entries")
        default_permissions = ()
        indexes = [
            models.Index(fields=["actor_folded"], name="personal_actor"),
            models.Index(fields=["caller_folded"], name="personal_caller"),
            models.Index(fields=["caller_id"], name="personal_caller_id"),
        ]

    def __str__(self) -> str:
        return f"of audit entry #{self.pk}"


class AuditHead(models.Model):
    """The chain's last link, in one row: whoever appends locks it, so entries have one order on every database."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    entries = models.PositiveBigIntegerField(_("entries so far"), default=0)
    last_id = models.PositiveBigIntegerField(_("last entry"), default=0)
    last_hash = models.CharField(_("hash of the last entry"), max_length=64)

    class Meta:
        verbose_name = _("head of the audit chain")
        verbose_name_plural = verbose_name
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="audit_has_one_head")]

    def __str__(self) -> str:
        return f"{self.entries} entries"


class AuditCheckpoint(AppendOnlyModel):
    """A signed statement that the chain had so many entries ending in this hash; cutting the tail contradicts it.

    Retention leaves two more kinds: that the personal values up to this entry were erased, that the entries were cut.
    """

    class Kind(models.TextChoices):
        """What is stated beside the length of the chain."""

        SEAL = "seal", _("nothing more")
        ERASURE = "erasure", _("personal values up to here were erased")
        CUT = "cut", _("entries up to here were removed")

    kind = models.CharField(_("states also"), max_length=16, choices=Kind, default=Kind.SEAL)
    at = models.DateTimeField(_("at"))
    entries = models.PositiveBigIntegerField(_("entries"))
    last_id = models.PositiveBigIntegerField(_("last entry"))
    last_hash = models.CharField(_("hash of the last entry"), max_length=64)
    key_id = models.CharField(_("signing key"), max_length=16)
    signature = models.CharField(_("signature"), max_length=64)

    class Meta:
        verbose_name = _("audit checkpoint")
        verbose_name_plural = _("audit checkpoints")
        ordering = ("-id",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.entries} entries at {self.at:%Y-%m-%d %H:%M:%S} UTC"


class Preferences(models.Model):
    """How one person likes their pages; `calls.preferences` knows the names, the values and the defaults."""

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
    """Which account belongs to which person in Entra ID: an object of a tenant, whatever its name is today."""

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
    """One person who may reject calls and has, or lately had, the live board open at one server process.

    Written by that process every few seconds; of a process that died, the rows are simply not renewed. `shown_at` is
    when a page of theirs was last known to be in view. No constraint on the user: deleting one must not fail for this.
    """

    process_id = models.UUIDField(_("process"))
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
