"""sendcycle: an open agent-based model of the special educational needs vicious cycle in England."""

from sendcycle.engine import compilation  # noqa: F401  first: it says where compiled rules are kept
from sendcycle.errors import SendcycleError
from sendcycle.inputs.parameters import Parameters
from sendcycle.inputs.parameters import declared as declared_parameters
from sendcycle.inputs.reforms import NO_CHANGE, Change, Reform, Scenario
from sendcycle.outputs.results import Result
from sendcycle.send_model import SendModel
from sendcycle.simulation import simulate, simulate_each
from sendcycle.state.agents import Child, Government, IndependentSector, LocalAuthority, School, Tribunal
from sendcycle.state.children import Appeal, Case, Need, SenStatus, Setting

__version__ = "0.1.0"

__all__ = [
    "NO_CHANGE",
    "Appeal",
    "Case",
    "Change",
    "Child",
    "Government",
    "IndependentSector",
    "LocalAuthority",
    "Need",
    "Parameters",
    "Reform",
    "Result",
    "Scenario",
    "School",
    "SenStatus",
    "SendModel",
    "SendcycleError",
    "Setting",
    "Tribunal",
    "__version__",
    "declared_parameters",
    "simulate",
    "simulate_each",
]
