"""The model's structure drawn from its declarations: causal loops, and stocks with their flows."""

import math
import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch, Polygon

from sendcycle.structure.causal_diagram import TINTS
from sendcycle.structure.causal_map import COLOURS, KINDS, SHOWN, Link, Variable, causal_map
from sendcycle_experiments.figures.style import DOUBLE
from sendcycle_experiments.paper.drawing import FigureWithCaption
from sendcycle_experiments.sweeps.stored_results import StoredResults

WIDE, HIGH = 0.78, 0.52  # of a box, in cells of the map
COUNTED = ("children", "plans", "appeals", "pupils", "requests", "places", "people")  # units of what can flow
AT_ONCE = "same month"
SMALL = 4.6  # points
BEND = 0.12  # of an arrow, of its length
CORNERS = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
Place = tuple[float, float]  # column and row


def draw_causal_map(_: StoredResults) -> FigureWithCaption:
    """Return the causal map with its loops as a table: variables, signed links and where loops are cut."""
    known = causal_map()
    figure, ax = _canvas([variable.place for variable in known.variables.values()])
    boxes = {name: _box(ax, variable, variable.place) for name, variable in known.variables.items()}
    for (cause, effect), link in known.links.items():
        ends = known.variables[cause].place, known.variables[effect].place
        _arrow(ax, ends, (boxes[cause], boxes[effect]), link.sign)
    for name, loops in known.cuts().items():
        x, y = known.variables[name].place
        for k, loop_name in enumerate(loops):
            at = (x - WIDE / 2.0 + 0.02 + 0.17 * k, y - HIGH / 2.0 - 0.05)
            ax.add_patch(Circle(at, 0.085, color="0.1", zorder=4))
            ax.text(*at, loop_name, ha="center", va="center", fontsize=SMALL - 0.6, color="w", zorder=5)
    table = pd.DataFrame(
        [
            {"loop": loop.name, "label": loop.label, "polarity": KINDS[known.polarity(loop)], "gain": loop.gain,
             "story": loop.story}
            for loop in known.loops.values()
        ]
    )  # fmt: skip
    caption = (
        "Causal-loop diagram, generated from the declarations that tests hold against the running model. Solid: more "
        "leads to more; dashed: more leads to less; black circles: where the gain of a loop cuts it."
    )
    return FigureWithCaption(figure, caption, table, "The loops, with the gain that cuts each.")


def pipes() -> list[Link]:
    """Return the links that carry what is counted: from a flow into a stock (+), or out of it (-), at once."""
    known = causal_map()
    return [
        link for link in known.links.values()
        if known.variables[link.cause].kind == "flow" and known.variables[link.effect].kind == "stock"
        and link.delay == AT_ONCE and any(word in known.variables[link.effect].unit for word in COUNTED)
    ]  # fmt: skip


# Where the diagram of stocks and flows has what it shows, column and row: requests run into plans from left to right.
PLACES = {
    "confidence": (0.0, 0.2), "plan_bonus": (0.0, 1.2), "anticipation": (0.0, 2.2), "wait": (0.0, 3.2),
    "plan_norm": (0.0, 4.2), "incentive": (0.0, 5.2), "requests_by_family": (1.7, 1.0),
    "requests_by_school": (1.7, 4.0), "requests": (2.9, 2.4), "gatekeeping": (3.45, 3.4), "assessments": (4.1, 2.4),
    "new_plans": (5.3, 2.4), "plans": (6.7, 2.4), "plans_ceased": (8.0, 2.4), "stock": (8.0, 1.2),
    "sen_support": (5.3, 0.7), "waiting_special": (5.3, 4.3), "placed_independent": (6.7, 4.3),
    "independent_pupils": (8.1, 4.3), "overflow": (6.7, 5.7), "breakdowns": (5.3, 5.9), "refusals": (2.9, 4.2),
    "contests": (2.9, 5.9), "appeals_open": (2.9, 7.4), "contests_won": (4.1, 5.9), "hearings": (4.1, 7.3),
    "tribunal_wait": (1.7, 7.3), "contest_belief": (1.3, 5.7), "unmet_need": (0.0, 6.4),
}  # fmt: skip
# Causes shown a second time, in angle brackets, beside a flow that is far from them.
AGAIN = {
    ("unmet_need", "requests_by_family"): (1.7, 0.0), ("contest_belief", "requests_by_family"): (2.9, 0.4),
    ("unmet_need", "breakdowns"): (5.3, 7.3), ("contest_belief", "refusals"): (2.3, 5.05),
}  # fmt: skip


