"""ASGI's lifespan protocol: starts and stops the runtime under servers that speak it."""

from typing import Any

from calls.runtime import runtime


async def lifespan(scope: dict, receive: Any, send: Any) -> None:
    """Start the runtime with the server and stop it with it; a failed start ends the server."""
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
