"""The twin: the same model with every family as a plain Mesa agent, to verify the compiled rules and to time them.

Here the rules for children are written a second time, object by object and without NumPy or Numba: one `Family` a
child, with ordinary attributes, in schools and areas that are ordinary objects as well. Even the keyed draws are made
anew, in whole numbers of Python. The rules for schools, authorities and the nation are the compiled ones, called in the
order of `month`. After any number of months the twin holds the same numbers as `SendModel`, to the last bit; for that
it adds up in the same order (one by one, as `sum` rounds differently from Python 3.12 on) and keeps as many digits.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
from numpy.typing import NDArray

from sendcycle.ages import (
    AFTER_4_MONTHS,
    AFTER_11_MONTHS,
    AFTER_16_MONTHS,
    AGE_5_MONTHS,
    AGE_11_MONTHS,
    AGE_16_MONTHS,
    AGE_LIMIT_MONTHS,
    FIRST_AGE_MONTHS,
    SCHOOL_AGE_LIMIT_MONTHS,
    SCHOOL_AGE_LIMIT_YEARS,
    YEARS_16,
)
from sendcycle.calendar import SEPTEMBER
from sendcycle.engine.randomness import Decision
from sendcycle.inputs.parameters import Parameters
from sendcycle.inputs.reforms import NO_CHANGE, Scenario
from sendcycle.month import month_closes, month_opens
from sendcycle.outputs.breakdowns import January
from sendcycle.rules.appeals import (
    HIGHEST_OVER_USUAL,
    MONTHS_BEFORE_NEW_CONTEST,
    MONTHS_BEFORE_NEW_REQUEST,
    MONTHS_OF_MEDIATION,
)
from sendcycle.rules.assessment import NEW_PLANS_WITHIN, STEPS_OF_THREE_STAGES, WEEKS_COUNTED, WEEKS_IN_A_YEAR
from sendcycle.rules.cases import FEWEST_WEEKS, MEANS_WITHOUT_ADVOCACY, MIDDLE_ADVOCACY
from sendcycle.rules.confidence import areas_learn_from_contests, school_reputations_change
from sendcycle.rules.exclusion import COVERAGE_WITHOUT_EXCLUSION, HIGHEST_LEAVING_RATE
from sendcycle.rules.local_practice import local_practice_drifts
from sendcycle.rules.money import authorities_set_budgets, authorities_spend
from sendcycle.rules.needs import HIGHEST_STATUS_CHANGE_RATE, LOWEST_SHARE
from sendcycle.rules.placement import HIGHEST_BREAKDOWN_RATE
from sendcycle.rules.places import authorities_build_places
from sendcycle.rules.reporting import report_authorities, report_children
from sendcycle.rules.requests import HIGHEST_REQUEST_RATE
from sendcycle.rules.school_capacity import schools_build_skill
from sendcycle.rules.support import FULL, schools_allocate_support
from sendcycle.rules.transitions import (
    FIRST_YEAR,
    LARGEST_SEVERITY,
    MIDDLE_REPUTATION,
    list_over_16s_in_education,
)
from sendcycle.rules.workforce import workforce_changes
from sendcycle.rules.workload import authorities_allocate_hours, case_flows_change
from sendcycle.send_model import SendModel
from sendcycle.state.children import Appeal, Case, Children, Need, SenStatus
from sendcycle.state.children import Setting as Settings
from sendcycle.state.records import DOCKET_MONTHS, SchoolRecord
from sendcycle.state.world import World
from sendcycle.units import GBP_PER_GBP_K, MONTHS_PER_YEAR, ON, WEEKS_PER_MONTH

# Plain numbers: looking a member up in its enumeration takes Python several times as long.
NO_SEN, SEN_SUPPORT, PLAN = (int(status) for status in SenStatus)
(
    EARLY_YEARS, MAINSTREAM, UNIT, STATE_SPECIAL, INDEPENDENT_SPECIAL, ALTERNATIVE, POST_16, HOME, ELSEWHERE, LEFT,
) = (int(setting) for setting in Settings)  # fmt: skip
NO_CASE, DECIDING, ASSESSING, DRAFTING, MEDIATING, APPEALING = (int(case) for case in Case)
UNCONTESTED, REFUSAL_TO_ASSESS, REFUSAL_TO_ISSUE, CONTENTS = (int(appeal) for appeal in Appeal)
AUTISM, SEMH, SLCN, LEARNING = int(Need.AUTISM), int(Need.SEMH), int(Need.SLCN), int(Need.LEARNING)

# ---------------------------------------------------------------------- draws, in whole numbers of Python

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15

# Acklam's inverse normal distribution: the middle, and the tails beyond 2.425 %.
MIDDLE_TOP = (
    -3.969683028665376e01, 2.209460984245205e02, -2.759285104469687e02,
    1.383577518672690e02, -3.066479806614716e01, 2.506628277459239e00,
)  # fmt: skip
MIDDLE_LOW = (
    -5.447609879822406e01, 1.615858368580409e02, -1.556989798598866e02,
    6.680131188771972e01, -1.328068155288572e01, 1.0,
)  # fmt: skip
TAIL_TOP = (
    -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e00,
    -2.549732539343734e00, 4.374664141464968e00, 2.938163982698783e00,
)  # fmt: skip
TAIL_LOW = (7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e00, 3.754408661907416e00, 1.0)


def scramble(x: int) -> int:
    """Return 64 bits scrambled by the finaliser of MurmurHash3."""
    x ^= x >> 33
    x = x * 0xFF51AFD7ED558CCD & MASK
    x ^= x >> 33
    x = x * 0xC4CEB9FE1A85EC53 & MASK
    return x ^ x >> 33


@cache
def stream(seed: int, decision: int, month: int) -> int:
    """Return the key that all draws of one decision in one month share."""
    x = scramble((seed + GOLDEN) & MASK)
    x = scramble((x + decision * GOLDEN) & MASK)
    return scramble((x + (month + 4096) * GOLDEN) & MASK)


def draw(key: int, stream_key: int) -> float:
    """Return the uniform number in [0, 1) of one child in one stream: the first 53 bits."""
    return (scramble(key + stream_key & MASK) >> 11) * 2.0**-53


def polynomial(coefficients: Iterable[float], x: float) -> float:
    """Return a polynomial by Horner's rule, the highest power first."""
    value = 0.0
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


def draw_normal(key: int, stream_key: int) -> float:
    """Return the standard normal number of one child in one stream."""
    u = min(max(draw(key, stream_key), 1e-12), 1.0 - 1e-12)
    if 0.02425 <= u <= 1.0 - 0.02425:
        r = (u - 0.5) * (u - 0.5)
        return polynomial(MIDDLE_TOP, r) * (u - 0.5) / polynomial(MIDDLE_LOW, r)
    q = math.sqrt(-2.0 * math.log(u if u < 0.5 else 1.0 - u))
    z = polynomial(TAIL_TOP, q) / polynomial(TAIL_LOW, q)
    return z if u < 0.5 else -z


_CELL = array("f", [0.0])


def single_precision(x: float) -> float:
    """Return the number as a column of single precision keeps it."""
    _CELL[0] = x
    return _CELL[0]


def smooth_share(capacity: float, demand: float) -> float:
    """Return the share of a demand that a capacity meets: min(1, capacity / demand) with a rounded corner."""
    if demand <= 0.0:
        return 1.0
    square = (capacity / demand) * (capacity / demand)
    return float((capacity / demand) / (1.0 + square * square) ** 0.25)


# ---------------------------------------------------------------------- plain objects for what families meet


class Plain:
    """A record as a plain object: every field is an ordinary attribute."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def __init__(self, fields: Iterable[tuple[str, Any]] = ()) -> None:
        vars(self).update(fields)

    @classmethod
    def of(cls, record: Any) -> "Plain":
        """Return a record's fields as they are now."""
        return cls(zip(record.dtype.names, record.item(), strict=True))


class Copy(Plain):
    """A record of the world as a plain object, read before families live through a rule and written back after it."""

    def __init__(self, records: NDArray[Any], row: int) -> None:
        super().__init__()
        self.records, self.row, self.names = records, row, records.dtype.names or ()

    def read(self) -> None:
        """Take the record's values."""
        vars(self).update(zip(self.names, self.records[self.row].item(), strict=True))

    def write(self) -> None:
        """Put the values back into the record."""
        state = vars(self)
        self.records[self.row] = tuple([state[name] for name in self.names])


