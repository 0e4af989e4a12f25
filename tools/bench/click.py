"""From the click on Reject to the request's arrival at Graph, the claim and its audit entry committed on the way.

The limit is the same request sent by httpx alone, over a connection that stands, as the dashboard's does.
"""

import asyncio
import ssl
import time
import uuid
from collections.abc import Iterator

import httpx

from calls.simulator import Simulator
from tools.bench.ground import Ground, rows
from tools.bench.report import Figure, percentile

RUNS = 3
CLICKS = 40
BODY = {"reason": "busy"}
CSRF = "bench" * 6 + "ab"  # 32 characters, in the cookie and in the header
LIMITS = {0.5: "≤ 5 ms", 0.99: "≤ 25 ms"}


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield what the dashboard adds to a bare request, as percentiles, on each database."""
    databases = {"sqlite": ground.sqlite()}
    if ground.postgresql:
        databases["postgresql"] = ground.new_postgresql()
    for name, database_url in databases.items():
        bare, whole = _in_turns(ground, database_url)
        for share, reach in LIMITS.items():
            what = f"click → request at Graph on {name}, added to a bare httpx POST, p{share * 100:.0f}"
            sides = [[percentile(run, share) * 1e3 for run in side] for side in (whole, bare)]
            added = [run - limit for run, limit in zip(*sides, strict=True)]
            told = f"{sorted(sides[0])[RUNS // 2]:.1f} − {sorted(sides[1])[RUNS // 2]:.1f} ms"
            yield Figure.plain(what, added, reach, "ms", told)


def _in_turns(ground: Ground, database_url: str) -> tuple[list[list[float]], list[list[float]]]:
    cookie = ground.tell(database_url, "people", "Supervisors")["Supervisors"]
    with ground.product(database_url) as server, httpx.Client(base_url=server.url) as browser:
        browser.headers = httpx.Headers(
            {"Accept": "application/json", "Cookie": f"{cookie}; csrftoken={CSRF}", "X-CSRFToken": CSRF}
        )
        ground.simulator.webhook_url = f"{server.url}/api/calls"
        ground.simulator.hold_endings = True
        _click(ground.simulator, database_url, browser)
        bare, whole = [], []
        for _ in range(RUNS):
            bare.append(asyncio.run(_bare(ground.simulator)))
            whole.append(_click(ground.simulator, database_url, browser))
        ground.simulator.forget()
    return bare, whole


async def _bare(simulator: Simulator) -> list[float]:
    """Return the seconds from sending to arrival of requests that httpx sends alone; who asks is of no matter here."""
    context = ssl.create_default_context(cafile=str(simulator.authority))
    headers = {"Authorization": f"Bearer {simulator.callback_token()}", "client-request-id": str(uuid.uuid4())}
    async with httpx.AsyncClient(verify=context) as client:
        taken = []
        for _ in range(CLICKS):
            url = f"{simulator.url}/v1.0/communications/calls/{uuid.uuid4()}/reject"
            started = time.time()
            await client.post(url, json=BODY, headers=headers)
            taken.append(simulator.rejects[-1].received_at - started)
    return taken[1:]


def _click(simulator: Simulator, database_url: str, browser: httpx.Client) -> list[float]:
    """Return the seconds from the click to the arrival of the reject it causes, for calls that ring."""
    calls = [simulator.ring() for _ in range(CLICKS)]
    keys = dict(rows(database_url, "SELECT graph_id, key FROM calls_call"))
    taken = []
    for call in calls:
        started = time.time()
        answer = browser.post(f"/calls/{uuid.UUID(str(keys[call.id]))}/reject/", json=BODY)
        if answer.status_code != 202:
            raise RuntimeError(f"A click was answered {answer.status_code}: {answer.text[:200]}")
        taken.append(simulator.rejects[-1].received_at - started)
    return taken[1:]
