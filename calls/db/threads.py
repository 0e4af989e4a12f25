"""Threads for database work outside requests, each with a database connection that stays open.

Without them all such code would share asgiref's one thread, where a slow query stalls everything else.
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
    """A pool of one or a few threads for synchronous database work, with persistent connections.

    A connection that broke is closed, and Django opens a new one at the next query.
    """

    def __init__(self, name: str, size: int = 1) -> None:
        self._size = size
        self._executor = ThreadPoolExecutor(max_workers=size, thread_name_prefix=name)

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` in a thread of the pool; return its result or raise its exception."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: _attempt(work, *args, **kwargs))

    async def close(self) -> None:
        """Finish the work in progress, then close the connections and end the threads."""
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
    # `connection` is thread-local: this must run in the pool's thread, a bound method would close the caller's.
    connection.close()


def _replace_if_broken() -> None:
    """Close a connection that broke while idle, so that the next query does not fail on it."""
    # Only after a pause: the check is a query of its own, which a busy thread would pay for each time.
    idle = time.monotonic() - getattr(_last, "used_at", 0.0)
    if idle > IDLE_SECONDS and connection.connection is not None and not connection.is_usable():
        connection.close()
