"""e03: which loop carries the growth. All on-off combinations of the nine reinforcing loops, and Shapley shares.

A loop's share depends on which other loops turn: crowding out does little where no belief carries it on. The Shapley
value is the mean of what a loop adds over all orders in which the loops could be switched on; the shares add up to the
whole growth. How much each adds alone, and how much goes when it alone is cut, stand beside it: where they differ,
loops work through one another.
"""

import itertools
import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from sendcycle.errors import ResultsError
from sendcycle.structure import causal_map
from sendcycle_experiments.analysis.evidence import LEVELS
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.figures.style import save_figure
from sendcycle_experiments.studies.registry import LoopShares
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.designs import Design
from sendcycle_experiments.sweeps.manifests import adding_results
from sendcycle_experiments.sweeps.store import Store

LOOPS = tuple(name for name in causal_map.loops() if name.startswith("R"))
GAINS = {name: causal_map.loops()[name].gain for name in LOOPS}
LABELS = {name: f"{name} {causal_map.loops()[name].label}" for name in LOOPS}
FROM = 2015
OUTCOME = "plans_in_force"
LEVEL = 0.95
MIDDLE = (LEVELS[0], LEVELS[-1])
TABLE, PAIRS = "shares.csv", "interactions.csv"
FIGURE = ("waterfall.pdf", "waterfall.png")


def run(sizes: LoopShares, context: Context) -> Findings:
    """Run all combinations of loops, and write shares, interactions and the figure beside the runs."""
    ensemble = None if sizes.defaults else context.ensemble().first(sizes.members)
    chosen = design(sizes, ensemble)
    shown = by_decade(write_report(context.sweep(chosen), chosen)).reset_index().rename(columns=str)
    return Findings((shown,), "thousand plans added since January 2015 (share); tables, figure and runs")


def design(sizes: LoopShares, ensemble: Ensemble | None = None) -> Design:
    """Return the design: 512 combinations of gains 0 and 1, each with the same random draws.

    Every member of the ensemble is run once with all of them, with draws of its own. Without an ensemble the declared
    defaults are, in several replicates.
    """
    at_defaults = Design(
        "e03_loop_shares", levers={gain: (0.0, 1.0) for gain in GAINS.values()}, outcomes=(OUTCOME,),
        years=(FROM, *sizes.years), sampler="defaults", replicates=sizes.replicates, seed=sizes.seed,
        scale=sizes.scale, until=f"{max(sizes.years)}-01",
        text="Growth of plans in force since January 2015 with every combination of the reinforcing loops on and off.",
    )  # fmt: skip
    return at_defaults if ensemble is None else ensemble.design(at_defaults).replaced(replicates=1, own_seeds=True)


