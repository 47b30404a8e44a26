"""Tables and figures of e05: order beside choice, which group should come before which, and regret."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.comparison import PUBLIC_COST
from experiments.ensembles import Ensemble
from experiments.figures import COLOURS, save_figure, style_axes
from experiments.output import cannot_write
from experiments.sequencing import ARMS, COMPARED, GROUPS, PAPER, label
from experiments.store import model_state
from model.observables import declared as declared_observables
from model.results import MANIFEST

PAGE = ("order.pdf", "order.png")
SHOWN = "mean"  # over all years after the first start


def words(outcome: str) -> str:
    """Return what an outcome is called."""
    if outcome == PUBLIC_COST:
        return "Public cost"
    return declared_observables().observables[outcome].label.split(",")[0]


def figure(tables: Mapping[str, pd.DataFrame], arm: str, members: int) -> Figure:
    """Return three panels: spread of order beside that of choice, precedence, and regret of the paper's order."""
    page = Figure(figsize=(15.0, 6.4))
    page.subplots_adjust(left=0.14, right=0.985, top=0.8, bottom=0.14, wspace=0.42)
    left, middle, right = page.subplots(1, 3)
    variance = tables["variance"]
    variance = variance[variance["when"] == SHOWN].set_index("outcome").reindex(COMPARED)
    y = np.arange(len(variance))
    left.barh(y, 100.0 * variance["ratio"], color=COLOURS[0], height=0.6)
    left.axvline(100.0, color="0.4", linewidth=1.0)
    left.set_yticks(y, [words(name) for name in variance.index])
    left.set_xlabel("spread between orders, percent of that between choices")
    left.set_title("Order beside choice", loc="left", fontsize=11, fontweight="bold")

    pairs = tables["precedence"]
    pairs = pairs[(pairs["when"] == SHOWN) & (pairs["outcome"] == "unmet_need_share")]
    grid = np.full((len(GROUPS), len(GROUPS)), np.nan)
    places = {name: k for k, name in enumerate(GROUPS)}
    for row in pairs.itertuples():
        i, j = places[str(row.first)], places[str(row.then)]
        grid[i, j], grid[j, i] = row.difference, -float(row.difference)
    most = max(float(np.nanmax(np.abs(grid))), 1e-9)
    middle.imshow(grid, cmap="RdBu_r", vmin=-most, vmax=most)
    middle.set_xticks(range(len(GROUPS)), list(GROUPS), rotation=30, ha="right")
    middle.set_yticks(range(len(GROUPS)), list(GROUPS))
    for (i, j), value in np.ndenumerate(grid):
        if np.isfinite(value):
            dark = abs(value) > 0.6 * most
            middle.text(j, i, f"{value:+.2f}", ha="center", va="center", fontsize=9, color="w" if dark else "0.1")
    middle.set_title("Row before column: unmet need, points", loc="left", fontsize=11, fontweight="bold")

    regrets = tables["regret"]
    regrets = regrets[regrets["when"] == SHOWN]
    chosen = {"the paper's order": label(PAPER), "backwards": label(PAPER[::-1])}
    for k, (name, order) in enumerate(chosen.items()):
        rows = regrets[regrets["order"].str.endswith(order)].set_index("outcome").reindex(COMPARED)
        right.plot(100.0 * rows["share_of_spread"], y, "os"[k], color=COLOURS[k], label=name, markersize=7)
    right.set_yticks(y, [words(name) for name in COMPARED])
    right.set_xlim(-3.0, 103.0)
    right.set_xlabel("regret, percent of the way from the best to the worst order")
    right.set_title("How far from the best order", loc="left", fontsize=11, fontweight="bold")
    right.legend(frameon=False, fontsize=9.5, loc="lower right")
    for ax in (left, right):
        ax.invert_yaxis()
        style_axes(ax)
    page.suptitle("Does the order of reform matter?", x=0.02, y=0.97, ha="left", fontsize=16, fontweight="bold")
    page.text(
        0.02, 0.885, f"Means of 2026 to 2039 over {members} members of the ensemble, 120 orders of five groups a year "
        f"apart; arm: {arm.replace('_', ' ')}. Sizes of most effects are assumptions.", fontsize=10, color="0.25",
    )  # fmt: skip
    return page


def write_report(
    by_arm: Mapping[str, Mapping[str, pd.DataFrame]], ensemble: Ensemble, folder: Path, manifests: Mapping[str, object]
) -> pd.DataFrame:
    """Write the tables of all arms, the figure of the first, and a manifest; return what goes into the terminal.

    Returns
    -------
    pandas.DataFrame
        Columns `arm`, `outcome`, `order_beside_choice` (ratio of spreads), `best` (order with the least mean regret),
        `regret_paper`, `regret_backwards` (shares of the way from best to worst), means of all years.
    """
    joined = {
        name: pd.concat([tables[name].assign(arm=arm) for arm, tables in by_arm.items()], ignore_index=True)
        for name in ("levels", "precedence", "regret", "variance")
    }
    short = in_short(joined)
    about = {"ensemble": ensemble.name, "members": len(ensemble.members), "model": model_state(), "runs": manifests}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in joined.items():
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.5g")
        short.to_csv(folder / "summary.csv", index=False, float_format="%.4g")
        (folder / MANIFEST).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        arm = next(iter(by_arm))
        page = figure(by_arm[arm], arm, len(ensemble.members))
        save_figure(page, [folder / name for name in PAGE], "sendcycle e05: order of reform", ensemble.name)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return short


def in_short(joined: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the summary that `write_report` describes."""
    rows = []
    for arm in [arm for arm in ARMS if arm in set(joined["regret"]["arm"])]:
        for outcome in COMPARED:
            regrets = joined["regret"]
            here = regrets[
                (regrets["arm"] == arm) & (regrets["outcome"] == outcome) & (regrets["when"] == SHOWN)
            ].set_index("order")
            variance = joined["variance"]
            one = variance[(variance["arm"] == arm) & (variance["outcome"] == outcome) & (variance["when"] == SHOWN)]
            rows.append({
                "arm": arm, "outcome": outcome, "order_beside_choice": float(one["ratio"].iloc[0]),
                "best": str(here["mean"].idxmin()).split(":")[1],
                "regret_paper": float(here.loc[f"{arm}:{label(PAPER)}", "share_of_spread"]),
                "regret_backwards": float(here.loc[f"{arm}:{label(PAPER[::-1])}", "share_of_spread"]),
            })  # fmt: skip
    return pd.DataFrame(rows)
