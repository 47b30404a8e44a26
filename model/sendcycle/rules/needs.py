"""Needs emerge, escalate and are identified."""

import math

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.engine.randomness import DRAWS, SHIFT, Decision, draw, scramble, stream
from sendcycle.state.children import FIRST_AGE, Case, Children, Need, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import DriverRecord
from sendcycle.state.world import Part, World
from sendcycle.units import MONTHS_PER_YEAR

SCHOOL_AGE = 5 * MONTHS_PER_YEAR  # months
SECONDARY_AGE = 11 * MONTHS_PER_YEAR  # months; near enough: children transfer in the September after it
LEAVING_AGE = 16 * MONTHS_PER_YEAR  # months
AFTER_16 = LEAVING_AGE + 1  # months in September of those who were 16 on 31 August
BLOCK = np.uint64(256)  # draws made at once: they fit the processor's fastest cache
HIGHEST_RATE = 0.04  # a month, an assumption; no child is identified, or comes off SEN support, faster but at transfer
LOWEST_SHARE = 0.02  # of pupils on SEN support, an assumption; where it is lower, a need stands out no more than here


@inlined
def rows_of_ages(w: World, a: int, t: int, from_age: int, to_age: int) -> tuple[np.uint64, np.uint64]:
    """Return the first row, and one past the last, of authority a's children aged [from_age, to_age) months.

    Rows are unsigned, so that compiled loops need not ask at every access whether an index counts from the end.
    """
    first = max(t - to_age + 1 - w.births_from, 0)
    last = max(t - from_age + 1 - w.births_from, 0)
    return np.uint64(w.rows[a, first]), np.uint64(w.rows[a, last])


@inlined
def over_16_since(t: int) -> int:
    """Return the age in months, in month t, from which children were over 16 last September."""
    return AFTER_16 + t % MONTHS_PER_YEAR


@compiled
def rows_drawn(
    w: World,
    a: int,
    t: int,
    from_age: int,
    to_age: int,
    key: np.uint64,
    column: NDArray[np.int8],
    highest: NDArray[np.float64],
) -> NDArray[np.uint32]:
    """Return the rows of authority a's children of these ages, months, whose draw lies below the highest rate.

    Left out are those who had left education by last September. `highest` holds, for each value of a column of the
    children, a rate that none of them exceeds: most change nothing in most months, and the draw alone, made in blocks
    for the processor's vector units, rules them out. The draw is the one on which the rule then decides.
    """
    first = w.rows[a, 0]
    low, high = rows_of_ages(w, a, t, from_age, min(to_age, over_16_since(t)))
    limit = np.empty(highest.shape[0], np.uint64)
    for k in range(highest.shape[0]):
        limit[k] = np.uint64(np.ceil(min(highest[k], 1.0) * DRAWS))
    block = np.empty(BLOCK, np.uint64)
    n = first
    for start in range(low, high, BLOCK):
        size = min(BLOCK, high - start)
        keys = w.children.key[start : start + size]
        for j in range(size):
            block[j] = scramble(keys[j] + key) >> SHIFT
        for j in range(size):
            if block[j] < limit[column[start + j]]:
                w.drawn_rows[n] = start + j
                n += 1
    if to_age > over_16_since(t):
        for i in rows_over_16(w, a):
            below = scramble(w.children.key[i] + key) >> SHIFT < limit[column[i]]
            if below and t - w.children.born[i] < to_age:
                w.drawn_rows[n] = i
                n += 1
    return w.drawn_rows[first:n]


@inlined
def rows_over_16(w: World, a: int) -> NDArray[np.uint32]:
    """Return the rows of the over-16s of last September who had not left education."""
    first = w.rows[a, 0]
    return w.going_on_rows[first : first + w.authorities[a].n_going_on_rows]


@compiled
def rows_here(w: World, a: int, t: int) -> NDArray[np.uint32]:
    """Return the rows of all children in education whose need shows."""
    first = w.rows[a, 0]
    n = first
    for i in rows_over_16(w, a):
        if w.children.setting[i] != Setting.LEFT:
            w.drawn_rows[n] = i
            n += 1
    low, high = rows_of_ages(w, a, t, FIRST_AGE, over_16_since(t))
    for i in range(low, high):
        w.drawn_rows[n] = i
        n += 1 if has_emerged(w.children, i, t) else 0
    return w.drawn_rows[first:n]


@inlined
def has_emerged(c: Children, i: int, t: int) -> bool:
    """Say whether the child's need shows by month t."""
    return t >= c.born[i] + c.onset[i]


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
def recognised(p: ParameterRecord, d: DriverRecord) -> float:
    """Return how much more often autism and SEMH are identified, and assessed for, than in September 2014."""
    if p.recognition_trend == 0.0:
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
    """Return the monthly rate of going on SEN support; `recognition` is what `recognised` returns."""
    c = w.children
    rate = p.rate_identification * (severity_gbp_k(c, i, p) / p.severity_reference) ** p.elasticity_identification
    rate *= (1.0 - d.closure) * (1.0 + p.effect_unmet_on_asking * (c.unmet[i] - p.unmet_reference))
    rate *= recognition if recognition_grows(c.need[i]) else recognition**p.share_recognition_spills
    if t - c.born[i] >= SECONDARY_AGE:
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
        low, high = rows_of_ages(w, a, t, 0, LEAVING_AGE)
        for i in range(low, high):
            before_school = t - c.born[i] < SCHOOL_AGE
            if (c.need[i] == Need.SLCN and before_school) or (c.need[i] == Need.SEMH and not before_school):
                c.base_need_gbp_k[i] *= harder


@rule
def schools_identify_needs(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Put children whose need shows on SEN support; take children off it whose need is light or met."""
    c = w.children
    changes = stream(w.seed, Decision.SEN_STATUS_CHANGES, t)
    recognition = recognised(p, d)
    highest = np.array([HIGHEST_RATE, HIGHEST_RATE, 0.0])  # by SenStatus
    for a in part:
        for i in rows_drawn(w, a, t, FIRST_AGE, LEAVING_AGE, changes, c.sen_status, highest):
            u = draw(c.key[i], changes)
            if may_be_identified(c, i, t):
                if u < min(identification_rate(w, i, t, recognition, p, d), HIGHEST_RATE):
                    c.sen_status[i] = SenStatus.SEN_SUPPORT
                    w.tallies[a].identified += 1.0
            elif may_leave_support(c, i) and u < min(support_end_rate(c, i, p), HIGHEST_RATE):
                c.sen_status[i] = SenStatus.NONE
