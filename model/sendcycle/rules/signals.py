"""The signals that the loops carry, and the one place where each gain cuts its loop.

A rule never reads a raw signal: it reads what is carried, `start + gain * (now - start)`. With a gain of 1 that is the
signal; with 0 it stays at its value of September 2014. The rules that compute the raw signal, and those that read the
carried one, are named in `causal_map.toml`.
"""

from sendcycle.engine.compilation import inlined, rule
from sendcycle.rules.money import deficit_share, local_support_grant_gbp
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import PLACE_PIPELINE_MONTHS, AuthorityRecord, DriverRecord, NationRecord, SchoolRecord
from sendcycle.state.world import Part, World

LOWEST_RATIO = 0.05  # of a signal that is a ratio, as a loop carries it: gains above 1 cannot take it to zero
HIGHEST_DEFICIT = 2.0  # years' settlements; a larger deficit makes no stricter; an assumption
LOWEST_STATUTORY_SHARE = 0.01  # of psychologists' hours; guards a ratio where there is no statutory work
GEOMETRIC_MEAN = 0.5  # exponent: services and top-ups count alike in the money for inclusion; an assumption


# ---------------------------------------------------------------------- signals that change slowly


@inlined
def share_with_plan(la: AuthorityRecord) -> float:
    """Return the share of children with SEN who have a plan."""
    return la.plans / max(la.plans + la.sen_support, 1.0)


