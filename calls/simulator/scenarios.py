"""What can happen to a call, by name: each plays one story of the wire, in tests at once, for people at their pace.

The first line of each tells the story. Which stories there are is known from published captures and issue reports of
the calling service; the answers of Graph are those of https://learn.microsoft.com/graph/api/call-reject.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from calls.graph.vocabulary import CallState
from calls.simulator import behaviours, bodies
from calls.simulator.behaviours import Behaviour
from calls.simulator.calls import SimulatedCall
from calls.simulator.service import Service

RECORDED_CALLS = 5
ROSTER_MESSAGES = 60
CLOCK_SKEW_SECONDS = 240.0  # less than the five minutes by which clocks may differ
SLOW_SECONDS = 4.0


@dataclass(slots=True)
class Stage:
    """Where a scenario plays: its simulator, the calls made so far, and the seconds between two acts."""

    simulator: Service
    pace: float = 0.0
    calls: list[SimulatedCall] = field(default_factory=list)

    def ring(
        self, caller: str, *, behaviour: Behaviour = behaviours.LEFT_RINGING, silent: bool = False, **about: Any
    ) -> SimulatedCall:
        """Let somebody call; `silent` keeps the webhook from being told yet."""
        call = self.simulator.prepare(caller, **about)
        self.calls.append(call)
        behaviour.begin(call, self.simulator.timetable.after)
        if not silent:
            call.ring()
        return call

    def pause(self) -> None:
        """Let one act's time pass; not at all in tests, and no longer when the simulator stops."""
        self.simulator.stopping.wait(self.pace)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story with a name, told in one sentence."""

    name: str
    story: str
    play: Callable[[Stage], None]


SCENARIOS: dict[str, Scenario] = {}


def scenario(name: str) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Make a function known as the scenario `name`, with its docstring as the story."""

    def enlist(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
        SCENARIOS[name] = Scenario(name, (play.__doc__ or "").strip(), play)
        return play

    return enlist


# Lives of a call ----------------------------------------------------------------------------------------------------


@scenario("plain")
def _plain(stage: Stage) -> None:
    """Somebody calls and rings until a decision or the end of the window."""
    stage.ring("Ada Lovelace")


@scenario("early-hangup")
def _early_hangup(stage: Stage) -> None:
    """The caller loses patience before anybody decides."""
    call = stage.ring("Grace Hopper", modalities=("audio", "video"))
    stage.pause()
    call.give_up()


@scenario("answered")
def _answered(stage: Stage) -> None:
    """The bot answers, details of the call trickle in, and in the end the caller hangs up."""
    call = stage.ring("Анна Кузнецова", modalities=("audio", "video"))
    stage.pause()
    call.answer()
    stage.pause()
    call.hang_up()


@scenario("missed")
def _missed(stage: Stage) -> None:
    """Nobody decides, and the service gives up."""
    call = stage.ring("Hiroshi Tanaka 田中 宏")
    if stage.pace:
        stage.simulator.stopping.wait(call.window)
    call.expire()


@scenario("policy-recording")
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


@scenario("re-offer")
def _re_offer(stage: Stage) -> None:
    """A call ends while it rings and comes again at once, under a new id in the same chain."""
    first = stage.ring("Дмитрий Соколов")
    stage.pause()
    first.give_up()
    stage.ring("Дмитрий Соколов", chain_id=first.chain_id)


@scenario("transfer-ok")
def _transfer_ok(stage: Stage) -> None:
    """An answered call is transferred to somebody else, and ends for the bot."""
    _transfer(stage, succeed=True)


@scenario("transfer-failed")
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


@scenario("group-invite")
def _group_invite(stage: Stage) -> None:
    """The bot is called into a group call, with its chat and its organizer."""
    organizer = {"user": {"id": str(uuid.uuid4()), "displayName": "Priya Raghunathan"}}
    more = {
        "chatInfo": {"threadId": f"19:meeting_{uuid.uuid4().hex}@thread.v2", "messageId": "0"},
        "meetingInfo": {"@odata.type": "#microsoft.graph.organizerMeetingInfo", "organizer": organizer},
        "subject": "Weekly incident review",
    }
    stage.ring("Priya Raghunathan", modalities=("audio", "video", "videoBasedScreenSharing"), more=more)


# Disorder on the wire -----------------------------------------------------------------------------------------------


@scenario("out-of-order")
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


@scenario("duplicates")
def _duplicates(stage: Stage) -> None:
    """Every message comes twice, under the same message id."""
    call = stage.ring("Elif Yıldız")
    call.repeat()
    stage.pause()
    call.give_up()
    call.repeat()


@scenario("legacy-first")
def _legacy_first(stage: Stage) -> None:
    """The call is first told in the older Skype shape; after a 204 it is told again in Graph's."""
    call = stage.ring("Tomás Herrera", silent=True)
    call.post(bodies.legacy(call.id, call.source["identity"]["user"]["id"], call.tenant_id))
    if call.deliveries[-1] == 204:
        call.ring()


@scenario("roster-storm")
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


@scenario("key-rotation")
def _key_rotation(stage: Stage) -> None:
    """The calling service signs with a new key from one notification to the next."""
    stage.ring("Chidi Okonkwo")
    stage.pause()
    stage.simulator.rotate_keys()
    stage.ring("Yael Ben-David יעל")


@scenario("clock-skew")
def _clock_skew(stage: Stage) -> None:
    """The calling service's clock is four minutes ahead of ours, then four minutes behind."""
    signer = stage.simulator.signer
    for caller, skew in (("Марина Орлова", CLOCK_SKEW_SECONDS), ("Oisín Ó Briain", -CLOCK_SKEW_SECONDS)):
        signer.clock_skew = skew
        stage.ring(caller)
        stage.pause()
    signer.clock_skew = 0.0


# What Graph answers to a reject -------------------------------------------------------------------------------------


@scenario("graph-slow")
def _graph_slow(stage: Stage) -> None:
    """Graph takes four seconds over the reject of this call, then accepts it."""
    _refuse(stage, "Zoë Vandenberghe", status=202, delay=SLOW_SECONDS)


@scenario("graph-429")
def _graph_429(stage: Stage) -> None:
    """Graph is asked too often: it wants 2.128 seconds of quiet, then accepts the reject."""
    _refuse(
        stage, "Katarzyna Żak", status=429, code="TooManyRequests", message="Too many requests.", retry_after=2.128,
        times=1,
    )  # fmt: skip


@scenario("graph-503")
def _graph_503(stage: Stage) -> None:
    """Graph is unavailable for the first reject of this call and says nothing about when to come back."""
    _refuse(
        stage, "Lê Thị Mai", status=503, code="serviceNotAvailable", message="The service is unavailable.",
        shape="odata", times=1,
    )  # fmt: skip


@scenario("graph-401")
def _graph_401(stage: Stage) -> None:
    """Graph refuses the token of the first reject of this call; a fresh one is accepted."""
    text = "Access token has expired or is not yet valid."
    _refuse(
        stage, "Сергей Ильин", status=401, code="InvalidAuthenticationToken", message=text, shape="odata", times=1
    )  # fmt: skip


@scenario("graph-403-7500")
def _graph_7500(stage: Stage) -> None:
    """Graph refuses with 7500: a token for a person was used where only the app's will do."""
    _refuse(stage, "Nguyễn Văn An", status=403, code="7500", message="Unsupported AAD Identity.")


@scenario("graph-403-7503")
def _graph_7503(stage: Stage) -> None:
    """Graph refuses with 7503, wrapped in an UnknownError: calling is not enabled for the bot."""
    text = "Application is not registered in our store."
    _refuse(stage, "Bartłomiej Wiśniewski", status=403, code="7503", message=text, shape="wrapped")


@scenario("graph-403-7504")
def _graph_7504(stage: Stage) -> None:
    """Graph refuses with 7504: nobody consented to the app's permissions in the tenant."""
    text = "Insufficient enterprise tenant permissions, cannot access this API."
    _refuse(stage, "Sofia Lindqvist (Fabrikam)", kind="guest", status=403, code="7504", message=text)


@scenario("graph-403-7505")
def _graph_7505(stage: Stage) -> None:
    """Graph refuses with 7505: the token is for another tenant than the call."""
    _refuse(stage, "Томас Андерсон", kind="guest", status=403, code="7505",
            message="Request authorization tenant mismatch.")  # fmt: skip


@scenario("graph-404")
def _graph_404(stage: Stage) -> None:
    """The call is over at Graph, but the notification that says so is late: a reject finds nothing."""
    call = stage.ring("Maximiliane von Hohenstein-Oberndorff", behaviour=behaviours.STILL)
    call.vanish()
    stage.simulator.timetable.after(call.window, call.tell_end)


@scenario("dropped-before")
def _dropped_before(stage: Stage) -> None:
    """The connection breaks before Graph reads the first reject of this call; the call rings on."""
    call = stage.ring("Guest from reception", kind="guest", silent=True)
    stage.simulator.faults.drop_reject(before=True, times=1, call_id=call.id)
    call.ring()


@scenario("dropped-after")
def _dropped_after(stage: Stage) -> None:
    """Graph rejects the call, but the connection breaks before the answer is through."""
    call = stage.ring("+442079460123", kind="phone", caller_id="+442079460123", silent=True)
    stage.simulator.faults.drop_reject(after=True, times=1, call_id=call.id)
    call.ring()


@scenario("token-down")
def _token_down(stage: Stage) -> None:
    """For the window of this call the identity service is down, for everybody, and Graph wants a fresh token."""
    simulator = stage.simulator
    simulator.faults.token(status=503)
    call = _refuse(stage, "Ирина Белова", status=401, code="InvalidAuthenticationToken", shape="odata")
    simulator.timetable.after(call.window, lambda: simulator.faults.token(status=0))


def _refuse(stage: Stage, caller: str, *, kind: str = "user", **fault: Any) -> SimulatedCall:
    call = stage.ring(caller, kind=kind, silent=True)
    stage.simulator.faults.reject(call_id=call.id, **fault)
    call.ring()
    return call
