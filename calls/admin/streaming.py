"""Streamed responses under ASGI, so that memory stays small and the browser shows progress."""

from collections.abc import AsyncIterator, Generator, Iterator
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

T = TypeVar("T")


async def stream(pieces: Iterator[T]) -> AsyncIterator[T]:
    """Yield what a synchronous iterator yields, computed in the thread and on the connection of the request.

    Under ASGI, Django streams only asynchronous iterators; it would read a synchronous one into memory first.
    """
    try:
        while (piece := await sync_to_async(_next)(pieces)) is not None:
            yield piece
    finally:
        if isinstance(pieces, Generator):
            await sync_to_async(pieces.close)()


def _next(pieces: Iterator[T]) -> T | None:
    return next(pieces, None)


def unbuffered(response: StreamingHttpResponse) -> StreamingHttpResponse:
    """Return the response with headers that keep browsers from storing it and proxies from buffering it."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # understood by nginx
    return response
