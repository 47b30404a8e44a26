"""Every number of the model, declared once in `parameters.toml`: default, unit, range, prior, source and grade."""

import math
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sendcycle.errors import ParameterError, nearest, reason
from sendcycle.inputs.user_text import check_number, parse_number

GRADES = ("A", "B", "C", "D", "assumption")
KINDS = ("real", "integer", "switch")
PRIOR_NUMBERS = {  # distribution -> the numbers that shape it; low and high cut every one of them off
    "none": (),
    "uniform": (),
    "loguniform": (),
    "triangular": ("mode",),
    "normal": ("mean", "sd"),
    "lognormal": ("mean", "sd"),
    "beta": ("a", "b"),
}
DECLARED_VALUES = "declared values"  # what a run starts from that names no other
NAMED = 3  # changed parameters that a sentence names
CALIBRATED_TO = "calibrated_to"  # key of the file that names the ensemble from which the defaults are


@dataclass(frozen=True)
class Prior:
    """What is believed about a parameter before calibration, cut off at `low` and `high`.

    `mean` and `sd` are in the parameter's own unit for "normal" and in natural logarithms for "lognormal"; `a` and
    `b` shape a beta distribution stretched from `low` to `high`. A parameter with "none" is never varied. Raises
    ParameterError if the distribution is unknown or `low` above `high`.
    """

    dist: str
    low: float
    high: float
    mode: float | None = None
    mean: float | None = None
    sd: float | None = None
    a: float | None = None
    b: float | None = None

    def __post_init__(self) -> None:
        if self.dist not in PRIOR_NUMBERS:
            raise ParameterError(f"unknown distribution {self.dist!r}.{nearest(str(self.dist), PRIOR_NUMBERS)}")
        if not self.low <= self.high:
            raise ParameterError(f"a distribution from {self.low} to {self.high} ends before it begins.")

    def as_dict(self) -> dict[str, str | float]:
        """Return the distribution and the numbers that it uses."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in pairs if value is not None}

    def quantile(self, share: float) -> float:
        """Return the value below which `share` (0 to 1) of the prior lies, from `low` to `high`; see `quantiles`."""
        return float(self.quantiles(np.asarray([share]))[0])

    def quantiles(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `quantile` of many shares, in their shape. Raises ParameterError if the distribution is "none"."""
        from scipy import stats  # type: ignore[import-untyped, unused-ignore] # slow to import, for sweeps only

        low, high, width = self.low, self.high, self.high - self.low
        if self.dist == "none":
            raise ParameterError("a parameter without a prior has no quantiles.")
        frozen = {
            "uniform": lambda: stats.uniform(low, width),
            "loguniform": lambda: stats.loguniform(low, high),
            "triangular": lambda: stats.triang(((self.mode or 0.0) - low) / width, low, width),
            "normal": lambda: stats.norm(self.mean, self.sd),
            "lognormal": lambda: stats.lognorm(self.sd, scale=math.exp(self.mean or 0.0)),
            "beta": lambda: stats.beta(self.a, self.b, low, width),
        }[self.dist]()
        below, above = frozen.cdf(low), frozen.cdf(high)
        return np.asarray(np.clip(frozen.ppf(below + shares * (above - below)), low, high), dtype=float)