def draw_stocks_and_flows(_: StoredResults) -> FigureWithCaption:
    """Return stocks, the flows that change them, and what the flows depend on.

    Raises
    ------
    KeyError
        If the causal map holds something to be shown that has no place in `PLACES`.
    """
    known = causal_map()
    carried = pipes()
    flows = {v.name for v in known.variables.values() if v.kind == "flow"}
    stocks = {link.effect for link in carried}
    inside = {(link.cause, link.effect) for link in carried}
    ways = {at: link for at, link in known.links.items() if at[1] in flows and at not in inside}
    causes = {cause for cause, _ in ways} - flows - stocks
    figure, ax = _canvas([*PLACES.values(), *AGAIN.values()])
    patches = {
        **{name: _valve(ax, known.variables[name], PLACES[name]) for name in sorted(flows)},
        **{name: _box(ax, known.variables[name], PLACES[name], square=True) for name in sorted(stocks)},
        **{name: _words(ax, known.variables[name].label, PLACES[name]) for name in sorted(causes)},
    }
    for at, link in ways.items():
        begin = AGAIN.get(at, PLACES[at[0]])
        start = _words(ax, f"<{known.variables[at[0]].label}>", begin) if at in AGAIN else patches[at[0]]
        _arrow(ax, (begin, PLACES[at[1]]), (start, patches[at[1]]), link.sign, colour="0.45", width=0.5)
    for link in carried:
        _pipe(ax, PLACES[link.cause], PLACES[link.effect], link.sign)
    rows = [
        {"flow": known.variables[link.cause].label, "direction": "into" if link.sign == "+" else "out of",
         "stock": known.variables[link.effect].label, "unit": known.variables[link.effect].unit, "rule": link.rule}
        for link in carried
    ]  # fmt: skip
    caption = (
        "Stock-and-flow diagram, generated from the same declarations: boxes are stocks, valves flows; double lines "
        "carry what flows, thin ones say what depends on what (dashed: more leads to less)."
    )
    said = "What flows into and out of which stock, by which rule."
    return FigureWithCaption(figure, caption, pd.DataFrame(rows), said)


def _canvas(places: Sequence[Place]) -> tuple[Figure, Axes]:
    columns, rows = (max(place[k] for place in places) for k in (0, 1))
    figure = Figure(figsize=(DOUBLE, DOUBLE * 0.62 * (rows + 1.1) / (columns + 1)))
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_xlim(-0.5, columns + 0.5)
    ax.set_ylim(rows + 0.5, -0.6)
    ax.axis("off")
    return figure, ax


def _wrapped(label: str, width: int = 17) -> str:
    return "\n".join(textwrap.wrap(label, width, break_on_hyphens=False))


def _box(ax: Axes, variable: Variable, place: Place, *, square: bool = False) -> Patch:
    x, y = place
    style = "square,pad=0" if square else "round,pad=0,rounding_size=0.08"
    patch = FancyBboxPatch(
        (x - WIDE / 2.0, y - HIGH / 2.0), WIDE, HIGH, boxstyle=style, facecolor=TINTS[variable.sector],
        edgecolor="0.2", linewidth=0.9 if square else 0.5, zorder=3,
    )  # fmt: skip
    ax.add_patch(patch)
    ax.text(x, y, _wrapped(variable.label, 15), ha="center", va="center", fontsize=SMALL, zorder=4)
    return patch


def _words(ax: Axes, label: str, place: Place) -> Patch:
    lines = _wrapped(label)
    ax.text(*place, lines, ha="center", va="center", fontsize=SMALL, color="0.25", zorder=4)
    wide, high = _size(lines)
    return _unseen(ax, [(place[0] + i * wide, place[1] + j * high) for i, j in CORNERS])


