"""A sensitivity analysis from its design to its table and figure, written beside the runs."""

import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sendcycle.outputs import observables
from sendcycle_experiments.analysis.sensitivity import MAIN_INDEX, Problem, analyse
from sendcycle_experiments.analysis.surrogate import GOOD, analyse_surrogate
from sendcycle_experiments.figures.style import save_figure
from sendcycle_experiments.sweeps.columns import write_outcomes
from sendcycle_experiments.sweeps.designs import Design
from sendcycle_experiments.sweeps.manifests import adding_results
from sendcycle_experiments.sweeps.store import Store

OUTCOMES = (
    "plans_in_force", "requests", "high_needs_spending", "cumulative_balance", "within_20_weeks", "appeals_registered",
    "pupils_sen_support", "unmet_need_share", "confidence", "plans_in_special_share",
)  # fmt: skip
YEARS = (2020, 2025, 2030, 2034)
SHOWN = 30  # factors in the figure
MARGINS = {"left": 3.0, "right": 1.7, "top": 1.9, "bottom": 1.0}  # inches, for labels and words
INDICES = "indices.csv"
FIGURE = ("sensitivity.pdf", "sensitivity.png")
MEANING = {
    "morris": "μ*: mean effect per whole range of a factor, from steps of two thirds, over the largest in its column",
    "sobol": "ST: share of the variance that would remain if all other factors were known: interactions included",
    "fast": "ST: share of the variance that would remain if all other factors were known: interactions included",
    "delta": "δ: how far the whole distribution moves when the factor is known, 0 to 1",
    "pawn": "PAWN: median distance between distributions with the factor free and held, 0 to 1",
}


SURROGATE = "surrogate.csv"
SURROGATE_FIGURE = ("surrogate.pdf", "surrogate.png")


