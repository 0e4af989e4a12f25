"""`/healthz`, `/readyz`, `/metrics`: what machines ask about this process."""

import asyncio
import logging
import time
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from calls.runtime import runtime

logger = logging.getLogger(__name__)

KEYS_TOO_OLD_SECONDS = 24 * 60 * 60
BOARD_TOO_OLD_SECONDS = 15.0
ANSWER_SECONDS = 2.0


@require_safe
@never_cache
async def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process answers at all, 503 when its parts could not be started (the log says why)."""
    try:
        runtime.running()
    except runtime.StartFailed:
        logger.exception("This process could not be started.")
        return HttpResponse("not started\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
async def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when every part can do its work, else 503; the body names each part and what is wrong with it."""
    running = runtime.running()
    parts = {
        "database": await _database_problem(),
        "board": _board_problem(running),
        "layer": await _layer_problem(),
        "signing_keys": _keys_problem(running),
        "graph_token": running.token_problem,
    }
    ready = not any(parts.values())
    told = {
        **parts,
        "checkpoints_outside": running.background.background_export.problem,
    }  # worth knowing; decisions go on without
    document: dict[str, Any] = {"ready": ready, "parts": {name: problem or "ok" for name, problem in told.items()}}
    return JsonResponse(document, status=200 if ready else 503)


@require_safe
@never_cache
async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer this process's metrics in Prometheus' text format."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


async def _database_problem() -> str:
    try:
        await sync_to_async(_ask_database)()
    except (DatabaseError, InterfaceError) as error:
        return f"The database does not answer: {type(error).__name__}."
    return ""


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _board_problem(running: runtime.Runtime) -> str:
    if not running.board.is_ready:
        return "The live board is not loaded yet."
    behind = time.monotonic() - running.board.swept_at
    if running.board.swept_at > 0 and behind > BOARD_TOO_OLD_SECONDS:
        return f"The live board was last compared with the database {behind:.0f} seconds ago."
    return ""


async def _layer_problem() -> str:
    if not settings.REDIS_URL:
        return ""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await get_channel_layer().group_send("calls.probe", {"type": "probe"})
    except Exception as error:  # whatever the layer's client raises
        return f"The channel layer does not answer: {type(error).__name__}."
    return ""


def _keys_problem(running: runtime.Runtime) -> str:
    if running.keys.age == float("inf"):
        return "The keys that sign callbacks have not been fetched."
    if running.keys.age > KEYS_TOO_OLD_SECONDS:
        return "The keys that sign callbacks could not be refreshed for a day."
    return ""