@dataclass(frozen=True)
class Parameter:
    """One declared number. `default`, `low` and `high` are in `unit`.

    `default` is the value of a run that names no other; most are calibrated. `source` and `grade` (A best) are those of
    the range.
    """

    name: str
    default: float
    unit: str
    low: float
    high: float
    prior: Prior
    source: str
    grade: str
    group: str
    text: str
    kind: Literal["real", "integer", "switch"] = "real"
    read: Literal["monthly", "start"] = "monthly"  # "start": sets how the run begins, so that no date can change it

    @property
    def possible(self) -> tuple[float, float]:
        """What the quantity can be at all: shares and probabilities 0 to 1, others at least 0 unless `low` is below.

        The range says what may be true of England now; a reform relative to it may go beyond.
        """
        whole = self.unit.split()[0] in ("share", "probability")
        return min(self.low, 0.0), max(self.high, 1.0) if whole else np.inf

    def checked(self, value: object) -> float:
        """Return `value` as a float.

        Raises
        ------
        ParameterError
            If it is no finite number, not whole for an integer or switch, or outside `low` to `high`.
        """
        number = _number(self.name, value)
        if isinstance(value, bool) and self.kind != "switch":
            raise ParameterError(f"{self.name} = {value!r} is not a number.")
        if self.kind == "switch" and number not in (0.0, 1.0):
            raise ParameterError(f"{self.name} = {value!r}: a switch is 0 or 1 ({self.text}).")
        if self.kind == "integer" and not number.is_integer():
            raise ParameterError(f"{self.name} = {value!r} must be a whole number ({self.unit}).")
        if not self.low <= number <= self.high:
            raise ParameterError(
                f"{self.name} = {value} is out of range: {self.low:g} to {self.high:g} {self.unit} "
                f"(source: {self.source})."
            )
        return number

    def prior_from(self, entry: Mapping[str, Any]) -> Prior:
        """Return the prior that a table in the form of `parameters.toml` describes, within the parameter's range.

        Raises ParameterError if the table is not one of a prior.
        """
        return _prior(self.name, self.kind, self.default, self.low, self.high, dict(entry))

    def as_record(self) -> dict[str, Any]:
        """Return the declaration as plain values that JSON can hold."""
        record: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        return record | {"prior": self.prior.as_dict()}


def _number(name: str, value: object) -> float:
    if isinstance(value, int) and not isinstance(value, bool):
        check_number(value, name, ParameterError)  # first: Python refuses to write out the digits of a huge one
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(f"{name} = {value!r} is not a number.") from None
    if isinstance(value, str) or not math.isfinite(number):
        raise ParameterError(f"{name} = {value!r} is not a finite number.")
    return number


def _keys(where: str, entry: object, known: Iterable[str], required: Iterable[str]) -> dict[str, Any]:
    """Return the TOML table `entry`, having checked its keys."""
    known = tuple(known)
    if not isinstance(entry, dict):
        raise ParameterError(f"{where} must be a table of {', '.join(known)}.")
    for key in entry:
        if key not in known:
            raise ParameterError(f"{where}: unknown key '{key}'.{nearest(key, known)}")
    for key in required:
        if key not in entry:
            raise ParameterError(f"{where}: '{key}' is missing.")
    return entry


def _prior(where: str, kind: str, default: float, low: float, high: float, entry: dict[str, Any]) -> Prior:
    dist = entry.get("dist")
    if not isinstance(dist, str) or dist not in PRIOR_NUMBERS:
        raise ParameterError(f"{where}: unknown prior '{dist}'.{nearest(str(dist), PRIOR_NUMBERS)}")
    shape = PRIOR_NUMBERS[dist]
    _keys(f"{where} prior", entry, ("dist", "low", "high", *shape), [key for key in shape if key in ("sd", "a", "b")])
    numbers = {key: _number(f"{where} prior {key}", value) for key, value in entry.items() if key != "dist"}
    if "mode" in shape:
        numbers.setdefault("mode", default)
    if "mean" in shape and "mean" not in numbers:
        if dist == "lognormal" and default <= 0:
            raise ParameterError(f"{where}: a lognormal prior needs a default above 0, or a mean.")
        numbers["mean"] = math.log(default) if dist == "lognormal" else default
    prior = Prior(dist, **({"low": low, "high": high} | numbers))
    if dist != "none" and not low <= prior.low < prior.high <= high:
        raise ParameterError(f"{where}: the prior must lie within {low:g} to {high:g} and have a width.")
    if (dist == "loguniform" and prior.low <= 0) or (dist == "lognormal" and prior.high <= 0):
        raise ParameterError(f"{where}: a {dist} prior needs bounds above 0.")
    if prior.mode is not None and not prior.low <= prior.mode < prior.high:
        raise ParameterError(f"{where}: the mode must lie from low to below high.")
    if any(number is not None and number <= 0 for number in (prior.sd, prior.a, prior.b)):
        raise ParameterError(f"{where}: sd, a and b must be above 0.")
    if dist != "none" and kind != "real":
        raise ParameterError(f"{where}: {kind} parameters are not sampled; write prior = {{ dist = 'none' }}.")
    return prior


