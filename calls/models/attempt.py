"""Reject attempts and the legal transitions between their outcomes."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.graph.vocabulary import RejectReason
from calls.models.transitions import Transitions


class RejectAttempt(models.Model):
    """One request to reject one call, from the click to its outcome. It is also the claim on the call."""

    class Outcome(models.TextChoices):
        """The current or final outcome of an attempt."""

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
    call = models.ForeignKey("calls.Call", verbose_name=_("call"), on_delete=models.PROTECT, related_name="attempts")
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
            # The claim: a call has at most one attempt that is not refused, whichever process inserts the second.
            models.UniqueConstraint(fields=["call"], condition=~Q(outcome="refused"), name="one_decision_per_call")
        ]

    def __str__(self) -> str:
        return f"{self.reason} by {self.actor_name}: {self.outcome}"

    @property
    def holds(self) -> bool:
        """Whether the attempt is the claim on its call, so that no other decision is possible; a refused one is not."""
        return self.outcome != self.Outcome.REFUSED

    def settle(self, outcome: str, at: datetime | None) -> None:
        """Set the next outcome, in memory. Raises IllegalTransition if it may not follow the current one."""
        OUTCOMES.check(self.outcome, outcome)
        self.outcome, self.settled_at = outcome, at

    @property
    def settled_by_end(self) -> str:
        """The outcome after the call's end; empty if the end does not change it."""
        return SETTLED_BY_END.get(self.Outcome(self.outcome), "")


Outcome = RejectAttempt.Outcome
SETTLED_BY_END = {Outcome.ACCEPTED: Outcome.CONFIRMED, Outcome.UNKNOWN: Outcome.ENDED_UNPROVED}
# Graph's responses. One may arrive after the attempt was marked as interrupted, if its process was only suspended.
_ANSWERS = [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.TOO_LATE, Outcome.CALLER_LEFT, Outcome.ENDED_ELSEWHERE]
OUTCOMES = Transitions(
    Outcome,
    initial=Outcome.REQUESTED,
    terminal=[Outcome.CONFIRMED, Outcome.REFUSED, Outcome.TOO_LATE, Outcome.CALLER_LEFT, Outcome.ENDED_ELSEWHERE],
    successors={
        Outcome.REQUESTED: [*_ANSWERS, Outcome.UNKNOWN],
        Outcome.UNKNOWN: [*_ANSWERS, Outcome.ENDED_UNPROVED],
        Outcome.ENDED_UNPROVED: _ANSWERS,
        Outcome.ACCEPTED: [Outcome.CONFIRMED],
    },
)
