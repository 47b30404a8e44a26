"""sendcycle: an open agent-based model of the special educational needs vicious cycle in England."""

from model import compilation  # noqa: F401  first: it says where compiled rules are kept
from model.parameters import Parameters
from model.reforms import NO_CHANGE, Change, Reform, Scenario
from model.results import Result
from model.send_model import SendModel
from model.simulation import simulate, simulate_each

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
