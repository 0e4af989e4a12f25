"""An export through a real server waits for a slow reader and is complete."""

import json
import re
import socket
from pathlib import Path

import pytest
from django.db import transaction

from calls.audit import chain
from calls.audit.actor import SYSTEM
from calls.models import AuditEntry
from tests.clients import signed_in_client
from tests.conftest import People
from tests.servers import Dashboard

ENTRIES, DETAIL = 4_000, "x" * 10_000  # tens of megabytes, more than the system keeps for a connection
MOST_GROWTH_KB = 60_000  # less than the file has, more than two batches of it need


@pytest.fixture
def long_history(people: People) -> None:
    with transaction.atomic():
        for _ in range(ENTRIES):
            chain.append("call.missed_withdrawn", actor=SYSTEM, details={"state": DETAIL})


def memory_kb(dashboard: Dashboard) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{dashboard.pid}/status").read_text())
    assert found
    return int(found[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_reader_that_falls_behind_holds_the_export_back_and_gets_it_whole(
    dashboard: Dashboard, long_history: None
) -> None:
    with signed_in_client(dashboard, "auditor") as client, socket.socket() as slow:
        client.get("/admin/calls/auditentry/").raise_for_status()
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        body = f"form=jsonl&csrfmiddlewaretoken={client.cookies['csrftoken']}"
        before = memory_kb(dashboard)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", dashboard.port))
        slow.sendall(
            (
                f"POST /admin/calls/auditentry/export/ HTTP/1.0\r\nHost: localhost:{dashboard.port}\r\n"
                f"Cookie: {cookies}\r\nReferer: http://localhost:{dashboard.port}/\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )
        first = slow.recv(1000)
        assert first.startswith(b"HTTP/1.") and b" 200 " in first
        for _ in range(60):  # as much time for others as the export would need if nothing held it back
            client.get("/admin/calls/auditentry/").raise_for_status()
        assert memory_kb(dashboard) - before < MOST_GROWTH_KB
        assert not AuditEntry.objects.filter(action="audit.exported").exists(), "it went on without its reader"
        rest = b"".join(iter(lambda: slow.recv(1 << 20), b""))
    seal = json.loads((first + rest).splitlines()[-1])
    started = AuditEntry.objects.get(action="audit.export_started")
    assert seal["seal"]["rows"] == AuditEntry.objects.filter(pk__lt=started.pk).count() > ENTRIES
    assert AuditEntry.objects.filter(action="audit.exported").count() == 1
