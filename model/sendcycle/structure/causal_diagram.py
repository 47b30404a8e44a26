"""The causal map drawn, from its declaration.

`python -m sendcycle.structure.causal_diagram` writes both documents of it again.
"""

import math
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from sendcycle.structure.causal_map import (
    COLOURS,
    KINDS,
    SHOWN,
    CausalMap,
    Link,
    Loop,
    Variable,
    Way,
    causal_map,
    document,
)

TINTS = {
    "families": "#FFF4CC",
    "statutory": "#E3EEF9",
    "contests": "#EFE4F3",
    "specialists": "#DDF3EC",
    "schools": "#FDE8D7",
    "places": "#E8E8E8",
    "money": "#F5F5DC",
}
BOX = (158.0, 44.0)  # width and height of a variable, pixels
CELL = (214.0, 104.0)
MARGIN = (110.0, 90.0)
FAINT = ' opacity="0.15"'
CHAIN, LINE = 330.0, 19.0  # where the chains of the loops begin, and the height of their lines


def _centre(variable: Variable) -> tuple[float, float]:
    (column, row), (width, height) = variable.place, CELL
    return MARGIN[0] + column * width, MARGIN[1] + row * height


def _edge_of_box(at: tuple[float, float], towards: tuple[float, float], gap: float) -> tuple[float, float]:
    """Return where the line from the centre of a box towards a point leaves the box, `gap` pixels further out."""
    dx, dy = towards[0] - at[0], towards[1] - at[1]
    scale = min(
        (BOX[0] / 2.0 + gap) / abs(dx) if dx else math.inf,
        (BOX[1] / 2.0 + gap) / abs(dy) if dy else math.inf,
    )
    return at[0] + dx * scale, at[1] + dy * scale


