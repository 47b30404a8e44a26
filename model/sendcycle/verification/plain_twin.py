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

from sendcycle.calendar import SEPTEMBER, month_of_year
from sendcycle.engine.randomness import Decision
from sendcycle.inputs.parameters import Parameters
from sendcycle.inputs.reforms import NO_CHANGE, Scenario
from sendcycle.month import month_closes, month_opens
from sendcycle.outputs.breakdowns import January
from sendcycle.outputs.observables import as_numbers
from sendcycle.rules.appeals import HIGHEST_OVER_USUAL
from sendcycle.rules.assessment import authorities_allocate_hours, case_flows_change
from sendcycle.rules.capacity import authorities_build_places, schools_build_skill, workforce_changes
from sendcycle.rules.cases import MONTHS_BEFORE_NEW_REQUEST, STATUTORY_WEEKS, STEPS_OF_THREE_STAGES, WEEKS_PER_MONTH
from sendcycle.rules.confidence import areas_learn_from_contests, school_reputations_change
from sendcycle.rules.local_practice import local_practice_drifts
from sendcycle.rules.money import authorities_set_budgets, authorities_spend
from sendcycle.rules.needs import AFTER_16, LEAVING_AGE, LOWEST_SHARE, SCHOOL_AGE, SECONDARY_AGE
from sendcycle.rules.needs import HIGHEST_RATE as HIGHEST_LABEL_RATE
from sendcycle.rules.placement import (
    FIRST_YEAR,
    HIGHEST_BREAKDOWN_RATE,
    RECEPTION,
    SECONDARY,
    list_over_16s_in_education,
)
from sendcycle.rules.placement import HIGHEST_RATE as HIGHEST_MOVING_RATE
from sendcycle.rules.reporting import report_authorities, report_children
from sendcycle.rules.requests import HIGHEST_RATE as HIGHEST_REQUEST_RATE
from sendcycle.rules.support import FULL, schools_allocate_support
from sendcycle.send_model import SendModel
from sendcycle.state.children import (
    AGE_LIMIT,
    FIRST_AGE,
    MONTHS_PER_YEAR,
    SCHOOL_AGE_LIMIT,
    Appeal,
    Case,
    Children,
    Need,
)
from sendcycle.state.children import SenStatus as Labels
from sendcycle.state.children import Setting as Settings
from sendcycle.state.records import DOCKET_MONTHS, SchoolRecord
from sendcycle.state.world import World

# Plain numbers: looking a member up in its enumeration takes Python several times as long.
NO_SEN, SEN_SUPPORT, PLAN = (int(label) for label in Labels)
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


def kept(x: float) -> float:
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

    def pull(self, strength: float) -> float:
        """Return how many children the school draws: by its size, and by its reputation for inclusion (R6)."""
        return float(self.size * math.exp(strength * (self.carried_reputation - 0.5)))

    def lets_need_stand_out(self, p: Plain) -> float:
        """Return how much faster a need is identified for want of others on SEN support."""
        share = max(self.support_pupils / max(self.pupils, 1.0), LOWEST_SHARE)
        return float((p.support_share_reference / share) ** p.elasticity_identification_relative)

    def opens_its_doors(self, area: "PlainAuthority", p: Plain) -> None:
        """Say what the school offers this month and what its families say of mainstream."""
        heard = area.confidence + area.confidence_shift
        if self.confidence_count > 0.0:
            heard = self.confidence_sum / self.confidence_count + area.confidence_shift
        self.offers = self.coverage_of_rest * (1.0 - p.share_specialist_help)
        on_support = self.assured + (1.0 - self.assured) * self.coverage_of_rest
        self.offers_on_support = on_support * (1.0 - p.share_specialist_help)
        self.says = heard * p.weight_neighbours + p.confidence_campaign

    def begins_census(self) -> None:
        """Count from nothing."""
        self.demand_gbp_k = self.need_load_gbp_k = self.confidence_sum = self.confidence_count = 0.0
        self.support_load_gbp_k = self.support_pupils = 0.0