def shapley(worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Shapley value of every player.

    Parameters
    ----------
    worth
        What each coalition is worth, shape (2 ** players, ...); bit i of its number says whether player i is in it.

    Returns
    -------
    numpy.ndarray
        Shape (players, ...); the sum over players is what all are worth less what nobody is.
    """
    n = _players(worth)
    weight = [math.factorial(s) * math.factorial(n - s - 1) / math.factorial(n) for s in range(n)]
    values = np.zeros((n, *worth.shape[1:]))
    for coalition in range(len(worth)):
        for i in range(n):
            if not coalition >> i & 1:
                values[i] += weight[coalition.bit_count()] * (worth[coalition | 1 << i] - worth[coalition])
    return values


def interactions(worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Shapley interaction of every pair: what two add together beyond what each adds, over all coalitions.

    Returns
    -------
    numpy.ndarray
        Shape (players, players, ...), symmetric, zero on the diagonal; negative where one stands in for the other.
    """
    n = _players(worth)
    weight = [math.factorial(s) * math.factorial(n - s - 2) / math.factorial(n - 1) for s in range(n - 1)]
    values = np.zeros((n, n, *worth.shape[1:]))
    for i, j in itertools.combinations(range(n), 2):
        both = 1 << i | 1 << j
        for coalition in range(len(worth)):
            if not coalition & both:
                beyond = (
                    worth[coalition | both] - worth[coalition | 1 << i] - worth[coalition | 1 << j] + worth[coalition]
                )
                values[i, j] += weight[coalition.bit_count()] * beyond
        values[j, i] = values[i, j]
    return values


def _players(worth: NDArray[np.float64]) -> int:
    n = len(worth).bit_length() - 1
    if len(worth) != 1 << n:
        raise ValueError(f"{len(worth)} coalitions are no power of two.")
    return n


def growth(store: Store) -> tuple[NDArray[np.float64], list[int]]:
    """Return the growth of plans since January 2015, shape (combinations, repeats, years), and the years.

    Combination k has loop i on where bit i of k is 1. A repeat is a member of the ensemble, or a replicate.

    Raises
    ------
    ResultsError
        If runs failed or are missing.
    """
    table = store.table()
    if table.empty:
        raise ResultsError(f"every run in {store.folder} failed; failures.csv says with what error.")
    bits = sum((table[gain] > 0.5).astype(int) * (1 << i) for i, gain in enumerate(GAINS.values()))
    keys = ["coalition", "point", "replicate"]
    wide = table.assign(coalition=bits).pivot(index=keys, columns="year", values=OUTCOME)
    repeats = len(table[["point", "replicate"]].drop_duplicates())
    if len(wide) != (1 << len(GAINS)) * repeats or wide.isna().any().any():
        raise ResultsError(f"{store.folder}: runs failed or are missing; shares need every combination.")
    years = [year for year in map(int, wide.columns) if year != FROM]
    since = wide[years].sub(wide[FROM], axis=0).sort_index()
    return since.to_numpy().reshape(1 << len(GAINS), repeats, len(years)), years


def shares(worth: NDArray[np.float64], years: list[int], *, members: bool = False) -> pd.DataFrame:
    """Return, by loop and year, what it adds to the growth of plans.

    Parameters
    ----------
    worth
        As `growth` returns it.
    members
        Whether repeats are members of an ensemble: intervals then hold nine tenths of them. Otherwise they are 95 %
        intervals of the mean over replicates.

    Returns
    -------
    pandas.DataFrame
        Columns `year`, `loop`, `shapley`, `low`, `high` (plans; mean over repeats), `share` (of the growth with all
        loops; means over means), `share_low`, `share_high` (nine tenths of the repeats), `alone` (what it adds to
        nothing) and `last` (what goes when it alone is cut). The first row of a year, `no loop`, is the growth that
        remains with all of them cut.
    """
    values = shapley(worth)
    rows = []
    for y, year in enumerate(years):
        whole = worth[-1][:, y]

        def row(loop: str, found: NDArray[np.float64], *more: float, whole: NDArray[np.float64] = whole) -> None:
            of_each = np.quantile(found / whole, MIDDLE)
            rows.append((year, loop, *_interval(found, members), found.mean() / whole.mean(), *of_each, *more))  # noqa: B023

        row("no loop", worth[0][:, y], np.nan, np.nan)
        for i, loop in enumerate(LOOPS):
            alone = (worth[1 << i] - worth[0])[:, y].mean()
            last = (worth[-1] - worth[(len(worth) - 1) ^ 1 << i])[:, y].mean()
            row(loop, values[i, :, y], float(alone), float(last))
    columns = ["year", "loop", "shapley", "low", "high", "share", "share_low", "share_high", "alone", "last"]
    return pd.DataFrame(rows, columns=columns)


def _interval(values: NDArray[np.float64], members: bool) -> tuple[float, float, float]:
    """Return the mean, and nine tenths of the members or the interval of the mean over replicates by Student's t."""
    mean = float(values.mean())
    if members:
        low, high = np.quantile(values, MIDDLE)
        return mean, float(low), float(high)
    if len(values) < 2:
        return mean, np.nan, np.nan
    half = float(stats.t.ppf(0.5 + LEVEL / 2.0, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    return mean, mean - half, mean + half


def waterfall(table: pd.DataFrame, year: int, chosen: Design) -> Figure:
    """Return the figure: from the growth without loops, loop by loop, to the growth with all of them."""
    here = table[table["year"] == year].set_index("loop")
    figure = Figure(figsize=(9.0, 5.4))
    ax = figure.subplots()
    figure.subplots_adjust(left=0.09, right=0.98, top=0.86, bottom=0.33)
    names = ["no loop", *LOOPS]
    start = 0.0
    for k, name in enumerate(names):
        value = here["shapley"][name] / 1e3
        colour = "0.55" if name == "no loop" else "#0072B2" if value >= 0.0 else "#D55E00"
        ax.bar(k, value, bottom=start, color=colour, width=0.72)
        low, high = (here[side][name] / 1e3 for side in ("low", "high"))
        ax.errorbar(k, start + value, yerr=[[value - low], [high - value]], color="0.1", capsize=3, linewidth=1.2)
        ax.plot([k - 0.36, k + 1.36], [start + value] * 2, color="0.6", linewidth=0.8, zorder=0)
        words = f"{value:+.0f}\n{100 * here['share'][name]:.0f} %"
        ax.annotate(
            words,
            (k, max(start, start + value, start + high)),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
        )
        start += value
    ax.bar(len(names), start, color="0.25", width=0.72)
    ax.annotate(
        f"{start:.0f}", (len(names), start), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=8.5
    )
    labels = ["without\nany loop", *(LABELS[name] for name in LOOPS), "all loops"]
    ax.set_xticks(range(len(labels)), labels, rotation=40, ha="right", fontsize=9)
    ax.set_ylim(min(0.0, ax.get_ylim()[0]), ax.get_ylim()[1] * 1.12)
    ax.axhline(0.0, color="0.4", linewidth=0.8)
    ax.set_ylabel("thousand plans")
    ax.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        f"What each reinforcing loop adds to the growth of plans, January {FROM} to {year}",
        x=0.02,
        ha="left",
        fontsize=13,
        fontweight="bold",
    )
    bars = repeats_of(chosen.n, chosen.replicates, chosen.scale)
    note = f"Shapley values over all 512 combinations of loops on and off; bars: {bars}."
    figure.text(0.02, 0.02, note, fontsize=8, color="0.25")
    return figure


def repeats_of(members: int, replicates: int, scale: float) -> str:
    """Return in words over what intervals are."""
    of = f"{100 * scale:g} % of England each"
    if members > 1:
        return f"90 % of {members} members of the calibrated ensemble, {of}"
    return f"95 % intervals over {replicates} replicates at the declared values, {of}"


def write_report(store: Store, chosen: Design) -> pd.DataFrame:
    """Write tables of shares and of interactions and the figure beside the runs; return the shares."""
    worth, years = growth(store)
    table = shares(worth, years, members=chosen.n > 1)
    pairs = interactions(worth).mean(axis=2)
    rows = [
        (year, LOOPS[i], LOOPS[j], pairs[i, j, y])
        for y, year in enumerate(years)
        for i, j in itertools.combinations(range(len(LOOPS)), 2)
    ]
    middle = 2025 if 2025 in years else years[-1]
    figure = waterfall(table, middle, chosen)
    with adding_results(store.folder):
        write_csv(table, store.folder / TABLE, index=False, float_format="%.6g")
        frame = pd.DataFrame(rows, columns=["year", "loop", "other", "plans"])
        write_csv(frame, store.folder / PAIRS, index=False, float_format="%.6g")
        store.note_columns()
        code = store.manifest()["model"]["code"][:12]
        words = f"{chosen.n_runs} runs, code {code}"
        save_figure(figure, [store.folder / name for name in FIGURE], "sendcycle: loops", words)
    return table


def by_decade(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table for the terminal: a row a loop, a column a year, plans in thousands and share of the growth."""
    words = table.assign(
        text=[f"{v / 1e3:+.0f} ({100 * s:.0f} %)" for v, s in zip(table["shapley"], table["share"], strict=True)]
    )
    return words.pivot(index="loop", columns="year", values="text").reindex(["no loop", *LOOPS])
