"""One page for readers who have no time: four outcomes of a comparison in plain words, each with what is sure of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sendcycle.outputs.observables import declared as declared_observables
from sendcycle_experiments.figures.style import COLOURS, position, published_dots, style_axes

YEAR = 2035  # of which the sentences speak
FROM, UNTIL = 2015, 2040
MOST = 4  # scenarios on the page, the base included
GREY = "0.35"
LINE = 18  # points between lines of text above a panel


@dataclass(frozen=True)
class Question:
    """An outcome in plain words: `less` and `more` say what a difference from the base is."""

    outcome: str
    title: str
    unit: str
    factor: float
    less: str
    more: str
    digits: int = 0
    summed: str = ""  # an outcome that adds it up over years


QUESTIONS = (
    Question("plans_in_force", "How many have an EHC plan?", "thousand", 1e-3, "thousand fewer", "thousand more"),
    Question("unmet_need_share", "How much need goes unmet?", "% of need", 1.0, "points less", "points more", 1),
    Question(
        "confidence", "Do families trust mainstream schools?", "index of confidence, 0 to 100", 100.0,
        "points less", "points more", 1,
    ),
    Question(
        "public_cost", "What does it cost a year?", "£ billion, prices of 2026-27", 1e-3, "£ billion less",
        "£ billion more", 1, "public_cost_since_2026",
    ),
)  # fmt: skip


def sentence(question: Question, row: "pd.Series[float]") -> str:
    """Return in words how an outcome differs from the base in one year; `row` has `median`, `q05` and `q95`."""
    ends = sorted(question.factor * row[name] for name in ("q05", "q95"))
    middle = question.factor * row["median"]
    low, high = (f"{abs(end):,.{question.digits}f}" for end in (min(ends, key=abs), max(ends, key=abs)))
    if ends[0] > 0.0 or ends[1] < 0.0:
        word = question.less if middle < 0.0 else question.more
        amount = f"{abs(middle):,.{question.digits}f}"
        worded = word.replace("£ ", f"£{amount} ") if word.startswith("£") else f"{amount} {word}"
        return f"{worded} in {YEAR} ({low} to {high})"
    signed = tuple(f"{end:+,.{question.digits}f}" for end in ends)
    return f"no sure difference in {YEAR} ({signed[0]} to {signed[1]})"


def total(question: Question, row: "pd.Series[float]") -> str:
    """Return in words how the sum over years differs from the base, by the same rule as `sentence`."""
    ends = sorted(question.factor * row[name] for name in ("q05", "q95"))
    if ends[0] <= 0.0 <= ends[1]:
        return f"added up since 2026: no sure difference ({ends[0]:+,.0f} to {ends[1]:+,.0f})"
    middle = question.factor * row["median"]
    word, (low, high) = "less" if middle < 0.0 else "more", sorted(abs(end) for end in ends)
    return f"added up since 2026: £{abs(middle):,.0f} billion {word} ({low:,.0f} to {high:,.0f})"


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Return places for labels, in the order given, at least `gap` apart and as near as may be to where they belong."""
    order = np.argsort(places)
    found = np.asarray(places, dtype=float)[order]
    for _ in range(100):
        close = np.flatnonzero(np.diff(found) < gap - 1e-9)
        if not close.size:
            break
        for k in close:
            move = (gap - (found[k + 1] - found[k])) / 2.0
            found[k] -= move
            found[k + 1] += move
    back = np.empty_like(found)
    back[order] = found
    return [float(place) for place in back]


