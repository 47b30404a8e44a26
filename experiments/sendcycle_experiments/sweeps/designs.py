"""Designs as data: which runs an experiment is made of, declared in TOML or Python and checked before anything runs.

A design crosses its points (draws of the uncertainties) with its arms (every combination of levers and scenarios) and
its replicates. Replicate r of every point and arm has the same random draws, seed + r, so that arms differ by
what was changed and by nothing else.
"""

import hashlib
import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import qmc

from sendcycle import NO_CHANGE, Change, Parameters, Scenario
from sendcycle.calendar import N_MONTHS, month_index, month_label
from sendcycle.errors import nearest
from sendcycle.inputs.parameters import Parameter, Prior, declared
from sendcycle.inputs.reforms import Cost
from sendcycle.inputs.user_text import check_name, parse_toml, read_text
from sendcycle.outputs.observables import declared as declared_observables
from sendcycle.outputs.observables import months_of
from sendcycle.send_model import LARGEST_SEED
from sendcycle.start.population import SMALLEST_SCALE
from sendcycle_experiments.reforms.scenario_files import read_scenario
from sendcycle_experiments.sweeps.ensemble_files import ensemble_file, read_members
from sendcycle_experiments.sweeps.errors import DesignError as DesignError  # read from here as well

SAMPLERS = ("latin", "sobol", "defaults")  # how points are drawn: latin hypercube, Sobol' sequence, one at the defaults
MOST_RUNS = 5_000_000
SECONDS_FULL_SCALE_MONTH = 0.07  # of one core, to say beforehand how long a design takes; see `sendcycle bench`
SECONDS_A_RUN = 0.05  # what every run costs beside, however small
REFORMS = "reforms"  # the group of parameters that act only under a reform
DELAY = "delay_"  # begins the name of an uncertainty that is the delay of a reform, whole months
OLDER_DELAY = "delay:"  # as it was written before names had to work unquoted in formulas and SQL
Dated = TypeVar("Dated", Change, Cost)
GRID = np.linspace(0.0, 1.0, 4097)  # of shares, between which the inverse of a prior is interpolated
BATCH_SECONDS = 4.0  # about how long a batch takes: much longer than to send it and to write what comes back


