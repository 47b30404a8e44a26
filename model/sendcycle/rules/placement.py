"""Specialist places: plans cease, placements break down, and those who wait share out the places there are."""

import math

from sendcycle.ages import AFTER_16_MONTHS
from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.engine.randomness import Decision, draw, stream
from sendcycle.rules.cases import end_plan, listed_plans
from sendcycle.rules.moves import in_mainstream_school, join_waiting_list, move_to
from sendcycle.rules.needs import severity_gbp_k
from sendcycle.state.children import Case, Children, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord, Records, SchoolRecord
from sendcycle.state.world import Part, World

NOWHERE = -1  # no place found, no school
HIGHEST_BREAKDOWN_RATE = 0.1  # a month: an assumption
LEAST_CHILDREN = 1e-9  # children; guards a division by none


# ---------------------------------------------------------------------- what places there are


@inlined
def chance_of_state_place(la: AuthorityRecord, vacant: float) -> float:
    """Return the chance that a child who waits gets a state special place: vacant places over children waiting."""
    return min(1.0, max(vacant, 0.0) / max(la.waiting_special, LEAST_CHILDREN))


@inlined
def rate_of_independent_place(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the monthly rate at which a child of special severity who waits is placed in an independent school (R5).

    Where fewer places are offered than wanted, all who wait have the same chance of one.
    """
    rate = p.rate_independent * la.overflow_carried
    return rate * min(1.0, la.independent_allowance / max(rate * la.waiting_special, LEAST_CHILDREN))


@compiled
def school_with_free_unit(schools: Records[SchoolRecord], la: AuthorityRecord, secondary: int) -> int:
    """Return the authority's first school of the phase with a free place in its unit, or -1."""
    for s in range(la.first_school, la.last_school):
        if schools[s].secondary == secondary and schools[s].unit_places - schools[s].unit_pupils >= 1.0:
            return s
    return NOWHERE


# ---------------------------------------------------------------------- who is placed, and where


@inlined
def school_of_unit_found(w: World, p: ParameterRecord, a: int, i: int, u: float) -> int:
    """Return the school in whose unit a child of a mainstream class finds a place this month, or -1."""
    c = w.children
    la = w.authorities[a]
    in_reach = c.setting[i] == Setting.MAINSTREAM and la.unit_places - la.unit_pupils >= 1.0
    if in_reach and u < p.prob_unit:
        return school_with_free_unit(w.schools, la, w.schools[c.school[i]].secondary)
    return NOWHERE


@inlined
def finds_independent_place(w: World, p: ParameterRecord, a: int, i: int, u: float, rate: float) -> bool:
    """Say whether the authority buys the child an independent place: the severer the need, the likelier."""
    if w.authorities[a].independent_allowance < 1.0:
        return False
    return u < rate * severity_gbp_k(w.children, i, p) / p.severity_special


@inlined
def falls_out_of_school(c: Children, i: int, p: ParameterRecord, u: float) -> bool:
    """Say whether a child who waits in mainstream ends up out of school: the more unmet its need, the likelier."""
    return c.setting[i] == Setting.MAINSTREAM and u < p.rate_elsewhere * c.unmet[i]


@inlined
def need_is_met(c: Children, i: int, p: ParameterRecord, u: float) -> bool:
    """Say whether the plan ceases because the need is met; most draws lie above the rate, whatever the need."""
    return u < p.rate_plan_ceases and u < p.rate_plan_ceases * (1.0 - c.unmet[i])


@inlined
def placement_breaks_down(c: Children, i: int, p: ParameterRecord, u: float) -> bool:
    """Say whether a placement in mainstream breaks down: the more unmet and the severer the need, the likelier."""
    if u >= HIGHEST_BREAKDOWN_RATE:
        return False
    strained = math.exp(p.effect_unmet_on_breakdown * (c.unmet[i] - p.unmet_reference))
    return u < p.rate_breakdown * strained * severity_gbp_k(c, i, p) / p.severity_special


# ---------------------------------------------------------------------- what follows


@inlined
def cease_plan_of_met_need(w: World, a: int, i: int) -> None:
    """End the plan; the child is on SEN support, in mainstream or in early years."""
    c = w.children
    end_plan(w, a, i)
    c.sen_status[i] = SenStatus.SEN_SUPPORT
    if c.setting[i] >= Setting.UNIT:
        move_to(w, a, i, Setting.MAINSTREAM if c.school[i] >= 0 else Setting.EARLY_YEARS)
    w.tallies[a].plans_ceased_need_met += 1.0


@inlined
def take_state_place(w: World, a: int, i: int) -> None:
    """Place the child in a state special school."""
    w.tallies[a].placed_state_special += 1.0
    move_to(w, a, i, Setting.STATE_SPECIAL.value)


@inlined
def take_place_in_unit(w: World, a: int, i: int, school: int) -> None:
    """Place the child in the unit of this school."""
    w.children.school[i] = school
    move_to(w, a, i, Setting.UNIT.value)


@inlined
def take_independent_place(w: World, a: int, i: int) -> None:
    """Place the child in an independent school, out of the places offered to the authority."""
    w.authorities[a].independent_allowance -= 1.0
    w.tallies[a].placed_independent += 1.0
    move_to(w, a, i, Setting.INDEPENDENT_SPECIAL.value)


@rule
def authorities_place_children(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let placements break down, and share out units, state special and independent places among those who wait."""
    c = w.children
    breaks = stream(w.seed, Decision.BREAKDOWN, t)
    state = stream(w.seed, Decision.STATE_PLACE, t)
    unit = stream(w.seed, Decision.UNIT_PLACE, t)
    independent = stream(w.seed, Decision.INDEPENDENT_PLACE, t)
    elsewhere = stream(w.seed, Decision.ELSEWHERE_PLACE, t)
    ceases = stream(w.seed, Decision.PLAN_CEASES, t)
    for a in part:
        la = w.authorities[a]
        vacant = la.special_places - la.special_pupils
        chance = chance_of_state_place(la, vacant)
        la.overflow += p.rate_overflow * ((1.0 - chance) - la.overflow)
        rate_independent = rate_of_independent_place(la, p)
        for i in listed_plans(w, a):
            if c.sen_status[i] != SenStatus.PLAN:
                continue
            key = c.key[i]
            young = t - c.born[i] < AFTER_16_MONTHS
            if young and c.case[i] == Case.NONE and need_is_met(c, i, p, draw(key, ceases)):
                cease_plan_of_met_need(w, a, i)
            elif c.wants_special[i] == 1:
                school = school_of_unit_found(w, p, a, i, draw(key, unit))
                if vacant >= 1.0 and draw(key, state) < chance:
                    take_state_place(w, a, i)
                    vacant -= 1.0
                elif school >= 0:
                    take_place_in_unit(w, a, i, school)
                elif finds_independent_place(w, p, a, i, draw(key, independent), rate_independent):
                    take_independent_place(w, a, i)
                elif falls_out_of_school(c, i, p, draw(key, elsewhere)):
                    c.setting[i] = Setting.ELSEWHERE
            elif young and in_mainstream_school(c.setting[i]) and placement_breaks_down(c, i, p, draw(key, breaks)):
                join_waiting_list(w, a, i)
                w.tallies[a].placements_broken_down += 1.0
