"""ASGI's lifespan: starts and stops what runs beside the requests, under servers that speak it."""

from typing import Any

from calls import process


async def lifespan(scope: dict, receive: Any, send: Any) -> None:
    """Start with the server, stop with it; have the server end when the start fails."""
    while (message := await receive())["type"] != "lifespan.shutdown":
        if message["type"] == "lifespan.startup":
            try:
                process.start()
            except process.StartFailed as error:
                await process.stop()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
    await process.stop()
    await send({"type": "lifespan.shutdown.complete"})
