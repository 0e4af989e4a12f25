"""The least that commits a notification and tells every socket of it: `daphne tools.bench.bare:application`.

No Django: one row of SQLite with the product's durability, committed in a thread, then the body as one frame to each.
"""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Bare:
    """An ASGI application with one table and the sockets that are open."""

    def __init__(self, database_url: str) -> None:
        self._file = database_url.removeprefix("sqlite:///")
        self._database: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._sockets: set[Send] = set()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve a notification, or a socket until it closes."""
        await (self._watch if scope["type"] == "websocket" else self._take)(receive, send)

    async def _take(self, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._store, body)
        for send_frame in list(self._sockets):
            await send_frame({"type": "websocket.send", "text": body})
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    async def _watch(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self._sockets.add(send)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        self._sockets.discard(send)

    def close(self) -> None:
        """Close the database, once what waits is stored."""
        if self._database is not None:
            self._thread.submit(self._database.close).result()
        self._thread.shutdown()

    def _store(self, body: str) -> None:
        if self._database is None:
            self._database = sqlite3.connect(self._file)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.execute("CREATE TABLE IF NOT EXISTS notification (id INTEGER PRIMARY KEY, body TEXT)")
        with self._database:
            self._database.execute("INSERT INTO notification (body) VALUES (?)", [body])


async def _read(receive: Receive) -> str:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body.decode()


application = Bare(os.environ.get("DATABASE_URL", ""))
