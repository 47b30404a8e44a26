"""Borrowed arrays are the same arrays, and nothing that is written to them is lost."""

import sys
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import njit

from model.borrowing import borrowed


class Inner(NamedTuple):
    """Some columns."""

    column: Any
    records: Any


class Outer(NamedTuple):
    """Columns in a tuple in a tuple, as the world holds the children's."""

    inner: Inner
    number: int
    table: Any


def written(w: Any, n: int) -> float:
    """Write to every array, some of them in a loop and through another name."""
    w = borrowed(w)
    inner = w.inner
    for i in range(n):
        inner.column[i] += 5.0 + w.number
    record = inner.records[1]
    record.x += 2.0
    w.table[0, 1] = inner.column[0]
    return w.table[0, 1]


@pytest.mark.parametrize("function", [written, njit(written)], ids=["plain", "compiled"])
def test_what_is_written_to_borrowed_arrays_stays(function: Any) -> None:
    records = np.zeros(2, dtype=[("x", "f8")]).view(np.recarray)
    outer = Outer(Inner(np.arange(3.0), records), 4, np.zeros((2, 2)))
    held = [sys.getrefcount(array) for array in (outer.inner.column, outer.inner.records, outer.table)]
    assert function(outer, 3) == 9.0
    assert outer.inner.column.tolist() == [9.0, 10.0, 11.0]
    assert outer.inner.records["x"].tolist() == [0.0, 2.0]
    assert outer.table.tolist() == [[0.0, 9.0], [0.0, 0.0]]
    assert held == [sys.getrefcount(array) for array in (outer.inner.column, outer.inner.records, outer.table)]
