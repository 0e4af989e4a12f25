"""The other side of the wire: Microsoft Graph, the identity service, the callback signer, and people who call the bot.

A real HTTPS server with its own certificate authority, keys and tokens, reached only through the documented settings.
For the demo, for training and for tests. Of the product it knows Graph's vocabulary at most.

    with Simulator(directory, webhook_url="http://127.0.0.1:8000/api/calls") as simulator:
        call = simulator.ring("Ada Lovelace")
"""

from calls.simulator import behaviours
from calls.simulator.behaviours import Behaviour
from calls.simulator.calls import SimulatedCall
from calls.simulator.graph import RejectRequest
from calls.simulator.scenarios import SCENARIOS
from calls.simulator.simulator import Simulator

__all__ = ["SCENARIOS", "Behaviour", "RejectRequest", "SimulatedCall", "Simulator", "behaviours"]
