"""Schools support: how much of each child's need is met, and what remembering it does."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from model.children import AGE_LIMIT, FIRST_AGE, Label, Need, Setting
from model.needs import has_emerged, rows_of_ages
from model.world import Part, Record, World, rule

FULL = (
    0.84  # with as many pupils as places the rounded corner of smooth_share(1, 0.84) leaves nine tenths of the support
)


@rule
def schools_spread_support(w: World, p: Record, d: Record, part: Part, t: int) -> None:
    """Spread each school's inclusive capacity over the need on its roll."""
    for a in part:
        la = w.authorities[a]
        for s in range(la.first_school, la.last_school):
            school = w.schools[s]
            money = p.notional_sen_gbp_per_pupil / 1000.0 * school.pupils * d.school_funding
            school.capacity_gbp_k = (money + school.cluster_funding_gbp_k) * school.skill
            school.coverage = smooth_share(school.capacity_gbp_k, school.carried_load * school.pupils)


@njit(cache=True, inline="always")
def smooth_share(capacity: float, demand: float) -> float:
    """Return the share of a demand that a capacity meets: min(1, capacity / demand) with a rounded corner."""
    if demand <= 0.0:
        return 1.0
    ratio = capacity / demand
    square = ratio * ratio
    return ratio / (1.0 + square * square) ** 0.25


@rule
def children_are_supported(w: World, p: Record, d: Record, part: Part, t: int) -> None:
    """Work out what share of each need is met this month; remembered unmet need and confidence follow (R7).

    Confidence moves towards what the family lives through and what its school's families say. The loop has no
    branches for that: what a label and a setting mean for support stands in a small table (`support_table`).
    """
    c = w.children
    own = 1.0 - p.weight_neighbours
    for a in part:
        la = w.authorities[a]
        area = la.mean_confidence + la.confidence_shift
        coverage_of, heard_at = school_columns(w, la, area, p)
        coverage_of *= 1.0 - p.share_specialist_help
        heard_at *= p.weight_neighbours
        heard_at += p.confidence_campaign
        penalty = p.penalty_wrong_place
        assured, ordinary = support_table(la, p, 1.0 - p.effect_closure * d.closure)
        helped = p.share_specialist_help
        by_outreach = helped * la.outreach
        by_therapy = helped * (0.5 * la.outreach + 0.5 * la.therapy_coverage)
        none = la.last_school - la.first_school
        low, high = rows_of_ages(w, a, t, FIRST_AGE, AGE_LIMIT)
        for i in range(low, high):
            setting = c.setting[i]
            label = c.label[i]
            if setting == Setting.LEFT or (setting == Setting.POST_16 and label != Label.PLAN):
                continue
            if not has_emerged(c, i, t):
                continue
            school = np.uint64(c.school[i] - la.first_school if c.school[i] >= 0 else none)
            k = np.uint64(label * 10 + setting)
            specialist = by_outreach if c.need[i] >= Need.LEARNING else by_therapy
            offered = coverage_of[school] + (specialist if label > Label.NONE else 0.0)
            met = (assured[k] + ordinary[k] * offered) * (1.0 - penalty * c.wants_special[i])
            c.met[i] = met
            gap = 1.0 - met - c.unmet[i]
            c.unmet[i] += (p.rate_memory_up if gap > 0.0 else p.rate_memory_down) * gap
            # a special school says nothing of mainstream: there, only what others say moves the family
            lived = (
                c.confidence[i] if setting == Setting.STATE_SPECIAL or setting == Setting.INDEPENDENT_SPECIAL else met
            )
            towards = min(own * lived + heard_at[school], 1.0) - c.confidence[i]
            c.confidence[i] += (p.rate_confidence_rises if towards > 0.0 else p.rate_confidence_falls) * towards


@njit(cache=True)
def support_table(la: Record, p: Record, open_share: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, by Label and Setting, the part of a need that is met in any case, and what ordinary support adds.

    Need met = assured + ordinary * (what the child's school and outside specialists offer).
    """
    assured = np.zeros((3, 10))
    ordinary = np.zeros((3, 10))
    protected = p.share_plan_protected * min(1.0, la.inclusion_budget_carried**p.elasticity_topup_value)
    uncrowded = smooth_share(la.special_places, la.special_pupils * FULL)
    for label in range(3):
        for setting in range(Setting.UNIT + 1):
            ordinary[label, setting] = 1.0
        assured[label, Setting.STATE_SPECIAL] = p.met_special * uncrowded
        assured[label, Setting.INDEPENDENT_SPECIAL] = p.met_special
        assured[label, Setting.ALTERNATIVE] = p.met_alternative
        assured[label, Setting.HOME] = p.met_home
        assured[label, Setting.ELSEWHERE] = p.met_elsewhere
    ordinary[Label.NONE] *= p.share_universal / (1.0 - p.share_specialist_help)
    assured[Label.PLAN, Setting.EARLY_YEARS] = assured[Label.PLAN, Setting.MAINSTREAM] = protected
    ordinary[Label.PLAN, Setting.EARLY_YEARS] = ordinary[Label.PLAN, Setting.MAINSTREAM] = 1.0 - protected
    assured[Label.PLAN, Setting.UNIT], ordinary[Label.PLAN, Setting.UNIT] = p.met_unit, 1.0 - p.met_unit
    assured[Label.PLAN, Setting.POST_16] = p.met_post_16
    return (assured * open_share).reshape(30), (ordinary * open_share).reshape(30)


@njit(cache=True)
def school_columns(w: World, la: Record, area: float, p: Record) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, for the authority's schools, their coverage and what their families say of mainstream.

    The last place stands for no school: the early years.
    """
    n = la.last_school - la.first_school
    coverage = np.full(n + 1, p.coverage_early_years)
    heard = np.full(n + 1, area)
    for s in range(n):
        school = w.schools[la.first_school + s]
        coverage[s] = school.coverage
        if school.confidence_count > 0.0:
            heard[s] = school.confidence_sum / school.confidence_count + la.confidence_shift
    return coverage, heard