def _panel(ax: Axes, question: Question, table: pd.DataFrame, gaps: pd.DataFrame, scenarios: Sequence[str]) -> None:
    observable = declared_observables().observables.get(question.outcome)
    ends = []
    for k, scenario in enumerate(scenarios):
        rows = table[(table["outcome"] == question.outcome) & (table["reform_scenario"] == scenario)].sort_values(
            "year"
        )
        rows = rows[rows["year"].between(FROM, UNTIL) & rows["q50"].notna()]
        x = np.asarray(position(observable, rows["year"]) if observable is not None else rows["year"] + 0.75)
        colour = GREY if k == 0 else COLOURS[k - 1]
        if k == 0:
            ax.fill_between(x, question.factor * rows["q05"], question.factor * rows["q95"], color="0.9", linewidth=0)
        ax.plot(x, question.factor * rows["q50"], color=colour, linewidth=2.6)
        ends.append((float(x[-1]), question.factor * float(rows["q50"].iloc[-1]), colour))
    if observable is not None:
        x, y = published_dots(observable, FROM)
        ax.plot(x, question.factor * y, "o", color="0.1", markersize=4)
    style_axes(ax)
    ax.set_ylim(bottom=0.0)
    ax.set_xlim(FROM, UNTIL + 0.5)
    ax.tick_params(labelsize=11)
    ax.set_ylabel(question.unit, fontsize=11, color=GREY)
    lines: list[tuple[str, str]] = []
    for k, scenario in enumerate(scenarios[1:]):
        here = gaps[(gaps["reform_scenario"] == scenario) & (gaps["year"] == YEAR)].set_index("outcome").T
        lines.append((f"{_named(scenario)}: {sentence(question, here[question.outcome])}", COLOURS[k]))
        if question.summed:
            lines.append((f"    {total(question, here[question.summed])}", COLOURS[k]))
    ax.set_title(question.title, loc="left", fontsize=15, fontweight="bold", pad=10 + LINE * len(lines))
    for k, (words, colour) in enumerate(lines):
        ax.annotate(
            words, (0.0, 1.0), xycoords="axes fraction", xytext=(0, 8 + LINE * (len(lines) - 1 - k)),
            textcoords="offset points", fontsize=11.5, color=colour,
        )  # fmt: skip
    top = ax.get_ylim()[1]
    for (x_end, _, colour), place, scenario in zip(
        ends, apart([end[1] for end in ends], 0.075 * top), scenarios, strict=True
    ):
        ax.annotate(
            _named(scenario), (x_end, place), xytext=(6, 0), textcoords="offset points", fontsize=11.5, color=colour,
            va="center", annotation_clip=False,
        )  # fmt: skip


def _named(scenario: str) -> str:
    words = scenario.replace("_", " ")
    return words[:1].upper() + words[1:]


def figure(table: pd.DataFrame, gaps: pd.DataFrame, scenarios: Sequence[str], members: int) -> Figure:
    """Return the page.

    Parameters
    ----------
    table, gaps
        As `comparison.levels` and `comparison.differences` return them; they reach `YEAR`.
    scenarios
        The base first; at most `MOST` are shown.
    members
        How many members of the ensemble were run.
    """
    shown = list(scenarios[:MOST])
    page = Figure(figsize=(14.0, 10.4))
    page.subplots_adjust(left=0.065, right=0.885, top=0.84, bottom=0.125, wspace=0.46, hspace=0.66)
    for ax, question in zip(page.subplots(2, 2).flat, QUESTIONS, strict=True):
        _panel(ax, question, table, gaps, shown)
    page.suptitle("Special educational needs in England: what reform may change", x=0.05, y=0.975, ha="left",
                  fontsize=20, fontweight="bold")  # fmt: skip
    footnote = (
        f"Lines: the middle of {members} runs of a model, each with other numbers that published figures do not rule "
        f"out; in brackets, and grey for {_named(shown[0]).lower()}: 90 % of them.\nPoints: published figures to "
        "January 2025. How much most reforms achieve is assumed, not measured. Tried on the past, the model’s bands "
        "were too\nnarrow: think of them as half as wide again. Cost: high needs, schools’ notional SEN budgets, "
        "transport and what reforms cost beside them, whoever pays."
    )
    page.text(0.05, 0.02, footnote, fontsize=10.5, color=GREY, linespacing=1.5)
    return page
