"""e05 as a whole: all orders in three arms, choices, rival structures, where the claim holds, and the front."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from experiments import discovery, pareto
from experiments.comparison import outcomes
from experiments.ensembles import Ensemble
from experiments.output import cannot_write
from experiments.runner import Progress, sweep
from experiments.sequencing import ARMS, LASTS, analysed, choice_scenarios, order_scenarios, runs
from experiments.sequencing_report import write_report
from experiments.store import Store
from model import Scenario
from model.calendar import N_MONTHS

Told = Callable[[str, Progress], None]
DISCOVERY, ABOUT_DISCOVERY, FRONT = "boxes.csv", "boxes.json", "front.csv"


@dataclass(frozen=True)
class Sizes:
    """How large the experiment is: members for orders and choices, for the tree, and for the front; sets of dates."""

    members: int = 20
    members_tree: int = 150
    members_front: int = 6
    members_rival: int = 8
    trials: int = 480
    scale: float = 0.01
    arms: tuple[str, ...] = ARMS
    every: int = 1  # of the orders, one in so many
    until: str = "2040-08"


SMOKE = Sizes(2, 3, 1, 1, 4, 0.0005, ARMS[:1], 10, "2040-08")


def swept(
    name: str, scenarios: Sequence[Scenario], ensemble: Ensemble, folder: Path, sizes: Sizes, *,
    scheduler: str | None = None, workers: int | None = None, told: Told | None = None,
) -> Store:  # fmt: skip
    """Run every member in every scenario; goes on with what the folder holds."""
    design = runs(name, scenarios, ensemble, scale=sizes.scale, until=sizes.until)
    progress = (lambda now: told(name, now)) if told is not None else None
    return sweep(design, folder / name, resume=True, scheduler=scheduler, workers=workers, progress=progress).store


def orders_and_choices(
    ensemble: Ensemble, folder: Path, sizes: Sizes, *, scheduler: str | None = None, workers: int | None = None,
    told: Told | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Run all orders in every arm and all choices, write tables and the figure, and return the summary."""
    few = ensemble.first(sizes.members)
    choices = choice_scenarios()
    store = swept("choices", choices, few, folder, sizes, scheduler=scheduler, workers=workers, told=told)
    of_choices = outcomes(store, choices, LASTS)
    by_arm, manifests = {}, {"choices": store.manifest()}
    for arm in sizes.arms:
        scenarios = order_scenarios(arm)[:: sizes.every]
        scenarios += [s for s in (order_scenarios(arm)[0], order_scenarios(arm)[-1]) if s not in scenarios]
        name = f"orders_{arm}"
        store = swept(name, scenarios, few, folder, sizes, scheduler=scheduler, workers=workers, told=told)
        lasts = N_MONTHS if arm == "unequal" else LASTS
        by_arm[arm] = analysed(outcomes(store, scenarios, lasts), of_choices)
        manifests[name] = store.manifest()
    return write_report(by_arm, few, folder, manifests)


def where_it_holds(
    ensemble: Ensemble, folder: Path, sizes: Sizes, *, scheduler: str | None = None, workers: int | None = None,
    told: Told | None = None,
) -> tuple[pd.DataFrame, dict[str, float]]:  # fmt: skip
    """Run the paper's order and its reverse over the ensemble and sizes of reforms; write and return the boxes."""
    many = ensemble.first(sizes.members_tree)
    scenarios = discovery.scenarios()
    store = swept("paper_and_reverse", scenarios, many, folder, sizes, scheduler=scheduler, workers=workers, told=told)
    found, about = discovery.boxes(discovery.cases(outcomes(store, scenarios, LASTS), many))
    try:
        found.to_csv(folder / DISCOVERY, index=False, float_format="%.4g")
        (folder / ABOUT_DISCOVERY).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(folder, error) from error
    return found, about


def rival_orders(
    rivals: Sequence[Ensemble], folder: Path, sizes: Sizes, *, scheduler: str | None = None,
    workers: int | None = None, told: Told | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Run all orders, with equal money, under every rival structure; write and return regret by structure."""
    tables = []
    arm = ARMS[0]
    scenarios = order_scenarios(arm)[:: sizes.every]
    for rival in rivals:
        few = rival.first(sizes.members_rival)
        store = swept(
            f"orders_{rival.name}", scenarios, few, folder, sizes, scheduler=scheduler, workers=workers, told=told
        )
        tables.append(analysed(outcomes(store, scenarios, LASTS), None)["regret"].assign(structure=rival.name))
    table = pd.concat(tables, ignore_index=True)
    try:
        table.to_csv(folder / "regret_rivals.csv", index=False, float_format="%.5g")
    except OSError as error:
        raise cannot_write(folder, error) from error
    return table


def front(
    ensemble: Ensemble, folder: Path, sizes: Sizes, *, workers: int | None = None,
    told: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Search dates for low cost and low unmet need; write and return all sets of dates that were run."""
    found = pareto.search(
        ensemble.first(sizes.members_front), folder / "front", trials=sizes.trials, scale=sizes.scale, workers=workers,
        told=told,
    )  # fmt: skip
    try:
        found.to_csv(folder / FRONT, index=False, float_format="%.6g")
    except OSError as error:
        raise cannot_write(folder, error) from error
    return found
