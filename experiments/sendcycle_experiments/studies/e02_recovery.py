"""Does calibration find what it should? Known parameters make synthetic figures, and two methods look for them.

The truths are members of an ensemble, so their worlds are plausible ones. Figures are taken from a run with other
random draws and disturbed by the declared errors. Both methods spend the same number of runs:

- the ensemble smoother of `calibration`;
- approximate Bayesian computation: the nearest points of a large sample of the priors, moved by a ridge regression of
  their parameters on their figures (Beaumont, Zhang and Balding 2002).

Beside both stands the prior itself: a method that is no nearer to the truth has learnt nothing.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from sendcycle import Parameters, simulate
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.calibration.identifiability import posterior, scores
from sendcycle_experiments.calibration.smoother import (
    SCORES,
    SMALL,
    SMOKE,
    Matrix,
    Settings,
    Target,
    misfit,
    predicted,
    priors,
    smoothed,
    whole,
)  # fmt: skip
from sendcycle_experiments.calibration.smoother import target as published_target
from sendcycle_experiments.studies.registry import Recovery
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.designs import Design, DesignError
from sendcycle_experiments.sweeps.manifests import briefs, reporting

KEPT = 0.04  # share of the sample that approximate Bayesian computation keeps
LEVEL = 0.9
TABLE, SUMMARY = "recovery.csv", "summary.csv"
METHODS = ("ensemble smoother", "ABC with regression")
PRIOR = "the prior, with no data"


def run(sizes: Recovery, context: Context) -> Findings:
    """Look for every truth with both methods, and write what was found and how often it holds."""
    ensemble = context.ensemble()
    short = write_report(recover(ensemble, sizes, context), ensemble, context.folder)
    return Findings((short,), "tables")


def budget_of(is_smoke: bool) -> tuple[Settings, int]:
    """Return the settings of the smoother and the number of runs that each method has."""
    settings = SMOKE if is_smoke else replace(SMALL, first=600, first_scale=SMALL.scale, members=600)
    return settings, settings.first + settings.members * settings.steps


def synthetic(goal: Target, values: dict[str, float], scale: float, until: str, seed: int) -> Target:
    """Return the figures that these parameters would have given, disturbed by the declared errors.

    Figures that such a world does not have, as in small samples, are left out.
    """
    names = list(dict.fromkeys(goal.table["outcome"]))
    years = simulate(Parameters(**values), seed=10_000 + seed, scale=scale, until=until).yearly(names)
    places = zip(goal.table["outcome"], goal.table["year"], strict=True)
    found = np.asarray([float(years.loc[year, name]) for name, year in places])
    there = np.flatnonzero(found > 0.0)
    covariance = goal.covariance[np.ix_(there, there)]
    errors = np.linalg.cholesky(covariance) @ np.random.default_rng(seed).standard_normal(len(there))
    return Target(goal.table.iloc[there].assign(value=found[there] * np.exp(errors)), covariance)


def abc(points: Matrix, figures: Matrix, goal: Target) -> tuple[Matrix, Matrix]:
    """Return weighted draws of approximate Bayesian computation, as scores (parameters, draws), and their weights."""
    from sklearn.linear_model import RidgeCV

    distance = np.sqrt(np.where(np.isfinite(misfit(figures, goal)), misfit(figures, goal), np.inf))
    kept = np.argsort(distance, kind="stable")[: max(20, round(KEPT * points.shape[1]))]
    weights = 1.0 - (distance[kept] / (distance[kept].max() * 1.0001)) ** 2  # Epanechnikov's kernel
    off = ((figures[:, kept] - goal.logs[:, None]) / goal.sd[:, None]).T
    ridge = RidgeCV(alphas=np.logspace(0, 5, 11)).fit(off, points[:, kept].T, sample_weight=weights)
    moved = points[:, kept] - (ridge.predict(off) - ridge.predict(np.zeros((1, off.shape[1])))).T
    return np.clip(moved, -SCORES, SCORES), weights


def recover(ensemble: Ensemble, sizes: Recovery, context: Context) -> pd.DataFrame:
    """Return, by truth, method and parameter, where it lay, what was found, and whether the interval holds it.

    Returns
    -------
    pandas.DataFrame
        Columns `truth`, `method`, `parameter`, `true`, `mean`, `sd`, `low`, `high` (normal scores of the prior) and
        `inside` (the 90 % interval holds the truth).
    """
    if sizes.truths > len(ensemble.members):
        raise DesignError(
            f"{sizes.truths} truths are more than the {len(ensemble.members)} members of {ensemble.name}."
        )
    settings, budget = budget_of(sizes.is_smoke)
    goal = published_target(sizes.until)
    moved = priors()
    lacking = sorted(set(moved) - set(ensemble.members))
    if lacking:
        raise DesignError(f"{ensemble.name} was made before '{lacking[0]}' was a parameter: calibrate again.")
    outcomes, years = tuple(dict.fromkeys(goal.table["outcome"])), tuple(sorted(set(goal.table["year"])))

    def figures_at(name: str, points: Matrix, scale: float, aim: Target) -> Matrix:
        design = Design(
            name, moved, outcomes=outcomes, years=years, n=points.shape[1], shares=norm.cdf(points.T), scale=scale,
            until=sizes.until, seed=settings.seed,
        )  # fmt: skip
        return predicted(context.sweep(design, name), design, aim)

    from scipy.stats import qmc

    shares = qmc.LatinHypercube(len(moved), seed=settings.seed).random(budget)
    points = np.clip(norm.ppf(shares).T, -SCORES, SCORES)
    true_scores = scores(ensemble)[list(moved)].to_numpy()
    rows = []
    for truth in range(sizes.truths):
        member = truth * max(1, len(ensemble.members) // sizes.truths)
        aim = synthetic(goal, ensemble.values(member), sizes.true_scale, sizes.until, truth)

        def step(name: str, at: Matrix, scale: float, aim: Target = aim, truth: int = truth) -> Matrix:
            return figures_at(name if name == "look" else f"truth_{truth}_{name}", at, scale, aim)

        figures = whole(step, aim, settings, "look", points)
        near = misfit(figures[:, : settings.first], aim)
        start = np.argsort(np.where(np.isfinite(near), near, np.inf), kind="stable")[: settings.members]
        smooth, _ = smoothed(points[:, np.sort(start)], step, aim, settings)
        found = {
            METHODS[0]: (smooth, np.ones(smooth.shape[1])), METHODS[1]: abc(points, figures, aim),
            PRIOR: (points, np.ones(points.shape[1])),
        }  # fmt: skip
        for method, (draws, weights) in found.items():
            rows += _rows(truth, method, list(moved), true_scores[member], draws, weights)
    columns = ["truth", "method", "parameter", "true", "mean", "sd", "low", "high", "inside"]
    return pd.DataFrame(rows, columns=columns)


def _rows(
    truth: int, method: str, names: list[str], true: Matrix, draws: Matrix, weights: Matrix
) -> list[tuple[int, str, str, float, float, float, float, float, bool]]:
    """Return what a method found of every parameter."""
    rows = []
    for k, name in enumerate(names):
        mean = float(np.average(draws[k], weights=weights))
        sd = float(np.sqrt(np.average((draws[k] - mean) ** 2, weights=weights)))
        low, high = (_quantile(draws[k], weights, level) for level in ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0))
        rows.append((truth, method, name, float(true[k]), mean, sd, low, high, low <= true[k] <= high))
    return rows


def _quantile(values: Matrix, weights: Matrix, level: float) -> float:
    order = np.argsort(values)
    reached = (np.cumsum(weights[order]) - 0.5 * weights[order]) / weights.sum()
    return float(np.interp(level, reached, values[order]))


def summary(table: pd.DataFrame, seen: set[str]) -> pd.DataFrame:
    """Return, by method and truth, over all parameters and over those that England's figures see.

    Intervals of one truth depend on each other, so truths are shown one by one: their scatter says how sure this is.

    Parameters
    ----------
    seen
        Parameters that the figures of England narrow, from the ensemble the truths come from.

    Returns
    -------
    pandas.DataFrame
        Columns `method`, `truth`, `parameters` ("all" or "seen"), `n`, `inside` (share of 90 % intervals that hold the
        truth), `error` (root mean square, in scores) and `sd` (mean standard deviation left).
    """
    rows = []
    for (method, truth), part in table.groupby(["method", "truth"], sort=False):
        for words, chosen in (("all", part), ("seen", part[part["parameter"].isin(seen)])):
            error = float(np.sqrt(((chosen["mean"] - chosen["true"]) ** 2).mean())) if len(chosen) else np.nan
            inside, sd = float(chosen["inside"].mean()), float(chosen["sd"].mean())
            rows.append((method, truth, words, len(chosen), inside, error, sd))
    return pd.DataFrame(rows, columns=["method", "truth", "parameters", "n", "inside", "error", "sd"])


def write_report(table: pd.DataFrame, ensemble: Ensemble, folder: Path) -> pd.DataFrame:
    """Write what was found, its summary and a manifest; return the summary."""
    narrowed = posterior(ensemble)
    short = summary(table, set(narrowed.loc[narrowed["seen"], "parameter"]))
    truths = int(table["truth"].nunique())
    about = {"parameters_of": f"members of {ensemble.name}", "truths": truths, "runs": briefs(folder)}
    with reporting(folder, about):
        write_csv(table, folder / TABLE, index=False, float_format="%.5g")
        write_csv(short, folder / SUMMARY, index=False, float_format="%.4g")
    return short
