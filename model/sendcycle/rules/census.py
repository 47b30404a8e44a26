"""Month end: every child receives the month's support and is counted, in one pass over the columns."""

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.rules.cases import list_case, list_plan
from sendcycle.rules.confidence import confidence_target, neighbours_part, next_confidence, own_experience
from sendcycle.rules.needs import escalated_gbp_k, remembered_unmet_need
from sendcycle.rules.rows import rows_here
from sendcycle.rules.support import place_in_table, school_help, share_of_need_met, specialist_help, support_table
from sendcycle.rules.topups import count_topup_before_school, count_topup_in_school
from sendcycle.state.children import N_CASES, N_SEN_STATUSES, N_SETTINGS, Case, Need, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord
from sendcycle.state.tally_record import TallyRecord
from sendcycle.state.world import Part, World
from sendcycle.units import GBP_PER_GBP_K

DEMAND, NEED_LOAD, SUPPORT_LOAD, SUPPORT_PUPILS, CONFIDENCE, PUPILS = range(6)  # what is counted at each school
SCHOOL_SUMS = 6  # how many of them
# Need and need met, children not met in full, disadvantaged ones, those of them not met, confidence. A tuple, because
# the compiler keeps its numbers in registers while it goes through the children.
Sums = tuple[float, float, float, float, float, float]
NOTHING = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)  # before the first child


