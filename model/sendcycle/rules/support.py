"""Schools support: what they can offer, and what SEN status and setting mean for a child's support."""

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.rules.money import input_funding_gbp_per_pupil
from sendcycle.state.children import N_SEN_STATUSES, N_SETTINGS, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord, SchoolRecord
from sendcycle.state.world import Part, World
from sendcycle.units import GBP_PER_GBP_K

CORNER_ROOT = 0.25  # of 1 + ratio ** 4 in smooth_share: where capacity equals demand 0.84 is met; an assumption
FULL = 0.84  # what a full special school's pupils ask of its places: it then meets nine tenths; an assumption
HIGHEST_CLAIM = 0.9  # part of a school's capacity that individual support plans claim at most; an assumption
SHARE_WRITTEN_IN_FULL = 0.05  # plans that assure less than this are written in part of the time; an assumption
OUTREACH_PART, THERAPY_PART = 0.5, 0.5  # of specialist help for autism, SEMH and SLCN; an assumption
LEAST_DEMAND_GBP_K = 1e-9  # thousand pounds a year; guards a division where a school must pay for nothing


# ---------------------------------------------------------------------- what a school can give, and what of it is met


@inlined
def isp_writing_gbp_k(p: ParameterRecord) -> float:
    """Return what support the writing of one individual support plan takes, thousand pounds a year."""
    return p.cost_isp_writing_gbp / GBP_PER_GBP_K * min(1.0, p.share_isp_protected / SHARE_WRITTEN_IN_FULL)


@inlined
def school_money_gbp_k(school: SchoolRecord, la: AuthorityRecord, p: ParameterRecord, d: DriverRecord) -> float:
    """Return a school's money for SEN, thousand pounds a year at 2014-15 prices: notional, granted, less given up."""
    notional_gbp_k = p.notional_sen_gbp_per_pupil / GBP_PER_GBP_K * school.pupils * d.school_funding
    given_up_gbp = input_funding_gbp_per_pupil(la) / d.price_index
    return notional_gbp_k + (p.inclusion_grant_gbp_per_pupil - given_up_gbp) / GBP_PER_GBP_K * school.pupils


@inlined
def school_capacity_gbp_k(school: SchoolRecord, money_gbp_k: float, writing_gbp_k: float) -> float:
    """Return the support a school can give: what its money comes to by its skill, less the writing of plans."""
    capacity_gbp_k = (max(money_gbp_k, 0.0) + school.cluster_funding_gbp_k) * school.skill
    return max(capacity_gbp_k - writing_gbp_k * school.support_pupils, 0.0)


@inlined
def share_assured(capacity_gbp_k: float, support_load_gbp_k: float, p: ParameterRecord) -> float:
    """Return the part of the need of pupils on SEN support that individual support plans assure, 0 to 1."""
    if support_load_gbp_k > 0.0:
        return min(p.share_isp_protected, HIGHEST_CLAIM * capacity_gbp_k / support_load_gbp_k)
    return 0.0


@inlined
def coverage_of_all(claimed_gbp_k: float, load_gbp_k: float, coverage_of_rest: float) -> float:
    """Return the share met of all need on the roll: what plans claim is met in full, the rest as far as that goes."""
    if claimed_gbp_k > 0.0:
        return (claimed_gbp_k + coverage_of_rest * (load_gbp_k - claimed_gbp_k)) / load_gbp_k
    return coverage_of_rest


@inlined
def spread_capacity(school: SchoolRecord, p: ParameterRecord) -> None:
    """Spread a school's capacity over its load: first what individual support plans claim, then the rest."""
    load_gbp_k = school.carried_load_gbp_k * school.pupils
    support_load_gbp_k = load_gbp_k * school.support_load_gbp_k / max(school.demand_gbp_k, LEAST_DEMAND_GBP_K)
    school.assured = share_assured(school.capacity_gbp_k, support_load_gbp_k, p)
    claimed_gbp_k = school.assured * support_load_gbp_k
    school.coverage_of_rest = smooth_share(school.capacity_gbp_k - claimed_gbp_k, load_gbp_k - claimed_gbp_k)
    school.coverage = coverage_of_all(claimed_gbp_k, load_gbp_k, school.coverage_of_rest)


