# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # The figures for papers
#
# `sendcycle figures` makes every figure from stored results, at the width of journal columns, as vector PDF and PNG, each
# with a caption that says what bands mean and how many runs there are, and a table in CSV, LaTeX and Markdown. The model
# is not run. To make a figure from results of your own, run the experiment with `--out results/NAME` first.

# %%
import tempfile
from pathlib import Path

from IPython.display import Image, Markdown

from sendcycle_experiments import FIGURES, make_figures

home = Path.cwd() if (Path.cwd() / "results").is_dir() else Path.cwd().parent
list(FIGURES)

# %%
out = Path(tempfile.mkdtemp()) / "figures"
make_figures(["forecast", "scenarios", "stocks_and_flows"], home / "results", out)

# %%
Image(out / "forecast.png")

# %%
Image(out / "stocks_and_flows.png")

# %%
Markdown((out / "captions.md").read_text())

# %%
Markdown((out / "scenarios.md").read_text())
