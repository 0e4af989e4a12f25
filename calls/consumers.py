"""A socket of the live board: who are you → snapshot → frames until you leave.

A bare ASGI application: the generic consumers of Channels close old database connections, in one shared thread, before
every message they take, and each frame sent here is answered by an acknowledgement.
"""

import asyncio
import json
import logging
import time
from typing import Any

from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser, User

from calls import process, roles
from calls.live import Viewer

logger = logging.getLogger(__name__)

SIGNED_OUT = 4401
NO_RIGHT = 4403
NOT_UNDERSTOOD = 4400  # daphne sends no code below 3000 but 1000
MAX_FRAME_CHARACTERS = 1000


async def live_board(scope: dict, receive: Any, send: Any) -> None:
    """Serve one socket from its handshake to its end."""
    if (await receive())["type"] != "websocket.connect":
        return
    # Accepted first: a refusal before that reaches the browser as a bare HTTP 403 that cannot say why.
    await send({"type": "websocket.accept"})
    refused = await _refusal(scope["user"])
    if refused:
        await send({"type": "websocket.close", "code": refused})
        return
    board = process.running().board
    await board.loaded.wait()
    viewer = Viewer(user_id=scope["user"].pk, session_key=scope["session"].session_key or "")
    board.join(viewer)
    sending = asyncio.create_task(_send_frames(board, viewer, send))
    try:
        await _receive_until_closed(viewer, receive)
    finally:
        board.leave(viewer)
        sending.cancel()


async def _refusal(user: User | AnonymousUser) -> int | None:
    if not user.is_authenticated:
        return SIGNED_OUT
    may_see = await database_sync_to_async(user.has_perm)(roles.SEE_BOARD)
    return None if may_see else NO_RIGHT


async def _send_frames(board: Any, viewer: Viewer, send: Any) -> None:
    while viewer.close_code is None:
        await viewer.wake.wait()
        while viewer.close_code is None and (frame := board.next_frame(viewer)) is not None:
            await send({"type": "websocket.send", "text": frame})
    await send({"type": "websocket.close", "code": viewer.close_code})


async def _receive_until_closed(viewer: Viewer, receive: Any) -> None:
    while (message := await receive())["type"] != "websocket.disconnect":
        viewer.heard_at = time.monotonic()
        if not _take(viewer, message.get("text")):
            viewer.close(NOT_UNDERSTOOD)


def _take(viewer: Viewer, text: str | None) -> bool:
    """Take an acknowledgement or a word about visibility; return whether the frame was one of those."""
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
