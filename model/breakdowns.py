"""January breakdowns: children with need by primary need, age, disadvantage, label and setting, nation."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.borrowing import borrowed
from model.calendar import month_label
from model.children import AGE_LIMIT, FIRST_AGE, Label, Need, Setting
from model.needs import has_emerged, rows_of_ages
from model.world import Part, World, rule

AGE_BANDS = ("under 5", "5 to 10", "11 to 15", "16 to 19", "20 to 25")
SHAPE = (len(Need), len(AGE_BANDS), 2, len(Label), len(Setting))
MEASURES = ("children", "unmet", "confidence", "appealing")


@rule
def _counted(w: World, part: Part, t: int) -> NDArray[np.float64]:
    """Return weighted sums by need, age band, disadvantage, label, setting and measure."""
    w = borrowed(w)
    c = w.children
    sums = np.zeros((6, 5, 2, 3, 10, 4))
    for a in part:
        weight = w.authorities[a].weight
        low, high = rows_of_ages(w, a, t, FIRST_AGE, AGE_LIMIT)
        for i in range(low, high):
            if c.setting[i] == Setting.LEFT or not has_emerged(c, i, t):
                continue
            age = (t - c.born[i]) // 12
            band = 0 if age < 5 else 1 if age < 11 else 2 if age < 16 else 3 if age < 20 else 4
            cell = sums[c.need[i], band, c.disadvantaged[i], c.label[i], c.setting[i]]
            cell[0] += weight
            cell[1] += weight * (1.0 - c.met[i])
            cell[2] += weight * c.confidence[i]
            cell[3] += weight * (c.appeal[i] != 0)
    return sums


def january_breakdown(world: World, parts: list[NDArray[np.int64]], t: int) -> pd.DataFrame:
    """Return the tidy breakdown of month t: a row a cell that is not empty.

    `children` is a number of children; `unmet` child-equivalents without support; `confidence` and `appealing` sums
    over those children.
    """
    sums: NDArray[Any] = np.add.reduce([_counted(world, part, t) for part in parts])
    cells = np.argwhere(sums[..., 0] > 0.0)
    names = ([n.name.lower() for n in Need], AGE_BANDS, (False, True), [x.name.lower() for x in Label])
    columns: dict[str, Any] = {"month": month_label(t)}
    for k, (column, values) in enumerate(zip(("need", "age", "disadvantaged", "label"), names, strict=True)):
        columns[column] = np.asarray(values)[cells[:, k]]
    columns["setting"] = np.asarray([s.name.lower() for s in Setting])[cells[:, 4]]
    for m, measure in enumerate(MEASURES):
        columns[measure] = sums[(*cells.T, m)]
    return pd.DataFrame(columns)
