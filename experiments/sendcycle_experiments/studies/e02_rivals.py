"""Rival structures: other versions of the mechanisms of which least is known, each calibrated anew.

A rival holds some parameters at other values than the rest of the model would let them take, so that a mechanism is
gone or works otherwise. Conclusions that do not survive all of them are conclusions of one mechanism. The model itself
is calibrated beside them on as few runs, so that all are equals in the comparison.
"""

from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sendcycle.errors import nearest
from sendcycle.inputs.published import of_observable
from sendcycle.outputs.observables import declared as declared_observables
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.calibration.forecasting import by_year
from sendcycle_experiments.calibration.patterns import SEAL, nation_patterns
from sendcycle_experiments.calibration.smoother import IMPLAUSIBLE, SMALL, SMOKE, calibrate
from sendcycle_experiments.calibration.validation import nation_scores
from sendcycle_experiments.figures.style import COLOURS, FACTORS, LAST_POINT, position, save_figure, style_axes
from sendcycle_experiments.studies.e02_backtest import member_design
from sendcycle_experiments.studies.registry import E02_RIVALS, Rivals
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.columns import write_outcomes
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.designs import DesignError
from sendcycle_experiments.sweeps.manifests import briefs, reporting
from sendcycle_experiments.sweeps.store import Store

RIVALS: dict[str, tuple[str, dict[str, float]]] = {
    "private_confidence": (
        "How confidence spreads: families learn from their own child alone. Neither neighbours' experience nor how "
        "common plans are in the area reaches them.",
        {"gain_r7_confidence": 0.0},
    ),
    "blind_gatekeeping": (
        "How authorities gatekeep: thresholds do not move with deficits; money does not make anyone stricter.",
        {"gain_b1_gatekeeping": 0.0},
    ),
    "indifferent_schools": (
        "How schools respond to incentives: what a plan would bring a school in money changes nothing in what it asks.",
        {"gain_r3_funding_incentive": 0.0},
    ),
    "lost_psychologists": (
        "What becomes of specialists who leave: in private practice they sell no advice to authorities, so their work "
        "is lost to assessments.",
        {"share_private_for_advice": 0.0},
    ),
}
ITSELF = "the_model"
SHOWN = ("plans_in_force", "requests", "new_plans", "within_20_weeks")
FIT, FORECAST = "fit.csv", "forecast.csv"
PAGE = ("rivals.pdf", "rivals.png")
PRINTED = ("structure", "stay", "nearest", "middle", "plans_in_force", "requests", "new_plans")
FEWEST = 20  # members that are run even if none is plausible


@dataclass(frozen=True)
class Structure:
    """A structure that was calibrated: its ensemble, and the runs of its members."""

    ensemble: Ensemble
    store: Store


def run(sizes: Rivals, context: Context) -> Findings:
    """Calibrate and run the model and every rival, and write how each fits and what it forecasts."""
    done = {name: calibrated(name, sizes, context.within(name)) for name in (ITSELF, *RIVALS)}
    table = write_report(done, context.folder)
    return Findings((table[list(PRINTED)],), "fit, forecasts and the figure")


def constants_of(rival: str | None) -> dict[str, float]:
    """Return the parameters that a rival holds; none for the model itself.

    Raises
    ------
    DesignError
        If there is no such rival.
    """
    if rival is None:
        return {}
    if rival not in RIVALS:
        raise DesignError(f"unknown rival '{rival}'.{nearest(rival, RIVALS)} Rivals: {', '.join(RIVALS)}.")
    return dict(RIVALS[rival][1])


def calibrated(name: str, sizes: Rivals, context: Context) -> Structure:
    """Calibrate a structure to all figures and run its members on; goes on with what the folder holds."""
    constants = constants_of(None if name == ITSELF else name)
    everyone = calibrate(
        SEAL, context.folder, SMOKE if sizes.is_smoke else SMALL, constants=constants, name=name, all_stay=True,
        **context.machines,
    )  # fmt: skip
    ensemble = taken(everyone).first(sizes.members)
    design = member_design(ensemble, "members", sizes.until, sizes.scale)
    return Structure(ensemble, context.sweep(design, "members"))


def taken(everyone: Ensemble) -> Ensemble:
    """Return the members that are not implausible, or the nearest where hardly any is: that, too, is a finding."""
    misfit = np.where(np.isfinite(everyone.misfit), everyone.misfit, np.inf)
    stay = np.flatnonzero(np.sqrt(misfit) <= IMPLAUSIBLE)
    chosen = stay if len(stay) >= FEWEST else np.sort(np.argsort(misfit, kind="stable")[:FEWEST])
    about = everyone.about | {"stay": len(stay)}
    return Ensemble(everyone.name, everyone.members.iloc[chosen].reset_index(drop=True), everyone.misfit[chosen], about)


