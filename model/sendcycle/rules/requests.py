"""Families and schools request EHC needs assessments."""

import math

import numpy as np

from sendcycle.ages import (
    AGE_3_MONTHS,
    AGE_5_MONTHS,
    AGE_9_MONTHS,
    AGE_11_MONTHS,
    AGE_16_MONTHS,
    FIRST_AGE_MONTHS,
    SCHOOL_AGE_LIMIT_MONTHS,
)
from sendcycle.engine.compilation import inlined, rule
from sendcycle.engine.randomness import Decision, draw, stream
from sendcycle.rules.cases import family_means, list_case
from sendcycle.rules.needs import recognition_grows, recognition_now, severity_gbp_k
from sendcycle.rules.rows import has_emerged, rows_drawn
from sendcycle.state.children import Case, Children, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord
from sendcycle.state.world import Part, World
from sendcycle.units import WEEKS_PER_MONTH

HIGHEST_REQUEST_RATE = 0.04  # a month, an assumption; nobody asks more often, family and school together


@inlined
def area_mood(la: AuthorityRecord, p: ParameterRecord, d: DriverRecord) -> float:
    """Return how much more often requests are made here and now: norm, closures, coming limits, waits, belief."""
    norm = math.exp(p.effect_plan_norm * (la.plan_norm_carried - la.plan_norm_start))
    open_share = 1.0 - p.effect_closure * d.closure
    rush = 1.0 + p.effect_anticipation * la.anticipation_carried
    deterrence = math.exp(-p.effect_wait * (la.wait_carried - la.wait_start))
    belief = math.exp(p.effect_belief_on_requests * (la.contest_belief_carried - la.contest_belief_start))
    return norm * la.request_level * open_share * rush * deterrence * belief


@inlined
def age_factor(age: int, p: ParameterRecord) -> float:
    """Return how much more often a request is made at this age (months) than at 5 to 8 (bands of SEN2 2024)."""
    if age < AGE_5_MONTHS:
        return p.factor_request_early_years if age >= AGE_3_MONTHS else p.factor_request_under_3
    if age < AGE_9_MONTHS:
        return 1.0
    if age < AGE_11_MONTHS:
        return p.factor_request_before_transfer
    if age < AGE_16_MONTHS:
        return p.factor_request_secondary
    return p.factor_request_post_16


@inlined
def confidence_acted_on(c: Children, i: int, la: AuthorityRecord) -> float:
    """Return the confidence on which the family acts: its own, less what cutting R7 or B3 takes out."""
    return c.confidence[i] + la.confidence_shift


@inlined
def setting_allows_request(setting: int, status: int) -> bool:
    """Say whether an assessment can be requested for a child in this setting."""
    at_school = setting <= Setting.UNIT or setting == Setting.ALTERNATIVE or setting == Setting.HOME
    return at_school or (setting == Setting.POST_16 and status == SenStatus.SEN_SUPPORT)


@inlined
def may_be_requested(c: Children, i: int, t: int) -> bool:
    """Say whether an assessment may be requested for the child, who has no plan."""
    waits = c.case[i] != Case.NONE or t < c.may_ask_from[i]
    return not waits and has_emerged(c, i, t) and setting_allows_request(c.setting[i], c.sen_status[i])


@inlined
def request_rate(c: Children, i: int, t: int, mood: float, recognition: float, p: ParameterRecord) -> float:
    """Return what the rates of family and school share: the area's mood, severity, age, recognition and SEN status."""
    rate = mood * (severity_gbp_k(c, i, p) / p.severity_request) ** p.elasticity_request
    rate *= age_factor(t - c.born[i], p)
    if recognition_grows(c.need[i]):
        rate *= recognition
    if c.sen_status[i] == SenStatus.NONE:
        rate *= p.factor_request_unidentified
    return float(rate)


@inlined
def family_rate(c: Children, i: int, rate: float, la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the monthly rate at which the family asks: the less confidence and the more means, the more often."""
    lost = p.confidence_reference - confidence_acted_on(c, i, la)
    means = family_means(c.advocacy[i]) ** p.elasticity_advocacy
    return float(p.rate_family_request * rate * math.exp(p.effect_confidence * lost) * means)


@inlined
def school_rate(w: World, i: int, rate: float, p: ParameterRecord) -> float:
    """Return the monthly rate at which the school asks: the more relief a plan brings it, the more often (R3)."""
    c = w.children
    if c.school[i] < 0 or c.setting[i] == Setting.HOME:
        return 0.0
    incentive = w.schools[c.school[i]].carried_incentive - p.incentive_reference
    unmet = c.unmet[i] / p.unmet_reference
    return float(p.rate_school_request * rate * math.exp(p.effect_incentive * incentive) * unmet)


@inlined
def open_request(w: World, a: int, i: int, t: int, u: float, p: ParameterRecord) -> None:
    """Hand in the request on the day u of the month, as a share of it; the decision is due weeks later."""
    c = w.children
    w.tallies[a].requests += 1.0
    c.case[i] = Case.DECIDING
    c.opened[i] = t
    c.may_move_on_from[i] = t + int(u + p.weeks_decision / WEEKS_PER_MONTH)
    list_case(w, a, i)


@rule
def families_request(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let families ask, and schools back or make, requests for an EHC needs assessment."""
    c = w.children
    asks = stream(w.seed, Decision.REQUEST, t)
    days = stream(w.seed, Decision.REQUEST_DAY, t)
    recognition = recognition_now(p, d)
    unidentified = HIGHEST_REQUEST_RATE * p.factor_request_unidentified
    highest = np.array([unidentified, HIGHEST_REQUEST_RATE, 0.0])  # by SenStatus
    for a in part:
        la, tally = w.authorities[a], w.tallies[a]
        mood = area_mood(la, p, d)
        for i in rows_drawn(w, a, t, FIRST_AGE_MONTHS, SCHOOL_AGE_LIMIT_MONTHS, asks, c.sen_status, highest):
            if not may_be_requested(c, i, t):
                continue
            u = draw(c.key[i], asks)
            rate = request_rate(c, i, t, mood, recognition, p)
            by_family = family_rate(c, i, rate, la, p)
            if u < by_family:
                tally.requests_by_family += 1.0
            elif u < by_family + school_rate(w, i, rate, p):
                tally.requests_by_school += 1.0
            else:
                continue
            open_request(w, a, i, t, draw(c.key[i], days), p)
