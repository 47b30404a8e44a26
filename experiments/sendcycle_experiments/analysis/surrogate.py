"""Sobol' indices from a surrogate: a statistical model of stored runs, for samples larger than one can afford to run.

The surrogate is one of two scikit-learn regressions on shares of the priors, whichever predicts runs better that it has
not seen (five folds of neighbouring points: those of one trajectory or one Sobol' block resemble each other, and are
left out together). Its error stands beside every index, and nothing here goes by the name of an index of the model.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sendcycle.errors import ResultsError, reason
from sendcycle.inputs.parameters import Prior
from sendcycle_experiments.analysis.sensitivity import (
    Problem,
    by_outcome_and_year,
    indices,
    n_points,
    problem_of,
    shares,
)
from sendcycle_experiments.sweeps.designs import shares_of
from sendcycle_experiments.sweeps.store import DESIGN, Store

FOLDS = 5
FEWEST_POINTS = 50
QUADRATIC_UP_TO = 40  # factors: beyond, there are more pairs than one learns from
GOOD = 0.9  # Q2 from which indices of the surrogate are shown without a warning


def stored_points(store: Store) -> tuple[list[str], NDArray[np.float64], pd.DataFrame]:
    """Return the uncertainties of a finished sweep, its points as shares, and the mean outcomes at each point.

    Returns
    -------
    names, points, outcomes
        Points shaped (points, uncertainties); outcomes with the index `point`, and columns (outcome, year).

    Raises
    ------
    ResultsError
        If the sweep has several arms, or less than `FEWEST_POINTS` points without failures.
    """
    kept = store.design()
    if not store.is_finished:
        raise ResultsError(f"{store.folder} holds an unfinished sweep: finish it with --resume first.")
    try:
        priors = {str(name): Prior(**entry) for name, entry in kept["uncertainties"].items()}
        replicates, recorded = int(kept["replicates"]), [str(name) for name in kept["outcomes"]]
        for prior in priors.values():
            prior.quantiles(np.asarray([0.5]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResultsError(f"{store.folder / DESIGN} is not as a sweep writes it: {reason(error)}.") from error
    plan = store.plan()
    if plan["arm"].nunique() > 1:
        raise ResultsError(f"{store.folder}: a surrogate learns from one arm, not from levers or several scenarios.")
    runs = store.outcomes().merge(plan[["run", "point"]], on="run")
    if runs.empty:
        raise ResultsError(f"every run in {store.folder} failed; failures.csv says with what error.")
    absent = [name for name in recorded if name not in runs] + [name for name in priors if name not in plan]
    if absent:
        raise ResultsError(f"{store.folder / DESIGN} is not as a sweep writes it: the runs have no {absent[0]}.")
    whole = runs.groupby("point")["run"].nunique() == replicates
    runs = runs[runs["point"].map(whole)]  # a point of which a replicate failed is left out
    outcomes = runs.pivot_table(index="point", columns="year", values=recorded, dropna=False)
    if len(outcomes) < FEWEST_POINTS or len(priors) < 2:
        raise ResultsError(
            f"{store.folder}: a surrogate needs two uncertainties and {FEWEST_POINTS} points without failures, "
            f"not {len(priors)} and {len(outcomes)}."
        )
    first = plan.drop_duplicates("point").set_index("point").loc[outcomes.index]
    points = np.stack([shares_of(prior, first[name].to_numpy(dtype=float)) for name, prior in priors.items()], axis=1)
    return list(priors), points, outcomes


def candidates(n_factors: int, seed: int) -> dict[str, Any]:
    """Return the regressions that are tried, by name."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    found = {
        "gradient-boosted trees": HistGradientBoostingRegressor(
            learning_rate=0.06, max_iter=300, max_leaf_nodes=15, min_samples_leaf=10, random_state=seed
        )
    }
    if n_factors <= QUADRATIC_UP_TO:
        ridge = RidgeCV(alphas=np.logspace(-3, 4, 15))
        found["quadratic ridge"] = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(), ridge)
    return found


