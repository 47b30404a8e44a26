"""Families and schools request EHC needs assessments."""

import math

import numpy as np

from sendcycle.engine.compilation import inlined, rule
from sendcycle.engine.randomness import Decision, draw, stream
from sendcycle.rules.cases import WEEKS_PER_MONTH, list_case
from sendcycle.rules.needs import has_emerged, recognised, rows_drawn, severity
from sendcycle.state.children import FIRST_AGE, SCHOOL_AGE_LIMIT, Case, Children, Need, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord
from sendcycle.state.world import Part, World

HIGHEST_RATE = 0.04  # a month; nobody asks more often, family and school together


@inlined
def age_factor(age: int, p: ParameterRecord) -> float:
    """Return how much more often a request is made at this age (months) than at 5 to 8."""
    if age < 60:
        return p.factor_request_early_years if age >= 36 else p.factor_request_under_3
    if age < 108:
        return 1.0
    if age < 132:
        return p.factor_request_before_transfer
    if age < 192:
        return p.factor_request_secondary
    return p.factor_request_post_16


@inlined
def confidence_acted_on(c: Children, i: int, la: AuthorityRecord) -> float:
    """Return the confidence on which the family acts: its own, less what cutting R7 or B3 takes out."""
    return c.confidence[i] + la.confidence_shift


@inlined
def can_be_asked_for(setting: int, label: int) -> bool:
    """Say whether an assessment can be requested for a child in this setting."""
    at_school = setting <= Setting.UNIT or setting == Setting.ALTERNATIVE or setting == Setting.HOME
    return at_school or (setting == Setting.POST_16 and label == SenStatus.SEN_SUPPORT)


@rule
def families_request(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let families ask, and schools back or make, requests for an EHC needs assessment."""
    c = w.children
    asks = stream(w.seed, Decision.REQUEST, t)
    day = stream(w.seed, Decision.REQUEST_DAY, t)
    open_share = 1.0 - p.effect_closure * d.closure
    more_recognised = recognised(p, d)
    highest = np.array([HIGHEST_RATE * p.factor_request_unidentified, HIGHEST_RATE, 0.0])  # by SenStatus
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        deterred = math.exp(-p.effect_wait * (la.wait_carried - la.wait_start))
        believed = math.exp(p.effect_belief_on_requests * (la.contest_belief_carried - la.contest_belief_start))
        rushed = 1.0 + p.effect_anticipation * la.anticipation_carried
        norm = math.exp(p.effect_plan_norm * (la.plan_norm_carried - la.plan_norm_start))
        base = norm * la.request_level * open_share * rushed * deterred * believed
        for i in rows_drawn(w, a, t, FIRST_AGE, SCHOOL_AGE_LIMIT, asks, c.sen_status, highest):
            u = draw(c.key[i], asks)
            label = c.sen_status[i]
            if c.case[i] != Case.NONE or t < c.may_ask_from[i]:
                continue
            if not has_emerged(c, i, t) or not can_be_asked_for(c.setting[i], label):
                continue
            rate = base * (severity(c, i, p) / p.severity_request) ** p.elasticity_request
            rate *= age_factor(t - c.born[i], p)
            if c.need[i] == Need.AUTISM or c.need[i] == Need.SEMH:
                rate *= more_recognised
            if label == SenStatus.NONE:
                rate *= p.factor_request_unidentified
            lost = p.confidence_reference - confidence_acted_on(c, i, la)
            family = p.rate_family_request * rate * math.exp(p.effect_confidence * lost)
            family *= (0.5 + c.advocacy[i]) ** p.elasticity_advocacy
            school = 0.0
            if c.school[i] >= 0 and c.setting[i] != Setting.HOME:
                incentive = w.schools[c.school[i]].carried_incentive - p.incentive_reference
                school = p.rate_school_request * rate * math.exp(p.effect_incentive * incentive)
                school *= c.unmet[i] / p.unmet_reference
            if u < family:
                tally.requests_by_family += 1.0
            elif u < family + school:
                tally.requests_by_school += 1.0
            else:
                continue
            tally.requests += 1.0
            c.case[i] = Case.DECIDING
            c.opened[i] = t
            c.may_move_on_from[i] = t + int(draw(c.key[i], day) + p.weeks_decision / WEEKS_PER_MONTH)
            list_case(w, a, i)
