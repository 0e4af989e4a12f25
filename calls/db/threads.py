"""Threads that talk to the database and keep their connections: of the writer, the board, the keeper, the decisions.

Requests get a thread and a connection each from Django; code that runs beside them would otherwise share one thread,
in which one slow query stalls everything else.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, connection

P = ParamSpec("P")
R = TypeVar("R")

IDLE_SECONDS = 1.0
_last = threading.local()


class DatabaseThread:
    """One thread, or a few, for synchronous database work; connections stay open and are replaced when they break."""

    def __init__(self, name: str, size: int = 1) -> None:
        self._size = size
        self._executor = ThreadPoolExecutor(max_workers=size, thread_name_prefix=name)

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what `work` returns, or raise what it raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: _attempt(work, *args, **kwargs))

    async def close(self) -> None:
        """Finish what was begun, then close connections and threads."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._executor, _close_connection) for _ in range(self._size)))
        self._executor.shutdown(wait=False)


def _attempt(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    _replace_if_broken()
    try:
        return work(*args, **kwargs)
    except (DatabaseError, InterfaceError):
        connection.close_if_unusable_or_obsolete()
        raise
    finally:
        _last.used_at = time.monotonic()


def _close_connection() -> None:
    connection.close()  # of the thread this runs in: looked up any earlier, it would be another thread's


def _replace_if_broken() -> None:
    """Close a connection that broke while nobody used it, so that the next decision is not the one to find out."""
    idle = time.monotonic() - getattr(_last, "used_at", 0.0)
    if idle > IDLE_SECONDS and connection.connection is not None and not connection.is_usable():
        connection.close()
