"""Needs emerge, escalate and are identified."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from model.children import FIRST_AGE, Case, Children, Label, Need, Setting
from model.randomness import DRAWS, SHIFT, Decision, draw, scramble, stream
from model.world import Part, Record, World, rule

LEAVING_AGE = 16 * 12
BLOCK = np.uint64(256)  # draws made at once
HIGHEST_RATE = 0.04  # a month; no child is identified, or comes off SEN support, faster


@njit(cache=True, inline="always")
def rows_of_ages(w: World, a: int, t: int, from_age: int, to_age: int) -> tuple[np.uint64, np.uint64]:
    """Return the first row, and one past the last, of authority a's children aged [from_age, to_age) months.

    Rows are unsigned, so that compiled loops need not ask at every access whether an index counts from the end.
    """
    first = max(t - to_age + 1 - w.births_from, 0)
    last = max(t - from_age + 1 - w.births_from, 0)
    return np.uint64(w.rows[a, first]), np.uint64(w.rows[a, last])


@njit(cache=True)
def rows_drawn(w: World, a: int, low: np.uint64, high: np.uint64, key: np.uint64, highest: float) -> NDArray[np.uint32]:
    """Return the rows from low to high - 1 whose draw lies below `highest`, a rate that none of them exceeds.

    Most children change nothing in most months: the draw alone, made in blocks for the processor's vector units,
    rules them out, and only the others are looked at. The draw is the one on which the rule then decides.
    """
    first = w.rows[a, 0]
    limit = np.uint64(min(highest, 1.0) * DRAWS)
    block = np.empty(BLOCK, np.uint64)
    n = first
    for start in range(low, high, BLOCK):
        size = min(BLOCK, high - start)
        keys = w.children.key[start : start + size]
        for j in range(size):
            block[j] = scramble(keys[j] + key) >> SHIFT
        for j in range(size):
            if block[j] <= limit:
                w.drawn_rows[n] = start + j
                n += 1
    return w.drawn_rows[first:n]


@njit(cache=True, inline="always")
def severity(c: Children, i: int, p: Record) -> float:
    """Return the cost of meeting the child's need, thousand pounds a year at 2014-15 prices.

    Unmet need escalates: the assumption is that a need which has long gone unmet costs more to meet.
    """
    return c.innate[i] * (1.0 + p.escalation * (c.unmet[i] - p.unmet_reference))


@rule
def needs_are_identified(w: World, p: Record, d: Record, part: Part, t: int) -> None:
    """Put children whose need shows on SEN support; take children off it whose need is light or met."""
    c = w.children
    changes = stream(w.seed, Decision.LABEL_CHANGES, t)
    recognised = d.recognition**p.elasticity_recognition if p.recognition_trend > 0.5 else 1.0
    open_share = 1.0 - d.closure
    for a in part:
        seen = w.tallies[a]
        low, high = rows_of_ages(w, a, t, FIRST_AGE, LEAVING_AGE)
        for i in rows_drawn(w, a, low, high, changes, HIGHEST_RATE):
            u = draw(c.key[i], changes)
            if c.label[i] == Label.NONE and has_emerged(c, i, t) and c.setting[i] != Setting.LEFT:
                rate = p.rate_identification * (severity(c, i, p) / p.severity_reference) ** p.elasticity_identification
                rate *= open_share * (1.0 + p.effect_unmet_on_asking * (c.unmet[i] - p.unmet_reference))
                if c.need[i] == Need.AUTISM or c.need[i] == Need.SEMH:
                    rate *= recognised
                if u < min(rate, HIGHEST_RATE):
                    c.label[i] = Label.SEN_SUPPORT
                    seen.identified += 1.0
            elif c.label[i] == Label.SEN_SUPPORT and c.case[i] == Case.NONE:
                rate = p.rate_support_ends * (p.severity_reference / severity(c, i, p)) ** p.elasticity_identification
                if u < min(rate * (1.0 - c.unmet[i]), HIGHEST_RATE):
                    c.label[i] = Label.NONE


@njit(cache=True, inline="always")
def has_emerged(c: Children, i: int, t: int) -> bool:
    """Say whether the child's need shows by month t."""
    return t >= c.born[i] + c.onset[i]
