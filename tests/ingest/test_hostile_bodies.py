"""Generated bodies with valid tokens lose nothing; bodies with bad tokens write nothing.

A few hundred of each here; `make fuzz` sends a hundred thousand.
"""

import copy
import json
import os
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from django.db.models import F, Q

from calls.models import AuditEntry, Call, Notification
from calls.simulator import Simulator
from calls.simulator import bodies as captured
from tests import bodies
from tests.servers import Dashboard

HOW_MANY = int(os.environ.get("FUZZ_BODIES", "300"))
SENDERS = 8
IDS = [f"{number:08d}-1111-2222-3333-444444444444" for number in range(20)]


def shapes_of(call_id: str, era: captured.Era) -> list[dict[str, Any]]:
    """Return the notifications of a realistic call in one of the two generations of payloads."""
    path = captured.call_path(call_id, era)
    who = [captured.party(kind, f"A {kind}", f"id-{kind}", "t") for kind in ("user", "guest", "phone", "application")]
    return [
        captured.incoming(
            call_id=call_id,
            era=era,
            source=who[0],
            target=who[3],
            chain_id="chain",
            tenant_id="",
            modalities=("audio", "video"),
            more={"incomingContext": {"observedParticipantId": "p", "transferor": who[1]}},
        ),
        captured.state_change(call_id, era, "established", toneInfo={"sequenceId": 1, "tone": "tone5"}),
        captured.state_change(
            call_id, era, "established", mediaState={"audio": "active"}, transcription={"state": "active"}
        ),
        captured.state_change(call_id, era, "transferring", resultInfo={"code": 500, "subcode": 7117, "message": "x"}),
        captured.state_change(call_id, era, "established", meetingInfo={"token": "eyJhbGciOi.eyJpc3MiOi.c2ln"}),
        captured.roster(call_id, era, who),
        captured.notifications([captured.item("created", f"{path}/contentsharingsessions/7", era, None)], era),
        captured.notifications(
            [
                captured.item(
                    "deleted", f"{path}/operations/7", era, {"status": "Completed", "recordingAccessToken": "x"}
                )
            ],
            era,
        ),
        captured.deleted(call_id, era, (200, 4521, "DiagCode: 0#4521.@")),
        captured.deleted(call_id, era),
    ]


SHAPES = [
    bodies.DOCUMENTED_INCOMING,
    bodies.DOCUMENTED_DELETED,
    *(bodies.ringing(call_id) for call_id in IDS),
    *(bodies.moved(call_id, "established") for call_id in IDS),
    *(bodies.ended(call_id, resultInfo={"code": "200", "subCode": 5001, "message": "x"}) for call_id in IDS),
    *(shape for call_id in IDS[:4] for shape in shapes_of(call_id, "communications")),
    *(shape for call_id in IDS[4:8] for shape in shapes_of(call_id.replace("-", "").upper(), "app")),
    {"value": [shape["value"][0] for shape in (bodies.ringing(IDS[1]), bodies.ended(IDS[1]))]},
    bodies.LEGACY,
]
ODDITIES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**40, 1e308, "", " ", "\x00", "\ud800", "\U0001f4de" * 50, "x" * 3000,
    [], {}, [[]], {"": None}, [None], {"@odata.type": 7}, "null", "9" * 400, "<script>", "/calls//", "calls/%00",
    "eyJhbGciOi.eyJpc3MiOi.c2ln",
]  # fmt: skip


def mutated(chance: random.Random) -> Any:
    """Return a valid body with some members replaced, renamed, duplicated, wrapped or removed."""
    body = copy.deepcopy(chance.choice(SHAPES))
    for _ in range(chance.randint(0, 4)):
        body = mutate(body, chance)
    return body


def mutate(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(list(value))
        return changed_member(value, name, chance)
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        return [mutate(item, chance) if number == place else item for number, item in enumerate(value)]
    return chance.choice(ODDITIES)


def changed_member(value: dict[str, Any], name: str, chance: random.Random) -> dict[str, Any]:
    act = chance.random()
    if act < 0.6:
        return {**value, name: mutate(value[name], chance)}
    if act < 0.75:
        return {other: member for other, member in value.items() if other != name}
    if act < 0.85:
        return {**value, name: [value[name]]}
    return {**value, str(chance.choice(ODDITIES))[:40]: value[name]}


def as_bytes(body: Any, chance: random.Random) -> bytes:
    text = json.dumps(body).encode()
    if chance.random() < 0.03:
        place = chance.randrange(len(text) + 1)
        return text[:place] + bytes([chance.randrange(256)]) + text[place + 1 :]
    return text


def items_in(body: bytes) -> int:
    value = json.loads(body)["value"]
    return len([item for item in value if item is not None]) if isinstance(value, list) else int(value is not None)


def send_all(url: str, requests: list[tuple[bytes, str]]) -> list[int]:
    """Post every (body, token) with limited concurrency; return the statuses in order."""

    def send_some(number: int) -> list[tuple[int, int]]:
        with httpx.Client(timeout=60) as client:
            return [
                (place, client.post(url, content=body, headers={"Authorization": f"Bearer {token}"}).status_code)
                for place, (body, token) in enumerate(requests)
                if place % SENDERS == number
            ]

    with ThreadPoolExecutor(SENDERS) as threads:
        answered = [pair for pairs in threads.map(send_some, range(SENDERS)) for pair in pairs]
    return [status for _, status in sorted(answered)]


def test_whatever_a_body_holds_it_is_never_5xx_and_nothing_acknowledged_is_lost(
    graph: Simulator, dashboard: Dashboard
) -> None:
    chance = random.Random(20261124)
    token = graph.callback_token(exp=int(time.time()) + 24 * 60 * 60)  # however long it takes to send them all
    sent = [(as_bytes(mutated(chance), chance), token) for _ in range(HOW_MANY)]
    statuses = send_all(dashboard.webhook_url, sent)
    counted = Counter(statuses)
    assert set(counted) <= {202, 204, 400, 401}, counted
    assert counted[202] > HOW_MANY / 3, counted
    kept = sum(items_in(body) for (body, _), status in zip(sent, statuses, strict=True) if status == 202)
    assert Notification.objects.count() == kept
    assert not Call.objects.filter(Q(ended_at__lt=F("received_at")) | Q(version__lt=1)).exists()
    assert not Call.objects.exclude(ended_at=None).exclude(state="terminated").exists()
    assert httpx.get(f"{dashboard.url}/readyz").status_code == 200


def bad_token(good: str, chance: random.Random) -> str:
    """Return an invalid token: a part of it replaced, truncated, swapped or invented."""
    header, payload, signature = good.split(".")
    place = chance.randrange(2, len(signature) - 8)
    wrong = "A" if signature[place] != "A" else "B"
    return chance.choice(
        [
            f"{header}.{payload}.{signature[:place]}{wrong}{signature[place + 1 :]}",
            f"{header}.{payload}.",
            f"{header}.{payload}",
            f"{payload}.{header}.{signature}",
            good[: chance.randrange(1, len(good) - 2)],
            "".join(chance.choices("abcdefXYZ012._-", k=chance.randrange(1, 400))),
        ]
    )


def test_no_stranger_writes_a_row(graph: Simulator, dashboard: Dashboard) -> None:
    chance = random.Random(20261125)
    good = graph.callback_token()
    sent = [(as_bytes(mutated(chance), chance), bad_token(good, chance)) for _ in range(HOW_MANY)]
    assert set(send_all(dashboard.webhook_url, sent)) == {401}
    assert not any(model.objects.exists() for model in (Call, Notification, AuditEntry))
