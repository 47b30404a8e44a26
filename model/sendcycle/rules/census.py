"""Month end: every child lives through the month's support and is counted, in one pass over the columns."""

import numpy as np

from sendcycle.engine.compilation import inlined, rule
from sendcycle.rules.cases import list_case, list_plan
from sendcycle.rules.money import pooled_share
from sendcycle.rules.needs import escalated, rows_here
from sendcycle.rules.support import school_columns, support_table
from sendcycle.state.children import N_CASES, N_SEN_STATUSES, N_SETTINGS, Case, Need, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord
from sendcycle.state.world import Part, World


@inlined
def topup_of(provision_gbp: float, school_pays_first: float, la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the top-up paid for a plan in mainstream, pounds a year: what its provision costs beyond the threshold."""
    beyond = provision_gbp * la.topup_index - school_pays_first
    return max(beyond, p.topup_floor_gbp) * p.share_topup_named


@rule
def children_receive_support(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Meet a share of each need; let remembered unmet need and confidence follow (R7); count by school and setting.

    Confidence moves towards what the family lives through and what its school's families say. The loop has few
    branches: what a label and a setting mean for support stands in a small table (`support_table`). Who has a plan or
    a case is listed for the rules of the next month.
    """
    c = w.children
    own, rises, falls = 1.0 - p.weight_neighbours, p.rate_confidence_rises, p.rate_confidence_falls
    memory_up, memory_down = p.rate_memory_up, p.rate_memory_down
    escalation, reference = p.escalation, p.unmet_reference
    penalty = p.penalty_wrong_place
    helped = p.share_specialist_help
    # what a school pays of a need: nothing for one not identified, all on SEN support, the first £6,000 with a plan
    paid_by_school = np.array([0.0, np.inf, p.notional_sen_threshold_gbp / 1000.0 / d.price_index])
    threshold, with_child = p.notional_sen_threshold_gbp, p.share_input_funding
    pooled = pooled_share(p) / d.price_index / 1000.0
    for a in part:
        la = w.authorities[a]
        first = la.first_school
        n_schools = la.last_school - first
        offered_to_support, offered_by, heard_at = school_columns(w, la, p)
        assured, ordinary = support_table(la, p, 1.0 - p.effect_closure * d.closure)
        by_outreach = helped * la.outreach
        by_therapy = helped * (0.5 * la.outreach + 0.5 * la.therapy_coverage)

        demand, need = np.zeros(n_schools), np.zeros(n_schools)
        spoken, families = np.zeros(n_schools), np.zeros(n_schools)
        support_load, on_support_here = np.zeros(n_schools), np.zeros(n_schools)
        waiting = np.zeros(N_CASES, np.int64)
        plans_in_setting = np.zeros((N_SEN_STATUSES, N_SETTINGS), np.int64)  # children with need
        counts = plans_in_setting.reshape(N_SEN_STATUSES * N_SETTINGS)
        topup_other, topup_severe, first_part, need_sum, met_sum = 0.0, 0.0, 0.0, 0.0, 0.0
        trusted, trusted_with_plan = 0.0, 0.0
        unmet_sum, unmet_disadvantaged, disadvantaged = 0.0, 0.0, 0
        la.n_plan_rows = 0
        la.n_case_rows = 0
        for i in rows_here(w, a, t):
            setting = c.setting[i]
            label = c.sen_status[i]
            k = np.uint64(label * N_SETTINGS + setting)
            counts[k] += 1
            if c.case[i] != Case.NONE:
                waiting[c.case[i]] += 1
                list_case(w, a, i)
            in_school = setting == Setting.MAINSTREAM or setting == Setting.UNIT
            if label == SenStatus.PLAN:
                list_plan(w, a, i)
                if setting <= Setting.UNIT:
                    topup = topup_of(c.provision_gbp[i], threshold, la, p)
                    if in_school:
                        more = topup_of(c.provision_gbp[i], 0.0, la, p) - topup
                        first_part += more
                        if with_child > 0.0:  # what comes with the child the school need not find
                            topup += with_child * more
                            demand[c.school[i] - first] -= with_child * more / d.price_index / 1000.0
                    if topup > p.topup_severe_above_gbp:
                        topup_severe += topup
                    else:
                        topup_other += topup
                        if in_school:  # what is pooled is not paid child by child: the school finds it
                            demand[c.school[i] - first] += pooled * topup
            elif setting == Setting.POST_16:
                continue

            school = np.uint64(c.school[i] - first if c.school[i] >= 0 else n_schools)
            specialist = by_outreach if c.need[i] >= Need.LEARNING else by_therapy
            offered = offered_to_support[school] if label == SenStatus.SEN_SUPPORT else offered_by[school]
            offered += specialist if label > SenStatus.NONE else 0.0
            met = (assured[k] + ordinary[k] * offered) * (1.0 - penalty * c.wants_special[i])
            c.met[i] = met
            gap = 1.0 - met - c.unmet[i]
            c.unmet[i] += (memory_up if gap > 0.0 else memory_down) * gap
            # a special school says nothing of mainstream: there, only what others say moves the family
            in_special = setting == Setting.STATE_SPECIAL or setting == Setting.INDEPENDENT_SPECIAL
            lived = c.confidence[i] if in_special else met
            towards = min(own * lived + heard_at[school], 1.0) - c.confidence[i]
            c.confidence[i] += (rises if towards > 0.0 else falls) * towards
            if setting == Setting.POST_16:
                continue

            cost = escalated(c, i, escalation, reference)
            trust = c.confidence[i]
            need_sum += cost
            met_sum += cost * met
            unmet_sum += 1.0 - met
            disadvantaged += c.disadvantaged[i]
            unmet_disadvantaged += c.disadvantaged[i] * (1.0 - met)
            trusted += trust
            if label == SenStatus.PLAN:
                trusted_with_plan += trust
            if in_school:
                need[school] += cost
                spoken[school] += trust
                families[school] += 1.0
                demand[school] += min(cost, paid_by_school[label])
                if label == SenStatus.SEN_SUPPORT:
                    support_load[school] += cost
                    on_support_here[school] += 1.0

        for s in range(n_schools):
            record = w.schools[first + s]
            record.demand_gbp_k, record.need_load_gbp_k = demand[s], need[s]
            record.confidence_sum, record.confidence_count = spoken[s], families[s]
            record.support_load_gbp_k, record.support_pupils = support_load[s], on_support_here[s]
        in_secondary = 0.0
        for s in range(first, la.last_school):
            in_secondary += w.schools[s].support_pupils * w.schools[s].secondary
        holders = plans_in_setting[SenStatus.PLAN]
        on_support = plans_in_setting[SenStatus.SEN_SUPPORT]
        for place in range(N_SETTINGS):
            la.plans_in_setting[place] = holders[place]
        la.topup_other_gbp, la.topup_severe_gbp = topup_other, topup_severe
        la.first_part_gbp, la.input_funding = first_part, p.share_input_funding
        la.plans = holders.sum()
        la.sen_support = on_support.sum() - on_support[Setting.POST_16]
        la.alternative_pupils = plans_in_setting[:, Setting.ALTERNATIVE].sum()
        n_all = float(plans_in_setting.sum() - plans_in_setting[:, Setting.POST_16].sum())
        n_other = n_all - (la.plans - holders[Setting.POST_16])
        la.confidence = trusted / max(n_all, 1.0)
        la.plan_bonus = la.confidence - (trusted - trusted_with_plan) / max(n_other, 1.0)
        tally = w.tallies[a]
        tally.plans_in_force = la.plans
        tally.pupils_sen_support = on_support[Setting.MAINSTREAM] + on_support[Setting.ALTERNATIVE]
        tally.pupils_sen_support_secondary = in_secondary
        tally.cases_open = waiting[1:].sum()
        tally.waiting_decision = waiting[Case.DECIDING]
        tally.waiting_psychologist = waiting[Case.ASSESSING]
        tally.waiting_draft = waiting[Case.DRAFTING]
        tally.children_with_need = n_all
        tally.need_gbp_k = need_sum
        tally.need_met_gbp_k = met_sum
        tally.unmet_children = unmet_sum
        tally.children_with_need_disadvantaged = disadvantaged
        tally.unmet_children_disadvantaged = unmet_disadvantaged
        tally.confidence_sum = trusted
        tally.confidence_count = n_all
