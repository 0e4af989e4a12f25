"""The live board's WebSocket: check the session and right, send a snapshot, then frames until it closes."""

import asyncio
import json
import logging
import time
from typing import Any

from channels.db import database_sync_to_async
from django.contrib.auth.models import User

from calls.accounts import roles
from calls.live.board import Board
from calls.live.viewer import Viewer
from calls.runtime import runtime

logger = logging.getLogger(__name__)

SIGNED_OUT = 4401
NO_RIGHT = 4403
NOT_UNDERSTOOD = 4400  # daphne sends no code below 3000 but 1000
MAX_FRAME_CHARACTERS = 1000


async def live_board(scope: dict, receive: Any, send: Any) -> None:
    """Serve one socket from its handshake to its end."""
    # An ASGI application of its own: the generic consumers of Channels close old database connections, in one shared
    # thread, before every message they receive, and every frame sent here is acknowledged by one.
    if (await receive())["type"] != "websocket.connect":
        return
    # Accepted first: a refusal before that reaches the browser as a bare HTTP 403 that cannot say why.
    await send({"type": "websocket.accept"})
    user = scope["user"]
    if not user.is_authenticated:
        await send({"type": "websocket.close", "code": SIGNED_OUT})
        return
    may_see, may_reject = await _rights_of(user)
    if not may_see:
        await send({"type": "websocket.close", "code": NO_RIGHT})
        return
    board = runtime.running().board
    viewer = Viewer(user.pk, scope["session"].session_key or "", may_reject)
    try:
        # When frames cannot be sent any more the socket ends: a browser would take one that stays open for live.
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(_send_frames(board, viewer, send))
            await _receive_until_closed(board, viewer, receive)
            sending.cancel()
    finally:
        board.leave(viewer)


@database_sync_to_async
def _rights_of(user: User) -> tuple[bool, bool]:
    """Return whether the user may see the board, and whether they may reject calls; costs two queries."""
    return user.has_perm(roles.SEE_BOARD), user.has_perm(roles.REJECT)


async def _send_frames(board: Board, viewer: Viewer, send: Any) -> None:
    await board.attend()
    board.join(viewer)
    try:
        while viewer.close_code is None:
            await viewer.wake.wait()
            while viewer.close_code is None and (frame := board.next_frame(viewer)) is not None:
                await send({"type": "websocket.send", "text": frame})
        await send({"type": "websocket.close", "code": viewer.close_code})
    except OSError:  # the browser has gone; the receiving side gets the disconnect
        logger.debug("A browser left while it was sent a frame.")


async def _receive_until_closed(board: Board, viewer: Viewer, receive: Any) -> None:
    while (message := await receive())["type"] != "websocket.disconnect":
        viewer.heard_at = time.monotonic()
        was_visible = viewer.visible
        if not _take(viewer, message.get("text")):
            viewer.close(NOT_UNDERSTOOD)
        if viewer.visible != was_visible:
            board.recount()


def _take(viewer: Viewer, text: str | None) -> bool:
    """Apply an acknowledgement or a change of visibility; return whether the frame was one of those."""
    try:
        frame = json.loads(text) if text and len(text) <= MAX_FRAME_CHARACTERS else None
    except (ValueError, RecursionError):
        return False
    if not isinstance(frame, dict) or frame.get("type") != "ack":
        return False
    if isinstance(frame.get("visible"), bool):
        viewer.visible = frame["visible"]
    if "visible" not in frame and isinstance(frame.get("revision"), int):
        viewer.acknowledge(frame["revision"])
    return True
