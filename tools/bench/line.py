"""A line with latency to a server on this machine: whatever is sent arrives later; a handshake takes a round trip."""

import asyncio
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK_BYTES = 1 << 16


class Line:
    """Listens on `port` while it is entered; a round trip through it takes that many seconds more."""

    port: int

    def __init__(self, server_port: int, round_trip_seconds: float) -> None:
        self._server_port, self._round_trip = server_port, round_trip_seconds
        self._loop = asyncio.new_event_loop()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._listens.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listens.set()
        await self._ended.wait()
        server.close()  # the runner cancels what is still open

    async def _connected(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far, far_out = await asyncio.open_connection("127.0.0.1", self._server_port)
        # This side's handshake took no time; on a real line nothing is sent before it has gone there and back.
        opened_at = self._loop.time() + self._round_trip
        with suppress(asyncio.CancelledError):  # which the listener of Python 3.11 would report as a fault
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._carry(near, far_out, opened_at))
                ways.create_task(self._carry(far, near_out, opened_at))
        near_out.close()
        far_out.close()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, opened_at: float) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.create_task(self._arrive(under_way, target))
        data = b"-"
        while data:
            try:
                data = await source.read(CHUNK_BYTES)
            except ConnectionError:
                data = b""
            under_way.put_nowait((max(self._loop.time(), opened_at) + self._round_trip / 2, data))
        await arriving

    async def _arrive(self, under_way: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(due - self._loop.time())
            if not data:
                target.close()
                return
            target.write(data)
