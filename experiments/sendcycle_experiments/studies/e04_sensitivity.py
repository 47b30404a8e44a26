"""e04: a screening of all parameters with a prior (Morris), then Sobol' indices of those that matter most.

The second step varies only the parameters that the first put on top; the others stay at their defaults. So its shares
of variance are shares of what these factors cause together, and no more.
"""

from dataclasses import dataclass

import pandas as pd

from sendcycle.inputs.parameters import declared
from sendcycle_experiments.analysis.sensitivity import Problem, analysis_design, problem_of
from sendcycle_experiments.analysis.sensitivity_report import OUTCOMES, YEARS, main_indices
from sendcycle_experiments.sweeps.designs import Design, groups_with_priors, in_groups

SCREENING, VARIANCE = "screening", "variance"
SMOKE_GROUPS = ("confidence",)


@dataclass(frozen=True)
class Step:
    """One of the two steps: its method, factors and runs."""

    method: str
    problem: Problem
    design: Design


def screening(*, trajectories: int = 30, scale: float = 0.01, seed: int = 0, smoke: bool = False) -> Step:
    """Return the screening of every parameter with a prior; in the smoke mode of those of confidence alone, to 2015."""
    groups = SMOKE_GROUPS if smoke else groups_with_priors()
    return _step(SCREENING, "morris", list(in_groups(groups)), trajectories, scale, seed, smoke)


def variance(factors: list[str], *, n: int = 256, scale: float = 0.01, seed: int = 0, smoke: bool = False) -> Step:
    """Return Sobol' indices of first, total and second order of some factors."""
    return _step(VARIANCE, "sobol", factors, n, scale, seed, smoke)


def _step(name: str, method: str, factors: list[str], n: int, scale: float, seed: int, smoke: bool) -> Step:
    problem = problem_of(factors, second_order=method == "sobol")
    known = declared()
    base = Design(
        name, {factor: known[factor].prior for factor in factors},
        outcomes=OUTCOMES[:2] if smoke else OUTCOMES, years=(2015,) if smoke else YEARS,
        seed=seed, scale=0.0005 if smoke else scale, until="2015-12" if smoke else "2035-08",
    )  # fmt: skip
    return Step(method, problem, analysis_design(base, method, problem, n))


def most_important(table: pd.DataFrame, n: int) -> list[str]:
    """Return the n factors with the largest mean share of the largest effect, over all outcomes and years."""
    return list(main_indices(table, "morris").index[:n])
