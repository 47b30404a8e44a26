"""Children and young people with their families: one row a child, one column a property."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.by_reference import ByReference


class Need(IntEnum):
    """Primary need, in four groups: see docs/data.md, "Needs"."""

    AUTISM = 0
    SEMH = 1
    SLCN = 2
    LEARNING = 3  # moderate or specific learning difficulty (MLD, SpLD)
    PROFOUND = 4  # severe, or profound and multiple, learning difficulty (SLD, PMLD)
    PHYSICAL = 5  # physical or sensory


class SenStatus(IntEnum):
    """What the system calls the child."""

    NONE = 0
    SEN_SUPPORT = 1
    PLAN = 2


class Setting(IntEnum):
    """Where the child learns."""

    EARLY_YEARS = 0
    MAINSTREAM = 1
    UNIT = 2  # SEN unit or resourced provision in a mainstream school
    STATE_SPECIAL = 3
    INDEPENDENT_SPECIAL = 4  # independent or non-maintained special
    ALTERNATIVE = 5
    POST_16 = 6  # further education and specialist post-16
    HOME = 7  # elective home education
    ELSEWHERE = 8  # awaiting provision, other arrangements
    LEFT = 9  # not in education


class Case(IntEnum):
    """Where the child stands in the statutory pipeline."""

    NONE = 0
    DECIDING = 1  # the authority decides whether to assess (6 weeks)
    ASSESSING = 2  # the psychologist's advice is awaited (16 weeks)
    DRAFTING = 3  # the plan is written (20 weeks)
    MEDIATING = 4  # a decision is contested in mediation
    APPEALING = 5  # the tribunal is awaited


class Appeal(IntEnum):
    """What an appeal is about."""

    NONE = 0
    REFUSAL_TO_ASSESS = 1
    REFUSAL_TO_ISSUE = 2
    CONTENTS = 3  # contents of, or placement named in, the plan


N_SEN_STATUSES, N_SETTINGS, N_CASES = len(SenStatus), len(Setting), len(Case)


@dataclass(frozen=True, eq=False)
class Children(ByReference):
    """The columns. Every array has the shape (children,); rows are sorted by authority, then by month of birth."""

    key: NDArray[np.uint64]  # who the child is, in every draw
    born: NDArray[np.int16]  # month of birth, counted from September 2014
    onset: NDArray[np.int16]  # age at which the need shows, months
    need: NDArray[np.int8]  # Need
    disadvantaged: NDArray[np.int8]  # 1 = free school meals
    advocacy: NDArray[np.float32]  # the family's capacity to work the system, 0 to 1
    base_need_gbp_k: NDArray[np.float32]  # cost of the need, not escalated, thousand pounds a year, 2014-15 prices
    cluster: NDArray[np.int32]  # neighbourhood: row of the cluster
    school: NDArray[np.int32]  # row of the mainstream school attended or last attended, -1 before school
    setting: NDArray[np.int8]  # Setting
    sen_status: NDArray[np.int8]  # SenStatus
    case: NDArray[np.int8]  # Case
    appeal: NDArray[np.int8]  # Appeal, what is contested
    opened: NDArray[np.int16]  # month of the request now in the pipeline
    may_move_on_from: NDArray[np.int16]  # month from which the case may leave its stage, unless it is an appeal
    registered: NDArray[np.int16]  # month in which the appeal was registered with the tribunal
    may_ask_from: NDArray[np.int16]  # month from which the family may request, or contest its plan
    planned: NDArray[np.int16]  # month the plan was issued, or -9999
    wants_special: NDArray[np.int8]  # 1 = waits for a specialist place
    met: NDArray[np.float32]  # share of the need met this month, 0 to 1
    unmet: NDArray[np.float32]  # memory of unmet need, 0 to 1
    confidence: NDArray[np.float32]  # confidence in mainstream schooling, 0 to 1
    provision_gbp: NDArray[np.float32]  # cost of the provision the plan names, pounds a year at 2014-15 prices


NEVER = -9999


def empty_children(n: int) -> Children:
    """Return n rows of zeros, with the column types of `Children`."""
    return Children(*(np.zeros(n, dtype=_number_type(Children.__annotations__[name])) for name in Children.names()))


def _number_type(annotation: Any) -> Any:
    """Return the number type of an NDArray annotation, which NumPy 2.5 writes more shortly than earlier releases."""
    last = annotation.__args__[-1]
    return getattr(last, "__args__", (last,))[0]
