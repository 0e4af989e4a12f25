"""The live board's socket in the real application without a server: closings, the first frame, acknowledgements."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable

import pytest
from asgiref.sync import sync_to_async
from channels.routing import get_default_application
from channels.testing import WebsocketCommunicator
from django.conf import LazySettings
from django.conf import settings as django_settings

from calls.models import Call
from calls.runtime import runtime
from calls.web.socket import MAX_FRAME_CHARACTERS
from tests.conftest import People, session_key_of
from tests.fixtures.history import make_call

Connect = Callable[..., WebsocketCommunicator]


@pytest.fixture
def session_keys(people: People) -> dict[str, str]:
    """The cookie of a signed-in browser by its person's name."""
    return {user.username: session_key_of(user) for user in (people.supervisor, people.viewer, people.stranger)}


@pytest.fixture
async def connect(session_keys: dict[str, str], settings: LazySettings) -> AsyncIterator[Connect]:
    """Make the socket of somebody's browser, over this process's own parts: `connect("viewer")`."""
    settings.GRAPH_CALLBACK_METADATA_URL = "http://127.0.0.1:9/"  # where nobody listens
    settings.SOCKET_HEARTBEAT_SECONDS = 600.0  # every frame is about calls
    collecting = gc.get_threshold()
    application = get_default_application()
    made: list[WebsocketCommunicator] = []

    def make(username: str = "", path: str = "/ws/calls/", origin: str = "http://localhost") -> WebsocketCommunicator:
        cookie = f"{django_settings.SESSION_COOKIE_NAME}={session_keys[username]}" if username else ""
        headers = [(b"host", b"localhost"), (b"origin", origin.encode()), (b"cookie", cookie.encode())]
        made.append(WebsocketCommunicator(application, path, headers))
        return made[-1]

    yield make
    for socket in made:
        if not socket.future.done():
            await socket.disconnect(timeout=10)
    await runtime.stop()
    gc.set_threshold(*collecting)
    gc.unfreeze()


async def close_code_of(socket: WebsocketCommunicator) -> int:
    """Return the code the socket is closed with, whatever is sent before."""
    while (message := await socket.receive_output(timeout=10))["type"] != "websocket.close":
        pass
    return message["code"]


async def opened(socket: WebsocketCommunicator) -> dict[str, object]:
    """Open a socket and return its first frame."""
    assert await socket.connect(timeout=10) == (True, None)
    return await socket.receive_json_from(timeout=10)


def change(call: Call) -> None:
    """Make a new version of a call, as another process would."""
    Call.objects.filter(pk=call.pk).update(version=call.version + 1)
    call.refresh_from_db()


@pytest.mark.parametrize(("username", "code"), [("", 4401), ("stranger", 4403)])
async def test_a_socket_is_accepted_and_then_closed_with_the_reason(connect: Connect, username: str, code: int) -> None:
    socket = connect(username)
    assert await socket.connect(timeout=10) == (True, None)
    assert await close_code_of(socket) == code


async def test_a_page_of_another_site_is_not_accepted(connect: Connect) -> None:
    accepted, _ = await connect("viewer", origin="https://evil.example").connect(timeout=10)
    assert not accepted


async def test_another_path_has_no_socket(connect: Connect) -> None:
    socket = connect("viewer", path="/ws/elsewhere/")
    await socket.send_input({"type": "websocket.connect"})
    with pytest.raises(ValueError, match="No route found for path 'ws/elsewhere/'"):
        await socket.wait(timeout=10)


async def test_the_first_frame_is_a_snapshot_of_the_live_calls(connect: Connect) -> None:
    call = await sync_to_async(make_call)()
    await sync_to_async(make_call)(2, state="terminated", ended_at=call.received_at)
    first = await opened(connect("viewer"))
    assert first["type"] == "snapshot"
    assert [shown["key"] for shown in first["calls"]] == [str(call.public_id)]


async def test_frames_come_while_they_are_acknowledged_and_the_whole_board_after_a_pause(connect: Connect) -> None:
    call = await sync_to_async(make_call)()
    socket = connect("viewer")
    frames = [await opened(socket)]
    for _ in range(3):
        await sync_to_async(change)(call)
        frames.append(await socket.receive_json_from(timeout=10))
        await socket.send_json_to({"type": "ack", "revision": frames[-1]["revision"]})
    assert [frame["type"] for frame in frames] == ["snapshot", "changes", "changes", "changes"]
    assert [frame["calls"][0]["version"] for frame in frames] == [1, 2, 3, 4]

    await sync_to_async(change)(call)
    await socket.receive_json_from(timeout=10)
    await sync_to_async(change)(call)
    last = await socket.receive_json_from(timeout=10)
    await sync_to_async(change)(call)
    await _until_the_board_knows(call)
    assert await socket.receive_nothing()
    await socket.send_json_to({"type": "ack", "revision": last["revision"]})
    newest = await socket.receive_json_from(timeout=10)
    assert (newest["type"], newest["calls"][0]["version"]) == ("snapshot", 7)


async def _until_the_board_knows(call: Call) -> None:
    async with asyncio.timeout(10):
        while f'"version":{call.version}' not in runtime.running().board.snapshot()[1]:
            await asyncio.sleep(0.01)


def ack_of(characters: int) -> str:
    """Return an acknowledgement of nothing that is so many characters long."""
    bare = json.dumps({"type": "ack", "revision": 0, "more": ""})
    return bare.replace('""', f'"{"x" * (characters - len(bare))}"')


async def test_the_longest_frame_is_taken_and_one_character_more_is_not(connect: Connect) -> None:
    socket = connect("viewer")
    await opened(socket)
    await socket.send_to(text_data=ack_of(MAX_FRAME_CHARACTERS))
    assert await socket.receive_nothing()
    await socket.send_to(text_data=ack_of(MAX_FRAME_CHARACTERS + 1))
    assert await close_code_of(socket) == 4400


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"type": "reject"}', "[" * MAX_FRAME_CHARACTERS])
async def test_what_is_no_acknowledgement_closes_the_socket(connect: Connect, text: str) -> None:
    socket = connect("supervisor")
    await opened(socket)
    await socket.send_input({"type": "websocket.receive", "text": text})
    assert await close_code_of(socket) == 4400


async def test_bytes_close_the_socket(connect: Connect) -> None:
    socket = connect("viewer")
    await opened(socket)
    await socket.send_to(bytes_data=ack_of(100).encode())
    assert await close_code_of(socket) == 4400


async def test_a_page_out_of_view_is_counted_out(connect: Connect) -> None:
    socket = connect("supervisor")
    frame = await opened(socket)
    for visible in (1, 0):
        while frame["watching"] != {"connected": 1, "visible": visible}:
            await socket.send_json_to({"type": "ack", "revision": frame["revision"]})
            frame = await socket.receive_json_from(timeout=10)
        await socket.send_json_to({"type": "ack", "visible": False})
