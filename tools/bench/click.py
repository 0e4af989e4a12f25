"""From the click on Reject to the request's arrival at Graph, against a stock Django view on the same kind of database.

Both commit what they are about to do before they ask Graph, over a connection that stands.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx

from calls.simulator import Simulator
from tools.bench.ground import Ground, rows
from tools.bench.report import Figure, percentile

RUNS = 5
CLICKS = 100
CSRF = "bench" * 6 + "ab"  # 32 characters, in the cookie and in the header
LIMITS = {0.5: "≤ 1.5", 0.99: "≤ 2"}


@dataclass(frozen=True, slots=True)
class Side:
    """A server somebody is signed in at, and its address for a reject: made of a column of the call and Graph's id."""

    browser: httpx.Client
    database_url: str
    column: str
    address: Callable[[str, str], str]

    def clicks(self, simulator: Simulator) -> list[float]:
        """Return the seconds from the click to the arrival of the reject it causes, for calls that ring.

        The first is left out: for that one the connection to Graph is made.
        """
        simulator.webhook_url = str(self.browser.base_url.join("/api/calls"))
        ids = [simulator.ring().id for _ in range(CLICKS)]
        names = dict(rows(self.database_url, f"SELECT graph_id, {self.column} FROM calls_call"))
        return [self._click(simulator, self.address(str(names[graph_id]), graph_id), graph_id) for graph_id in ids][1:]

    def _click(self, simulator: Simulator, address: str, graph_id: str) -> float:
        started = time.time()
        answer = self.browser.post(address, json={"reason": "busy"})
        if answer.status_code != 202 or simulator.rejects[-1].call_id != graph_id:
            raise RuntimeError(f"A click was answered {answer.status_code}: {answer.text[:200]}")
        return simulator.rejects[-1].received_at - started


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield the way of a click as percentiles, on each database."""
    databases = {"sqlite": ground.sqlite}
    if ground.postgresql:
        databases["postgresql"] = ground.new_postgresql
    for name, new_database in databases.items():
        taken = _in_turns(ground, new_database(), new_database())
        for share, reach in LIMITS.items():
            what = f"click → request at Graph on {name}, p{share * 100:.0f} in ms ÷ a stock Django view"
            yield Figure.ratio(what, *[[percentile(run, share) * 1e3 for run in side] for side in taken], reach)


def _in_turns(ground: Ground, product_url: str, naive_url: str) -> tuple[list[list[float]], list[list[float]]]:
    ground.simulator.hold_endings = True
    with ExitStack() as stack:
        server = stack.enter_context(ground.product(product_url))
        cookie = ground.tell(product_url, "people", "Supervisors")["Supervisors"]
        product = Side(
            stack.enter_context(_browser(server.url, cookie)),
            product_url,
            "key",
            lambda key, graph_id: f"/calls/{uuid.UUID(key)}/reject/",
        )
        server = stack.enter_context(ground.daphne("tools.bench.naive:application", naive_url))
        cookie = ground.tell(naive_url, "people", "Supervisors", settings="tools.bench.naive_settings")["Supervisors"]
        naive = Side(
            stack.enter_context(_browser(server.url, cookie)),
            naive_url,
            "id",
            lambda number, graph_id: f"/calls/{number}/{graph_id}/reject/",
        )
        for side in (product, naive):
            side.clicks(ground.simulator)  # warm
        turns = [(product.clicks(ground.simulator), naive.clicks(ground.simulator)) for _ in range(RUNS)]
    ground.simulator.forget()
    return [turn[0] for turn in turns], [turn[1] for turn in turns]


def _browser(url: str, cookie: str) -> httpx.Client:
    headers = {"Accept": "application/json", "Cookie": f"{cookie}; csrftoken={CSRF}", "X-CSRFToken": CSRF}
    return httpx.Client(base_url=url, headers=headers, timeout=30)
