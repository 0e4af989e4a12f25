"""Scenarios of how a call goes on: decided, given up, answered, missed, transferred, recorded."""

import uuid

from calls.simulator.calls import SimulatedCall
from calls.simulator.stage import Scenarios, Stage

RECORDED_CALLS = 5
SCENARIOS = Scenarios()


@SCENARIOS.add("plain")
def _plain(stage: Stage) -> None:
    """Somebody calls and rings until a decision or the end of the window."""
    stage.ring("Ada Lovelace")


@SCENARIOS.add("early-hangup")
def _early_hangup(stage: Stage) -> None:
    """The caller loses patience before anybody decides."""
    call = stage.ring("Grace Hopper", modalities=("audio", "video"))
    stage.pause()
    call.give_up()


@SCENARIOS.add("answered")
def _answered(stage: Stage) -> None:
    """The bot answers, details of the call trickle in, and in the end the caller hangs up."""
    call = stage.ring("Анна Кузнецова", modalities=("audio", "video"))
    stage.pause()
    call.answer()
    stage.pause()
    call.hang_up()


@SCENARIOS.add("missed")
def _missed(stage: Stage) -> None:
    """Nobody decides, and the service gives up."""
    call = stage.ring("Hiroshi Tanaka 田中 宏")
    if stage.pace:
        stage.simulator.stopping.wait(call.window)
    call.expire()


@SCENARIOS.add("policy-recording")
def _policy_recording(stage: Stage) -> None:
    """One recorded conversation invites the bot with five calls of one chain, five seconds each; one dies at once."""
    chain_id, user_id = str(uuid.uuid4()), str(uuid.uuid4())
    context = {"observedParticipantId": user_id, "sourceParticipantId": str(uuid.uuid4())}
    calls = [
        stage.ring("Fatima al-Sayed", chain_id=chain_id, more={"incomingContext": context})
        for _ in range(RECORDED_CALLS)
    ]
    stage.pause()
    calls[-1].give_up()


@SCENARIOS.add("re-offer")
def _re_offer(stage: Stage) -> None:
    """A call ends while it rings and comes again at once, under a new id in the same chain."""
    first = stage.ring("Дмитрий Соколов")
    stage.pause()
    first.give_up()
    stage.ring("Дмитрий Соколов", chain_id=first.chain_id)


@SCENARIOS.add("transfer-ok")
def _transfer_ok(stage: Stage) -> None:
    """An answered call is transferred to somebody else, and ends for the bot."""
    _transfer(stage, succeed=True)


@SCENARIOS.add("transfer-failed")
def _transfer_failed(stage: Stage) -> None:
    """A transfer fails: the call goes back from transferring to established, and ends later."""
    call = _transfer(stage, succeed=False)
    stage.pause()
    call.hang_up()


def _transfer(stage: Stage, *, succeed: bool) -> SimulatedCall:
    call = stage.ring("Giulia Ferrari")
    stage.pause()
    call.answer()
    stage.pause()
    call.transfer(succeed=succeed)
    return call


@SCENARIOS.add("group-invite")
def _group_invite(stage: Stage) -> None:
    """The bot is called into a group call, with its chat and its organizer."""
    organizer = {"user": {"id": str(uuid.uuid4()), "displayName": "Priya Raghunathan"}}
    more = {
        "chatInfo": {"threadId": f"19:meeting_{uuid.uuid4().hex}@thread.v2", "messageId": "0"},
        "meetingInfo": {"@odata.type": "#microsoft.graph.organizerMeetingInfo", "organizer": organizer},
        "subject": "Weekly incident review",
    }
    stage.ring("Priya Raghunathan", modalities=("audio", "video", "videoBasedScreenSharing"), more=more)
