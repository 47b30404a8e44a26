"""Moves between settings, and the waiting list for specialist places: they keep the counts of both right."""

from sendcycle.engine.compilation import inlined
from sendcycle.state.children import Setting
from sendcycle.state.world import World


@inlined
def in_special_school(setting: int) -> bool:
    """Say whether this is a special school, state or independent."""
    return setting == Setting.STATE_SPECIAL or setting == Setting.INDEPENDENT_SPECIAL


@inlined
def in_mainstream_school(setting: int) -> bool:
    """Say whether this is a mainstream school, its unit included."""
    return setting == Setting.MAINSTREAM or setting == Setting.UNIT


@inlined
def join_waiting_list(w: World, a: int, i: int) -> None:
    """Put the child on the waiting list for a specialist place."""
    if w.children.wants_special[i] == 0:
        w.children.wants_special[i] = 1
        w.authorities[a].waiting_special += 1.0
        w.tallies[a].specialist_places_sought += 1.0


@inlined
def leave_waiting_list(w: World, a: int, i: int) -> None:
    """Take the child off the waiting list for a specialist place."""
    if w.children.wants_special[i] == 1:
        w.children.wants_special[i] = 0
        w.authorities[a].waiting_special -= 1.0


@inlined
def count_at_place(w: World, a: int, i: int, one: float) -> None:
    """Add one to the pupils where the child is, or take one off them, if places are counted there."""
    setting = w.children.setting[i]
    if setting == Setting.STATE_SPECIAL:
        w.authorities[a].special_pupils += one
    elif setting == Setting.UNIT:
        w.schools[w.children.school[i]].unit_pupils += one
        w.authorities[a].unit_pupils += one


@inlined
def move_to(w: World, a: int, i: int, setting: int) -> None:
    """Move the child; in mainstream and alternative provision the wait for a specialist place goes on."""
    if setting != Setting.ALTERNATIVE and setting != Setting.MAINSTREAM:
        leave_waiting_list(w, a, i)
    count_at_place(w, a, i, -1.0)
    w.children.setting[i] = setting
    count_at_place(w, a, i, 1.0)
