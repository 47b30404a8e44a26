"""Figures of what drives the model: loops, sensitivity indices, the posterior."""

import numpy as np

from sendcycle_experiments.calibration.identifiability import scores_of
from sendcycle_experiments.figures.style import DOUBLE, PALETTE, SINGLE, empty_figure, title_of
from sendcycle_experiments.paper.drawing import FigureWithCaption, with_units
from sendcycle_experiments.studies.e03_loop_shares import FROM, LABELS, LOOPS, repeats_of
from sendcycle_experiments.sweeps.stored_results import StoredResults


def draw_loop_shares(stored: StoredResults) -> FigureWithCaption:
    """What each reinforcing loop adds to the growth of plans."""
    table = stored.table("shares.csv")
    year = 2025 if 2025 in set(table["year"]) else int(table["year"].max())
    here = table[table["year"] == year].set_index("loop")
    figure = empty_figure(SINGLE, 62.0)
    ax = figure.subplots()
    start = 0.0
    for k, name in enumerate(("no loop", *LOOPS)):
        value, low, high = (float(here[column][name]) / 1e3 for column in ("shapley", "low", "high"))
        colour = "0.6" if name == "no loop" else PALETTE[0] if value >= 0.0 else PALETTE[1]
        ax.bar(k, value, bottom=start, color=colour, width=0.72)
        ax.errorbar(k, start + value, yerr=[[value - low], [high - value]], color="0.1", capsize=1.5, linewidth=0.7)
        start += value
    ax.bar(len(LOOPS) + 1, start, color="0.25", width=0.72)
    labels = ["without loops", *(LABELS[name] for name in LOOPS), "all loops"]
    ax.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    ax.set_ylabel(f"thousand plans, {FROM} to {year}")
    kept = stored.manifest().get("design", {})
    bars = repeats_of(*(kept.get(key, 0) for key in ("n", "replicates", "scale")))
    caption = (
        f"Shapley values of the reinforcing loops in the growth of plans in force, January {FROM} to {year}, over all "
        f"512 combinations of loops on and off; bars: {bars}."
    )
    said = (
        "Growth of plans carried by each loop, in plans and as a share of the growth with all loops; alone: what it "
        "adds to nothing; last: what goes when it alone is cut."
    )
    return FigureWithCaption(figure, caption, table, said)


def draw_indices(stored: StoredResults) -> FigureWithCaption:
    """Which parameters drive which outcome, by Sobol' total index or, without it, Morris' mean absolute effect."""
    table = stored.table("indices.csv", keep_default_na=False, na_values={"value": "", "half_width": ""})
    index = "ST" if (table["index"] == "ST").any() else "mu_star"
    words = {"ST": "Sobol’ total index", "mu_star": "Morris: mean absolute effect, share of largest"}[index]
    rows = table[(table["index"] == index) & (table["with"] == "")]
    year = 2035 if 2035 in set(rows["year"]) else int(rows["year"].max())
    wide = rows[rows["year"] == year].pivot(index="factor", columns="outcome", values="value")
    shares = wide if index == "ST" else wide / wide.max()
    top = shares.loc[shares.max(axis=1).sort_values(ascending=False).index[:20]]
    figure = empty_figure(DOUBLE, 14.0 + 4.4 * len(top))
    ax = figure.subplots()
    image = ax.imshow(top.to_numpy(), aspect="auto", cmap="cividis", vmin=0.0, vmax=max(1e-9, float(np.nanmax(top))))
    ax.set_xticks(range(top.shape[1]), [title_of(str(name)) for name in top], rotation=30, ha="right")
    ax.set_yticks(range(len(top)), list(top.index))
    ax.spines[:].set_visible(False)
    for (i, j), value in np.ndenumerate(top.to_numpy()):
        if np.isfinite(value) and value >= 0.05:
            bright = value > 0.6 * float(np.nanmax(top))
            ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=5.5, color="0.1" if bright else "w")
    figure.colorbar(image, ax=ax, label=words, shrink=0.7, pad=0.01)
    design = stored.manifest().get("design", {})
    caption = (
        f"{words} of the {len(top)} parameters that matter most, by outcome in {year}; {design.get('n', '')} points, "
        f"replicates of each: {design.get('replicates', '')}, {100 * design.get('scale', 0.0):g} % of England. "
        "Half-widths of 95 % intervals are in the table."
    )
    shown = rows[(rows["year"] == year) & rows["factor"].isin(top.index)]
    shown = shown[["outcome", "factor", "index", "value", "half_width"]].reset_index(drop=True)
    said = f"Indices of {year} with half-widths of 95 % intervals" + (
        "." if index == "ST" else "; mean absolute elementary effects in the outcome's unit over the whole range."
    )
    return FigureWithCaption(figure, caption, with_units(shown, "outcome"), said)


def draw_posterior(stored: StoredResults) -> FigureWithCaption:
    """What published figures have narrowed, beside the prior."""
    table = stored.table("posterior.csv")
    shown = table.head(25).iloc[::-1]
    figure = empty_figure(SINGLE, 100.0)
    ax = figure.subplots()
    y = np.arange(len(shown))
    ax.axvspan(-1.645, 1.645, color="0.92", label="90 % of the prior")
    low, middle, high = (scores_of(shown, end) for end in ("q05", "median", "q95"))
    ax.hlines(y, low, high, color=PALETTE[0], linewidth=1.8, label="90 % of the ensemble")
    ax.plot(middle, y, "o", color=PALETTE[0])
    ax.set_yticks(y, shown["parameter"])
    ax.set_ylim(-0.7, len(shown) - 0.3)
    ax.set_xlabel("normal scores of the prior")
    figure.legend(loc="outside upper left", ncols=2)
    caption = (
        "The 25 parameters that figures up to January 2025 have narrowed most: medians and 90 % of the calibrated "
        f"ensemble in normal scores of the prior; {int(table['seen'].sum())} of {len(table)} are narrowed beyond what "
        "numbers without effect lose."
    )
    said = (
        "The fifty parameters narrowed most: default, median and middle nine tenths of the ensemble in the "
        "parameter's own unit; moved and left: mean and standard deviation in normal scores of the prior."
    )
    return FigureWithCaption(figure, caption, table.head(50), said)
