"""What a browser sees on `/ws/calls/`."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from calls.accounts import roles
from calls.models import Call
from calls.simulator import Simulator
from tests import bodies
from tests.clients import Browser, open_socket, signed_in_client
from tests.conftest import People, session_key_of
from tests.servers import Dashboard, wait_until

Opener = Callable[[User], Browser]


def next_frame(socket: ClientConnection, kind: str, seconds: float = 12.0) -> dict[str, Any]:
    """Return the next frame of a kind, acknowledging everything on the way."""
    deadline = time.monotonic() + seconds
    while True:
        frame = json.loads(socket.recv(timeout=deadline - time.monotonic()))
        socket.send(json.dumps({"type": "ack", "revision": frame["revision"]}))
        if frame["type"] == kind:
            return frame


def close_code_of(socket: ClientConnection, seconds: float = 12.0) -> int:
    """Read until the server closes; return its code."""
    with pytest.raises(ConnectionClosed):
        next_frame(socket, "never", seconds)
    assert socket.close_code is not None
    return socket.close_code


def test_a_call_is_seen_as_it_rings_is_answered_and_ends(graph: Simulator, browser_of: Opener, people: People) -> None:
    browser = browser_of(people.supervisor)
    graph.deliver(bodies.ringing("c-1", callChainId="chain-1"))
    seen = browser.wait_for("c-1")
    stored = Call.objects.get()
    assert seen["key"] == str(stored.public_id)
    assert seen["source"] == {"kind": "user", "name": "Ada Lovelace", "id": "id-of-Ada Lovelace", "tenant_id": ""}
    assert [target["name"] for target in seen["targets"]] == ["Front desk"]
    assert (seen["chain_id"], seen["state"], seen["direction"]) == ("chain-1", "incoming", "incoming")
    assert (seen["modalities"], seen["decision"]) == (["audio"], None)
    assert seen["deadline"].endswith("Z") and seen["received_at"].endswith("Z")
    graph.deliver(bodies.moved("c-1", "established"))
    assert browser.wait_for("c-1", lambda call: call["state"] == "established")["version"] > seen["version"]
    graph.deliver(bodies.ended("c-1"))
    wait_until(lambda: browser.gone == [seen["key"]])
    assert browser.last_seen(seen["key"])["state"] == "terminated"


def test_the_first_frame_is_a_snapshot_of_every_live_call(graph: Simulator, browser_of: Opener, people: People) -> None:
    for number in range(3):
        graph.deliver(bodies.ringing(f"c-{number}"))
    graph.deliver(bodies.ended("c-1"))
    early = browser_of(people.supervisor)
    wait_until(lambda: {call["graph_id"] for call in early.calls.values()} == {"c-0", "c-2"})
    late = browser_of(people.viewer)
    first = late.frames[0]
    assert first["type"] == "snapshot"
    assert first["server_time"].endswith("Z")
    assert [call["graph_id"] for call in first["calls"]] == ["c-0", "c-2"]


def test_a_board_that_nobody_watches_rests_and_whoever_comes_next_sees_everything(
    graph: Simulator, dashboard: Dashboard, browser_of: Opener, people: People
) -> None:
    graph.deliver(bodies.ringing("c-1"))
    graph.deliver(bodies.ringing("c-2"))
    browser_of(people.viewer).close()
    wait_until(lambda: "calls_live NaN" in httpx.get(f"{dashboard.url}/metrics").text)
    graph.deliver(bodies.ended("c-1"))
    graph.deliver(bodies.ringing("c-3"))
    assert httpx.get(f"{dashboard.url}/readyz").json()["parts"]["board"] == "ok"
    late = browser_of(people.viewer)
    assert [call["graph_id"] for call in late.frames[0]["calls"]] == ["c-2", "c-3"]
    assert "calls_live 2.0" in httpx.get(f"{dashboard.url}/metrics").text
    graph.deliver(bodies.ringing("c-4"))
    late.wait_for("c-4")


def test_a_board_of_many_calls_is_sent_whole(graph: Simulator, browser_of: Opener, people: People) -> None:
    graph.deliver({"value": [bodies.ringing(f"c-{number}")["value"][0] for number in range(120)]})  # more than 64 kB
    viewer = browser_of(people.viewer)
    wait_until(lambda: len(viewer.calls) == 120)
    assert len(browser_of(people.viewer).frames[0]["calls"]) == 120


def test_revisions_grow_with_every_frame_and_heartbeats_come(
    graph: Simulator, browser_of: Opener, people: People
) -> None:
    browser = browser_of(people.viewer)
    graph.deliver(bodies.ringing("c-1"))
    limit = 2 * settings.SOCKET_HEARTBEAT_SECONDS + 1
    beat = wait_until(lambda: [frame for frame in browser.frames if frame["type"] == "heartbeat"], limit)
    assert beat[0]["server_time"].endswith("Z")
    revisions = [frame["revision"] for frame in browser.frames]
    assert revisions == sorted(set(revisions))


def test_several_changes_between_two_frames_arrive_as_one(graph: Simulator, browser_of: Opener, people: People) -> None:
    browser = browser_of(people.viewer)
    items = [body["value"][0] for body in (bodies.ringing("c-1"), bodies.moved("c-1", "established"))]
    graph.deliver({"value": items})
    browser.wait_for("c-1")
    assert [call["state"] for frame in browser.frames for call in frame.get("calls", [])] == ["established"]


def test_a_browser_that_does_not_acknowledge_gets_two_frames_and_later_the_newest_state(
    graph: Simulator, dashboard: Dashboard, browser_of: Opener, people: People
) -> None:
    everything = browser_of(people.supervisor)
    with signed_in_client(dashboard, "viewer") as client, open_socket(dashboard, client) as socket:
        first, second = (json.loads(socket.recv(timeout=12)) for _ in range(2))
        assert (first["type"], second["type"]) == ("snapshot", "heartbeat")

        def ring(number: int) -> None:
            graph.deliver(bodies.ringing(f"c-{number}"))
            everything.wait_for(f"c-{number}")

        ring(1)
        ring(2)
        socket.send(json.dumps({"type": "ack", "revision": second["revision"], "visible": False}))
        ring(3)  # a word about visibility acknowledges nothing
        socket.send(json.dumps({"type": "ack", "revision": second["revision"]}))
        newest = json.loads(socket.recv(timeout=12))
        assert newest["type"] == "snapshot", "nothing was sent meanwhile"
        assert newest["revision"] > second["revision"]
        assert {call["graph_id"] for call in newest["calls"]} == {"c-1", "c-2", "c-3"}


def test_a_signed_out_browser_is_told_so_with_4401(dashboard: Dashboard) -> None:
    with open_socket(dashboard, None) as socket:
        assert close_code_of(socket) == 4401


def test_somebody_without_the_right_is_told_so_with_4403(dashboard: Dashboard, people: People) -> None:
    with signed_in_client(dashboard, "stranger") as client, open_socket(dashboard, client) as socket:
        assert close_code_of(socket) == 4403


def test_a_page_of_another_site_gets_no_socket(dashboard: Dashboard, people: People) -> None:
    with signed_in_client(dashboard, "viewer") as client, pytest.raises(InvalidStatus) as refusal:  # noqa: SIM117
        with open_socket(dashboard, client, origin="https://evil.example"):
            pass
    assert refusal.value.response.status_code == 403


def sign_out(client: httpx.Client, people: People) -> None:
    token = client.cookies["csrftoken"]
    client.post("/accounts/logout/", data={"csrfmiddlewaretoken": token}, headers={"Referer": str(client.base_url)})


def expire_session(client: httpx.Client, people: People) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


def lose_session(client: httpx.Client, people: People) -> None:
    Session.objects.all().delete()


def take_over_session(client: httpx.Client, people: People) -> None:
    mine = Session.objects.get(session_key=client.cookies["sessionid"])
    Session.objects.filter(pk=mine.pk).update(
        session_data=Session.objects.get(session_key=session_key_of(people.colleague)).session_data
    )


def change_password(client: httpx.Client, people: People) -> None:
    people.viewer.set_password("another battery, another horse")
    people.viewer.save()


def disable(client: httpx.Client, people: People) -> None:
    people.viewer.is_active = False
    people.viewer.save()


def take_the_right_away(client: httpx.Client, people: People) -> None:
    roles.assign(people.viewer)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (sign_out, 4401),
        (expire_session, 4401),
        (lose_session, 4401),
        (take_over_session, 4401),
        (change_password, 4401),
        (disable, 4403),
        (take_the_right_away, 4403),
    ],
)
def test_a_socket_closes_within_seconds_of_losing_its_right(
    dashboard: Dashboard, people: People, act: Callable[[httpx.Client, People], None], code: int
) -> None:
    with signed_in_client(dashboard, "viewer") as client, open_socket(dashboard, client) as socket:
        next_frame(socket, "snapshot")
        act(client, people)
        assert close_code_of(socket, settings.SOCKET_RECHECK_SECONDS + 7) == code


def acknowledgement(length: int) -> str:
    """Return a valid acknowledgement of so many characters."""
    ack = '{"type": "ack", "revision": 1, "more": ""}'
    return ack.replace('""', f'"{"x" * (length - len(ack))}"')


@pytest.mark.parametrize("text", ["{", "[]", '"ack"', '{"type": "reject"}', '{"revision": 1}', acknowledgement(1001)])
def test_the_socket_carries_no_commands(dashboard: Dashboard, people: People, text: str) -> None:
    with signed_in_client(dashboard, "supervisor") as client, open_socket(dashboard, client) as socket:
        next_frame(socket, "snapshot")
        socket.send(text)
        assert close_code_of(socket) == 4400


def test_an_acknowledgement_may_have_a_thousand_characters(
    graph: Simulator, dashboard: Dashboard, people: People
) -> None:
    with signed_in_client(dashboard, "viewer") as client, open_socket(dashboard, client) as socket:
        next_frame(socket, "snapshot")
        socket.send(acknowledgement(1000))
        graph.deliver(bodies.ringing("c-1"))
        assert next_frame(socket, "changes")["calls"]


def test_a_change_no_hint_told_of_is_seen_all_the_same(graph: Simulator, browser_of: Opener, people: People) -> None:
    browser = browser_of(people.viewer)
    graph.deliver(bodies.ringing("c-1"))
    key = browser.wait_for("c-1")["key"]
    call = Call.objects.get(public_id=key)  # another process whose hint was lost
    call.modalities, call.version = ["video"], call.version + 1
    call.save()
    browser.wait_for("c-1", lambda seen: seen["modalities"] == ["video"])
    Call.objects.filter(public_id=key).delete()
    wait_until(lambda: key in browser.gone)


def test_everybody_gets_the_same_bytes(graph: Simulator, dashboard: Dashboard, people: People) -> None:
    with ExitStack() as opened:
        clients = [opened.enter_context(signed_in_client(dashboard, name)) for name in ("viewer", "supervisor")]
        sockets = [opened.enter_context(open_socket(dashboard, client)) for client in clients]
        for socket in sockets:
            next_frame(socket, "snapshot")
        graph.deliver(bodies.ringing("c-1"))
        assert len({socket.recv(timeout=5) for socket in sockets}) == 1
