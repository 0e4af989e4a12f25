"""ASGI's lifespan: starts and stops what runs beside the requests, under servers that speak it."""

from typing import Any

from calls.runtime import runtime


async def lifespan(scope: dict, receive: Any, send: Any) -> None:
    """Start with the server, stop with it; have the server end when the start fails."""
    while (message := await receive())["type"] != "lifespan.shutdown":
        if message["type"] == "lifespan.startup":
            try:
                runtime.start()
            except runtime.StartFailed as error:
                await runtime.stop()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
    await runtime.stop()
    await send({"type": "lifespan.shutdown.complete"})
