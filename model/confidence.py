"""Confidence follows experience: each family's own, its neighbours', and what the area has learned from contests."""

from numba import njit

from model.children import AGE_LIMIT, FIRST_AGE, SCHOOL_AGE_LIMIT, Label, Setting
from model.needs import has_emerged, rows_of_ages, severity
from model.world import rule


@rule
def families_learn(w, p, d, part, t):
    """Move each family's confidence towards what it lives through and what its school's families say (R7)."""
    c = w.children
    for a in part:
        la = w.authorities[a]
        area = la.mean_confidence + la.confidence_shift
        own = 1.0 - p.weight_neighbours
        low, high = rows_of_ages(w, a, t, FIRST_AGE, SCHOOL_AGE_LIMIT)
        for i in range(low, high):
            setting = c.setting[i]
            if setting == Setting.LEFT or setting == Setting.POST_16 or not has_emerged(c, i, t):
                continue
            heard = area
            s = c.school[i]
            if s >= 0 and w.schools[s].confidence_count > 0.0:
                heard = w.schools[s].confidence_sum / w.schools[s].confidence_count + la.confidence_shift
            target = own * c.met[i] + p.weight_neighbours * heard + p.confidence_campaign
            gap = min(target, 1.0) - c.confidence[i]
            c.confidence[i] += (p.rate_confidence_rises if gap > 0.0 else p.rate_confidence_falls) * gap


@njit(cache=True)
def clear_school_counts(school):
    """Empty the month's counts of one school."""
    school.demand_gbp_k = 0.0
    school.need_load = 0.0
    school.plans = 0.0
    school.sen_support = 0.0
    school.confidence_sum = 0.0
    school.confidence_count = 0.0


@rule
def pupils_are_counted(w, p, d, part, t):
    """Take the month-end census: by school, by authority, by setting."""
    c = w.children
    for a in part:
        la = w.authorities[a]
        seen = w.tallies[a]
        for s in range(la.first_school, la.last_school):
            clear_school_counts(w.schools[s])
        in_setting = la.in_setting
        for k in range(in_setting.shape[0]):
            in_setting[k] = 0.0
        la.topup_other_gbp, la.topup_severe_gbp = 0.0, 0.0
        support, plans, alternative, pending, with_need = 0.0, 0.0, 0.0, 0.0, 0.0
        confidence_plan, confidence_other, n_plan, n_other = 0.0, 0.0, 0.0, 0.0
        unmet, unmet_fsm, fsm, need_sum, met_sum = 0.0, 0.0, 0.0, 0.0, 0.0
        threshold_k = p.notional_sen_threshold_gbp / 1000.0 / d.price_index
        low, high = rows_of_ages(w, a, t, FIRST_AGE, AGE_LIMIT)
        for i in range(low, high):
            label = c.label[i]
            setting = c.setting[i]
            if setting == Setting.LEFT or (setting == Setting.POST_16 and label == Label.NONE and c.case[i] == 0):
                continue
            if not has_emerged(c, i, t):
                continue
            cost = severity(c, i, p)
            s = c.school[i]
            if c.case[i] != 0:
                pending += 1.0
            if label == Label.PLAN:
                plans += 1.0
                in_setting[setting] += 1.0
                if setting <= Setting.UNIT:
                    if c.topup_gbp[i] > p.topup_severe_above_gbp:
                        la.topup_severe_gbp += c.topup_gbp[i]
                    else:
                        la.topup_other_gbp += c.topup_gbp[i]
            elif label == Label.SEN_SUPPORT and setting != Setting.POST_16:
                support += 1.0
            if setting == Setting.ALTERNATIVE:
                alternative += 1.0
            if setting == Setting.POST_16:
                continue
            with_need += 1.0
            need_sum += cost
            met_sum += cost * c.met[i]
            unmet += 1.0 - c.met[i]
            if c.disadvantaged[i] == 1:
                fsm += 1.0
                unmet_fsm += 1.0 - c.met[i]
            if label == Label.PLAN:
                n_plan += 1.0
                confidence_plan += c.confidence[i]
            else:
                n_other += 1.0
                confidence_other += c.confidence[i]
            if s >= 0 and setting <= Setting.UNIT and setting > 0:
                school = w.schools[s]
                school.need_load += cost
                school.confidence_sum += c.confidence[i]
                school.confidence_count += 1.0
                if label == Label.PLAN:
                    school.plans += 1.0
                    school.demand_gbp_k += min(cost, threshold_k)
                elif label == Label.SEN_SUPPORT:
                    school.sen_support += 1.0
                    school.demand_gbp_k += cost
                else:
                    school.demand_gbp_k += p.share_universal * cost
        la.sen_support, la.plans, la.alternative_pupils = support, plans, alternative
        mean_other = confidence_other / max(n_other, 1.0)
        la.mean_confidence = (confidence_plan + confidence_other) / max(n_plan + n_other, 1.0)
        la.plan_bonus = la.mean_confidence - mean_other
        la.confidence = la.mean_confidence
        seen.plans_in_force = plans
        seen.pupils_sen_support = support
        seen.cases_open = pending
        seen.children_with_need = with_need
        seen.need_gbp_k = need_sum
        seen.need_met_gbp_k = met_sum
        seen.unmet_children = unmet
        seen.children_with_need_disadvantaged = fsm
        seen.unmet_children_disadvantaged = unmet_fsm
        seen.confidence_sum = confidence_plan + confidence_other
        seen.confidence_count = n_plan + n_other


@rule
def reputations_follow(w, p, d, part, t):
    """Let each school's reputation follow its families' confidence, and its incentive follow need and money (R3, R6)."""
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
def area_learns(w, p, d, part, t):
    """Let each area learn whether contesting pays (R4) and hear of announced restrictions (R9)."""
    for a in part:
        la = w.authorities[a]
        seen = w.tallies[a]
        children = max(la.sen_support + la.plans, 1.0) / 1000.0
        la.wins_smoothed += (seen.contests_won / children - la.wins_smoothed) / 12.0
        target = la.wins_smoothed / (la.wins_smoothed + p.wins_half_belief)
        la.contest_belief += p.rate_belief * (target - la.contest_belief)
        la.requests_smoothed += (seen.requests - la.requests_smoothed) / 6.0
        la.requests_usual += (seen.requests - la.requests_usual) / 36.0
        surge = min(la.requests_smoothed / max(la.requests_usual, 1e-9), 3.0)
        if p.announced_restriction > 0.0:
            spread = p.rate_awareness * p.announced_restriction * surge * surge
            la.anticipation += min(spread, 1.0) * (p.announced_restriction - la.anticipation)
        else:
            la.anticipation *= 1.0 - p.rate_awareness_fades

