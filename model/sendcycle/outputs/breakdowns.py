"""January breakdowns: England's children by need, age, disadvantage, SEN status and setting; and every school.

What is counted each January is kept as plain arrays; tables are made of them when somebody asks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sendcycle.calendar import month_label
from sendcycle.engine.compilation import inlined, rule
from sendcycle.rules.rows import rows_here
from sendcycle.state.children import N_SEN_STATUSES, N_SETTINGS, Case, Need, SenStatus, Setting
from sendcycle.state.world import Part, World
from sendcycle.units import MONTHS_PER_YEAR

AGE_BANDS = ("under 5", "5 to 10", "11 to 15", "16 to 19", "20 to 25")
BANDS_FROM = (0, 5, 11, 16, 20)  # age at which each begins, years
N_NEEDS, N_BANDS = len(Need), len(AGE_BANDS)
MEASURES = ("children", "unmet", "confidence", "appealing")
N_MEASURES = len(MEASURES)
CHILDREN, UNMET, CONFIDENCE, APPEALING = range(N_MEASURES)
SHAPE = (N_NEEDS, N_BANDS, 2, N_SEN_STATUSES, N_SETTINGS, N_MEASURES)
OF_SCHOOLS = {  # columns of the table, and the fields of the schools' records that they hold
    "pupils": "pupils", "coverage": "coverage", "skill": "skill", "need_load": "need_load_gbp_k",
    "relative_load": "relative_load", "reputation": "reputation", "incentive": "incentive",
    "unit_places": "unit_places",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class January:
    """What was counted in one January.

    Attributes
    ----------
    t
        Model month.
    children
        Weighted sums, shape (need, age band, disadvantage, SEN status, setting, measure).
    in_school
        Pupils on SEN support and with a plan in each mainstream school, not weighted, shape (school, 2).
    schools
        `OF_SCHOOLS` of each, shape (school, 8).
    """

    t: int
    children: NDArray[np.float64]
    in_school: NDArray[np.float32]
    schools: NDArray[np.float32]


@inlined
def age_band(years: int) -> int:
    """Return the place in `AGE_BANDS` of an age."""
    band = 0
    for k in range(1, N_BANDS):
        band += years >= BANDS_FROM[k]
    return band


@rule
def _count_children(w: World, part: Part, t: int, in_school: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return weighted sums by need, age band, disadvantage, SEN status, setting and measure.

    Pupils on SEN support and with a plan are counted into `in_school` for every mainstream school, its unit included.
    """
    c = w.children
    sums = np.zeros(SHAPE)
    for a in part:
        weight = w.authorities[a].weight
        for i in rows_here(w, a, t):
            status, setting = c.sen_status[i], c.setting[i]
            band = age_band((t - c.born[i]) // MONTHS_PER_YEAR)
            cell = sums[c.need[i], band, c.disadvantaged[i], status, setting]
            cell[CHILDREN] += weight
            if setting != Setting.POST_16 or status == SenStatus.PLAN:  # of the others nothing is followed
                cell[UNMET] += weight * (1.0 - c.met[i])
                cell[CONFIDENCE] += weight * c.confidence[i]
            cell[APPEALING] += weight * (c.case[i] == Case.APPEALING)
            if status != SenStatus.NONE and (setting == Setting.MAINSTREAM or setting == Setting.UNIT):
                in_school[c.school[i], status - 1] += 1
    return sums


def count_january(world: World, in_parts: Callable[[Callable[[Part], Any]], list[Any]], t: int) -> January:
    """Return what is counted in month t; `in_parts` does a piece of work for every part of the authorities.

    The parts and their order decide the last bits of the sums.
    """
    in_school = np.zeros((len(world.schools), 2), dtype=np.float32)
    children: NDArray[Any] = np.add.reduce(in_parts(lambda part: _count_children(world, part, t, in_school)))
    records = world.schools.view(np.ndarray)
    schools = np.stack([records[field] for field in OF_SCHOOLS.values()], axis=1).astype(np.float32)
    return January(t, children, in_school, schools)


@dataclass(frozen=True, eq=False)
class Breakdowns:
    """The Januaries of a run, and who the schools are.

    Attributes
    ----------
    januaries
        In order.
    authority, weight, cluster, secondary
        Of every school, shape (schools,): code of its authority, how many schools it stands for, number of its
        cluster, whether it is a secondary.
    """

    januaries: Sequence[January] = ()
    authority: NDArray[Any] = field(default_factory=lambda: np.zeros(0, dtype=object))
    weight: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    cluster: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    secondary: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    @cached_property
    def children(self) -> pd.DataFrame:
        """A row a month and cell that is not empty, weighted to England: need, age, disadvantaged, label, setting.

        `label` is the SEN status. `children` is a number of children, `unmet` child-equivalents without support,
        `confidence` a sum over those children, `appealing` those with an appeal waiting. In further education need and
        confidence are followed for plan holders only; for others both sums are 0.
        """
        sums = np.asarray([january.children for january in self.januaries]).reshape(-1, *SHAPE)
        cells = np.argwhere(sums[..., 0] > 0.0)
        months = np.asarray([month_label(january.t) for january in self.januaries], dtype=object)
        names: dict[str, Any] = {
            "month": months,
            "need": [need.name.lower() for need in Need],
            "age": AGE_BANDS,
            "disadvantaged": (False, True),
            "label": [status.name.lower() for status in SenStatus],
            "setting": [setting.name.lower() for setting in Setting],
        }
        columns = {name: np.asarray(known)[cells[:, k]] for k, (name, known) in enumerate(names.items())}
        columns |= {measure: sums[(*cells.T, m)] for m, measure in enumerate(MEASURES)}
        return pd.DataFrame(columns)

    @cached_property
    def schools(self) -> pd.DataFrame:
        """A row a month and mainstream school: where it is, its pupils with SEN, and `OF_SCHOOLS`.

        `school` is its row in this sample. `pupils` are all on roll; `need_load` is in thousand pounds a year at
        2014-15 prices; shares are from 0 to 1. Numbers of pupils are not weighted: multiply them by `weight`.
        """
        tables = [
            pd.DataFrame(
                {
                    "month": month_label(january.t),
                    "school": np.arange(len(self.authority)),
                    "la_code": self.authority,
                    "weight": self.weight,
                    "cluster": self.cluster,
                    "secondary": self.secondary,
                    "pupils_sen_support": january.in_school[:, 0],
                    "pupils_with_plan": january.in_school[:, 1],
                }
                | {name: january.schools[:, k] for k, name in enumerate(OF_SCHOOLS)}
            )
            for january in self.januaries
        ]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
