"""What happens although nobody asks for it."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from calls.models import AuditEntry, Call, RejectAttempt
from calls.simulator import Simulator
from tests import bodies
from tests.clients import Browser
from tests.conftest import People
from tests.servers import wait_until

Opener = Callable[[User], Browser]


def let_the_window_close() -> None:
    Call.objects.update(deadline=timezone.now() - timedelta(seconds=1))


def test_an_undecided_call_is_missed_once_and_leaves_the_board(
    graph: Simulator, browser_of: Opener, people: People
) -> None:
    browser = browser_of(people.viewer)
    graph.deliver(bodies.ringing("c-1"))
    key = browser.wait_for("c-1")["key"]
    let_the_window_close()
    wait_until(lambda: key in browser.gone)
    call = Call.objects.get()
    assert call.missed_at is not None
    assert call.state == "incoming", "only Graph's word moves the state"
    assert browser.last_seen(key)["missed_at"] is not None
    assert [entry.action for entry in AuditEntry.objects.filter(call_key=key)] == ["call.missed"]


def test_an_answer_that_comes_late_withdraws_the_missed_mark(
    graph: Simulator, browser_of: Opener, people: People
) -> None:
    browser = browser_of(people.viewer)
    graph.deliver(bodies.ringing("c-1"))
    let_the_window_close()
    wait_until(lambda: Call.objects.get().missed_at)
    graph.deliver(bodies.moved("c-1", "established"))
    assert browser.wait_for("c-1", lambda call: call["state"] == "established")["missed_at"] is None
    actions = AuditEntry.objects.filter(action__startswith="call.").order_by("id").values_list("action", flat=True)
    assert list(actions) == ["call.missed", "call.missed_withdrawn"]


def test_answered_decided_and_ended_calls_are_never_missed(
    graph: Simulator, browser_of: Opener, people: People
) -> None:
    supervisor = browser_of(people.supervisor)
    graph.hold_endings = True
    decided = graph.ring()
    assert supervisor.reject(supervisor.wait_for(decided.id)["key"]).status_code == 202
    graph.deliver(bodies.moved("answered", "established"))
    graph.deliver(bodies.ringing("ended"))
    graph.deliver(bodies.ended("ended"))
    graph.deliver(bodies.ringing("undecided"))
    let_the_window_close()
    wait_until(lambda: Call.objects.filter(missed_at__isnull=False).count())
    assert [call.graph_id for call in Call.objects.filter(missed_at__isnull=False)] == ["undecided"]


def test_an_attempt_a_crash_interrupted_is_recorded_as_unknown(
    graph: Simulator, browser_of: Opener, people: People
) -> None:
    browser = browser_of(people.viewer)
    graph.deliver(bodies.ringing("c-1"))
    RejectAttempt.objects.create(
        call=Call.objects.get(),
        reason="busy",
        actor_id=str(people.supervisor.pk),
        actor_name="supervisor",
        requested_at=timezone.now() - timedelta(minutes=2),
    )
    browser.wait_for("c-1", lambda call: call["decision"] and call["decision"]["outcome"] == "unknown")
    entry = AuditEntry.objects.get(action="reject.unknown")
    assert entry.attempt_id == str(RejectAttempt.objects.get().id)


def test_a_call_graph_gives_up_on_undecided_is_missed_and_one_the_caller_gave_up_on_is_not(graph: Simulator) -> None:
    for call_id in ("lapsed", "left", "decided"):
        graph.deliver(bodies.ringing(call_id))
    Call.objects.exclude(graph_id="left").update(deadline=timezone.now() + timedelta(seconds=0.5))
    decided = Call.objects.get(graph_id="decided")
    RejectAttempt.objects.create(
        call=decided, reason="busy", actor_id="1", actor_name="x", outcome="accepted", requested_at=timezone.now()
    )
    for call_id in ("lapsed", "left", "decided"):
        graph.deliver(bodies.ended(call_id))
    assert [call.graph_id for call in Call.objects.filter(missed_at__isnull=False)] == ["lapsed"]
    assert [entry.graph_id for entry in AuditEntry.objects.filter(action="call.missed")] == ["lapsed"]
