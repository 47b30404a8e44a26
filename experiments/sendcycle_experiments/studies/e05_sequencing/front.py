"""Money against unmet need: which dates of the groups of reforms are Pareto-efficient.

A search over the start of every group, each September from 2026 to 2031 or never (NSGA-II, Optuna), for what keeps
both public cost and unmet need low. Every set of dates is run over the same members on the same draws. The search goes
on where it was: every set of dates that was run is kept.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from sendcycle import Parameters, Result, Scenario, simulate_each
from sendcycle_experiments.analysis.comparison import SPENDING
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.reforms.library import library
from sendcycle_experiments.reforms.programme_cost import beside_the_model, mid_year_prices
from sendcycle_experiments.studies.e05_sequencing.orders import AFTER, GROUPS, scenario_of
from sendcycle_experiments.sweeps.resuming import resume_or_refuse

# The last start leaves money eight years within the run, so that nothing is cheap for being cut off.
STARTS = tuple(f"{year}-09" for year in range(2026, 2032))
NEVER = "never"
GENERATION = 24
LOG = "pareto.log"
UNTIL = "2040-08"


def outcomes(
    dates: Sequence[Mapping[str, str]], values: Mapping[str, float], seed: int, scale: float
) -> list[tuple[float, float]]:
    """Return, for every set of dates, what one member brings under it.

    Parameters
    ----------
    dates
        The start of every group of reforms, "YYYY-MM" or "never".
    values, seed, scale
        Parameters of the member, and as for `simulate`.

    Returns
    -------
    list
        Public cost after the first start (billion pounds at prices of 2026-27) and mean unmet need (percent).
    """
    scenarios = [
        scenario_of({group: start for group, start in chosen.items() if start != NEVER}, "equal_money", "dates")
        for chosen in dates
    ]
    found = {
        place: _outcome(result, scenarios[place])
        for place, result in simulate_each(Parameters(**values), scenarios, seed, scale, UNTIL, threads=1)
    }
    return [found[place] for place in range(len(scenarios))]


def _outcome(result: Result, scenario: Scenario) -> tuple[float, float]:
    table = result.yearly([*SPENDING, "unmet_need_share"]).loc[list(AFTER)]
    nominal = table[list(SPENDING)].sum(axis=1) + beside_the_model(scenario).sum(axis=1).reindex(AFTER).fillna(0.0)
    return float((nominal / mid_year_prices(table.index)).sum() / 1000.0), float(table["unmet_need_share"].mean())


def _pieces(n: int, pieces: int) -> list[slice]:
    """Return slices that cut n things into so many pieces, or n if these are fewer."""
    ends = np.linspace(0, n, min(pieces, n) + 1).round().astype(int)
    return [slice(int(a), int(b)) for a, b in pairwise(ends)]


def search(
    ensemble: Ensemble, folder: Path, *, trials: int = 480, scale: float = 0.01, seed: int = 700,
    workers: int | None = None, progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Return all sets of dates that were run, and which of them are on the front.

    Returns
    -------
    pandas.DataFrame
        Columns of the groups (their start or "never"), `cost`, `unmet` (means over members) and `front`.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.NSGAIISampler(population_size=GENERATION, seed=seed)
    resume_or_refuse(
        folder,
        {"ensemble": ensemble.name, "members": ensemble.members.round(9).to_dict("list"), "scale": scale, "seed": seed,
         "reforms": [asdict(library()[name]) for names in GROUPS.values() for name in names]},
    )  # fmt: skip
    study = optuna.create_study(
        study_name="pareto", storage=JournalStorage(JournalFileBackend(str(folder / LOG))), load_if_exists=True,
        directions=["minimize", "minimize"], sampler=sampler,
    )  # fmt: skip
    members = [ensemble.values(member) for member in range(len(ensemble.members))]
    each = -(-(workers or os.cpu_count() or 1) // len(members))  # pieces a member, so that no core is idle
    if not study.trials:
        for start in (NEVER, STARTS[0]):
            study.enqueue_trial({group: start for group in GROUPS})
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        while (done := len([t for t in study.trials if t.state.is_finished()])) < trials:
            asked = [study.ask() for _ in range(min(GENERATION, trials - done))]
            dates = [{g: trial.suggest_categorical(g, (*STARTS, NEVER)) for g in GROUPS} for trial in asked]
            waiting = [
                [pool.submit(outcomes, dates[piece], values, seed + k, scale) for piece in _pieces(len(dates), each)]
                for k, values in enumerate(members)
            ]
            means = np.mean([[both for part in parts for both in part.result()] for parts in waiting], axis=0)
            for trial, both in zip(asked, means, strict=True):
                study.tell(trial, list(both))
            if progress is not None:
                progress(done + len(asked), trials)
    best = {trial.number for trial in study.best_trials}
    rows = [
        trial.params | {"cost": trial.values[0], "unmet": trial.values[1], "front": trial.number in best}
        for trial in study.trials
        if trial.values
    ]
    return pd.DataFrame(rows).drop_duplicates(list(GROUPS), ignore_index=True)
