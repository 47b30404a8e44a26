"""Calibration to an ensemble: which numbers of the model agree with what was published, up to a month.

1. *First look.* Many points over the whole priors, at a small scale; the nearest go on. At most points of the priors
   the model is far from England, and there its answers say little about how to come nearer.
2. *Ensemble smoother with multiple data assimilation* (Emerick and Reynolds 2013, pyESMDA): all members move together
   by the covariance between parameters and figures across the ensemble, in small steps first, in larger ones later.
   Every step is a sweep of its own, so an interrupted calibration can be resumed.
   A few members run once more at a larger scale at every step: what figures of the small sample are off by, for all
   members alike because they share neighbourhoods and draws, is taken out of them.
3. *What stays*: the members of the last step that are not implausible (root mean square of the standardised errors at
   most `IMPLAUSIBLE`). Where the model bends, many members end further off; cut like this, the ensemble is neither the
   smoother's posterior nor agreement within errors, which would be 1. It is what is not ruled out.

Parameters are moved as normal scores of their priors, so they stay within them. Figures are compared as logarithms.
Errors of one series are correlated over years, because a structural error lasts.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from sendcycle.errors import ResultsError
from sendcycle.inputs.parameters import Prior, declared
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.calibration.patterns import NationPattern, complete_by, nation_patterns
from sendcycle_experiments.sweeps.designs import REFORMS, Design
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.runner import ProgressCallback, labelled, sweep
from sendcycle_experiments.sweeps.store import Store

MEMORY = 0.7  # correlation of a series' structural error from one year to the next
FAR = 1.5  # logarithms: a figure further off than this counts as this far
SCORES = 3.0  # normal scores of a prior beyond which no parameter goes
IMPLAUSIBLE = 3.0
ROUNDED = 7  # places of scores, so that a step is the same on another machine and its runs are found again
DUMMIES = 50  # numbers that do nothing: how much spread they lose, a parameter loses by chance
Matrix = NDArray[np.float64]
Run = Callable[[str, Matrix, float], Matrix]  # name, points (parameters, members), scale: figures (figures, members)


@dataclass(frozen=True)
class Settings:
    """How large a calibration is.

    Parameters
    ----------
    first, first_scale
        Points of the first look, and their scale.
    members, steps, scale
        Size of the ensemble, times it is moved, and its scale.
    checked, checked_scale
        Members that run again at every step, and at which scale.
    seed
        Keys points, runs and perturbations.
    """

    first: int = 2000
    first_scale: float = 0.01
    members: int = 600
    steps: int = 5
    scale: float = 0.03
    checked: int = 12
    checked_scale: float = 1.0
    seed: int = 0


SMALL = Settings(first=1000, members=300, steps=4, scale=0.02, checked_scale=0.3)
SMOKE = Settings(
    first=40, first_scale=0.0005, members=20, steps=2, scale=0.0005, checked=2, checked_scale=0.001
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """What the model is held against.

    Attributes
    ----------
    table
        A row a figure: `outcome`, `year`, `value` in the observable's unit.
    covariance
        Of the logarithms, shape (figures, figures).
    """

    table: pd.DataFrame
    covariance: Matrix

    @property
    def logs(self) -> Matrix:
        """Logarithms of the figures."""
        return np.asarray(np.log(self.table["value"].to_numpy(dtype=float)))

    @property
    def sd(self) -> Matrix:
        """Standard deviations of the logarithms."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))


def target(until: str, patterns: tuple[NationPattern, ...] | None = None) -> Target:
    """Return the published figures that were complete by a month (YYYY-MM), with their errors."""
    rows = [
        (pattern.name, year, value)
        for pattern in patterns or nation_patterns()
        for year, value in _by_year(complete_by(pattern.name, until))
        if year >= pattern.first_year and value > 0.0
    ]
    return Target(pd.DataFrame(rows, columns=["outcome", "year", "value"]), covariance(rows, patterns))


def _by_year(series: "pd.Series[float]") -> Iterator[tuple[int, float]]:
    """Yield the years and values of a series."""
    return zip(map(int, series.index), map(float, series), strict=True)


def covariance(rows: list[tuple[str, int, float]], patterns: tuple[NationPattern, ...] | None = None) -> Matrix:
    """Return the covariance of errors: independent errors of observation, and structural ones that last (`MEMORY`)."""
    known = {pattern.name: pattern for pattern in patterns or nation_patterns()}
    names = np.asarray([name for name, _, _ in rows])
    years = np.asarray([year for _, year, _ in rows], dtype=float)
    error = np.asarray([known[name].error for name in names])
    structural = np.asarray([known[name].discrepancy for name in names])
    same = names[:, None] == names[None, :]
    lasting = np.where(same, MEMORY ** np.abs(years[:, None] - years[None, :]), 0.0)
    return np.asarray(np.diag(error**2) + structural[:, None] * structural[None, :] * lasting)


