"""The causal map, declared once in `causal_map.toml`: variables, signed links, loops.

The diagram (`causal_diagram.py`), the documentation and the tests derive from it. The polarity of a loop is the product
of the signs of its links; nobody declares it.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from importlib.resources import files
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from sendcycle.errors import SendcycleError, nearest
from sendcycle.inputs.parameters import declared
from sendcycle.outputs.observables import tally_dtype
from sendcycle.state.children import Children
from sendcycle.state.records import AuthorityRecord, NationRecord, SchoolRecord
from sendcycle.verification.perturbation import Nudge

T = TypeVar("T")
Polarity = Literal["R", "B"]
SIGNS = {"+": 1, "-": -1}
ARRAYS = ("training", "place_pipeline", "docket")  # state of the world without fields


class CausalMapError(SendcycleError, ValueError):
    """The causal map contradicts itself or the model."""


@dataclass(frozen=True)
class Variable:
    """Something of the model that has a cause or an effect.

    `at` says where it is read (several places are added up), `also` where else it is kept: a nudge there is a nudge
    of the variable. A stock is read at month end, a flow is summed over months.
    """

    name: str
    label: str
    unit: str
    at: tuple[str, ...]
    nudge: tuple[Nudge, ...]
    place: tuple[int, int]
    sector: str
    also: tuple[str, ...] = ()
    kind: Literal["stock", "flow"] = "stock"
    which: Literal["all", "every_second"] = "all"


@dataclass(frozen=True)
class Link:
    """A cause and its effect. See the head of `causal_map.toml` for the fields."""

    cause: str
    effect: str
    sign: Literal["+", "-"]
    rule: str
    delay: str
    nudge: tuple[Nudge, ...]
    months: int = 1
    before: str = ""
    month: int = 4
    given: Mapping[str, float] = field(default_factory=dict)
    gains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Way:
    """One way round a loop: from its signal through other variables and back to the signal.

    `push` moves the signal from outside; after `months` the return is read. `alongside` names gains that must be 1
    for the return to be seen, beside those of the links, when all others are 0. `limits` says that the way works
    against the loop: on it a reinforcing loop limits itself.
    """

    through: tuple[str, ...]
    push: tuple[Nudge, ...]
    months: int
    alongside: tuple[str, ...] = ()
    limits: bool = False

    def steps(self) -> list[tuple[str, str]]:
        """Return (cause, effect) all the way round."""
        return list(pairwise((*self.through, self.through[0])))


@dataclass(frozen=True)
class Loop:
    """A closed chain of causes. `signals` is what `signals.carry` holds when the gain is 0."""

    name: str
    gain: str
    label: str
    story: str
    signals: tuple[str, ...]
    ways: tuple[Way, ...]
    given: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CausalMap:
    """Variables by name, links by (cause, effect), loops by name; checked when made.

    Raises
    ------
    CausalMapError
        If something is named that is not declared, or a loop does not close.
    """

    variables: Mapping[str, Variable]
    links: Mapping[tuple[str, str], Link]
    loops: Mapping[str, Loop]

    def __post_init__(self) -> None:
        for variable in self.variables.values():
            for place in (*variable.at, *variable.also, *(nudge.at for nudge in variable.nudge)):
                _check_place(f"variable {variable.name}", place)
        for link in self.links.values():
            where = f"link {link.cause} -> {link.effect}"
            for name in (link.cause, link.effect):
                _check_known(where, "variable", name, self.variables)
            for name in (*link.gains, *link.given):
                _check_known(where, "parameter", name, declared())
            for nudge in link.nudge:
                _check_place(where, nudge.at)
        for loop in self.loops.values():
            self._check_loop(loop)

    def _check_loop(self, loop: Loop) -> None:
        where = f"loop {loop.name}"
        for name in (loop.gain, *loop.given, *(gain for way in loop.ways for gain in way.alongside)):
            _check_known(where, "parameter", name, declared())
        for place in (*(f"{signal}_start" for signal in loop.signals), *(n.at for way in loop.ways for n in way.push)):
            _check_place(where, place)
        if not loop.ways:
            raise CausalMapError(f"{where} has no way round.")
        for way in loop.ways:
            for name in way.through:
                _check_known(where, "variable", name, self.variables)
            if len(set(way.through)) < len(way.through):
                raise CausalMapError(f"{where} passes a variable twice.")
            for cause, effect in way.steps():
                if (cause, effect) not in self.links:
                    raise CausalMapError(f"{where} is not closed: there is no link from {cause} to {effect}.")
            if all(loop.gain not in self.links[step].gains for step in way.steps()):
                raise CausalMapError(f"{where} is not cut: its gain {loop.gain} is on none of its links.")

    def sign(self, way: Way) -> int:
        """Return the product of the signs of the links: 1 or -1."""
        return math.prod(SIGNS[self.links[step].sign] for step in way.steps())

    def polarity(self, loop: Loop, way: Way | None = None) -> Polarity:
        """Return "R" if the loop, or one way round it, reinforces what moves it, "B" if it works against it."""
        return "R" if self.sign(way or loop.ways[0]) > 0 else "B"

    def cuts(self) -> dict[str, list[str]]:
        """Return, by variable, the loops that are cut on what follows from it."""
        found: dict[str, list[str]] = {}
        for loop in self.loops.values():
            for way in loop.ways:
                cut = next(cause for cause, effect in way.steps() if loop.gain in self.links[cause, effect].gains)
                if loop.name not in found.setdefault(cut, []):
                    found[cut].append(loop.name)
        return found


# ---------------------------------------------------------------------------------------------------- reading

RENAMED = {"from": "cause", "to": "effect", "with": "given"}


def _check_known(where: str, what: str, name: str, known: Iterable[str]) -> None:
    known = list(known)
    if name not in known:
        raise CausalMapError(f"{where}: unknown {what} '{name}'.{nearest(name, known)}")


def _check_place(where: str, place: str) -> None:
    """Raise if no such field exists in the world or among the parameters."""
    home, _, name = place.partition(".")
    fields_of: dict[str, Iterable[str]] = {
        "children": Children.names(),
        "schools": SchoolRecord.dtype().names or (),
        "authorities": AuthorityRecord.dtype().names or (),
        "nation": NationRecord.dtype().names or (),
        "tallies": tally_dtype().names or (),
        "parameters": declared(),
        **{array: ("",) for array in ARRAYS},
    }
    _check_known(where, "place", home, fields_of)
    _check_known(where, f"field of {home}", name.partition(".")[0], fields_of[home])


def _made(kind: type[T], where: str, entry: Mapping[str, Any], **more: Any) -> T:
    """Return a declaration made from its table, having checked its keys."""
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    values = {RENAMED.get(key, key): value for key, value in entry.items()} | more
    for key in values:
        _check_known(where, "key", key, known)
    for name, declaration in known.items():
        if name not in values and declaration.default is MISSING and declaration.default_factory is MISSING:
            raise CausalMapError(f"{where}: '{name}' is missing.")
    for key in ("nudge", "push"):
        if key in values:
            values[key] = tuple(n if isinstance(n, Nudge) else _made(Nudge, where, n) for n in values[key])
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def from_mapping(entries: Mapping[str, Any]) -> CausalMap:
    """Return the map that plain dictionaries and lists declare. Raises CausalMapError if it does not hold together."""
    variables = {
        name: _made(Variable, f"variable {name}", entry, name=name)
        for name, entry in entries.get("variables", {}).items()
    }
    links: dict[tuple[str, str], Link] = {}
    for entry in entries.get("links", []):
        where = f"link {entry.get('from')} -> {entry.get('to')}"
        _check_known(where, "variable", str(entry.get("from")), variables)
        link = _made(Link, where, {"nudge": variables[entry["from"]].nudge, **entry})
        if link.sign not in SIGNS:
            raise CausalMapError(f"{where}: the sign is '+' or '-', not '{link.sign}'.")
        if (link.cause, link.effect) in links:
            raise CausalMapError(f"{where} is declared twice.")
        links[link.cause, link.effect] = link
    loops = {}
    for name, entry in entries.get("loops", {}).items():
        ways = tuple(_made(Way, f"loop {name}", way) for way in entry.get("ways", []))
        loops[name] = _made(Loop, f"loop {name}", {k: v for k, v in entry.items() if k != "ways"}, name=name, ways=ways)
    return CausalMap(MappingProxyType(variables), MappingProxyType(links), MappingProxyType(loops))


@cache
def causal_map() -> CausalMap:
    """Return the model's own map.

    Raises
    ------
    CausalMapError
        If `causal_map.toml` cannot be read, or declares something that is not so.
    """
    try:
        entries = tomllib.loads((files("sendcycle.structure") / "causal_map.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CausalMapError(f"cannot read causal_map.toml: {error}") from error
    return from_mapping(entries)


def variables() -> Mapping[str, Variable]:
    """Return the declared variables by name."""
    return causal_map().variables


def links() -> Mapping[tuple[str, str], Link]:
    """Return the declared links by (cause, effect)."""
    return causal_map().links


def loops() -> Mapping[str, Loop]:
    """Return the declared loops by name, R1 to R9 and B1 to B7."""
    return causal_map().loops


def polarity(loop: Loop) -> Polarity:
    """Return "R" if the loop reinforces what moves it, "B" if it works against it: the product of its signs.

    Where a loop has several ways round, the first, which gives it its name, speaks for it.
    """
    return causal_map().polarity(loop)


# ---------------------------------------------------------------------------------------------------- words

SHOWN = {"+": "+", "-": "−"}
COLOURS = {
    "+": "#0072B2",
    "-": "#D55E00",
}  # Okabe and Ito; links of minus sign are dashed as well
STROKES = {"+": "solid", "-": "dashed"}
KINDS = {"R": "reinforcing", "B": "balancing"}


def in_words(way: Way) -> str:
    """Return a way round with an arrow and a sign for each link."""
    known = causal_map()
    parts = [f"{known.variables[a].label} →({SHOWN[known.links[a, b].sign]})" for a, b in way.steps()]
    return " ".join([*parts, known.variables[way.through[0]].label])


def _table(rows: list[list[str]]) -> str:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    cells = [[" ".join(cell.replace("|", "\\|").split()) for cell in row] for row in lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def markdown_table() -> str:
    """Return loops, links and variables as Markdown tables for the documentation."""
    known = causal_map()
    rows = [["loop", "", "polarity", "gain", "story", "way round", "signals held at gain 0"]]
    for loop in known.loops.values():
        signals = ", ".join(f"`{signal}`" for signal in loop.signals)
        for way in loop.ways:
            kind = KINDS[known.polarity(loop, way)]
            first = [loop.name, loop.label, kind, f"`{loop.gain}`", loop.story, in_words(way), signals]
            rows.append(first if way is loop.ways[0] else ["", "", kind, "", "", in_words(way), ""])
    text = f"### Loops\n\n{_table(rows)}\n### Links\n\n"
    rows = [["cause", "sign", "effect", "rule", "delay", "cut by"]]
    for link in known.links.values():
        cut = ", ".join(f"`{gain}`" for gain in link.gains)
        cause, effect = (known.variables[name].label for name in (link.cause, link.effect))
        rows.append([cause, SHOWN[link.sign], effect, link.rule, link.delay, cut])
    text += f"{_table(rows)}\n### Variables\n\n"
    rows = [["name", "", "unit", "kind", "where it stands"]]
    for variable in known.variables.values():
        at = ", ".join(f"`{place}`" for place in variable.at)
        rows.append([f"`{variable.name}`", variable.label, variable.unit, variable.kind, at])
    return text + _table(rows)


def document() -> str:
    """Return the text of `docs/causal_map.md`."""
    known = causal_map()
    counts = f"{len(known.variables)} variables, {len(known.links)} links, {len(known.loops)} loops"
    return f"""# The causal map

Generated from `model/sendcycle/structure/causal_map.toml`
by `python -m sendcycle.structure.causal_diagram`; do not edit. {counts}.

![The causal map](causal_map.svg)

A loop's polarity is the product of the signs of its links. `tests/test_causal_map.py` nudges the cause of every link in
the running model and looks at the sign of what follows; it pushes the signal of every loop, with the gain at 1 and at
0, and looks at what comes back; and it checks that a gain of 0 holds the signal at its value of September 2014.

{markdown_table()}"""
