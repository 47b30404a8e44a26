"""e08: does the scale of a sample change national results, and how many replicates suffice.

Every scale is run with seeds of its own. A sample of whole neighbourhoods scatters around England's figure; if it did
so around another one, scale itself would change results. The last columns say how many replicates bring the standard
error of a mean down to a percent.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from sendcycle.errors import ResultsError
from sendcycle_experiments.studies.registry import Scales
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.columns import write_outcomes
from sendcycle_experiments.sweeps.designs import Design
from sendcycle_experiments.sweeps.manifests import reporting
from sendcycle_experiments.sweeps.store import Store

OUTCOMES = ("plans_in_force", "requests", "high_needs_spending", "unmet_need_share", "within_20_weeks")
ERROR_RATE = 0.01  # of calling scales different that are not, over all comparisons of the table together
APART = 1000  # between the seeds of two scales, which are compared as independent samples
TABLE = "scales.csv"


def run(sizes: Scales, context: Context) -> Findings:
    """Run every scale, and write how far its replicates scatter and whether they agree with the largest."""
    stores = {scale: context.sweep(design, design.name) for scale, design in designs(sizes).items()}
    return Findings((in_words(write_report(stores, context.folder)),), "table and runs")


def designs(sizes: Scales) -> dict[float, Design]:
    """Return a design for every scale, all at the declared values."""
    return {
        scale: Design(
            f"scale_{scale:g}", outcomes=OUTCOMES, years=sizes.years, sampler="defaults", replicates=replicates,
            seed=APART * k, scale=scale, until=sizes.until,
        )
        for k, (scale, replicates) in enumerate(sizes.replicates)
    }  # fmt: skip


def compared(values: Mapping[float, pd.DataFrame]) -> pd.DataFrame:
    """Return, by outcome, year and scale, how far replicates scatter and whether the mean is that of the largest scale.

    Parameters
    ----------
    values
        By scale, a row a replicate and year: column `year` and the outcomes.

    Returns
    -------
    pandas.DataFrame
        Columns `outcome`, `year`, `scale`, `replicates`, `mean`, `sd`, `relative_sd` (of the mean), `difference` (from
        the mean at the largest scale, relative), `p` (of Welch's test; NaN for the largest or with one replicate),
        `agrees` (p above the error rate shared out over all comparisons, by Bonferroni; NaN without p) and
        `replicates_for_1_percent`.
    """
    largest = max(values)
    rows = []
    for scale, table in values.items():
        for outcome in (name for name in map(str, table) if name != "year"):
            for year in sorted(set(map(int, table["year"]))):
                here = table.loc[table["year"] == year, outcome].to_numpy(dtype=float)
                there = values[largest].loc[values[largest]["year"] == year, outcome].to_numpy(dtype=float)
                rows.append((outcome, year, scale, *_row(here, there, scale == largest)))
    columns = ["outcome", "year", "scale", "replicates", "mean", "sd", "relative_sd", "difference", "p"]
    found = pd.DataFrame(rows, columns=columns)
    tests = max(int(found["p"].notna().sum()), 1)
    found["agrees"] = (found["p"] > ERROR_RATE / tests).where(found["p"].notna())  # nothing where nothing is compared
    found["replicates_for_1_percent"] = np.ceil((found["relative_sd"] / 0.01) ** 2)
    return found.sort_values(["outcome", "year", "scale"], ignore_index=True)


def in_words(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table for the terminal."""
    shown = table.assign(
        mean=table["mean"].map("{:,.4g}".format), scatter=table["relative_sd"].map("{:.1%}".format),
        difference=table["difference"].map("{:+.1%}".format), scale=table["scale"].map("{:g}".format),
        agrees=table["agrees"].map({True: "yes", False: "no"}).fillna("–"),
    )  # fmt: skip
    return shown[["outcome", "year", "scale", "replicates", "mean", "scatter", "difference", "agrees"]]


def _row(here: np.ndarray, there: np.ndarray, is_largest: bool) -> tuple[int, float, float, float, float, float]:
    mean, sd = float(here.mean()), float(here.std(ddof=1)) if len(here) > 1 else math.nan
    p = math.nan
    if not is_largest and len(here) > 1 and len(there) > 1:
        p = float(stats.ttest_ind(here, there, equal_var=False).pvalue)
    return len(here), mean, sd, sd / abs(mean) if mean else math.nan, mean / there.mean() - 1.0, p


def write_report(stores: Mapping[float, Store], folder: Path) -> pd.DataFrame:
    """Write the table and a manifest that names the designs; return the table.

    Raises
    ------
    ResultsError
        If every run of a scale failed, or nothing can be written.
    """
    failed = [f"{scale:g}" for scale, store in stores.items() if store.outcomes().empty]
    if failed:
        raise ResultsError(f"every run at the scales {', '.join(failed)} failed; failures.csv says with what error.")
    table = compared({scale: store.outcomes().drop(columns="run") for scale, store in stores.items()})
    manifests = {f"{scale:g}": store.manifest() for scale, store in stores.items()}
    with reporting(folder, {"runs": manifests}):
        write_outcomes(table, folder / TABLE, float_format="%.6g")
    return table
