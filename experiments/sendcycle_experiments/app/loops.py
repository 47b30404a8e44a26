"""How strong each causal loop is at this moment: what would be missing from the next months if it were cut now."""

from collections.abc import Sequence
from contextlib import closing

import numpy as np
import pandas as pd

from sendcycle import SendModel
from sendcycle.calendar import BURN_IN_MONTHS
from sendcycle.outputs import observables
from sendcycle.outputs.observables import as_numbers
from sendcycle.structure.causal_map import KINDS, causal_map

MONTHS = 36  # most loops take years
SHOWN = ("requests", "new_plans", "appeals_registered", "high_needs_spending")


def loop_strengths(model: SendModel, names: Sequence[str] = SHOWN, months: int = MONTHS) -> pd.DataFrame:
    """Cut each loop in a copy of the model as it is now, and compare the months that follow on the same draws.

    A loop that is cut carries its signal of September 2014 again, all others go on.

    Parameters
    ----------
    model
        Left as it is.
    names
        Observables that are sums over months.
    months
        How far to look ahead; no further than the run.

    Returns
    -------
    pandas.DataFrame
        A row a loop: `loop`, `label`, `polarity`, and for each observable what the loop adds to it over these months,
        as a share of what it comes to with all loops. Empty if no month is left.
    """
    months = min(months, model.n_months - model.t)
    if months < 1:
        return pd.DataFrame()
    known = causal_map()
    whole = _ahead(model, None, names, months)
    rows = []
    for loop in known.loops.values():
        without = _ahead(model, loop.gain, names, months)
        adds = {name: 1.0 - without[name] / whole[name] if whole[name] else np.nan for name in names}
        rows.append({"loop": loop.name, "label": loop.label, "polarity": KINDS[known.polarity(loop)]} | adds)
    return pd.DataFrame(rows)


def _ahead(model: SendModel, cut: str | None, names: Sequence[str], months: int) -> dict[str, float]:
    """Return what each observable comes to over some months, in a copy of the model in which a gain is 0."""
    with closing(model.copy()) as copied:
        if cut is not None:
            copied.inputs.parameters[cut][model.t + BURN_IN_MONTHS :] = 0.0
        weights = np.asarray(copied.world.authorities["weight"])
        total = np.zeros(as_numbers(copied.world.tallies).shape[-1])
        for _ in range(months):
            copied.step()
            total += weights @ as_numbers(copied.world.tallies)
        tallies = dict(zip(copied.world.tallies.dtype.names or (), total, strict=True))
    known = observables.declared().observables
    return {name: float(known[name].of(tallies)) for name in names}
