"""What a mainstream school can do: inclusive skill, built slowly, and the pooled money that reaches it."""

import math

from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.rules.money import pool_gbp_per_pupil, pooled_share
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord, SchoolRecord
from sendcycle.state.world import Part, World
from sendcycle.units import GBP_PER_GBP_K

LEAST_MEAN_NEED_GBP_K = 1e-9  # need a pupil, thousand pounds a year; guards a division by none


@compiled
def pupils_paid_for(w: World, p: ParameterRecord, s: int) -> float:
    """Return for how many pupils a school gets pooled money: its own, or by need of those of its cluster."""
    school = w.schools[s]
    first, last = w.cluster_schools[school.cluster], w.cluster_schools[school.cluster + 1]
    need_gbp_k, pupils = 0.0, 0.0
    for other in range(first, last):
        need_gbp_k += w.schools[other].need_load_gbp_k
        pupils += w.schools[other].pupils
    by_need = pupils * school.need_load_gbp_k / need_gbp_k if need_gbp_k > 0.0 else school.pupils
    both = p.share_throughput_funding + p.share_cluster_funding
    return float((p.share_throughput_funding * school.pupils + p.share_cluster_funding * by_need) / both)


@inlined
def mean_load_gbp_k(w: World, la: AuthorityRecord) -> float:
    """Return the need a pupil in the authority's schools, thousand pounds a year."""
    pupils = 0.0
    need_gbp_k = 0.0
    for s in range(la.first_school, la.last_school):
        pupils += w.schools[s].pupils
        need_gbp_k += w.schools[s].need_load_gbp_k
    return need_gbp_k / max(pupils, 1.0)


@inlined
def relative_load(school: SchoolRecord, mean_gbp_k: float) -> float:
    """Return the school's need a pupil over the authority's."""
    return school.need_load_gbp_k / max(school.pupils, 1.0) / max(mean_gbp_k, LEAST_MEAN_NEED_GBP_K)


@inlined
def skill_target(school: SchoolRecord, budget: float, staff: float, p: ParameterRecord) -> float:
    """Return the skill that money (R2), staff (R8) and the load beside other schools (R6) would lead to in the end."""
    marked_down = math.exp(-p.effect_load_on_skill * max(school.carried_relative_load - 1.0, 0.0))
    return school.skill_start * budget * staff * marked_down * p.inclusion_support


@inlined
def next_skill(skill: float, target: float, p: ParameterRecord) -> float:
    """Return the school's skill after a month on the way to its target."""
    return skill + (p.rate_skill_build if target > skill else p.rate_skill_lost) * (target - skill)


@inlined
def pooled_money_gbp_k(w: World, la: AuthorityRecord, p: ParameterRecord, s: int) -> float:
    """Return the pooled money a school gets, thousand pounds a year at 2014-15 prices."""
    return pool_gbp_per_pupil(la, p) / GBP_PER_GBP_K * pupils_paid_for(w, p, s) if pooled_share(p) > 0.0 else 0.0


@rule
def schools_build_skill(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let each school's inclusive skill follow, slowly, the money, staff and pressure it works under (R2, R6, R8)."""
    for a in part:
        la = w.authorities[a]
        budget = la.inclusion_budget_carried**p.elasticity_skill_budget
        staff = la.drain_carried ** (-p.elasticity_skill_drain)
        mean_gbp_k = mean_load_gbp_k(w, la)
        for s in range(la.first_school, la.last_school):
            school = w.schools[s]
            school.relative_load = relative_load(school, mean_gbp_k)
            school.skill = next_skill(school.skill, skill_target(school, budget, staff, p), p)
            school.cluster_funding_gbp_k = pooled_money_gbp_k(w, la, p, s)
