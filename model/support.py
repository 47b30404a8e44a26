"""Schools support: what they can offer, and what a label and a setting mean for a child's support."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from model.children import N_LABELS, N_SETTINGS, Label, Setting
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


@njit(cache=True)
def support_table(la: Record, p: Record, open_share: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, by Label and Setting, the part of a need that is met in any case, and what ordinary support adds.

    Need met = assured + ordinary * (what the child's school and outside specialists offer).
    """
    assured = np.zeros((N_LABELS, N_SETTINGS))
    ordinary = np.zeros((N_LABELS, N_SETTINGS))
    protected = p.share_plan_protected * min(1.0, la.inclusion_budget_carried**p.elasticity_topup_value)
    uncrowded = smooth_share(la.special_places, la.special_pupils * FULL)
    for label in range(N_LABELS):
        for setting in range(Setting.UNIT + 1):
            ordinary[label, setting] = 1.0
        assured[label, Setting.STATE_SPECIAL] = p.met_special * uncrowded
        assured[label, Setting.INDEPENDENT_SPECIAL] = p.met_special
        assured[label, Setting.ALTERNATIVE] = p.met_alternative
        assured[label, Setting.HOME] = p.met_home
        assured[label, Setting.ELSEWHERE] = p.met_elsewhere
    for setting in range(Setting.UNIT + 1):
        ordinary[Label.NONE, setting] = p.share_universal / (1.0 - p.share_specialist_help)
    assured[Label.PLAN, Setting.EARLY_YEARS] = assured[Label.PLAN, Setting.MAINSTREAM] = protected
    ordinary[Label.PLAN, Setting.EARLY_YEARS] = ordinary[Label.PLAN, Setting.MAINSTREAM] = 1.0 - protected
    assured[Label.PLAN, Setting.UNIT], ordinary[Label.PLAN, Setting.UNIT] = p.met_unit, 1.0 - p.met_unit
    assured[Label.PLAN, Setting.POST_16] = p.met_post_16
    for label in range(N_LABELS):
        for setting in range(N_SETTINGS):
            assured[label, setting] *= open_share
            ordinary[label, setting] *= open_share
    return assured.reshape(N_LABELS * N_SETTINGS), ordinary.reshape(N_LABELS * N_SETTINGS)


@njit(cache=True)
def school_columns(w: World, la: Record, p: Record) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, for the authority's schools, what they offer of a need, and what a family there hears of mainstream.

    What it hears is weighed against what it lives through. The last place stands for no school: the early years, where
    the area is heard.
    """
    n = la.last_school - la.first_school
    offered, heard = np.empty(n + 1), np.empty(n + 1)
    by_school, weight, campaign = 1.0 - p.share_specialist_help, p.weight_neighbours, p.confidence_campaign
    area = la.mean_confidence + la.confidence_shift
    offered[n], heard[n] = p.coverage_early_years * by_school, area * weight + campaign
    for s in range(n):
        school = w.schools[la.first_school + s]
        offered[s] = school.coverage * by_school
        said = area
        if school.confidence_count > 0.0:
            said = school.confidence_sum / school.confidence_count + la.confidence_shift
        heard[s] = said * weight + campaign
    return offered, heard
