"""Schools support: how much of each child's need is met, and what remembering it does."""

from numba import njit

from model.children import AGE_LIMIT, FIRST_AGE, Label, Need, Setting
from model.needs import has_emerged, rows_of_ages
from model.world import rule


@rule
def schools_spread_support(w, p, d, part, t):
    """Spread each school's inclusive capacity over the need on its roll."""
    for a in part:
        la = w.authorities[a]
        for s in range(la.first_school, la.last_school):
            school = w.schools[s]
            money = p.notional_sen_gbp_per_pupil / 1000.0 * school.pupils * d.school_funding
            school.capacity_gbp_k = (money + school.cluster_funding_gbp_k) * school.skill
            school.coverage = smooth_share(school.capacity_gbp_k, school.demand_gbp_k)


@njit(cache=True, inline="always")
def smooth_share(capacity, demand):
    """Return the share of a demand that a capacity meets: min(1, capacity / demand) with a rounded corner."""
    if demand <= 0.0:
        return 1.0
    ratio = capacity / demand
    square = ratio * ratio
    return ratio / (1.0 + square * square) ** 0.25


@rule
def children_are_supported(w, p, d, part, t):
    """Work out what share of each need is met this month, and let the memory of unmet need follow."""
    c = w.children
    closed = 1.0 - p.effect_closure * d.closure
    for a in part:
        la = w.authorities[a]
        crowding = smooth_share(la.special_places, la.special_pupils * 0.84)
        helped = p.share_specialist_help
        protected = p.share_plan_protected * min(1.0, la.inclusion_budget_carried ** p.elasticity_topup_value)
        therapy_help = helped * (0.5 * la.outreach + 0.5 * la.therapy_coverage)
        outreach_help = helped * la.outreach
        low, high = rows_of_ages(w, a, t, FIRST_AGE, AGE_LIMIT)
        for i in range(low, high):
            setting = c.setting[i]
            if setting == Setting.LEFT or not has_emerged(c, i, t):
                continue
            label = c.label[i]
            if setting <= Setting.UNIT:
                specialist = outreach_help if c.need[i] >= Need.LEARNING else therapy_help
                school = c.school[i]
                coverage = w.schools[school].coverage if school >= 0 else p.coverage_early_years
                ordinary = (1.0 - helped) * coverage + specialist
                if label == Label.NONE:
                    met = p.share_universal * coverage
                elif label == Label.SEN_SUPPORT:
                    met = ordinary
                else:
                    met = protected + (1.0 - protected) * ordinary
                    if setting == Setting.UNIT:
                        met = p.met_unit + (1.0 - p.met_unit) * ordinary
                if c.wants_special[i] == 1:
                    met *= 1.0 - p.penalty_wrong_place
            elif setting == Setting.STATE_SPECIAL:
                met = p.met_special * crowding
            elif setting == Setting.INDEPENDENT_SPECIAL:
                met = p.met_special
            elif setting == Setting.POST_16:
                if label != Label.PLAN:
                    continue
                met = p.met_post_16
            elif setting == Setting.ALTERNATIVE:
                met = p.met_alternative
            elif setting == Setting.HOME:
                met = p.met_home
            else:
                met = p.met_elsewhere
            met *= closed
            c.met[i] = met
            gap = 1.0 - met
            rate = p.rate_memory_up if gap > c.unmet[i] else p.rate_memory_down
            c.unmet[i] += rate * (gap - c.unmet[i])
