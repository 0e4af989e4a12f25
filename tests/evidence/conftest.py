"""Calls with a history, somebody who owns the database, and an auditor's proof."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, models, transaction
from django.test import Client
from django.utils import timezone

from calls import audit, guards, signing
from calls.models import AuditEntry, AuditHead, Call, Notification, RejectAttempt

ANNA = audit.Actor(id="7", name="anna", address="192.0.2.7")


def make_call(number: int = 1, **fields: object) -> Call:
    """Return a stored call from Nestor Wilke that was received ten seconds ago."""
    received = timezone.now() - timedelta(seconds=10)
    values = {
        "graph_key": f"57dab8b1-{number:04}",
        "graph_id": f"57DAB8B1-{number:04}",
        "chain_id": f"chain-{number}",
        "tenant_id": "contoso",
        "state": "incoming",
        "direction": "incoming",
        "source": {"kind": "user", "name": "Nestor Wilke", "id": "nestor", "tenant_id": "contoso"},
        "received_at": received,
        "deadline": received + timedelta(seconds=15),
        "updated_at": received,
    }
    return Call.objects.create(**(values | fields))


def make_notification(call_id: str | None, number: int = 1, **fields: object) -> Notification:
    """Return a stored notification."""
    values = {
        "call_id": call_id,
        "received_at": timezone.now(),
        "change_type": "created",
        "resource": f"/app/calls/{call_id}",
        "tenant_id": "contoso",
        "message_id": f"message-{number}",
        "body": '{"changeType": "created"}',
        "digest": f"{number:064}",
    }
    return Notification.objects.create(**(values | fields))


def make_attempt(call: Call, **fields: object) -> RejectAttempt:
    """Return Anna's stored attempt on a call."""
    values = {
        "call": call,
        "reason": "busy",
        "note": "calls every hour",
        "actor_id": ANNA.id,
        "actor_name": ANNA.name,
        "requested_at": timezone.now(),
    }
    return RejectAttempt.objects.create(**(values | fields))


def append(action: str, **words: object) -> AuditEntry:
    """Append an entry of Anna's in a transaction of its own."""
    with transaction.atomic():
        return audit.append(action, **{"actor": ANNA, **words})


@pytest.fixture
def several(database) -> list[AuditEntry]:
    """Two rejections by two people on two calls, a missed call, a failed sign-in."""
    first, second, third = make_call(1), make_call(2, source={"name": "Ольга Петрова", "id": "olga"}), make_call(3)
    boris = audit.Actor("8", "boris")
    one, two = make_attempt(first), make_attempt(second, actor_id="8", actor_name="boris", reason="none")
    refusal = audit.GraphAnswer(403, "7503", "Forbidden", "graph-2", "our-2")
    third.missed_at = timezone.now()
    third.save()
    return [
        append("reject.requested", call=first, attempt=one),
        append("reject.accepted", call=first, attempt=one, answer=audit.GraphAnswer(202, request_id="graph-1")),
        append("reject.requested", actor=boris, call=second, attempt=two),
        append("reject.refused", actor=boris, call=second, attempt=two, answer=refusal),
        append("call.missed", actor=audit.SYSTEM, call=third),
        append("account.sign_in_failed", actor=audit.Actor("", "mallory"), details={"attempts": 3}),
    ]


@pytest.fixture
def story(database: None) -> list[AuditEntry]:
    """One rejection as the history tells it: requested, accepted, confirmed."""
    call = make_call()
    attempt = make_attempt(call)
    answer = audit.GraphAnswer(status=202, request_id="graph-request", client_request_id="our-request")
    return [
        append("reject.requested", call=call, attempt=attempt),
        append("reject.accepted", call=call, attempt=attempt, answer=answer),
        append("reject.confirmed", call=call, attempt=attempt),
    ]


def sql(statement: str, *values: object) -> None:
    """Do what somebody with a database client does."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


class Owner:
    """Somebody who owns the database, takes the guards away, and puts them back so that nobody sees."""

    def __enter__(self) -> "Owner":
        guards.lift(connection)
        return self

    def __exit__(self, *error: object) -> None:
        guards.install(connection)


def rewrite(change: Callable[[AuditEntry], None]) -> list[AuditEntry]:
    """Change every entry and chain and sign all of them anew, as somebody does who has the signing key as well."""
    previous, entries = audit.GENESIS, list(AuditEntry.objects.order_by("id"))
    with Owner(), transaction.atomic():
        for entry in entries:
            change(entry)
            entry.previous_hash = previous
            entry.hash = previous = audit.hash_of(entry)
            entry.signature = signing.sign(entry.hash)
            changed = {name: getattr(entry, name) for name in (*audit.CHAINED_FIELDS, "hash", "signature")}
            models.QuerySet(AuditEntry).filter(pk=entry.pk).update(**changed)
    AuditHead.objects.update(last_hash=previous)
    return entries


@dataclass(frozen=True, slots=True)
class Proof:
    """What `manage.py verify_audit` answered."""

    code: int
    text: str


@pytest.fixture
def prove(database: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Proof]:
    """Run `manage.py verify_audit` and return its exit code and everything it printed."""

    def run(*arguments: str) -> Proof:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            call_command("verify_audit", *arguments)
        printed = capsys.readouterr()
        return Proof(int(ended.value.code), printed.out + printed.err)

    return run


@pytest.fixture
def auditor(people, signed_in) -> Client:
    return signed_in(people.auditor)


def page(client: Client, address: str) -> str:
    answer = client.get(f"/admin/calls/{address}")
    assert answer.status_code == 200, address
    return answer.content.decode()


def rows(client: Client, address: str) -> int:
    return page(client, address).count('<th class="field-moment"')
