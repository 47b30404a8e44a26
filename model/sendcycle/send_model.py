"""SendModel: England's special-needs system, month by month. The step is one page."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import cached_property
from inspect import signature
from typing import Any, Self, TypeVar

import mesa
import numpy as np
from numpy.typing import NDArray

from sendcycle.ages import NURSERY_YEARS, PRIMARY_YEARS, SECONDARY_YEARS, SIXTH_FORM_YEARS
from sendcycle.calendar import BURN_IN_MONTHS, N_MONTHS, SEPTEMBER, month_label, month_of_year
from sendcycle.engine.parts import split_authorities
from sendcycle.errors import DateError, ParameterError, ScaleError, ScenarioError, nearest
from sendcycle.inputs.drivers import drivers
from sendcycle.inputs.parameters import Parameters, declared
from sendcycle.inputs.reforms import NO_CHANGE, Scenario
from sendcycle.month import authorities_act, month_closes, month_opens
from sendcycle.outputs.breakdowns import Breakdowns, January, count_january
from sendcycle.outputs.headlines import headline_collector
from sendcycle.outputs.observables import as_numbers
from sendcycle.rules.transitions import school_rolls_change
from sendcycle.start.burn_in import open_run
from sendcycle.start.population import EARLIEST_BIRTH, build
from sendcycle.state.agents import Child, Government, IndependentSector, LocalAuthority, School, Tribunal
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import DriverRecord, Records, records
from sendcycle.state.world import Inputs, Part
from sendcycle.units import MONTHS_PER_YEAR

T = TypeVar("T")

LARGEST_SEED = 2**63 - 1
AGENTS = ("authorities", "schools", "tribunal", "independent_sector", "government", "_children")
COUNTED_IN = 8  # parts in which children are counted, on any number of threads: sums in another order differ in bits


def check_kinds(parameters: Any, scenario: Any) -> None:
    """Raise ParameterError or ScenarioError if something else was given than Parameters and a Scenario."""
    if parameters is not None and not isinstance(parameters, Parameters):
        raise ParameterError(f"parameters must be a Parameters, not a {type(parameters).__name__}.")
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"scenario must be a Scenario, not a {type(scenario).__name__}; see read_scenario.")


def check_names(values: Iterable[str]) -> None:
    """Raise ParameterError for a keyword that is neither an argument of SendModel nor a parameter."""
    known = declared()
    names = [*(name for name in signature(SendModel.__init__).parameters if name not in ("self", "values")), *known]
    for name in values:
        if name == "rng":
            raise ParameterError("SendModel takes no rng: use seed, a whole number.")
        if name not in known:
            raise ParameterError(f"unknown argument or parameter '{name}'.{nearest(name, names)}")


def whole_number(name: str, value: Any, low: int, high: int) -> int:
    """Return a whole number as a plain int. Raises ScaleError if it is none, or out of range."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ScaleError(f"{name} must be a whole number, not {value!r}.")
    if not low <= value <= high:
        raise ScaleError(f"{name} {value!r} is out of range: {low} to {high}.")
    return int(value)


