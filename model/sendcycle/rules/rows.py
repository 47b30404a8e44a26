"""Rows of children that a rule goes over: by age, by draw, and those in education whose need shows."""

import numpy as np
from numpy.typing import NDArray

from sendcycle.ages import AFTER_16_MONTHS, FIRST_AGE_MONTHS
from sendcycle.engine.compilation import compiled, inlined
from sendcycle.engine.randomness import DRAWS, SHIFT, scramble
from sendcycle.state.children import Children, Setting
from sendcycle.state.world import World
from sendcycle.units import MONTHS_PER_YEAR

BLOCK = np.uint64(256)  # draws made at once: they fit the processor's fastest cache


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
    return AFTER_16_MONTHS + t % MONTHS_PER_YEAR


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
    low, high = rows_of_ages(w, a, t, FIRST_AGE_MONTHS, over_16_since(t))
    for i in range(low, high):
        w.drawn_rows[n] = i
        n += 1 if has_emerged(w.children, i, t) else 0
    return w.drawn_rows[first:n]


@inlined
def has_emerged(c: Children, i: int, t: int) -> bool:
    """Say whether the child's need shows by month t."""
    return t >= c.born[i] + c.onset[i]