@rule
def children_receive_support(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Meet a share of each need; let remembered unmet need and confidence follow (R7); count by school and setting.

    What SEN status and setting mean for support stands in a small table (`support_table`), so that the loop has few
    branches. Who has a plan or a case is listed for the rules of the next month.
    """
    c = w.children
    # read once: the compiler cannot know that writing to the children leaves parameters as they are
    weight, rises, falls = p.weight_neighbours, p.rate_confidence_rises, p.rate_confidence_falls
    memory_up, memory_down, penalty = p.rate_memory_up, p.rate_memory_down, p.penalty_wrong_place
    escalation, unmet_reference = p.escalation, p.unmet_reference
    threshold_gbp_k = p.notional_sen_threshold_gbp / GBP_PER_GBP_K / d.price_index
    for a in part:
        la = w.authorities[a]
        first, n_schools = la.first_school, la.last_school - la.first_school
        assured, ordinary = support_table(la, p, 1.0 - p.effect_closure * d.closure)
        help_on_support, help_of_rest = school_help(w, la, p)
        by_neighbours = neighbours_part(w, la, p)
        by_outreach, by_outreach_and_therapy = specialist_help(la, p)
        cases = np.zeros(N_CASES, np.int64)
        children = np.zeros(N_SEN_STATUSES * N_SETTINGS, np.int64)  # by SenStatus and Setting
        at_school = np.zeros(n_schools * SCHOOL_SUMS)  # flat, see place_of_sum
        sums, confidence_with_plan = NOTHING, 0.0
        begin_lists_and_topups(la)
        for i in rows_here(w, a, t):
            setting, status = c.setting[i], c.sen_status[i]
            k = place_in_table(status, setting)
            children[k] += 1
            count_case(w, a, i, c.case[i], cases)
            s = np.uint64(c.school[i] - first if c.school[i] >= 0 else n_schools)
            if status == SenStatus.PLAN:
                list_plan(w, a, i)
                if setting == Setting.EARLY_YEARS:
                    count_topup_before_school(c.provision_gbp[i], la, p)
                elif setting <= Setting.UNIT:
                    at_school[place_of_sum(s, DEMAND)] = count_topup_in_school(
                        at_school[place_of_sum(s, DEMAND)], c.provision_gbp[i], la, p, d
                    )
            elif setting == Setting.POST_16:
                continue
            help_given = help_on_support[s] if status == SenStatus.SEN_SUPPORT else help_of_rest[s]
            if status > SenStatus.NONE:
                help_given += by_outreach if c.need[i] >= Need.LEARNING else by_outreach_and_therapy
            met = share_of_need_met(assured[k], ordinary[k], help_given, c.wants_special[i], penalty)
            target = confidence_target(own_experience(setting, c.confidence[i], met), by_neighbours[s], weight)
            c.met[i] = met
            c.unmet[i] = remembered_unmet_need(c.unmet[i], met, memory_up, memory_down)
            c.confidence[i] = next_confidence(c.confidence[i], target, rises, falls)
            if setting != Setting.POST_16:
                cost = escalated_gbp_k(c.base_need_gbp_k[i], c.unmet[i], escalation, unmet_reference)
                sums = add_need(sums, cost, met, c.disadvantaged[i], c.confidence[i])
                if status == SenStatus.PLAN:
                    confidence_with_plan += c.confidence[i]
                if setting == Setting.MAINSTREAM or setting == Setting.UNIT:
                    count_at_school(at_school, s, status, cost, c.confidence[i], threshold_gbp_k)
        la.input_funding = p.share_input_funding
        report_need(w.tallies[a], sums)
        report_schools(w, a, at_school)
        report_who_is_where(w, a, children.reshape(N_SEN_STATUSES, N_SETTINGS), confidence_with_plan)
        report_cases(w.tallies[a], cases)


@inlined
def place_of_sum(s: int | np.uint64, what: int) -> np.uint64:
    """Return where one of the sums of an authority's school s stands; unsigned and flat, which reads faster."""
    return np.uint64(s) * np.uint64(SCHOOL_SUMS) + np.uint64(what)


@inlined
def begin_lists_and_topups(la: AuthorityRecord) -> None:
    """List plan holders and cases anew, and count top-ups from nothing."""
    la.n_plan_rows = 0
    la.n_case_rows = 0
    la.topup_other_gbp = 0.0
    la.topup_severe_gbp = 0.0
    la.first_part_gbp = 0.0


@inlined
def count_case(w: World, a: int, i: int, case: int, cases: NDArray[np.int64]) -> None:
    """Count the child's case by its stage, and list it for next month; most children have none."""
    if case != Case.NONE:
        cases[case] += 1
        list_case(w, a, i)


@inlined
def add_need(sums: Sums, cost: float, met: float, disadvantaged: int, confidence: float) -> Sums:
    """Add a child: its need, how much of it was met, and what its family thinks."""
    need, need_met, unmet, n_disadvantaged, unmet_disadvantaged, confidence_sum = sums
    return (
        need + cost,
        need_met + cost * met,
        unmet + (1.0 - met),
        n_disadvantaged + disadvantaged,
        unmet_disadvantaged + disadvantaged * (1.0 - met),
        confidence_sum + confidence,
    )


@inlined
def paid_by_school_gbp_k(status: int, cost: float, threshold_gbp_k: float) -> float:
    """Return what a school pays of a need: nothing if not identified, all on SEN support, with a plan the £6,000."""
    if status == SenStatus.NONE:
        return 0.0
    if status == SenStatus.SEN_SUPPORT:
        return cost
    return min(cost, threshold_gbp_k)


@inlined
def count_at_school(
    at_school: NDArray[np.float64],
    s: np.uint64,
    status: int,
    cost: float,
    confidence: float,
    threshold_gbp_k: float,
) -> None:
    """Count the child's need at its school, and what its family thinks."""
    at_school[place_of_sum(s, NEED_LOAD)] += cost
    at_school[place_of_sum(s, CONFIDENCE)] += confidence
    at_school[place_of_sum(s, PUPILS)] += 1.0
    at_school[place_of_sum(s, DEMAND)] += paid_by_school_gbp_k(status, cost, threshold_gbp_k)
    if status == SenStatus.SEN_SUPPORT:
        at_school[place_of_sum(s, SUPPORT_LOAD)] += cost
        at_school[place_of_sum(s, SUPPORT_PUPILS)] += 1.0


@compiled
def report_need(tally: TallyRecord, sums: Sums) -> None:
    """Report the authority's need, how much of it was met, and what families think."""
    need, need_met, unmet, n_disadvantaged, unmet_disadvantaged, confidence = sums
    tally.need_gbp_k, tally.need_met_gbp_k, tally.unmet_children = need, need_met, unmet
    tally.children_with_need_disadvantaged = n_disadvantaged
    tally.unmet_children_disadvantaged = unmet_disadvantaged
    tally.confidence_sum = confidence


@compiled
def report_schools(w: World, a: int, at_school: NDArray[np.float64]) -> None:
    """Report each school's need and families, and how many are on SEN support in secondary schools."""
    la, sums = w.authorities[a], at_school.reshape(-1, SCHOOL_SUMS)
    in_secondary = 0.0
    for s in range(la.last_school - la.first_school):
        school = w.schools[la.first_school + s]
        school.demand_gbp_k, school.need_load_gbp_k = sums[s, DEMAND], sums[s, NEED_LOAD]
        school.confidence_sum, school.confidence_count = sums[s, CONFIDENCE], sums[s, PUPILS]
        school.support_load_gbp_k, school.support_pupils = sums[s, SUPPORT_LOAD], sums[s, SUPPORT_PUPILS]
        in_secondary += school.support_pupils * school.secondary
    w.tallies[a].pupils_sen_support_secondary = in_secondary


@compiled
def report_who_is_where(w: World, a: int, children: NDArray[np.int64], confidence_with_plan: float) -> None:
    """Report who is where, by SenStatus and Setting, and how far mainstream is trusted: by all, and with plans (B3)."""
    la, tally = w.authorities[a], w.tallies[a]
    on_support, with_plan = children[SenStatus.SEN_SUPPORT], children[SenStatus.PLAN]
    for setting in range(N_SETTINGS):
        la.plans_in_setting[setting] = with_plan[setting]
    la.plans = with_plan.sum()
    la.sen_support = on_support.sum() - on_support[Setting.POST_16]
    la.alternative_pupils = children[:, Setting.ALTERNATIVE].sum()
    n_all = float(children.sum() - children[:, Setting.POST_16].sum())
    n_without_plan = n_all - (la.plans - with_plan[Setting.POST_16])
    la.confidence = tally.confidence_sum / max(n_all, 1.0)
    la.plan_bonus = la.confidence - (tally.confidence_sum - confidence_with_plan) / max(n_without_plan, 1.0)
    tally.children_with_need = tally.confidence_count = n_all
    tally.plans_in_force = la.plans
    tally.pupils_sen_support = on_support[Setting.MAINSTREAM] + on_support[Setting.ALTERNATIVE]


@compiled
def report_cases(tally: TallyRecord, cases: NDArray[np.int64]) -> None:
    """Report how many cases wait at each stage."""
    tally.cases_open = cases[Case.NONE + 1 :].sum()
    tally.waiting_decision = cases[Case.DECIDING]
    tally.waiting_psychologist = cases[Case.ASSESSING]
    tally.waiting_draft = cases[Case.DRAFTING]