class PlainSchool(Copy):
    """A school as families meet it. The early years count as a school of their own, in row -1."""

    @property
    def is_school(self) -> bool:
        """Whether this is a school, not the early years."""
        return bool(self.row >= 0)

    def draws(self, pull: float) -> float:
        """Return how many children the school draws: by its size, and by its reputation for inclusion (R6)."""
        return float(self.roll_as_built * math.exp(pull * (self.carried_reputation - MIDDLE_REPUTATION)))

    def contrast_with_school(self, p: Plain) -> float:
        """Return how much faster a need is identified for want of others on SEN support."""
        share = max(self.support_pupils / max(self.pupils, 1.0), LOWEST_SHARE)
        return float((p.support_share_reference / share) ** p.elasticity_identification_relative)

    def school_help(self, p: Plain) -> None:
        """Say what the school meets of an ordinary need: on SEN support, and of the rest."""
        self.help_of_rest = self.coverage_of_rest * (1.0 - p.share_specialist_help)
        on_support = self.assured + (1.0 - self.assured) * self.coverage_of_rest
        self.help_on_support = on_support * (1.0 - p.share_specialist_help)

    def neighbours_part(self, area: "PlainAuthority", p: Plain) -> None:
        """Say what its families and a campaign add to a family's confidence."""
        neighbours = area.confidence + area.confidence_shift
        if self.confidence_count > 0.0:
            neighbours = self.confidence_sum / self.confidence_count + area.confidence_shift
        self.by_neighbours = neighbours * p.weight_neighbours + p.confidence_campaign

    def begins_census(self) -> None:
        """Count from nothing."""
        self.demand_gbp_k = self.need_load_gbp_k = self.confidence_sum = self.confidence_count = 0.0
        self.support_load_gbp_k = self.support_pupils = 0.0


class PlainAuthority(Copy):
    """An authority as its families meet it, with its schools, its families and what it has tallied this month."""

    def __init__(self, world: World, row: int) -> None:
        super().__init__(world.authorities, row)
        self.dockets = world.docket
        self.tally = Copy(world.tallies, row)
        first, last = int(world.authorities[row].first_school), int(world.authorities[row].last_school)
        self.schools = [PlainSchool(world.schools, s) for s in range(first, last)]
        self.early_years = PlainSchool(np.zeros(1, dtype=SchoolRecord.dtype()), -1)
        self.early_years.read()
        self.families: list[Family] = []
        self.births: list[int] = []
        self.with_plan: list[Family] = []
        self.with_case: list[Family] = []
        self.going_on: list[Family] = []
        self.read()
        self.neighbourhoods: dict[tuple[int, int], list[PlainSchool]] = {}  # by cluster and phase
        for school in self.schools:
            self.neighbourhoods.setdefault((school.cluster, school.secondary), []).append(school)

    def read(self) -> None:
        """Take the values of the authority, its schools, its tallies and its appeals from the records."""
        super().read()
        self.docket = self.dockets[self.row].tolist()
        for copy in (self.tally, *self.schools):
            copy.read()

    def write(self) -> None:
        """Put them all back."""
        super().write()
        self.dockets[self.row] = self.docket
        for copy in (self.tally, *self.schools):
            copy.write()

    def aged(self, t: int, from_age: int, to_age: int) -> "list[Family]":
        """Return the families of children aged [from_age, to_age) months in month t."""
        low, high = bisect_left(self.births, t - to_age + 1), bisect_left(self.births, t - from_age + 1)
        return self.families[low:high]

    def lists_who_goes_on(self, t: int) -> None:
        """List the over-16s who are in education."""
        self.going_on = [family for family in self.aged(t, AFTER_16_MONTHS, AGE_LIMIT_MONTHS) if family.setting != LEFT]
        self.n_going_on_rows = len(self.going_on)

    def here(self, t: int) -> "list[Family]":
        """Return the families of children in education: the over-16s who went on in September, then the younger."""
        return [
            *(family for family in self.going_on if family.setting != LEFT),
            *self.aged(t, FIRST_AGE_MONTHS, AFTER_16_MONTHS + t % MONTHS_PER_YEAR),
        ]

    def begins_lists(self) -> None:
        """List anew who has a plan or a case."""
        self.with_plan, self.with_case = [], []
        self.n_plan_rows = self.n_case_rows = 0

    def lists_plan(self, family: "Family") -> None:
        """List a child that has a plan."""
        self.with_plan.append(family)
        self.n_plan_rows += 1

    def lists_case(self, family: "Family") -> None:
        """List a child that has a case."""
        self.with_case.append(family)
        self.n_case_rows += 1

    def support_table(self, month: "Month") -> None:
        """Say, by label and setting, what part of a need is met in any case and what part by ordinary support."""
        p = month.p
        special = p.met_special * smooth_share(self.special_places, self.special_pupils * FULL)
        anyway = {STATE_SPECIAL: special, INDEPENDENT_SPECIAL: p.met_special, ALTERNATIVE: p.met_alternative,
                  HOME: p.met_home, ELSEWHERE: p.met_elsewhere}  # fmt: skip
        protected = p.share_plan_protected * min(1.0, self.inclusion_budget_carried**p.elasticity_topup_value)
        universal = p.share_universal / (1.0 - p.share_specialist_help)
        without = {EARLY_YEARS: (0.0, universal), MAINSTREAM: (0.0, universal), UNIT: (0.0, universal)}
        on_support = {EARLY_YEARS: (0.0, 1.0), MAINSTREAM: (0.0, 1.0), UNIT: (0.0, 1.0)}
        with_plan = {EARLY_YEARS: (protected, 1.0 - protected), MAINSTREAM: (protected, 1.0 - protected),
                     UNIT: (p.met_unit, 1.0 - p.met_unit), POST_16: (p.met_post_16, 0.0)}  # fmt: skip
        table = []
        for label in (without, on_support, with_plan):
            pairs = [label.get(setting, (anyway.get(setting, 0.0), 0.0)) for setting in range(LEFT + 1)]
            table.append([(assured * month.share_open, ordinary * month.share_open) for assured, ordinary in pairs])
        self.support = table
        self.outreach_help = p.share_specialist_help * self.outreach
        self.therapy_help = p.share_specialist_help * (0.5 * self.outreach + 0.5 * self.therapy_coverage)
        self.early_years.coverage_of_rest = p.coverage_early_years
        for school in (self.early_years, *self.schools):
            school.school_help(p)
            school.neighbours_part(self, p)

    def area_mood(self, month: "Month") -> float:
        """Return how much more often requests are made here and now: norm, closures, coming limits, waits, belief."""
        p = month.p
        norm = math.exp(p.effect_plan_norm * (self.plan_norm_carried - self.plan_norm_start))
        rush = 1.0 + p.effect_anticipation * self.anticipation_carried
        deterrence = math.exp(-p.effect_wait * (self.wait_carried - self.wait_start))
        belief = math.exp(p.effect_belief_on_requests * (self.contest_belief_carried - self.contest_belief_start))
        return float(norm * self.request_level * month.share_open * rush * deterrence * belief)

    def strictness_now(self, p: Plain) -> float:
        """Return how strict the authority is, log points (B1, R4)."""
        strictness = self.strictness + self.gatekeeping_carried
        return float(
            strictness - p.effect_belief_on_strictness * (self.contest_belief_carried - self.contest_belief_start)
        )

    def log_threshold_now(self, p: Plain) -> float:
        """Return the log of the severity from which the authority gives plans."""
        return math.log(p.severity_threshold) + self.strictness_now(p)

    def prob_no_plan_issued(self, p: Plain) -> float:
        """Return the chance that an assessment ends without a plan: the stricter the authority, the likelier."""
        return float(p.prob_not_issued * math.exp(p.effect_strictness_on_issue * self.strictness_now(p)))

    def prob_settled_now(self, p: Plain) -> float:
        """Return the chance that the authority settles before the hearing: overloaded authorities settle less."""
        eased = (p.casework_reference / max(self.casework_load, 1e-9)) ** p.elasticity_settle
        return float(p.prob_settle * min(1.0, eased))

    def prob_upheld_here(self, prob_upheld: float) -> float:
        """Return the chance that a decided appeal is upheld: it rises with the belief that contesting pays (R4)."""
        return float(prob_upheld + (1.0 - prob_upheld) * self.contest_belief_carried)

    def chance_of_state_place(self, vacant: float) -> float:
        """Return the chance that a child who waits gets a state special place: vacant places over children waiting."""
        return float(min(1.0, max(vacant, 0.0) / max(self.waiting_special, 1e-9)))

    def rate_of_independent_place(self, p: Plain) -> float:
        """Return the monthly rate at which a child of special severity is placed in an independent school (R5).

        Where fewer places are offered than wanted, all who wait have the same chance of one.
        """
        rate = p.rate_independent * self.overflow_carried
        return float(rate * min(1.0, self.independent_allowance / max(rate * self.waiting_special, 1e-9)))

    def school_with_free_unit(self, secondary: int) -> PlainSchool | None:
        """Return the first school of a phase with a free place in its unit."""
        free = (s for s in self.schools if s.secondary == secondary and s.unit_places - s.unit_pupils >= 1.0)
        return next(free, None)

    def exits_carried(self) -> float:
        """Return how many more plans cease than by age alone, as B6 carries the stock of plans."""
        return float(self.stock_carried / max(self.stock, 1e-9))


