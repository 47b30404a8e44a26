"""Children are placed: entry and transfer between phases, specialist places, exclusion, home education, leaving."""

import math

import numpy as np

from sendcycle.calendar import SEPTEMBER
from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.engine.randomness import Decision, draw, stream
from sendcycle.rules.cases import (
    end_plan,
    join_waiting_list,
    listed_plans,
    move_to,
    odds_against,
    refuse,
    strictness_now,
    withdraw_case,
)
from sendcycle.rules.needs import (
    AFTER_16,
    ease_of_leaving_support,
    has_emerged,
    over_16_since,
    rows_drawn,
    rows_of_ages,
    severity,
)
from sendcycle.rules.requests import confidence_acted_on
from sendcycle.state.children import (
    AGE_LIMIT,
    MONTHS_PER_YEAR,
    N_SETTINGS,
    SCHOOL_AGE_LIMIT,
    Appeal,
    Case,
    Children,
    Need,
    SenStatus,
    Setting,
)
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord, Records, SchoolRecord
from sendcycle.state.world import Part, World

NOWHERE = -1  # no move
HIGHEST_RATE = 0.02  # a month, exclusion and withdrawal together: no child leaves mainstream faster
HIGHEST_BREAKDOWN_RATE = 0.1  # a month
YEARS_PRIMARY, YEARS_SECONDARY = 7, 5  # year groups in a school
LARGEST_MOVE = 0.5  # log points; no school loses or gains more of its roll by its load, however large the effect
# Ages in months in September of those who were 4 and 11 on 31 August.
RECEPTION, SECONDARY = 4 * 12 + 1, 11 * 12 + 1
FIRST_YEAR = 2014  # month 0 is its September


@compiled
def school_is_chosen(schools: Records[SchoolRecord], first: int, last: int, pull: float, u: float) -> int:
    """Return which of the neighbourhood's schools, rows first to last - 1, the child enters.

    Schools draw children by size. Families with need also follow a reputation for inclusion, and schools that lack
    it discourage them (R6): `pull` says how strongly.
    """
    drawn = np.empty(last - first)
    total = 0.0
    for s in range(first, last):
        drawn[s - first] = schools[s].size * math.exp(pull * (schools[s].carried_reputation - 0.5))
        total += drawn[s - first]
    mark = u * total
    for s in range(first, last - 1):
        mark -= drawn[s - first]
        if mark < 0.0:
            return s
    return last - 1


def school_rolls_change(schools: Records[SchoolRecord], p: ParameterRecord) -> None:
    """In September let families without need avoid schools that have become overloaded, and the money go with them.

    One year group is new to the school each September, and its choice moves the roll: schools of a phase in a
    neighbourhood share its children out anew, by size and by how far their load has moved since September 2014 (R6).
    """
    moved = p.effect_load_on_roll * (schools["carried_relative_load"] - schools["relative_load_start"])
    # A known fault, kept until results change: sizes are left out here, so that rolls drift towards equal ones.
    wanted = len(schools) * np.exp(-np.clip(moved, -LARGEST_MOVE, LARGEST_MOVE))
    phase = 2 * schools["cluster"] + schools["secondary"]
    wanted /= np.bincount(phase, weights=wanted)[phase]
    years = np.where(schools["secondary"] == 1, YEARS_SECONDARY, YEARS_PRIMARY)
    schools["roll"] += (wanted - schools["roll"]) / years


@compiled
def school_with_free_unit(schools: Records[SchoolRecord], la: AuthorityRecord, secondary: int) -> int:
    """Return the authority's first school of the phase with a free place in its unit, or -1."""
    for s in range(la.first_school, la.last_school):
        if schools[s].secondary == secondary and schools[s].unit_places - schools[s].unit_pupils >= 1.0:
            return s
    return -1


@inlined
def pull_of_reputation(c: Children, i: int, p: ParameterRecord) -> float:
    """Return how strongly a family follows reputations for inclusion: the more, the severer the need."""
    return p.effect_reputation * min(severity(c, i, p) / p.severity_reference, 3.0)