def _parameter(name: str, entry: object) -> Parameter:
    texts = ("unit", "source", "grade", "group", "text")
    keys = _keys(
        name, entry, ("default", "low", "high", "prior", "kind", "read", *texts), ("default", "low", "high", *texts)
    )
    if not name.isidentifier() or name.startswith("_") or hasattr(Parameters, name):
        raise ParameterError(f"'{name}' cannot name a parameter.")
    for key in texts:
        if not isinstance(keys[key], str) or not keys[key].strip():
            raise ParameterError(f"{name}: '{key}' must be a text that is not empty.")
    kind = keys.get("kind", "real")
    if kind not in KINDS:
        raise ParameterError(f"{name}: unknown kind '{kind}', not one of {', '.join(KINDS)}.")
    if keys["grade"] not in GRADES:
        raise ParameterError(f"{name}: unknown grade '{keys['grade']}', not one of {', '.join(GRADES)}.")
    read = keys.get("read", "monthly")
    if read not in ("monthly", "start"):
        raise ParameterError(f"{name}: unknown read '{read}', not one of monthly, start.")
    low, high = _number(f"{name} low", keys["low"]), _number(f"{name} high", keys["high"])
    default = _number(f"{name} default", keys["default"])
    if not low <= default <= high:
        raise ParameterError(f"{name}: the default {default:g} is not within {low:g} to {high:g}.")
    prior = _prior(name, kind, default, low, high, keys.get("prior", {"dist": "uniform" if kind == "real" else "none"}))
    parameter = Parameter(
        name, default, low=low, high=high, prior=prior, kind=kind, read=read, **{key: keys[key] for key in texts}
    )
    parameter.checked(default)
    return parameter


@cache
def declared(path: Path | None = None) -> Mapping[str, Parameter]:
    """Return every declared parameter by name, in the order of the file.

    Parameters
    ----------
    path
        Another file of declarations; the model's own `parameters.toml` when absent.

    Raises
    ------
    ParameterError
        If the file cannot be read, or a declaration is incomplete or contradicts itself.
    """
    entries = {name: entry for name, entry in _entries(path).items() if name != CALIBRATED_TO}
    return MappingProxyType({name: _parameter(name, entry) for name, entry in entries.items()})


@cache
def calibrated_to(path: Path | None = None) -> str | None:
    """Return the name of the ensemble from whose nearest member the declared values are, None if no entry says so."""
    found = _entries(path).get(CALIBRATED_TO)
    if found is not None and not isinstance(found, str):
        raise ParameterError(f"{CALIBRATED_TO} must be the name of an ensemble.")
    return found


@cache
def _entries(path: Path | None) -> dict[str, Any]:
    try:
        text = (path or files("sendcycle.inputs") / "parameters.toml").read_text(encoding="utf-8")
        return tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"cannot read {path or 'parameters.toml'}: {reason(error)}") from error


