"""Count in, count out: random acts from two processes at once, and every act has its entries, in one chain, proved.

A short form runs always; `make acts` runs ten thousand (ACTS says how many, and gives the seed its start).
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter

import pytest
from django.db import connection

from calls.audit import checkpoints
from calls.models import AuditEntry, AuditHead, AuditPersonal, Call, RejectAttempt
from tests.conftest import ROOT
from tests.fixtures.history import make_call

ACTS = int(os.environ.get("ACTS", "200"))
THREADS = 4
# Two of these at once. Each act says on standard output which entries it must have left.
WORKER = """
import django; django.setup()
import json, random, sys, threading, uuid
from django.db import connection, transaction
from django.utils import timezone
from calls.accounts import login_audit
from calls.audit import chain, checkpoints
from calls.audit.actor import Actor
from calls.decisions.decision_request import DecisionRequest
from calls.decisions.errors import DecidedByAnother
from calls.decisions.outcomes import settle_by_ending
from calls.decisions.refused_requests import record_refusal
from calls.decisions.reject import RejectCommand, _claim, _record
from calls.graph.answers import Answer
from calls.graph.vocabulary import RejectReason
from calls.models import Call, RejectAttempt

name, acts, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
said, lock = [], threading.Lock()
actor = Actor(name, f"person {name}", "192.0.2.1")
keys = list(Call.objects.values_list("public_id", flat=True))

def say(*actions):
    with lock:
        said.extend(actions)

def reject(chance):
    request = DecisionRequest(chance.choice(keys))
    claimed = _claim(RejectCommand(request, chance.choice(list(RejectReason)), actor, "=note"))
    if isinstance(claimed, DecidedByAnother):
        return say("reject.decided_by_another")
    say("reject.requested")
    outcome, status = chance.choice([("accepted", 202), ("refused", 403), ("unknown", None)])
    answer = Answer(status=status, code="" if status == 202 else "7505", request_id=str(uuid.uuid4()))
    say(f"reject.{_record(actor, claimed, outcome, answer, {})}")

def turned_away(chance):
    record_refusal("reject.not_allowed", [DecisionRequest(chance.choice(keys))], actor, {})
    say("reject.not_allowed")

def sign_in(chance):
    with transaction.atomic():
        chain.append("account.signed_in", actor=actor)
        chain.append("account.signed_out", actor=actor, note="\\\\u0000ü" * chance.randrange(300))
    say("account.signed_in", "account.signed_out")

def fail(chance):
    try:
        with transaction.atomic():
            chain.append("account.changed", actor=actor)
            raise ArithmeticError("the act failed, so its entry must not be there")
    except ArithmeticError:
        pass

def seal(chance):
    checkpoints.sign_chain()

KINDS = [reject, reject, reject, turned_away, sign_in, fail, seal]

def work(number, count):
    chance = random.Random(seed * 1000 + number)
    try:
        for _ in range(count):
            chance.choice(KINDS)(chance)
    finally:
        connection.close()

threads = [threading.Thread(target=work, args=(number, acts // {threads})) for number in range({threads})]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps(said))
"""


@pytest.mark.skipif(connection.vendor == "sqlite" and ACTS > 2_000, reason="ten thousand acts are for PostgreSQL")
def test_every_act_of_two_processes_has_its_entries_in_one_chain(database, product_environment, prove):
    for number in range(max(20, ACTS // 10)):
        make_call(number, deadline=None)
    seed = random.randrange(10**6)
    command = [sys.executable, "-c", WORKER.replace("{threads}", str(THREADS))]
    processes = [
        subprocess.Popen(
            [*command, name, str(ACTS // 2), str(seed + number)],
            cwd=ROOT,
            env=product_environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number, name in enumerate(["7", "8"])
    ]
    told: Counter[str] = Counter()
    for process in processes:
        out, _ = process.communicate()
        assert process.returncode == 0, f"seed {seed}"
        told.update(json.loads(out))
    assert sum(told.values()) > ACTS / 2
    stored = Counter(AuditEntry.objects.values_list("action", flat=True))
    assert stored == told, f"seed {seed}"
    assert AuditPersonal.objects.count() == AuditHead.objects.get().entries == sum(told.values())
    checkpoints.sign_chain()
    proof = prove()
    assert proof.code == 0, f"seed {seed}: {proof.text}"
    assert f"Intact: {sum(told.values()):,} entries" in proof.text
    attempts = Counter(RejectAttempt.objects.exclude(outcome="refused").values_list("call_id", flat=True))
    assert max(attempts.values()) == 1, "one decision per call"
    assert Call.objects.count() == max(20, ACTS // 10)
