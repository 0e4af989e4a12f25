"""What a person's browser does, without a browser: sign in, hold a socket, press Reject."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from uuid import UUID

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.servers import Dashboard, wait_until

PASSWORD = "correct horse battery staple"


def sign_in(dashboard: Dashboard, username: str, password: str = PASSWORD) -> httpx.Client:
    """Return a client that went through the sign-in page."""
    client = httpx.Client(base_url=dashboard.url, timeout=30, follow_redirects=False)
    client.get("/accounts/login/").raise_for_status()
    form = {"username": username, "password": password, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    answer = client.post("/accounts/login/", data=form, headers={"Referer": dashboard.url})
    assert answer.status_code == 302, f"{username} could not sign in: {answer.status_code}"
    return client


@contextmanager
def signed_in_client(dashboard: Dashboard, username: str) -> Iterator[httpx.Client]:
    """Give a client that went through the sign-in page, and close it in the end."""
    client = sign_in(dashboard, username)
    try:
        yield client
    finally:
        client.close()


def post(client: httpx.Client, path: str, document: Any = None, **more: Any) -> httpx.Response:
    """Post JSON as the page's script does it; `content` among the rest is sent as it is."""
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "X-CSRFToken": client.cookies["csrftoken"],
        "Referer": str(client.base_url),
    }
    content = more.pop("content", json.dumps(document))
    return client.post(path, content=content, headers={**headers, **more})


def press_reject(client: httpx.Client, key: str, **more: Any) -> httpx.Response:
    """Post a rejection with the reason busy, as the page's script does it."""
    headers = {
        "Accept": "application/json",
        "X-CSRFToken": client.cookies["csrftoken"],
        "Referer": str(client.base_url),
    }
    return client.post(f"/calls/{key}/reject/", json={"reason": "busy", **more}, headers=headers)


def open_socket(
    dashboard: Dashboard, client: httpx.Client | None, origin: str | None = None
) -> AbstractContextManager[ClientConnection]:
    """Return what connects a socket of the live board, with the client's cookies, and closes it in the end."""
    cookies = "; ".join(f"{name}={value}" for name, value in (client.cookies.items() if client else ()))
    headers = {"Origin": origin or dashboard.public_url, **({"Cookie": cookies} if cookies else {})}
    return connect(dashboard.socket_url, additional_headers=headers, proxy=None)


class Browser:
    """A signed-in person with the live board open, which folds frames as the page does."""

    def __init__(self, dashboard: Dashboard, client: httpx.Client) -> None:
        self.client = client
        self.calls: dict[str, dict[str, Any]] = {}
        self.frames: list[dict[str, Any]] = []
        self.gone: list[str] = []
        self.close_code: int | None = None
        self._closing = ExitStack()
        self._socket = self._closing.enter_context(open_socket(dashboard, client))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_until(lambda: self.frames or self.close_code)

    def _read(self) -> None:
        try:
            for text in self._socket:
                frame = json.loads(text)
                self._socket.send(json.dumps({"type": "ack", "revision": frame["revision"]}))
                self._fold(frame)
        except ConnectionClosed:
            pass
        self.close_code = self._socket.close_code

    def _fold(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "snapshot":
            self.calls = {}
        for call in frame.get("calls", []):
            self.calls[call["key"]] = call
        for key in frame.get("gone", []):
            self.calls.pop(key, None)
            self.gone.append(key)
        self.frames.append(frame)

    def sees(self, graph_id: str) -> dict[str, Any] | None:
        """Return the call on the board with this Graph id, None when it is not there."""
        return next((call for call in list(self.calls.values()) if call["graph_id"] == graph_id), None)

    def wait_for(self, graph_id: str, condition: Callable[[dict[str, Any]], Any] = bool) -> dict[str, Any]:
        """Return the call once it is on the board and meets the condition."""
        return wait_until(lambda: (call := self.sees(graph_id)) and condition(call) and call)

    def last_seen(self, key: str) -> dict[str, Any]:
        """Return the newest state of a call that any frame carried, whether or not it is still on the board."""
        return [call for frame in self.frames for call in frame.get("calls", []) if call["key"] == key][-1]

    def reject(self, key: str | UUID, reason: str = "busy", **more: Any) -> httpx.Response:
        """Press Reject, as the page's script does it."""
        return post(self.client, f"/calls/{key}/reject/", {"reason": reason, **more})

    def look_away(self) -> None:
        """Put another tab in front."""
        self._say_visible(False)

    def look_back(self) -> None:
        """Put this tab in front."""
        self._say_visible(True)

    def _say_visible(self, visible: bool) -> None:
        revision = self.frames[-1]["revision"]
        self._socket.send(json.dumps({"type": "ack", "revision": revision, "visible": visible}))

    def close_socket(self) -> None:
        """Leave the board, but stay signed in."""
        self._closing.close()
        self._reader.join(timeout=10)

    def close(self) -> None:
        """Close the tab."""
        self.close_socket()
        self.client.close()
