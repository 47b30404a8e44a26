# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # A tour in ten minutes
#
# One run of England's special-needs system at 1 % of its size, what it shows and what it does not. Everything here is a
# few lines; the whole API has docstrings with shapes, units and errors.

# %%
from sendcycle import SendModel, simulate

result = simulate(scale=0.01, seed=0, until="2030-08")
result.national[["plans_in_force", "requests", "support_hours_per_child", "confidence"]].iloc[[0, 60, 120, -1]]

# %% [markdown]
# The parameters are the declared values: those of the member of the calibrated ensemble that is nearest to published
# figures, as everywhere where nothing else is asked for. At 1 % the sample is 22 of the 153 authorities, weighted so that
# the national mix is kept.
#
# ## Beside what was published

# %%
beside = result.beside_published()
recent = beside[beside["year"].isin([2018, 2022, 2024])]
recent[["label", "year", "model", "published", "relative_error"]].head(20)

# %% [markdown]
# One run at 1 % has a sampling error of several percent. For levels use 10 % or more, for what can be said at all the
# ensemble (`sendcycle validate`, docs/calibration.md).

# %%
from matplotlib import pyplot as plt

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
(result.national["plans_in_force"] / 1e3).plot(ax=left, title="EHC plans in force, thousand")
(100 * result.national["confidence"]).plot(ax=right, title="Confidence in mainstream, percent")
for ax in (left, right):
    ax.set_xlabel("")
    ax.set_ylim(bottom=0)
figure.tight_layout()

# %% [markdown]
# ## Authorities
#
# Every observable is there for every authority and month.

# %%
authorities = result.authorities
last = authorities[authorities["month"] == authorities["month"].max()]
last.set_index("la_name")[["pupils_with_plan_share", "within_20_weeks", "confidence"]].sort_values(
    "pupils_with_plan_share"
).iloc[[0, 1, -2, -1]]

# %% [markdown]
# As labelled arrays, with units:

# %%
result.dataset()["plans_in_force"]

# %% [markdown]
# ## Step by step, and one child
#
# The model is a `mesa.Model`. Families are columns; one is an agent as soon as you look at it.

# %%
model = SendModel(seed=0, scale=0.01, n_months=60)
model.run_model()
child = model.child(1000)
print(child.need.name, child.sen_status.name, child.setting.name, f"met {child.met:.2f}, confidence {child.confidence:.2f}")
print(f"{model.authorities[0].name}: balance £{model.authorities[0].balance_gbp / 1e6:.1f}m")

# %% [markdown]
# What happened to a child, from the same draws:

# %%
from sendcycle_experiments import stories

row, words = next(iter(stories.telling_children(model).items()))
story = stories.story(model, row)
print(words, "\n", story.who)
story.events

# %%
model.close()

# %% [markdown]
# ## What to read next
#
# `02_your_own_sweep` varies numbers, `03_your_own_reform` adds a reform and compares it with no change. The model is
# described in docs/odd.md; what it gets wrong stands in the README.
