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

from experiments.designs import Design
from experiments.figures import save_figure
from experiments.output import writing_into
from experiments.store import Store
from model import causal_map
from model.errors import ResultsError

LOOPS = tuple(name for name in causal_map.loops() if name.startswith("R"))
GAINS = {name: causal_map.loops()[name].gain for name in LOOPS}
LABELS = {name: f"{name} {causal_map.loops()[name].label}" for name in LOOPS}
FROM = 2015
YEARS = (2020, 2025, 2030, 2035)
OUTCOME = "plans_in_force"
LEVEL = 0.95
TABLE, PAIRS = "shares.csv", "interactions.csv"
FIGURE = ("waterfall.pdf", "waterfall.png")


def design(*, replicates: int = 5, scale: float = 0.01, seed: int = 0, smoke: bool = False) -> Design:
    """Return the design: 512 combinations of gains 0 and 1, each with the same random draws in every replicate."""
    years = (2016, 2017) if smoke else YEARS
    return Design(
        "e03_loop_shares", levers={gain: (0.0, 1.0) for gain in GAINS.values()}, outcomes=(OUTCOME,),
        years=(FROM, *years), sampler="defaults", replicates=2 if smoke else replicates, seed=seed,
        scale=0.0005 if smoke else scale, until=f"{max(years)}-01",
        text="Growth of plans in force since January 2015 with every combination of the reinforcing loops on and off.",
    )  # fmt: skip


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
    """Return the growth of plans since January 2015, shape (combinations, replicates, years), and the years.

    Combination k has loop i on where bit i of k is 1.

    Raises
    ------
    ResultsError
        If runs failed or are missing.
    """
    table = store.table()
    if table.empty:
        raise ResultsError(f"every run in {store.folder} failed; failures.csv says with what error.")
    bits = sum((table[gain] > 0.5).astype(int) * (1 << i) for i, gain in enumerate(GAINS.values()))
    wide = table.assign(coalition=bits).pivot(index=["coalition", "replicate"], columns="year", values=OUTCOME)
    replicates = wide.index.get_level_values("replicate").nunique()
    if len(wide) != (1 << len(GAINS)) * replicates or wide.isna().any().any():
        raise ResultsError(f"{store.folder}: runs failed or are missing; shares need every combination.")
    years = [int(year) for year in wide.columns if year != FROM]
    since = wide[years].sub(wide[FROM], axis=0).sort_index()
    return since.to_numpy().reshape(1 << len(GAINS), replicates, len(years)), years


def shares(worth: NDArray[np.float64], years: list[int]) -> pd.DataFrame:
    """Return, by loop and year, what it adds to the growth of plans, with 95 % intervals over replicates.

    Returns
    -------
    pandas.DataFrame
        Columns `year`, `loop`, `shapley`, `low`, `high` (plans), `share` (of the growth with all loops), `alone` (what
        it adds to nothing) and `last` (what goes when it alone is cut). The first row of a year, `no loop`, is the
        growth that remains with all of them cut.
    """
    values = shapley(worth)
    whole = worth[-1].mean(axis=0)
    rows = []
    for y, year in enumerate(years):
        left = worth[0][:, y]
        rows.append((year, "no loop", *_interval(left), left.mean() / whole[y], np.nan, np.nan))
        for i, loop in enumerate(LOOPS):
            alone = (worth[1 << i] - worth[0])[:, y].mean()
            last = (worth[-1] - worth[(len(worth) - 1) ^ 1 << i])[:, y].mean()
            found = values[i, :, y]
            rows.append((year, loop, *_interval(found), found.mean() / whole[y], alone, last))
    return pd.DataFrame(rows, columns=["year", "loop", "shapley", "low", "high", "share", "alone", "last"])


def _interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the mean over replicates and its interval by Student's t."""
    mean = float(values.mean())
    if len(values) < 2:
        return mean, np.nan, np.nan
    half = float(stats.t.ppf(0.5 + LEVEL / 2.0, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    return mean, mean - half, mean + half


def waterfall(table: pd.DataFrame, year: int, replicates: int, scale: float) -> Figure:
    """Return the figure: from the growth without loops, loop by loop, to the growth with all of them."""
    here = table[table["year"] == year].set_index("loop")
    figure = Figure(figsize=(9.0, 5.4))
    ax = figure.subplots()
    figure.subplots_adjust(left=0.09, right=0.98, top=0.86, bottom=0.33)
    names = ["no loop", *LOOPS]
    start = 0.0
    for k, name in enumerate(names):
        value = here.loc[name, "shapley"] / 1e3
        colour = "0.55" if name == "no loop" else "#0072B2" if value >= 0.0 else "#D55E00"
        ax.bar(k, value, bottom=start, color=colour, width=0.72)
        low, high = (here.loc[name, side] / 1e3 for side in ("low", "high"))
        ax.errorbar(k, start + value, yerr=[[value - low], [high - value]], color="0.1", capsize=3, linewidth=1.2)
        ax.plot([k - 0.36, k + 1.36], [start + value] * 2, color="0.6", linewidth=0.8, zorder=0)
        words = f"{value:+.0f}\n{100 * here.loc[name, 'share']:.0f} %"
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
    note = (
        f"Shapley values over all 512 combinations of loops on and off; bars: 95 % intervals over {replicates} "
        f"replicates, {100 * scale:g} % of England each.\nOne calibration: other parameters give other shares."
    )
    figure.text(0.02, 0.02, note, fontsize=8, color="0.25")
    return figure


def write_report(store: Store, chosen: Design) -> pd.DataFrame:
    """Write tables of shares and of interactions and the figure beside the runs; return the shares."""
    worth, years = growth(store)
    table = shares(worth, years)
    pairs = interactions(worth).mean(axis=2)
    rows = [
        (year, LOOPS[i], LOOPS[j], pairs[i, j, y])
        for y, year in enumerate(years)
        for i, j in itertools.combinations(range(len(LOOPS)), 2)
    ]
    middle = 2025 if 2025 in years else years[-1]
    figure = waterfall(table, middle, chosen.replicates, chosen.scale)
    with writing_into(store.folder):
        table.to_csv(store.folder / TABLE, index=False, float_format="%.6g")
        frame = pd.DataFrame(rows, columns=["year", "loop", "other", "plans"])
        frame.to_csv(store.folder / PAIRS, index=False, float_format="%.6g")
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
