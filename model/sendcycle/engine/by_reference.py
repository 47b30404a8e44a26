"""Arrays handed to compiled rules by reference: one pointer in place of some forty arrays.

Numba passes a named tuple of arrays by value: each call of a rule copies every array's pointers and counts a reference
to it, one atomic step an array, and each rule is compiled with hundreds of arguments. For rules that ask a question
about one child that costs many times the rule itself. Here a rule gets the address of a table of pointers, reads from
it what it uses, and counts nothing: the caller in Python holds the arrays for as long as the rule runs.
"""

from collections.abc import Iterator
from dataclasses import fields
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models, register_default
from numba.core.typing.templates import AttributeTemplate
from numba.core.typing.typeof import typeof
from numba.extending import NativeValue, infer_getattr, lower_getattr_generic, unbox
from numpy.typing import NDArray

WORD = ir.IntType(64)


class ByReference:
    """Base of a frozen dataclass whose fields are arrays, whole numbers, or other such classes.

    Compiled rules read its fields; nobody replaces them. A copy makes its own table of pointers.

    Attributes
    ----------
    address
        Where the table stands in memory.
    """

    address: ClassVar[int]  # of each object, though: a class variable is no field

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the fields."""
        return tuple(field.name for field in fields(cls))  # type: ignore[arg-type]  # subclasses are dataclasses

    def __iter__(self) -> Iterator[Any]:
        """Go through the values of the fields."""
        return (getattr(self, name) for name in self.names())

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        """Copy and pickle the fields alone: the pointers are of this object."""
        return type(self), tuple(self)

    @cached_property
    def _numba_type_(self) -> "TableOfPointers":
        """What Numba knows of this object."""
        return TableOfPointers(type(self).__name__, tuple((name, _kind(getattr(self, name))) for name in self.names()))

    def __post_init__(self) -> None:
        """Make the table at once: threads that each made one would leave some of them with a table that is gone."""
        vars(self)["pointers"] = self._pointers()
        vars(self)["address"] = int(vars(self)["pointers"].ctypes.data)

    def _pointers(self) -> NDArray[np.int64]:
        """Return the table, in the order of the fields.

        An array gives its address, number of items, shape and strides; an object by reference the address of its own
        table; a number itself.
        """
        words: list[int] = []
        for value in self:
            if isinstance(value, np.ndarray):
                words += [value.ctypes.data, value.size, *value.shape, *value.strides]
            else:
                words.append(value.address if isinstance(value, ByReference) else int(value))
        return np.array(words, dtype=np.int64)


_kinds: dict[Any, Any] = {}  # of arrays: a record of some hundred fields takes Numba a millisecond


def _kind(value: Any) -> Any:
    """Return the Numba type of a field."""
    if not isinstance(value, np.ndarray):
        return typeof(value)
    what = (
        value.dtype,
        value.ndim,
        value.flags.c_contiguous,
        value.flags.f_contiguous,
        value.flags.aligned,
        value.flags.writeable,
    )
    if what not in _kinds:
        _kinds[what] = typeof(value)
    return _kinds[what]


class TableOfPointers(types.Type):
    """What Numba knows of an object by reference: names and types of its fields."""

    def __init__(self, name: str, members: tuple[tuple[str, Any], ...]) -> None:
        self.members = members
        super().__init__(f"{name}({', '.join(f'{field}: {kind}' for field, kind in members)})")

    def place(self, name: str) -> tuple[int, Any] | None:
        """Return where a field begins in the table, in words, and its type."""
        words = 0
        for field, kind in self.members:
            if field == name:
                return words, kind
            words += 2 + 2 * kind.ndim if isinstance(kind, types.Array) else 1
        return None


@register_default(TableOfPointers)
class _PointerModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, WORD.as_pointer())


@infer_getattr
class _Fields(AttributeTemplate):
    key = TableOfPointers

    def generic_resolve(self, table: TableOfPointers, name: str) -> Any:
        found = table.place(name)
        return found[1] if found else None


@lower_getattr_generic(TableOfPointers)
def _field_is_read(context: Any, builder: Any, table: TableOfPointers, value: Any, name: str) -> Any:
    found = table.place(name)
    assert found is not None
    first, kind = found

    def word(k: int) -> Any:
        loaded = builder.load(builder.gep(value, [ir.Constant(WORD, first + k)]))
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))  # the table is never written to
        return loaded

    if isinstance(kind, TableOfPointers):
        return builder.inttoptr(word(0), WORD.as_pointer())
    if not isinstance(kind, types.Array):
        return word(0)
    array = context.make_array(kind)(context, builder)
    sizes = [word(2 + k) for k in range(2 * kind.ndim)]
    array.data = builder.inttoptr(word(0), array.data.type)
    array.nitems = word(1)
    array.itemsize = ir.Constant(WORD, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    array.shape = cgutils.pack_array(builder, sizes[: kind.ndim])
    array.strides = cgutils.pack_array(builder, sizes[kind.ndim :])
    array.meminfo = ir.Constant(array.meminfo.type, None)  # nobody owns it here, so nobody counts
    array.parent = ir.Constant(array.parent.type, None)
    return array._getvalue()


@unbox(TableOfPointers)
def _address_is_taken(kind: TableOfPointers, obj: Any, c: Any) -> Any:
    address = c.pyapi.object_getattr_string(obj, "address")
    number = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    failed = cgutils.is_not_null(c.builder, c.pyapi.err_occurred())
    return NativeValue(c.builder.inttoptr(number, WORD.as_pointer()), is_error=failed)
