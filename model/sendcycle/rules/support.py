"""Schools support: what they can offer, and what a label and a setting mean for a child's support."""

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.rules.money import input_a_pupil
from sendcycle.state.children import N_SEN_STATUSES, N_SETTINGS, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord
from sendcycle.state.world import Part, World

FULL = (
    0.84  # with as many pupils as places the rounded corner of smooth_share(1, 0.84) leaves nine tenths of the support
)
HIGHEST_CLAIM = 0.9  # part of a school's capacity that individual support plans claim at most
SHARE_WRITTEN_IN_FULL = 0.05  # plans that assure less than this are written in part of the time


@inlined
def isp_writing_gbp_k(p: ParameterRecord) -> float:
    """Return what support the writing of one individual support plan takes, thousand pounds a year."""
    return p.cost_isp_writing_gbp / 1000.0 * min(1.0, p.share_isp_protected / SHARE_WRITTEN_IN_FULL)


@rule
def schools_allocate_support(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Spread each school's inclusive capacity over the need on its roll.

    Individual support plans take hours to write, and then assure part of the need of pupils on SEN support: a first
    claim on the capacity. What is left meets the rest of the load.
    """
    writing = isp_writing_gbp_k(p)
    for a in part:
        la = w.authorities[a]
        for s in range(la.first_school, la.last_school):
            school = w.schools[s]
            money = p.notional_sen_gbp_per_pupil / 1000.0 * school.pupils * d.school_funding
            money += (p.inclusion_grant_gbp_per_pupil - input_a_pupil(la) / d.price_index) / 1000.0 * school.pupils
            capacity = (max(money, 0.0) + school.cluster_funding_gbp_k) * school.skill
            school.capacity_gbp_k = max(capacity - writing * school.support_pupils, 0.0)
            load = school.carried_load_gbp_k * school.pupils
            on_support = load * school.support_load_gbp_k / max(school.demand_gbp_k, 1e-9)
            school.assured = 0.0
            if on_support > 0.0:
                school.assured = min(p.share_isp_protected, HIGHEST_CLAIM * school.capacity_gbp_k / on_support)
            claimed = school.assured * on_support
            school.coverage_of_rest = smooth_share(school.capacity_gbp_k - claimed, load - claimed)
            school.coverage = school.coverage_of_rest
            if claimed > 0.0:
                school.coverage = (claimed + school.coverage_of_rest * (load - claimed)) / load


@inlined
def smooth_share(capacity: float, demand: float) -> float:
    """Return the share of a demand that a capacity meets: min(1, capacity / demand) with a rounded corner."""
    if demand <= 0.0:
        return 1.0
    ratio = capacity / demand
    square = ratio * ratio
    return ratio / (1.0 + square * square) ** 0.25


@compiled
def support_table(
    la: AuthorityRecord, p: ParameterRecord, open_share: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, by SenStatus and Setting, the part of a need that is met in any case, and what ordinary support adds.

    Need met = assured + ordinary * (what the child's school and outside specialists offer).
    """
    assured = np.zeros((N_SEN_STATUSES, N_SETTINGS))
    ordinary = np.zeros((N_SEN_STATUSES, N_SETTINGS))
    protected = p.share_plan_protected * min(1.0, la.inclusion_budget_carried**p.elasticity_topup_value)
    uncrowded = smooth_share(la.special_places, la.special_pupils * FULL)
    for label in range(N_SEN_STATUSES):
        for setting in range(Setting.UNIT + 1):
            ordinary[label, setting] = 1.0
        assured[label, Setting.STATE_SPECIAL] = p.met_special * uncrowded
        assured[label, Setting.INDEPENDENT_SPECIAL] = p.met_special
        assured[label, Setting.ALTERNATIVE] = p.met_alternative
        assured[label, Setting.HOME] = p.met_home
        assured[label, Setting.ELSEWHERE] = p.met_elsewhere
    for setting in range(Setting.UNIT + 1):
        ordinary[SenStatus.NONE, setting] = p.share_universal / (1.0 - p.share_specialist_help)
    assured[SenStatus.PLAN, Setting.EARLY_YEARS] = assured[SenStatus.PLAN, Setting.MAINSTREAM] = protected
    ordinary[SenStatus.PLAN, Setting.EARLY_YEARS] = ordinary[SenStatus.PLAN, Setting.MAINSTREAM] = 1.0 - protected
    assured[SenStatus.PLAN, Setting.UNIT], ordinary[SenStatus.PLAN, Setting.UNIT] = p.met_unit, 1.0 - p.met_unit
    assured[SenStatus.PLAN, Setting.POST_16] = p.met_post_16
    for label in range(N_SEN_STATUSES):
        for setting in range(N_SETTINGS):
            assured[label, setting] *= open_share
            ordinary[label, setting] *= open_share
    return assured.reshape(N_SEN_STATUSES * N_SETTINGS), ordinary.reshape(N_SEN_STATUSES * N_SETTINGS)


@compiled
def school_columns(
    w: World, la: AuthorityRecord, p: ParameterRecord
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return, for the authority's schools, what they offer of a need, and what a family there hears of mainstream.

    They offer one share to pupils on SEN support and another to the rest. What a family hears is weighed against what
    it lives through. The last place stands for no school: the early years, where the area is heard.
    """
    n = la.last_school - la.first_school
    to_support, offered, heard = np.empty(n + 1), np.empty(n + 1), np.empty(n + 1)
    by_school, weight, campaign = 1.0 - p.share_specialist_help, p.weight_neighbours, p.confidence_campaign
    area = la.confidence + la.confidence_shift
    offered[n], heard[n] = p.coverage_early_years * by_school, area * weight + campaign
    to_support[n] = offered[n]
    for s in range(n):
        school = w.schools[la.first_school + s]
        offered[s] = school.coverage_of_rest * by_school
        to_support[s] = (school.assured + (1.0 - school.assured) * school.coverage_of_rest) * by_school
        said = area
        if school.confidence_count > 0.0:
            said = school.confidence_sum / school.confidence_count + la.confidence_shift
        heard[s] = said * weight + campaign
    return to_support, offered, heard
