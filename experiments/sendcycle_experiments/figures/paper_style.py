"""One style for figures in papers: widths of journal columns, small type, colours told apart by all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sendcycle.outputs import observables
from sendcycle.outputs.observables import Observable
from sendcycle_experiments.figures.baseline_page import COLOURS, FACTORS, LAST_POINT

MM = 1.0 / 25.4  # inches
SINGLE, DOUBLE = 89.0 * MM, 183.0 * MM  # one and two columns
TYPE = 7.0  # points
PALETTE = (*COLOURS, "#E69F00", "#56B4E9", "#8C564B")
GREY = "0.45"
RULES = {
    "font.size": TYPE, "axes.titlesize": TYPE, "axes.labelsize": TYPE - 0.5, "xtick.labelsize": TYPE - 1.0,
    "ytick.labelsize": TYPE - 1.0, "legend.fontsize": TYPE - 0.5, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 2.5, "ytick.major.size": 2.5,
    "lines.linewidth": 1.1, "lines.markersize": 2.6, "legend.frameon": False, "pdf.fonttype": 42,
}  # fmt: skip
SHORT = {
    "plans_in_force": "EHC plans in force", "requests": "Requests", "new_plans": "New plans",
    "within_20_weeks": "Within 20 weeks", "pupils_sen_support": "Pupils on SEN support",
    "appeals_registered": "Appeals", "high_needs_spending": "High-needs spending",
    "cumulative_balance": "Cumulative balance", "cumulative_deficit": "Cumulative deficits",
    "plans_in_special_share": "Plans in special schools", "unmet_need_share": "Unmet need",
    "confidence": "Confidence", "psychologist_hours_statutory": "Psychologists’ statutory hours",
    "outcome_index": "Need met, by cost", "public_cost": "Public cost",
    "public_cost_since_2026": "Cost since 2026",
}  # fmt: skip


@contextmanager
def journal() -> Iterator[None]:
    """Draw in the style of papers."""
    with mpl.rc_context(RULES):
        yield


def declared(name: str) -> Observable | None:
    """Return the declaration of an observable; None for what comparisons add to them."""
    return observables.declared().observables.get(name)


def title(name: str) -> str:
    """Return what a panel of an outcome is called."""
    observable = declared(name)
    label = SHORT.get(name) or (observable.label if observable is not None else name.replace("_", " "))
    return label[:1].upper() + label[1:]


def unit(name: str) -> tuple[float, str]:
    """Return by what an outcome is multiplied, and its unit then; deficits point upward."""
    observable = declared(name)
    factor, words = FACTORS.get(name, (1.0, observable.unit if observable is not None else ""))
    return abs(factor), words


def page(width: float, height_mm: float) -> Figure:
    """Return an empty figure that lays itself out."""
    return Figure(figsize=(width, height_mm * MM), layout="constrained")


def over_years(ax: Axes) -> None:
    """Give a panel over years its ticks, a line at the last published point, and zero at its foot unless it crosses."""
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.axvline(LAST_POINT, color="0.75", linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    if ax.dataLim.y0 >= 0.0:
        ax.set_ylim(0.0, 1.06 * ax.dataLim.y1 if ax.dataLim.y1 > 0.0 else None)
    else:
        ax.axhline(0.0, color="0.4", linewidth=0.6, zorder=1)


def small_multiples(names: Sequence[str], columns: int, row_mm: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel an outcome, titled and with its unit."""
    rows = -(-len(names) // columns)
    figure = page(DOUBLE, row_mm * rows + 9.0)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax in axes[len(names) :]:
        ax.set_visible(False)
    for ax, name in zip(axes, names, strict=False):
        ax.set_title(title(name))
        ax.set_ylabel(unit(name)[1])
    return figure, axes[: len(names)]


def legend_above(figure: Figure, handles: Sequence[object]) -> None:
    """Put what lines and bands mean above the panels."""
    figure.legend(handles=list(handles), loc="outside upper left", ncols=len(handles), columnspacing=1.2,
                  handlelength=1.6)  # fmt: skip


def saved(figure: Figure, path: Path, name: str, caption: str, source: str) -> None:
    """Save a figure as PDF (vector) and PNG (300 dots an inch), with its caption and what it was made from inside.

    Made again from the same results, the files are the same.
    """
    figure.savefig(
        path.with_suffix(".pdf"),
        metadata={"Title": f"sendcycle: {name}", "Subject": caption, "Keywords": source, "CreationDate": None},
    )
    words = {"Title": f"sendcycle: {name}", "Description": caption, "Source": source}
    figure.savefig(path.with_suffix(".png"), dpi=300, metadata=words)
