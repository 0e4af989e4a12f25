"""Supervisors under load: a call rings, two of them reject it at the same moment, again and again."""

import threading
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from calls.simulator.calls import SimulatedCall
from tools.faults.place import Place, count, rows

PAUSE_SECONDS = 0.05


class Desk:
    """Supervisors at work; `answers` counts what they were told."""

    def __init__(self, place: Place, database_url: str, supervisors: Sequence[httpx.Client]) -> None:
        self.answers: Counter[int] = Counter()
        self.unanswered = 0
        self._place, self._database_url = place, database_url
        self._clients = supervisors
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> "Desk":
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        with ThreadPoolExecutor(2) as threads:
            while not self._stop.wait(PAUSE_SECONDS):
                call = self._place.simulator.ring()
                if call.deliveries[-1] == 202 and (key := self._key_of(call)):
                    list(threads.map(lambda client, key=key: self._press(client, key), self._clients))

    def _key_of(self, call: SimulatedCall) -> str:
        found = rows(self._database_url, f"SELECT key FROM calls_call WHERE graph_id = '{call.id}'")
        return str(uuid.UUID(str(found[0][0]))) if found else ""

    def _press(self, client: httpx.Client, key: str) -> None:
        status = press(client, key)
        if status:
            self.answers[status] += 1
        else:
            self.unanswered += 1


def press(client: httpx.Client, key: str) -> int:
    """Reject a call as the page does; return the status of the answer, 0 when there was none."""
    headers = {
        "Accept": "application/json",
        "X-CSRFToken": client.cookies["csrftoken"],
        "Referer": str(client.base_url),
    }
    try:
        return client.post(f"/calls/{key}/reject/", json={"reason": "busy"}, headers=headers).status_code
    except httpx.TransportError:
        return 0


def decided_twice(place: Place, database_url: str) -> int:
    """Return how many calls were decided more than once: by Graph's own count of requests, or by the database's."""
    asked = Counter(reject.call_id for reject in place.simulator.rejects)
    held = "SELECT count(*) FROM calls_rejectattempt WHERE outcome <> 'refused' GROUP BY call_id HAVING count(*) > 1"
    return sum(1 for times in asked.values() if times > 1) + len(rows(database_url, held))


def unrecorded(place: Place, database_url: str) -> int:
    """Return how many calls Graph was asked to reject without an entry that was committed before."""
    statement = "SELECT graph_id FROM calls_auditentry WHERE action = 'reject.requested'"
    recorded = {row[0] for row in rows(database_url, statement)}
    return len({reject.call_id for reject in place.simulator.rejects} - recorded)


def decisions(database_url: str) -> int:
    """Return how many attempts there were."""
    return count(database_url, "SELECT count(*) FROM calls_rejectattempt")
