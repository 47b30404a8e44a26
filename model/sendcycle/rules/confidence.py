"""Confidence follows experience: each family's own, its neighbours', and what the area has learned from contests."""

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.rules.money import pooled_share, school_pays_first_gbp
from sendcycle.state.children import Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord, SchoolRecord
from sendcycle.state.world import Part, World
from sendcycle.units import MONTHS_PER_YEAR

HIGHEST_SCARCITY = 4.0  # demand over capacity; beyond it a school wants plans no more than here; an assumption
HIGHEST_SURGE = 3.0  # requests now over usual ones; beyond it an announcement spreads no faster; an assumption
MONTHS_OF_WINS = MONTHS_PER_YEAR  # over which an area remembers contests won; an assumption
MONTHS_OF_USUAL_REQUESTS = 3 * MONTHS_PER_YEAR  # over which requests become the usual ones; an assumption
PER_THOUSAND = 1000.0  # contests won are counted for a thousand children with SEN
LEAST_CAPACITY_GBP_K = 1e-9  # of a school, thousand pounds a year; guards a division by none
LEAST_REQUESTS = 1e-9  # a month, of an area; guards a division by none


# ---------------------------------------------------------------------- each family's


@compiled
def neighbours_part(w: World, la: AuthorityRecord, p: ParameterRecord) -> NDArray[np.float64]:
    """Return what others add to a family's confidence, by school of the authority: its families, and a campaign.

    The last place stands for no school: the early years, where the area's families are heard.
    """
    n = la.last_school - la.first_school
    part = np.empty(n + 1)
    area = la.confidence + la.confidence_shift
    part[n] = area * p.weight_neighbours + p.confidence_campaign
    for s in range(n):
        school = w.schools[la.first_school + s]
        neighbours = area
        if school.confidence_count > 0.0:
            neighbours = school.confidence_sum / school.confidence_count + la.confidence_shift
        part[s] = neighbours * p.weight_neighbours + p.confidence_campaign
    return part


@inlined
def own_experience(setting: int, confidence: float, met: float) -> float:
    """Return what the family itself learns of mainstream: need met, but nothing new in a special school."""
    in_special = setting == Setting.STATE_SPECIAL or setting == Setting.INDEPENDENT_SPECIAL
    return confidence if in_special else met


@inlined
def confidence_target(experience: float, by_neighbours: float, weight_neighbours: float) -> float:
    """Return the confidence towards which the family moves, from its own experience and its neighbours' part."""
    return min((1.0 - weight_neighbours) * experience + by_neighbours, 1.0)


@inlined
def next_confidence(confidence: float, target: float, rate_rises: float, rate_falls: float) -> float:
    """Return the family's confidence after a month on the way to its target (R7)."""
    gap = target - confidence
    return confidence + (rate_rises if gap > 0.0 else rate_falls) * gap


# ---------------------------------------------------------------------- each school's and area's


@inlined
def relief_by_plan(p: ParameterRecord, d: DriverRecord) -> float:
    """Return the share of a reference child's cost of which a plan relieves its school."""
    return max(0.0, 1.0 - school_pays_first_gbp(p) / (p.cost_reference_gbp * d.pay_index))


@inlined
def scarcity(school: SchoolRecord) -> float:
    """Return the need that a school must pay for over what it can give."""
    return min(school.demand_gbp_k / max(school.capacity_gbp_k, LEAST_CAPACITY_GBP_K), HIGHEST_SCARCITY)


@rule
def school_reputations_change(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let each school's reputation follow its families' confidence (R6), and its incentive need and money (R3)."""
    relief = relief_by_plan(p, d)
    individual = 1.0 - pooled_share(p)
    for a in part:
        la = w.authorities[a]
        for s in range(la.first_school, la.last_school):
            school = w.schools[s]
            if school.confidence_count > 0.0:
                mean = school.confidence_sum / school.confidence_count
                school.reputation += p.rate_reputation * (mean - school.reputation)
            school.incentive = relief * scarcity(school) * individual


@inlined
def belief_target(wins: float, p: ParameterRecord) -> float:
    """Return the belief that contesting pays to which so many wins a month for 1,000 children with SEN lead."""
    return wins / (wins + p.wins_half_belief)


@inlined
def share_made_aware(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the share of families that hear of an announced restriction this month: the more, the more now ask."""
    surge = min(la.requests_arriving / max(la.requests_usual, LEAST_REQUESTS), HIGHEST_SURGE)
    return min(p.rate_awareness * p.announced_restriction * surge * surge, 1.0)


@rule
def areas_learn_from_contests(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let each area learn whether contesting pays (R4) and hear of announced restrictions (R9)."""
    for a in part:
        la, tally = w.authorities[a], w.tallies[a]
        thousands = max(la.sen_support + la.plans, 1.0) / PER_THOUSAND
        la.wins_smoothed += (tally.contests_won / thousands - la.wins_smoothed) / MONTHS_OF_WINS
        la.contest_belief += p.rate_belief * (belief_target(la.wins_smoothed, p) - la.contest_belief)
        la.requests_usual += (tally.requests - la.requests_usual) / MONTHS_OF_USUAL_REQUESTS
        if p.announced_restriction > 0.0:
            la.anticipation += share_made_aware(la, p) * (p.announced_restriction - la.anticipation)
        else:
            la.anticipation *= 1.0 - p.rate_awareness_fades