class Month:
    """What every family sees of the month: its number, the parameters and drivers in force, the keys of the draws."""

    def __init__(self, model: SendModel) -> None:
        self.t, self.seed = model.t, int(model.world.seed)
        self.p, self.d = p, d = Plain.of(model.p), Plain.of(model.d)
        self.keys = Plain((decision.name.lower(), stream(self.seed, decision, self.t)) for decision in Decision)
        self.recognition = 1.0
        if p.recognition_trend == ON:
            grown = d.recognition * math.exp(p.recognition_growth * d.recognition_years)
            self.recognition = grown**p.elasticity_recognition
        self.share_open = 1.0 - p.effect_closure * d.closure
        self.highest_rate_of_moving = max(HIGHEST_LEAVING_RATE, p.rate_return_home, p.rate_return_alternative)
        nation = Plain.of(model.world.nation[0])
        self.hearing_cutoff, self.hearing_share = int(nation.hearing_cutoff), nation.hearing_share
        followed = (nation.severity_threshold_start / p.severity_threshold) ** p.response_upheld_to_threshold
        self.prob_upheld_now = p.prob_upheld * min(followed, 1.0)


# ---------------------------------------------------------------------- the family


class Family(mesa.Agent):
    """A child with its family: the properties in `children.Children`, one attribute each, and how they change."""

    key: int
    born: int
    need: int
    disadvantaged: int
    advocacy: float
    base_need_gbp_k: float
    setting: int
    sen_status: int
    case: int
    appeal: int
    opened: int
    may_move_on_from: int
    registered: int
    may_ask_from: int
    planned: int
    wants_special: int
    met: float
    unmet: float
    confidence: float
    provision_gbp: float

    def __init__(self, model: SendModel, area: PlainAuthority, columns: tuple[Any, ...]) -> None:
        super().__init__(model)
        (
            self.key, self.born, self.onset, self.need, self.disadvantaged, self.advocacy,
            self.base_need_gbp_k, self.cluster, school, self.setting, self.sen_status, self.case, self.appeal,
            self.opened, self.may_move_on_from, self.registered, self.may_ask_from, self.planned,
            self.wants_special, self.met, self.unmet, self.confidence, self.provision_gbp,
        ) = columns  # fmt: skip
        self.area = area
        self.emerges = self.born + self.onset
        self.school = area.schools[school - area.first_school] if school >= 0 else area.early_years

    def column(self, name: str) -> Any:
        """Return a property as its column keeps it."""
        return self.school.row if name == "school" else getattr(self, name)

    def severity_gbp_k(self, p: Plain) -> float:
        """Return the cost of meeting the need, thousand pounds a year at 2014-15 prices: it grows when unmet."""
        return float(self.base_need_gbp_k * (1.0 + p.escalation * (self.unmet - p.unmet_reference)))

    @property
    def confidence_acted_on(self) -> float:
        """The confidence on which the family acts: its own, less what cutting R7 or B3 takes out."""
        return float(self.confidence + self.area.confidence_shift)

    # ------------------------------------------------------------------ needs

    def changes_sen_status(self, month: Month) -> None:
        """Go on SEN support when the need shows; come off it when the need is light or met."""
        may_be_identified = self.may_be_identified(month)
        if not may_be_identified and not self.may_leave_support():
            return
        u = draw(self.key, month.keys.sen_status_changes)
        if u >= HIGHEST_STATUS_CHANGE_RATE:
            return
        if may_be_identified:
            if u < self.identification_rate(month):
                self.sen_status = SEN_SUPPORT
                self.area.tally.identified += 1.0
        elif u < self.support_end_rate(month.p):
            self.sen_status = NO_SEN

    def may_be_identified(self, month: Month) -> bool:
        """Say whether the child may go on SEN support."""
        return self.sen_status == NO_SEN and month.t >= self.emerges and self.setting != LEFT

    def identification_rate(self, month: Month) -> float:
        """Return the monthly rate of going on SEN support."""
        p = month.p
        rate = p.rate_identification * (self.severity_gbp_k(p) / p.severity_reference) ** p.elasticity_identification
        rate *= (1.0 - month.d.closure) * (1.0 + p.effect_unmet_on_asking * (self.unmet - p.unmet_reference))
        rate *= month.recognition if self.recognition_grows() else month.recognition**p.share_recognition_spills
        if month.t - self.born >= AGE_11_MONTHS:
            rate *= p.factor_identification_secondary
        return float(rate if self.school.row < 0 else rate * self.school.contrast_with_school(p))

    def recognition_grows(self) -> bool:
        """Say whether this primary need is recognised ever more often."""
        return self.need in (AUTISM, SEMH)

    def may_leave_support(self) -> bool:
        """Say whether the child may come off SEN support."""
        return self.sen_status == SEN_SUPPORT and self.case == NO_CASE

    def support_end_rate(self, p: Plain) -> float:
        """Return the monthly rate of coming off SEN support."""
        return float(p.rate_support_ends * self.ease_of_leaving_support(p) * (1.0 - self.unmet))

    def ease_of_leaving_support(self, p: Plain) -> float:
        """Return how much more easily the child comes off SEN support than one of reference severity."""
        return float((p.severity_reference / self.severity_gbp_k(p)) ** p.elasticity_identification)

    # ------------------------------------------------------------------ support

    def learns_from_support(self, month: Month) -> float:
        """Live through this month's support: unmet need is remembered, and confidence follows (R7).

        Returns
        -------
        float
            The share of the need that is met.
        """
        p = month.p
        met = self.share_of_need_met(p)
        self.met = single_precision(met)
        self.unmet = single_precision(self.remembered_unmet_need(met, p))
        self.confidence = single_precision(self.next_confidence(self.confidence_target(self.own_experience(met), p), p))
        return met

    def share_of_need_met(self, p: Plain) -> float:
        """Return the share of the need that is met, 0 to 1; less while the child waits for a specialist place."""
        school, area = self.school, self.area
        help_given = school.help_on_support if self.sen_status == SEN_SUPPORT else school.help_of_rest
        help_given += self.specialist_help() if self.sen_status != NO_SEN else 0.0
        assured, ordinary = area.support[self.sen_status][self.setting]
        return float((assured + ordinary * help_given) * (1.0 - p.penalty_wrong_place * self.wants_special))

    def specialist_help(self) -> float:
        """Return what specialists from outside meet of an ordinary need: outreach, and therapies for some needs."""
        return float(self.area.outreach_help if self.need >= LEARNING else self.area.therapy_help)

    def remembered_unmet_need(self, met: float, p: Plain) -> float:
        """Return the memory of unmet need after a month in which this share of the need was met."""
        gap = 1.0 - met - self.unmet
        return float(self.unmet + (p.rate_memory_up if gap > 0.0 else p.rate_memory_down) * gap)

    def own_experience(self, met: float) -> float:
        """Return what the family itself learns of mainstream: need met, but nothing new in a special school."""
        return self.confidence if self.setting in (STATE_SPECIAL, INDEPENDENT_SPECIAL) else met

    def confidence_target(self, experience: float, p: Plain) -> float:
        """Return the confidence towards which the family moves, from its own experience and its neighbours' part."""
        return float(min((1.0 - p.weight_neighbours) * experience + self.school.by_neighbours, 1.0))

    def next_confidence(self, target: float, p: Plain) -> float:
        """Return the family's confidence after a month on the way to its target (R7)."""
        gap = target - self.confidence
        return float(self.confidence + (p.rate_confidence_rises if gap > 0.0 else p.rate_confidence_falls) * gap)

    # ------------------------------------------------------------------ requests

    def requests_assessment(self, mood: float, month: Month) -> None:
        """Ask for an EHC needs assessment, or let the school ask."""
        if not self.may_be_requested(month):
            return
        u = draw(self.key, month.keys.request)
        if u >= HIGHEST_REQUEST_RATE * (1.0 if self.sen_status == SEN_SUPPORT else month.p.factor_request_unidentified):
            return
        tally = self.area.tally
        rate = self.request_rate(mood, month)
        by_family = self.family_rate(rate, month.p)
        if u < by_family:
            tally.requests_by_family += 1.0
        elif u < by_family + self.school_rate(rate, month.p):
            tally.requests_by_school += 1.0
        else:
            return
        self.open_request(draw(self.key, month.keys.request_day), month)

    def open_request(self, u: float, month: Month) -> None:
        """Hand in the request on the day u of the month, as a share of it; the decision is due weeks later."""
        self.area.tally.requests += 1.0
        self.case, self.opened = DECIDING, month.t
        self.may_move_on_from = month.t + int(u + month.p.weeks_decision / WEEKS_PER_MONTH)
        self.area.lists_case(self)

    def may_be_requested(self, month: Month) -> bool:
        """Say whether an assessment may be requested for the child, who has no plan."""
        waits = self.case != NO_CASE or month.t < self.may_ask_from
        return self.sen_status != PLAN and not waits and month.t >= self.emerges and self.setting_allows_request()

    def setting_allows_request(self) -> bool:
        """Say whether an assessment can be requested for a child in this setting."""
        if self.setting == POST_16:
            return self.sen_status == SEN_SUPPORT
        return self.setting in (EARLY_YEARS, MAINSTREAM, UNIT, ALTERNATIVE, HOME)

    def request_rate(self, mood: float, month: Month) -> float:
        """Return what the rates of family and school share: the area's mood, severity, age, recognition and label."""
        p = month.p
        rate = mood * (self.severity_gbp_k(p) / p.severity_request) ** p.elasticity_request
        rate *= age_factor(month.t - self.born, p)
        if self.recognition_grows():
            rate *= month.recognition
        return float(rate * p.factor_request_unidentified if self.sen_status == NO_SEN else rate)

    def family_rate(self, rate: float, p: Plain) -> float:
        """Return the monthly rate at which the family asks: the less confidence and the more means, the more often."""
        lost = p.confidence_reference - self.confidence_acted_on
        means = (MEANS_WITHOUT_ADVOCACY + self.advocacy) ** p.elasticity_advocacy
        return float(p.rate_family_request * rate * math.exp(p.effect_confidence * lost) * means)

    def school_rate(self, rate: float, p: Plain) -> float:
        """Return the monthly rate at which the school asks: the more relief a plan brings it, the more often (R3)."""
        if not self.school.is_school or self.setting == HOME:
            return 0.0
        incentive = self.school.carried_incentive - p.incentive_reference
        unmet = self.unmet / p.unmet_reference
        return float(p.rate_school_request * rate * math.exp(p.effect_incentive * incentive) * unmet)

    # ------------------------------------------------------------------ the case

    def may_leave_queue(self, decision: Decision, wait: float, month: Month) -> bool:
        """Say whether the case has been in its stage for as long as cases now wait, months."""
        return month.t - self.may_move_on_from + draw(self.key, stream(month.seed, decision, self.opened)) >= wait

    def request_day(self, month: Month) -> float:
        """Return the day of the request as a share of its month."""
        return draw(self.key, stream(month.seed, Decision.REQUEST_DAY, self.opened))

    def weeks_without_queue(self, month: Month) -> float:
        """Return the weeks from request to plan when nobody has to wait for hours."""
        z = draw_normal(self.key, stream(month.seed, Decision.PROCESS_TIME, self.opened))
        usual = self.area.process_weeks * math.exp(month.p.spread_process * z)
        return float(max(usual + month.p.process_weeks_extra, FEWEST_WEEKS))

    def month_without_queue(self, month: Month) -> int:
        """Return the month in which the plan would be ready when nobody has to wait for hours."""
        return self.opened + int(self.request_day(month) + self.weeks_without_queue(month) / WEEKS_PER_MONTH)

    def start_assessment(self, t: int) -> None:
        """Join the psychologists' queue."""
        self.case, self.may_move_on_from = ASSESSING, t
        self.area.tally.assessments_begun += 1.0

    def start_draft(self, month: int) -> None:
        """Join the queue of drafts, which the case may leave from this month on."""
        self.case, self.may_move_on_from = DRAFTING, month
        self.area.tally.drafts_begun += 1.0

    def close_case(self, may_ask_from: int) -> None:
        """Close the case; from this month on the family may ask or contest again."""
        self.case, self.appeal, self.may_ask_from = NO_CASE, UNCONTESTED, may_ask_from

    def withdraw_case(self) -> None:
        """Take the case out of the queue in which it waits."""
        if self.case == NO_CASE:
            return
        if self.case == APPEALING:
            self.area.docket[self.registered % DOCKET_MONTHS] -= 1
        self.area.tally.cases_withdrawn += 1.0
        self.case, self.appeal = NO_CASE, UNCONTESTED

    def end_plan(self) -> None:
        """End the plan and every case about it."""
        self.withdraw_case()
        self.leave_waiting_list()
        self.sen_status, self.provision_gbp = NO_SEN, 0.0
        self.area.tally.plans_ceased += 1.0

    # ------------------------------------------------------------------ assessment

    def odds_against_plan(self, p: Plain, log_threshold: float) -> float:
        """Return the odds that the child is not found to need a plan: its need, how well that is put, the threshold."""
        merit = math.log(self.severity_gbp_k(p)) + p.effect_advocacy_on_merit * (self.advocacy - MIDDLE_ADVOCACY)
        return math.exp((log_threshold - merit) / p.spread_decision)

    def decide_request(self, u: float, log_threshold: float, month: Month) -> None:
        """Agree to assess, or refuse: the stronger the case reads against the threshold, the likelier a yes."""
        tally = self.area.tally
        tally.request_decisions += 1.0
        if u * (1.0 + self.odds_against_plan(month.p, log_threshold)) < 1.0:
            tally.assessments_agreed += 1.0
            self.start_assessment(month.t)
        else:
            tally.requests_refused += 1.0
            self.refuse_case(REFUSAL_TO_ASSESS, month)

    def decide_issue(self, u: float, prob_not_issued: float, month: Month) -> None:
        """Issue the plan, or refuse to; what was won at the tribunal is not refused again."""
        tally = self.area.tally
        won = self.appeal == REFUSAL_TO_ISSUE
        tally.assessments_completed += not won
        if not won and u < prob_not_issued:
            tally.assessments_not_issued += 1.0
            self.refuse_case(REFUSAL_TO_ISSUE, month)
        else:
            self.issue_plan(month)

    def issue_plan(self, month: Month) -> None:
        """Receive the plan, with the provision that it names, and say whether a specialist place is wanted."""
        p, t = month.p, month.t
        self.tally_new_plan(self.weeks_to_plan(month))
        self.area.lists_plan(self)
        self.close_case(t)
        self.sen_status, self.planned = PLAN, t
        self.provision_gbp = single_precision(self.severity_gbp_k(p) * GBP_PER_GBP_K)
        in_reach = self.setting in (EARLY_YEARS, MAINSTREAM, UNIT, ALTERNATIVE)
        if in_reach and self.wants_special_place(draw(self.key, month.keys.want_specialist), p):
            self.join_waiting_list()

    def wants_special_place(self, u: float, p: Plain) -> bool:
        """Say whether the family wants a specialist place: severe need, habit of the area, want of confidence (R7)."""
        pull = (math.log(self.severity_gbp_k(p) / p.severity_special) + self.area.special_level) / p.spread_special
        pull -= p.effect_confidence_on_special * (self.confidence_acted_on - p.confidence_reference)
        return u * (1.0 + math.exp(-pull)) < 1.0

    def weeks_to_plan(self, month: Month) -> float:
        """Return the weeks the plan took: those of the process, or more if the case had to wait."""
        won = self.appeal == REFUSAL_TO_ISSUE
        if won or month.t > max(self.month_without_queue(month), self.opened + STEPS_OF_THREE_STAGES):
            waited = month.t + draw(self.key, month.keys.issue_day) - self.opened - self.request_day(month)
            return waited * WEEKS_PER_MONTH
        return self.weeks_without_queue(month)

    def tally_new_plan(self, weeks: float) -> None:
        """Count the new plan and the weeks it took."""
        tally = self.area.tally
        tally.new_plans += 1.0
        tally.weeks_to_plan += weeks
        for name, limit in zip(NEW_PLANS_WITHIN, WEEKS_COUNTED, strict=True):
            setattr(tally, name, getattr(tally, name) + (weeks <= limit))
        tally.new_plans_over_52_weeks += weeks > WEEKS_IN_A_YEAR
        tally.new_plans_disadvantaged += self.disadvantaged == 1

    # ------------------------------------------------------------------ contests

    def contest_factor(self, p: Plain) -> float:
        """Return how much likelier than the reference family this one contests: means, belief, the tribunal's wait."""
        area = self.area
        means = (MEANS_WITHOUT_ADVOCACY + self.advocacy) ** p.elasticity_advocacy_contest
        belief = math.exp(p.effect_belief * (area.contest_belief_carried - area.contest_belief_start))
        deterred = math.exp(-p.effect_tribunal_wait * (area.tribunal_wait_carried - area.tribunal_wait_start))
        return float(area.contest_level * means * belief * deterred)

    def register_appeal(self, t: int) -> None:
        """Register the appeal on the tribunal's docket."""
        tally = self.area.tally
        self.case, self.registered = APPEALING, t
        self.area.docket[t % DOCKET_MONTHS] += 1
        tally.appeals_registered += 1.0
        tally.appeals_refusal_to_assess += self.appeal == REFUSAL_TO_ASSESS
        tally.appeals_refusal_to_issue += self.appeal == REFUSAL_TO_ISSUE
        tally.appeals_contents += self.appeal == CONTENTS
        tally.appeals_disadvantaged += self.disadvantaged == 1

    def contest(self, kind: int, month: Month) -> None:
        """Take the decision to mediation, or straight to the tribunal."""
        self.appeal = kind
        if draw(self.key, month.keys.mediate) < month.p.share_mediation:
            self.case, self.may_move_on_from = MEDIATING, month.t + MONTHS_OF_MEDIATION
            self.area.tally.mediations += 1.0
        else:
            self.register_appeal(month.t)

    def refuse_case(self, kind: int, month: Month) -> None:
        """Take the refusal, or contest it."""
        self.close_case(month.t + MONTHS_BEFORE_NEW_REQUEST)
        if draw(self.key, month.keys.contest_refusal) < month.p.prob_contest_refusal * self.contest_factor(month.p):
            self.contest(kind, month)

    def contest_contents(self, u: float, month: Month) -> None:
        """Contest what the plan says, or the placement that it names: the more unmet, the oftener."""
        p = month.p
        highest = p.rate_contest_contents * HIGHEST_OVER_USUAL
        if u >= highest:
            return
        rate = p.rate_contest_contents * self.contest_factor(p) * self.unmet / p.unmet_reference
        if self.wants_special and names_placement(p):
            rate *= p.factor_contest_placement
        if u < min(rate, highest):
            self.contest(CONTENTS, month)

    def give_special_place(self) -> None:
        """Take a state special place if one is vacant, and an independent one if not."""
        area = self.area
        if area.special_places - area.special_pupils >= 1.0:
            area.tally.placed_state_special += 1.0
            self.move_to(STATE_SPECIAL)
        else:
            area.tally.placed_independent += 1.0
            self.move_to(INDEPENDENT_SPECIAL)

    def family_wins(self, month: Month) -> None:
        """Get what was contested: an assessment, a plan, or what the plan is to say."""
        self.area.tally.contests_won += 1.0
        if self.appeal == REFUSAL_TO_ASSESS:
            self.appeal, self.opened = UNCONTESTED, month.t
            self.start_assessment(month.t)
        elif self.appeal == REFUSAL_TO_ISSUE:  # the kind of appeal stays on the case until the plan is written
            self.opened = month.t
            self.start_draft(month.t + 1)
        else:
            self.close_case(month.t + MONTHS_BEFORE_NEW_CONTEST)
            self.provision_gbp = single_precision(self.provision_gbp * (1.0 + month.p.gain_provision_appeal))
            if self.wants_special and names_placement(month.p):
                self.give_special_place()

    def family_loses(self, t: int) -> None:
        """Give up for a year."""
        self.close_case(t + MONTHS_BEFORE_NEW_CONTEST)

    def end_mediation(self, u: float, month: Month) -> None:
        """End a mediation: agree with the authority, go on to the tribunal, or give up."""
        p = month.p
        if u < p.prob_mediation_agrees:
            self.area.tally.mediations_agreed += 1.0
            self.family_wins(month)
        elif u < p.prob_mediation_agrees + p.prob_mediation_to_appeal:
            self.register_appeal(month.t)
        else:
            self.family_loses(month.t)

    def is_heard(self, u: float, cutoff: int, share: float) -> bool:
        """Say whether the appeal is disposed of now."""
        return self.registered < cutoff or (self.registered == cutoff and u < share)

    def dispose_of_appeal(self, is_settled: bool, is_upheld: bool, month: Month) -> None:
        """Take the appeal off the docket: settled before the hearing, or decided."""
        tally = self.area.tally
        self.area.docket[self.registered % DOCKET_MONTHS] -= 1
        tally.appeals_disposed += 1.0
        tally.appeal_wait_months += month.t - self.registered
        tally.appeals_settled += is_settled
        tally.appeals_decided += not is_settled
        tally.appeals_upheld += is_upheld and not is_settled
        if is_settled or is_upheld:
            self.family_wins(month)
        else:
            self.family_loses(month.t)

    # ------------------------------------------------------------------ moves

    @property
    def in_special_school(self) -> bool:
        """Whether the child is in a special school, state or independent."""
        return self.setting in (STATE_SPECIAL, INDEPENDENT_SPECIAL)

    @property
    def in_mainstream_school(self) -> bool:
        """Whether the child is in a mainstream school or its unit."""
        return self.setting in (MAINSTREAM, UNIT)

    def join_waiting_list(self) -> None:
        """Begin to wait for a specialist place."""
        if not self.wants_special:
            self.wants_special = 1
            self.area.waiting_special += 1.0
            self.area.tally.specialist_places_sought += 1.0

    def leave_waiting_list(self) -> None:
        """Wait no longer for a specialist place."""
        if self.wants_special:
            self.wants_special = 0
            self.area.waiting_special -= 1.0

    def count_at_place(self, one: float) -> None:
        """Add one to the pupils where the child is, or take one off them, if places are counted there."""
        if self.setting == STATE_SPECIAL:
            self.area.special_pupils += one
        elif self.setting == UNIT:
            self.school.unit_pupils += one
            self.area.unit_pupils += one

    def move_to(self, setting: int) -> None:
        """Move; in mainstream and alternative provision the wait for a specialist place goes on."""
        if setting not in (MAINSTREAM, ALTERNATIVE):
            self.leave_waiting_list()
        self.count_at_place(-1.0)
        self.setting = setting
        self.count_at_place(1.0)

    # ------------------------------------------------------------------ specialist places

    def school_of_unit_found(self, u: float, p: Plain) -> PlainSchool | None:
        """Return the school in whose unit a child of a mainstream class finds a place this month."""
        area = self.area
        in_reach = self.setting == MAINSTREAM and area.unit_places - area.unit_pupils >= 1.0
        if in_reach and u < p.prob_unit:
            return area.school_with_free_unit(self.school.secondary)
        return None

    def finds_independent_place(self, u: float, rate: float, p: Plain) -> bool:
        """Say whether the authority buys the child an independent place: the severer the need, the likelier."""
        if self.area.independent_allowance < 1.0:
            return False
        return bool(u < rate * self.severity_gbp_k(p) / p.severity_special)

    def falls_out_of_school(self, u: float, p: Plain) -> bool:
        """Say whether a child who waits in mainstream ends up out of school: the more unmet its need, the likelier."""
        return self.setting == MAINSTREAM and bool(u < p.rate_elsewhere * self.unmet)

    def need_is_met(self, u: float, p: Plain) -> bool:
        """Say whether the plan ceases because the need is met."""
        return bool(u < p.rate_plan_ceases * (1.0 - self.unmet))

    def placement_breaks_down(self, u: float, p: Plain) -> bool:
        """Say whether a placement in mainstream breaks down: the more unmet and the severer the need, the likelier."""
        if u >= HIGHEST_BREAKDOWN_RATE:
            return False
        strained = math.exp(p.effect_unmet_on_breakdown * (self.unmet - p.unmet_reference))
        return bool(u < p.rate_breakdown * strained * self.severity_gbp_k(p) / p.severity_special)

    def cease_plan_of_met_need(self) -> None:
        """Give up the plan; the child is on SEN support, in mainstream or in early years."""
        self.end_plan()
        self.sen_status = SEN_SUPPORT
        if self.setting >= UNIT:
            self.move_to(MAINSTREAM if self.school.is_school else EARLY_YEARS)
        self.area.tally.plans_ceased_need_met += 1.0

    def take_state_place(self) -> None:
        """Go to a state special school."""
        self.area.tally.placed_state_special += 1.0
        self.move_to(STATE_SPECIAL)

    def take_place_in_unit(self, school: PlainSchool) -> None:
        """Go to the unit of this school."""
        self.school = school
        self.move_to(UNIT)

    def take_independent_place(self) -> None:
        """Go to an independent school, out of the places offered to the authority."""
        self.area.independent_allowance -= 1.0
        self.area.tally.placed_independent += 1.0
        self.move_to(INDEPENDENT_SPECIAL)

    # ------------------------------------------------------------------ exclusion and home education

    def rate_of_exclusion(self, month: Month) -> float:
        """Return the monthly rate of exclusion: unmet need, in a school that cannot cover the need on its roll."""
        p, school = month.p, self.school
        rate = p.rate_exclusion * (1.0 - month.d.closure) * self.unmet * (COVERAGE_WITHOUT_EXCLUSION - school.coverage)
        if self.need == SEMH:
            rate *= p.factor_exclusion_semh
        return float(rate if school.secondary else rate * p.factor_exclusion_primary)

    def rate_of_withdrawal(self, p: Plain) -> float:
        """Return the monthly rate of withdrawal to home education: unmet need, and confidence lost."""
        lost = max(0.0, 1.0 - self.confidence_acted_on)
        return float(p.rate_home_education * lost * lost * self.unmet)

    def rate_of_return(self, p: Plain) -> float:
        """Return the monthly rate of coming back to mainstream."""
        return float(p.rate_return_home if self.setting == HOME else p.rate_return_alternative)

    def exclude_child(self) -> None:
        """Go to alternative provision; with a plan wait for a specialist place, else be on SEN support."""
        self.area.tally.exclusions += 1.0
        self.setting = ALTERNATIVE
        if self.sen_status == PLAN:
            self.join_waiting_list()
        else:
            self.sen_status = SEN_SUPPORT

    def withdraw_child(self) -> None:
        """Learn at home, and wait for a specialist place no longer."""
        self.leave_waiting_list()
        self.setting = HOME
        self.area.tally.home_educations += 1.0

    # ------------------------------------------------------------------ transitions

    def choose_school(self, schools: list[PlainSchool], pull: float, u: float) -> PlainSchool:
        """Return the school the child enters: by size and, the severer the need the more, by reputation (R6)."""
        total = 0.0
        for school in schools:
            total += school.draws(pull)
        mark = u * total
        for school in schools[:-1]:
            mark -= school.draws(pull)
            if mark < 0.0:
                return school
        return schools[-1]

    def pull_of_reputation(self, p: Plain) -> float:
        """Return how strongly the family follows reputations for inclusion: the more, the severer the need."""
        return float(p.effect_reputation * min(self.severity_gbp_k(p) / p.severity_reference, LARGEST_SEVERITY))

    def enter_school(self, u: float, month: Month) -> None:
        """Enter a primary school of the neighbourhood."""
        primaries = self.area.neighbourhoods[self.cluster, 0]
        self.school = self.choose_school(primaries, self.pull_of_reputation(month.p), u)
        if self.setting == EARLY_YEARS:
            self.setting = MAINSTREAM

    def enter_secondary_school(self, u: float, month: Month) -> None:
        """Enter a secondary school of the neighbourhood; a unit is left behind."""
        if self.setting == UNIT:
            self.move_to(MAINSTREAM)
        secondaries = self.area.neighbourhoods[self.cluster, 1]
        self.school = self.choose_school(secondaries, self.pull_of_reputation(month.p), u)

    def reassess_plan(self, share: float, destination: int, month: Month) -> None:
        """Be reassessed with this chance outside special schools: the plan stays if it would be given now.

        Without it the child is on SEN support where it goes, and the family may contest that.
        """
        p, area = month.p, self.area
        if self.in_special_school or draw(self.key, month.keys.reassessed) >= share:
            return
        area.tally.reassessments += 1.0
        against = self.odds_against_plan(p, area.log_threshold_now(p))
        if draw(self.key, month.keys.keeps_plan) * (1.0 + against) < 1.0:
            return
        self.end_plan()
        self.sen_status = SEN_SUPPORT
        if self.setting >= UNIT or destination == POST_16:
            self.move_to(destination)
        area.tally.plans_ceased_reassessed += 1.0
        self.refuse_case(REFUSAL_TO_ISSUE, month)

    def support_ends(self, u: float, p: Plain) -> bool:
        """Say whether SEN support ends at the transfer: the lighter the need, the likelier."""
        return bool(u < p.share_support_ends_at_transfer * self.ease_of_leaving_support(p))

    def review_at_transfer(self, u: float, month: Month) -> None:
        """Look anew at what the child has when it transfers: a plan may be reassessed, SEN support may end."""
        p = month.p
        reached = self.born >= MONTHS_PER_YEAR * (p.reassessed_born_from_year - FIRST_YEAR)
        if self.sen_status == PLAN and reached:
            self.reassess_plan(p.reassessed_at_transfer, MAINSTREAM, month)
        elif self.sen_status == SEN_SUPPORT and self.case == NO_CASE and self.support_ends(u, p):
            self.sen_status = NO_SEN

    def leave_at_25(self) -> None:
        """Leave education; a plan ceases, a case is withdrawn."""
        if self.setting == LEFT:
            return
        if self.sen_status == PLAN:
            self.end_plan()
        else:
            self.withdraw_case()
        self.move_to(LEFT)

    def leave_without_plan(self) -> None:
        """Leave education, and SEN support with it."""
        self.setting, self.sen_status = LEFT, NO_SEN

    def decide_without_plan(self, u: float, month: Month) -> None:
        """Decide in September, from 16 on without a plan, whether to go on to further education, or leave it."""
        if self.setting == LEFT:
            return
        if self.setting == POST_16:
            if month.t - self.born >= SCHOOL_AGE_LIMIT_MONTHS and self.case == NO_CASE:
                self.leave_without_plan()
        elif self.case != NO_CASE or u < month.p.share_stays_without_plan:
            self.setting = POST_16
        else:
            self.leave_without_plan()

    def decide_with_plan(self, u_leaves: float, u_where: float, month: Month) -> None:
        """Decide in September, from 16 on, whether to go on with the plan, and where."""
        p = month.p
        age_years = (month.t - 1 - self.born) // MONTHS_PER_YEAR  # on 31 August
        if u_leaves < prob_leaves(p, age_years, month.d.act) * self.area.exits_carried():
            self.end_plan()
            self.move_to(LEFT)
        elif age_years == YEARS_16:
            self.reassess_plan(p.reassessed_at_16, POST_16, month)
            keeps_plan = self.sen_status == PLAN
            if keeps_plan and not self.in_special_school and u_where < p.share_further_education:
                self.move_to(POST_16)
        elif age_years >= SCHOOL_AGE_LIMIT_YEARS and self.setting != POST_16:
            self.move_to(POST_16)

    # ------------------------------------------------------------------ the census

    def is_counted(self, census: "Census", month: Month) -> None:
        """Say where the child stands; then live through the month's support, and say how the child is after it."""
        if month.t < self.emerges:
            return
        census.children_by_setting[self.sen_status][self.setting] += 1
        if self.case != NO_CASE:
            census.cases[self.case] += 1
            self.area.lists_case(self)
        if self.sen_status == PLAN:
            self.area.lists_plan(self)
            self.count_topup(census, month)
        elif self.setting == POST_16:
            return
        met = self.learns_from_support(month)
        if self.setting != POST_16:
            self.count_need(census, met, month)

    def count_need(self, census: "Census", met: float, month: Month) -> None:
        """Say how the child is and what the family thinks at the end of the month."""
        setting, label, p = self.setting, self.sen_status, month.p
        cost = self.severity_gbp_k(p)
        census.need_sum += cost
        census.met_sum += cost * met
        census.unmet += 1.0 - met
        census.disadvantaged += self.disadvantaged
        census.unmet_disadvantaged += self.disadvantaged * (1.0 - met)
        census.trust += self.confidence
        if label == PLAN:
            census.trust_with_plan += self.confidence
        paid = min(cost, census.paid_by_school[label])
        if setting in (MAINSTREAM, UNIT):
            school = self.school
            school.need_load_gbp_k += cost
            school.confidence_sum += self.confidence
            school.confidence_count += 1.0
            school.demand_gbp_k += paid
            if label == SEN_SUPPORT:
                school.support_load_gbp_k += cost
                school.support_pupils += 1.0

    def count_topup(self, census: "Census", month: Month) -> None:
        """Say what top-up the plan brings; what of it is pooled the school must find."""
        if self.setting in (EARLY_YEARS, MAINSTREAM, UNIT):
            topup = self.topup_of(month.p.notional_sen_threshold_gbp, month.p)
            if self.setting in (MAINSTREAM, UNIT):
                first_part = self.topup_of(0.0, month.p) - topup
                census.first_part += first_part
                if census.input_funding > 0.0:
                    topup += census.input_funding * first_part
                    self.school.demand_gbp_k -= census.input_funding * first_part / month.d.price_index / 1000.0
            pooled = census.adds_topup(topup, month.p)
            if self.setting in (MAINSTREAM, UNIT):
                self.school.demand_gbp_k += pooled

    def topup_of(self, school_pays_first_gbp: float, p: Plain) -> float:
        """Return the top-up paid for the plan, pounds a year: what its provision costs beyond the threshold."""
        beyond = self.provision_gbp * self.area.topup_index - school_pays_first_gbp
        return float(max(beyond, p.topup_floor_gbp) * p.share_topup_named)