class SendModel(mesa.Model):
    """England's special-needs system.

    `model.agents` holds the authorities, the tribunal, the independent sector and the government; schools join them
    when `model.schools` is first read, and a child when `model.child(row)` asks for it. `model.run_model()` runs to the
    end.

    Parameters
    ----------
    parameters
        The numbers; the declared values if not given, as everywhere.
    scenario
        Reforms with dates; none if not given.
    seed
        Keys every random draw; 0 to 2^63 - 1. If not given, another one each time, kept as `model.seed`.
    scale
        Share of England simulated, 0.0005 to 1: whole clusters of schools with their families.
    n_months
        Months from September 2014, at most 312 (August 2040).
    threads
        Worker threads; results do not depend on it.
    collect
        Whether `model.datacollector` gets a row of England's headline observables each month.
    values
        Single numbers by name, `SendModel(rate_family_request=0.01)`, in place of those of `parameters`.

    Raises
    ------
    ParameterError, ScenarioError, ScaleError
        If a number, a reform, the seed, the scale or the length is impossible; in one line.
    """

    def __init__(
        self,
        parameters: Parameters | None = None,
        scenario: Scenario = NO_CHANGE,
        *,
        seed: int | None = None,
        scale: float = 0.01,
        n_months: int = 252,
        threads: int = 2,
        collect: bool = True,
        **values: float,
    ) -> None:
        check_kinds(parameters, scenario)
        n_months = whole_number("n_months", n_months, 1, N_MONTHS)
        self.seed = secrets.randbits(32) if seed is None else whole_number("seed", seed, 0, LARGEST_SEED)
        super().__init__(rng=self.seed)
        self.parameters = parameters if parameters is not None else Parameters()
        if values:
            check_names(values)
            self.parameters = self.parameters.replace(**values)
        self.reform_scenario = scenario  # Mesa 3.5 keeps the name `scenario` for itself
        self.scale, self.n_months, self.collect = scale, n_months, collect
        outside = records(drivers(self.parameters, n_months), DriverRecord)
        self.inputs = Inputs(self._parameters_by_month(scenario), outside)
        self.t = -BURN_IN_MONTHS
        self.world, self.sample, self._born_before, filling = build(self.parameters, scale, self.seed, n_months)
        self.everywhere = np.arange(len(self.world.authorities))
        n_children = np.diff(np.append(self.world.rows[:, 0], self.world.rows[-1, -1]))
        self._parts = split_authorities(n_children, threads)
        self._counted = split_authorities(n_children, COUNTED_IN)
        self._start_threads()
        open_run(self, filling)
        self._make_agents()
        self.datacollector = headline_collector()

    def _parameters_by_month(self, scenario: Scenario) -> Records[ParameterRecord]:
        """Return the parameters of every month, those of the burn-in first, in which no reform acts."""
        before = np.repeat(NO_CHANGE.table(self.parameters, 1), BURN_IN_MONTHS)
        whole = np.concatenate([before, scenario.table(self.parameters, self.n_months)])
        return records(whole, ParameterRecord)

    def _start_threads(self) -> None:
        self._pool = ThreadPoolExecutor(len(self._parts) - 1) if len(self._parts) > 1 else None

    def _make_agents(self) -> None:
        rows = self.sample.rows
        names = zip(rows["la_code"], rows["la_name"], strict=True)
        self.authorities = [LocalAuthority(self, a, code, name) for a, (code, name) in enumerate(names)]
        self.tribunal, self.independent_sector = Tribunal(self), IndependentSector(self)
        self.government = Government(self)
        self._children: dict[int, Child] = {}

    @cached_property
    def schools(self) -> list[School]:
        """The mainstream schools as agents, made when first asked for."""
        return [School(self, row) for row in range(len(self.world.schools))]

    def child(self, row: int) -> Child:
        """Return the child in a row of the columns as an agent. Raises IndexError if there is no such row."""
        if not 0 <= row < len(self.world.children.key):
            raise IndexError(f"there is no child {row}: rows go from 0 to {len(self.world.children.key) - 1}.")
        if row not in self._children:
            self._children[row] = Child(self, row)
        return self._children[row]

    # ------------------------------------------------------------------ the step

    def step(self) -> None:
        """Run one month: afterwards `t`, the number of the next one, is larger by 1.

        Raises
        ------
        DateError
            After the last month.
        """
        self.check_not_ended()
        self._advance_month()
        if self.t == self.n_months:
            self.running = False
        if self.collect:
            self.datacollector.collect(self)

    def _advance_month(self) -> None:
        """Run one month of the burn-in or the run, of which Mesa's counters learn nothing."""
        as_numbers(self.world.tallies).fill(0.0)
        if month_of_year(self.t) == SEPTEMBER:
            self._enrol_pupils()
        self._run_month()
        self.t += 1

    def _run_month(self) -> None:
        w, inputs, t = self.world, self.inputs, self.t
        month_opens(w, inputs, t)
        self.run_in_parts(lambda part: authorities_act(w, inputs, part, t))  # children, families, schools, authorities
        month_closes(w, inputs, self.everywhere, t)  # the nation follows, and the loops carry all of it on

    def _wrapped_step(self) -> None:
        """Refuse a step past the end before Mesa has counted it (Mesa 3.5 would do nothing from the second one on)."""
        self.check_not_ended()
        super()._wrapped_step()

    def check_not_ended(self) -> None:
        """Raise DateError if the last month has been run."""
        if self.t >= self.n_months:
            last = month_label(self.n_months - 1)
            raise DateError(f"the run has ended with {last}: a longer one needs more than n_months={self.n_months}.")

    # ------------------------------------------------------------------ its parts

    @property
    def p(self) -> ParameterRecord:
        """The parameters of this month as one record, a field each. Raises IndexError after the last month."""
        return self.inputs.parameters[self.t + BURN_IN_MONTHS]

    @property
    def d(self) -> DriverRecord:
        """The drivers of this month as one record, see `DriverRecord`. Raises IndexError after the last month."""
        return self.inputs.drivers[self.t + BURN_IN_MONTHS]

    def _each(self, rule: Callable[..., None]) -> None:
        """Apply a rule to every authority, in parallel over parts of them."""
        w, p, d, t = self.world, self.p, self.d, self.t
        self.run_in_parts(lambda part: rule(w, p, d, part, t))

    def run_in_parts(self, work: Callable[[Part], T], parts: Sequence[Part] | None = None) -> list[T]:
        """Do a piece of work for every part of the authorities, in parallel where that pays, and return its results.

        Parts are those of the threads if not given. Results stand in the order of the parts.
        """
        parts, pool = self._parts if parts is None else parts, self._pool
        if pool is None:
            return [work(part) for part in parts]
        every = len(self._parts)  # of so many parts this thread takes one
        futures = {k: pool.submit(work, part) for k, part in enumerate(parts) if k % every}
        mine = {k: work(parts[k]) for k in range(0, len(parts), every)}
        return [mine[k] if k in mine else futures[k].result() for k in range(len(parts))]

    def _enrol_pupils(self) -> None:
        """In September count the pupils of each school: all children of its phase, with and without need."""
        w, t = self.world, self.t

        def aged(low: int, high: int) -> NDArray[np.float64]:
            """Return all children aged [low, high) years on 31 August, by cluster."""
            first, last = (t - MONTHS_PER_YEAR * age - EARLIEST_BIRTH for age in (high, low))
            return np.asarray(self._born_before[:, last] - self._born_before[:, first])

        primary = aged(*PRIMARY_YEARS) + self.parameters["share_nursery"] * aged(*NURSERY_YEARS)
        secondary = aged(*SECONDARY_YEARS) + self.parameters["share_sixth_form"] * aged(*SIXTH_FORM_YEARS)
        schools = w.schools
        if t > 0:
            school_rolls_change(schools, self.p)
        by_phase = np.where(schools["secondary"] == 1, secondary[schools["cluster"]], primary[schools["cluster"]])
        schools["pupils"] = schools["roll"] * by_phase
        w.authorities["pupils"] = np.bincount(
            schools["authority"], weights=schools["pupils"], minlength=len(w.authorities)
        )

    # ------------------------------------------------------------------ copies and the end

    def switch_scenario(self, scenario: Scenario) -> None:
        """Go on under another scenario, as if it had been that of this run from the beginning.

        Raises
        ------
        ScenarioError
            If the other scenario is impossible, or would have changed a month that has been run already.
        """
        parameters = self._parameters_by_month(scenario)
        n_past = BURN_IN_MONTHS + max(self.t, 1)  # the first month counts: the references of the loops know it
        if not np.array_equal(as_numbers(parameters[:n_past]), as_numbers(self.inputs.parameters[:n_past])):
            raise ScenarioError(f"scenario '{scenario.name}' changes months before {month_label(self.t)}.")
        self.inputs, self.reform_scenario = Inputs(parameters, self.inputs.drivers), scenario

    def copy(self) -> Self:
        """Return an independent model in the same state: no array, no worker and no agent is shared."""
        return deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        """Return all that cannot be made anew, as threads, agents and Mesa's schedule can."""
        anew = {*vars(mesa.Model(rng=0)), *AGENTS, "_pool"}
        return {name: value for name, value in vars(self).items() if name not in anew} | {
            "of_mesa": (self.steps, self.running, self.random.getstate(), self.rng.bit_generator.state)
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        mesa.Model.__init__(self, rng=state["seed"])
        self.__dict__.update(state)
        steps, running, drawn, drawn_by_numpy = self.__dict__.pop("of_mesa")
        step, self._user_step = vars(self)["_user_step"], lambda: None
        for _ in range(steps):  # no month is run: only Mesa's counters and its schedule catch up
            mesa.Model._wrapped_step(self)
        self._user_step, self.running = step, running
        self.random.setstate(drawn)
        self.rng.bit_generator.state = drawn_by_numpy
        self._start_threads()
        self._make_agents()

    def close(self) -> None:
        """Stop the threads and free the memory of the world; the model cannot be used afterwards."""
        if self._pool is not None:
            self._pool.shutdown()
        del self.world, self._born_before, self.inputs

    def count(self) -> January:
        """Return the month just run by need, age, disadvantage, SEN status and setting, and by school; after a step."""
        return count_january(self.world, lambda work: self.run_in_parts(work, self._counted), self.t - 1)

    def breakdowns(self, januaries: Sequence[January]) -> Breakdowns:
        """Return months that were counted as the tables `children` and `schools`."""
        schools = self.world.schools
        codes = self.sample.rows["la_code"].to_numpy(dtype=object)
        home = schools["authority"]
        return Breakdowns(
            januaries, codes[home], np.array(self.world.authorities["weight"])[home], np.array(schools["cluster"]),
            schools["secondary"] == 1,
        )  # fmt: skip

    def months(self, until: int | None = None) -> Iterator[int]:
        """Step to the end of the run, or to before the month `until`, yielding the number of each as it is done."""
        while self.t < (self.n_months if until is None else until):
            self.step()
            yield self.t - 1
