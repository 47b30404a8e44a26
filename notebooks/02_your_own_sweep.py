# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Your own sweep
#
# A sweep is a `Design`: what is drawn, what is set, what is recorded. It runs on all cores or on a cluster, writes each
# batch as it is done, and goes on where it was interrupted. The same can be written in TOML
# (docs/examples/first_sweep.toml) and run with `sendcycle sweep`.

# %%
import tempfile
from pathlib import Path

from sendcycle import declared_parameters
from sendcycle_experiments import Design, sweep

design = Design(
    "escalation_and_contagion",
    uncertainties={name: declared_parameters()[name].prior for name in ("escalation", "rate_family_request")},
    levers={"gain_r7_confidence": (0.0, 1.0)},
    outcomes=("plans_in_force", "unmet_need_share"),
    years=(2020, 2025),
    n=8,  # points; each is run with the loop of contagion cut and not cut
    scale=0.002,
    until="2025-03",
)
print(f"{design.n_runs} runs, {design.n_arms} arms")

# %%
folder = Path(tempfile.mkdtemp()) / design.name
finished = sweep(design, folder, workers=1)
print(finished.computed, "runs computed,", finished.failed, "failed")

# %% [markdown]
# Points are rows of the design; arms of one point share all random draws, so that their difference is due to the lever.

# %%
table = finished.store.table()
wide = table[table["year"] == 2025].pivot(index="point", columns="gain_r7_confidence", values="plans_in_force")
(wide[1.0] - wide[0.0]).describe()

# %% [markdown]
# A second call with `resume=True` finds everything there and computes nothing; another design is refused.

# %%
again = sweep(design, folder, workers=1, resume=True)
print(again.computed, "computed")
sorted(path.name for path in folder.iterdir())

# %% [markdown]
# Every folder holds its design, its plan, the parts as Parquet, and a manifest with the state of the model:

# %%
{key: finished.store.manifest()[key] for key in ("computed", "failed", "wall_seconds")}