def names_placement(p: Plain) -> bool:
    """Say whether a contest can name a specialist place: a switch."""
    return bool(p.contest_names_placement == ON)


def age_factor(age: int, p: Plain) -> float:
    """Return how much more often a request is made at this age (months) than at 5 to 8."""
    if age < 36:
        return float(p.factor_request_under_3)
    if age < 5 * 12:
        return float(p.factor_request_early_years)
    if age < 9 * 12:
        return 1.0
    if age < 11 * 12:
        return float(p.factor_request_before_transfer)
    return float(p.factor_request_secondary if age < 16 * 12 else p.factor_request_post_16)


def prob_leaves(p: Plain, age_years: int, act: float) -> float:
    """Return the chance that a plan ceases in the September after this age: the 2014 Act extends plans to 25."""
    after = {16: p.prob_leave_16, 17: p.prob_leave_17, 18: p.prob_leave_18, 19: p.prob_leave_19}
    before = {16: p.prob_leave_16_before_act, 17: p.prob_leave_17_before_act, 18: p.prob_leave_18_before_act}
    return float(act * after.get(age_years, p.prob_leave_20_plus) + (1.0 - act) * before.get(age_years, 1.0))


# ---------------------------------------------------------------------- the verbs of the month, in one area


def children_change_phase(area: PlainAuthority, month: Month) -> None:
    """Let young people leave at 25; in September let children enter school, transfer at 11, go on or leave at 16."""
    t, keys = month.t, month.keys
    for family in area.aged(t, AGE_LIMIT_MONTHS, AGE_LIMIT_MONTHS + 1):
        family.leave_at_25()
    if month.d.month_of_year != SEPTEMBER:
        return
    for family in area.aged(t, AFTER_4_MONTHS, AFTER_4_MONTHS + MONTHS_PER_YEAR):
        family.enter_school(draw(family.key, keys.school_choice), month)
    for family in area.aged(t, AFTER_11_MONTHS, AFTER_11_MONTHS + MONTHS_PER_YEAR):
        family.review_at_transfer(draw(family.key, keys.support_at_transfer), month)
        family.enter_secondary_school(draw(family.key, keys.school_choice), month)
    for family in area.aged(t, AFTER_16_MONTHS, AGE_LIMIT_MONTHS):
        if family.sen_status == PLAN:
            family.decide_with_plan(draw(family.key, keys.leaves_education), draw(family.key, keys.post_16), month)
        else:
            family.decide_without_plan(draw(family.key, keys.post_16), month)
    area.lists_who_goes_on(t)


