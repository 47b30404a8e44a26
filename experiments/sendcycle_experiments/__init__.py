"""Experiments with the model: sweeps, reforms, ensembles, comparison and sensitivity, and the command line.

What a program needs stands here; each name is loaded when it is first used, so that the command line starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers and editors; the table below says the same to Python
    from sendcycle_experiments.analysis import comparison as comparison
    from sendcycle_experiments.analysis import sensitivity as sensitivity
    from sendcycle_experiments.analysis import surrogate as surrogate
    from sendcycle_experiments.app import stories as stories
    from sendcycle_experiments.calibration import forecasting as forecasting
    from sendcycle_experiments.calibration.ensembles import CURRENT as CURRENT
    from sendcycle_experiments.calibration.ensembles import Ensemble as Ensemble
    from sendcycle_experiments.calibration.ensembles import read_ensemble as read_ensemble
    from sendcycle_experiments.paper.registry import FIGURES as FIGURES
    from sendcycle_experiments.paper.registry import make_figures as make_figures
    from sendcycle_experiments.reforms.library import library as library
    from sendcycle_experiments.reforms.programme_cost import programme_money as programme_money
    from sendcycle_experiments.reforms.scenario_files import named_scenarios as named_scenarios
    from sendcycle_experiments.reforms.scenario_files import read_scenario as read_scenario
    from sendcycle_experiments.sweeps.designs import Design as Design
    from sendcycle_experiments.sweeps.progress import RunsBar as RunsBar
    from sendcycle_experiments.sweeps.runner import Progress as Progress
    from sendcycle_experiments.sweeps.runner import sweep as sweep
    from sendcycle_experiments.sweeps.store import Store as Store

# Public name: module, and its name there; a module by itself has none.
PUBLIC = {
    "CURRENT": ("calibration.ensembles", "CURRENT"),
    "Design": ("sweeps.designs", "Design"),
    "Ensemble": ("calibration.ensembles", "Ensemble"),
    "FIGURES": ("paper.registry", "FIGURES"),
    "Progress": ("sweeps.runner", "Progress"),
    "RunsBar": ("sweeps.progress", "RunsBar"),
    "Store": ("sweeps.store", "Store"),
    "comparison": ("analysis.comparison", ""),
    "forecasting": ("calibration.forecasting", ""),
    "library": ("reforms.library", "library"),
    "make_figures": ("paper.registry", "make_figures"),
    "named_scenarios": ("reforms.scenario_files", "named_scenarios"),
    "programme_money": ("reforms.programme_cost", "programme_money"),
    "read_ensemble": ("calibration.ensembles", "read_ensemble"),
    "read_scenario": ("reforms.scenario_files", "read_scenario"),
    "sensitivity": ("analysis.sensitivity", ""),
    "stories": ("app.stories", ""),
    "surrogate": ("analysis.surrogate", ""),
    "sweep": ("sweeps.runner", "sweep"),
}
__all__ = sorted(PUBLIC)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used. Raises AttributeError for any other."""
    if name not in PUBLIC:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    module, attribute = PUBLIC[name]
    loaded = import_module(f"{__name__}.{module}")
    value = globals()[name] = getattr(loaded, attribute) if attribute else loaded
    return value


def __dir__() -> list[str]:
    """Return the public names, which editors complete."""
    return sorted(PUBLIC)
