"""Transitions between phases: children enter school, transfer at 11, go on or leave from 16, and rolls follow."""

import math

import numpy as np

from sendcycle.ages import (
    AFTER_4_MONTHS,
    AFTER_11_MONTHS,
    AFTER_16_MONTHS,
    AGE_LIMIT_MONTHS,
    SCHOOL_AGE_LIMIT_MONTHS,
    SCHOOL_AGE_LIMIT_YEARS,
    YEARS_16,
    YEARS_17,
    YEARS_18,
    YEARS_19,
)
from sendcycle.calendar import SEPTEMBER
from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.engine.randomness import Decision, draw, stream
from sendcycle.rules.appeals import refuse_case
from sendcycle.rules.assessment import log_threshold_now, odds_against_plan
from sendcycle.rules.cases import end_plan, withdraw_case
from sendcycle.rules.moves import in_special_school, move_to
from sendcycle.rules.needs import ease_of_leaving_support, severity_gbp_k
from sendcycle.rules.rows import over_16_since, rows_of_ages
from sendcycle.state.children import Appeal, Case, Children, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord, Records, SchoolRecord
from sendcycle.state.world import Part, World
from sendcycle.units import MONTHS_PER_YEAR

YEARS_PRIMARY, YEARS_SECONDARY = 7, 5  # year groups in a school
LARGEST_MOVE = 0.5  # log points; no school loses or gains more of its roll by its load, however large the effect
FIRST_YEAR = 2014  # month 0 is its September
MIDDLE_REPUTATION = 0.5  # reputation lies between 0 and 1; in its middle a school draws children by its size
LARGEST_SEVERITY = 3.0  # over the reference; severer needs follow reputations no more than this: an assumption
PHASES = 2  # of schools: primary and secondary
LEAST_STOCK = 1e-9  # of plans over those of 2014; guards a division by none


# ---------------------------------------------------------------------- the choice of a school


@compiled
def choose_school(schools: Records[SchoolRecord], first: int, last: int, pull: float, u: float) -> int:
    """Return which of the neighbourhood's schools, rows first to last - 1, the child enters.

    Schools draw children by size. Families with need also follow a reputation for inclusion, and schools that lack
    it discourage them (R6): `pull` says how strongly.
    """
    drawn = np.empty(last - first)
    total = 0.0
    for s in range(first, last):
        drawn[s - first] = schools[s].roll_as_built * math.exp(
            pull * (schools[s].carried_reputation - MIDDLE_REPUTATION)
        )
        total += drawn[s - first]
    mark = u * total
    for s in range(first, last - 1):
        mark -= drawn[s - first]
        if mark < 0.0:
            return s
    return last - 1


@inlined
def pull_of_reputation(c: Children, i: int, p: ParameterRecord) -> float:
    """Return how strongly a family follows reputations for inclusion: the more, the severer the need."""
    return p.effect_reputation * min(severity_gbp_k(c, i, p) / p.severity_reference, LARGEST_SEVERITY)


@inlined
def enter_school(w: World, p: ParameterRecord, i: int, u: float) -> None:
    """Let the child enter a primary school of its neighbourhood."""
    c = w.children
    first, last = w.cluster_schools[c.cluster[i]], w.cluster_secondary[c.cluster[i]]
    c.school[i] = choose_school(w.schools, first, last, pull_of_reputation(c, i, p), u)
    if c.setting[i] == Setting.EARLY_YEARS:
        c.setting[i] = Setting.MAINSTREAM


@inlined
def enter_secondary_school(w: World, p: ParameterRecord, a: int, i: int, u: float) -> None:
    """Let the child enter a secondary school of its neighbourhood; a unit is left behind."""
    c = w.children
    if c.setting[i] == Setting.UNIT:
        move_to(w, a, i, Setting.MAINSTREAM)
    first, last = w.cluster_secondary[c.cluster[i]], w.cluster_schools[c.cluster[i] + 1]
    c.school[i] = choose_school(w.schools, first, last, pull_of_reputation(c, i, p), u)


