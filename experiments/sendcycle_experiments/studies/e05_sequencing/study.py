"""e05 as a whole: all orders in three arms, choices, rival structures, where the claim holds, and the front."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from sendcycle import Scenario
from sendcycle_experiments.analysis.comparison import outcomes
from sendcycle_experiments.calibration.ensembles import Ensemble
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
from sendcycle_experiments.sweeps.manifests import briefs, reporting
from sendcycle_experiments.sweeps.output_folder import writing_into
from sendcycle_experiments.sweeps.runner import Progress, Told, sweep, telling
from sendcycle_experiments.sweeps.store import Store

DISCOVERY, WHERE, FRONT = "boxes.csv", "where_it_holds.csv", "front.csv"


@dataclass(frozen=True)
class Sizes:
    """How large the experiment is.

    Attributes
    ----------
    members, members_tree, members_front, members_rival
        Of the ensemble: for orders and choices, for the tree, for the front, and of each rival structure.
    trials
        Sets of dates that are tried for the front.
    arms, every
        Which arms are run, and one in how many of the orders.
    """

    members: int = 20
    members_tree: int = 100
    members_front: int = 6
    members_rival: int = 8
    trials: int = 480
    scale: float = 0.01
    arms: tuple[str, ...] = ARMS
    every: int = 1


SMOKE = Sizes(2, 3, 1, 1, 4, 0.0005, ARMS[:1], 10)


def swept(
    name: str, scenarios: Sequence[Scenario], ensemble: Ensemble, folder: Path, sizes: Sizes, *, replicates: int = 2,
    scheduler: str | None = None, workers: int | None = None, told: Told | None = None,
) -> Store:  # fmt: skip
    """Run every member in every scenario; goes on with what the folder holds."""
    design = runs(name, scenarios, ensemble, scale=sizes.scale, replicates=replicates)
    return sweep(
        design, folder / name, resume=True, scheduler=scheduler, workers=workers, progress=telling(told, name)
    ).store


def some_orders(arm: str, every: int) -> list[Scenario]:
    """Return one in `every` of the orders of an arm, the paper's and its reverse among them."""
    found = order_scenarios(arm)
    return [scenario for k, scenario in enumerate(found) if k % every == 0 or k == len(found) - 1]


def orders_and_choices(
    ensemble: Ensemble, folder: Path, sizes: Sizes, *, scheduler: str | None = None, workers: int | None = None,
    told: Told | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Run all orders in every arm and all choices, write tables and the figure, and return the summary."""
    few = ensemble.first(sizes.members)
    choices = choice_scenarios()
    store = swept("choices", choices, few, folder, sizes, scheduler=scheduler, workers=workers, told=told)
    of_choices = outcomes(store, choices)
    by_arm = {}
    for arm in sizes.arms:
        scenarios, name = some_orders(arm, sizes.every), f"orders_{arm}"
        store = swept(name, scenarios, few, folder, sizes, scheduler=scheduler, workers=workers, told=told)
        by_arm[arm] = analysed(outcomes(store, scenarios), arm, of_choices if arm == ARMS[0] else None)
    return write_report(by_arm, few, folder)


def described(ensemble: Ensemble, folder: Path, sizes: Sizes) -> None:
    """Write the manifest again, once all is there: what was run, at which size."""
    about = {"ensemble": ensemble.name, "members": sizes.members, "sizes": asdict(sizes), "runs": briefs(folder)}
    with reporting(folder, about):
        pass  # the tables are there


def where_it_holds(
    ensemble: Ensemble, folder: Path, sizes: Sizes, *, scheduler: str | None = None, workers: int | None = None,
    told: Told | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Run orders of both classes over the ensemble and sizes of reforms; say where agreeing orders do better.

    Returns
    -------
    pandas.DataFrame
        A row an outcome of `COMPARED`: `outcome` and what `discovery.boxes` says of the tree. The boxes themselves are
        written beside it.
    """
    many = ensemble.first(sizes.members_tree)
    scenarios = discovery.scenarios()
    store = swept(
        "classes", scenarios, many, folder, sizes, replicates=1, scheduler=scheduler, workers=workers, told=told
    )
    table = outcomes(store, scenarios)
    trees = {name: discovery.boxes(discovery.cases(table, many, name)) for name in COMPARED}
    boxes = pd.concat([found.assign(outcome=name) for name, (found, _) in trees.items()], ignore_index=True)
    where = pd.DataFrame([{"outcome": name, **about} for name, (_, about) in trees.items()])
    with writing_into(folder):
        boxes[["outcome", *boxes.columns.drop("outcome")]].to_csv(folder / DISCOVERY, index=False, float_format="%.4g")
        where.to_csv(folder / WHERE, index=False, float_format="%.4g")
    return where


def rival_orders(
    rivals: Sequence[Ensemble], folder: Path, sizes: Sizes, *, scheduler: str | None = None,
    workers: int | None = None, told: Told | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Run all orders, with equal money, under every rival structure; write and return regret and claim by structure."""
    regrets, claims = [], []
    scenarios = some_orders(ARMS[0], sizes.every)
    for rival in rivals:
        few = rival.first(sizes.members_rival).with_reforms()
        store = swept(
            f"orders_{rival.name}", scenarios, few, folder, sizes, scheduler=scheduler, workers=workers, told=told
        )
        tables = analysed(outcomes(store, scenarios), ARMS[0], None)
        regrets.append(tables["regret"].assign(structure=rival.name))
        claims.append(tables["claim"].assign(structure=rival.name))
    found = pd.concat(claims, ignore_index=True)
    with writing_into(folder):
        pd.concat(regrets, ignore_index=True).to_csv(folder / "regret_rivals.csv", index=False, float_format="%.5g")
        found.to_csv(folder / "claim_rivals.csv", index=False, float_format="%.5g")
    return found


def front(
    ensemble: Ensemble, folder: Path, sizes: Sizes, *, workers: int | None = None,
    told: Told | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Search dates for low cost and low unmet need; write and return all sets of dates that were run."""
    found = pareto.search(
        ensemble.first(sizes.members_front), folder / "front", trials=sizes.trials, scale=sizes.scale, workers=workers,
        told=(lambda done, of: told("front", Progress(done, of, 0, 0))) if told is not None else None,
    )  # fmt: skip
    with writing_into(folder):
        found.to_csv(folder / FRONT, index=False, float_format="%.6g")
    return found
