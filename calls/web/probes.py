"""The probes of one process: `/healthz` (alive), `/readyz` (every part works) and `/metrics`."""

import asyncio
import logging
import time
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from calls.db.ping import ping
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
    # Reported, but no reason to be unready: decisions do not depend on it.
    reported = {**parts, "checkpoints_outside": running.background.background_export.problem}
    statuses = {name: problem or "ok" for name, problem in reported.items()}
    document: dict[str, Any] = {"ready": ready, "parts": statuses}
    return JsonResponse(document, status=200 if ready else 503)


@require_safe
@never_cache
async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer this process's metrics in Prometheus' text format."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


async def _database_problem() -> str:
    try:
        await sync_to_async(ping)()
    except (DatabaseError, InterfaceError) as error:
        return f"The database does not answer: {type(error).__name__}."
    return ""


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
    except Exception as error:  # the layer's client raises exceptions of its own
        return f"The channel layer does not answer: {type(error).__name__}."
    return ""


def _keys_problem(running: runtime.Runtime) -> str:
    if running.keys.age == float("inf"):
        return "The keys that sign callbacks have not been fetched."
    if running.keys.age > KEYS_TOO_OLD_SECONDS:
        return "The keys that sign callbacks could not be refreshed for a day."
    return ""
