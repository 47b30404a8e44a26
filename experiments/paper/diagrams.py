"""The model's structure drawn from its declarations: causal loops, and stocks with their flows."""

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Polygon

from experiments.paper.style import DOUBLE
from model.causal_diagram import TINTS
from model.causal_map import COLOURS, KINDS, SHOWN, CausalMap, Link, Variable, causal_map

WIDE, HIGH = 0.78, 0.52  # of a box, in cells of the map
COUNTED = ("children", "plans", "appeals", "pupils", "requests", "places", "people")  # units of what can flow
AT_ONCE = "same month"
SMALL = 4.6  # points


def causal_loops() -> tuple[Figure, pd.DataFrame]:
    """Return the causal map as a figure, and its loops as a table."""
    known = causal_map()
    figure, ax = _canvas(known)
    for link in known.links.values():
        _arrow(ax, known, link)
    for variable in known.variables.values():
        _box(ax, variable)
    for name, loops in known.cuts().items():
        x, y = known.variables[name].place
        for k, loop_name in enumerate(loops):
            at = (x - WIDE / 2.0 + 0.05 + 0.17 * k, y - HIGH / 2.0)
            ax.add_patch(Circle(at, 0.085, color="0.1", zorder=4))
            ax.text(*at, loop_name, ha="center", va="center", fontsize=SMALL - 0.6, color="w", zorder=5)
    table = pd.DataFrame(
        [
            {"loop": loop.name, "label": loop.label, "polarity": KINDS[known.polarity(loop)], "gain": loop.gain,
             "story": loop.story}
            for loop in known.loops.values()
        ]
    )  # fmt: skip
    return figure, table


def pipes() -> list[Link]:
    """Return the links that carry what is counted: from a flow into a stock (+), or out of it (-), at once."""
    known = causal_map()
    return [
        link for link in known.links.values()
        if known.variables[link.cause].kind == "flow" and known.variables[link.effect].kind == "stock"
        and link.delay == AT_ONCE and any(word in known.variables[link.effect].unit for word in COUNTED)
    ]  # fmt: skip


def stocks_and_flows() -> tuple[Figure, pd.DataFrame]:
    """Return stocks, their flows and what the flows depend on, as a figure and as a table."""
    known = causal_map()
    carried = pipes()
    flows = {v.name for v in known.variables.values() if v.kind == "flow"}
    stocks = {link.effect for link in carried}
    causes = {link.cause for link in known.links.values() if link.effect in flows}
    figure, ax = _canvas(known)
    inside = {(link.cause, link.effect) for link in carried}
    for (cause, effect), link in known.links.items():
        if effect in flows and (cause, effect) not in inside:
            _arrow(ax, known, link, colour="0.45", width=0.5)
    for link in carried:
        _pipe(ax, known, link)
    for name, variable in known.variables.items():
        if name in flows:
            _valve(ax, variable)
        elif name in stocks:
            _box(ax, variable, square=True)
        elif name in causes:
            ax.text(*variable.place, _wrapped(variable.label), ha="center", va="center", fontsize=SMALL, color="0.25")
    rows = [
        {"flow": known.variables[link.cause].label, "direction": "into" if link.sign == "+" else "out of",
         "stock": known.variables[link.effect].label, "unit": known.variables[link.effect].unit, "rule": link.rule}
        for link in carried
    ]  # fmt: skip
    return figure, pd.DataFrame(rows)


def _canvas(known: CausalMap) -> tuple[Figure, Axes]:
    columns = max(v.place[0] for v in known.variables.values())
    rows = max(v.place[1] for v in known.variables.values())
    figure = Figure(figsize=(DOUBLE, DOUBLE * 0.62 * (rows + 1) / (columns + 1)))
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_xlim(-0.55, columns + 0.55)
    ax.set_ylim(rows + 0.5, -0.5)
    ax.axis("off")
    return figure, ax


def _wrapped(label: str) -> str:
    return "\n".join(textwrap.wrap(label, 17))


def _box(ax: Axes, variable: Variable, *, square: bool = False) -> None:
    x, y = variable.place
    style = "square,pad=0" if square else "round,pad=0,rounding_size=0.08"
    ax.add_patch(
        FancyBboxPatch(
            (x - WIDE / 2.0, y - HIGH / 2.0), WIDE, HIGH, boxstyle=style, facecolor=TINTS[variable.sector],
            edgecolor="0.2", linewidth=0.9 if square else 0.5, zorder=3,
        )
    )  # fmt: skip
    ax.text(x, y, _wrapped(variable.label), ha="center", va="center", fontsize=SMALL, zorder=4)


def _edge(place: tuple[float, float], towards: tuple[float, float], gap: float = 0.03) -> tuple[float, float]:
    """Return where the straight line to another place leaves a box."""
    dx, dy = towards[0] - place[0], towards[1] - place[1]
    scale = min(
        (WIDE / 2.0 + gap) / abs(dx) if dx else float("inf"), (HIGH / 2.0 + gap) / abs(dy) if dy else float("inf")
    )
    return place[0] + dx * scale, place[1] + dy * scale


def _arrow(ax: Axes, known: CausalMap, link: Link, colour: str | None = None, width: float = 0.6) -> None:
    start, end = known.variables[link.cause].place, known.variables[link.effect].place
    a, b = _edge(start, end), _edge(end, start)
    ax.add_patch(
        FancyArrowPatch(
            a, b, connectionstyle="arc3,rad=0.12", arrowstyle="-|>", mutation_scale=4.5, linewidth=width, zorder=2,
            color=colour or COLOURS[link.sign], linestyle="-" if link.sign == "+" else (0, (4, 2)), alpha=0.8,
        )
    )  # fmt: skip
    if colour is None:
        ax.text(b[0] + 0.14 * (a[0] - b[0]), b[1] + 0.14 * (a[1] - b[1]) - 0.05, SHOWN[link.sign], fontsize=SMALL + 1.0,
                color=COLOURS[link.sign], ha="center", va="center", fontweight="bold", zorder=3)  # fmt: skip


def _pipe(ax: Axes, known: CausalMap, link: Link) -> None:
    """Draw what flows: a double line from the valve into the stock, or from the stock to the valve."""
    valve, stock = known.variables[link.cause].place, known.variables[link.effect].place
    ends = (valve, _edge(stock, valve)) if link.sign == "+" else (_edge(stock, valve, 0.0), valve)
    for width, colour in ((3.2, "0.2"), (2.0, "w")):
        ax.plot(*zip(*ends, strict=True), color=colour, linewidth=width, solid_capstyle="butt", zorder=2)
    tip = {"arrowstyle": "-|>", "color": "0.2", "lw": 0, "mutation_scale": 8, "shrinkB": 0 if link.sign == "+" else 6}
    ax.annotate("", ends[1], ends[0], arrowprops=tip)


def _valve(ax: Axes, variable: Variable) -> None:
    x, y = variable.place
    for side in (-1.0, 1.0):
        half = [(x, y), (x + side * 0.13, y - 0.13), (x + side * 0.13, y + 0.13)]
        ax.add_patch(Polygon(half, facecolor=TINTS[variable.sector], edgecolor="0.1", linewidth=0.7, zorder=4))
    ax.text(
        x,
        y + 0.18,
        _wrapped(variable.label),
        ha="center",
        va="top",
        fontsize=SMALL,
        fontweight="bold",
        zorder=5,
        bbox={"facecolor": "w", "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
    )
