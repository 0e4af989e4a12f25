"""Asking a running simulator to play scenarios: its own addresses, and the other end of them for a command.

A running simulator keeps its address, its authority's file and a pass in `control.json`, readable only by its user.
"""

import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from calls.simulator.scenarios import SCENARIOS

PATH = "/simulator/scenarios"
FILE_NAME = "control.json"


class NotRunning(Exception):
    """No simulator answers for this directory."""


class Refused(Exception):
    """The simulator does not do what it was asked."""


def routes(password: str, play: Callable[[str, float], object]) -> list[Route]:
    """Return the control addresses: one lists the scenarios, one begins one with `play(name, pace)`."""

    def is_allowed(request: Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {password}"

    async def list_scenarios(request: Request) -> Response:
        return JSONResponse({scenario.name: scenario.story for scenario in SCENARIOS.values()})

    async def begin(request: Request) -> Response:
        name = request.path_params["name"]
        if not is_allowed(request):
            return Response(status_code=401)
        if name not in SCENARIOS:
            return JSONResponse({"problem": f"There is no scenario {name!r}."}, status_code=404)
        play(name, float((await request.json()).get("pace", 0.0)))
        return JSONResponse({"story": SCENARIOS[name].story}, status_code=202)

    return [Route(PATH, list_scenarios), Route(f"{PATH}/{{name}}", begin, methods=["POST"])]


def keep(directory: Path, url: str, authority: Path, password: str) -> None:
    """Write down how the simulator that uses this directory can be asked."""
    path = directory / FILE_NAME
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"url": url, "ca": str(authority), "pass": password}))


def drop(directory: Path) -> None:
    """Remove what `keep` wrote."""
    (directory / FILE_NAME).unlink(missing_ok=True)


def play(directory: Path, name: str, pace: float) -> str:
    """Have the simulator that uses `directory` begin a scenario; return the story it tells.

    `pace` is the seconds between two acts. Raises NotRunning, or Refused for a name it does not know.
    """
    try:
        kept: dict[str, Any] = json.loads((directory / FILE_NAME).read_text())
        with httpx.Client(verify=ssl.create_default_context(cafile=kept["ca"]), trust_env=False) as client:
            headers = {"Authorization": f"Bearer {kept['pass']}"}
            answer = client.post(f"{kept['url']}{PATH}/{name}", json={"pace": pace}, headers=headers)
    except (OSError, httpx.TransportError) as error:
        raise NotRunning(f"No simulator runs with the directory {directory}.") from error
    if answer.status_code != 202:
        raise Refused(answer.json()["problem"] if answer.status_code == 404 else f"Answered {answer.status_code}.")
    return str(answer.json()["story"])
