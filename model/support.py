"""Schools support: how much of each child's need is met, and what remembering it does."""

import numpy as np
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
    """Work out what share of each need is met this month; remembered unmet need and confidence follow (R7).

    Confidence moves towards what the family lives through and what its school's families say.
    """
    c = w.children
    closed = 1.0 - p.effect_closure * d.closure
    own = 1.0 - p.weight_neighbours
    for a in part:
        la = w.authorities[a]
        crowding = smooth_share(la.special_places, la.special_pupils * 0.84)
        helped = p.share_specialist_help
        protected = p.share_plan_protected * min(1.0, la.inclusion_budget_carried**p.elasticity_topup_value)
        therapy_help = helped * (0.5 * la.outreach + 0.5 * la.therapy_coverage)
        outreach_help = helped * la.outreach
        area = la.mean_confidence + la.confidence_shift
        coverage_of, heard_at = school_columns(w, la, area)
        first = la.first_school
        low, high = rows_of_ages(w, a, t, FIRST_AGE, AGE_LIMIT)
        for i in range(low, high):
            setting = c.setting[i]
            label = c.label[i]
            if setting == Setting.LEFT or (setting == Setting.POST_16 and label != Label.PLAN):
                continue
            if not has_emerged(c, i, t):
                continue
            school = c.school[i] - first
            heard = heard_at[school] if school >= 0 else area
            if setting <= Setting.UNIT:
                specialist = outreach_help if c.need[i] >= Need.LEARNING else therapy_help
                coverage = coverage_of[school] if school >= 0 else p.coverage_early_years
                ordinary = (1.0 - helped) * coverage + specialist
                if label == Label.NONE:
                    met = p.share_universal * coverage
                elif label == Label.SEN_SUPPORT:
                    met = ordinary
                elif setting == Setting.UNIT:
                    met = p.met_unit + (1.0 - p.met_unit) * ordinary
                else:
                    met = protected + (1.0 - protected) * ordinary
                if c.wants_special[i] == 1:
                    met *= 1.0 - p.penalty_wrong_place
            elif setting == Setting.STATE_SPECIAL:
                met = p.met_special * crowding
            elif setting == Setting.INDEPENDENT_SPECIAL:
                met = p.met_special
            elif setting == Setting.POST_16:
                met = p.met_post_16
            elif setting == Setting.ALTERNATIVE:
                met = p.met_alternative
            elif setting == Setting.HOME:
                met = p.met_home
            else:
                met = p.met_elsewhere
            met *= closed
            c.met[i] = met
            gap = 1.0 - met - c.unmet[i]
            c.unmet[i] += (p.rate_memory_up if gap > 0.0 else p.rate_memory_down) * gap
            if setting != Setting.POST_16:
                towards = min(own * met + p.weight_neighbours * heard + p.confidence_campaign, 1.0) - c.confidence[i]
                c.confidence[i] += (p.rate_confidence_rises if towards > 0.0 else p.rate_confidence_falls) * towards


@njit(cache=True)
def school_columns(w, la, area):
    """Return, for the authority's schools, their coverage and what their families say of mainstream."""
    n = la.last_school - la.first_school
    coverage = np.empty(n)
    heard = np.empty(n)
    for s in range(n):
        school = w.schools[la.first_school + s]
        coverage[s] = school.coverage
        heard[s] = area
        if school.confidence_count > 0.0:
            heard[s] = school.confidence_sum / school.confidence_count + la.confidence_shift
    return coverage, heard