def school_rolls_change(schools: Records[SchoolRecord], p: ParameterRecord) -> None:
    """In September let families without need avoid schools that have become overloaded, and the money go with them.

    One year group is new to the school each September, and its choice moves the roll: schools of a phase in a
    neighbourhood share its children out anew, by size and by how far their load has moved since September 2014 (R6).
    """
    load_change = p.effect_load_on_roll * (schools["carried_relative_load"] - schools["relative_load_start"])
    # A known fault, kept until results change: sizes are left out here, so that rolls drift towards equal ones.
    wanted = len(schools) * np.exp(-np.clip(load_change, -LARGEST_MOVE, LARGEST_MOVE))
    phase = PHASES * schools["cluster"] + schools["secondary"]
    wanted /= np.bincount(phase, weights=wanted)[phase]
    years = np.where(schools["secondary"] == 1, YEARS_SECONDARY, YEARS_PRIMARY)
    schools["roll"] += (wanted - schools["roll"]) / years


# ---------------------------------------------------------------------- reassessment


@inlined
def reassess_plan(w: World, p: ParameterRecord, a: int, i: int, t: int, share: float, destination: int) -> None:
    """Reassess a share of plan holders outside special schools: the plan stays if it would be given now.

    Each takes hours of caseworkers and psychologists. Who loses the plan is on SEN support, in mainstream or in
    further education; the family may contest that.
    """
    c = w.children
    if in_special_school(c.setting[i]) or draw(c.key[i], stream(w.seed, Decision.REASSESSED, t)) >= share:
        return
    w.tallies[a].reassessments += 1.0
    against = odds_against_plan(c, i, p, log_threshold_now(w.authorities[a], p))
    if draw(c.key[i], stream(w.seed, Decision.KEEPS_PLAN, t)) * (1.0 + against) < 1.0:
        return
    end_plan(w, a, i)
    c.sen_status[i] = SenStatus.SEN_SUPPORT
    if c.setting[i] >= Setting.UNIT or destination == Setting.POST_16:
        move_to(w, a, i, destination)
    w.tallies[a].plans_ceased_reassessed += 1.0
    refuse_case(w, p, a, i, t, Appeal.REFUSAL_TO_ISSUE.value)


@inlined
def support_ends(c: Children, i: int, p: ParameterRecord, u: float) -> bool:
    """Say whether SEN support ends at the transfer: the lighter the need, the likelier."""
    return u < p.share_support_ends_at_transfer * ease_of_leaving_support(c, i, p)


@inlined
def review_at_transfer(w: World, p: ParameterRecord, a: int, i: int, t: int, u: float) -> None:
    """Look anew at what the child has when it transfers: a plan may be reassessed, SEN support may end."""
    c = w.children
    reached = c.born[i] >= MONTHS_PER_YEAR * (p.reassessed_born_from_year - FIRST_YEAR)
    if c.sen_status[i] == SenStatus.PLAN and reached:
        reassess_plan(w, p, a, i, t, p.reassessed_at_transfer, Setting.MAINSTREAM.value)
    elif c.sen_status[i] == SenStatus.SEN_SUPPORT and c.case[i] == Case.NONE and support_ends(c, i, p, u):
        c.sen_status[i] = SenStatus.NONE


# ---------------------------------------------------------------------- going on or leaving


@inlined
def leave_at_25(w: World, a: int, i: int) -> None:
    """Let the young person leave education; a plan ceases, a case is withdrawn."""
    c = w.children
    if c.setting[i] == Setting.LEFT:
        return
    if c.sen_status[i] == SenStatus.PLAN:
        end_plan(w, a, i)
    else:
        withdraw_case(w, a, i)
    move_to(w, a, i, Setting.LEFT)


@inlined
def leave_without_plan(c: Children, i: int) -> None:
    """Let a young person without a plan leave education, and SEN support end."""
    c.setting[i] = Setting.LEFT
    c.sen_status[i] = SenStatus.NONE


@inlined
def decide_without_plan(c: Children, p: ParameterRecord, i: int, t: int, u: float) -> None:
    """Decide in September whether a young person over 16 without a plan goes on to further education, or leaves it."""
    if c.setting[i] == Setting.LEFT:
        return
    if c.setting[i] == Setting.POST_16:
        if t - c.born[i] >= SCHOOL_AGE_LIMIT_MONTHS and c.case[i] == Case.NONE:
            leave_without_plan(c, i)
    elif c.case[i] != Case.NONE or u < p.share_stays_without_plan:
        c.setting[i] = Setting.POST_16
    else:
        leave_without_plan(c, i)