def closures_deepen_needs(area: PlainAuthority, month: Month) -> None:
    """Let the pandemic's closures make needs harder to meet: of speech before school, of SEMH at school age."""
    if month.d.closure == 0.0:
        return
    harder = 1.0 + month.p.effect_closure_on_need * month.d.closure / MONTHS_PER_YEAR
    for family in area.aged(month.t, 0, AGE_16_MONTHS):
        if family.need == (SLCN if month.t - family.born < AGE_5_MONTHS else SEMH):
            family.base_need_gbp_k = float(np.float32(family.base_need_gbp_k * harder))


def schools_identify_needs(area: PlainAuthority, month: Month) -> None:
    """Put children whose need shows on SEN support; take children off it whose need is light or met."""
    for family in area.aged(month.t, FIRST_AGE_MONTHS, AGE_16_MONTHS):
        family.changes_sen_status(month)


def families_request(area: PlainAuthority, month: Month) -> None:
    """Let families ask, and schools back or make, requests for an EHC needs assessment."""
    mood = area.area_mood(month)
    for family in area.aged(month.t, FIRST_AGE_MONTHS, SCHOOL_AGE_LIMIT_MONTHS):
        family.requests_assessment(mood, month)


def authorities_assess(area: PlainAuthority, month: Month) -> None:
    """Move every case on that may leave its queue; refuse, agree, issue."""
    t, keys = month.t, month.keys
    log_threshold = area.log_threshold_now(month.p)
    prob_not_issued = area.prob_no_plan_issued(month.p)
    for family in area.with_case:
        if not DECIDING <= family.case <= DRAFTING or family.may_move_on_from > t:
            continue
        if family.case == DRAFTING:
            if family.may_leave_queue(Decision.DRAFT_TURN, area.wait_draft, month):
                family.decide_issue(draw(family.key, keys.agree_to_issue), prob_not_issued, month)
        elif family.case == ASSESSING:
            if family.may_leave_queue(Decision.PSYCHOLOGIST_TURN, area.wait_psychologist, month):
                family.start_draft(max(t + 1, family.month_without_queue(month)))
        elif family.may_leave_queue(Decision.DECIDE_TURN, area.wait_decision, month):
            family.decide_request(draw(family.key, keys.agree_to_assess), log_threshold, month)


