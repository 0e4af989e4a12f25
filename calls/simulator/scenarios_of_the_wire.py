"""Scenarios of notifications that come in disorder, twice, in another shape, or signed unusually."""

import uuid
from typing import Any

from calls.graph.vocabulary import CallState
from calls.simulator import bodies
from calls.simulator.stage import Scenarios, Stage

ROSTER_MESSAGES = 60
CLOCK_SKEW_SECONDS = 240.0  # less than the five minutes by which clocks may differ
SCENARIOS = Scenarios()


@SCENARIOS.add("out-of-order")
def _out_of_order(stage: Stage) -> None:
    """Established comes before establishing for one call; another one's end comes before its beginning."""
    swapped = stage.ring("Irina Petrova")
    swapped.say(CallState.ESTABLISHED)
    swapped.say(CallState.ESTABLISHING)
    ended = stage.ring("João Carvalho", silent=True)
    ended.hang_up()
    ended.ring()
    stage.pause()
    swapped.hang_up()


@SCENARIOS.add("duplicates")
def _duplicates(stage: Stage) -> None:
    """Every message comes twice, under the same message id."""
    call = stage.ring("Elif Yıldız")
    call.repeat()
    stage.pause()
    call.give_up()
    call.repeat()


@SCENARIOS.add("legacy-first")
def _legacy_first(stage: Stage) -> None:
    """The call is first told in the older Skype shape; after a 204 it is told again in Graph's."""
    call = stage.ring("Tomás Herrera", silent=True)
    call.post(bodies.legacy(call.id, call.source["identity"]["user"]["id"], call.tenant_id))
    if call.deliveries[-1] == 204:
        call.ring()


@SCENARIOS.add("roster-storm")
def _roster_storm(stage: Stage) -> None:
    """An answered call grows to a crowd, with a notification of the whole roster for everyone who joins."""
    call = stage.ring("Amina Diallo")
    call.answer()
    crowd: list[dict[str, Any]] = []
    for number in range(ROSTER_MESSAGES):
        crowd.append(bodies.party("user", f"Participant {number}", str(uuid.uuid4()), call.tenant_id))
        call.roster(*crowd)
    stage.pause()
    call.hang_up()


@SCENARIOS.add("key-rotation")
def _key_rotation(stage: Stage) -> None:
    """The calling service signs with a new key from one notification to the next."""
    stage.ring("Chidi Okonkwo")
    stage.pause()
    stage.simulator.rotate_keys()
    stage.ring("Yael Ben-David יעל")


@SCENARIOS.add("clock-skew")
def _clock_skew(stage: Stage) -> None:
    """The calling service's clock is four minutes ahead of ours, then four minutes behind."""
    signer = stage.simulator.signer
    for caller, skew in (("Марина Орлова", CLOCK_SKEW_SECONDS), ("Oisín Ó Briain", -CLOCK_SKEW_SECONDS)):
        signer.clock_skew = skew
        stage.ring(caller)
        stage.pause()
    signer.clock_skew = 0.0
