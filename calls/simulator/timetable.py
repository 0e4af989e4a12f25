"""Runs functions after a delay, in threads so that none waits for another."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

logger = logging.getLogger(__name__)

Act = Callable[[], object]
THREADS = 16


class Timetable:
    """Scheduled functions, in the order in which they become due. May be used from any thread."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Future[None], Act]] = []
        self._begun: set[Future[None]] = set()
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="simulator")
        self._clock = threading.Thread(target=self._begin_what_is_due, name="simulator-clock", daemon=True)
        self._clock.start()

    def after(self, seconds: float, act: Act) -> Future[None]:
        """Call `act` after `seconds`; return a future that is done afterwards. An exception is only logged."""
        future: Future[None] = Future()
        with self._changed:
            if self._closed:
                _give_up(future)
                return future
            heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._numbers), future, act))
            self._changed.notify()
        return future

    def clear(self) -> None:
        """Cancel what is not due yet, and return when what has begun is done."""
        with self._changed:
            for _, _, future, _ in self._waiting:
                _give_up(future)
            self._waiting.clear()
            begun = set(self._begun)
        wait(begun)

    def close(self) -> None:
        """Cancel what is not due yet, finish what has begun, and accept nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._clock.join()
        self.clear()
        self._threads.shutdown()

    def _begin_what_is_due(self) -> None:
        with self._changed:
            while not self._closed:
                pause = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if pause is None or pause > 0:
                    self._changed.wait(pause)
                else:
                    self._begin()

    def _begin(self) -> None:
        _, _, future, act = heapq.heappop(self._waiting)
        if future.set_running_or_notify_cancel():
            self._begun.add(future)
            self._threads.submit(self._do, future, act)

    def _do(self, future: "Future[None]", act: Act) -> None:
        try:
            act()
        except Exception:
            logger.exception("A simulated act failed.")
        with self._changed:
            self._begun.discard(future)
        future.set_result(None)


def _give_up(future: "Future[None]") -> None:
    future.cancel()
    future.set_running_or_notify_cancel()  # without this, threads that wait for it are not woken