def families_contest(area: PlainAuthority, month: Month) -> None:
    """Let mediations end, and families contest the contents of plans."""
    t, keys = month.t, month.keys
    for family in area.with_case:
        if family.case == MEDIATING and family.may_move_on_from <= t:
            family.end_mediation(draw(family.key, keys.mediation_outcome), month)
    for family in area.with_plan:
        if family.sen_status == PLAN and family.case == NO_CASE and family.may_ask_from <= t:
            family.contest_contents(draw(family.key, keys.contest_contents), month)


def tribunal_decides(area: PlainAuthority, month: Month) -> None:
    """Dispose of the appeals that are heard this month; overloaded authorities settle fewer."""
    keys, cutoff, share = month.keys, month.hearing_cutoff, month.hearing_share
    prob_settled = area.prob_settled_now(month.p)
    prob_upheld = area.prob_upheld_here(month.prob_upheld_now)
    for family in area.with_case:
        if family.case == APPEALING and family.is_heard(draw(family.key, keys.hearing_turn), cutoff, share):
            is_settled = draw(family.key, keys.concede) < prob_settled
            is_upheld = draw(family.key, keys.uphold) < prob_upheld
            family.dispose_of_appeal(is_settled, is_upheld, month)


def authorities_place_children(area: PlainAuthority, month: Month) -> None:
    """Let placements break down, and share out units, state special and independent places among those who wait."""
    p, keys = month.p, month.keys
    vacant = area.special_places - area.special_pupils
    chance = area.chance_of_state_place(vacant)
    area.overflow += p.rate_overflow * ((1.0 - chance) - area.overflow)
    rate_independent = area.rate_of_independent_place(p)
    for family in area.with_plan:
        if family.sen_status != PLAN:
            continue
        key = family.key
        young = month.t - family.born < AFTER_16_MONTHS
        if young and family.case == NO_CASE and family.need_is_met(draw(key, keys.plan_ceases), p):
            family.cease_plan_of_met_need()
        elif family.wants_special:
            school = family.school_of_unit_found(draw(key, keys.unit_place), p)
            if vacant >= 1.0 and draw(key, keys.state_place) < chance:
                family.take_state_place()
                vacant -= 1.0
            elif school is not None:
                family.take_place_in_unit(school)
            elif family.finds_independent_place(draw(key, keys.independent_place), rate_independent, p):
                family.take_independent_place()
            elif family.falls_out_of_school(draw(key, keys.elsewhere_place), p):
                family.setting = ELSEWHERE
        elif young and family.in_mainstream_school and family.placement_breaks_down(draw(key, keys.breakdown), p):
            family.join_waiting_list()
            area.tally.placements_broken_down += 1.0


