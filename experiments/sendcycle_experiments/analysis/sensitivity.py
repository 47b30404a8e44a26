"""Global sensitivity analysis with SALib: which uncertain parameters drive the answers, when, and how sure that is.

Points are drawn in shares of each parameter's prior, from 0 to 1, and turned into values by its quantiles: so every
kind of prior is honoured, and SALib sees uniform factors. Groups of parameters can be varied as one factor.

Noise and effect are kept apart: indices are of the mean over replicates, and beside them stands the share of the
variance that stochastic variability still makes in such a mean.
"""

import itertools
import signal
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sendcycle.errors import ResultsError, nearest
from sendcycle_experiments.sweeps.designs import MOST_RUNS, Design, DesignError, check_n_runs, check_power_of_two
from sendcycle_experiments.sweeps.store import Store

METHODS = ("morris", "sobol", "pawn", "delta", "fast")
RESAMPLES = 100  # of the bootstrap
FEWEST_RESAMPLES = 2
LEVEL = 0.95  # of the intervals
LEVELS = 4  # of the Morris grid
SLICES = 10  # of PAWN
HARMONICS = 4  # of FAST
CLOSE = 0.05  # converged: indices of half the points differ by no more
NARROW = 0.2  # and intervals are no wider
FEWEST_TRAJECTORIES = 4  # of half a Morris sample, below which nothing is called converged
FEWEST_POINTS = 64  # of PAWN and delta, which cut them into slices
TIED = 0.1  # share of points with one and the same value beyond which delta says nothing
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """The factors of an analysis.

    Attributes
    ----------
    names
        Uncertain parameters, in the order of the columns of a sample.
    groups
        For each of them the factor it belongs to: its own name, or that of a group that is varied as one.
    second_order
        Whether Sobol' samples hold the points that indices of pairs need.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    second_order: bool = False

    @property
    def factors(self) -> list[str]:
        """The factors, in the order in which SALib reports them."""
        return list(dict.fromkeys(self.groups))

    @property
    def grouped(self) -> bool:
        """Whether some parameters are varied as one."""
        return self.groups != self.names

    def salib(self) -> dict[str, Any]:
        """Return SALib's description of the problem, in shares from 0 to 1."""
        plain: dict[str, Any] = {
            "num_vars": len(self.names),
            "names": list(self.names),
            "bounds": [[0.0, 1.0]] * len(self.names),
        }
        return plain | ({"groups": list(self.groups)} if self.grouped else {})


def problem_of(names: Sequence[str], groups: Mapping[str, str] | None = None, *, second_order: bool = False) -> Problem:
    """Return the problem of some parameters, each of them a factor, or those of a group together one.

    Raises
    ------
    DesignError
        If there are less than two factors.
    """
    found = Problem(tuple(names), tuple((groups or {}).get(name, name) for name in names), second_order)
    if len(found.factors) < 2:
        raise DesignError("a sensitivity analysis needs two factors at least.")
    return found


# ---------------------------------------------------------------------- samples


def shares(method: str, problem: Problem, n: int, seed: int) -> Matrix:
    """Return the points of a method, in shares of each prior.

    Parameters
    ----------
    n
        Trajectories for Morris; base samples, a power of two, for Sobol'; points for PAWN and delta; points for each
        factor for FAST.

    Returns
    -------
    numpy.ndarray
        Shape (points, parameters), from 0 to 1.

    Raises
    ------
    DesignError
        If the method is unknown, or n does not suit it or is too large.
    """
    from SALib.sample import fast_sampler, latin, morris, sobol

    n_points(method, problem, n)
    known = problem.salib()
    if method == "morris":
        points = morris.sample(known, n, num_levels=LEVELS, seed=seed)
    elif method == "sobol":
        points = sobol.sample(known, n, calc_second_order=problem.second_order, scramble=True, seed=seed)
    elif method == "fast":
        points = fast_sampler.sample(known, n, M=HARMONICS, seed=seed)
    else:
        points = latin.sample(known, n, seed=seed)
    return np.asarray(np.clip(np.asarray(points, dtype=float), 0.0, 1.0))


def n_points(method: str, problem: Problem, n: int) -> int:
    """Return how many points `shares` draws. Raises DesignError as it does, before anything is drawn."""
    if method not in METHODS:
        raise DesignError(f"unknown method '{method}'.{nearest(method, METHODS)}")
    if isinstance(n, bool) or n < 2:
        raise DesignError(f"n must be a whole number of 2 or more, not {n!r}.")
    d = len(problem.factors)
    if method == "morris":
        found = n * (d + 1)
    elif method == "sobol":
        check_power_of_two(n)
        found = n * (2 * d + 2 if problem.second_order else d + 2)
    elif problem.grouped:
        raise DesignError(f"{method} knows no groups: take morris or sobol.")
    elif method == "fast":
        if n <= 4 * HARMONICS**2:
            raise DesignError(f"n = {n}: FAST needs more than {4 * HARMONICS**2} points for each factor.")
        found = n * d
    elif n < FEWEST_POINTS:
        raise DesignError(f"n = {n}: {method} needs {FEWEST_POINTS} points at least.")
    else:
        found = n
    if found > MOST_RUNS:
        raise DesignError(f"n = {n:.6g}: {found:.6g} points are more than {MOST_RUNS:,}: take a smaller one.")
    return found


