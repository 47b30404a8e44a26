# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Your own reform
#
# A reform is data: which parameters change, when, how fast, from when it is announced, what it costs. It changes
# capacity, money, information, incentives or rules; what families, schools and authorities make of it, the model works
# out. Nothing in it may set an outcome.

# %%
import tempfile
from pathlib import Path

from sendcycle import Change, Reform, Scenario, simulate
from sendcycle_experiments import read_scenario

outreach = Reform(
    "outreach",
    (Change("outreach_extra", 1.5, "2026-09", ramp_months=36),),
    announced="2026-02",
    text="Half as much outreach again, over three years.",
)
with_outreach = Scenario("outreach", (outreach,))

# %% [markdown]
# The same as a file, for people without Python. It is read as data and never executed.

# %%
text = """
name = "outreach"

[[reforms]]
name = "outreach"
announced = "2026-02"
text = "Half as much outreach again, over three years."

[[reforms.changes]]
parameter = "outreach_extra"
value = 1.5
start = "2026-09"
ramp_months = 36
"""
path = Path(tempfile.mkdtemp()) / "outreach.toml"
path.write_text(text)
assert read_scenario(str(path)) == with_outreach

# %% [markdown]
# Mistakes are one line that says what to do:

# %%
from sendcycle import SendcycleError

(path.parent / "wrong.toml").write_text(text.replace("outreach_extra", "outreach_exrta"))
try:
    read_scenario(str(path.parent / "wrong.toml"))
except SendcycleError as error:
    print(error)

# %% [markdown]
# ## One pair of runs
#
# Same seed, same draws for every child and decision: before the announcement nothing differs.

# %%
base = simulate(scale=0.004, seed=1, until="2032-08").national
reformed = simulate(scenario=with_outreach, scale=0.004, seed=1, until="2032-08").national
gap = reformed["unmet_need_share"] - base["unmet_need_share"]
print("before:", gap[:"2026-01"].abs().max(), "; August 2032:", round(gap.iloc[-1], 2), "points of unmet need")

# %% [markdown]
# ## Over the calibrated ensemble
#
# One pair says little: members of the ensemble differ in what published figures do not rule out. Eight of them here; take
# fifty or more for anything you report (`sendcycle compare no_change outreach.toml`).

# %%
from sendcycle_experiments import CURRENT, comparison, read_ensemble, sweep

members = read_ensemble(CURRENT).first(8).with_reforms()
scenarios = [read_scenario("no_change"), with_outreach]
runs = comparison.design(scenarios, members, scale=0.002, until="2032-08")
store = sweep(runs, path.parent / "runs", workers=1).store
gaps = comparison.differences(comparison.outcomes_with_costs(store, scenarios), "no_change")
gaps[(gaps["year"] == 2031) & gaps["outcome"].isin(["plans_in_force", "unmet_need_share", "confidence"])]

# %% [markdown]
# `lower` is the share of members in which the figure is lower than without the reform. What decides such a difference is
# often an assumption: vary it. To put a reform into the library, see docs/reforms.md.