def _valve(ax: Axes, variable: Variable, place: Place) -> Patch:
    x, y = place
    for side in (-1.0, 1.0):
        half = [(x, y), (x + side * 0.13, y - 0.13), (x + side * 0.13, y + 0.13)]
        ax.add_patch(Polygon(half, facecolor=TINTS[variable.sector], edgecolor="0.1", linewidth=0.7, zorder=4))
    lines = _wrapped(variable.label)
    ax.text(x, y + 0.19, lines, ha="center", va="top", fontsize=SMALL, fontweight="bold", zorder=5,
            bbox={"facecolor": "w", "edgecolor": "none", "pad": 0.6})  # fmt: skip
    wide, high = _size(lines)
    right = [
        (x + 0.18, y - 0.18),
        (x + 0.18, y + 0.15),
        (x + 0.56 * wide, y + 0.15),
        (x + 0.56 * wide, y + 0.19 + high),
    ]
    return _unseen(ax, [*right, *((2.0 * x - i, j) for i, j in reversed(right))])


def _size(lines: str) -> Place:
    """Return about how wide and high some lines of small type are, in cells."""
    rows = lines.split("\n")
    return 0.047 * max(map(len, rows)) + 0.06, 0.155 * len(rows) + 0.06


def _unseen(ax: Axes, corners: Sequence[Place]) -> Patch:
    """Return an outline, not drawn, at which arrows begin and end."""
    patch = Polygon(corners, facecolor="none", edgecolor="none")
    ax.add_patch(patch)
    return patch


def _arrow(
    ax: Axes, ends: tuple[Place, Place], outlines: tuple[Patch, Patch], sign: str, colour: str | None = None,
    width: float = 0.6,
) -> None:  # fmt: skip
    """Draw a bent arrow between two outlines, with its sign beside the head unless it has a colour of its own."""
    a, b = ends
    ax.add_patch(
        FancyArrowPatch(
            a, b, patchA=outlines[0], patchB=outlines[1], shrinkA=0.5, shrinkB=1.0,
            connectionstyle=f"arc3,rad={BEND}", arrowstyle="-|>", mutation_scale=4.5, linewidth=width, zorder=2,
            color=colour or COLOURS[sign], linestyle="-" if sign == "+" else (0, (4, 2)), alpha=0.8,
        )
    )  # fmt: skip
    if colour is None:
        (x0, y0), (x1, y1) = ax.transData.transform([a, b])
        bent = ((x0 + x1) / 2.0 + BEND * (y1 - y0), (y0 + y1) / 2.0 - BEND * (x1 - x0))
        head = _edge(b, tuple(ax.transData.inverted().transform(bent)))
        x, y = ax.transData.transform(head)
        along = math.hypot(bent[0] - x, bent[1] - y)
        u, v = (bent[0] - x) / along, (bent[1] - y) / along
        ax.annotate(
            SHOWN[sign], head, (5.5 * u + 3.0 * v, 5.5 * v - 3.0 * u), textcoords="offset points", ha="center",
            va="center", fontsize=SMALL + 1.0, fontweight="bold", color=COLOURS[sign], zorder=3,
        )  # fmt: skip


def _edge(place: Place, towards: Place, gap: float = 0.03) -> Place:
    """Return where the straight line to another place leaves a box."""
    dx, dy = towards[0] - place[0], towards[1] - place[1]
    scale = min(
        (WIDE / 2.0 + gap) / abs(dx) if dx else float("inf"), (HIGH / 2.0 + gap) / abs(dy) if dy else float("inf")
    )
    return place[0] + dx * scale, place[1] + dy * scale


def _pipe(ax: Axes, valve: Place, stock: Place, sign: str) -> None:
    """Draw what flows: a double line from the valve into the stock, or from the stock to the valve."""
    ends = (valve, _edge(stock, valve)) if sign == "+" else (_edge(stock, valve, 0.0), valve)
    for width, colour in ((3.2, "0.2"), (2.0, "w")):
        ax.plot(*zip(*ends, strict=True), color=colour, linewidth=width, solid_capstyle="butt", zorder=2)
    tip = {"arrowstyle": "-|>", "color": "0.2", "lw": 0, "mutation_scale": 8, "shrinkB": 0 if sign == "+" else 6}
    ax.annotate("", ends[1], ends[0], arrowprops=tip)
