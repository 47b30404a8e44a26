"""Needs emerge, escalate and are identified."""

from numba import njit

from model.children import FIRST_AGE, Label, Need, Setting
from model.randomness import Decision, draw, stream
from model.world import rule

LEAVING_AGE = 16 * 12
HIGHEST_RATE = 0.06  # a month; no child is identified, or comes off SEN support, faster


@njit(cache=True, inline="always")
def rows_of_ages(w, a, t, from_age, to_age):
    """Return the first row, and one past the last, of authority a's children aged [from_age, to_age) months."""
    first = max(t - to_age + 1 - w.births_from, 0)
    last = max(t - from_age + 1 - w.births_from, 0)
    return w.rows[a, first], w.rows[a, last]


@njit(cache=True, inline="always")
def severity(c, i, p):
    """Return the cost of meeting the child's need, thousand pounds a year at 2014-15 prices.

    Unmet need escalates: the assumption is that a need which has long gone unmet costs more to meet.
    """
    return c.innate[i] * (1.0 + p.escalation * (c.unmet[i] - p.unmet_reference))


@rule
def needs_are_identified(w, p, d, part, t):
    """Put children whose need shows on SEN support; take children off it whose need is light or met."""
    c = w.children
    found = stream(w.seed, Decision.IDENTIFICATION, t)
    ended = stream(w.seed, Decision.SUPPORT_ENDS, t)
    recognised = d.recognition ** p.elasticity_recognition if p.recognition_trend > 0.5 else 1.0
    open_share = 1.0 - d.closure
    for a in part:
        seen = w.tallies[a]
        low, high = rows_of_ages(w, a, t, FIRST_AGE, LEAVING_AGE)
        for i in range(low, high):
            if c.label[i] == Label.NONE:
                u = draw(c.key[i], found)
                if u >= HIGHEST_RATE or t < c.born[i] + c.onset[i] or c.setting[i] == Setting.LEFT:
                    continue
                rate = p.rate_identification * (severity(c, i, p) / p.severity_reference) ** p.elasticity_identification
                rate *= open_share * (1.0 + p.effect_unmet_on_asking * (c.unmet[i] - p.unmet_reference))
                if c.need[i] == Need.AUTISM or c.need[i] == Need.SEMH:
                    rate *= recognised
                if u < min(rate, HIGHEST_RATE):
                    c.label[i] = Label.SEN_SUPPORT
                    seen.identified += 1.0
            elif c.label[i] == Label.SEN_SUPPORT and c.case[i] == 0:
                u = draw(c.key[i], ended)
                if u >= HIGHEST_RATE:
                    continue
                rate = p.rate_support_ends * (p.severity_reference / severity(c, i, p)) ** p.elasticity_identification
                if u < min(rate * (1.0 - c.unmet[i]), HIGHEST_RATE):
                    c.label[i] = Label.NONE


@njit(cache=True, inline="always")
def has_emerged(c, i, t):
    """Say whether the child's need shows by month t."""
    return t >= c.born[i] + c.onset[i]
