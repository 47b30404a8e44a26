"""Fill a store as finished batches would."""

import pandas as pd

from sendcycle_experiments.sweeps.store import Store


def add_in_batches(store: Store, rows: pd.DataFrame) -> None:
    """Add rows of any runs, each to the part of its batch."""
    size = int(store.design()["batch"])
    for batch, part in rows.groupby(rows["run"] // size):
        store.add(int(str(batch)), part)