@rule
def schools_allocate_support(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Spread each school's inclusive capacity over the need on its roll.

    Individual support plans take hours to write, and then assure part of the need of pupils on SEN support: a first
    claim on the capacity. What is left meets the rest of the load.
    """
    writing_gbp_k = isp_writing_gbp_k(p)
    for a in part:
        la = w.authorities[a]
        for s in range(la.first_school, la.last_school):
            school = w.schools[s]
            money_gbp_k = school_money_gbp_k(school, la, p, d)
            school.capacity_gbp_k = school_capacity_gbp_k(school, money_gbp_k, writing_gbp_k)
            spread_capacity(school, p)


@inlined
def smooth_share(capacity: float, demand: float) -> float:
    """Return the share of a demand that a capacity meets: min(1, capacity / demand) with a rounded corner."""
    if demand <= 0.0:
        return 1.0
    ratio = capacity / demand
    square = ratio * ratio
    return ratio / (1.0 + square * square) ** CORNER_ROOT


# ---------------------------------------------------------------------- what a child gets of it


@compiled
def support_table(
    la: AuthorityRecord, p: ParameterRecord, open_share: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, by SenStatus and Setting, the part of a need that is met in any case, and what ordinary support adds.

    See `share_of_need_met`. Both tables are flat: their place is that of `place_in_table`.
    """
    assured = np.zeros((N_SEN_STATUSES, N_SETTINGS))
    ordinary = np.zeros((N_SEN_STATUSES, N_SETTINGS))
    protected = p.share_plan_protected * min(1.0, la.inclusion_budget_carried**p.elasticity_topup_value)
    uncrowded = smooth_share(la.special_places, la.special_pupils * FULL)
    for status in range(N_SEN_STATUSES):
        for setting in range(Setting.UNIT + 1):
            ordinary[status, setting] = 1.0
        assured[status, Setting.STATE_SPECIAL] = p.met_special * uncrowded
        assured[status, Setting.INDEPENDENT_SPECIAL] = p.met_special
        assured[status, Setting.ALTERNATIVE] = p.met_alternative
        assured[status, Setting.HOME] = p.met_home
        assured[status, Setting.ELSEWHERE] = p.met_elsewhere
    for setting in range(Setting.UNIT + 1):
        ordinary[SenStatus.NONE, setting] = p.share_universal / (1.0 - p.share_specialist_help)
    assured[SenStatus.PLAN, Setting.EARLY_YEARS] = assured[SenStatus.PLAN, Setting.MAINSTREAM] = protected
    ordinary[SenStatus.PLAN, Setting.EARLY_YEARS] = ordinary[SenStatus.PLAN, Setting.MAINSTREAM] = 1.0 - protected
    assured[SenStatus.PLAN, Setting.UNIT], ordinary[SenStatus.PLAN, Setting.UNIT] = p.met_unit, 1.0 - p.met_unit
    assured[SenStatus.PLAN, Setting.POST_16] = p.met_post_16
    for status in range(N_SEN_STATUSES):
        for setting in range(N_SETTINGS):
            assured[status, setting] *= open_share
            ordinary[status, setting] *= open_share
    return assured.reshape(N_SEN_STATUSES * N_SETTINGS), ordinary.reshape(N_SEN_STATUSES * N_SETTINGS)


@inlined
def place_in_table(status: int, setting: int) -> np.uint64:
    """Return where a SEN status and a setting stand in a flat table; unsigned, so that no index counts from the end."""
    return np.uint64(status * N_SETTINGS + setting)


@compiled
def school_help(w: World, la: AuthorityRecord, p: ParameterRecord) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each of the authority's schools meets of an ordinary need: on SEN support, and of the rest.

    The last place stands for no school: the early years.
    """
    n = la.last_school - la.first_school
    on_support, of_rest = np.empty(n + 1), np.empty(n + 1)
    by_school = 1.0 - p.share_specialist_help
    of_rest[n] = on_support[n] = p.coverage_early_years * by_school
    for s in range(n):
        school = w.schools[la.first_school + s]
        of_rest[s] = school.coverage_of_rest * by_school
        on_support[s] = (school.assured + (1.0 - school.assured) * school.coverage_of_rest) * by_school
    return on_support, of_rest


@inlined
def specialist_help(la: AuthorityRecord, p: ParameterRecord) -> tuple[float, float]:
    """Return what specialists from outside meet of an ordinary need: by outreach, and by outreach and therapies."""
    by_outreach = p.share_specialist_help * la.outreach
    by_both = p.share_specialist_help * (OUTREACH_PART * la.outreach + THERAPY_PART * la.therapy_coverage)
    return by_outreach, by_both


@inlined
def share_of_need_met(
    assured: float, ordinary: float, help_given: float, wants_special: int, penalty_wrong_place: float
) -> float:
    """Return the share of a need that is met, 0 to 1; less while the child waits for a specialist place.

    Met is what is assured, and of ordinary support as much as school and specialists can give.
    """
    return (assured + ordinary * help_given) * (1.0 - penalty_wrong_place * wants_special)