@inlined
def reassess_plan(w: World, p: ParameterRecord, a: int, i: int, t: int, share: float, destination: int) -> None:
    """Reassess a share of plan holders outside special schools: the plan stays if it would be given now.

    Each takes hours of caseworkers and psychologists. Who loses the plan is on SEN support, in mainstream or in
    further education; the family may contest that.
    """
    c = w.children
    special = c.setting[i] == Setting.STATE_SPECIAL or c.setting[i] == Setting.INDEPENDENT_SPECIAL
    if special:
        return
    if draw(c.key[i], stream(w.seed, Decision.REASSESSED, t)) >= share:
        return
    tally = w.tallies[a]
    tally.reassessments += 1.0
    against = odds_against(w, p, i, math.log(p.severity_threshold) + strictness_now(w.authorities[a], p))
    if draw(c.key[i], stream(w.seed, Decision.KEEPS_PLAN, t)) * (1.0 + against) >= 1.0:
        end_plan(w, a, i)
        c.sen_status[i] = SenStatus.SEN_SUPPORT
        if c.setting[i] >= Setting.UNIT or destination == Setting.POST_16:
            move_to(w, a, i, destination)
        tally.plans_ceased_reassessed += 1.0
        refuse(w, p, a, i, t, Appeal.REFUSAL_TO_ISSUE.value)


