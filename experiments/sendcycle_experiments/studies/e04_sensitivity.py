"""e04: a screening of all parameters with a prior (Morris), then Sobol' indices of those that matter most.

The second step varies only the parameters that the first put on top; the others stay at their defaults. So its shares
of variance are shares of what these factors cause together, and no more.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from sendcycle.inputs.parameters import declared
from sendcycle_experiments.analysis.sensitivity import MAIN_INDEX, Problem, analysis_design, problem_of
from sendcycle_experiments.analysis.sensitivity_report import (
    OUTCOMES,
    YEARS,
    convergence_notes,
    main_indices,
    summary,
    write_report,
)
from sendcycle_experiments.studies.registry import Sensitivity
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.designs import Design, check_power_of_two, groups_with_priors, in_groups
from sendcycle_experiments.sweeps.progress import steps_bar
from sendcycle_experiments.sweeps.store import Store

SCREENING, VARIANCE = "screening", "variance"
SHOWN = 3  # outcomes in the terminal


@dataclass(frozen=True)
class Step:
    """One of the two steps: its method, factors and runs."""

    method: str
    problem: Problem
    design: Design


def run(sizes: Sensitivity, context: Context) -> Findings:
    """Screen, take the parameters on top, run the second step, and write the indices of both beside their runs."""
    check_power_of_two(sizes.n)  # before the screening, not after it
    first = screening(sizes)
    table, said = analysed(context.sweep(first.design, SCREENING), first, "--trajectories")
    second = variance(most_important(table, sizes.factors), sizes)
    _, more = analysed(context.sweep(second.design, VARIANCE), second, "--n")
    return Findings((*said, *more), "indices, figures and runs")


def screening(sizes: Sensitivity) -> Step:
    """Return the screening of every parameter with a prior in the groups that were chosen."""
    factors = list(in_groups(sizes.groups or groups_with_priors()))
    return _step(SCREENING, "morris", factors, sizes.trajectories, sizes)


def variance(factors: list[str], sizes: Sensitivity) -> Step:
    """Return Sobol' indices of first, total and second order of some factors."""
    return _step(VARIANCE, "sobol", factors, sizes.n, sizes)


def _step(name: str, method: str, factors: list[str], n: int, sizes: Sensitivity) -> Step:
    problem = problem_of(factors, second_order=method == "sobol")
    known = declared()
    base = Design(
        name, {factor: known[factor].prior for factor in factors},
        outcomes=sizes.outcomes or OUTCOMES, years=sizes.years or YEARS,
        seed=sizes.seed, scale=sizes.scale, until=sizes.until,
    )  # fmt: skip
    return Step(method, problem, analysis_design(base, method, problem, n))


def analysed(store: Store, step: Step, more: str) -> tuple[pd.DataFrame, tuple[Any, ...]]:
    """Write the indices of a sweep; return them, and in tables and words what matters and what has not converged.

    Parameters
    ----------
    more
        The option of the command line that makes the sample larger.
    """
    design, method = step.design, step.method
    with steps_bar("outcomes and years") as advance:
        table = write_report(store, design, method, step.problem, advance)
    year = max(design.years)
    title = f"{MAIN_INDEX[method]} of {year}, ± half of the 95 % interval; all of it is in indices.csv"
    top = summary(table, method, list(design.outcomes)[:SHOWN], year)
    return table, (title, top, *convergence_notes(table, method, more))


def most_important(table: pd.DataFrame, n: int) -> list[str]:
    """Return the n factors with the largest mean share of the largest effect, over all outcomes and years."""
    return list(main_indices(table, "morris").index[:n])
