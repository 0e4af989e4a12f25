"""Every scenario by name, in the order in which they are listed.

The docstring of each describes it to people. They are known from published captures and issue reports of the calling
service.
"""

from calls.simulator import scenarios_of_calls, scenarios_of_rejects, scenarios_of_the_wire
from calls.simulator.stage import Scenario

SCENARIOS: dict[str, Scenario] = {
    **scenarios_of_calls.SCENARIOS,
    **scenarios_of_the_wire.SCENARIOS,
    **scenarios_of_rejects.SCENARIOS,
}