@inlined
def strictness_wanted(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the strictness to which the authority's deficit leads, log points (B1)."""
    return p.effect_deficit_on_strictness * min(deficit_share(la), HIGHEST_DEFICIT)


@rule
def norm_and_gatekeeping_change(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let the norm of having a plan (R7), and the strictness that deficits bring (B1), change slowly."""
    for a in part:
        la = w.authorities[a]
        norm = share_with_plan(la)
        la.plan_norm += p.rate_norm * (norm - la.plan_norm) if la.plan_norm > 0.0 else norm
        la.gatekeeping += p.rate_gatekeeping * (strictness_wanted(la, p) - la.gatekeeping)


# ---------------------------------------------------------------------- raw signals


@inlined
def support_hours(la: AuthorityRecord) -> float:
    """Return specialist hours without plans, per child on SEN support, 1 = September 2014 (R1)."""
    return la.early_hours / max(la.sen_support, 1.0) / la.hours_per_child_start


@inlined
def inclusion_budget(la: AuthorityRecord, p: ParameterRecord, d: DriverRecord) -> float:
    """Return real money for inclusion, 1 = September 2014: support services a child, and the value of top-ups (R2)."""
    budget_gbp = (la.support_budget_gbp + la.surplus_spent_gbp) / d.price_index + local_support_grant_gbp(la, p)
    services = budget_gbp / max(la.sen_support, 1.0) / la.support_gbp_per_child_start
    return float((services * la.topup_index / d.price_index) ** GEOMETRIC_MEAN)


@inlined
def pull_on_specialists(la: AuthorityRecord, nation: NationRecord, p: ParameterRecord) -> float:
    """Return the pull of statutory work and of independent schools on specialists, 1 = September 2014 (R8)."""
    workload = max(la.statutory_share, LOWEST_STATUTORY_SHARE) / la.statutory_share_start
    independent = nation.independent_pupils / nation.independent_pupils_start
    return float(workload**p.elasticity_drain_workload * independent**p.elasticity_drain_independent)


@inlined
def place_shortage(w: World, la: AuthorityRecord, p: ParameterRecord, a: int) -> float:
    """Return the state special places wanted and neither open nor being built, as a share of places (B4)."""
    building = 0.0
    for k in range(PLACE_PIPELINE_MONTHS):
        building += w.place_pipeline[a, k]
    wanted = la.special_pupils + p.share_waiting_planned_for * la.waiting_special
    return max(0.0, wanted - la.special_places - building) / max(la.special_places, 1.0)


@rule
def measure_authority_signals(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Measure each authority's raw signals at month end."""
    nation = w.nation[0]
    for a in part:
        la = w.authorities[a]
        la.support_hours = support_hours(la)
        la.inclusion_budget = inclusion_budget(la, p, d)
        la.drain = pull_on_specialists(la, nation, p)
        la.place_shortage = place_shortage(w, la, p, a)
        la.wait = la.wait_decision + la.wait_psychologist + la.wait_draft
        la.tribunal_wait = nation.tribunal_wait_months
        la.statutory_advice = la.assessments_arriving
        la.stock = la.plans / max(la.plans_2014, 1.0)


# ---------------------------------------------------------------------- signals as the loops carry them


@inlined
def carry(start: float, now: float, gain: float) -> float:
    """Return the signal as the loop carries it."""
    return start + gain * (now - start)


@inlined
def carry_ratio(start: float, now: float, gain: float) -> float:
    """Return a signal that is a ratio: gains above 1 cannot take it to zero or below."""
    return max(start + gain * (now - start), LOWEST_RATIO)


@inlined
def carry_signals(la: AuthorityRecord, p: ParameterRecord) -> None:
    """Let each loop carry its signals of the authority, in the order of the loops: one line a signal."""
    la.support_hours_carried = carry_ratio(la.support_hours_start, la.support_hours, p.gain_r1_crowding_out)
    la.statutory_advice_carried = carry(la.statutory_advice_start, la.statutory_advice, p.gain_r1_crowding_out)
    la.inclusion_budget_carried = carry_ratio(la.inclusion_budget_start, la.inclusion_budget, p.gain_r2_budget_squeeze)
    la.contest_belief_carried = carry(la.contest_belief_start, la.contest_belief, p.gain_r4_adversarial)
    la.overflow_carried = carry(la.overflow_start, la.overflow, p.gain_r5_placement_escalation)
    la.plan_norm_carried = carry(la.plan_norm_start, la.plan_norm, p.gain_r7_confidence)
    la.drain_carried = carry_ratio(la.drain_start, la.drain, p.gain_r8_workforce_drain)
    la.anticipation_carried = carry(la.anticipation_start, la.anticipation, p.gain_r9_anticipation)
    la.gatekeeping_carried = carry(la.gatekeeping_start, la.gatekeeping, p.gain_b1_gatekeeping)
    la.plan_bonus_carried = carry(la.plan_bonus_start, la.plan_bonus, p.gain_b3_met_need)
    la.place_shortage_carried = carry(la.place_shortage_start, la.place_shortage, p.gain_b4_place_building)
    la.wait_carried = carry(la.wait_start, la.wait, p.gain_b5_queue_deterrence)
    la.tribunal_wait_carried = carry(la.tribunal_wait_start, la.tribunal_wait, p.gain_b5_queue_deterrence)
    la.stock_carried = carry_ratio(la.stock_start, la.stock, p.gain_b6_ageing_exit)


@inlined
def carry_confidence(la: AuthorityRecord, p: ParameterRecord) -> None:
    """Let R7 carry mean confidence, to which plan holders add what B3 carries."""
    confidence = la.confidence - la.plan_bonus + la.plan_bonus_carried
    la.confidence_carried = carry(la.confidence_start, confidence, p.gain_r7_confidence)
    la.confidence_shift = la.confidence_carried - la.confidence


@inlined
def outreach(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the share of the specialist help they need that children without plans get, by hours and money."""
    reach = p.share_outreach_psychologists * la.support_hours_carried
    reach += (1.0 - p.share_outreach_psychologists) * la.inclusion_budget_carried
    return min(la.outreach_start * max(reach, 0.0) * p.outreach_extra, 1.0)


@inlined
def carry_school_signals(school: SchoolRecord, p: ParameterRecord) -> None:
    """Let R3 and R6 carry the signals of a school."""
    load_gbp_k = school.demand_gbp_k / max(school.pupils, 1.0)
    school.carried_incentive = carry(school.incentive_start, school.incentive, p.gain_r3_funding_incentive)
    school.carried_load_gbp_k = max(carry(school.load_gbp_k_start, load_gbp_k, p.gain_r6_winners_losers), 0.0)
    school.carried_reputation = carry(school.reputation_start, school.reputation, p.gain_r6_winners_losers)
    school.carried_relative_load = carry(school.relative_load_start, school.relative_load, p.gain_r6_winners_losers)


@rule
def carry_authority_signals(w: World, p: ParameterRecord, part: Part) -> None:
    """Pass each authority's signals on through the gains of their loops."""
    for a in part:
        la = w.authorities[a]
        carry_signals(la, p)
        carry_confidence(la, p)
        la.outreach = outreach(la, p)
        for s in range(la.first_school, la.last_school):
            carry_school_signals(w.schools[s], p)


@rule
def carry_national_signals(w: World, p: ParameterRecord) -> None:
    """Pass the nation's signals on through the gains of their loops."""
    nation = w.nation[0]
    nation.overspend_carried = carry(nation.overspend_start, nation.overspend, p.gain_b2_funding_follows)
    nation.shortage_carried = carry(nation.shortage_start, nation.shortage, p.gain_b7_training)