def write_surrogate_report(
    store: Store, n: int, seed: int, *, second_order: bool = False, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Write `surrogate.csv` and its figure beside a finished sweep; return the indices, each with the errors."""
    table = analyse_surrogate(store, n, seed, second_order=second_order, progress=progress)
    known = table["q2"].dropna()
    spread = f"{known.min():.2f} to {known.max():.2f}" if len(known) else "none"
    words = (
        f"From surrogates of {_range(table['points'])} stored points, asked at {n:,} base samples; share of the "
        f"variance of unseen runs that they predict: {spread};\nhatched: below {GOOD:g}. Not the model’s own."
    )
    figure = heat_map(table.rename(columns={"predicts_well": "converged"}), "sobol", words)
    with adding_results(store.folder):
        write_outcomes(table, store.folder / SURROGATE, float_format="%.6g")
        store.note_columns()
        save_figure(figure, [store.folder / name for name in SURROGATE_FIGURE], "sendcycle: surrogate indices", words)
    return table


def _range(counts: "pd.Series[int]") -> str:
    low, high = int(counts.min()), int(counts.max())
    return f"{high:,}" if low == high else f"{low:,} to {high:,}"


def write_report(
    store: Store, design: Design, method: str, problem: Problem, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Analyse a finished sweep and write `indices.csv` and the figure beside it; return the indices."""
    table = analyse(store, design, method, problem, progress)
    note = f"{design.n:,} points, {design.replicates} replicates each, {100 * design.scale:g} % of England; "
    figure = heat_map(table, method, note + "hatched: not converged")
    with adding_results(store.folder):
        write_outcomes(table, store.folder / INDICES, float_format="%.6g")
        store.note_columns()
        code = store.manifest()["model"]["code"][:12]
        words = f"{method}, {design.n} points, {design.replicates} replicates, code {code}"
        save_figure(figure, [store.folder / name for name in FIGURE], "sendcycle: sensitivity", words)
    return table


def main_indices(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the main index by factor (rows) and outcome and year (columns), the most important factor first.

    Morris' is divided by the largest of its column, so that columns of different units can stand side by side.
    """
    main = table[(table["index"] == MAIN_INDEX[method]) & (table["with"] == "")]
    wide = main.pivot(index="factor", columns=["outcome", "year"], values="value")
    if method == "morris":
        wide = wide / wide.max().where(wide.max() > 0.0)
    order = wide.fillna(0.0).mean(axis=1).sort_values(ascending=False).index
    outcomes = list(dict.fromkeys(main["outcome"]))
    return wide.loc[order, [(o, y) for o in outcomes for y in sorted(main["year"].unique()) if (o, y) in wide]]


def heat_map(table: pd.DataFrame, method: str, note: str) -> Figure:
    """Return the figure: factors down, outcomes and years across; columns not `converged` are hatched."""
    wide = main_indices(table, method).iloc[:SHOWN]
    converged = table.groupby(["outcome", "year"])["converged"].first()
    labels = observables.declared().observables
    n_rows, n_columns = wide.shape
    across, down = max(0.36 * n_columns, 4.0), max(0.26 * n_rows, 1.6)
    figure = Figure(figsize=(MARGINS["left"] + across + MARGINS["right"], MARGINS["top"] + down + MARGINS["bottom"]))
    width, height = figure.get_size_inches()
    low = MARGINS["bottom"] / height
    ax = figure.add_axes((MARGINS["left"] / width, low, across / width, down / height))
    image = ax.imshow(wide.to_numpy(dtype=float), cmap="cividis", vmin=0.0, vmax=1.0, aspect="auto")
    ax.set_yticks(range(n_rows), wide.index, fontsize=8)
    places = [
        (str(outcome), int(year)) for outcome, year in zip(*map(wide.columns.get_level_values, (0, 1)), strict=True)
    ]
    ax.set_xticks(range(n_columns), [str(year) for _, year in places], fontsize=7, rotation=90)
    start = 0
    for outcome in dict.fromkeys(o for o, _ in places):
        years = [y for o, y in places if o == outcome]
        ax.text(start - 0.4, -0.8, labels[outcome].label, rotation=35, ha="left", va="bottom", fontsize=8)
        for k, year in enumerate(years):
            if not converged[outcome, year]:
                ax.add_patch(_hatched(start + k, n_rows))
        start += len(years)
        ax.axvline(start - 0.5, color="white", linewidth=2)
    scale = figure.add_axes(((MARGINS["left"] + across + 0.15) / width, low, 0.15 / width, down / height))
    figure.colorbar(image, cax=scale).ax.tick_params(labelsize=7)
    lines = [MEANING[method], note]
    words = [line for text in lines for line in textwrap.wrap(text, int(width * 17))]
    figure.text(0.01, 0.012, "\n".join(words), fontsize=8, color="0.25", linespacing=1.4)
    return figure


def _hatched(column: int, n_rows: int) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(
        (column - 0.5, -0.5), 1, n_rows, fill=False, hatch="////", edgecolor="white", linewidth=0, alpha=0.35
    )


def summary(table: pd.DataFrame, method: str, outcomes: Sequence[str], year: int, n: int = 8) -> pd.DataFrame:
    """Return the factors that matter most for each outcome in a year: a row a rank, a column an outcome."""
    rows: dict[str, list[str]] = {}
    n = min(n, table["factor"].nunique())
    for outcome in outcomes:
        here = table[(table["outcome"] == outcome) & (table["year"] == year) & (table["index"] == MAIN_INDEX[method])]
        top = here[here["with"] == ""].nlargest(n, "value")
        ranked = top[["factor", "value", "half_width"]].itertuples(index=False)
        found = [f"{factor} {value:.3g} ± {half:.2g}" for factor, value, half in ranked]
        rows[outcome] = found + [""] * (n - len(found))
    return pd.DataFrame(rows, index=np.arange(1, n + 1))


def convergence_notes(table: pd.DataFrame, method: str, more: str = "--n") -> list[str]:
    """Return, a line each, which outcomes and years have no index and which have not converged, and what would help.

    Parameters
    ----------
    more
        The option of the command line that makes the sample larger.
    """
    by = table.groupby(["outcome", "year"], sort=False)
    unknown, done = by["value"].apply(lambda values: values.isna().all()), by["converged"].first()

    def named(which: "pd.Series[bool]") -> str:
        places = [f"{outcome} {year}" for outcome, year in which.index[which]]
        return f"{len(places)} of {len(which)} outcomes and years, {', '.join(places[:3])}{' ...' * (len(places) > 3)}"

    lines = []
    if unknown.any():
        lines.append(f"no index: {named(unknown)}; at some points nothing happened of which they are shares")
    if method == "fast":
        return [*lines, "FAST gives no intervals, so nothing is called converged"]
    unsure = ~done.astype(bool) & ~unknown
    return [*lines, f"not converged: {named(unsure)}; take more {more}"] if unsure.any() else lines
