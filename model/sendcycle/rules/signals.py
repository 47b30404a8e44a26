"""The signals that the loops carry, and the one place where each gain cuts its loop.

A rule never reads a raw signal: it reads what is carried, `start + gain * (now - start)`. With a gain of 1 that is the
signal; with 0 it stays at its value of September 2014. The rules that compute the raw signal, and those that read the
carried one, are named in `causal_map.toml`.
"""

from sendcycle.engine.compilation import inlined, rule
from sendcycle.rules.money import support_grant
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import PLACE_PIPELINE_MONTHS, DriverRecord
from sendcycle.state.world import Part, World


@inlined
def carry(start: float, now: float, gain: float) -> float:
    """Return the signal as the loop carries it."""
    return start + gain * (now - start)


@inlined
def carry_positive(start: float, now: float, gain: float) -> float:
    """Return a signal that is a ratio: gains above 1 cannot take it to zero or below."""
    return max(start + gain * (now - start), 0.05)


@rule
def norm_and_gatekeeping_change(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let it sink in slowly how common plans are (R7), and deficits make authorities strict (B1)."""
    for a in part:
        la = w.authorities[a]
        norm = la.plans / max(la.plans + la.sen_support, 1.0)
        la.plan_norm += p.rate_norm * (norm - la.plan_norm) if la.plan_norm > 0.0 else norm
        deficit = max(0.0, -la.balance_pence / 100.0 / la.settlement_smoothed_gbp)
        wanted = p.effect_deficit_on_strictness * min(deficit, 2.0)
        la.gatekeeping += p.rate_gatekeeping * (wanted - la.gatekeeping)


@rule
def measure_authority_signals(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Measure each authority's raw signals at month end."""
    nation = w.nation[0]
    for a in part:
        la = w.authorities[a]
        children = max(la.sen_support, 1.0)
        hours = la.early_hours / children
        la.support_hours = hours / la.hours_per_child_start
        budget = (la.support_budget_gbp + la.surplus_spent_gbp) / d.price_index + support_grant(la, p)
        services = budget / children / la.support_gbp_per_child_start
        la.inclusion_budget = (services * la.topup_index / d.price_index) ** 0.5
        la.drain = (max(la.statutory_share, 0.01) / la.statutory_share_start) ** p.elasticity_drain_workload * (
            nation.independent_pupils / nation.independent_pupils_start
        ) ** p.elasticity_drain_independent
        building = 0.0
        for k in range(PLACE_PIPELINE_MONTHS):
            building += w.place_pipeline[a, k]
        wanted_places = la.special_pupils + p.share_waiting_planned_for * la.waiting_special
        la.place_shortage = max(0.0, wanted_places - la.special_places - building) / max(la.special_places, 1.0)
        la.wait = la.wait_decision + la.wait_psychologist + la.wait_draft
        la.tribunal_wait = nation.tribunal_wait_months
        la.statutory_advice = la.assessments_arriving
        la.stock = la.plans / max(la.plans_2014, 1.0)


@rule
def carry_authority_signals(w: World, p: ParameterRecord, part: Part) -> None:
    """Pass each authority's signals on through the gains of their loops."""
    for a in part:
        la = w.authorities[a]
        la.support_hours_carried = carry_positive(la.support_hours_start, la.support_hours, p.gain_r1_crowding_out)
        la.inclusion_budget_carried = carry_positive(
            la.inclusion_budget_start, la.inclusion_budget, p.gain_r2_budget_squeeze
        )
        la.contest_belief_carried = carry(la.contest_belief_start, la.contest_belief, p.gain_r4_adversarial)
        la.overflow_carried = carry(la.overflow_start, la.overflow, p.gain_r5_placement_escalation)
        la.statutory_advice_carried = carry(la.statutory_advice_start, la.statutory_advice, p.gain_r1_crowding_out)
        la.plan_norm_carried = carry(la.plan_norm_start, la.plan_norm, p.gain_r7_confidence)
        la.drain_carried = carry_positive(la.drain_start, la.drain, p.gain_r8_workforce_drain)
        la.anticipation_carried = carry(la.anticipation_start, la.anticipation, p.gain_r9_anticipation)
        la.gatekeeping_carried = carry(la.gatekeeping_start, la.gatekeeping, p.gain_b1_gatekeeping)
        la.plan_bonus_carried = carry(la.plan_bonus_start, la.plan_bonus, p.gain_b3_met_need)
        la.place_shortage_carried = carry(la.place_shortage_start, la.place_shortage, p.gain_b4_place_building)
        la.wait_carried = carry(la.wait_start, la.wait, p.gain_b5_queue_deterrence)
        la.tribunal_wait_carried = carry(la.tribunal_wait_start, la.tribunal_wait, p.gain_b5_queue_deterrence)
        la.stock_carried = carry_positive(la.stock_start, la.stock, p.gain_b6_ageing_exit)
        spoken = la.confidence - la.plan_bonus + la.plan_bonus_carried
        la.confidence_carried = carry(la.confidence_start, spoken, p.gain_r7_confidence)
        la.confidence_shift = la.confidence_carried - la.confidence
        reach = p.share_outreach_psychologists * la.support_hours_carried
        reach += (1.0 - p.share_outreach_psychologists) * la.inclusion_budget_carried
        la.outreach = min(la.outreach_start * max(reach, 0.0) * p.outreach_extra, 1.0)
        for s in range(la.first_school, la.last_school):
            school = w.schools[s]
            school.carried_incentive = carry(school.incentive_start, school.incentive, p.gain_r3_funding_incentive)
            load = school.demand_gbp_k / max(school.pupils, 1.0)
            school.carried_load_gbp_k = max(carry(school.load_gbp_k_start, load, p.gain_r6_winners_losers), 0.0)
            school.carried_reputation = carry(school.reputation_start, school.reputation, p.gain_r6_winners_losers)
            school.carried_relative_load = carry(
                school.relative_load_start, school.relative_load, p.gain_r6_winners_losers
            )


@rule
def carry_national_signals(w: World, p: ParameterRecord) -> None:
    """Pass the nation's signals on through the gains of their loops."""
    nation = w.nation[0]
    nation.overspend_carried = carry(nation.overspend_start, nation.overspend, p.gain_b2_funding_follows)
    nation.shortage_carried = carry(nation.shortage_start, nation.shortage, p.gain_b7_training)