def fit(structures: dict[str, Structure]) -> pd.DataFrame:
    """Return how well each structure agrees with England once it has been calibrated.

    Returns
    -------
    pandas.DataFrame
        Columns `structure`, `stay` (members not implausible) of `members_moved`, `nearest` and `middle` (root mean
        square of the standardised errors of the nearest and the middle member of the last step), and of each headline
        series the median absolute relative error of the median over the members taken.
    """
    rows = []
    for name, structure in structures.items():
        runs = structure.store.table()
        middle = runs.groupby("year")[[pattern.name for pattern in nation_patterns()]].median()
        scores = nation_scores(middle, SEAL)
        errors = scores[scores["headline"]].set_index("pattern")["error"].to_dict()
        about = structure.ensemble.about
        stay = {key: about[key] for key in ("stay", "members_moved")}
        stay |= {"nearest": about["rms_last_step"][0], "middle": about["rms_last_step"][2]}
        rows.append({"structure": name} | stay | {str(pattern): float(error) for pattern, error in errors.items()})
    return pd.DataFrame(rows)


def forecasts(structures: dict[str, Structure]) -> pd.DataFrame:
    """Return, by structure, series and year, the quantiles over members at `forecasting.LEVELS`."""
    rows = []
    for name, structure in structures.items():
        runs = structure.store.table()
        for pattern in nation_patterns():
            wide = runs.pivot(index="point", columns="year", values=pattern.name)
            rows.append(by_year(wide).assign(structure=name, pattern=pattern.name))
    table = pd.concat(rows, ignore_index=True)
    return table[["structure", "pattern", *table.columns.drop(["structure", "pattern"])]]


def figure(table: pd.DataFrame) -> Figure:
    """Return a panel a series: published points and the medians of all structures, the band of the model itself."""
    page = Figure(figsize=(10.0, 7.0))
    page.subplots_adjust(left=0.075, right=0.98, top=0.84, bottom=0.06, wspace=0.2, hspace=0.3)
    colours = dict(zip(table["structure"].unique(), cycle(("0.1", *COLOURS)), strict=False))
    for ax, name in zip(page.subplots(2, 2).flat, SHOWN, strict=True):
        observable = declared_observables().observables[name]
        factor, unit = FACTORS.get(name, (1.0, observable.unit))
        for structure, rows in table[table["pattern"] == name].groupby("structure", sort=False):
            x = position(observable, rows["year"])
            if structure == ITSELF:
                ax.fill_between(x, factor * rows["q05"], factor * rows["q95"], color="0.85", linewidth=0)
            label = str(structure).replace("_", " ")
            ax.plot(x, factor * rows["q50"], color=colours[str(structure)], linewidth=1.6, label=label)
        series = of_observable(observable)
        there = np.asarray(position(observable, series.index))
        shown = there <= LAST_POINT + 1e-6
        ax.plot(there[shown], factor * series[shown], "o", color="0.1", markersize=3.5)
        ax.set_ylim(bottom=0.0)
        ax.set_title(observable.label[:1].upper() + observable.label[1:], loc="left", fontsize=10, fontweight="bold")
        ax.set_ylabel(unit, fontsize=9)
        style_axes(ax)
    page.suptitle(
        "The model and its rivals, each calibrated", x=0.075, y=0.975, ha="left", fontsize=14, fontweight="bold"
    )
    handles, labels = page.axes[0].get_legend_handles_labels()
    page.legend(handles, labels, loc="upper left", bbox_to_anchor=(0.068, 0.94), ncols=5, frameon=False, fontsize=8.5)
    return page


def write_report(structures: dict[str, Structure], folder: Path) -> pd.DataFrame:
    """Write the fit and forecasts of all structures, the figure and a manifest; return the fit."""
    table, later = fit(structures), forecasts(structures)
    about = {name: structure.ensemble.about for name, structure in structures.items()}
    with reporting(folder, {"parameters_of": E02_RIVALS.own_parameters, "structures": about, "runs": briefs(folder)}):
        for structure in structures.values():
            structure.ensemble.write(folder)
        write_csv(table, folder / FIT, index=False, float_format="%.4g")
        write_outcomes(later, folder / FORECAST, by="pattern", float_format="%.6g")
        page = figure(later)
        save_figure(
            page, [folder / name for name in PAGE], "sendcycle: the model and its rivals", ", ".join(structures)
        )
    return table
