"""e05: whether the order of reform matters, and how much beside the choice of reforms.

All orders in three arms, choices, rival structures, where the claim holds, and Pareto-efficient sets of dates.
"""

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from sendcycle import Scenario
from sendcycle_experiments.analysis.comparison import outcomes_with_costs
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.studies.e02_rivals import ITSELF, RIVALS
from sendcycle_experiments.studies.e05_sequencing import front as pareto
from sendcycle_experiments.studies.e05_sequencing import where_it_holds as discovery
from sendcycle_experiments.studies.e05_sequencing.orders import (
    ARMS,
    COMPARED,
    analysed,
    choice_scenarios,
    order_scenarios,
    runs,
)
from sendcycle_experiments.studies.e05_sequencing.report import write_report
from sendcycle_experiments.studies.registry import Sequencing
from sendcycle_experiments.studies.study import Context, Findings, warned_ensemble
from sendcycle_experiments.sweeps.columns import write_outcomes
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.manifests import adding_results, briefs, reporting
from sendcycle_experiments.sweeps.runner import counted
from sendcycle_experiments.sweeps.store import Store

DISCOVERY, WHERE, FRONT = "boxes.csv", "where_it_holds.csv", "front.csv"


def run(sizes: Sequencing, context: Context) -> Findings:
    """Run all steps one after another, and write the tables of each, the figure and the manifest."""
    ensemble = context.ensemble().with_reforms()
    short = compare_orders_and_choices(ensemble, sizes, context)
    where = find_where_it_holds(ensemble, sizes, context)
    if sizes.rivals is not None:
        rivals = [warned_ensemble(str(sizes.rivals / f"{name}.csv")) for name in (ITSELF, *RIVALS)]
        compare_orders_under_rivals(rivals, sizes, context)
    front = find_front(ensemble, sizes, context)
    rewrite_manifest(ensemble, sizes, context)
    return Findings(
        (
            short,
            "in which share of cases orders that agree with the paper do better, and how well a tree tells which:",
            where,
            f"{int(front['front'].sum())} of {len(front)} sets of dates are on the front of cost and unmet need",
        ),
        "tables, the figure and runs",
    )


def sweep_scenarios(
    name: str, scenarios: Sequence[Scenario], ensemble: Ensemble, sizes: Sequencing, context: Context, *,
    replicates: int = 2,
) -> Store:  # fmt: skip
    """Run every member in every scenario; goes on with what the folder holds."""
    return context.sweep(runs(name, scenarios, ensemble, scale=sizes.scale, replicates=replicates), name)


def some_orders(arm: str, every: int) -> list[Scenario]:
    """Return one in `every` of the orders of an arm, the paper's and its reverse among them."""
    found = order_scenarios(arm)
    return [scenario for k, scenario in enumerate(found) if k % every == 0 or k == len(found) - 1]


def compare_orders_and_choices(ensemble: Ensemble, sizes: Sequencing, context: Context) -> pd.DataFrame:
    """Run all orders in every arm and all choices, write tables and the figure, and return the summary."""
    few = ensemble.first(sizes.members)
    choices = choice_scenarios()
    of_choices = outcomes_with_costs(sweep_scenarios("choices", choices, few, sizes, context), choices)
    by_arm = {}
    for arm in sizes.arms:
        scenarios = some_orders(arm, sizes.every)
        found = outcomes_with_costs(sweep_scenarios(f"orders_{arm}", scenarios, few, sizes, context), scenarios)
        by_arm[arm] = analysed(found, arm, of_choices if arm == ARMS[0] else None)
    return write_report(by_arm, few, context.folder)


def rewrite_manifest(ensemble: Ensemble, sizes: Sequencing, context: Context) -> None:
    """Write the manifest again, once all is there: what was run, at which size."""
    named = asdict(sizes) | {"rivals": None if sizes.rivals is None else str(sizes.rivals)}
    about = {"ensemble": ensemble.name, "members": sizes.members, "sizes": named, "runs": briefs(context.folder)}
    with reporting(context.folder, about):
        pass  # the tables are there


def find_where_it_holds(ensemble: Ensemble, sizes: Sequencing, context: Context) -> pd.DataFrame:
    """Run orders of both classes over the ensemble and sizes of reforms; say where agreeing orders do better.

    Returns
    -------
    pandas.DataFrame
        A row an outcome of `COMPARED`: `outcome` and what `discovery.boxes` says of the tree. The boxes themselves are
        written beside it.
    """
    many = ensemble.first(sizes.members_tree)
    scenarios = discovery.scenarios()
    table = outcomes_with_costs(sweep_scenarios("classes", scenarios, many, sizes, context, replicates=1), scenarios)
    trees = {name: discovery.boxes(discovery.cases(table, many, name)) for name in COMPARED}
    boxes = pd.concat([found.assign(outcome=name) for name, (found, _) in trees.items()], ignore_index=True)
    where = pd.DataFrame([{"outcome": name, **about} for name, (_, about) in trees.items()])
    with adding_results(context.folder):
        boxes = boxes[["outcome", *boxes.columns.drop("outcome")]]
        write_outcomes(boxes, context.folder / DISCOVERY, float_format="%.4g")
        write_csv(where, context.folder / WHERE, index=False, float_format="%.4g")
    return where


def compare_orders_under_rivals(rivals: Sequence[Ensemble], sizes: Sequencing, context: Context) -> None:
    """Run all orders, with equal money, under every rival structure; write regret and claim by structure."""
    regrets, claims = [], []
    scenarios = some_orders(ARMS[0], sizes.every)
    for rival in rivals:
        few = rival.first(sizes.members_rival).with_reforms()
        store = sweep_scenarios(f"orders_{rival.name}", scenarios, few, sizes, context)
        tables = analysed(outcomes_with_costs(store, scenarios), ARMS[0], None)
        regrets.append(tables["regret"].assign(structure=rival.name))
        claims.append(tables["claim"].assign(structure=rival.name))
    with adding_results(context.folder):
        for name, found in (("regret_rivals.csv", regrets), ("claim_rivals.csv", claims)):
            table = pd.concat(found, ignore_index=True)
            write_outcomes(table, context.folder / name, float_format="%.5g")


def find_front(ensemble: Ensemble, sizes: Sequencing, context: Context) -> pd.DataFrame:
    """Search dates for low cost and low unmet need; write and return all sets of dates that were run."""
    found = pareto.search(
        ensemble.first(sizes.members_front), context.folder / "front", trials=sizes.trials, scale=sizes.scale,
        workers=context.workers, progress=counted(context.progress, "front"),
    )  # fmt: skip
    with adding_results(context.folder):
        write_csv(found, context.folder / FRONT, index=False, float_format="%.6g")
    return found