@rule
def children_change_phase(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let young people leave at 25; in September let children enter school, transfer at 11, go on or leave at 16."""
    c = w.children
    for a in part:
        leavers_low, leavers_high = rows_of_ages(w, a, t, AGE_LIMIT, AGE_LIMIT + 1)
        for i in range(leavers_low, leavers_high):
            if c.setting[i] == Setting.LEFT:
                continue
            if c.sen_status[i] == SenStatus.PLAN:
                end_plan(w, a, i)
            else:
                withdraw_case(w, a, i)
            move_to(w, a, i, Setting.LEFT)
    if d.month_of_year != SEPTEMBER:
        return
    choice = stream(w.seed, Decision.SCHOOL_CHOICE, t)
    looked_at_anew = stream(w.seed, Decision.SUPPORT_AT_TRANSFER, t)
    after_16 = stream(w.seed, Decision.POST_16, t)
    leaves = stream(w.seed, Decision.LEAVES_EDUCATION, t)
    for a in part:
        low, high = rows_of_ages(w, a, t, RECEPTION, RECEPTION + MONTHS_PER_YEAR)
        for i in range(low, high):
            k = c.cluster[i]
            first, last = w.cluster_schools[k], w.cluster_secondary[k]
            c.school[i] = school_is_chosen(w.schools, first, last, pull_of_reputation(c, i, p), draw(c.key[i], choice))
            if c.setting[i] == Setting.EARLY_YEARS:
                c.setting[i] = Setting.MAINSTREAM
        low, high = rows_of_ages(w, a, t, SECONDARY, SECONDARY + MONTHS_PER_YEAR)
        reached_from = MONTHS_PER_YEAR * (p.reassessed_born_from_year - FIRST_YEAR)
        for i in range(low, high):
            if c.sen_status[i] == SenStatus.PLAN and c.born[i] >= reached_from:
                reassess_plan(w, p, a, i, t, p.reassessed_at_transfer, Setting.MAINSTREAM.value)
            elif c.sen_status[i] == SenStatus.SEN_SUPPORT and c.case[i] == Case.NONE:
                ends = p.share_support_ends_at_transfer * ease_of_leaving_support(c, i, p)
                if draw(c.key[i], looked_at_anew) < ends:
                    c.sen_status[i] = SenStatus.NONE
            if c.setting[i] == Setting.UNIT:
                move_to(w, a, i, Setting.MAINSTREAM)
            k = c.cluster[i]
            first, last = w.cluster_secondary[k], w.cluster_schools[k + 1]
            c.school[i] = school_is_chosen(w.schools, first, last, pull_of_reputation(c, i, p), draw(c.key[i], choice))
        low, high = rows_of_ages(w, a, t, AFTER_16, AGE_LIMIT)
        for i in range(low, high):
            if c.sen_status[i] == SenStatus.PLAN:
                decide_post_16(w, p, d, a, i, t, draw(c.key[i], leaves), draw(c.key[i], after_16))
            elif c.setting[i] == Setting.POST_16:
                if t - c.born[i] >= SCHOOL_AGE_LIMIT and c.case[i] == Case.NONE:
                    c.setting[i] = Setting.LEFT
                    c.sen_status[i] = SenStatus.NONE
            elif c.setting[i] != Setting.LEFT:
                stays = c.case[i] != Case.NONE or draw(c.key[i], after_16) < p.share_stays_without_plan
                c.setting[i] = Setting.POST_16 if stays else Setting.LEFT
                if not stays:
                    c.sen_status[i] = SenStatus.NONE
    list_over_16s_in_education(w, part, t)


@rule
def list_over_16s_in_education(w: World, part: Part, t: int) -> None:
    """List the over-16s of this September who are in education: the others never come back, and are passed over."""
    for a in part:
        low, high = rows_of_ages(w, a, t, over_16_since(t), AGE_LIMIT)
        first = w.rows[a, 0]
        n = first
        for i in range(low, high):
            if w.children.setting[i] != Setting.LEFT:
                w.going_on_rows[n] = i
                n += 1
        w.authorities[a].n_going_on_rows = n - first


@inlined
def prob_leaves(p: ParameterRecord, age_years: int, act: float) -> float:
    """Return the chance that a plan ceases in the September after this age: the 2014 Act extends plans to 25."""
    if age_years == 16:
        after, before = p.prob_leave_16, p.prob_leave_16_before_act
    elif age_years == 17:
        after, before = p.prob_leave_17, p.prob_leave_17_before_act
    elif age_years == 18:
        after, before = p.prob_leave_18, p.prob_leave_18_before_act
    elif age_years == 19:
        after, before = p.prob_leave_19, 1.0
    else:
        after, before = p.prob_leave_20_plus, 1.0
    return act * after + (1.0 - act) * before


@inlined
def decide_post_16(
    w: World, p: ParameterRecord, d: DriverRecord, a: int, i: int, t: int, u_leaves: float, u_where: float
) -> None:
    """Decide in September whether a young person over 16 goes on with a plan, and where."""
    c = w.children
    la = w.authorities[a]
    age_years = (t - 1 - c.born[i]) // MONTHS_PER_YEAR  # on 31 August
    exits = la.stock_carried / max(la.stock, 1e-9)
    destination = NOWHERE
    if u_leaves < prob_leaves(p, age_years, d.act) * exits:
        end_plan(w, a, i)
        destination = Setting.LEFT.value
    elif age_years == 16:
        reassess_plan(w, p, a, i, t, p.reassessed_at_16, Setting.POST_16.value)
        if c.sen_status[i] != SenStatus.PLAN:
            return
        in_special = c.setting[i] == Setting.STATE_SPECIAL or c.setting[i] == Setting.INDEPENDENT_SPECIAL
        if not in_special and u_where < p.share_further_education:
            destination = Setting.POST_16.value
    elif age_years >= 19 and c.setting[i] != Setting.POST_16:
        destination = Setting.POST_16.value
    if destination != NOWHERE:
        move_to(w, a, i, destination)


@inlined
def leave_waiting_list(w: World, a: int, i: int) -> None:
    """Take the child off the waiting list for a specialist place."""
    if w.children.wants_special[i] == 1:
        w.children.wants_special[i] = 0
        w.authorities[a].waiting_special -= 1.0


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
        tally = w.tallies[a]
        vacant = la.special_places - la.special_pupils
        chance = min(1.0, max(vacant, 0.0) / max(la.waiting_special, 1e-9))
        la.overflow += p.rate_overflow * ((1.0 - chance) - la.overflow)
        rate_independent = p.rate_independent * la.overflow_carried
        # where fewer places are offered than wanted, all who wait have the same chance of one
        rate_independent *= min(1.0, la.independent_allowance / max(rate_independent * la.waiting_special, 1e-9))
        for i in listed_plans(w, a):
            if c.sen_status[i] != SenStatus.PLAN:
                continue
            age = t - c.born[i]
            if age < AFTER_16 and c.case[i] == Case.NONE:
                u = draw(c.key[i], ceases)
                if u < p.rate_plan_ceases and u < p.rate_plan_ceases * (1.0 - c.unmet[i]):
                    end_plan(w, a, i)
                    c.sen_status[i] = SenStatus.SEN_SUPPORT
                    if c.setting[i] >= Setting.UNIT:
                        move_to(w, a, i, Setting.MAINSTREAM if c.school[i] >= 0 else Setting.EARLY_YEARS)
                    tally.plans_ceased_need_met += 1.0
                    continue
            setting = c.setting[i]
            if c.wants_special[i] == 1:
                host = -1
                in_reach = setting == Setting.MAINSTREAM and la.unit_places - la.unit_pupils >= 1.0
                if in_reach and draw(c.key[i], unit) < p.prob_unit:
                    host = school_with_free_unit(w.schools, la, w.schools[c.school[i]].secondary)
                destination = NOWHERE
                if vacant >= 1.0 and draw(c.key[i], state) < chance:
                    destination = Setting.STATE_SPECIAL.value
                    vacant -= 1.0
                    tally.placed_state_special += 1.0
                elif host >= 0:
                    c.school[i] = host
                    destination = Setting.UNIT.value
                elif la.independent_allowance >= 1.0 and draw(c.key[i], independent) < (
                    rate_independent * severity(c, i, p) / p.severity_special
                ):
                    destination = Setting.INDEPENDENT_SPECIAL.value
                    la.independent_allowance -= 1.0
                    tally.placed_independent += 1.0
                elif setting == Setting.MAINSTREAM and draw(c.key[i], elsewhere) < p.rate_elsewhere * c.unmet[i]:
                    c.setting[i] = Setting.ELSEWHERE
                if destination != NOWHERE:
                    move_to(w, a, i, destination)
            elif (setting == Setting.MAINSTREAM or setting == Setting.UNIT) and age < AFTER_16:
                u = draw(c.key[i], breaks)
                if (
                    u < HIGHEST_BREAKDOWN_RATE
                    and u
                    < p.rate_breakdown
                    * math.exp(p.effect_unmet_on_breakdown * (c.unmet[i] - p.unmet_reference))
                    * severity(c, i, p)
                    / p.severity_special
                ):
                    join_waiting_list(w, a, i)
                    tally.placements_broken_down += 1.0


@rule
def schools_exclude_and_families_withdraw(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let schools exclude, families withdraw to home education, and both groups come back."""
    c = w.children
    changes = stream(w.seed, Decision.CHANGES_SETTING, t)
    highest = np.zeros(N_SETTINGS)
    highest[Setting.ALTERNATIVE] = highest[Setting.ELSEWHERE] = p.rate_return_alternative
    highest[Setting.HOME] = p.rate_return_home
    excluded = p.rate_exclusion * (1.5 * p.factor_exclusion_semh)  # with no need met, in a secondary school
    open_share = 1.0 - d.closure
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        withdrawn = p.rate_home_education * (1.0 + abs(la.confidence_shift)) ** 2
        highest[Setting.MAINSTREAM] = min(HIGHEST_RATE, excluded + withdrawn)
        for i in rows_drawn(w, a, t, RECEPTION + MONTHS_PER_YEAR, AFTER_16, changes, c.setting, highest):
            u = draw(c.key[i], changes)
            setting = c.setting[i]
            if setting == Setting.MAINSTREAM:
                if not has_emerged(c, i, t):
                    continue
                school = w.schools[c.school[i]]
                exclusion = p.rate_exclusion * open_share * c.unmet[i] * (1.5 - school.coverage)
                exclusion *= p.factor_exclusion_semh if c.need[i] == Need.SEMH else 1.0
                exclusion *= 1.0 if school.secondary == 1 else p.factor_exclusion_primary
                lost = max(0.0, 1.0 - confidence_acted_on(c, i, la))
                if u < exclusion:
                    tally.exclusions += 1.0
                    c.setting[i] = Setting.ALTERNATIVE
                    if c.sen_status[i] == SenStatus.PLAN:
                        join_waiting_list(w, a, i)
                    else:
                        c.sen_status[i] = SenStatus.SEN_SUPPORT
                elif u < exclusion + p.rate_home_education * lost * lost * c.unmet[i]:
                    leave_waiting_list(w, a, i)
                    c.setting[i] = Setting.HOME
                    tally.home_educations += 1.0
            else:  # alternative provision, elsewhere or home: the draw lies below the rate of return
                c.setting[i] = Setting.MAINSTREAM
