"""Needs emerge, escalate and are identified."""

import math

import numpy as np

from sendcycle.ages import AGE_5_MONTHS, AGE_11_MONTHS, AGE_16_MONTHS, FIRST_AGE_MONTHS
from sendcycle.engine.compilation import inlined, rule
from sendcycle.engine.randomness import Decision, draw, stream
from sendcycle.rules.rows import has_emerged, rows_drawn, rows_of_ages
from sendcycle.state.children import Case, Children, Need, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import DriverRecord
from sendcycle.state.world import Part, World
from sendcycle.units import MONTHS_PER_YEAR, OFF

HIGHEST_STATUS_CHANGE_RATE = (
    0.04  # a month, an assumption; no child is identified, or comes off SEN support, faster but at transfer
)
LOWEST_SHARE = 0.02  # of pupils on SEN support, an assumption; where it is lower, a need stands out no more than here


@inlined
def severity_gbp_k(c: Children, i: int, p: ParameterRecord) -> float:
    """Return the cost of meeting the child's need, thousand pounds a year at 2014-15 prices.

    Unmet need escalates: the assumption is that a need which has long gone unmet costs more to meet.
    """
    return escalated_gbp_k(c.base_need_gbp_k[i], c.unmet[i], p.escalation, p.unmet_reference)


@inlined
def escalated_gbp_k(base_need_gbp_k: float, unmet: float, escalation: float, unmet_reference: float) -> float:
    """Return what a need costs to meet after so much of it has gone unmet, 0 to 1, for so long."""
    return base_need_gbp_k * (1.0 + escalation * (unmet - unmet_reference))


@inlined
def remembered_unmet_need(unmet: float, met: float, rate_up: float, rate_down: float) -> float:
    """Return the memory of unmet need, 0 to 1, after a month in which this share of the need was met."""
    gap = 1.0 - met - unmet
    return unmet + (rate_up if gap > 0.0 else rate_down) * gap


@inlined
def recognition_now(p: ParameterRecord, d: DriverRecord) -> float:
    """Return how much more often autism and SEMH are identified, and assessed for, than in September 2014."""
    if p.recognition_trend == OFF:
        return 1.0
    return float((d.recognition * math.exp(p.recognition_growth * d.recognition_years)) ** p.elasticity_recognition)


@inlined
def recognition_grows(need: int) -> bool:
    """Say whether this primary need is recognised ever more often."""
    return need == Need.AUTISM or need == Need.SEMH


@inlined
def contrast_with_school(pupils: float, support_pupils: float, p: ParameterRecord) -> float:
    """Return how much faster a need is identified for want of others: needs are seen against those of the school.

    That similar children are identified less where more children have needs was found by Hutchinson (2021).
    """
    share = max(support_pupils / max(pupils, 1.0), LOWEST_SHARE)
    return float((p.support_share_reference / share) ** p.elasticity_identification_relative)


@inlined
def may_be_identified(c: Children, i: int, t: int) -> bool:
    """Say whether a child may go on SEN support."""
    return c.sen_status[i] == SenStatus.NONE and has_emerged(c, i, t) and c.setting[i] != Setting.LEFT


@inlined
def identification_rate(w: World, i: int, t: int, recognition: float, p: ParameterRecord, d: DriverRecord) -> float:
    """Return the monthly rate of going on SEN support; `recognition` is what `recognition_now` returns."""
    c = w.children
    rate = p.rate_identification * (severity_gbp_k(c, i, p) / p.severity_reference) ** p.elasticity_identification
    rate *= (1.0 - d.closure) * (1.0 + p.effect_unmet_on_asking * (c.unmet[i] - p.unmet_reference))
    rate *= recognition if recognition_grows(c.need[i]) else recognition**p.share_recognition_spills
    if t - c.born[i] >= AGE_11_MONTHS:  # near enough: children transfer in the September after it
        rate *= p.factor_identification_secondary
    if c.school[i] >= 0:
        school = w.schools[c.school[i]]
        rate *= contrast_with_school(school.pupils, school.support_pupils, p)
    return float(rate)


@inlined
def may_leave_support(c: Children, i: int) -> bool:
    """Say whether a child may come off SEN support."""
    return c.sen_status[i] == SenStatus.SEN_SUPPORT and c.case[i] == Case.NONE


@inlined
def ease_of_leaving_support(c: Children, i: int, p: ParameterRecord) -> float:
    """Return how much more easily the child comes off SEN support than one of reference severity."""
    return float((p.severity_reference / severity_gbp_k(c, i, p)) ** p.elasticity_identification)


@inlined
def support_end_rate(c: Children, i: int, p: ParameterRecord) -> float:
    """Return the monthly rate of coming off SEN support."""
    return p.rate_support_ends * ease_of_leaving_support(c, i, p) * (1.0 - c.unmet[i])


@rule
def closures_deepen_needs(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let the pandemic's closures make needs harder to meet: of speech before school, of SEMH at school age.

    More children were found with probable mental disorders, and behind with talking, after the closures than before.
    That these needs grew in those who lived through closures at that age, and stay so, is an assumption.
    """
    if d.closure == 0.0:
        return
    c = w.children
    harder = 1.0 + p.effect_closure_on_need * d.closure / MONTHS_PER_YEAR
    for a in part:
        low, high = rows_of_ages(w, a, t, 0, AGE_16_MONTHS)
        for i in range(low, high):
            before_school = t - c.born[i] < AGE_5_MONTHS
            if (c.need[i] == Need.SLCN and before_school) or (c.need[i] == Need.SEMH and not before_school):
                c.base_need_gbp_k[i] *= harder


@rule
def schools_identify_needs(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Put children whose need shows on SEN support; take children off it whose need is light or met."""
    c = w.children
    changes = stream(w.seed, Decision.SEN_STATUS_CHANGES, t)
    recognition = recognition_now(p, d)
    highest = np.array([HIGHEST_STATUS_CHANGE_RATE, HIGHEST_STATUS_CHANGE_RATE, 0.0])  # by SenStatus
    for a in part:
        for i in rows_drawn(w, a, t, FIRST_AGE_MONTHS, AGE_16_MONTHS, changes, c.sen_status, highest):
            u = draw(c.key[i], changes)
            if may_be_identified(c, i, t):
                if u < min(identification_rate(w, i, t, recognition, p, d), HIGHEST_STATUS_CHANGE_RATE):
                    c.sen_status[i] = SenStatus.SEN_SUPPORT
                    w.tallies[a].identified += 1.0
            elif may_leave_support(c, i) and u < min(support_end_rate(c, i, p), HIGHEST_STATUS_CHANGE_RATE):
                c.sen_status[i] = SenStatus.NONE
