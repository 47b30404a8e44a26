# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Reading the sensitivity
#
# Which uncertain numbers drive which answer, and when? Screening (Morris) finds the few that matter; variance-based
# indices (Sobol') say how much of the spread each carries alone (`S1`) and with all its interactions (`ST`); PAWN looks
# at whole distributions. An index without its interval says nothing.

# %%
from pathlib import Path

import pandas as pd

results = Path.cwd() if (Path.cwd() / "results").is_dir() else Path.cwd().parent
indices = pd.read_csv(results / "results" / "e04_sensitivity" / "variance" / "indices.csv", keep_default_na=False)
for column in ("value", "half_width", "of_half"):
    indices[column] = pd.to_numeric(indices[column], errors="coerce")
indices["index"].value_counts()

# %% [markdown]
# Total indices of plans in force by year: what matters early is not what matters late.

# %%
total = indices[(indices["index"] == "ST") & (indices["outcome"] == "plans_in_force")]
total.pivot(index="factor", columns="year", values="value").sort_values(by=total["year"].max(), ascending=False).head(8)

# %% [markdown]
# `half_width` is that of a 95 % interval by bootstrap; `of_half` is the index from half of the sample, and `converged`
# says whether the two agree. Look before you quote:

# %%
main = total[total["year"] == total["year"].max()].sort_values("value", ascending=False)
main[["factor", "value", "half_width", "of_half", "converged"]].head(8)

# %% [markdown]
# The difference between `ST` and `S1` is what a factor does together with others:

# %%
both = indices[(indices["outcome"] == "plans_in_force") & (indices["year"] == total["year"].max())]
both = both[both["with"] == ""].pivot_table(index="factor", columns="index", values="value")
(both["ST"] - both["S1"]).sort_values(ascending=False).head(5)

# %% [markdown]
# ## Your own, in small
#
# `sendcycle sensitivity morris --groups confidence,money` runs one. From Python, with three factors:

# %%
import tempfile

import numpy as np

from sendcycle import declared_parameters
from sendcycle_experiments import Design, sensitivity, sweep

names = ["escalation", "rate_family_request", "effect_confidence"]
base = Design(
    "three_factors", {name: declared_parameters()[name].prior for name in names}, outcomes=("plans_in_force",), years=(2024,),
    scale=0.002, until="2024-03",
)
problem = sensitivity.problem_of(names)
chosen = sensitivity.analysis_design(base, "morris", problem, n=4)
store = sweep(chosen, Path(tempfile.mkdtemp()) / "runs", workers=1).store
table = sensitivity.analyse(store, chosen, "morris", problem)
table[table["index"] == "mu_star"][["factor", "value", "half_width"]].sort_values("value", ascending=False)

# %% [markdown]
# Four trajectories are far too few: the intervals say so.

# %%
assert np.isfinite(table["value"]).any()