# ---------------------------------------------------------------------- points


def priors() -> dict[str, Prior]:
    """Return the priors of all parameters that calibration moves: the past says nothing of how reforms act."""
    known = {name: p for name, p in declared().items() if p.group != REFORMS}
    return {name: p.prior for name, p in known.items() if p.prior.dist != "none" and p.kind == "real"}


def predicted(store: Store, design: Design, goal: Target) -> Matrix:
    """Return the logarithms of the figures at every point, shape (figures, points); NaN where the run failed."""
    wide = store.table().pivot(index="point", columns="year", values=list(design.outcomes)).reindex(range(design.n))
    columns = [(name, year) for name, year in zip(goal.table["outcome"], goal.table["year"], strict=True)]
    values = wide[columns].to_numpy(dtype=float).T
    logs = np.log(np.maximum(values, 1e-12))
    near = np.clip(logs, goal.logs[:, None] - FAR, goal.logs[:, None] + FAR)
    failed = np.isnan(wide.to_numpy(dtype=float)).all(axis=1)
    nothing = np.isnan(near) & ~failed  # a ratio that has nothing below it: as far off as can be
    return np.asarray(np.where(nothing, goal.logs[:, None] - FAR, near))


def misfit(figures: Matrix, goal: Target) -> Matrix:
    """Return, for every point, the mean square of the standardised errors; NaN where the run failed."""
    return np.asarray((((figures - goal.logs[:, None]) / goal.sd[:, None]) ** 2).mean(axis=0))


# ---------------------------------------------------------------------- the calibration