def trained(
    points: NDArray[np.float64], values: NDArray[np.float64], seed: int
) -> tuple[str, float, float, Any, list[Any]]:
    """Return the better surrogate of one outcome.

    Returns
    -------
    name, q2, rmse, surrogate, of_folds
        `q2` is the share of the variance that it predicts of runs left out, `rmse` its error there in the outcome's
        unit; `of_folds` are the surrogates that learned from four fifths of the points each.
    """
    from sklearn.base import clone
    from sklearn.model_selection import KFold

    best: tuple[str, float, float, Any, list[Any]] | None = None
    for name, regression in candidates(points.shape[1], seed).items():
        predicted, of_folds = np.empty_like(values), []
        for seen, unseen in KFold(FOLDS).split(points):
            of_folds.append(clone(regression).fit(points[seen], values[seen]))
            predicted[unseen] = of_folds[-1].predict(points[unseen])
        error = float(np.mean((values - predicted) ** 2))
        q2 = 1.0 - error / float(np.var(values))
        if best is None or q2 > best[1]:
            best = (name, q2, float(np.sqrt(error)), clone(regression).fit(points, values), of_folds)
    assert best is not None
    return best


def surrogate_indices(
    problem: Problem, points: NDArray[np.float64], values: NDArray[np.float64], sample: NDArray[np.float64], seed: int
) -> pd.DataFrame:
    """Return Sobol' indices of a surrogate of one outcome.

    Parameters
    ----------
    points, values
        What it learns from; points without a value (a ratio that has nothing below it) are left out.
    sample
        The Sobol' sample at which it is asked, in shares.

    Returns
    -------
    pandas.DataFrame
        Columns of `sensitivity.indices`, and `surrogate` (which), `points` (from how many it learned), `q2`, `rmse`
        (see `trained`) and `of_folds`: half of the range of the index over surrogates that learned from other parts.
    """
    known = ~np.isnan(values)
    if known.sum() < FEWEST_POINTS or np.ptp(values[known]) == 0.0:
        nothing = indices("sobol", problem, sample, np.zeros(len(sample)), seed)
        blank = np.nan if known.sum() < FEWEST_POINTS else 0.0
        nothing = nothing.assign(value=blank, half_width=blank, of_folds=np.nan)
        return nothing.assign(surrogate="none", points=int(known.sum()), q2=np.nan, rmse=np.nan)
    name, q2, rmse, whole, of_folds = trained(points[known], values[known], seed)
    found = indices("sobol", problem, sample, whole.predict(sample), seed)
    others = [indices("sobol", problem, sample, one.predict(sample), seed)["value"].to_numpy() for one in of_folds]
    found = found.assign(of_folds=np.ptp(others, axis=0) / 2.0)
    return found.assign(surrogate=name, points=int(known.sum()), q2=q2, rmse=rmse)


def analyse_surrogate(
    store: Store,
    n: int,
    seed: int = 0,
    *,
    second_order: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return Sobol' indices of surrogates of every outcome and year of a finished sweep, on all cores.

    Parameters
    ----------
    n
        Base samples at which the surrogate is asked, a power of two.

    Returns
    -------
    pandas.DataFrame
        Columns `outcome`, `year`, those of `surrogate_indices`, and `predicts_well`: whether `q2` is `GOOD`, or
        the outcome is a constant.

    Raises
    ------
    SendcycleError
        If n is no power of two, or the runs do not serve.
    """
    n_points("sobol", Problem(("a", "b"), ("a", "b"), second_order), n)  # before anything is read
    names, points, outcomes = stored_points(store)
    problem = problem_of(names, second_order=second_order)
    sample = shares("sobol", problem, n, seed)
    columns = {key: column.to_numpy(dtype=float) for key, column in outcomes.items()}
    tables = by_outcome_and_year(surrogate_indices, columns, (problem, points), (sample, seed), progress)
    never_moves = (tables["surrogate"] == "none") & (tables["value"] == 0.0)
    return tables.assign(predicts_well=(tables["q2"] >= GOOD) | never_moves)
