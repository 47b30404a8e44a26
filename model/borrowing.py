"""Compiled rules borrow the world: they read and write its arrays without counting references to them.

Numba counts a reference to every array of a named tuple whenever a function takes the tuple, one atomic step for each
of some forty arrays; for rules that ask a question about one child that costs many times the rule itself, and most
when two threads count the same arrays. The caller in Python holds the world for as long as a rule runs, so nothing
needs to be counted.
"""

from typing import Any, TypeVar

from llvmlite import ir
from numba import types
from numba.core import cgutils, ir_utils
from numba.extending import intrinsic, overload

T = TypeVar("T")


def borrowed(world: T) -> T:
    """Return the same arrays, uncounted. Nothing may outlive the call that borrows them."""
    return world


@intrinsic
def _borrowed(typing_context: Any, world: Any) -> Any:
    """Clear the owner of every array in the tuple."""

    def cleared(context: Any, builder: Any, kind: Any, value: Any) -> Any:
        if isinstance(kind, types.Array):
            array = cgutils.create_struct_proxy(kind)(context, builder, value)
            array.meminfo = ir.Constant(array.meminfo.type, None)
            array.parent = ir.Constant(array.parent.type, None)
            return array._getvalue()
        if isinstance(kind, types.BaseTuple):
            items = [
                cleared(context, builder, member, builder.extract_value(value, k)) for k, member in enumerate(kind)
            ]
            return context.make_tuple(builder, kind, items)
        return value

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return cleared(context, builder, signature.args[0], arguments[0])

    return world(world), generated


@overload(borrowed)
def _compiled(world):  # type: ignore[no-untyped-def]  # Numba compares the two signatures to the letter
    return lambda world: _borrowed(world)


def _aliases(name: str, arguments: Any, alias_map: dict[str, set[str]], argument_aliases: set[str]) -> None:
    """Tell Numba that what is written to the arrays returned is written to those given, and not to be left out."""
    ir_utils._add_alias(name, arguments[0].name, alias_map, argument_aliases)


ir_utils.alias_func_extensions["borrowed", __name__] = _aliases
