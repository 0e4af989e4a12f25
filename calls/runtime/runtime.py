"""The runtime: the parts of one server process that run beside its requests, made once.

`manage.py serve` or ASGI's lifespan starts it; under a server that does neither, the first request does.
"""

import asyncio
import contextvars
import gc
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, fields
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from calls import build
from calls.accounts import failed_logins, permissions
from calls.audit import settings_audit
from calls.db.threads import DatabaseThread
from calls.db.wal import Checkpointer
from calls.graph import http
from calls.graph.answers import GraphError
from calls.graph.bearer import CallbackVerifier
from calls.graph.client import GraphClient
from calls.graph.credentials import Credentials
from calls.graph.sign_in import SignIn
from calls.graph.signing_keys import KeySet
from calls.ingest.writer import Writer
from calls.live.board import Board
from calls.live.change_bus import ChangeBus
from calls.live.presence_tracker import PresenceTracker
from calls.runtime.background import BackgroundJobs

logger = logging.getLogger(__name__)

WARM_SECONDS = 60.0
WARM_RETRY_SECONDS = 5.0
RECORD_RETRY_SECONDS = 5.0
FAILURES_SECONDS = 15.0
# Stopping may take ten seconds in all, of which the server needs a part.
DRAIN_SECONDS = 4.5
LET_GO_SECONDS = 1.0


class StartFailed(Exception):
    """The runtime could not be started; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Threads:
    """The database threads of one process, one for each part whose queries must not wait for another's."""

    writer: DatabaseThread = field(default_factory=lambda: DatabaseThread("writer"))
    board: DatabaseThread = field(default_factory=lambda: DatabaseThread("board"))
    background: DatabaseThread = field(default_factory=lambda: DatabaseThread("keeper"))
    decisions: DatabaseThread = field(default_factory=lambda: DatabaseThread("decisions", size=4))
    presence: DatabaseThread = field(default_factory=lambda: DatabaseThread("watch"))
    checkpointer: DatabaseThread = field(default_factory=lambda: DatabaseThread("checkpointer"))

    def all(self) -> list[DatabaseThread]:
        """Return every thread."""
        return [getattr(self, part.name) for part in fields(self)]


class Runtime:
    """The parts of one process, their start and their end. Everything here belongs to one event loop.

    Raises UnusableSetting. Creating it opens no connection and starts no thread.
    """

    def __init__(self) -> None:
        context = http.trust(settings.GRAPH_CA_BUNDLE)
        self._client, self._token_client = http.async_client(context), http.client(context)
        self.keys = KeySet(settings.GRAPH_CALLBACK_METADATA_URL, self._client)
        self.verifier = CallbackVerifier(
            self.keys,
            audience=settings.GRAPH_APP_ID,
            issuers=settings.GRAPH_CALLBACK_ISSUERS,
            tenants=settings.GRAPH_TENANTS,
        )
        self._credentials = Credentials(
            app_id=settings.GRAPH_APP_ID,
            secret=settings.GRAPH_CLIENT_SECRET,
            certificate=settings.GRAPH_CLIENT_CERTIFICATE,
            authority=settings.GRAPH_AUTHORITY,
            graph_url=settings.GRAPH_BASE_URL,
            client=self._token_client,
            tenants=settings.GRAPH_TENANTS,
        )
        self.sign_in = SignIn(
            app_id=settings.GRAPH_APP_ID,
            secret=settings.GRAPH_CLIENT_SECRET,
            certificate=settings.GRAPH_CLIENT_CERTIFICATE,
            authority=settings.GRAPH_AUTHORITY,
            tenant_id=settings.GRAPH_TENANT_ID,
            client=self._token_client,
        )
        self.graph = GraphClient(
            base_url=settings.GRAPH_BASE_URL,
            calls_path=settings.GRAPH_CALLS_PATH.replace("{id}", settings.GRAPH_APP_ID),
            credentials=self._credentials,
            client=self._client,
            callback_uri=settings.GRAPH_CALLBACK_URI,
        )
        self.threads = Threads()
        self.board = Board(self.threads.board, build.identity())
        self.change_bus = ChangeBus(self.board)
        self.presence = PresenceTracker(self.board, self.threads.presence, self.change_bus.announce_presence)
        self.change_bus.on_presence(self.presence.changed_elsewhere)
        self.writer = Writer(self.threads.writer, self.change_bus.publish)
        self.background = BackgroundJobs(self.threads.background, self.graph, self.change_bus.publish)
        self.checkpointer = Checkpointer(self.threads.checkpointer, lambda: self.writer.written)
        self.decisions: set[asyncio.Task[Any]] = set()
        self.token_problem, self._warmed_at = "No token has been asked for yet.", float("-inf")
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start every part in the running event loop. When one cannot start, those that did are stopped again."""
        try:
            self._start_parts()
        except BaseException:
            ending = asyncio.create_task(self.stop())
            _ending.add(ending)
            ending.add_done_callback(_ending.discard)
            raise
        _tune_garbage_collection()

    def _start_parts(self) -> None:
        for part in (self.writer, self.board, self.change_bus, self.background, self.presence, self.checkpointer):
            part.start()
        self._tasks = [
            asyncio.create_task(_repeat(self._recheck_viewers, settings.SOCKET_RECHECK_SECONDS)),
            asyncio.create_task(_repeat(self._warm, WARM_RETRY_SECONDS)),
            asyncio.create_task(self._record_settings()),
            asyncio.create_task(_repeat(self._record_failures, FAILURES_SECONDS)),
        ]

    def run(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a decision as a task of its own, which continues when its request is cancelled."""
        task = asyncio.create_task(work, context=contextvars.Context())
        self.decisions.add(task)
        task.add_done_callback(self.decisions.discard)
        return task

    async def stop(self) -> bool:
        """Finish decisions and writes in progress, then stop every part; return whether every thread could be closed.

        Takes at most DRAIN_SECONDS and three times LET_GO_SECONDS. A decision without Graph's answer by then is
        recorded as unknown; a notification not written by then was not acknowledged.
        """
        for task in self._tasks:
            task.cancel()
        writing = asyncio.create_task(self.writer.drain())
        _, late = await asyncio.wait([writing, *self.decisions], timeout=DRAIN_SECONDS)
        if late:
            logger.error("Not everything could be finished: %d tasks are given up.", len(late))
            for task in late:
                task.cancel()
            await asyncio.wait(late, timeout=LET_GO_SECONDS)
        leaving = [asyncio.create_task(part.stop()) for part in (self.presence, self.background)]
        await asyncio.wait(leaving, timeout=LET_GO_SECONDS)
        for part in (self.change_bus, self.board, self.checkpointer):
            part.stop()
        closing = [asyncio.create_task(thread.close()) for thread in self.threads.all()]
        _, stuck = await asyncio.wait(closing, timeout=LET_GO_SECONDS)
        self.keys.close()
        self._credentials.close()
        self._token_client.close()
        await self._client.aclose()
        return not stuck

    async def _record_settings(self) -> None:
        """Record which settings changed since the last start; try again until the database accepts it."""
        while True:
            try:
                changed = await self.threads.decisions.run(settings_audit.record_changes)
            except (DatabaseError, InterfaceError):
                logger.exception("Changed settings could not be recorded; it is tried again.")
                await asyncio.sleep(RECORD_RETRY_SECONDS)
            else:
                logger.info("Settings that differ from the last start: %s", ", ".join(changed) or "none")
                return

    async def _record_failures(self) -> None:
        await self.threads.decisions.run(failed_logins.record_expired)

    async def _warm(self) -> None:
        """Fetch signing keys and tokens before the first call needs them."""
        if self.keys.age == float("inf"):
            await self.keys.refresh()
        if not self.token_problem and time.monotonic() - self._warmed_at < WARM_SECONDS:
            return
        problems = _not_configured()
        if not problems:
            tenants = settings.GRAPH_TENANTS
            problems = [problem for tenant in tenants if (problem := await self._token_problem_of(tenant))]
        self.token_problem, self._warmed_at = " ".join(problems), time.monotonic()

    async def _token_problem_of(self, tenant_id: str) -> str:
        try:
            await self.graph.warm(tenant_id)
        except GraphError as error:
            return f"{tenant_id}: {error.answer.code}: {error.answer.message}"
        return ""

    async def _recheck_viewers(self) -> None:
        viewers = self.board.viewers()
        if not viewers:
            return
        watching = {(viewer.session_key, viewer.user_id) for viewer in viewers}
        check = await self.threads.board.run(permissions.check_sessions, watching)
        for viewer in viewers:
            if viewer.session_key in check.signed_out:
                viewer.close(4401)
            elif viewer.user_id in check.without_permission:
                viewer.close(4403)
            elif viewer.may_reject != (viewer.user_id in check.may_reject):
                viewer.may_reject = not viewer.may_reject
                self.board.recount()


