"""Tables and figures of e05: order beside choice, which group should come before which, and regret."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sendcycle_experiments.analysis.comparison import PUBLIC_COST, REAL_BALANCE
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.figures.style import COLOURS, save_figure, style_axes
from sendcycle_experiments.studies.e05_sequencing.orders import COMPARED, GROUPS, MEAN, PAPER, label
from sendcycle_experiments.sweeps.columns import write_outcomes
from sendcycle_experiments.sweeps.manifests import briefs, reporting

PAGE = ("order.pdf", "order.png")
NAMES = {
    "unmet_need_share": "Unmet need", "plans_in_force": "Plans in force", "requests": "Requests",
    "appeals_registered": "Appeals", REAL_BALANCE: "Balance of the block", "confidence": "Confidence",
    "outcome_index": "Need met by cost", PUBLIC_COST: "Public cost",
}  # fmt: skip
CLASSES = {"agrees": "orders that agree with the paper", "reversed": "reversed orders"}


def draw(axes: Sequence[Axes], tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw on three panels: spread of order beside that of choice, how far from the best order, and precedence.

    Parameters
    ----------
    axes
        Three panels. Sizes of type are those of the style in use.
    tables
        `variance`, `regret` and `precedence` of one arm, as `write_report` writes them.
    """
    left, middle, right = axes
    variance, regrets, pairs = (tables[n][tables[n]["when"] == MEAN] for n in ("variance", "regret", "precedence"))
    variance = variance.set_index("outcome").reindex(COMPARED)
    y = np.arange(len(COMPARED))
    left.barh(y, 100.0 * variance["ratio"], color=COLOURS[0], height=0.6)
    left.axvline(100.0, color="0.4", linewidth=0.8)
    left.set_yticks(y, [NAMES[name] for name in COMPARED])
    left.set_xlabel("spread between orders, percent\nof that between choices")
    left.set_title("Order beside choice", loc="left", fontweight="bold")

    shares = regrets.groupby(["class", "outcome"])["share_of_spread"].mean()
    for k, (name, words) in enumerate(CLASSES.items()):
        middle.plot(100.0 * shares[name].reindex(COMPARED), y, "os"[k], color=COLOURS[k], label=words)
    middle.set_yticks(y, [""] * len(y))
    middle.set_xlim(-4.0, 104.0)
    middle.set_xlabel("mean regret, percent of the way\nfrom the best order to the worst")
    middle.set_title("How far from the best order", loc="left", fontweight="bold")
    for ax in (left, middle):
        ax.set_ylim(len(y) - 0.5, -0.5)
        style_axes(ax)

    grid = np.full((len(GROUPS), len(GROUPS)), np.nan)
    places = {name: k for k, name in enumerate(GROUPS)}
    of_need = pairs[pairs["outcome"] == "unmet_need_share"]
    for first, then, beyond in zip(of_need["first"], of_need["then"], of_need["beyond_dates"], strict=True):
        i, j = places[first], places[then]
        grid[i, j], grid[j, i] = beyond, -beyond
    most = max(float(variance["of_order"]["unmet_need_share"]), 1e-9)
    right.imshow(grid, cmap="RdBu_r", vmin=-most, vmax=most)
    right.set_xticks(range(len(GROUPS)), list(GROUPS), rotation=30, ha="right")
    right.set_yticks(range(len(GROUPS)), list(GROUPS))
    right.spines[:].set_visible(False)
    for (i, j), value in np.ndenumerate(grid):
        if np.isfinite(value):
            shown = f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")
            dark = abs(value) > 0.6 * most
            right.text(j, i, shown, ha="center", va="center", fontsize="x-small", color="w" if dark else "0.1")
    right.set_title("Row before column, beyond what\ndates give: unmet need, points", loc="left", fontweight="bold")


def figure(tables: Mapping[str, pd.DataFrame], arm: str, members: int) -> Figure:
    """Return the three panels of one arm as a page."""
    page = Figure(figsize=(14.0, 6.2))
    page.subplots_adjust(left=0.115, right=0.985, top=0.77, bottom=0.17, wspace=0.3)
    axes = page.subplots(1, 3, width_ratios=(1.0, 1.0, 1.3))
    draw(axes, tables)
    page.legend(*axes[1].get_legend_handles_labels(), frameon=False, ncols=2, fontsize=9, loc="upper left",
                bbox_to_anchor=(0.4, 0.86))  # fmt: skip
    page.suptitle("Does the order of reform matter?", x=0.02, y=0.97, ha="left", fontsize=16, fontweight="bold")
    words = (
        f"Means of 2026 to 2039 over {members} members; {tables['regret']['order'].nunique()} orders of five groups "
        f"a year apart; arm: {arm.replace('_', ' ')}. Most sizes of effects are assumptions."
        "\nRight: the darkest colour is the spread between orders."
    )
    page.text(0.02, 0.93, words, fontsize=10, color="0.25", va="top", linespacing=1.4)
    return page


def write_report(by_arm: Mapping[str, Mapping[str, pd.DataFrame]], ensemble: Ensemble, folder: Path) -> pd.DataFrame:
    """Write the tables of all arms, the figure of the first, and a manifest; return what goes into the terminal.

    Returns
    -------
    pandas.DataFrame
        Columns `arm`, `outcome`, `order_beside_choice` (ratio of spreads), `by_dates` (share of the variance between
        orders that start dates alone explain), `best` (the order with the least mean regret), `regret_paper` (share of
        the way from the best order to the worst), and the paper's claim: `claim`, `q05`, `q95`, `lower` (how orders
        that agree with it differ from reversed orders, and in which share of members that is below 0).
    """
    joined = {
        name: pd.concat(
            [tables[name].assign(arm=arm) for arm, tables in by_arm.items() if name in tables], ignore_index=True
        )
        for name in ("levels", "precedence", "regret", "claim", "variance", "interaction")
    }
    short = in_short(joined)
    about = {"ensemble": ensemble.name, "members": len(ensemble.members), "runs": briefs(folder)}
    with reporting(folder, about):
        for name, table in joined.items():
            write_outcomes(table, folder / f"{name}.csv", float_format="%.5g")
        write_outcomes(short, folder / "summary.csv", float_format="%.4g")
        arm = next(iter(by_arm))
        page = figure(by_arm[arm], arm, len(ensemble.members))
        save_figure(page, [folder / name for name in PAGE], "sendcycle e05: order of reform", ensemble.name)
    return short


def in_short(joined: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the summary that `write_report` describes, of means over all years."""
    rows = []
    here = {name: table[table["when"] == MEAN].set_index(["arm", "outcome"]) for name, table in joined.items()}
    for arm, outcome in here["claim"].index:
        regrets = here["regret"].loc[(arm, outcome)].set_index("order")
        variance, claim = here["variance"].loc[(arm, outcome)], here["claim"].loc[(arm, outcome)]
        rows.append({
            "arm": arm, "outcome": outcome, "order_beside_choice": float(variance["ratio"]),
            "by_dates": float(variance["explained_by_dates"]), "best": str(regrets["mean"].idxmin()).split(":")[1],
            "regret_paper": float(regrets.loc[f"{arm}:{label(PAPER)}", "share_of_spread"]),
            "claim": float(claim["difference"]), "q05": float(claim["q05"]), "q95": float(claim["q95"]),
            "lower": float(claim["lower"]),
        })  # fmt: skip
    return pd.DataFrame(rows)
