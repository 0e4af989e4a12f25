"""Calls that Graph is silent about: asked about before they are called lost."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from calls.models import Call, RejectAttempt
from calls.simulator import Simulator
from tests import bodies
from tests.clients import Browser
from tests.conftest import People
from tests.fixtures.history import actions
from tests.servers import wait_until

Opener = Callable[[User], Browser]


def let_it_be_silent(**how_long: float) -> None:
    Call.objects.update(updated_at=timezone.now() - timedelta(**how_long))


def questions(graph: Simulator) -> list[str]:
    return [request.path for request in graph.requests if request.method == "GET" and "/calls/" in request.path]


def test_an_accepted_rejection_whose_end_was_never_told_is_confirmed_by_asking(
    graph: Simulator, browser_of: Opener, people: People
) -> None:
    supervisor = browser_of(people.supervisor)
    graph.hold_endings = True
    key = supervisor.wait_for(graph.ring().id)["key"]
    assert supervisor.reject(key).status_code == 202
    let_it_be_silent(seconds=30)
    wait_until(lambda: key in supervisor.gone)
    assert RejectAttempt.objects.get().outcome == "confirmed"
    assert actions() == ["reject.requested", "reject.accepted", "call.lost", "reject.confirmed"]


def test_a_rejection_without_an_answer_is_settled_by_asking(
    graph: Simulator, browser_of: Opener, people: People
) -> None:
    supervisor = browser_of(people.supervisor)
    graph.hold_endings = True
    key = supervisor.wait_for(graph.ring().id)["key"]
    graph.faults.drop_reject(after=True)
    assert supervisor.reject(key).status_code == 504
    let_it_be_silent(seconds=30)
    wait_until(lambda: RejectAttempt.objects.get().outcome == "ended_unproved")
    wait_until(lambda: key in supervisor.gone)


def test_a_conversation_that_goes_on_is_left_alone_and_not_asked_about_again_at_once(
    graph: Simulator, browser_of: Opener, people: People
) -> None:
    viewer = browser_of(people.viewer)
    call = graph.ring()
    graph.deliver(bodies.moved(call.id, "established"))
    let_it_be_silent(minutes=55)
    wait_until(lambda: questions(graph))
    wait_until(lambda: Call.objects.get().asked_at)
    assert viewer.wait_for(call.id)["ended_at"] is None
    assert len(questions(graph)) == 1
    assert actions() == []


def test_a_missed_call_that_graph_forgot_is_closed(graph: Simulator) -> None:
    graph.deliver(bodies.ringing("never-known-to-graph"))
    Call.objects.update(missed_at=timezone.now() - timedelta(minutes=2), deadline=timezone.now() - timedelta(minutes=3))
    wait_until(lambda: Call.objects.get().ended_at)
    assert Call.objects.get().state == "terminated"


def test_while_graph_does_not_tell_nothing_is_called_lost(graph: Simulator) -> None:
    call = graph.prepare(tenant="99999999-0000-0000-0000-000000000000")  # Graph answers 403: the token is of another
    graph.deliver(bodies.ringing(call.id))
    Call.objects.update(missed_at=timezone.now() - timedelta(minutes=2), deadline=timezone.now() - timedelta(minutes=3))
    wait_until(lambda: questions(graph))
    assert Call.objects.get().ended_at is None