def analysis_size(base: Design, method: str, problem: Problem, n: int) -> int:
    """Return how many points an analysis needs, before any is drawn.

    Raises
    ------
    DesignError
        If `base` has several arms, an outcome has no figure in a year, the method or n is wrong, see `shares`, or the
        runs are too many.
    """
    if base.n_arms > 1:
        raise DesignError("a sensitivity analysis has one arm: no levers, one scenario.")
    missing = sorted(base.without_figure(), key=lambda place: place[1])
    if missing:
        raise DesignError(f"{missing[0][0]} has no figure of {missing[0][1]} in a run from 2014-09 to {base.until}.")
    found = n_points(method, problem, n)
    check_n_runs(found * base.replicates)
    return found


def analysis_design(base: Design, method: str, problem: Problem, n: int) -> Design:
    """Return the design whose runs the analysis needs: that of `base` with the points of the method.

    Raises
    ------
    DesignError
        As `analysis_size`.
    """
    analysis_size(base, method, problem, n)
    points = shares(method, problem, n, base.seed)
    return base.replaced(n=len(points), shares=points)


# ---------------------------------------------------------------------- indices


def indices(
    method: str, problem: Problem, points: Matrix, values: Matrix, seed: int, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Return the indices of one outcome: a row a factor (and, for Sobol' of second order, a row a pair).

    Parameters
    ----------
    points
        What `shares` returned.
    values
        The outcome at each point, in their order.
    seed, resamples
        Of the bootstrap. Where only values are asked for, few resamples do, but for delta, whose values depend on them.

    Returns
    -------
    pandas.DataFrame
        Columns `factor`, `with` (the other of a pair, else ""), `index`, `value` and `half_width`, half of the interval
        that holds 95 % of the bootstrap (NaN where the method gives none). Indices: `mu_star` and `sigma` (Morris, in
        the outcome's unit), `S1`, `ST`, `S2` (Sobol'; FAST without S2), `delta` and `S1` (delta), `median` (PAWN).
    """
    sample = _Sample(problem, points, values, seed + 1, resamples)  # SALib takes 0 for no seed at all
    rows = _no_effects(method, problem) if np.ptp(values) == 0.0 else INDICES_OF[method](sample)
    return pd.DataFrame(rows, columns=["factor", "with", "index", "value", "half_width"])


Row = tuple[str, str, str, float, float]  # factor, the other of a pair, index, value, half-width


@dataclass(frozen=True)
class _Sample:
    """What the indices of one outcome are computed from."""

    problem: Problem
    points: Matrix
    values: Matrix
    seed: int
    resamples: int

    @property
    def known(self) -> dict[str, Any]:
        return self.problem.salib()

    @property
    def bootstrap(self) -> dict[str, Any]:
        return {"conf_level": LEVEL, "num_resamples": self.resamples, "seed": self.seed}

    def rows(self, index: str, found: Matrix, widths: Matrix | None = None) -> list[Row]:
        """Return a row a factor; no half-widths are known without `widths`."""
        shown = widths if widths is not None else np.full(len(self.problem.factors), np.nan)
        return [(factor, "", index, float(found[k]), float(shown[k])) for k, factor in enumerate(self.problem.factors)]


def _no_effects(method: str, problem: Problem) -> list[Row]:
    """Return zeros: an outcome that never moves has no driver."""
    rows = [(factor, "", index, 0.0, 0.0) for index in INDICES[method] for factor in problem.factors]
    if problem.second_order:
        rows += [(one, other, "S2", 0.0, 0.0) for one, other in itertools.combinations(problem.factors, 2)]
    return rows


def _morris_indices(sample: _Sample) -> list[Row]:
    from SALib.analyze import morris

    found = morris.analyze(sample.known, sample.points, sample.values, num_levels=LEVELS, **sample.bootstrap)
    sigma = found["sigma"] if not sample.problem.grouped else np.full(len(sample.problem.factors), np.nan)
    return sample.rows("mu_star", found["mu_star"], found["mu_star_conf"]) + sample.rows("sigma", sigma)


def _sobol_indices(sample: _Sample) -> list[Row]:
    from SALib.analyze import sobol

    factors, pairs = sample.problem.factors, sample.problem.second_order
    found = sobol.analyze(sample.known, sample.values, calc_second_order=pairs, **sample.bootstrap)
    rows = sample.rows("S1", found["S1"], found["S1_conf"]) + sample.rows("ST", found["ST"], found["ST_conf"])
    for j, k in itertools.combinations(range(len(factors)), 2) if pairs else ():
        rows.append((factors[j], factors[k], "S2", float(found["S2"][j, k]), float(found["S2_conf"][j, k])))
    return rows


def _fast_indices(sample: _Sample) -> list[Row]:
    from SALib.analyze import fast

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its intervals are not to be trusted, and are left out
        found = fast.analyze(sample.known, sample.values, M=HARMONICS, **sample.bootstrap)
    return sample.rows("S1", found["S1"]) + sample.rows("ST", found["ST"])


def _delta_indices(sample: _Sample) -> list[Row]:
    from SALib.analyze import delta

    found = delta.analyze(sample.known, sample.points, sample.values, **sample.bootstrap)
    rows = sample.rows("delta", found["delta_balanced"], found["delta_balanced_conf"])
    return rows + sample.rows("S1", found["S1"], found["S1_conf"])


def _pawn_indices(sample: _Sample) -> list[Row]:
    from SALib.analyze import pawn

    known, points, values, seed = sample.known, sample.points, sample.values, sample.seed
    found = pawn.analyze(known, points, values, S=SLICES, seed=seed)
    return sample.rows("median", found["median"], _pawn_widths(known, points, values, seed, sample.resamples))


INDICES_OF: dict[str, Callable[[_Sample], list[Row]]] = {
    "morris": _morris_indices, "sobol": _sobol_indices, "fast": _fast_indices, "delta": _delta_indices,
    "pawn": _pawn_indices,
}  # fmt: skip


def _pawn_widths(known: dict[str, Any], points: Matrix, values: Matrix, seed: int, resamples: int) -> Matrix:
    """Return half-widths of PAWN's medians by bootstrap, which SALib does not give."""
    from SALib.analyze import pawn

    rng = np.random.default_rng(seed)
    medians = []
    for _ in range(resamples):
        drawn = rng.integers(len(values), size=len(values))
        medians.append(pawn.analyze(known, points[drawn], values[drawn], S=SLICES, seed=seed)["median"])
    low, high = np.quantile(medians, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0], axis=0)
    return np.asarray((high - low) / 2.0)


def first_half(method: str, problem: Problem, points: Matrix) -> int | None:
    """Return how many points at the beginning are a sample of the method themselves, half as large; None if none."""
    d = len(problem.factors)
    if method == "morris":
        trajectories = (len(points) // (d + 1)) // 2
        return trajectories * (d + 1) if trajectories >= FEWEST_TRAJECTORIES else None
    if method == "sobol":
        step = 2 * d + 2 if problem.second_order else d + 2
        return (len(points) // step) // 2 * step or None
    return None if method == "fast" else len(points) // 2


INDICES = {
    "morris": ("mu_star", "sigma"),
    "sobol": ("S1", "ST"),
    "fast": ("S1", "ST"),
    "delta": ("delta", "S1"),
    "pawn": ("median",),
}
MAIN_INDEX = {"morris": "mu_star", "sobol": "ST", "fast": "ST", "delta": "delta", "pawn": "median"}


def with_convergence(method: str, problem: Problem, points: Matrix, values: Matrix, seed: int) -> pd.DataFrame:
    """Return `indices` with a column `converged`, and the value that half of the points give, `of_half`.

    Converged is an outcome of which the main index of every factor, and half of its interval, moves or spans less than
    5 % and 10 % of the scale: of the largest index for Morris, of 1 for the others. Where half of a sample is no sample
    of the method and intervals are not to be trusted (FAST), nothing is called converged.
    """
    tied = method == "delta" and np.ptp(values) > 0.0 and _largest_tie(values) > TIED
    if tied or np.isnan(values).any():  # ties hide a slice from delta; a ratio may have nothing below it at some points
        blank = indices(method, problem, points, np.zeros(len(values)), seed)
        return blank.assign(value=np.nan, half_width=np.nan, of_half=np.nan, converged=False)
    whole = indices(method, problem, points, values, seed)
    main = whole["index"] == MAIN_INDEX[method]
    scale = max(float(whole.loc[main, "value"].abs().max()), 1e-300) if method == "morris" else 1.0
    half = first_half(method, problem, points)
    moved = np.inf  # where half of a sample is no sample, nothing is known of how far indices move
    whole["of_half"] = np.nan
    if half is not None:
        resamples = RESAMPLES if method == "delta" else FEWEST_RESAMPLES  # the half is asked for its values alone
        of_half, without_pairs = values[:half], problem
        if (
            problem.second_order
        ):  # pairs are not asked for: the runs for them, between the first and the last, are left out
            d = len(problem.factors)
            of_half = of_half.reshape(-1, 2 * d + 2)[:, [*range(d + 1), 2 * d + 1]].ravel()
            without_pairs = replace(problem, second_order=False)
        before = indices(method, without_pairs, points[: len(of_half)], of_half, seed, resamples)
        keys = ["factor", "with", "index"]
        merged = whole[keys].merge(before, on=keys, how="left")
        whole["of_half"] = merged["value"].to_numpy()
        moved = float((whole.loc[main, "value"] - whole.loc[main, "of_half"]).abs().max(skipna=False)) / scale
    widest = float(whole.loc[main, "half_width"].max(skipna=False)) * 2.0 / scale
    whole["converged"] = bool(moved <= CLOSE and widest <= NARROW)
    return whole


def _largest_tie(values: Matrix) -> float:
    """Return the largest share of values that are one and the same."""
    return float(np.unique(values, return_counts=True)[1].max() / len(values))


# ---------------------------------------------------------------------- from stored runs


def means_over_replicates(store: Store, design: Design) -> pd.DataFrame:
    """Return, for each outcome and year, the mean over replicates at each point, and how much of it is noise.

    Returns
    -------
    pandas.DataFrame
        Index `outcome`, `year`; columns 0 to n - 1 for the points (NaN where a ratio has nothing below it), and
        `noise`: the variance that chance leaves in a mean over replicates, as a share of the variance of the means
        over all points; NaN with one replicate. Replicate r has the same draws at every point, so what moves all
        points alike is no noise of an index and is left out.

    Raises
    ------
    ResultsError
        If runs failed or are missing: indices need every point.
    """
    table = store.outcomes().merge(store.plan()[["run", "point", "replicate"]], on="run")
    long = table.melt(id_vars=["point", "replicate", "year"], value_vars=list(design.outcomes), var_name="outcome")
    means = long.groupby(["outcome", "year", "point"])["value"].mean().unstack("point")
    empty = means.index[means.isna().all(axis=1)]
    if len(empty):
        outcome, year = empty[0]
        raise ResultsError(
            f"{outcome} has no value in {year} at any point: the run ends before that year does, or nothing "
            "happened of which it is a share."
        )
    if table["run"].nunique() < design.n_runs:
        raise ResultsError(f"{store.folder}: runs failed or are missing; indices need every point.")
    by_replicate = long.groupby(["outcome", "year", "replicate"])["value"].transform("mean")
    by_point = long.groupby(["outcome", "year", "point"])["value"].transform("mean")
    grand = long.groupby(["outcome", "year"])["value"].transform("mean")
    left = (long["value"] - by_point - by_replicate + grand) ** 2  # replicates share their draws at every point
    freedom = (design.n - 1) * (design.replicates - 1)
    means = means.reindex(list(design.outcomes), level="outcome")
    within = left.groupby([long["outcome"], long["year"]]).sum() / max(freedom, 1) / design.replicates
    between = means.var(axis=1, ddof=1)
    means["noise"] = (within / between.where((between > 0.0) & (freedom > 0))).reindex(means.index)
    return means


def analyse(
    store: Store, design: Design, method: str, problem: Problem, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Return the indices of every outcome and year of a finished sweep, on all cores.

    Returns
    -------
    pandas.DataFrame
        Columns `outcome`, `year`, those of `with_convergence`, and `noise`.
    """
    means = means_over_replicates(store, design)
    columns = {key: row[list(range(design.n))].to_numpy(dtype=float) for key, row in means.iterrows()}
    before = (method, problem, np.asarray(design.shares))
    table = by_outcome_and_year(with_convergence, columns, before, (design.seed,), progress)
    return table.merge(means["noise"].reset_index(), on=["outcome", "year"], how="left", validate="many_to_one")


def by_outcome_and_year(
    indices_of: Callable[..., pd.DataFrame],
    columns: Mapping[Any, Matrix],
    before: tuple[Any, ...],
    after: tuple[Any, ...],
    progress: Callable[[int, int], None] | None,
) -> pd.DataFrame:
    """Return what `indices_of(*before, values, *after)` gives for every (outcome, year), on all cores, in one table.

    Raises
    ------
    ResultsError
        If a process of the analysis dies.
    """
    tables = []
    pool = ProcessPoolExecutor(initializer=_leaves_interruption_to_others)
    try:
        futures = {key: pool.submit(indices_of, *before, values, *after) for key, values in columns.items()}
        for k, ((outcome, year), future) in enumerate(futures.items()):
            found = future.result()
            found.insert(0, "year", year)
            found.insert(0, "outcome", outcome)
            tables.append(found)
            if progress is not None:
                progress(k + 1, len(futures))
    except BrokenProcessPool:
        raise ResultsError(
            "a process of the analysis died, for want of memory perhaps; --resume begins it anew."
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return pd.concat(tables, ignore_index=True)


def _leaves_interruption_to_others() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
