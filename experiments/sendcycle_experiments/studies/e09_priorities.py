"""e09: what each of the paper's priorities does alone, and what is lost when it is left out of the whole.

A priority is all reforms of the library that serve it, at their own dates; statutory levers stand for themselves. The
whole is the twelve priorities together. If the whole changes more than the parts do one by one, they help each other;
if less, they do the same work twice.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sendcycle import Scenario
from sendcycle.outputs.observables import declared as declared_observables
from sendcycle_experiments.analysis.comparison import SUMMED, differences, outcomes_by_size
from sendcycle_experiments.analysis.evidence import LEVELS
from sendcycle_experiments.figures.style import COLOURS, FACTORS, save_figure, style_axes
from sendcycle_experiments.reforms.library import library
from sendcycle_experiments.studies.registry import Priorities
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.columns import write_outcomes
from sendcycle_experiments.sweeps.manifests import reporting

NONE, WHOLE = "none", "all twelve"
YEAR = 2035
STATUTORY = "statutory"
ALONE, LEFT_OUT, TOGETHER = "alone.csv", "left_out.csv", "together.csv"
PAGE = ("priorities.pdf", "priorities.png")
SHOWN = ("plans_in_force", "unmet_need_share", "confidence", SUMMED)
TITLES = {SUMMED: ("Public cost since 2026", 1e-3, "£ billion, prices of 2026-27")}


def parts() -> dict[str, tuple[str, ...]]:
    """Return the reforms of each priority by its number, and of each statutory lever by its name."""
    found: dict[str, tuple[str, ...]] = {}
    for name, entry in library().items():
        part = name if entry.priority == STATUTORY else entry.priority
        found[part] = (*found.get(part, ()), name)
    return dict(sorted(found.items(), key=lambda item: not item[0].isdigit()))  # priorities first


def titles() -> dict[str, str]:
    """Return what each part is called in the figure."""
    return {
        part: (f"{part}  " if part.isdigit() else "") + "; ".join(library()[name].label for name in names)
        for part, names in parts().items()
    }


def scenarios(size: float = 1.0) -> list[Scenario]:
    """Return nothing, every part alone, the twelve priorities together, and together without each.

    `size` multiplies what is assumed to follow.
    """
    every = parts()
    priorities = {part: names for part, names in every.items() if part.isdigit()}
    found = [Scenario(NONE)]
    found += [_of(names, f"alone:{part}", size) for part, names in every.items()]
    found.append(_of([name for names in priorities.values() for name in names], WHOLE, size))
    for left in priorities:
        rest = [name for part, names in priorities.items() if part != left for name in names]
        found.append(_of(rest, f"without:{left}", size))
    return found


def _of(names: "tuple[str, ...] | list[str]", name: str, size: float) -> Scenario:
    return Scenario(name, tuple(library()[reform].reform(size=size) for reform in names))


def together(table: pd.DataFrame) -> pd.DataFrame:
    """Return, by outcome and year, what the whole changes, what its parts change one by one, and how they differ.

    Parameters
    ----------
    table
        As `comparison.outcomes_with_costs` returns it, of `scenarios`.

    Returns
    -------
    pandas.DataFrame
        Columns `outcome`, `year`, and `whole`, `parts` (sum of the priorities alone) and `beyond` (the whole less
        that), each with `_q05` and `_q95`: over members, in the unit of the outcome.
    """
    rows = []
    for outcome in [name for name in table if name not in ("point", "replicate", "reform_scenario", "year", "size")]:
        wide = table.pivot(index=["point", "year"], columns="reform_scenario", values=outcome)
        gaps = wide.sub(wide[NONE], axis=0)
        whole = gaps[WHOLE]
        alone = gaps[[name for name in gaps if str(name).removeprefix("alone:").isdigit()]].sum(axis=1, skipna=False)
        for year in whole.dropna().index.unique("year"):
            row: dict[str, object] = {"outcome": outcome, "year": year}
            for name, values in (("whole", whole), ("parts", alone), ("beyond", whole - alone)):
                low, middle, high = np.nanquantile(values.xs(year, level="year"), LEVELS)
                row |= {name: middle, f"{name}_q05": low, f"{name}_q95": high}
            rows.append(row)
    return pd.DataFrame(rows)


def figure(alone: pd.DataFrame, left_out: pd.DataFrame, members: int) -> Figure:
    """Return a panel an outcome: what each part changes alone, and what is lost when a priority is left out."""
    page = Figure(figsize=(15.0, 9.0))
    page.subplots_adjust(left=0.27, right=0.985, top=0.86, bottom=0.1, wspace=0.1)
    known, names = declared_observables().observables, titles()
    places = {part: k + (0.0 if part.isdigit() else 0.7) for k, part in enumerate(names)}
    for k, (ax, outcome) in enumerate(zip(page.subplots(1, len(SHOWN), sharey=True), SHOWN, strict=True)):
        title, factor, unit = TITLES.get(outcome) or (
            known[outcome].label,
            *FACTORS.get(outcome, (1.0, known[outcome].unit)),
        )
        drawn = (
            (alone, "alone:", 1.0, -0.17, COLOURS[0], "o", "alone"),
            (left_out, "without:", -1.0, 0.17, COLOURS[1], "s", "within the whole"),
        )
        for table, prefix, sign, shift, colour, marker, label in drawn:
            rows = table[(table["outcome"] == outcome) & (table["year"] == YEAR)]
            rows = rows[rows["reform_scenario"].str.startswith(prefix)]
            y = [places[name.removeprefix(prefix)] + shift for name in rows["reform_scenario"]]
            ends = np.sort(sign * factor * rows[["q05", "q95"]].to_numpy(), axis=1)
            ax.hlines(y, ends[:, 0], ends[:, 1], color=colour, linewidth=2.0, alpha=0.5)
            ax.plot(sign * factor * rows["median"], y, marker, color=colour, markersize=5, label=label)
        ax.axvline(0.0, color="0.3", linewidth=1.0)
        ax.set_yticks(list(places.values()), list(names.values()) if k == 0 else [""] * len(places), fontsize=9)
        ax.set_ylim(max(places.values()) + 0.6, -0.6)
        ax.set_title(title[:1].upper() + title[1:], loc="left", fontsize=11, fontweight="bold")
        ax.set_xlabel(unit, fontsize=9)
        style_axes(ax)
    handles, labels = page.axes[0].get_legend_handles_labels()
    page.legend(handles, labels, loc="upper right", bbox_to_anchor=(0.985, 0.985), ncols=2, frameon=False, fontsize=10)
    page.suptitle(f"What each priority changes in {YEAR}", x=0.02, y=0.975, ha="left", fontsize=16, fontweight="bold")
    text = (
        "Against no change, and, within the whole, what is lost when it is left out of the twelve. Medians and 90 % of "
        f"{members} members of the calibrated ensemble,\nsame draws. Sizes of most reforms are assumptions and vary "
        "between members from half to one and a half times."
    )
    page.text(0.02, 0.02, text, fontsize=9.5, color="0.25", linespacing=1.5)
    return page


def run(sizes: Priorities, context: Context) -> Findings:
    """Run all parts, and write tables, the figure and the manifest."""
    ensemble, folder = context.ensemble().first(sizes.members), context.folder
    found, manifests = outcomes_by_size(
        scenarios, ensemble.with_reforms(), folder / "runs", scale=sizes.scale, **context.machines
    )
    of_whole = found["reform_scenario"].str.startswith("without:") | (found["reform_scenario"] == WHOLE)
    alone, left_out = (
        differences(found[~of_whole | (found["reform_scenario"] == WHOLE)], NONE),
        differences(found[of_whole], WHOLE),
    )
    about = {"ensemble": ensemble.name, "members": len(ensemble.members), "runs": manifests}
    with reporting(folder, about):
        write_outcomes(alone, folder / ALONE, float_format="%.5g")
        write_outcomes(left_out, folder / LEFT_OUT, float_format="%.5g")
        write_outcomes(together(found), folder / TOGETHER, float_format="%.5g")
        page = figure(alone, left_out, len(ensemble.members))
        save_figure(page, [folder / name for name in PAGE], "sendcycle: what each priority changes", ensemble.name)
    shown = alone[(alone["year"] == YEAR) & alone["outcome"].isin(SHOWN)]
    return Findings((shown,), "tables, the figure and runs")