@inlined
def prob_leaves(p: ParameterRecord, age_years: int, act: float) -> float:
    """Return the chance that a plan ceases in the September after this age: the 2014 Act extends plans to 25."""
    if age_years == YEARS_16:
        after, before = p.prob_leave_16, p.prob_leave_16_before_act
    elif age_years == YEARS_17:
        after, before = p.prob_leave_17, p.prob_leave_17_before_act
    elif age_years == YEARS_18:
        after, before = p.prob_leave_18, p.prob_leave_18_before_act
    elif age_years == YEARS_19:
        after, before = p.prob_leave_19, 1.0
    else:
        after, before = p.prob_leave_20_plus, 1.0
    return act * after + (1.0 - act) * before


@inlined
def exits_carried(la: AuthorityRecord) -> float:
    """Return how many more plans cease than by age alone, as B6 carries the stock of plans: 1 with a gain of 1."""
    return la.stock_carried / max(la.stock, LEAST_STOCK)


@inlined
def decide_with_plan(
    w: World, p: ParameterRecord, d: DriverRecord, a: int, i: int, t: int, u_leaves: float, u_where: float
) -> None:
    """Decide in September whether a young person over 16 goes on with a plan, and where."""
    c = w.children
    age_years = (t - 1 - c.born[i]) // MONTHS_PER_YEAR  # on 31 August
    if u_leaves < prob_leaves(p, age_years, d.act) * exits_carried(w.authorities[a]):
        end_plan(w, a, i)
        move_to(w, a, i, Setting.LEFT)
    elif age_years == YEARS_16:  # school ends, and those who go on choose where
        reassess_plan(w, p, a, i, t, p.reassessed_at_16, Setting.POST_16.value)
        keeps_plan = c.sen_status[i] == SenStatus.PLAN
        if keeps_plan and not in_special_school(c.setting[i]) and u_where < p.share_further_education:
            move_to(w, a, i, Setting.POST_16)
    elif age_years >= SCHOOL_AGE_LIMIT_YEARS and c.setting[i] != Setting.POST_16:
        move_to(w, a, i, Setting.POST_16)


# ---------------------------------------------------------------------- the rule


@rule
def children_change_phase(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let young people leave at 25; in September let children enter school, transfer at 11, go on or leave at 16."""
    for a in part:
        low, high = rows_of_ages(w, a, t, AGE_LIMIT_MONTHS, AGE_LIMIT_MONTHS + 1)
        for i in range(low, high):
            leave_at_25(w, a, i)
    if d.month_of_year != SEPTEMBER:
        return
    c = w.children
    choice = stream(w.seed, Decision.SCHOOL_CHOICE, t)
    reviews = stream(w.seed, Decision.SUPPORT_AT_TRANSFER, t)
    after_16 = stream(w.seed, Decision.POST_16, t)
    leaves = stream(w.seed, Decision.LEAVES_EDUCATION, t)
    for a in part:
        low, high = rows_of_ages(w, a, t, AFTER_4_MONTHS, AFTER_4_MONTHS + MONTHS_PER_YEAR)
        for i in range(low, high):
            enter_school(w, p, i, draw(c.key[i], choice))
        low, high = rows_of_ages(w, a, t, AFTER_11_MONTHS, AFTER_11_MONTHS + MONTHS_PER_YEAR)
        for i in range(low, high):
            review_at_transfer(w, p, a, i, t, draw(c.key[i], reviews))
            enter_secondary_school(w, p, a, i, draw(c.key[i], choice))
        low, high = rows_of_ages(w, a, t, AFTER_16_MONTHS, AGE_LIMIT_MONTHS)
        for i in range(low, high):
            if c.sen_status[i] == SenStatus.PLAN:
                decide_with_plan(w, p, d, a, i, t, draw(c.key[i], leaves), draw(c.key[i], after_16))
            else:
                decide_without_plan(c, p, i, t, draw(c.key[i], after_16))
    list_over_16s_in_education(w, part, t)


@rule
def list_over_16s_in_education(w: World, part: Part, t: int) -> None:
    """List the over-16s of this September who are in education: the others never come back, and are passed over."""
    for a in part:
        low, high = rows_of_ages(w, a, t, over_16_since(t), AGE_LIMIT_MONTHS)
        first = w.rows[a, 0]
        n = first
        for i in range(low, high):
            if w.children.setting[i] != Setting.LEFT:
                w.going_on_rows[n] = i
                n += 1
        w.authorities[a].n_going_on_rows = n - first
