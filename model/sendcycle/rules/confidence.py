"""Confidence follows experience: each family's own, its neighbours', and what the area has learned from contests."""

from sendcycle.engine.compilation import rule
from sendcycle.rules.money import pooled_share, school_pays_first_gbp
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import DriverRecord
from sendcycle.state.world import Part, World


@rule
def school_reputations_change(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let each school's reputation follow its families' confidence (R6), and its incentive need and money (R3)."""
    relief = max(0.0, 1.0 - school_pays_first_gbp(p) / (p.cost_reference_gbp * d.pay_index))
    individual = 1.0 - pooled_share(p)
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
def areas_learn_from_contests(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let each area learn whether contesting pays (R4) and hear of announced restrictions (R9)."""
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        children = max(la.sen_support + la.plans, 1.0) / 1000.0
        la.wins_smoothed += (tally.contests_won / children - la.wins_smoothed) / 12.0
        target = la.wins_smoothed / (la.wins_smoothed + p.wins_half_belief)
        la.contest_belief += p.rate_belief * (target - la.contest_belief)
        la.requests_usual += (tally.requests - la.requests_usual) / 36.0
        surge = min(la.requests_arriving / max(la.requests_usual, 1e-9), 3.0)
        if p.announced_restriction > 0.0:
            spread = p.rate_awareness * p.announced_restriction * surge * surge
            la.anticipation += min(spread, 1.0) * (p.announced_restriction - la.anticipation)
        else:
            la.anticipation *= 1.0 - p.rate_awareness_fades
