"""Compiled rules take an object by reference as Python does, write to its arrays, and count no references."""

import copy
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from sendcycle import SendModel
from sendcycle.engine.by_reference import ByReference
from sendcycle.start import burn_in

RECORD = np.dtype([("flag", "i1"), ("x", "f8")])


@dataclass(frozen=True, eq=False)
class Inner(ByReference):
    """Some columns."""

    column: Any
    records: Any


@dataclass(frozen=True, eq=False)
class Outer(ByReference):
    """Columns inside, as the world holds the children's."""

    number: int
    inner: Inner
    table: Any


@njit
def moved(inner: Inner, n: int, by: float) -> None:
    """Write in a loop, in a rule called by a rule."""
    for i in range(n):
        inner.column[i] += by


def written(w: Outer, n: int) -> float:
    """Write to every array, to one through a record, and read what was written."""
    moved(w.inner, n, 5.0 + w.number)
    record = w.inner.records[1]
    record.x += 2.0
    w.table[-1, 1] = w.inner.column[0] + w.table.shape[0]
    return w.table[3, 1] + w.table.size + len(w.inner.column)


@pytest.fixture
def outer() -> Outer:
    """The table is a view into a wider one, so that its strides matter."""
    records = np.zeros(2, dtype=RECORD).view(np.recarray)
    return Outer(4, Inner(np.arange(3.0), records), np.zeros((4, 6))[:, ::2])


@pytest.mark.parametrize("function", [written, njit(written)], ids=["plain", "compiled"])
def test_writes_persist_and_reference_counts_stay_the_same(
    function: Callable[[Outer, int], float], outer: Outer
) -> None:
    arrays = (outer.inner.column, outer.inner.records, outer.table)
    held = [sys.getrefcount(array) for array in arrays]
    assert function(outer, 3) == (9.0 + 4) + 12 + 3
    assert outer.inner.column.tolist() == [9.0, 10.0, 11.0]
    assert outer.inner.records["x"].tolist() == [0.0, 2.0]
    assert outer.table.sum() == outer.table[3, 1] == 13.0
    assert held == [sys.getrefcount(array) for array in arrays]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["deepcopy", "pickle"])
def test_a_copy_has_arrays_and_pointers_of_its_own(copied: Callable[[Outer], Outer], outer: Outer) -> None:
    compiled = njit(written)
    compiled(outer, 3)  # its pointers are made
    copy = copied(outer)
    compiled(copy, 3)
    assert copy.inner.column.tolist() == [18.0, 19.0, 20.0]
    assert outer.inner.column.tolist() == [9.0, 10.0, 11.0]


def test_objects_with_other_array_types_are_another_type(outer: Outer) -> None:
    compiled = njit(written)
    compiled(outer, 3)
    narrow = Outer(4, Inner(np.arange(3, dtype=np.float32), outer.inner.records), outer.table)
    assert compiled(narrow, 3) == 9.0 + 4 + 12 + 3
    assert narrow.inner.column.tolist() == [9.0, 10.0, 11.0]


def test_unknown_fields_and_assignments_to_fields_are_refused(outer: Outer) -> None:
    with pytest.raises(TypingError, match="nothing"):
        njit(lambda w: w.nothing)(outer)
    with pytest.raises(NotImplementedError, match="number"):
        njit(_replaces)(outer)


def _replaces(w: Any) -> None:
    w.number = 1


def test_arrays_of_another_memory_order_are_another_type() -> None:
    """Types of arrays are cached by memory layout: Fortran order is not the layout of a strided view."""
    read = njit(_element)
    fortran = Inner(np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.zeros(1, dtype=RECORD))
    gaps = Inner(np.arange(24.0).reshape(4, 6)[::2, ::2], np.zeros(1, dtype=RECORD))
    assert read(fortran) == 4.0
    assert read(gaps) == 14.0


def _element(w: Any) -> float:
    return w.column[1, 1]


def test_pointers_are_made_before_threads_ask_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that both make the table of pointers would leave one of them with a table already freed."""
    known: list[bool] = []
    fill = burn_in.fill

    def noted(world: Any, *more: Any) -> None:
        known.append("address" in vars(world))
        fill(world, *more)

    monkeypatch.setattr(burn_in, "fill", noted)
    model = SendModel(seed=0, scale=0.004, n_months=1)
    assert known == [True] * len(known)
    assert known
    assert "address" in vars(model.inputs)


def test_a_copied_model_has_its_pointers_before_threads_ask_for_them() -> None:
    model = SendModel(seed=0, scale=0.004, n_months=1)
    copy = model.copy()
    for one, other in ((model.world, copy.world), (model.world.children, copy.world.children)):
        assert "address" in vars(other)
        assert vars(other)["address"] != one.address
    model.close()
    copy.close()