class Parameters(Mapping[str, float]):
    """A value for every declared parameter: frozen, hashable, read as `p["name"]` or `p.name`.

    `Parameters()` holds the declared values, `Parameters(name=value)` others where they are named.

    Raises
    ------
    ParameterError
        If a name is unknown or a value is out of its range.
    """

    __slots__ = ("_declared", "_values")

    def __init__(self, **values: float) -> None:
        self._declared = declared()
        self._values = _filled(self._declared, values)

    @classmethod
    def of(cls, known: Mapping[str, Parameter], values: Mapping[str, float]) -> "Parameters":
        """Return `values` for the declarations `known` (of another file), and its defaults for the rest.

        Raises ParameterError as the class does.
        """
        new = cls.__new__(cls)
        new._declared = known
        new._values = _filled(known, values)
        return new

    def replace(self, **values: float) -> "Parameters":
        """Return a copy in which `values` are replaced. Raises ParameterError as the class does."""
        return Parameters.of(self._declared, self._values | values)

    def as_dict(self) -> dict[str, float]:
        """Return every value by name, in declared order."""
        return dict(self._values)

    def changed(self) -> dict[str, float]:
        """Return the values that differ from their defaults."""
        return {name: value for name, value in self._values.items() if value != self._declared[name].default}

    def in_words(self) -> str:
        """Return from where these values are: "declared values (calibrated to ...)", and what is changed of them."""
        fitted = calibrated_to() if self._declared is declared() else None
        words = DECLARED_VALUES + (f" (calibrated to {fitted})" if fitted else "")
        changed = [f"{name} = {value:g}" for name, value in self.changed().items()]
        more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        return words + (f"; changed: {', '.join(changed[:NAMED])}{more}" if changed else "")

    @property
    def declarations(self) -> Mapping[str, Parameter]:
        """The declarations that these values obey, in declared order."""
        return self._declared

    def __getitem__(self, name: str) -> float:
        if name not in self._values:
            raise ParameterError(_unknown(name, self._declared))
        return self._values[name]

    def __getattr__(self, name: str) -> float:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(_unknown(name, () if name.startswith("_") else self._declared))
        return self._values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of `name`, or `default` when it is not declared."""
        return self._values.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __repr__(self) -> str:
        return f"Parameters({', '.join(f'{name}={value!r}' for name, value in self.changed().items())})"

    def __reduce__(self) -> tuple[Callable[..., "Parameters"], tuple[Any, ...]]:
        own = self._declared is declared()
        return _restored, (None if own else dict(self._declared), self.changed())


def _restored(known: Mapping[str, Parameter] | None, values: Mapping[str, float]) -> Parameters:
    return Parameters.of(declared() if known is None else known, values)


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"unknown parameter '{name}'.{nearest(name, known)}"


def _filled(known: Mapping[str, Parameter], values: Mapping[str, float]) -> dict[str, float]:
    for name in values:
        if name not in known:
            raise ParameterError(_unknown(name, known))
    return {name: p.checked(values[name]) if name in values else p.default for name, p in known.items()}


def parse_setting(setting: str) -> tuple[str, float]:
    """Return the name and value of a text "name=value", as typed on the command line.

    Raises
    ------
    ParameterError
        If there is no "=", or the value is no finite number. Name and range are checked by `Parameters`.
    """
    name, equals, value = (part.strip() for part in setting.partition("="))
    if not (name and equals and value):
        raise ParameterError(f"'{setting}' is not a setting: write name=value.")
    return name, _number(name, parse_number(value, name, ParameterError))


def as_records(known: Mapping[str, Parameter] | None = None) -> list[dict[str, Any]]:
    """Return the declarations as a list of plain dictionaries for JSON, in declared order."""
    return [parameter.as_record() for parameter in (known or declared()).values()]


def markdown_table(known: Mapping[str, Parameter] | None = None) -> str:
    """Return the declarations as a Markdown table for the documentation."""
    rows = [["name", "default", "unit", "range", "prior", "grade", "group", "meaning", "source"], ["---"] * 9]
    for p in (known or declared()).values():
        limits = f"{p.low:g} to {p.high:g}"
        row = [f"`{p.name}`", f"{p.default:g}", p.unit, limits, p.prior.dist, p.grade, p.group, p.text, p.source]
        rows.append([" ".join(cell.replace("|", "\\|").split()) for cell in row])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
