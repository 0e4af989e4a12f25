"""The metrics count each kind of request under its own label."""

import re
from datetime import timedelta

import httpx
from django.utils import timezone

from calls.models import AuditEntry, Call
from calls.simulator import Simulator
from tests.clients import post, signed_in_client
from tests.conftest import People
from tests.servers import Dashboard


def counted(dashboard: Dashboard) -> dict[str, float]:
    """Return the dashboard's counters of requests about calls."""
    told = httpx.get(f"{dashboard.url}/metrics").text
    found = re.findall(r"^calls_(decisions|let_pass|notes)_total(\S*) (\S+)$", told, re.MULTILINE)
    return {name + labels: float(value) for name, labels, value in found}


def growth(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Return the difference of two readings."""
    return {name: grown for name, value in after.items() if (grown := value - before.get(name, 0))}


def test_what_is_turned_away_counts_as_what_was_asked_for(
    graph: Simulator, dashboard: Dashboard, people: People
) -> None:
    graph.ring()
    Call.objects.update(deadline=timezone.now() + timedelta(hours=1))  # or a busy machine adds an entry about a miss
    key = Call.objects.get().public_id
    with signed_in_client(dashboard, "viewer") as viewer, signed_in_client(dashboard, "supervisor") as supervisor:
        before = counted(dashboard)
        assert post(viewer, f"/calls/{key}/note/", {"note": "calls daily"}).status_code == 403
        assert post(supervisor, f"/calls/{key}/note/", {"note": ""}).status_code == 422
        assert post(supervisor, f"/calls/{key}/note/", {"note": "too early"}).status_code == 409
        assert growth(before, counted(dashboard)) == {}, "neither a rejection nor a note that was added"
        assert post(viewer, f"/calls/{key}/pass/").status_code == 403
        assert growth(before, counted(dashboard)) == {'let_pass{outcome="not_allowed"}': 1.0}
        assert post(viewer, f"/calls/{key}/reject/", {"reason": "busy"}).status_code == 403
        assert post(supervisor, f"/calls/{key}/reject/", {"reason": "dull"}).status_code == 422
    refused = {f'decisions{{outcome="{outcome}"}}': 1.0 for outcome in ("not_allowed", "bad_request")}
    assert growth(before, counted(dashboard)) == {'let_pass{outcome="not_allowed"}': 1.0, **refused}
    assert AuditEntry.objects.exclude(action="account.signed_in").count() == 6
