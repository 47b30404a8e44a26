"""e02: calibrate to what was known at each of several origins, predict what came after, and score it.

Nothing behind an origin is fitted. But whoever built the model had seen it: rules and priors were made by people who
knew England up to January 2025, and no experiment can take that back. What is tested here is whether the numbers, once
fitted to the past alone, carry on well.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.typing import LineStyleType

from sendcycle import NO_CHANGE, Scenario
from sendcycle.calendar import month_index
from sendcycle.inputs.published import of_observable
from sendcycle.outputs.observables import declared as declared_observables
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.calibration.forecasting import NAIVE, as_known, backtest, scored
from sendcycle_experiments.calibration.patterns import SEAL, nation_patterns
from sendcycle_experiments.calibration.smoother import SMALL, SMOKE, Settings, calibrate
from sendcycle_experiments.figures.style import COLOURS, FACTORS, position, save_figure, style_axes
from sendcycle_experiments.studies.registry import E02, Backtest
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.columns import write_outcomes
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.designs import Design, DesignError
from sendcycle_experiments.sweeps.manifests import briefs, reporting
from sendcycle_experiments.sweeps.store import Store

MAIN = "2020-01"
END = "2025-03"  # of the runs; figures after January 2025 are not looked at
FIGURES, SCORES, SUMMARY = "backtest.csv", "scores.csv", "summary.csv"
FIGURES_HELD, SCORES_HELD = "backtest_recognition_held.csv", "scores_recognition_held.csv"
PAGE = ("backtest.pdf", "backtest.png")
LINES_OF_NAIVE: tuple[LineStyleType, ...] = ("--", ":", "-.", (0, (1, 3)))
SHOWN = (
    "origin",
    "recognition",
    "series",
    "won",
    "median_error",
    "median_best_naive",
    "within_50",
    "within_90",
    "wider",
)


def settings_of(origin: str, is_smoke: bool) -> Settings:
    """Return how large the calibration of an origin is: the main one is as large as that of the present."""
    return SMOKE if is_smoke else Settings() if origin == MAIN else SMALL


def member_design(
    ensemble: Ensemble, name: str, until: str, scale: float, scenario: Scenario = NO_CHANGE, seed: int = 100,
    more: tuple[str, ...] = (),
) -> Design:  # fmt: skip
    """Return the design that runs every member once, with draws of its own: all series of the patterns, and more."""
    outcomes = tuple(dict.fromkeys((*(pattern.name for pattern in nation_patterns()), *more)))
    years = tuple(range(2014, int(until[:4]) + 1))
    base = Design(
        name, outcomes=outcomes, years=years, scenarios=(scenario,), scale=scale, until=until, seed=seed,
        constants=ensemble.constants, own_seeds=True,
    )  # fmt: skip
    return ensemble.design(base)


def check_origins(origins: list[str]) -> None:
    """Refuse origins that are no Januaries, or leave nothing to be fitted or held out."""
    for origin in origins:
        month_index(origin)
        if not origin.endswith("-01") or not "2017-01" <= origin < SEAL:
            raise DesignError(f"origin {origin}: it must be a January from 2017 to 2024.")


def run(sizes: Backtest, context: Context) -> Findings:
    """Calibrate and run every origin, and write held-out figures, scores, ensembles and the figure."""
    origins = [word.strip() for word in sizes.origins.split(",") if word.strip()]
    check_origins(origins)
    done = {origin: run_origin(origin, sizes, context.within(origin)) for origin in origins}
    ensembles = {origin: ensemble for origin, (ensemble, _, _) in done.items()}
    stores = {origin: store for origin, (_, store, _) in done.items()}
    held = {origin: store for origin, (_, _, store) in done.items()}
    table = write_report(stores, held, ensembles, context.folder)
    return Findings((table[list(SHOWN)],), "held-out figures, scores, ensembles and the figure")


def run_origin(origin: str, sizes: Backtest, context: Context) -> tuple[Ensemble, Store, Store]:
    """Calibrate to one origin and run its members to the end; goes on with what the folder holds.

    The members run twice: with recognition as it was measured after the origin, and with it held at the origin.
    """
    chosen = settings_of(origin, sizes.is_smoke)
    ensemble = calibrate(origin, context.folder, chosen, all_stay=sizes.is_smoke, **context.machines)
    ensemble = ensemble.first(sizes.members)
    stores = []
    for name, held in (("members", False), ("members_recognition_held", True)):
        scenario = as_known(origin, recognition_held=held)
        stores.append(context.sweep(member_design(ensemble, name, END, sizes.scale, scenario), name))
    return ensemble, stores[0], stores[1]


def write_report(
    stores: dict[str, Store], held: dict[str, Store], ensembles: dict[str, Ensemble], folder: Path
) -> pd.DataFrame:
    """Write the held-out figures with all forecasts, scores, their summary, ensembles and the figure; return the last.

    `stores` and `held` are the runs of each origin's members with recognition as it was measured, and held.
    """
    figures, scores = _compared(stores)
    figures_held, scores_held = _compared(held)
    table = pd.concat(
        [
            summary(scores, figures).assign(recognition="as measured"),
            summary(scores_held, figures_held).assign(recognition="held"),
        ]
    )
    about = {origin: ensemble.about for origin, ensemble in ensembles.items()}
    with reporting(folder, {"parameters_of": E02.own_parameters, "origins": about, "runs": briefs(folder)}):
        write_outcomes(figures, folder / FIGURES, by="pattern", float_format="%.6g")
        write_csv(scores, folder / SCORES, index=False, float_format="%.6g")
        write_outcomes(figures_held, folder / FIGURES_HELD, by="pattern", float_format="%.6g")
        write_csv(scores_held, folder / SCORES_HELD, index=False, float_format="%.6g")
        write_csv(table, folder / SUMMARY, index=False, float_format="%.6g")
        for ensemble in ensembles.values():
            ensemble.write(folder)
        main = MAIN if MAIN in stores else next(iter(stores))
        page = fans(figures[figures["origin"] == main], main)
        save_figure(page, [folder / name for name in PAGE], f"sendcycle e02: backtest from {main}", str(about[main]))
    return table


def _compared(stores: dict[str, Store]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the held-out figures of all origins beside all forecasts, and their scores."""
    figures = pd.concat([backtest(_long(store), origin, SEAL) for origin, store in stores.items()], ignore_index=True)
    return figures, scored(figures)