def calibrate(
    until: str,
    folder: str | Path,
    settings: Settings | None = None,
    *,
    goal: Target | None = None,
    constants: dict[str, float] | None = None,
    name: str | None = None,
    all_stay: bool = False,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> Ensemble:
    """Return the ensemble that agrees with what was published up to a month; resumes what `folder` holds.

    Parameters
    ----------
    until
        Month, YYYY-MM, after which nothing is used.
    folder
        Where the sweeps of its steps are kept.
    goal
        What to agree with instead of the published figures, such as a synthetic truth.
    constants
        Parameters held at another value than their default: a rival structure.
    name
        Of the ensemble; england_MONTH if not given.
    all_stay
        Keep implausible members as well: for trials so small that nothing can be found.
    progress
        Called with the name of the step and where its sweep stands.

    Raises
    ------
    ResultsError
        If hardly any run of a step gives figures.
    """
    settings = settings or Settings()
    goal = goal or target(until)
    folder = Path(folder)
    held = constants or {}
    moved = {name: prior for name, prior in priors().items() if name not in held}

    def run_sweep(design: Design) -> Store:
        at, reported = folder / design.name, labelled(progress, design.name)
        return sweep(design, at, resume=True, scheduler=scheduler, workers=workers, progress=reported).store

    run = figures_by_sweeps(run_sweep, moved, held, goal, until, settings.seed)
    start, before = first_look(list(moved), run, goal, settings)
    last, nothing = smoothed(start, run, goal, settings)
    figures = whole(run, goal, settings, f"step_{settings.steps}", last)
    found = misfit(figures, goal)
    limit = np.inf if all_stay else IMPLAUSIBLE
    return _ensemble(name or f"england_{until}", until, moved, last, found, limit, settings, before, nothing, held)


def figures_by_sweeps(
    run_sweep: Callable[[Design], Store], moved: dict[str, Prior], held: dict[str, float], goal: Target, until: str,
    seed: int,
) -> Run:  # fmt: skip
    """Return what gives the figures at points, normal scores of shape (parameters, points): by a sweep of them."""

    def run(name: str, points: Matrix, scale: float) -> Matrix:
        outcomes, years = tuple(dict.fromkeys(goal.table["outcome"])), tuple(sorted(set(goal.table["year"])))
        design = Design(
            name, moved, constants=held, outcomes=outcomes, years=years, n=points.shape[1], shares=norm.cdf(points.T),
            scale=scale, until=until, seed=seed,
        )  # fmt: skip
        return predicted(run_sweep(design), design, goal)

    return run


def first_look(names: list[str], run: Run, goal: Target, settings: Settings) -> tuple[Matrix, Matrix]:
    """Return the points of the priors nearest to the figures, as scores (parameters, members), and all misfits."""
    from scipy.stats import qmc

    shares = qmc.LatinHypercube(len(names), seed=settings.seed).random(settings.first)
    points = np.clip(norm.ppf(shares).T, -SCORES, SCORES)
    found = misfit(run("first_look", points, settings.first_scale), goal)
    if np.isfinite(found).sum() < settings.members:
        raise ResultsError(f"only {np.isfinite(found).sum()} of {settings.first} runs gave figures.")
    nearest = np.argsort(np.where(np.isfinite(found), found, np.inf), kind="stable")[: settings.members]
    return points[:, np.sort(nearest)], found


def whole(run: Run, goal: Target, settings: Settings, name: str, points: Matrix) -> Matrix:
    """Return the figures at points, without what the small sample of the ensemble's scale shifts them by.

    All members share neighbourhoods and draws, so what their sample is off by is much the same for all. It is the
    median difference, between two scales, of members spread over the nearer half.
    """
    figures = run(name, points, settings.scale)
    off = misfit(figures, goal)
    nearer = np.argsort(np.where(np.isfinite(off), off, np.inf), kind="stable")[: max(np.isfinite(off).sum() // 2, 1)]
    chosen = nearer[np.linspace(0, len(nearer) - 1, min(settings.checked, len(nearer))).astype(int)]
    larger = run(f"{name}_whole", points[:, np.sort(chosen)], settings.checked_scale)
    shift = np.nanmedian(larger - figures[:, np.sort(chosen)], axis=1)
    return np.asarray(figures + np.nan_to_num(shift)[:, None])


def smoothed(start: Matrix, run: Run, goal: Target, settings: Settings) -> tuple[Matrix, Matrix]:
    """Return the ensemble after its last move, as scores, and what has become of numbers that do nothing.

    Beside the parameters the smoother moves `DUMMIES` numbers that no run reads. The figures know nothing of them, so
    what they lose of their spread is lost through chance correlations in a finite ensemble (Evensen 2009).

    Returns
    -------
    scores, nothing
        Shapes (parameters, members) and (DUMMIES, members), without members whose run failed.
    """
    import covmats
    from pyesmda import ESMDA

    steps = iter(range(settings.steps))

    dummies = np.random.default_rng(settings.seed + 1).standard_normal((DUMMIES, start.shape[1]))

    def forward(points: Matrix) -> Matrix:
        rounded = np.asarray(np.round(np.clip(points[:-DUMMIES], -SCORES, SCORES), ROUNDED), dtype=float)
        return whole(run, goal, settings, f"step_{next(steps)}", rounded)

    # Every step takes twice as much of the figures as the one before: 1/inflation adds up to 1.
    inflation = [(2**settings.steps - 1) / 2**k for k in range(settings.steps)]
    smoother = ESMDA(
        obs=goal.logs, m_init=np.concatenate([start, dummies]),
        cov_obs=covmats.CovViaCholesky(np.linalg.cholesky(goal.covariance)),
        forward_model=forward, n_assimilations=settings.steps, cov_obs_inflation_factors=inflation,
        m_bounds=np.tile([[-SCORES, SCORES]], (len(start) + DUMMIES, 1)), random_state=settings.seed,
        is_forecast_for_last_assimilation=False, max_failure_fraction=0.5, is_parallel_analyse_step=False,
    )  # fmt: skip
    smoother.solve()
    found = np.asarray(smoother.m_posterior)
    return np.round(found[:-DUMMIES], ROUNDED), found[-DUMMIES:]


def _ensemble(
    name: str, until: str, moved: dict[str, Prior], points: Matrix, found: Matrix, limit: float, settings: Settings,
    before: Matrix, nothing: Matrix, constants: dict[str, float],
) -> Ensemble:  # fmt: skip
    """Return the members that are not implausible, in the order in which they were drawn."""
    stay = np.flatnonzero(np.sqrt(np.where(np.isfinite(found), found, np.inf)) <= limit)
    if not len(stay):
        raise ResultsError(
            f"every member is implausible: the nearest misses by {np.sqrt(np.nanmin(found)):.1f} errors."
        )
    values = {key: moved[key].quantiles(norm.cdf(points[k, stay])) for k, key in enumerate(moved)}
    left = nothing[:, stay].std(axis=1, ddof=1) if len(stay) > 1 else np.ones(len(nothing))
    about = {
        "until": until, "settings": asdict(settings), "constants": constants, "members_moved": points.shape[1],
        "rms_first_look": _five(np.sqrt(before)), "rms_last_step": _five(np.sqrt(found)),
        "left_of_nothing": [round(float(value), 4) for value in (left.mean(), left.std(ddof=1))],
        "moved_of_nothing": round(float(np.sqrt((nothing[:, stay].mean(axis=1) ** 2).mean())), 4),
        "model": model_state(),
    }  # fmt: skip
    return Ensemble(name, pd.DataFrame(values), found[stay], about)


def _five(values: Matrix) -> list[float]:
    """Return the smallest value, quartiles and the largest."""
    return [round(float(value), 3) for value in np.nanquantile(values, (0.0, 0.25, 0.5, 0.75, 1.0))]