def schools_exclude_and_families_withdraw(area: PlainAuthority, month: Month) -> None:
    """Let schools exclude, families withdraw to home education, and both groups come back."""
    p, t = month.p, month.t
    for family in area.aged(t, AFTER_4_MONTHS + MONTHS_PER_YEAR, AFTER_16_MONTHS):
        if family.setting not in (MAINSTREAM, ALTERNATIVE, ELSEWHERE, HOME):
            continue
        u = draw(family.key, month.keys.changes_setting)
        if u >= month.highest_rate_of_moving:
            continue
        if family.setting != MAINSTREAM:
            if u < family.rate_of_return(p):
                family.setting = MAINSTREAM
        elif u < HIGHEST_LEAVING_RATE and t >= family.emerges:
            excluded = family.rate_of_exclusion(month)
            if u < excluded:
                family.exclude_child()
            elif u < excluded + family.rate_of_withdrawal(p):
                family.withdraw_child()


def children_receive_support(area: PlainAuthority, month: Month) -> None:
    """Let every family live through this month's support, and count: by school, by authority, by setting."""
    area.support_table(month)
    census = Census(month)
    for school in area.schools:
        school.begins_census()
    area.begins_lists()
    for family in area.here(month.t):
        family.is_counted(census, month)
    census.describes(area)
    census.is_tallied(area)