def _long(store: Store) -> pd.DataFrame:
    return store.table()[["point", "year", *(pattern.name for pattern in nation_patterns())]]


def summary(scores: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Return, by origin, over headline series: how many the model wins, and what share of figures its bands hold.

    `won` is against the best of the simple forecasts, which is known only afterwards; `beats_...` against each of them.
    `wider` says how many times as wide 90 % bands would have had to be, on both sides of the median in logarithms, to
    hold 90 % of the figures.
    """
    rows = []
    for origin, part in scores[scores["headline"]].groupby("origin", sort=False):
        weights = part["figures"]
        beaten = {f"beats_{method}": int((part["model"] < part[method]).sum()) for method in NAIVE}
        inside = {name: float(np.average(part[name], weights=weights)) for name in ("within_50", "within_90")}
        errors = {"median_error": float(part["model"].median()), "median_best_naive": _best(part)}
        here = figures[(figures["origin"] == origin) & figures["headline"]]
        wins = {"origin": origin, "series": len(part), "won": int(part["wins"].sum())}
        rows.append(wins | beaten | errors | inside | {"wider": wider(here)})
    return pd.DataFrame(rows)


def wider(figures: pd.DataFrame) -> float:
    """Return by which factor 90 % bands would have to be widened to hold 90 % of the held-out figures."""
    off = _log_ratio(figures["published"], figures["q50"])
    above, below = _log_ratio(figures["q95"], figures["q50"]), _log_ratio(figures["q50"], figures["q05"])
    half = above.where(off > 0.0, below)
    return float(np.quantile(off.abs() / half, 0.9))


def _log_ratio(one: "pd.Series[float]", other: "pd.Series[float]") -> "pd.Series[float]":
    return pd.Series(np.log(one / other))  # it is a Series already, which NumPy's types do not say


def _best(part: pd.DataFrame) -> float:
    return float(part[list(NAIVE)].min(axis=1).median())


def fans(figures: pd.DataFrame, origin: str) -> Figure:
    """Return a panel a headline series: what was known, what the model said, the simple forecasts and what came."""
    known = declared_observables().observables
    names = [pattern.name for pattern in nation_patterns() if pattern.name in set(figures["pattern"])]
    names = [name for name in names if figures.loc[figures["pattern"] == name, "headline"].iloc[0]]
    page = Figure(figsize=(15.0, 8.6))
    page.subplots_adjust(left=0.05, right=0.985, top=0.87, bottom=0.07, wspace=0.22, hspace=0.32)
    for ax, name in zip(page.subplots(2, 4).flat, names, strict=False):
        observable = known[name]
        rows = figures[figures["pattern"] == name].sort_values("year")
        series = of_observable(observable)
        before = series[(series.index >= 2014) & (series.index < rows["year"].min())]
        factor, unit = FACTORS.get(name, (1.0, observable.unit))
        x = position(observable, rows["year"])
        ax.fill_between(x, factor * rows["q05"], factor * rows["q95"], color=COLOURS[0], alpha=0.2, linewidth=0)
        ax.fill_between(x, factor * rows["q25"], factor * rows["q75"], color=COLOURS[0], alpha=0.35, linewidth=0)
        ax.plot(x, factor * rows["q50"], color=COLOURS[0], linewidth=1.8)
        for method, style in zip(NAIVE, LINES_OF_NAIVE, strict=True):
            ax.plot(x, factor * rows[method], color=COLOURS[1], linewidth=1.2, linestyle=style)
        ax.plot(position(observable, before.index), factor * before, "o", color="0.6", markersize=4)
        ax.plot(x, factor * rows["published"], "o", color="0.1", markersize=4.5)
        ax.set_ylim(bottom=0.0)
        ax.set_title(observable.label[:1].upper() + observable.label[1:], loc="left", fontsize=10, fontweight="bold")
        ax.set_ylabel(unit, fontsize=9)
        style_axes(ax)
    for ax in page.axes[len(names) :]:
        ax.set_visible(False)
    page.suptitle(f"Predicted from January {origin[:4]}, without refitting", x=0.05, y=0.98, ha="left", fontsize=16,
                  fontweight="bold")  # fmt: skip
    keys = [
        Line2D([], [], color="0.6", marker="o", linestyle="none", label="known then"),
        Line2D([], [], color="0.1", marker="o", linestyle="none", label="came afterwards"),
        Line2D([], [], color=COLOURS[0], linewidth=1.8, label="model, median"),
        Patch(color=COLOURS[0], alpha=0.3, label="50 and 90 %"),
        *(Line2D([], [], color=COLOURS[1], linewidth=1.2, linestyle=style, label=method.replace("_", " "))
          for method, style in zip(NAIVE, LINES_OF_NAIVE, strict=True)),
    ]  # fmt: skip
    page.legend(
        handles=keys, loc="upper left", bbox_to_anchor=(0.045, 0.95), ncols=len(keys), frameon=False, fontsize=9
    )
    return page
