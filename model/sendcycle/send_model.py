"""SendModel: England's special-needs system, month by month. The step is one page."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import cached_property
from typing import Any, TypeVar

import mesa
import numpy as np
from numpy.typing import NDArray

from sendcycle.calendar import BURN_IN_MONTHS, N_MONTHS, SEPTEMBER, month_label, month_of_year
from sendcycle.errors import ScaleError, ScenarioError
from sendcycle.inputs.drivers import drivers
from sendcycle.inputs.parameters import Parameters
from sendcycle.inputs.reforms import NO_CHANGE, Scenario
from sendcycle.month import authorities_act, month_closes, month_opens
from sendcycle.outputs.breakdowns import Breakdowns, January, count_january
from sendcycle.outputs.observables import as_numbers
from sendcycle.rules.census import children_receive_support
from sendcycle.rules.confidence import school_reputations_change
from sendcycle.rules.placement import list_over_16s_in_education, school_rolls_change
from sendcycle.rules.signals import (
    carry_authority_signals,
    carry_national_signals,
    measure_authority_signals,
)
from sendcycle.rules.support import schools_allocate_support
from sendcycle.start import initial_state as beginnings
from sendcycle.start.population import EARLIEST_BIRTH, build, fill
from sendcycle.state.agents import Child, Government, IndependentSector, LocalAuthority, School, Tribunal
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import LOOP_SIGNALS, DriverRecord, Records, records
from sendcycle.state.world import Inputs, Part

T = TypeVar("T")

SCHOOLS_GRANT_2020_GBP = 47.4e9  # dedicated schools grant, all blocks, 2020-21 (other_series.csv)
ROWS_PER_PART = 10_000


class SendModel(mesa.Model):
    """England's special-needs system.

    Parameters
    ----------
    parameters
        The numbers; the declared defaults if not inputs.
    scenario
        Reforms with dates; none if not inputs.
    seed
        Keys every random draw; 0 to 2^63 - 1.
    scale
        Share of England simulated, 0.0005 to 1: whole clusters of schools with their families.
    n_months
        Months from September 2014, at most 312 (August 2040).
    threads
        Worker threads; results do not depend on it.

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
        seed: int = 0,
        scale: float = 0.01,
        n_months: int = 252,
        threads: int = 2,
    ) -> None:
        super().__init__(rng=seed)
        if not 1 <= n_months <= N_MONTHS:
            raise ScaleError(f"n_months {n_months!r} is out of range: a run has 1 to {N_MONTHS} months.")
        if not 0 <= seed < 2**63:
            raise ScaleError(f"seed {seed!r} is out of range: whole numbers from 0 to 2^63 - 1.")
        self.parameters = parameters if parameters is not None else Parameters()
        self.reform_scenario = scenario  # Mesa 3.5 keeps the name `scenario` for itself
        self.scale, self.n_months = scale, n_months
        self.inputs = Inputs(self._numbers_under(scenario), records(drivers(self.parameters, n_months), DriverRecord))
        self.t = -BURN_IN_MONTHS
        self.world, self.sample, self._born, self._filling = build(self.parameters, scale, seed, n_months)
        self._everywhere = np.arange(len(self.world.authorities))
        self._parts = self._split(threads)
        self._pool = ThreadPoolExecutor(len(self._parts) - 1) if len(self._parts) > 1 else None
        self._begin()
        self._create_agents()

    def _numbers_under(self, scenario: Scenario) -> Records[ParameterRecord]:
        """Return the parameters of every month, those of the burn-in first, in which no reform acts."""
        before = np.repeat(NO_CHANGE.table(self.parameters, 1), BURN_IN_MONTHS)
        whole = np.concatenate([before, scenario.table(self.parameters, self.n_months)])
        return records(whole, ParameterRecord)

    def _create_agents(self) -> None:
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
        """Live through one month: afterwards `t`, the number of the next one, is larger by 1."""
        as_numbers(self.world.tallies).fill(0.0)
        if month_of_year(self.t) == SEPTEMBER:
            self._enrol_pupils()
        self._run_month()
        self.t += 1

    def _run_month(self) -> None:
        w, inputs, t = self.world, self.inputs, self.t
        month_opens(w, inputs, t)
        self._in_parts(lambda part: authorities_act(w, inputs, part, t))  # children, families, schools, authorities
        month_closes(w, inputs, self._everywhere, t)  # the nation follows, and the loops carry all of it on

    # ------------------------------------------------------------------ its parts

    @property
    def p(self) -> ParameterRecord:
        """The parameters of this month as one record, a field each. Raises IndexError after the last month."""
        return self.inputs.parameters[self.t + BURN_IN_MONTHS]

    @property
    def d(self) -> DriverRecord:
        """The drivers of this month as one record, see `DriverRecord`. Raises IndexError after the last month."""
        return self.inputs.drivers[self.t + BURN_IN_MONTHS]

    def _each(self, rule: Callable[..., None], *more: Any) -> None:
        """Apply a rule to every authority, in parallel over parts of them."""
        w, p, d, t = self.world, self.p, self.d, self.t
        self._in_parts(lambda part: rule(w, p, d, part, t, *more))

    def _in_parts(self, work: Callable[[Part], T]) -> list[T]:
        """Do a piece of work for every part of the authorities, in parallel where that pays, and return its results."""
        mine, *others = self._parts
        futures = [self._pool.submit(work, part) for part in others] if self._pool is not None else []
        done = [work(mine)]
        return done + [future.result() for future in futures]

    def _split(self, threads: int) -> list[NDArray[np.int64]]:
        """Split the authorities into parts of about equal numbers of children."""
        size = np.diff(np.append(self.world.rows[:, 0], self.world.rows[-1, -1]))
        n_parts = min(threads, max(1, int(size.sum() // ROWS_PER_PART)), len(size))
        if n_parts < 2:
            return [self._everywhere]
        parts: list[list[int]] = [[] for _ in range(n_parts)]
        loads = [0] * n_parts
        for a in np.argsort(-size):
            lightest = int(np.argmin(loads))
            parts[lightest].append(int(a))
            loads[lightest] += int(size[a])
        return [np.asarray(sorted(part), dtype=np.int64) for part in parts]

    def _enrol_pupils(self) -> None:
        """In September count the pupils of each school: all children of its phase, with and without need."""
        w, t = self.world, self.t

        def aged(low: int, high: int) -> NDArray[np.float64]:
            """Return children aged [low, high) years on 31 August, by cluster."""
            first, last = (t - 12 * age - EARLIEST_BIRTH for age in (high, low))
            return np.asarray(self._born[:, last] - self._born[:, first])

        primary = aged(4, 11) + self.parameters["share_nursery"] * aged(3, 4)
        secondary = aged(11, 16) + self.parameters["share_sixth_form"] * aged(16, 18)
        schools = w.schools
        if t > 0:
            school_rolls_change(schools, self.p)
        by_phase = np.where(schools["secondary"] == 1, secondary[schools["cluster"]], primary[schools["cluster"]])
        schools["pupils"] = schools["roll"] * by_phase
        w.authorities["pupils"] = np.bincount(
            schools["authority"], weights=schools["pupils"], minlength=len(w.authorities)
        )

    # ------------------------------------------------------------------ beginnings

    def _begin(self) -> None:
        """Fill the world, live through the year before September 2014, and take that month's signals as reference."""
        w, p = self.world, self.parameters
        self._in_parts(lambda part: fill(w, self.p, part, self._filling))
        del self._filling
        self._in_parts(lambda part: beginnings.assign_initial_schools(w, self.p, part, self.t))
        w.schools["reputation"] = w.schools["carried_reputation"] = w.schools["reputation_start"] = 0.5
        self._enrol_pupils()
        beginnings.assign_initial_sen_status(w, self.sample, p, self.t)
        beginnings.assign_initial_settings(w, self.sample, p, self.t)
        self._in_parts(lambda part: beginnings.name_initial_provision(w, self.p, part, self.t))
        self._in_parts(lambda part: list_over_16s_in_education(w, part, self.t))
        self._each(children_receive_support)
        settlement = float(self.inputs.drivers[0].settlement_gbp)
        beginnings.initialise_staff_and_budgets(w, p, settlement, BURN_IN_MONTHS)
        for _ in range(3):  # need met, remembered need and severity settle together
            w.schools["carried_load_gbp_k"] = w.schools["demand_gbp_k"] / np.maximum(w.schools["pupils"], 1.0)
            self._each(schools_allocate_support)
            self._each(children_receive_support)
            self._in_parts(lambda part: beginnings.initialise_unmet_need(w, self.p, part, self.t))
        self._each(children_receive_support)
        self._each(school_reputations_change)
        self._take_references()
        while self.t < 0:
            self.step()
            self._take_references()
        self._open_accounts()
        self._take_references()
        self.steps = 0  # Mesa has counted the burn-in

    def _open_accounts(self) -> None:
        """In September 2014 staff casework for the work there is, and open the accounts with each one's reserves.

        Nobody has been strict yet for want of money: the burn-in's own balance means nothing.
        """
        p, las = self.parameters, self.world.authorities
        las["gatekeeping"] = 0.0
        decisions = las["requests_arriving"] + las["reassessments_arriving"]
        needed = decisions * p["hours_decision"] + las["drafts_arriving"] * p["hours_draft"]
        las["caseworkers"] = p["casework_adequacy"] * needed * 12.0 / p["hours_caseworker"]
        for stage in ("requests", "assessments", "drafts"):
            las[f"{stage}_backlog"] = 0.0
        for stage in ("decision", "psychologist", "draft"):
            las[f"wait_{stage}"] = 0.0
        block = las["settlement_share"] * las["share_simulated"]
        deficit = self.sample.rows["deficit_pct_of_dsg_2020"].to_numpy() / 100.0
        deficit = deficit - np.average(deficit, weights=las["settlement_share"])
        balance = block * (p["balance_2014_gbp"] - p["share_balance_known"] * deficit * SCHOOLS_GRANT_2020_GBP)
        las["balance_pence"] = np.round(100.0 * balance).astype(np.int64)
        las["year_settlement_pence"] = 0
        las["year_spend_pence"] = 0
        las["year_granted_pence"] = 0

    def _take_references(self) -> None:
        """Take the present signals as those of September 2014."""
        w = self.world
        las, nation, schools = (records.view(np.ndarray) for records in (w.authorities, w.nation, w.schools))
        children = np.maximum(las["sen_support"], 1.0)
        las["hours_per_child_start"] = np.maximum(las["early_hours"], 1e-9) / children
        las["support_gbp_per_child_start"] = las["support_budget_gbp"] / children
        las["plans_2014"] = np.maximum(las["plans"], 1.0)
        las["statutory_share_start"] = np.maximum(las["statutory_share"], 0.01)
        nation["independent_pupils_start"] = np.maximum(nation["independent_pupils"], 1.0)
        las["topup_index"] = 1.0
        self._each(measure_authority_signals)
        for name in LOOP_SIGNALS:
            las[f"{name}_start"] = las[name]
        nation["overspend_start"] = nation["overspend"]
        nation["shortage_start"] = nation["shortage"]
        schools["reputation_start"] = schools["reputation"]
        schools["incentive_start"] = schools["incentive"]
        schools["relative_load_start"] = schools["relative_load"]
        schools["load_gbp_k_start"] = schools["demand_gbp_k"] / np.maximum(schools["pupils"], 1.0)
        carry_authority_signals(w, self.p, self._everywhere)
        carry_national_signals(w, self.p)

    def turn_to(self, scenario: Scenario) -> None:
        """Go on under another scenario, as if it had been that of this run from the beginning.

        Raises
        ------
        ScenarioError
            If the other scenario is impossible, or would have changed a month that has been lived already.
        """
        numbers = self._numbers_under(scenario)
        lived = BURN_IN_MONTHS + max(self.t, 1)  # the first month counts: the references of the loops know it
        if not np.array_equal(as_numbers(numbers[:lived]), as_numbers(self.inputs.parameters[:lived])):
            raise ScenarioError(f"scenario '{scenario.name}' changes months before {month_label(self.t)}.")
        self.inputs, self.reform_scenario = Inputs(numbers, self.inputs.drivers), scenario

    def copy(self) -> "SendModel":
        """Return an independent model in the same state: no array, no worker and no agent is shared."""
        twin = SendModel.__new__(SendModel)
        mesa.Model.__init__(twin, rng=self.world.seed)
        agents = {"authorities", "schools", "tribunal", "independent_sector", "government", "_children"}
        state = {k: v for k, v in vars(self).items() if k not in vars(twin) and k not in agents and k != "_pool"}
        twin.__dict__.update(deepcopy(state))
        twin.steps = self.steps
        twin._pool = ThreadPoolExecutor(len(twin._parts) - 1) if self._pool is not None else None
        twin._create_agents()
        return twin

    def close(self) -> None:
        """Stop the threads and let go of the world, once nothing is asked of the model any more.

        Mesa 3.3 keeps every model in a table of agent ids for ever; without this a sweep would fill the memory.
        """
        if self._pool is not None:
            self._pool.shutdown()
        getattr(mesa.Agent, "_ids", {}).pop(self, None)
        del self.world, self._born, self.inputs

    def count(self) -> January:
        """Return the month just lived by need, age, disadvantage, label and setting, and by school; after a step."""
        return count_january(self.world, self._in_parts, self.t - 1)

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
        """Step to the end of the run, or to before the month `until`, yielding each month lived, the first as 0."""
        while self.t < (self.n_months if until is None else until):
            self.step()
            yield self.t - 1
