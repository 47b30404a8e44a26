# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Results in DuckDB and R
#
# Runs and sweeps are Parquet files: any tool reads them. Here is one run, written and then queried.

# %%
import tempfile
from pathlib import Path

import duckdb

from sendcycle import simulate

folder = Path(tempfile.mkdtemp()) / "run"
simulate(scale=0.002, until="2022-08").write(folder)
sorted(path.name for path in folder.iterdir())

# %%
duckdb.sql(f"""
    SELECT year(month) AS year, round(avg(plans_in_force)) AS plans, round(sum(requests)) AS requests
    FROM '{folder}/national.parquet' GROUP BY 1 ORDER BY 1
""").df()

# %% [markdown]
# The gap in unmet need between children with and without free school meals, from the January counts:

# %%
duckdb.sql(f"""
    SELECT month, disadvantaged, round(sum(unmet) / sum(children), 3) AS unmet_share
    FROM '{folder}/breakdowns.parquet'
    WHERE age <> '20 to 25' AND setting <> 'post_16' GROUP BY 1, 2 ORDER BY 1, 2
""").df().tail(6)

# %% [markdown]
# A sweep is a folder of parts that DuckDB reads as one table, however large: `'results/my_sweep/runs/*.parquet'` joined
# with `'results/my_sweep/plan.parquet'` on `run`.
#
# In R, with arrow and dplyr:
#
# ```r
# library(arrow); library(dplyr)
# national <- read_parquet("results/run/national.parquet")
# outcomes <- open_dataset("results/my_sweep/runs") |> filter(year == 2030) |> collect()
# plan <- read_parquet("results/my_sweep/plan.parquet")
# outcomes |> left_join(plan, by = "run") |> group_by(reform_scenario) |> summarise(plans = median(plans_in_force))
# ```
#
# Units, labels and definitions of every column are in docs/observables.md, or as JSON from
# `sendcycle list observables --json`.
