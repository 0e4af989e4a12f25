"""Scenarios of what Graph answers to a reject.

The answers are those of https://learn.microsoft.com/graph/api/call-reject and of published issue reports.
"""

from typing import Any

from calls.simulator import behaviours
from calls.simulator.calls import SimulatedCall
from calls.simulator.stage import Scenarios, Stage

SLOW_SECONDS = 4.0
SCENARIOS = Scenarios()


@SCENARIOS.add("graph-slow")
def _graph_slow(stage: Stage) -> None:
    """Graph takes four seconds over the reject of this call, then accepts it."""
    _refuse(stage, "Zoë Vandenberghe", status=202, delay=SLOW_SECONDS)


@SCENARIOS.add("graph-429")
def _graph_429(stage: Stage) -> None:
    """Graph is asked too often: it wants 2.128 seconds of quiet, then accepts the reject."""
    _refuse(
        stage, "Katarzyna Żak", status=429, code="TooManyRequests", message="Too many requests.", retry_after=2.128,
        times=1,
    )  # fmt: skip


@SCENARIOS.add("graph-503")
def _graph_503(stage: Stage) -> None:
    """Graph is unavailable for the first reject of this call and says nothing about when to come back."""
    _refuse(
        stage, "Lê Thị Mai", status=503, code="serviceNotAvailable", message="The service is unavailable.",
        shape="odata", times=1,
    )  # fmt: skip


@SCENARIOS.add("graph-401")
def _graph_401(stage: Stage) -> None:
    """Graph refuses the token of the first reject of this call; a fresh one is accepted."""
    text = "Access token has expired or is not yet valid."
    _refuse(
        stage, "Сергей Ильин", status=401, code="InvalidAuthenticationToken", message=text, shape="odata", times=1
    )  # fmt: skip


@SCENARIOS.add("graph-403-7500")
def _graph_7500(stage: Stage) -> None:
    """Graph refuses with 7500: a token for a person was used where only the app's will do."""
    _refuse(stage, "Nguyễn Văn An", status=403, code="7500", message="Unsupported AAD Identity.")


@SCENARIOS.add("graph-403-7503")
def _graph_7503(stage: Stage) -> None:
    """Graph refuses with 7503, wrapped in an UnknownError: calling is not enabled for the bot."""
    text = "Application is not registered in our store."
    _refuse(stage, "Bartłomiej Wiśniewski", status=403, code="7503", message=text, shape="wrapped")


@SCENARIOS.add("graph-403-7504")
def _graph_7504(stage: Stage) -> None:
    """Graph refuses with 7504: nobody consented to the app's permissions in the tenant."""
    text = "Insufficient enterprise tenant permissions, cannot access this API."
    _refuse(stage, "Sofia Lindqvist (Fabrikam)", kind="guest", status=403, code="7504", message=text)


@SCENARIOS.add("graph-403-7505")
def _graph_7505(stage: Stage) -> None:
    """Graph refuses with 7505: the token is for another tenant than the call."""
    _refuse(stage, "Томас Андерсон", kind="guest", status=403, code="7505",
            message="Request authorization tenant mismatch.")  # fmt: skip


@SCENARIOS.add("graph-404")
def _graph_404(stage: Stage) -> None:
    """The call is over at Graph, but the notification that says so is late: a reject finds nothing."""
    call = stage.ring("Maximiliane von Hohenstein-Oberndorff", behaviour=behaviours.STILL)
    call.vanish()
    stage.simulator.timetable.after(call.window, call.tell_end)


@SCENARIOS.add("dropped-before")
def _dropped_before(stage: Stage) -> None:
    """The connection breaks before Graph reads the first reject of this call; the call rings on."""
    call = stage.ring("Guest from reception", kind="guest", silent=True)
    stage.simulator.faults.drop_reject(before=True, times=1, call_id=call.id)
    call.ring()


@SCENARIOS.add("dropped-after")
def _dropped_after(stage: Stage) -> None:
    """Graph rejects the call, but the connection breaks before the answer is through."""
    call = stage.ring("+442079460123", kind="phone", caller_id="+442079460123", silent=True)
    stage.simulator.faults.drop_reject(after=True, times=1, call_id=call.id)
    call.ring()


@SCENARIOS.add("token-down")
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
