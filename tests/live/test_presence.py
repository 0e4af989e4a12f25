"""Who is watching, as every board tells it, and which calls rang in front of nobody, for ever."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from calls.accounts import roles
from calls.audit.messages import sentence
from calls.models import AuditEntry, Call, Presence
from calls.simulator import Simulator
from tests import bodies
from tests.clients import Browser, post, sign_in
from tests.conftest import People
from tests.fixtures.history import actions
from tests.servers import Dashboard, wait_until

Opener = Callable[[User], Browser]


def watching(browser: Browser) -> dict[str, int]:
    """Return what the newest frame that tells it says about who is watching."""
    return [frame["watching"] for frame in browser.frames if "watching" in frame][-1]


def wait_for_watching(browser: Browser, connected: int, visible: int, seconds: float = 10.0) -> None:
    wait_until(lambda: watching(browser) == {"connected": connected, "visible": visible}, seconds)


def let_the_window_close(*graph_ids: str) -> None:
    Call.objects.filter(graph_id__in=graph_ids).update(deadline=timezone.now() - timedelta(milliseconds=1))
    wait_until(lambda: Call.objects.filter(graph_id__in=graph_ids, missed_at=None).count() == 0)


def missed(graph_id: str) -> dict[str, Any]:
    """Return the details of the entry about a call nobody decided."""
    return json.loads(AuditEntry.objects.get(action="call.missed", graph_id=graph_id).details)


def test_every_frame_of_its_own_says_who_watches_how_long_rejecting_takes_and_which_program_it_is(
    calm_watch: None, browser_of: Opener, people: People
) -> None:
    browser = browser_of(people.supervisor)
    beat = wait_until(lambda: [frame for frame in browser.frames if frame["type"] == "heartbeat"])[0]
    for frame in (browser.frames[0], beat):
        assert set(frame["watching"]) == {"connected", "visible"}
        assert frame["reject_seconds"] > 0
        assert len(frame["build"]) == 12
    assert f'data-build="{beat["build"]}"' in browser.client.get("/").text


def test_people_are_counted_not_tabs_and_only_those_who_may_reject(
    calm_watch: None, browser_of: Opener, people: People
) -> None:
    viewer = browser_of(people.viewer)
    first = browser_of(people.supervisor)
    wait_for_watching(viewer, 1, 1)
    second = browser_of(people.supervisor)
    colleague = browser_of(people.colleague)
    wait_for_watching(viewer, 2, 2)
    first.look_away()
    colleague.look_away()
    wait_for_watching(viewer, 2, 1)
    second.look_away()
    wait_for_watching(viewer, 2, 0)
    colleague.look_back()
    wait_for_watching(viewer, 2, 1)
    colleague.close_socket()
    first.close_socket()
    wait_for_watching(viewer, 1, 0)
    second.close_socket()
    wait_for_watching(viewer, 0, 0)


def test_who_loses_the_right_to_reject_counts_no_more(calm_watch: None, browser_of: Opener, people: People) -> None:
    browser = browser_of(people.supervisor)
    wait_for_watching(browser, 1, 1)
    roles.assign(people.supervisor, roles.VIEWERS)
    wait_for_watching(browser, 0, 0)
    roles.assign(people.supervisor, roles.SUPERVISORS)
    wait_for_watching(browser, 1, 1)


def test_a_call_that_rings_in_front_of_somebody_is_watched(
    graph: Simulator, calm_watch: None, browser_of: Opener, people: People
) -> None:
    supervisor = browser_of(people.supervisor)
    graph.deliver(bodies.ringing("c-1"))
    assert supervisor.wait_for("c-1")["watched"] is True
    wait_until(lambda: Call.objects.get().watched_at)
    let_the_window_close("c-1")
    account = people.supervisor.pk
    told = missed("c-1")
    assert (told["watched"], told["connected_accounts"], told["visible_accounts"]) == (True, [account], [account])
    entry = AuditEntry.objects.get(action="call.missed")
    assert sentence(entry).endswith("Supervisors connected: 1, of them with the board in view: 1.")
    assert "supervisor" not in entry.details


def test_a_call_that_rings_in_front_of_nobody_is_marked_so_for_ever(
    graph: Simulator, calm_watch: None, browser_of: Opener, people: People
) -> None:
    viewer, supervisor = browser_of(people.viewer), browser_of(people.supervisor)
    supervisor.look_away()
    wait_for_watching(viewer, 1, 0)
    graph.deliver(bodies.ringing("missed"))
    graph.deliver(bodies.ringing("left"))
    assert viewer.wait_for("missed")["watched"] is False
    viewer.wait_for("left")
    graph.deliver(bodies.ended("left"))
    let_the_window_close("missed")
    supervisor.look_back()
    wait_for_watching(viewer, 1, 1)
    told = missed("missed")
    assert (told["watched"], told["connected_accounts"], told["visible_accounts"]) == (
        False,
        [people.supervisor.pk],
        [],
    )
    assert "none had the board in view" in sentence(AuditEntry.objects.get(action="call.missed"))
    graph.deliver(bodies.ended("missed"))
    wait_until(lambda: Call.objects.filter(ended_at__isnull=False).count() == 2)
    for call in Call.objects.all():
        assert call.watched_at is None
        assert "Rang unseen" in viewer.client.get(f"/calls/{call.public_id}/").text
        assert viewer.last_seen(str(call.public_id))["watched"] is False
    listed = viewer.client.get("/calls/", params={"decision": "unseen"}).text
    assert listed.count('data-label="Caller"') == 2


def test_with_nobody_connected_the_history_says_so(graph: Simulator, calm_watch: None) -> None:
    graph.deliver(bodies.ringing("c-1"))
    let_the_window_close("c-1")
    told = missed("c-1")
    assert (told["connected"], told["visible"], told["watched"]) == (0, 0, False)
    assert sentence(AuditEntry.objects.get(action="call.missed")).endswith(
        "It rang unseen: no supervisor was connected."
    )


def test_who_comes_while_it_rings_has_seen_it(
    graph: Simulator, calm_watch: None, browser_of: Opener, people: People
) -> None:
    graph.deliver(bodies.ringing("c-1"))
    supervisor = browser_of(people.supervisor)
    wait_until(lambda: Call.objects.get().watched_at)
    graph.deliver(bodies.ended("c-1"))
    key = str(Call.objects.get().public_id)
    wait_until(lambda: key in supervisor.gone)
    assert supervisor.last_seen(key)["watched"] is True


def test_a_call_over_at_once_was_seen_all_the_same(
    graph: Simulator, calm_watch: None, browser_of: Opener, people: People
) -> None:
    supervisor = browser_of(people.supervisor)
    wait_for_watching(supervisor, 1, 1)
    for number in range(5):
        graph.deliver(bodies.ringing(f"c-{number}"))
        graph.deliver(bodies.ended(f"c-{number}"))
    wait_until(lambda: Call.objects.filter(watched_at=None).count() == 0)
    wait_until(lambda: len(supervisor.gone) >= 5)
    assert {supervisor.last_seen(key)["watched"] for key in supervisor.gone} == {True}


def test_while_nobody_watches_nothing_is_written(
    graph: Simulator, calm_watch: None, browser_of: Opener, people: People
) -> None:
    viewer = browser_of(people.viewer)
    graph.deliver(bodies.ringing("c-1"))
    version = viewer.wait_for("c-1")["version"]
    beats = len([frame for frame in viewer.frames if frame["type"] == "heartbeat"])
    wait_until(lambda: len([frame for frame in viewer.frames if frame["type"] == "heartbeat"]) > beats)
    assert not Presence.objects.exists()
    assert Call.objects.get().version == version


def test_a_call_that_was_let_pass_runs_out_without_being_called_missed(
    graph: Simulator, calm_watch: None, browser_of: Opener, people: People
) -> None:
    supervisor = browser_of(people.supervisor)
    graph.deliver(bodies.ringing("c-1"))
    key = supervisor.wait_for("c-1")["key"]
    post(supervisor.client, f"/calls/{key}/pass/").raise_for_status()
    let_the_window_close("c-1")
    assert actions() == ["call.let_pass", "call.lapsed"]
    wait_until(lambda: key in supervisor.gone)
    assert "Let pass by supervisor" in supervisor.client.get(f"/calls/{key}/").text
    assert "Rang unseen" not in supervisor.client.get(f"/calls/{key}/").text


@pytest.fixture
def second(
    dashboard: Dashboard, calm_board: None, dashboard_environment: dict[str, str], tmp_path: Path
) -> Iterator[Dashboard]:
    """Another process over the same database."""
    with Dashboard(dashboard_environment, tmp_path / "log") as other:
        other.wait_ready()
        yield other


def test_people_at_another_process_count_and_what_they_see_ring_is_watched(
    graph: Simulator, calm_watch: None, browser_of: Opener, second: Dashboard, people: People
) -> None:
    here = browser_of(people.supervisor)
    here.look_away()
    with ExitStack() as stack:
        there = Browser(second, sign_in(second, "colleague"))
        stack.callback(there.close)
        wait_for_watching(here, 2, 1, seconds=15)
        wait_for_watching(there, 2, 1, seconds=15)
        graph.deliver(bodies.ringing("c-1"))  # delivered to the first
        there.wait_for("c-1")
        wait_until(lambda: Call.objects.get().watched_at)
        let_the_window_close("c-1")
        told = missed("c-1")
        assert told["connected_accounts"] == sorted([people.supervisor.pk, people.colleague.pk])
        assert told["visible_accounts"] == [people.colleague.pk]
        key = str(Call.objects.get().public_id)
        wait_until(lambda: key in here.gone)
        assert here.last_seen(key)["watched"] is True


def test_how_long_rejecting_takes_is_measured(graph: Simulator, second: Dashboard, people: People) -> None:
    browser = Browser(second, sign_in(second, "supervisor"))
    try:
        before = browser.frames[0]["reject_seconds"]
        graph.webhook_url = second.webhook_url
        key = browser.wait_for(graph.ring().id)["key"]
        graph.faults.reject(delay=before + 0.5, status=202, times=1)
        assert browser.reject(key).status_code == 202
        beats = len(browser.frames)
        wait_until(lambda: [frame for frame in browser.frames[beats:] if frame["type"] == "heartbeat"])
        assert [frame for frame in browser.frames if "reject_seconds" in frame][-1]["reject_seconds"] > before + 0.5
    finally:
        browser.close()


def test_people_at_a_process_that_died_count_no_more_after_a_while(
    calm_watch: None, browser_of: Opener, second: Dashboard, people: People
) -> None:
    here = browser_of(people.supervisor)
    there = Browser(second, sign_in(second, "colleague"))
    try:
        wait_for_watching(here, 2, 2, seconds=15)
        second.kill()
        wait_for_watching(here, 1, 1, seconds=2 * settings.PRESENCE_LOST_SECONDS)
    finally:
        there.close()


def test_people_at_a_process_that_is_stopped_are_gone_at_once(
    calm_watch: None, browser_of: Opener, second: Dashboard, people: People
) -> None:
    here = browser_of(people.supervisor)
    there = Browser(second, sign_in(second, "colleague"))
    try:
        wait_for_watching(here, 2, 2, seconds=15)
        second.stop()
        assert Presence.objects.get(user_id=people.colleague.pk).left_at
        wait_for_watching(here, 1, 1)
    finally:
        there.close()
