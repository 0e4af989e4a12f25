"""The audit log: entries, their personal values, the head of the hash chain, signed checkpoints."""

from typing import NoReturn

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class AppendOnlyError(TypeError):
    """A row of an append-only table was to be changed or deleted."""


class AppendOnlyQuerySet(models.QuerySet):
    """A read-only queryset: methods that would change or delete rows raise AppendOnlyError."""

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise AppendOnlyError(
            f"{self.model._meta.verbose_name}: entries are appended by calls.audit.chain and never changed."
        )

    update = delete = bulk_update = bulk_create = _raw_delete = _refuse
    update_or_create = get_or_create = _refuse

    _refuse.alters_data = True  # type: ignore[attr-defined]


class AppendOnlyModel(models.Model):
    """A model whose rows can be inserted but neither changed nor deleted; database triggers enforce the same."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, **kwargs: object) -> None:
        """Insert the row. Raises AppendOnlyError if it exists already."""
        if not self._state.adding:
            raise AppendOnlyError(f"{self._meta.verbose_name} {self.pk} is already written.")
        super().save(force_insert=True)

    def delete(self, **kwargs: object) -> NoReturn:  # type: ignore[override]
        """Raise AppendOnlyError."""
        raise AppendOnlyError(f"{self._meta.verbose_name} {self.pk} cannot be deleted.")


class AuditEntry(AppendOnlyModel):
    """One audited action: what was done, to which call, with what outcome, chained to the entry before.

    Ids and names are copies, not references, so that an entry outlives the rows it refers to. Personal values are in
    AuditPersonal; the hash covers salted commitments to them, so that erasing them does not break the chain.
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
    # A copy of the value in `details`, for the index; verification compares the two.
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
    """The personal values of one audit entry and the salts of their commitments, in a row that can be erased."""

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
    # Text from Graph or from a request that this program did not write: it may contain anything.
    words = models.CharField(_("in their own words"), max_length=2000, blank=True, default="", db_default="")
    # Case-folded copies of the names, to search by.
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
    """The last entry of the chain, in a single row; every append locks it, so that entries have one order."""

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
    """A signed statement of the chain's length and last hash, which reveals a truncated chain.

    Retention writes two more kinds: personal values up to this entry were erased, entries up to it were removed.
    """

    class Kind(models.TextChoices):
        """What a checkpoint states in addition to the chain's length."""

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
