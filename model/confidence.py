"""Confidence follows experience: each family's own, its neighbours', and what the area has learned from contests."""

import numpy as np
from numba import njit

from model.children import AGE_LIMIT, FIRST_AGE, Case, Label, Setting
from model.needs import has_emerged, rows_of_ages, severity
from model.requests import listed_cases
from model.world import Part, Record, World, rule


@njit(cache=True, inline="always")
def topup_of(provision_gbp: float, la: Record, p: Record) -> float:
    """Return the top-up paid for a plan in mainstream, pounds a year: what its provision costs beyond the threshold."""
    beyond = provision_gbp * la.topup_index - p.notional_sen_threshold_gbp
    return max(beyond, p.topup_floor_gbp) * p.share_topup_named


@rule
def pupils_are_counted(w: World, p: Record, d: Record, part: Part, t: int) -> None:
    """Take the month-end census: by school, by authority, by setting."""
    c = w.children
    # what a school pays of a need: nothing for one not identified, all on SEN support, the first £6,000 with a plan
    paid_by_school = np.array([0.0, np.inf, p.notional_sen_threshold_gbp / 1000.0 / d.price_index])
    for a in part:
        la = w.authorities[a]
        seen = w.tallies[a]
        first = la.first_school
        n_schools = la.last_school - first
        demand, need = np.zeros(n_schools), np.zeros(n_schools)
        spoken, families = np.zeros(n_schools), np.zeros(n_schools)
        waiting = np.zeros(6)
        in_setting = np.zeros((3, 10))  # children with need by Label and Setting
        topup_other, topup_severe, need_sum, met_sum = 0.0, 0.0, 0.0, 0.0
        pooled = min(p.share_throughput_funding + p.share_cluster_funding, 1.0) / d.price_index / 1000.0
        unmet, families_of, confidence = np.zeros(2), np.zeros(2), np.zeros(3)
        low, high = rows_of_ages(w, a, t, FIRST_AGE, AGE_LIMIT)
        for i in range(low, high):
            setting = c.setting[i]
            if setting == Setting.LEFT:
                continue
            label = c.label[i]
            if setting == Setting.POST_16:
                in_setting[label, setting] += 1.0
                continue
            if not has_emerged(c, i, t):
                continue
            in_setting[label, setting] += 1.0
            cost = severity(c, i, p)
            met = c.met[i]
            trust = c.confidence[i]
            need_sum += cost
            met_sum += cost * met
            unmet[c.disadvantaged[i]] += 1.0 - met
            families_of[c.disadvantaged[i]] += 1.0
            confidence[label] += trust
            paid = min(cost, paid_by_school[label])
            if setting == Setting.MAINSTREAM or setting == Setting.UNIT:
                s = np.uint64(c.school[i] - first)
                need[s] += cost
                spoken[s] += trust
                families[s] += 1.0
                demand[s] += paid
        for i in listed_cases(w, a):
            setting = c.setting[i]
            if setting == Setting.LEFT:
                continue
            waiting[c.case[i]] += 1.0
            if c.label[i] == Label.PLAN and setting <= Setting.UNIT:
                topup = topup_of(c.provision_gbp[i], la, p)
                if topup > p.topup_severe_above_gbp:
                    topup_severe += topup
                else:
                    topup_other += topup
                    if setting > Setting.EARLY_YEARS:  # what is pooled is not paid child by child: the school finds it
                        demand[c.school[i] - first] += pooled * topup
        for k in range(n_schools):
            school = w.schools[first + k]
            school.demand_gbp_k, school.need_load = demand[k], need[k]
            school.confidence_sum, school.confidence_count = spoken[k], families[k]
        holders = in_setting[Label.PLAN]
        for k in range(holders.shape[0]):
            la.in_setting[k] = holders[k]
        la.topup_other_gbp, la.topup_severe_gbp = topup_other, topup_severe
        la.plans = holders.sum()
        la.sen_support = in_setting[Label.SEN_SUPPORT].sum() - in_setting[Label.SEN_SUPPORT, Setting.POST_16]
        la.alternative_pupils = in_setting[:, Setting.ALTERNATIVE].sum()
        n_plan = la.plans - holders[Setting.POST_16]
        n_all = in_setting.sum() - in_setting[:, Setting.POST_16].sum()
        n_other = n_all - n_plan
        confidence_other = confidence[Label.NONE] + confidence[Label.SEN_SUPPORT]
        la.confidence = confidence.sum() / max(n_all, 1.0)
        la.mean_confidence = la.confidence
        la.plan_bonus = la.confidence - confidence_other / max(n_other, 1.0)
        seen.plans_in_force = la.plans
        seen.pupils_sen_support = (
            in_setting[Label.SEN_SUPPORT, Setting.MAINSTREAM] + in_setting[Label.SEN_SUPPORT, Setting.ALTERNATIVE]
        )
        seen.cases_open = waiting[1:].sum()
        seen.waiting_decision = waiting[Case.REQUESTED]
        seen.waiting_psychologist = waiting[Case.ASSESSED]
        seen.waiting_draft = waiting[Case.DRAFTED]
        seen.children_with_need = n_all
        seen.need_gbp_k = need_sum
        seen.need_met_gbp_k = met_sum
        seen.unmet_children = unmet.sum()
        seen.children_with_need_disadvantaged = families_of[1]
        seen.unmet_children_disadvantaged = unmet[1]
        seen.confidence_sum = confidence.sum()
        seen.confidence_count = n_all


@rule
def reputations_follow(w: World, p: Record, d: Record, part: Part, t: int) -> None:
    """Let each school's reputation follow its families' confidence (R6), and its incentive need and money (R3)."""
    relief = max(0.0, 1.0 - p.notional_sen_threshold_gbp / (p.cost_reference_gbp * d.pay_index))
    individual = 1.0 - min(1.0, p.share_throughput_funding + p.share_cluster_funding)
    for a in part:
        la = w.authorities[a]
        for s in range(la.first_school, la.last_school):
            school = w.schools[s]
            if school.confidence_count > 0.0:
                mean = school.confidence_sum / school.confidence_count
                school.reputation += p.rate_reputation * (mean - school.reputation)
            scarcity = min(school.demand_gbp_k / max(school.capacity_gbp_k, 1e-9), 4.0)
            school.incentive = relief * scarcity * individual


@rule
def area_learns(w: World, p: Record, d: Record, part: Part, t: int) -> None:
    """Let each area learn whether contesting pays (R4) and hear of announced restrictions (R9)."""
    for a in part:
        la = w.authorities[a]
        seen = w.tallies[a]
        children = max(la.sen_support + la.plans, 1.0) / 1000.0
        la.wins_smoothed += (seen.contests_won / children - la.wins_smoothed) / 12.0
        target = la.wins_smoothed / (la.wins_smoothed + p.wins_half_belief)
        la.contest_belief += p.rate_belief * (target - la.contest_belief)
        la.requests_usual += (seen.requests - la.requests_usual) / 36.0
        surge = min(la.requests_arriving / max(la.requests_usual, 1e-9), 3.0)
        if p.announced_restriction > 0.0:
            spread = p.rate_awareness * p.announced_restriction * surge * surge
            la.anticipation += min(spread, 1.0) * (p.announced_restriction - la.anticipation)
        else:
            la.anticipation *= 1.0 - p.rate_awareness_fades