def _text(x: float, y: float, words: str, size: int = 12, extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" {extra}>{escape(words)}</text>'


def _two_lines(words: str, width: int = 24) -> list[str]:
    """Return a label on one line, or on two of about equal length."""
    if len(words) <= width:
        return [words]
    breaks = [i for i, letter in enumerate(words) if letter == " "]
    middle = min(breaks, key=lambda i: abs(2 * i - len(words)))
    return [words[:middle], words[middle + 1 :]]


def _link_drawn(known: CausalMap, link: Link, strong: bool | None) -> str:
    """Return the arrow of a link: a curve to the right of the straight line, its sign beside the head.

    It is thick if `strong`, faint if not, and as usual if nothing is said.
    """
    start, end = (_centre(known.variables[name]) for name in (link.cause, link.effect))
    dx, dy = end[0] - start[0], end[1] - start[1]
    bend = 0.13 if (link.effect, link.cause) in known.links or math.hypot(dx, dy) > 1.5 * CELL[0] else 0.06
    middle = ((start[0] + end[0]) / 2.0 - bend * dy, (start[1] + end[1]) / 2.0 + bend * dx)
    a, b = _edge_of_box(start, middle, 1.0), _edge_of_box(end, middle, 3.0)
    colour = COLOURS[link.sign]
    dashes = ' stroke-dasharray="7 4"' if link.sign == "-" else ""
    marker = "plus" if link.sign == "+" else "minus"
    length = max(math.hypot(middle[0] - b[0], middle[1] - b[1]), 1.0)
    away = ((middle[0] - b[0]) / length, (middle[1] - b[1]) / length)
    x, y = b[0] + 17.0 * away[0] - 8.0 * away[1], b[1] + 17.0 * away[1] + 8.0 * away[0] + 4.0
    title = escape(f"{known.variables[link.cause].label} → {known.variables[link.effect].label}: {link.rule}")
    curve = f"M{a[0]:.1f} {a[1]:.1f}Q{middle[0]:.1f} {middle[1]:.1f} {b[0]:.1f} {b[1]:.1f}"
    faint, thickness, opacity = FAINT if strong is False else "", 3.2 if strong else 1.4, 1.0 if strong else 0.75
    return (
        f'<g{faint}><title>{title}</title><path d="{curve}" fill="none" stroke="{colour}" '
        f'stroke-width="{thickness}" opacity="{opacity}"{dashes} marker-end="url(#{marker})"/>'
        + _text(x, y, SHOWN[link.sign], 15, f'fill="{colour}" text-anchor="middle" font-weight="bold"')
        + "</g>"
    )


def _variable_drawn(variable: Variable, badges: list[str], carried: Mapping[str, float], faint: bool) -> str:
    """Return the box of a variable, with the loops that are cut there and what they carry."""
    x, y = _centre(variable)
    left, top = x - BOX[0] / 2.0, y - BOX[1] / 2.0
    parts = [
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{BOX[0]:.0f}" height="{BOX[1]:.0f}" rx="7" '
        f'fill="{TINTS[variable.sector]}" stroke="#444"/>'
    ]
    lines = _two_lines(variable.label)
    for i, words in enumerate(lines):
        parts.append(_text(x, y + 4.0 + 14.0 * (i - (len(lines) - 1) / 2.0), words, 12, 'text-anchor="middle"'))
    for i, name in enumerate(badges):
        cx = left + 4.0 + 28.0 * i
        parts.append(f'<circle cx="{cx:.1f}" cy="{top:.1f}" r="13" fill="#222"/>')
        parts.append(_text(cx, top + 4.0, name, 12, 'text-anchor="middle" fill="#fff" font-weight="bold"'))
        if name in carried:
            words = f"{carried[name]:+.1f} %".replace("-", SHOWN["-"])
            parts.append(_text(cx, top - 16.0, words, 12, 'text-anchor="middle" font-weight="bold"'))
    return f"<g{FAINT if faint else ''}>{''.join(parts)}</g>"


def _way_drawn(known: CausalMap, loop: Loop, way: Way, top: float, width: float) -> tuple[str, float]:
    """Return one way round a loop as a chain of words and signed arrows, and the height it takes."""
    pieces: list[list[str]] = [[]]
    used = 0
    for cause, effect in way.steps():
        label, sign = known.variables[cause].label, known.links[cause, effect].sign
        if used + len(label) > (width - CHAIN) / 7.6:
            pieces.append([])
            used = 0
        arrow = f'<tspan fill="{COLOURS[sign]}" font-weight="bold"> →{SHOWN[sign]} </tspan>'
        pieces[-1].append(escape(label) + arrow)
        used += len(label) + 5
    pieces[-1].append(f'<tspan fill="#777">({escape(known.variables[way.through[0]].label)})</tspan>')
    kind = _text(CHAIN - 88.0, top, KINDS[known.polarity(loop, way)], 11, 'fill="#555"')
    lines = [
        f'<text x="{CHAIN:.1f}" y="{top + LINE * i:.1f}" font-size="12">{"".join(line)}</text>'
        for i, line in enumerate(pieces)
    ]
    return kind + "".join(lines), LINE * (len(pieces) + 0.2)


def _chains_drawn(known: CausalMap, loops: Iterable[Loop], top: float, width: float) -> tuple[list[str], float]:
    """Return loops as chains below each other from `top` on, and where the last of them ends."""
    parts: list[str] = []
    for loop in loops:
        parts.append(_text(20.0, top, f"{loop.name} {loop.label}", 13, 'font-weight="bold"'))
        for way in loop.ways:
            drawn, height = _way_drawn(known, loop, way, top, width)
            parts.append(drawn)
            top += height
        top += 8.0
    return parts, top


def _legend() -> list[str]:
    """Return the title and what the signs mean."""
    return [
        _text(20.0, 32.0, "The causal map of the model", 20, 'font-weight="bold"'),
        _text(370.0, 32.0, "→+ more leads to more", 14, f'fill="{COLOURS["+"]}"'),
        _text(570.0, 32.0, "→− more leads to less (dashed)", 14, f'fill="{COLOURS["-"]}"'),
        _text(830.0, 32.0, "black circles: where the gain of a loop cuts it", 14),
    ]


def _arrow_heads() -> str:
    """Return the heads of arrows, by sign."""
    markers = "".join(
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 1L10 5L0 9z" fill="{COLOURS[sign]}"/></marker>'
        for name, sign in (("plus", "+"), ("minus", "-"))
    )
    return f"<defs>{markers}</defs>"


def _head(width: float, height: float) -> str:
    """Return the opening tag of the picture, for screens and for readers of its words."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="Helvetica, Arial, sans-serif" fill="#111" role="img" '
        'aria-label="The causal map of the model">'
    )


def svg(chosen: str | None = None, carried: Mapping[str, float] | None = None, *, chains: bool = True) -> str:
    """Return the diagram: the map, and below it loops as chains.

    Parameters
    ----------
    chosen
        A loop: its links are thick, all else is faint, and its chain alone is shown.
    carried
        What loops carry now, in percent, by name; written beside their circles.
    chains
        Whether the chains are drawn.

    Raises
    ------
    KeyError
        If there is no such loop.
    """
    known = causal_map()
    columns, rows = (max(v.place[k] for v in known.variables.values()) for k in (0, 1))
    width = 2.0 * MARGIN[0] + columns * CELL[0]
    foot = MARGIN[1] + rows * CELL[1] + 90.0
    badges = known.cuts()
    inside = None if chosen is None else {step for way in known.loops[chosen].ways for step in way.steps()}
    named = set(known.variables) if inside is None else {name for step in inside for name in step}
    body = [_link_drawn(known, link, None if inside is None else at in inside) for at, link in known.links.items()]
    body += [
        _variable_drawn(v, badges.get(v.name, []), carried or {}, v.name not in named) for v in known.variables.values()
    ]
    if chains:
        shown = [loop for loop in known.loops.values() if chosen in (None, loop.name)]
        drawn, foot = _chains_drawn(known, shown, foot, width)
        body += drawn
    background = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([_head(width, foot), _arrow_heads(), background, *_legend(), *body, "</svg>", ""])


def draw(path: Path) -> None:
    """Write the diagram as an SVG file."""
    path.write_text(svg(), encoding="utf-8")


def write(folder: Path) -> None:
    """Write the document and the diagram into a folder."""
    (folder / "causal_map.md").write_text(document(), encoding="utf-8")
    draw(folder / "causal_map.svg")


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[3] / "docs")