@dataclass(frozen=True, eq=False)
class Design:
    """An experiment: what is varied, what is held, what is recorded.

    Parameters
    ----------
    name
        Names the folder of its results.
    uncertainties
        Parameters drawn anew for every point, with the distribution they are drawn from; and `delay_NAME`, by how
        many months the reform NAME of the scenarios comes later (or earlier), announcement included; see `delay_of`.
    levers
        Parameters that arms are made of, with the values they take: all combinations are run.
    scenarios
        Likewise, reforms with dates: every scenario is crossed with every combination of levers.
    constants
        Parameters held at another value than their default.
    outcomes, years
        Observables of England recorded, and the years (as published statistics count them) in which.
    sampler, n
        How points are drawn, see `SAMPLERS`, and how many.
    shares
        Points given instead of drawn, as shares of each uncertainty's distribution, shape (points, uncertainties).
    replicates, seed
        Runs of every point and arm; replicate r has the seed `seed + r`. The seed also keys the sampler.
    scale, until
        As for `model.simulate`.
    batch
        Runs computed and written together; as many as take some seconds if not given.
    members_of
        The ensemble whose members the points are, if they are.
    own_seeds
        Give every point random draws of its own, so that chance is in the spread over points; arms of one point still
        share theirs. Without it points differ by their parameters alone.

    Raises
    ------
    DesignError, ParameterError, DateError
        One line about what is wrong.
    """

    name: str
    uncertainties: Mapping[str, Prior] = field(default_factory=dict)
    levers: Mapping[str, Sequence[float]] = field(default_factory=dict)
    scenarios: Sequence[Scenario] = (NO_CHANGE,)
    constants: Mapping[str, float] = field(default_factory=dict)
    outcomes: Sequence[str] = ("plans_in_force", "high_needs_spending", "cumulative_balance")
    years: Sequence[int] = (2025, 2030, 2034)
    sampler: str = "latin"
    n: int = 1
    shares: NDArray[np.float64] | None = None
    replicates: int = 1
    seed: int = 0
    scale: float = 0.01
    until: str = "2035-08"
    batch: int | None = None
    text: str = ""
    own_seeds: bool = False
    members_of: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "the name of a design", DesignError)
        if not self.name or Path(self.name).name != self.name or self.name.startswith("."):
            raise DesignError(f"design name {self.name!r} cannot name a folder.")
        self._check_numbers()
        self._check_factors()
        known = declared_observables().observables
        for name in self.outcomes:
            if name not in known:
                raise DesignError(f"unknown outcome '{name}'.{nearest(name, known)}")
        if not self.outcomes or len(set(self.outcomes)) < len(self.outcomes):
            raise DesignError("a design records one outcome at least, and none twice.")
        if not self.years or len(set(self.years)) < len(self.years):
            raise DesignError("a design records one year at least, and none twice.")
        missing = self.without_figure()
        for year in self.years:
            if all((name, year) in missing for name in self.outcomes):
                raise DesignError(f"no outcome has a figure of {year} in a run from 2014-09 to {self.until}.")
        for name in self.outcomes:
            if all((name, year) in missing for year in self.years):
                raise DesignError(f"{name} has no figure of {self.years} in a run from 2014-09 to {self.until}.")

    def without_figure(self) -> set[tuple[str, int]]:
        """Return the outcomes and years of which a run is too short to hold all months."""
        known, last = declared_observables().observables, month_index(self.until)
        spans = {(name, year): months_of(known[name], year) for name in self.outcomes for year in self.years}
        return {place for place, (first, end) in spans.items() if first < 0 or end > last}

    def _check_numbers(self) -> None:
        if self.sampler not in SAMPLERS:
            raise DesignError(f"unknown sampler '{self.sampler}'.{nearest(self.sampler, SAMPLERS)}")
        for name, low in (("n", 1), ("replicates", 1), ("seed", 0), ("batch", 1)):
            value = getattr(self, name)
            if name == "batch" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
                raise DesignError(f"{name} must be a whole number of {low} or more, not {value!r}.")
        if self.seed + self.replicates * (self.n if self.own_seeds else 1) > LARGEST_SEED:
            raise DesignError(f"seed {self.seed} and {self.replicates} replicates pass the largest, 2^63 - 1.")
        if not SMALLEST_SCALE <= self.scale <= 1.0:
            raise DesignError(f"scale {self.scale!r} is out of range: {SMALLEST_SCALE} to 1, the share of England.")
        if self.sampler == "sobol" and self.shares is None:
            check_power_of_two(self.n)
        if self.shares is not None:
            shape = (self.n, len(self.uncertainties))
            if self.shares.shape != shape or not ((self.shares >= 0.0) & (self.shares <= 1.0)).all():
                raise DesignError(f"shares must lie from 0 to 1 and have the shape {shape}, not {self.shares.shape}.")

    def _check_factors(self) -> None:
        known = declared()
        kinds: dict[str, Collection[str]] = {
            "uncertainty": self.uncertainties, "lever": self.levers, "constant": self.constants,
        }  # fmt: skip
        for kind, names in kinds.items():
            for name in names:
                if name not in known and not (kind == "uncertainty" and name.startswith(DELAY)):
                    raise _unknown_factor(kind, name)
        every = [*self.uncertainties, *self.levers, *self.constants]
        for name in every:
            if every.count(name) > 1:
                raise DesignError(f"{name} is declared twice: as uncertainty, lever or constant.")
        for name, prior in self.uncertainties.items():
            if prior.dist == "none":
                raise DesignError(f"{name} has no prior: give low and high, or hold it as a constant or lever.")
            for bound in (prior.low, prior.high) if name in known else ():
                known[name].checked(bound)
        self._check_delays()
        for name, values in self.levers.items():
            if not values or len(set(values)) < len(values):
                raise DesignError(f"lever {name} needs different values in a list.")
            for value in values:
                known[name].checked(value)
        Parameters(**self.constants)
        names = [scenario.name for scenario in self.scenarios]
        if not names or len(set(names)) < len(names):
            raise DesignError("scenarios must have different names, and there must be one at least.")
        check_n_runs(self.n_runs)
        if self.n > 1 and not self.uncertainties:
            raise DesignError(f"n = {self.n} points without uncertainties are all alike: take replicates.")
        for name, column in zip(self.uncertainties, self.points.T, strict=True):
            if self.n > 1 and np.ptp(column) == 0.0 and (self.shares is None or np.ptp(self.shares, axis=0).min() > 0):
                raise DesignError(f"uncertainty {name} is always {column[0]:g}: its distribution has no width.")

    def _check_delays(self) -> None:
        """Refuse delays of reforms that are not there, and those that move a reform out of the run."""
        delays = {name: prior for name, prior in self.uncertainties.items() if name.startswith(DELAY)}
        reforms: dict[str, set[str]] = {}
        for reform in (reform for scenario in self.scenarios for reform in scenario.reforms):
            reforms.setdefault(delay_of(reform.name), set()).add(reform.name)
        for name, prior in delays.items():
            if name not in reforms:
                raise DesignError(f"'{name}': no scenario has such a reform.{nearest(name, reforms)}")
            if len(reforms[name]) > 1:
                alike = "' and '".join(sorted(reforms[name]))
                raise DesignError(f"'{name}' is the delay of the reforms '{alike}' alike: rename one of them.")
            for bound in (prior.low, prior.high):
                for scenario in self.scenarios:
                    delayed(scenario, {name: bound}).table(Parameters(**self.constants), month_index(self.until) + 1)

    # ------------------------------------------------------------------ what it is made of

    @property
    def n_arms(self) -> int:
        """Combinations of levers and scenarios."""
        return len(self.scenarios) * math.prod(len(values) for values in self.levers.values())

    @property
    def n_runs(self) -> int:
        """Points times arms times replicates."""
        return self.n * self.n_arms * self.replicates

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """Values of the uncertainties, shape (n, uncertainties), in their own units; delays in whole months."""
        shares = self.shares if self.shares is not None else self._drawn_shares()
        columns = [
            np.round(prior.quantiles(shares[:, k])) if name.startswith(DELAY) else prior.quantiles(shares[:, k])
            for k, (name, prior) in enumerate(self.uncertainties.items())
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((self.n, 0))

    def _drawn_shares(self) -> NDArray[np.float64]:
        k = len(self.uncertainties)
        if not k:
            return np.zeros((self.n, 0))
        if self.sampler == "defaults":
            raise DesignError("sampler 'defaults' draws nothing: leave the uncertainties out.")
        engine = qmc.Sobol(k, seed=self.seed) if self.sampler == "sobol" else qmc.LatinHypercube(k, seed=self.seed)
        return np.asarray(engine.random(self.n))

    @cached_property
    def arms(self) -> list[dict[str, Any]]:
        """The combinations: values of the levers by name, and the number of the scenario as `reform_scenario`."""
        combinations = itertools.product(range(len(self.scenarios)), *self.levers.values())
        return [dict(zip(("reform_scenario", *self.levers), values, strict=True)) for values in combinations]

    def plan(self, first: int = 0, last: int | None = None) -> pd.DataFrame:
        """Return runs from `first` to before `last`: run, point, arm, reform_scenario, replicate, seed, factors."""
        run = np.arange(first, self.n_runs if last is None else last)
        point, rest = np.divmod(run, self.n_arms * self.replicates)
        arm, replicate = np.divmod(rest, self.replicates)
        names = np.asarray([scenario.name for scenario in self.scenarios], dtype=object)
        columns: dict[str, Any] = {
            "run": run,
            "point": point,
            "arm": arm,
            "reform_scenario": names[[self.arms[a]["reform_scenario"] for a in range(self.n_arms)]][arm],
            "replicate": replicate,
            "seed": self._seed(point, replicate),
        }
        columns |= {name: self.points[point, k] for k, name in enumerate(self.uncertainties)}
        columns |= {name: np.asarray([a[name] for a in self.arms])[arm] for name in self.levers}
        columns |= {name: np.full(len(run), value) for name, value in self.constants.items()}
        return pd.DataFrame(columns)

    def _seed(self, point: Any, replicate: Any) -> Any:
        """Return the seed of a replicate at a point, numbers or arrays of them."""
        return self.seed + replicate + (point * self.replicates if self.own_seeds else 0)

    def runs(self, first: int, last: int) -> list["Run"]:
        """Return the runs numbered from `first` to `last - 1`."""
        found = []
        for run in range(first, last):
            point, rest = divmod(run, self.n_arms * self.replicates)
            arm, replicate = divmod(rest, self.replicates)
            levers = {name: value for name, value in self.arms[arm].items() if name != "reform_scenario"}
            drawn = dict(zip(self.uncertainties, map(float, self.points[point]), strict=True))
            values = {**self.constants, **levers, **drawn}
            found.append(Run(run, self._seed(point, replicate), self.arms[arm]["reform_scenario"], values))
        return found

    # ------------------------------------------------------------------ how long, how large

    @property
    def seconds_a_run(self) -> float:
        """About what a run takes on one core."""
        return SECONDS_A_RUN + SECONDS_FULL_SCALE_MONTH * self.scale * (month_index(self.until) + 1)

    @property
    def batch_size(self) -> int:
        """Runs computed and written together: so many that sending and writing cost next to nothing."""
        if self.batch is not None:
            return self.batch
        return max(1, min(round(BATCH_SECONDS / self.seconds_a_run), 500))

    def batches(self) -> Iterator[tuple[int, int]]:
        """Yield the first run of each batch and the one after its last."""
        for first in range(0, self.n_runs, self.batch_size):
            yield first, min(first + self.batch_size, self.n_runs)

    @property
    def bytes_a_run(self) -> float:
        """About what the results of a run take on disk."""
        factors = len(self.uncertainties) + len(self.levers) + len(self.constants)
        return 8.0 * (factors + len(self.years) * len(self.outcomes)) + 30.0

    # ------------------------------------------------------------------ as data

    def as_dict(self) -> dict[str, Any]:
        """Return the design as plain values for JSON, in which it is kept beside its results."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        plain["uncertainties"] = {name: prior.as_dict() for name, prior in self.uncertainties.items()}
        plain["levers"] = {name: list(map(float, values)) for name, values in self.levers.items()}
        plain["constants"] = {name: float(value) for name, value in self.constants.items()}
        plain["scenarios"] = [asdict(scenario) for scenario in self.scenarios]
        plain["outcomes"], plain["years"] = list(self.outcomes), [int(year) for year in self.years]
        plain.pop("shares")
        for name in ("own_seeds", "members_of"):
            if not plain[name]:
                plain.pop(name)
        plain["points"] = hashlib.sha256(np.ascontiguousarray(self.points).tobytes()).hexdigest()
        plain["batch"] = self.batch_size  # parts are numbered by batch
        return plain | {"n": int(self.n), "replicates": int(self.replicates), "seed": int(self.seed)}

    def replaced(self, **values: Any) -> "Design":
        """Return a copy in which some entries are others."""
        return replace(self, **values)

    def with_members(self, members: pd.DataFrame, of: str) -> "Design":
        """Return a copy whose points are members of an ensemble, a row a point and a column a parameter.

        What is held stays held.
        """
        known, held = declared(), {*self.constants, *self.levers}
        names = [str(name) for name in members if name not in held]
        shares = [shares_of(known[name].prior, members[name].to_numpy(dtype=float)) for name in names]
        drawn = {name: known[name].prior for name in names}
        return self.replaced(uncertainties=drawn, shares=np.stack(shares, axis=1), n=len(members), members_of=of)

    @classmethod
    def from_toml(cls, path: str | Path) -> "Design":
        """Return the design written in a TOML file, which is read as data and never executed.

        Raises
        ------
        DesignError, ParameterError, DateError, ScenarioError, ResultsError
            If the file cannot be read or is not TOML, or as `from_mapping`.
        """
        entries = parse_toml(read_text(Path(path), "design", DesignError), f"design {path}", DesignError)
        return cls.from_mapping(entries, Path(path).parent)

    @classmethod
    def from_mapping(cls, entries: Mapping[str, Any], folder: Path = Path()) -> "Design":
        """Return the design held in plain dictionaries and lists.

        An uncertainty is a table: empty for the declared prior, or with `low` and `high`, or another distribution in
        the form of `parameters.toml`. A whole group of parameters is named by `groups = ["loops", "money"]`: all of its
        parameters that have a prior. Scenarios are names or paths, from the folder of the file.

        Raises
        ------
        DesignError
            If a key, a name or a type is wrong, or the design contradicts itself.
        ParameterError, DateError
            If a value or a distribution is out of a parameter's range, or a month is wrong.
        ScenarioError
            If a scenario is unknown or wrongly written.
        ResultsError
            If the ensemble cannot be read.
        """
        known = {f.name for f in fields(cls)} - {"shares", "members_of"} | {"groups", "ensemble", "members"}
        for key in entries:
            if key not in known:
                raise DesignError(f"unknown key '{key}' in the design.{nearest(key, known)}")
        if "name" not in entries:
            raise DesignError("the design has no name.")
        values = dict(entries)
        if "members" in values and "ensemble" not in values:
            raise DesignError("'members' says how many of an 'ensemble', and there is none.")
        if "ensemble" in values:
            return cls._of_ensemble(values, folder)
        tables = {key: _table(key, values.pop(key, {})) for key in ("uncertainties", "levers", "constants")}
        uncertain = {name: prior_of(name, entry) for name, entry in tables["uncertainties"].items()}
        held = {*tables["levers"], *tables["constants"]}
        for name, parameter in in_groups(_list("groups", values.pop("groups", []), str)).items():
            if name not in held:
                uncertain.setdefault(name, parameter.prior)
        if "scenarios" in values:
            values["scenarios"] = [_scenario(name, folder) for name in _list("scenarios", values["scenarios"])]
        levers = {name: tuple(_list(f"lever {name}", entry, int, float)) for name, entry in tables["levers"].items()}
        for key, kind in (("outcomes", str), ("years", int)):
            if key in values:
                values[key] = tuple(_list(key, values[key], kind))
        for key, kinds in _TYPES.items():
            if key in values and (
                not isinstance(values[key], kinds) or (isinstance(values[key], bool) and bool not in kinds)
            ):
                raise DesignError(f"'{key}' of the design cannot be {values[key]!r}.")
        return cls(uncertainties=uncertain, levers=levers, constants=tables["constants"], **values)

    @classmethod
    def _of_ensemble(cls, values: dict[str, Any], folder: Path) -> "Design":
        """Return the design whose points are the first members of a calibrated ensemble."""
        name, members = values.pop("ensemble"), values.pop("members", None)
        for key in ("n", "sampler", "uncertainties", "groups"):
            if key in values:
                raise DesignError(f"'{key}' does not go with 'ensemble': its members are the points.")
        if not isinstance(name, str) or not (members is None or (type(members) is int and members >= 1)):
            raise DesignError(
                "'ensemble' must be a name or the path of a .csv file, 'members' a whole number of 1 or more."
            )
        path = ensemble_file(str(folder / name) if name.endswith(".csv") else name)
        table, _ = read_members(path)
        return cls.from_mapping(values, folder).with_members(table.iloc[:members], path.stem)


_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,), "text": (str,), "sampler": (str,), "until": (str,), "n": (int,), "replicates": (int,),
    "seed": (int,), "batch": (int,), "scale": (int, float), "own_seeds": (bool,),
}  # fmt: skip


def parameters_in_words(design: Mapping[str, Any]) -> str:
    """Return from where the parameters of a design's runs are; `design` as `Design.as_dict` returns it."""
    held, n = Parameters(**design["constants"]), design["n"]
    if of := design.get("members_of"):
        words = ", ".join(f"{name} = {value:g}" for name, value in held.changed().items())
        return f"{n} member{'s' * (n > 1)} of {of}" + (f"; held: {words}" if words else "")
    drawn = sum(not name.startswith(DELAY) for name in design["uncertainties"])
    return held.in_words() + (f"; {drawn} drawn for each point" if drawn else "")


@dataclass(frozen=True)
class Run:
    """One run of a design: its number, seed, the number of its scenario, and the parameters and delays that differ."""

    run: int
    seed: int
    scenario: int
    values: Mapping[str, float]


def check_n_runs(n_runs: int) -> None:
    """Raise DesignError if a design has more runs than anybody can wait for."""
    if n_runs > MOST_RUNS:
        raise DesignError(f"{n_runs:,} runs are more than {MOST_RUNS:,}: fewer levers, points or replicates.")


def prior_of(name: str, entry: Any) -> Prior:
    """Return the distribution of an uncertainty: the declared one, or that of the entry where it says otherwise.

    Raises
    ------
    DesignError
        If the name is unknown, or the entry gives half a range or, for a delay, no whole months.
    ParameterError
        If the entry describes no distribution within the parameter's range.
    """
    known = declared()
    entry = _table(f"uncertainty {name}", entry)
    if name.startswith(DELAY):
        return _delay(name, entry)
    if name not in known:
        raise _unknown_factor("uncertainty", name)
    if not entry:
        return known[name].prior
    if "dist" not in entry and ("low" not in entry or "high" not in entry):
        raise DesignError(f"uncertainty {name}: give both low and high, or dist, or nothing for the declared prior.")
    return known[name].prior_from({"dist": "uniform"} | entry)


def _unknown_factor(kind: str, name: str) -> DesignError:
    if name.startswith(OLDER_DELAY):
        return DesignError(f"unknown {kind} '{name}': write '{delay_of(name.removeprefix(OLDER_DELAY))}'.")
    return DesignError(f"unknown {kind} '{name}'.{nearest(name, declared())}")


def delay_of(reform: str) -> str:
    """Return the name of the uncertainty that is a reform's delay: `delay_` and the name, its punctuation as `_`."""
    return DELAY + "".join(sign if f"_{sign}".isidentifier() else "_" for sign in reform)


def _delay(name: str, entry: Mapping[str, Any]) -> Prior:
    """Return the distribution of a delay: every month from `low` to `high` alike."""
    low, high = entry.get("low"), entry.get("high")
    whole = all(isinstance(b, int) and not isinstance(b, bool) and abs(b) < N_MONTHS for b in (low, high))
    if set(entry) != {"low", "high"} or not whole or low >= high:  # type: ignore[operator]
        raise DesignError(f"'{name}' needs whole months low and high, low before high, and nothing else.")
    return Prior("uniform", low - 0.499, high + 0.499)  # type: ignore[operator]  # rounded to whole months


def delayed(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """Return the scenario with reforms moved by the months that `values` holds as `delay_NAME`, announcements too.

    Raises
    ------
    DateError
        If a reform would leave the months that the model knows.
    """

    def later(month: str | None, by: int) -> str | None:
        return None if month is None else month_label(month_index(month) + by)

    def moved(change: Dated, by: int) -> Dated:
        end = None if change.end is None or month_index(change.end) + by >= N_MONTHS else later(change.end, by)
        return replace(change, start=str(later(change.start, by)), end=end)

    reforms = []
    for reform in scenario.reforms:
        by = round(values.get(delay_of(reform.name), 0.0))
        changes = tuple(moved(change, by) for change in reform.changes)
        announcement = tuple(moved(change, by) for change in reform.announcement)
        costs = tuple(moved(cost, by) for cost in reform.costs)
        announced = later(reform.announced, by)
        reforms.append(replace(reform, announced=announced, changes=changes, announcement=announcement, costs=costs))
    return replace(scenario, reforms=tuple(reforms))


def in_groups(groups: Sequence[str]) -> dict[str, Parameter]:
    """Return the parameters with a prior in the named groups.

    Raises
    ------
    DesignError
        If a group is unknown or none of its parameters has a prior.
    """
    known = declared()
    names = sorted({p.group for p in known.values()})
    for group in groups:
        if group not in names:
            raise DesignError(f"unknown group '{group}'.{nearest(str(group), names)} Groups: {', '.join(names)}.")
        if not any(p.group == group and p.prior.dist != "none" for p in known.values()):
            raise DesignError(f"no parameter of the group {group} has a prior: vary them as levers.")
    return {name: p for name, p in known.items() if p.group in groups and p.prior.dist != "none"}


def groups_with_priors() -> list[str]:
    """Return the groups of which at least one parameter has a prior and acts without a reform."""
    return sorted({p.group for p in declared().values() if p.prior.dist != "none" and p.group != REFORMS})


def _scenario(name: Any, folder: Path) -> Scenario:
    if not isinstance(name, str):
        raise DesignError(f"unknown scenario {name!r}: write a name in quotes, or the path of a TOML file.")
    return read_scenario(name, folder)


def _table(where: str, entry: Any) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise DesignError(f"{where} must be a table.")
    return dict(entry)


def _list(where: str, entry: Any, *kinds: type) -> list[Any]:
    if not isinstance(entry, (list, tuple)):
        raise DesignError(f"{where} must be a list.")
    for value in entry:
        if kinds and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise DesignError(f"{where} cannot hold {value!r}.")
    return list(entry)


def check_power_of_two(n: int) -> None:
    """Raise DesignError if n points are no Sobol' sequence."""
    if n & (n - 1):
        raise DesignError(f"n = {n}: a Sobol' sequence needs a power of two, such as {1 << n.bit_length()}.")


def shares_of(prior: Prior, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where values lie in a prior, 0 to 1, in the shape of `values`: the inverse of `Prior.quantiles`."""
    return np.interp(values, prior.quantiles(GRID), GRID)
