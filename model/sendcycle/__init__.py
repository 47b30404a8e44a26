"""sendcycle: an open agent-based model of the special educational needs vicious cycle in England."""

from sendcycle.engine import compilation  # noqa: F401  first: it says where compiled rules are kept
from sendcycle.inputs.parameters import Parameters
from sendcycle.inputs.reforms import NO_CHANGE, Change, Reform, Scenario
from sendcycle.outputs.results import Result
from sendcycle.send_model import SendModel
from sendcycle.simulation import simulate, simulate_each

__version__ = "0.1.0"

__all__ = [
    "NO_CHANGE",
    "Change",
    "Parameters",
    "Reform",
    "Result",
    "Scenario",
    "SendModel",
    "__version__",
    "simulate",
    "simulate_each",
]