class Census:
    """What the families of an area have answered at the end of a month."""

    def __init__(self, month: Month) -> None:
        self.cases = [0] * 6  # by Case
        self.children_by_setting = [[0] * 10 for _ in range(3)]  # by SenStatus and Setting
        self.first_part, self.input_funding = 0.0, month.p.share_input_funding
        self.need_sum = self.met_sum = self.topup_other = self.topup_severe = 0.0
        self.unmet = self.unmet_disadvantaged = self.trust = self.trust_with_plan = 0.0
        self.disadvantaged = 0
        # nothing for a need not identified, all on SEN support, the first £6,000 with a plan
        p, price = month.p, month.d.price_index
        self.paid_by_school = (0.0, math.inf, p.notional_sen_threshold_gbp / 1000.0 / price)
        self.pooled = min(p.share_throughput_funding + p.share_cluster_funding, 1.0) / price / 1000.0

    def adds_topup(self, topup: float, p: Plain) -> float:
        """Add a top-up; return what of it is pooled, no longer paid child by child, so that the school must find it."""
        if topup > p.topup_severe_above_gbp:
            self.topup_severe += topup
            return 0.0
        self.topup_other += topup
        return float(self.pooled * topup)

    def describes(self, area: PlainAuthority) -> None:
        """Tell the authority who is where, and how far mainstream is trusted."""
        without, on_support, with_plan = self.children_by_setting
        area.plans_in_setting = with_plan
        area.topup_other_gbp, area.topup_severe_gbp = self.topup_other, self.topup_severe
        area.first_part_gbp, area.input_funding = self.first_part, self.input_funding
        area.plans = sum(with_plan)
        area.sen_support = sum(on_support) - on_support[POST_16]
        area.alternative_pupils = without[ALTERNATIVE] + on_support[ALTERNATIVE] + with_plan[ALTERNATIVE]
        n_with_plan = area.plans - with_plan[POST_16]
        self.n_all = sum(sum(row) - row[POST_16] for row in self.children_by_setting)
        area.confidence = self.trust / max(self.n_all, 1.0)
        others = (self.trust - self.trust_with_plan) / max(self.n_all - n_with_plan, 1.0)
        area.plan_bonus = area.confidence - others

    def is_tallied(self, area: PlainAuthority) -> None:
        """Tally what observables are made of."""
        tally = area.tally
        on_support = self.children_by_setting[SEN_SUPPORT]
        tally.plans_in_force = area.plans
        tally.pupils_sen_support = on_support[MAINSTREAM] + on_support[ALTERNATIVE]
        tally.pupils_sen_support_secondary = sum(s.support_pupils for s in area.schools if s.secondary)
        tally.cases_open = sum(self.cases[DECIDING:])
        tally.waiting_decision = self.cases[DECIDING]
        tally.waiting_psychologist = self.cases[ASSESSING]
        tally.waiting_draft = self.cases[DRAFTING]
        tally.children_with_need, tally.children_with_need_disadvantaged = self.n_all, self.disadvantaged
        tally.need_gbp_k, tally.need_met_gbp_k = self.need_sum, self.met_sum
        tally.unmet_children, tally.unmet_children_disadvantaged = self.unmet, self.unmet_disadvantaged
        tally.confidence_sum, tally.confidence_count = self.trust, self.n_all


# ---------------------------------------------------------------------- the model


class PlainTwin(SendModel):
    """England's special-needs system with every family as a plain Mesa agent.

    The parameters are those of `SendModel`, but it lives on one thread. It begins from the same built world: the
    compiled rules live through the year before September 2014, then every row of the columns becomes a `Family`. From
    there on the columns stand still until `families_are_written_back` is called.
    """

    families: list[Family]

    def __init__(
        self,
        parameters: Parameters | None = None,
        scenario: Scenario = NO_CHANGE,
        *,
        seed: int = 0,
        scale: float = 0.01,
        n_months: int = 252,
    ) -> None:
        super().__init__(parameters, scenario, seed=seed, scale=scale, n_months=n_months, threads=1)
        self.areas = [PlainAuthority(self.world, a) for a in range(len(self.world.authorities))]
        rows = list(zip(*(column.tolist() for column in self.world.children), strict=True))
        for area, months_of_birth in zip(self.areas, self.world.rows, strict=True):
            area.families = [Family(self, area, row) for row in rows[months_of_birth[0] : months_of_birth[-1]]]
            area.births = [family.born for family in area.families]
            area.begins_lists()
            area.lists_who_goes_on(-MONTHS_PER_YEAR)  # in September of the burn-in
            for family in area.here(-1):
                if family.sen_status == PLAN:
                    area.lists_plan(family)
                if family.case != NO_CASE:
                    area.lists_case(family)
        self.families = [family for area in self.areas for family in area.families]

    def _run_month(self) -> None:
        """Live through one month; before September 2014 with the compiled rules."""
        if self.t < 0:
            super()._run_month()
            return
        month_opens(self.world, self.inputs, self.t)
        self._authorities_live(Month(self))
        month_closes(self.world, self.inputs, self.everywhere, self.t)

    def _authorities_live(self, month: Month) -> None:
        """Take the authorities through the month, verb by verb, in the order of `month.authorities_act`."""
        self._each(authorities_set_budgets)
        self._each(local_practice_drifts)
        self._families(month, children_change_phase, closures_deepen_needs, schools_identify_needs, families_request)
        self._each(authorities_allocate_hours)
        self._families(month, authorities_assess, families_contest)
        self._families(month, tribunal_decides, authorities_place_children, schools_exclude_and_families_withdraw)
        self._each(authorities_spend)
        self._each(schools_allocate_support)
        self._families(month, children_receive_support)
        self._each(school_reputations_change)
        self._each(areas_learn_from_contests)
        self._each(case_flows_change)
        self._each(workforce_changes)
        self._each(schools_build_skill)
        self._each(authorities_build_places)
        self._each(report_children)
        self._each(report_authorities)

    def _families(self, month: Month, *verbs: Callable[[PlainAuthority, Month], None]) -> None:
        """Let the families of each area live through these verbs; the records are read before and written after."""
        for area in self.areas:
            area.read()
            for verb in verbs:
                verb(area, month)
            area.write()

    def families_are_written_back(self) -> Children:
        """Write every family's properties into its row of the columns, and return the columns."""
        columns = self.world.children
        for name in Children.names():
            getattr(columns, name)[:] = [family.column(name) for family in self.families]
        return columns

    def count(self) -> January:
        """Return the month just lived by need, age, disadvantage, label and setting, and by school."""
        self.families_are_written_back()
        last_september = self.t - 1 - (self.t - 1) % MONTHS_PER_YEAR
        list_over_16s_in_education(self.world, self._parts[0], last_september)
        return super().count()

    def copy(self) -> SendModel:
        """Refuse: families are agents of one model, and cannot be shared."""
        raise NotImplementedError("a plain twin cannot be copied; copy a SendModel.")