def _not_configured() -> list[str]:
    """Return a sentence for each setting without which Graph cannot be asked."""
    needed = {
        "GRAPH_APP_ID is not set.": settings.GRAPH_APP_ID,
        "Neither GRAPH_TENANT_ID nor GRAPH_TENANTS is set.": settings.GRAPH_TENANTS,
        "Neither GRAPH_CLIENT_SECRET nor GRAPH_CLIENT_CERTIFICATE is set.": (
            settings.GRAPH_CLIENT_SECRET or settings.GRAPH_CLIENT_CERTIFICATE
        ),
    }
    return [problem for problem, value in needed.items() if not value]


def _tune_garbage_collection() -> None:
    """Collect cyclic garbage less often, and never among the objects loaded at the start."""
    # Nearly everything is freed by reference counting. With Python's defaults a full collection stops all requests for
    # tens of milliseconds, longer the more calls are on the board.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


async def _repeat(step: Callable[[], Coroutine[Any, Any, None]], seconds: float) -> None:
    while True:
        started = time.monotonic()
        try:
            await step()
        except Exception:
            logger.exception("%s failed; it is tried again.", step.__name__)
        await asyncio.sleep(max(0.0, seconds - (time.monotonic() - started)))


_running: Runtime | None = None
_ending: set[asyncio.Task[bool]] = set()  # held, because the event loop holds no task


def start() -> Runtime:
    """Start this process's runtime in the running event loop and return it; safe to repeat.

    Raises StartFailed, and then nothing runs and the next call tries all of it again.
    """
    global _running
    if _running is None:
        _running = _started()
    return _running


def _started() -> Runtime:
    try:
        made = Runtime()
        made.start()
    except http.UnusableSetting as error:
        raise StartFailed(str(error)) from error
    except Exception as error:
        logger.exception("The parts of this process could not be started.")
        raise StartFailed(f"The dashboard could not start: {type(error).__name__}: {error}") from error
    return made


def running() -> Runtime:
    """Return this process's runtime, after starting it if it is not. Raises StartFailed."""
    return _running or start()


async def stop() -> bool:
    """Stop the runtime, if it was started; return whether every thread could be closed."""
    global _running
    stopping, _running = _running, None
    ends = [*_ending, *([asyncio.create_task(stopping.stop())] if stopping else [])]
    return all(await asyncio.gather(*ends))