class PlainAuthority(Copy):
    """An authority as its families meet it, with its schools, its families and what it has tallied this month."""

    def __init__(self, world: World, row: int) -> None:
        super().__init__(world.authorities, row)
        self.dockets = world.docket
        self.seen = Copy(world.tallies, row)
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
        for copy in (self.seen, *self.schools):
            copy.read()

    def write(self) -> None:
        """Put them all back."""
        super().write()
        self.dockets[self.row] = self.docket
        for copy in (self.seen, *self.schools):
            copy.write()

    def aged(self, t: int, from_age: int, to_age: int) -> "list[Family]":
        """Return the families of children aged [from_age, to_age) months in month t."""
        low, high = bisect_left(self.births, t - to_age + 1), bisect_left(self.births, t - from_age + 1)
        return self.families[low:high]

    def lists_who_goes_on(self, t: int) -> None:
        """List the over-16s who are in education."""
        self.going_on = [family for family in self.aged(t, AFTER_16, AGE_LIMIT) if family.setting != LEFT]
        self.n_going_on_rows = len(self.going_on)

    def here(self, t: int) -> "list[Family]":
        """Return the families of children in education: the over-16s who went on in September, then the younger."""
        return [
            *(family for family in self.going_on if family.setting != LEFT),
            *self.aged(t, FIRST_AGE, AFTER_16 + t % MONTHS_PER_YEAR),
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

    def prepares_support(self, month: "Month") -> None:
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
            school.opens_its_doors(self, p)

    def sets_the_mood_for_requests(self, month: "Month") -> None:
        """Say how much oftener requests are made here than at the reference: norm, belief, waits, coming limits."""
        p = month.p
        deterred = math.exp(-p.effect_wait * (self.wait_carried - self.wait_start))
        believed = math.exp(p.effect_belief_on_requests * (self.contest_belief_carried - self.contest_belief_start))
        rushed = 1.0 + p.effect_anticipation * self.anticipation_carried
        norm = math.exp(p.effect_plan_norm * (self.plan_norm_carried - self.plan_norm_start))
        self.mood = norm * self.request_level * month.share_open * rushed * deterred * believed

    def sets_its_threshold(self, p: Plain) -> None:
        """Say how strict the authority is this month (B1, R4)."""
        strictness = self.strictness + self.gatekeeping_carried
        strictness -= p.effect_belief_on_strictness * (self.contest_belief_carried - self.contest_belief_start)
        self.log_threshold = math.log(p.severity_threshold) + strictness
        self.chance_not_issued = p.prob_not_issued * math.exp(p.effect_strictness_on_issue * strictness)

    def takes_stock_of_places(self, p: Plain) -> None:
        """Say how many special places are vacant, the chance of one, and how far demand overflows (R5)."""
        self.vacant = self.special_places - self.special_pupils
        self.chance_of_place = min(1.0, max(self.vacant, 0.0) / max(self.waiting_special, 1e-9))
        self.overflow += p.rate_overflow * ((1.0 - self.chance_of_place) - self.overflow)
        rate = p.rate_independent * self.overflow_carried
        # where fewer independent places are offered than wanted, all who wait have the same chance of one
        self.rate_independent = rate * min(1.0, self.independent_allowance / max(rate * self.waiting_special, 1e-9))

    def free_unit(self, secondary: int) -> PlainSchool | None:
        """Return the first school of a phase with a free place in its unit."""
        free = (s for s in self.schools if s.secondary == secondary and s.unit_places - s.unit_pupils >= 1.0)
        return next(free, None)


class Month:
    """What every family sees of the month: its number, the parameters and drivers in force, the keys of the draws."""

    def __init__(self, model: SendModel) -> None:
        self.t, self.seed = model.t, int(model.world.seed)
        self.p, self.d = p, d = Plain.of(model.p), Plain.of(model.d)
        self.keys = Plain((decision.name.lower(), stream(self.seed, decision, self.t)) for decision in Decision)
        self.recognised = 1.0
        if p.recognition_trend > 0.5:
            grown = d.recognition * math.exp(p.recognition_growth * d.recognition_years)
            self.recognised = grown**p.elasticity_recognition
        self.share_open = 1.0 - p.effect_closure * d.closure
        self.highest_moving_rate = max(HIGHEST_MOVING_RATE, p.rate_return_home, p.rate_return_alternative)
        nation = Plain.of(model.world.nation[0])
        self.hearing_cutoff, self.hearing_share = int(nation.hearing_cutoff), nation.hearing_share
        self.threshold_start = nation.severity_threshold_start


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

    def severity(self, p: Plain) -> float:
        """Return the cost of meeting the need, thousand pounds a year at 2014-15 prices: it grows when unmet."""
        return float(self.base_need_gbp_k * (1.0 + p.escalation * (self.unmet - p.unmet_reference)))

    @property
    def confidence_acted_on(self) -> float:
        """The confidence on which the family acts: its own, less what cutting R7 or B3 takes out."""
        return float(self.confidence + self.area.confidence_shift)

    # ------------------------------------------------------------------ needs

    def changes_label(self, month: Month) -> None:
        """Go on SEN support when the need shows; come off it when the need is light or met."""
        if self.sen_status == NO_SEN:
            if month.t < self.emerges or self.setting == LEFT:
                return
        elif self.sen_status != SEN_SUPPORT or self.case != NO_CASE:
            return
        u = draw(self.key, month.keys.label_changes)
        if u >= HIGHEST_LABEL_RATE:
            return
        if self.sen_status == NO_SEN:
            if u < self.rate_of_identification(month):
                self.sen_status = SEN_SUPPORT
                self.area.seen.identified += 1.0
        elif u < self.rate_of_coming_off(month.p):
            self.sen_status = NO_SEN

    def rate_of_identification(self, month: Month) -> float:
        """Return the monthly rate of going on SEN support."""
        p = month.p
        rate = p.rate_identification * (self.severity(p) / p.severity_reference) ** p.elasticity_identification
        rate *= (1.0 - month.d.closure) * (1.0 + p.effect_unmet_on_asking * (self.unmet - p.unmet_reference))
        rate *= month.recognised if self.need in (AUTISM, SEMH) else month.recognised**p.share_recognition_spills
        if month.t - self.born >= SECONDARY_AGE:
            rate *= p.factor_identification_secondary
        return float(rate if self.school.row < 0 else rate * self.school.lets_need_stand_out(p))

    def rate_of_coming_off(self, p: Plain) -> float:
        """Return the monthly rate of coming off SEN support."""
        return float(p.rate_support_ends * self.ease_of_leaving_support(p) * (1.0 - self.unmet))

    def ease_of_leaving_support(self, p: Plain) -> float:
        """Return how much more easily the child comes off SEN support than one of reference severity."""
        return float((p.severity_reference / self.severity(p)) ** p.elasticity_identification)

    # ------------------------------------------------------------------ support

    def learns_from_support(self, month: Month) -> float:
        """Live through this month's support: unmet need is remembered, and confidence follows (R7).

        Returns
        -------
        float
            The share of the need that is met.
        """
        setting, label, area, p = self.setting, self.sen_status, self.area, month.p
        school = self.school
        offered = school.offers_on_support if label == SEN_SUPPORT else school.offers
        if label != NO_SEN:
            offered += area.outreach_help if self.need >= LEARNING else area.therapy_help
        assured, ordinary = area.support[label][setting]
        met = (assured + ordinary * offered) * (1.0 - p.penalty_wrong_place * self.wants_special)
        self.met = kept(met)
        gap = 1.0 - met - self.unmet
        self.unmet = kept(self.unmet + (p.rate_memory_up if gap > 0.0 else p.rate_memory_down) * gap)
        # a special school says nothing of mainstream: there, only what others say moves the family
        lived = self.confidence if setting in (STATE_SPECIAL, INDEPENDENT_SPECIAL) else met
        towards = min((1.0 - p.weight_neighbours) * lived + school.says, 1.0) - self.confidence
        rate = p.rate_confidence_rises if towards > 0.0 else p.rate_confidence_falls
        self.confidence = kept(self.confidence + rate * towards)
        return float(met)

    # ------------------------------------------------------------------ requests

    def requests_assessment(self, month: Month) -> None:
        """Ask for an EHC needs assessment, or let the school ask."""
        if self.sen_status == PLAN or self.case != NO_CASE or month.t < self.may_ask_from or month.t < self.emerges:
            return
        if not self.can_be_asked_for():
            return
        u = draw(self.key, month.keys.request)
        if u >= HIGHEST_REQUEST_RATE * (1.0 if self.sen_status == SEN_SUPPORT else month.p.factor_request_unidentified):
            return
        seen = self.area.seen
        rate = self.rate_of_requests(month)
        by_family = self.rate_of_family(rate, month.p)
        if u < by_family:
            seen.requests_by_family += 1.0
        elif u < by_family + self.rate_of_school(rate, month.p):
            seen.requests_by_school += 1.0
        else:
            return
        seen.requests += 1.0
        day = draw(self.key, month.keys.request_day)
        self.case, self.opened = DECIDING, month.t
        self.may_move_on_from = month.t + int(day + month.p.weeks_decision / WEEKS_PER_MONTH)
        self.area.lists_case(self)

    def can_be_asked_for(self) -> bool:
        """Say whether an assessment can be requested for a child in this setting."""
        if self.setting == POST_16:
            return self.sen_status == SEN_SUPPORT
        return self.setting in (EARLY_YEARS, MAINSTREAM, UNIT, ALTERNATIVE, HOME)

    def rate_of_requests(self, month: Month) -> float:
        """Return the rate that family and school share: severity, age, recognition, label and the area's mood."""
        p = month.p
        rate = self.area.mood * (self.severity(p) / p.severity_request) ** p.elasticity_request
        rate *= age_factor(month.t - self.born, p)
        if self.need in (AUTISM, SEMH):
            rate *= month.recognised
        return float(rate * p.factor_request_unidentified if self.sen_status == NO_SEN else rate)

    def rate_of_family(self, rate: float, p: Plain) -> float:
        """Return the monthly rate at which the family asks: the less confidence and the more means, the oftener."""
        lost = p.confidence_reference - self.confidence_acted_on
        asking = p.rate_family_request * rate * math.exp(p.effect_confidence * lost)
        return float(asking * (0.5 + self.advocacy) ** p.elasticity_advocacy)

    def rate_of_school(self, rate: float, p: Plain) -> float:
        """Return the monthly rate at which the school asks: the more relief a plan brings it, the oftener (R3)."""
        if not self.school.is_school or self.setting == HOME:
            return 0.0
        incentive = self.school.carried_incentive - p.incentive_reference
        asking = p.rate_school_request * rate * math.exp(p.effect_incentive * incentive)
        return float(asking * (self.unmet / p.unmet_reference))

    # ------------------------------------------------------------------ the case

    def case_moves_on(self, month: Month) -> None:
        """Go one stage on if the case's turn has come: decision (6 weeks), assessment (16 weeks), plan (20 weeks)."""
        if not DECIDING <= self.case <= DRAFTING or self.may_move_on_from > month.t:
            return
        area = self.area
        if self.case == DRAFTING:
            if self.has_waited(area.wait_draft, Decision.DRAFT_TURN, month):
                self.hears_whether_plan_is_issued(month)
        elif self.case == ASSESSING:
            if self.has_waited(area.wait_psychologist, Decision.PSYCHOLOGIST_TURN, month):
                area.seen.drafts_begun += 1.0
                self.case = DRAFTING
                self.may_move_on_from = max(month.t + 1, self.natural_month(month))
        elif self.has_waited(area.wait_decision, Decision.DECIDE_TURN, month):
            self.hears_whether_assessed(month)

    def has_waited(self, wait: float, decision: Decision, month: Month) -> bool:
        """Say whether the case has been in its stage for as long as cases now wait."""
        return month.t - self.may_move_on_from + draw(self.key, stream(month.seed, decision, self.opened)) >= wait

    def hears_whether_assessed(self, month: Month) -> None:
        """Hear the decision on the request: the stronger the case reads against the threshold, the likelier a yes."""
        p, area = month.p, self.area
        area.seen.request_decisions += 1.0
        if draw(self.key, month.keys.agree_to_assess) * (1.0 + self.odds_against(p)) < 1.0:
            area.seen.assessments_agreed += 1.0
            self.start_assessment(month)
        else:
            area.seen.requests_refused += 1.0
            self.is_refused(REFUSAL_TO_ASSESS, month)

    def odds_against(self, p: Plain) -> float:
        """Return the odds that the child is not found to need a plan."""
        merit = math.log(self.severity(p)) + p.effect_advocacy_on_merit * (self.advocacy - 0.5)
        return math.exp((self.area.log_threshold - merit) / p.spread_decision)

    def start_assessment(self, month: Month) -> None:
        """Wait for the psychologist."""
        self.case, self.may_move_on_from = ASSESSING, month.t
        self.area.seen.assessments_begun += 1.0

    def hears_whether_plan_is_issued(self, month: Month) -> None:
        """Hear whether a plan is issued; what was won at the tribunal is not refused again."""
        area = self.area
        won = self.appeal == REFUSAL_TO_ISSUE
        area.seen.assessments_completed += not won
        refused = draw(self.key, month.keys.agree_to_issue) < area.chance_not_issued
        if refused and not won:
            area.seen.assessments_not_issued += 1.0
            self.is_refused(REFUSAL_TO_ISSUE, month)
        else:
            self.receives_plan(month)

    def request_day(self, month: Month) -> float:
        """Return the day of the request as a share of its month."""
        return draw(self.key, stream(month.seed, Decision.REQUEST_DAY, self.opened))

    def weeks_without_queue(self, month: Month) -> float:
        """Return the weeks from request to plan when nobody has to wait for hours."""
        z = draw_normal(self.key, stream(month.seed, Decision.PROCESS_TIME, self.opened))
        usual = self.area.process_weeks * math.exp(month.p.spread_process * z)
        return float(max(usual + month.p.process_weeks_extra, 8.0))

    def natural_month(self, month: Month) -> int:
        """Return the month in which the plan is due when nobody has to wait for hours."""
        return self.opened + int(self.request_day(month) + self.weeks_without_queue(month) / WEEKS_PER_MONTH)

    def receives_plan(self, month: Month) -> None:
        """Receive the plan, with the provision that it names, and say whether a specialist place is wanted."""
        p, area, t = month.p, self.area, month.t
        self.counts_the_weeks(month)
        area.lists_plan(self)
        self.sen_status, self.case, self.appeal = PLAN, NO_CASE, UNCONTESTED
        self.planned = self.may_ask_from = t
        self.provision_gbp = kept(self.severity(p) * 1000.0)
        if self.setting in (EARLY_YEARS, MAINSTREAM, UNIT, ALTERNATIVE):
            pull = (math.log(self.severity(p) / p.severity_special) + area.special_level) / p.spread_special
            pull -= p.effect_confidence_on_special * (self.confidence_acted_on - p.confidence_reference)
            if draw(self.key, month.keys.want_specialist) * (1.0 + math.exp(-pull)) < 1.0:
                self.join_waiting_list()

    def counts_the_weeks(self, month: Month) -> None:
        """Tally the new plan and the weeks it took: those of the process, or more if the case had to wait."""
        seen, t = self.area.seen, month.t
        weeks = self.weeks_without_queue(month)
        won = self.appeal == REFUSAL_TO_ISSUE
        if won or t > max(self.natural_month(month), self.opened + STEPS_OF_THREE_STAGES):
            waited = t + draw(self.key, month.keys.issue_day) - self.opened - self.request_day(month)
            weeks = waited * WEEKS_PER_MONTH
        seen.new_plans += 1.0
        seen.weeks_to_plan += weeks
        for limit in (12, 16, int(STATUTORY_WEEKS), 26, 32, 40, 52, 78):
            tally = f"new_plans_within_{limit}_weeks"
            setattr(seen, tally, getattr(seen, tally) + (weeks <= limit))
        seen.new_plans_over_52_weeks += weeks > 52.0
        seen.new_plans_disadvantaged += self.disadvantaged == 1

    def loses_plan(self) -> None:
        """End the plan and every case about it."""
        self.withdraws_case()
        self.leave_waiting_list()
        self.sen_status, self.provision_gbp = NO_SEN, 0.0
        self.area.seen.plans_ceased += 1.0

    def withdraws_case(self) -> None:
        """Take the case out of the queue in which it waits."""
        if self.case == NO_CASE:
            return
        if self.case == APPEALING:
            self.area.docket[self.registered % DOCKET_MONTHS] -= 1
        self.area.seen.cases_withdrawn += 1.0
        self.case, self.appeal = NO_CASE, UNCONTESTED

    # ------------------------------------------------------------------ contests

    def contest_factor(self, p: Plain) -> float:
        """Return how much likelier than the reference family this one is to contest: means, belief, the wait."""
        area = self.area
        means = (0.5 + self.advocacy) ** p.elasticity_advocacy_contest
        belief = math.exp(p.effect_belief * (area.contest_belief_carried - area.contest_belief_start))
        deterred = math.exp(-p.effect_tribunal_wait * (area.tribunal_wait_carried - area.tribunal_wait_start))
        return float(area.contest_level * means * belief * deterred)

    def is_refused(self, kind: int, month: Month) -> None:
        """Take the refusal, or contest it."""
        self.case, self.appeal = NO_CASE, UNCONTESTED
        self.may_ask_from = month.t + MONTHS_BEFORE_NEW_REQUEST
        if draw(self.key, month.keys.contest_refusal) < month.p.prob_contest_refusal * self.contest_factor(month.p):
            self.contests(kind, month)

    def contests(self, kind: int, month: Month) -> None:
        """Go to mediation first, or straight to the tribunal."""
        self.appeal = kind
        if draw(self.key, month.keys.mediate) < month.p.share_mediation:
            self.case, self.may_move_on_from = MEDIATING, month.t + 2
            self.area.seen.mediations += 1.0
        else:
            self.appeals(month)

    def appeals(self, month: Month) -> None:
        """Register the appeal on the tribunal's docket."""
        seen = self.area.seen
        self.case, self.registered = APPEALING, month.t
        self.area.docket[month.t % DOCKET_MONTHS] += 1
        seen.appeals_registered += 1.0
        seen.appeals_refusal_to_assess += self.appeal == REFUSAL_TO_ASSESS
        seen.appeals_refusal_to_issue += self.appeal == REFUSAL_TO_ISSUE
        seen.appeals_contents += self.appeal == CONTENTS
        seen.appeals_disadvantaged += self.disadvantaged == 1

    def thinks_of_contesting(self, month: Month) -> None:
        """Contest what the plan says, or the placement that it names."""
        if self.sen_status != PLAN or self.case != NO_CASE or self.may_ask_from > month.t:
            return
        p = month.p
        u, highest = draw(self.key, month.keys.contest_contents), p.rate_contest_contents * HIGHEST_OVER_USUAL
        if u >= highest:
            return
        rate = p.rate_contest_contents * self.contest_factor(p) * self.unmet / p.unmet_reference
        if u < (rate * p.factor_contest_placement if self.wants_special and names_placement(p) else rate):
            self.contests(CONTENTS, month)

    def ends_mediation(self, month: Month) -> None:
        """If a mediation's time has come, agree with the authority, go on to the tribunal, or give up."""
        if self.case != MEDIATING or self.may_move_on_from > month.t:
            return
        p = month.p
        u = draw(self.key, month.keys.mediation_outcome)
        if u < p.prob_mediation_agrees:
            self.area.seen.mediations_agreed += 1.0
            self.wins(month)
        elif u < p.prob_mediation_agrees + p.prob_mediation_to_appeal:
            self.appeals(month)
        else:
            self.loses(month)

    def is_heard(self, month: Month) -> None:
        """Have the appeal disposed of if it has its turn: settled before the hearing, or decided."""
        if self.case != APPEALING or self.registered > month.hearing_cutoff:
            return
        if self.registered == month.hearing_cutoff and draw(self.key, month.keys.hearing_turn) >= month.hearing_share:
            return
        area, seen = self.area, self.area.seen
        area.docket[self.registered % DOCKET_MONTHS] -= 1
        seen.appeals_disposed += 1.0
        seen.appeal_wait_months += month.t - self.registered
        if draw(self.key, month.keys.concede) < area.chance_settled:
            seen.appeals_settled += 1.0
            self.wins(month)
            return
        seen.appeals_decided += 1.0
        if draw(self.key, month.keys.uphold) < area.chance_upheld:
            seen.appeals_upheld += 1.0
            self.wins(month)
        else:
            self.loses(month)

    def wins(self, month: Month) -> None:
        """Get what was contested: an assessment, a plan, or what the plan is to say."""
        area, kind = self.area, self.appeal
        area.seen.contests_won += 1.0
        if kind == REFUSAL_TO_ASSESS:
            self.appeal, self.opened = UNCONTESTED, month.t
            self.start_assessment(month)
        elif kind == REFUSAL_TO_ISSUE:  # the kind of appeal stays on the case until the plan is written
            self.case, self.opened, self.may_move_on_from = DRAFTING, month.t, month.t + 1
            area.seen.drafts_begun += 1.0
        else:
            self.case, self.appeal, self.may_ask_from = NO_CASE, UNCONTESTED, month.t + MONTHS_PER_YEAR
            self.provision_gbp = kept(self.provision_gbp * (1.0 + month.p.gain_provision_appeal))
            if self.wants_special and names_placement(month.p):
                self.is_given_a_special_place()

    def is_given_a_special_place(self) -> None:
        """Take a state special place if one is vacant, and an independent one if not."""
        area = self.area
        if area.special_places - area.special_pupils >= 1.0:
            self.move_to(STATE_SPECIAL)
            area.seen.placed_state_special += 1.0
        else:
            self.move_to(INDEPENDENT_SPECIAL)
            area.seen.placed_independent += 1.0

    def loses(self, month: Month) -> None:
        """Give up for a year."""
        self.case, self.appeal, self.may_ask_from = NO_CASE, UNCONTESTED, month.t + MONTHS_PER_YEAR

    # ------------------------------------------------------------------ places

    def join_waiting_list(self) -> None:
        """Begin to wait for a specialist place."""
        if not self.wants_special:
            self.wants_special = 1
            self.area.waiting_special += 1.0
            self.area.seen.specialist_places_sought += 1.0

    def leave_waiting_list(self) -> None:
        """Wait no longer for a specialist place."""
        if self.wants_special:
            self.wants_special = 0
            self.area.waiting_special -= 1.0

    def move_to(self, setting: int) -> None:
        """Move, and keep the counts of places right; in mainstream and alternative provision the wait goes on."""
        if setting not in (MAINSTREAM, ALTERNATIVE):
            self.leave_waiting_list()
        self.counts_at_its_place(-1.0)
        self.setting = setting
        self.counts_at_its_place(1.0)

    def counts_at_its_place(self, one: float) -> None:
        """Add one to the pupils, or take one off them, where places are counted."""
        if self.setting == STATE_SPECIAL:
            self.area.special_pupils += one
        elif self.setting == UNIT:
            self.school.unit_pupils += one
            self.area.unit_pupils += one

    def is_placed(self, month: Month) -> None:
        """Give up a plan that is no longer needed, take a place for which the child waits, or see a placement fail."""
        if self.sen_status != PLAN:
            return
        young = month.t - self.born < AFTER_16
        if young and self.case == NO_CASE and self.plan_has_done_its_work(month):
            self.loses_plan()
            self.sen_status = SEN_SUPPORT
            if self.setting >= UNIT:
                self.move_to(MAINSTREAM if self.school.is_school else EARLY_YEARS)
            self.area.seen.plans_ceased_need_met += 1.0
        elif self.wants_special:
            self.takes_a_place(month)
        elif young and self.setting in (MAINSTREAM, UNIT) and self.placement_breaks_down(month):
            self.join_waiting_list()
            self.area.seen.placements_broken_down += 1.0

    def plan_has_done_its_work(self, month: Month) -> bool:
        """Say whether the plan ceases because the need is met."""
        rate = month.p.rate_plan_ceases
        return bool(draw(self.key, month.keys.plan_ceases) < rate * (1.0 - self.unmet))

    def takes_a_place(self, month: Month) -> None:
        """Take a state special place, one in the school's unit, an independent one, or wait out of school."""
        p, area, key, keys = month.p, self.area, self.key, month.keys
        in_mainstream = self.setting == MAINSTREAM
        host = self.unit_found(month)
        if area.vacant >= 1.0 and draw(key, keys.state_place) < area.chance_of_place:
            self.move_to(STATE_SPECIAL)
            area.vacant -= 1.0
            area.seen.placed_state_special += 1.0
        elif host is not None:
            self.school = host
            self.move_to(UNIT)
        elif area.independent_allowance >= 1.0 and draw(key, keys.independent_place) < (
            area.rate_independent * self.severity(p) / p.severity_special
        ):
            self.move_to(INDEPENDENT_SPECIAL)
            area.independent_allowance -= 1.0
            area.seen.placed_independent += 1.0
        elif in_mainstream and draw(key, keys.elsewhere_place) < p.rate_elsewhere * self.unmet:
            self.setting = ELSEWHERE

    def unit_found(self, month: Month) -> PlainSchool | None:
        """Return the school of a unit of the child's phase with a free place, if the family takes to one this month."""
        area = self.area
        in_reach = self.setting == MAINSTREAM and area.unit_places - area.unit_pupils >= 1.0
        if in_reach and draw(self.key, month.keys.unit_place) < month.p.prob_unit:
            return area.free_unit(self.school.secondary)
        return None

    def placement_breaks_down(self, month: Month) -> bool:
        """Say whether a placement in mainstream breaks down: the more unmet and the severer the need, the likelier."""
        p, u = month.p, draw(self.key, month.keys.breakdown)
        if u >= HIGHEST_BREAKDOWN_RATE:
            return False
        strained = math.exp(p.effect_unmet_on_breakdown * (self.unmet - p.unmet_reference))
        return bool(u < p.rate_breakdown * strained * self.severity(p) / p.severity_special)

    def changes_setting(self, month: Month) -> None:
        """Be excluded, withdraw to home education, or come back from either."""
        setting = self.setting
        if setting not in (MAINSTREAM, ALTERNATIVE, ELSEWHERE, HOME):
            return
        u = draw(self.key, month.keys.changes_setting)
        if u >= month.highest_moving_rate:
            return
        if setting == MAINSTREAM:
            if month.t >= self.emerges and u < HIGHEST_MOVING_RATE:
                self.may_leave_mainstream(u, month)
        elif u < (month.p.rate_return_home if setting == HOME else month.p.rate_return_alternative):
            self.setting = MAINSTREAM

    def may_leave_mainstream(self, u: float, month: Month) -> None:
        """Be excluded, or withdraw."""
        p, seen = month.p, self.area.seen
        exclusion = self.rate_of_exclusion(month)
        lost = max(0.0, 1.0 - self.confidence_acted_on)
        if u < exclusion:
            seen.exclusions += 1.0
            self.setting = ALTERNATIVE
            if self.sen_status == PLAN:
                self.join_waiting_list()
            else:
                self.sen_status = SEN_SUPPORT
        elif u < exclusion + p.rate_home_education * lost * lost * self.unmet:
            self.leave_waiting_list()
            self.setting = HOME
            seen.home_educations += 1.0

    def rate_of_exclusion(self, month: Month) -> float:
        """Return the monthly rate of exclusion: unmet need, in a school that cannot cover the need on its roll."""
        p = month.p
        rate = p.rate_exclusion * (1.0 - month.d.closure) * self.unmet * (1.5 - self.school.coverage)
        if self.need == SEMH:
            rate *= p.factor_exclusion_semh
        return float(rate if self.school.secondary else rate * p.factor_exclusion_primary)

    # ------------------------------------------------------------------ phases

    def grows_out(self) -> None:
        """Leave at 25."""
        if self.setting == LEFT:
            return
        if self.sen_status == PLAN:
            self.loses_plan()
        self.withdraws_case()
        self.move_to(LEFT)

    def enters_school(self, month: Month) -> None:
        """Enter a primary school of the neighbourhood."""
        self.school = self.chosen(self.area.neighbourhoods[self.cluster, 0], month)
        if self.setting == EARLY_YEARS:
            self.setting = MAINSTREAM

    def is_reassessed(self, share: float, destination: int, month: Month) -> None:
        """Be reassessed with this chance outside special schools: keep the plan if it would be given now, or lose it.

        Without it the child is on SEN support where it goes, and the family may contest that.
        """
        p, seen = month.p, self.area.seen
        if self.setting in (STATE_SPECIAL, INDEPENDENT_SPECIAL):
            return
        if draw(self.key, month.keys.reassessed) >= share:
            return
        seen.reassessments += 1.0
        if draw(self.key, month.keys.keeps_plan) * (1.0 + self.odds_against(p)) < 1.0:
            return
        self.loses_plan()
        self.sen_status = SEN_SUPPORT
        if self.setting >= UNIT or destination == POST_16:
            self.move_to(destination)
        seen.plans_ceased_reassessed += 1.0
        self.is_refused(REFUSAL_TO_ISSUE, month)

    def transfers(self, month: Month) -> None:
        """Go on to a secondary school of the neighbourhood; a unit is left behind, a plan perhaps reassessed."""
        reached = self.born >= MONTHS_PER_YEAR * (month.p.reassessed_born_from_year - FIRST_YEAR)
        if self.sen_status == PLAN and reached:
            self.is_reassessed(month.p.reassessed_at_transfer, MAINSTREAM, month)
        elif self.sen_status == SEN_SUPPORT and self.case == NO_CASE:
            ends = month.p.share_support_ends_at_transfer * self.ease_of_leaving_support(month.p)
            if draw(self.key, month.keys.support_at_transfer) < ends:
                self.sen_status = NO_SEN
        if self.setting == UNIT:
            self.move_to(MAINSTREAM)
        self.school = self.chosen(self.area.neighbourhoods[self.cluster, 1], month)

    def chosen(self, schools: list[PlainSchool], month: Month) -> PlainSchool:
        """Return the school the child enters: by size and, the severer the need the more, by reputation (R6)."""
        p = month.p
        strength = p.effect_reputation * min(self.severity(p) / p.severity_reference, 3.0)
        total = 0.0
        for school in schools:
            total += school.pull(strength)
        mark = draw(self.key, month.keys.school_choice) * total
        for school in schools[:-1]:
            mark -= school.pull(strength)
            if mark < 0.0:
                return school
        return schools[-1]

    def goes_on_or_leaves(self, month: Month) -> None:
        """Decide in September, from 16 on, whether to go on in education, and where."""
        if self.sen_status == PLAN:
            self.goes_on_with_plan_or_leaves(month)
        elif self.setting == POST_16:
            if month.t - self.born >= SCHOOL_AGE_LIMIT and self.case == NO_CASE:
                self.setting, self.sen_status = LEFT, NO_SEN
        elif self.setting != LEFT:
            p = month.p
            if self.case != NO_CASE or draw(self.key, month.keys.post_16) < p.share_stays_without_plan:
                self.setting = POST_16
            else:
                self.setting, self.sen_status = LEFT, NO_SEN

    def goes_on_with_plan_or_leaves(self, month: Month) -> None:
        """Let the plan cease with the chance of this age (B6), or go on in school or in further education."""
        area, years = self.area, (month.t - 1 - self.born) // MONTHS_PER_YEAR  # on 31 August
        exits = area.stock_carried / max(area.stock, 1e-9)
        if draw(self.key, month.keys.leaves_education) < prob_leaves(years, month) * exits:
            self.loses_plan()
            self.move_to(LEFT)
        elif years == 16:
            self.is_reassessed(month.p.reassessed_at_16, POST_16, month)
            if self.sen_status != PLAN:
                return
            in_special = self.setting in (STATE_SPECIAL, INDEPENDENT_SPECIAL)
            if not in_special and draw(self.key, month.keys.post_16) < month.p.share_further_education:
                self.move_to(POST_16)
        elif years >= 19 and self.setting != POST_16:
            self.move_to(POST_16)

    # ------------------------------------------------------------------ the census

    def is_counted(self, census: "Census", month: Month) -> None:
        """Say where the child stands; then live through the month's support, and say how the child is after it."""
        if month.t < self.emerges:
            return
        census.plans_in_setting[self.sen_status][self.setting] += 1
        if self.case != NO_CASE:
            census.waiting[self.case] += 1
            self.area.lists_case(self)
        if self.sen_status == PLAN:
            self.area.lists_plan(self)
            self.topup_is_counted(census, month)
        elif self.setting == POST_16:
            return
        met = self.learns_from_support(month)
        if self.setting != POST_16:
            self.answers_census(census, met, month)

    def answers_census(self, census: "Census", met: float, month: Month) -> None:
        """Say how the child is and what the family thinks at the end of the month."""
        setting, label, p = self.setting, self.sen_status, month.p
        cost = self.severity(p)
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

    def topup_is_counted(self, census: "Census", month: Month) -> None:
        """Say what top-up the plan brings; what of it is pooled the school must find."""
        if self.setting in (EARLY_YEARS, MAINSTREAM, UNIT):
            topup = self.topup(month.p.notional_sen_threshold_gbp, month.p)
            if self.setting in (MAINSTREAM, UNIT):
                more = self.topup(0.0, month.p) - topup
                census.first_part += more
                if census.input_funding > 0.0:
                    topup += census.input_funding * more
                    self.school.demand_gbp_k -= census.input_funding * more / month.d.price_index / 1000.0
            pooled = census.adds_topup(topup, month.p)
            if self.setting in (MAINSTREAM, UNIT):
                self.school.demand_gbp_k += pooled

    def topup(self, school_pays_first: float, p: Plain) -> float:
        """Return the top-up paid for the plan, pounds a year: what its provision costs beyond the threshold."""
        beyond = self.provision_gbp * self.area.topup_index - school_pays_first
        return float(max(beyond, p.topup_floor_gbp) * p.share_topup_named)


def names_placement(p: Plain) -> bool:
    """Say whether a contest can name a special place."""
    return bool(p.contest_names_placement > 0.5)


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


def prob_leaves(years: int, month: Month) -> float:
    """Return the chance that a plan ceases in the September after this age: the 2014 Act extends plans to 25."""
    p, act = month.p, month.d.act
    after = {16: p.prob_leave_16, 17: p.prob_leave_17, 18: p.prob_leave_18, 19: p.prob_leave_19}
    before = {16: p.prob_leave_16_before_act, 17: p.prob_leave_17_before_act, 18: p.prob_leave_18_before_act}
    return float(act * after.get(years, p.prob_leave_20_plus) + (1.0 - act) * before.get(years, 1.0))


# ---------------------------------------------------------------------- the verbs of the month, in one area


def children_change_phase(area: PlainAuthority, month: Month) -> None:
    """Let young people leave at 25; in September let children enter school, transfer at 11, go on or leave at 16."""
    t = month.t
    for family in area.aged(t, AGE_LIMIT, AGE_LIMIT + 1):
        family.grows_out()
    if month.d.month_of_year != SEPTEMBER:
        return
    for family in area.aged(t, RECEPTION, RECEPTION + MONTHS_PER_YEAR):
        family.enters_school(month)
    area.sets_its_threshold(month.p)
    for family in area.aged(t, SECONDARY, SECONDARY + MONTHS_PER_YEAR):
        family.transfers(month)
    for family in area.aged(t, AFTER_16, AGE_LIMIT):
        family.goes_on_or_leaves(month)
    area.lists_who_goes_on(t)


def closures_deepen_needs(area: PlainAuthority, month: Month) -> None:
    """Let the pandemic's closures make needs harder to meet: of speech before school, of SEMH at school age."""
    if month.d.closure == 0.0:
        return
    harder = 1.0 + month.p.effect_closure_on_need * month.d.closure / MONTHS_PER_YEAR
    for family in area.aged(month.t, 0, LEAVING_AGE):
        if family.need == (SLCN if month.t - family.born < SCHOOL_AGE else SEMH):
            family.base_need_gbp_k = float(np.float32(family.base_need_gbp_k * harder))


def schools_identify_needs(area: PlainAuthority, month: Month) -> None:
    """Put children whose need shows on SEN support; take children off it whose need is light or met."""
    for family in area.aged(month.t, FIRST_AGE, LEAVING_AGE):
        family.changes_label(month)


def families_request(area: PlainAuthority, month: Month) -> None:
    """Let families ask, and schools back or make, requests for an EHC needs assessment."""
    area.sets_the_mood_for_requests(month)
    for family in area.aged(month.t, FIRST_AGE, SCHOOL_AGE_LIMIT):
        family.requests_assessment(month)


def authorities_assess(area: PlainAuthority, month: Month) -> None:
    """Move every case whose turn has come one stage on; refuse, agree, issue."""
    area.sets_its_threshold(month.p)
    for family in area.with_case:
        family.case_moves_on(month)


def families_contest(area: PlainAuthority, month: Month) -> None:
    """Let mediations end, and families contest the contents of plans."""
    for family in area.with_case:
        family.ends_mediation(month)
    for family in area.with_plan:
        family.thinks_of_contesting(month)


def tribunal_decides(area: PlainAuthority, month: Month) -> None:
    """Dispose of the appeals that have their turn; overloaded authorities settle fewer."""
    p = month.p
    eased = (p.casework_reference / max(area.casework_load, 1e-9)) ** p.elasticity_settle
    area.chance_settled = p.prob_settle * min(1.0, eased)
    followed = (month.threshold_start / p.severity_threshold) ** p.response_upheld_to_threshold
    upheld = p.prob_upheld * min(followed, 1.0)
    area.chance_upheld = upheld + (1.0 - upheld) * area.contest_belief_carried
    for family in area.with_case:
        family.is_heard(month)


def authorities_place_children(area: PlainAuthority, month: Month) -> None:
    """Let placements break down, and share out units, state special and independent places among those who wait."""
    area.takes_stock_of_places(month.p)
    for family in area.with_plan:
        family.is_placed(month)


def schools_exclude_and_families_withdraw(area: PlainAuthority, month: Month) -> None:
    """Let schools exclude, families withdraw to home education, and both groups come back."""
    for family in area.aged(month.t, RECEPTION + MONTHS_PER_YEAR, AFTER_16):
        family.changes_setting(month)


def children_receive_support(area: PlainAuthority, month: Month) -> None:
    """Let every family live through this month's support, and count: by school, by authority, by setting."""
    area.prepares_support(month)
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
        self.waiting = [0] * 6  # by Case
        self.plans_in_setting = [[0] * 10 for _ in range(3)]  # by SenStatus and Setting
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
        without, on_support, with_plan = self.plans_in_setting
        area.plans_in_setting = with_plan
        area.topup_other_gbp, area.topup_severe_gbp = self.topup_other, self.topup_severe
        area.first_part_gbp, area.input_funding = self.first_part, self.input_funding
        area.plans = sum(with_plan)
        area.sen_support = sum(on_support) - on_support[POST_16]
        area.alternative_pupils = without[ALTERNATIVE] + on_support[ALTERNATIVE] + with_plan[ALTERNATIVE]
        n_with_plan = area.plans - with_plan[POST_16]
        self.n_all = sum(sum(row) - row[POST_16] for row in self.plans_in_setting)
        area.confidence = self.trust / max(self.n_all, 1.0)
        others = (self.trust - self.trust_with_plan) / max(self.n_all - n_with_plan, 1.0)
        area.plan_bonus = area.confidence - others

    def is_tallied(self, area: PlainAuthority) -> None:
        """Tally what observables are made of."""
        seen = area.seen
        on_support = self.plans_in_setting[SEN_SUPPORT]
        seen.plans_in_force = area.plans
        seen.pupils_sen_support = on_support[MAINSTREAM] + on_support[ALTERNATIVE]
        seen.pupils_sen_support_secondary = sum(s.support_pupils for s in area.schools if s.secondary)
        seen.cases_open = sum(self.waiting[DECIDING:])
        seen.waiting_decision = self.waiting[DECIDING]
        seen.waiting_psychologist = self.waiting[ASSESSING]
        seen.waiting_draft = self.waiting[DRAFTING]
        seen.children_with_need, seen.children_with_need_disadvantaged = self.n_all, self.disadvantaged
        seen.need_gbp_k, seen.need_met_gbp_k = self.need_sum, self.met_sum
        seen.unmet_children, seen.unmet_children_disadvantaged = self.unmet, self.unmet_disadvantaged
        seen.confidence_sum, seen.confidence_count = self.trust, self.n_all


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
            area.lists_who_goes_on(-1)
            for family in area.here(-1):
                if family.sen_status == PLAN:
                    area.lists_plan(family)
                if family.case != NO_CASE:
                    area.lists_case(family)
        self.families = [family for area in self.areas for family in area.families]

    def step(self) -> None:
        """Live through one month; before September 2014 with the compiled rules."""
        if self.t < 0:
            super().step()
            return
        w, t = self.world, self.t
        as_numbers(w.tallies).fill(0.0)
        if month_of_year(t) == SEPTEMBER:
            self._enrol_pupils()
        month_opens(w, self.inputs, t)
        self._authorities_live(Month(self))
        month_closes(w, self.inputs, self._everywhere, t)
        self.t += 1

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
