"""What the data can see: posterior against prior for each parameter, and what hangs together.

Everything is said in normal scores of the prior, of which the prior itself has mean 0 and standard deviation 1.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import norm

from sendcycle.inputs.parameters import declared
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.figures.style import COLOURS
from sendcycle_experiments.sweeps.designs import shares_of

SURE = 2.33  # standard deviations below what is left of numbers that do nothing from which a parameter is seen
SHOWN = 40


def scores(ensemble: Ensemble) -> pd.DataFrame:
    """Return the members as normal scores of the priors: a row a member, a column a parameter."""
    known = declared()
    columns = {}
    for name in map(str, ensemble.members):
        shares = shares_of(known[name].prior, ensemble.members[name].to_numpy(dtype=float))
        columns[name] = norm.ppf(np.clip(shares, 1e-4, 1.0 - 1e-4))
    return pd.DataFrame(columns)


def scores_of(table: pd.DataFrame, column: str) -> list[float]:
    """Return a column of `posterior`, in the parameters' own units, as normal scores of the priors."""
    known = declared()
    shares = [
        shares_of(known[name].prior, np.asarray([value]))[0]
        for name, value in zip(table["parameter"], table[column], strict=True)
    ]
    return [float(norm.ppf(np.clip(share, 1e-4, 1.0 - 1e-4))) for share in shares]


def posterior(ensemble: Ensemble) -> pd.DataFrame:
    """Return, by parameter, how far the data have moved and narrowed it, the most narrowed first.

    Returns
    -------
    pandas.DataFrame
        Columns `parameter`, `group`, `default`, `median`, `q05`, `q95` (own unit), `moved` (mean score), `left` (its
        standard deviation: 1 is what the prior had), `seen` (narrowed beyond what numbers that do nothing lose),
        `displaced` (moved beyond what numbers that do nothing are), `with` and `correlation` (the parameter with which
        it is most correlated, and how).
    """
    table, known = scores(ensemble), declared()
    nothing, scatter = ensemble.about.get("left_of_nothing", (1.0, np.sqrt(0.5 / max(len(table) - 1, 1))))
    limit = nothing - SURE * scatter
    drift: float = ensemble.about.get("moved_of_nothing", float(np.sqrt(1.0 / max(len(table), 1))))
    together = table.corr().to_numpy(copy=True)
    np.fill_diagonal(together, 0.0)
    strongest = np.abs(together).argmax(axis=1)
    rows = []
    for k, name in enumerate(map(str, table)):
        values = ensemble.members[name]
        low, median, high = (float(values.quantile(level)) for level in (0.05, 0.5, 0.95))
        left = float(table[name].std(ddof=1))
        other = int(strongest[k])
        rows.append(
            {"parameter": name, "group": known[name].group, "default": known[name].default, "median": median,
             "q05": low, "q95": high, "moved": float(table[name].mean()), "left": left, "seen": left < limit,
             "displaced": bool(abs(table[name].mean()) > SURE * drift),
             "with": str(table.columns[other]), "correlation": float(together[k, other])}
        )  # fmt: skip
    return pd.DataFrame(rows).sort_values("left", ignore_index=True)


def what_unseen_parameters_decide(ensemble: Ensemble, outcomes: pd.DataFrame, seen: "pd.Series[bool]") -> pd.DataFrame:
    """Return rank correlations of later outcomes with every parameter over the ensemble, the unseen ones marked.

    Parameters
    ----------
    outcomes
        A row a member, a column an outcome, such as plans in 2035.
    seen
        Of each parameter by name, whether the whole ensemble is narrowed in it (`posterior`).

    Returns
    -------
    pandas.DataFrame
        Columns `outcome`, `parameter`, `seen`, `rank_correlation`, `outside` (beyond what chance gives to one of a
        hundred parameters without effect), the strongest of each outcome first.
    """
    table = scores(ensemble)
    limit = float(norm.ppf(0.995) / np.sqrt(max(len(table) - 1, 1)))
    rows = []
    for outcome in outcomes:
        ranks = table.corrwith(outcomes[outcome].reset_index(drop=True), method="spearman")
        for name, value in ranks.sort_values(key=np.abs, ascending=False).items():
            rows.append((outcome, name, bool(seen[str(name)]), float(value), abs(value) > limit))
    return pd.DataFrame(rows, columns=["outcome", "parameter", "seen", "rank_correlation", "outside"])


def figure(table: pd.DataFrame, title: str) -> Figure:
    """Return the figure: the parameters most narrowed, in scores, beside the prior."""
    shown = table.head(SHOWN).iloc[::-1]
    page = Figure(figsize=(9.0, 0.24 * len(shown) + 1.6))
    ax = page.add_axes((0.34, 0.7 / page.get_figheight(), 0.62, 1.0 - 1.6 / page.get_figheight()))
    y = np.arange(len(shown))
    ax.axvspan(-1.645, 1.645, color="0.92", label="90 % of the prior")
    low, high = (scores_of(shown, end) for end in ("q05", "q95"))
    ax.hlines(y, low, high, color=COLOURS[0], linewidth=3, label="90 % of the ensemble")
    ax.plot(scores_of(shown, "median"), y, "o", color=COLOURS[0], markersize=4)
    ax.set_yticks(y, shown["parameter"], fontsize=8)
    ax.set_ylim(-0.7, len(shown) - 0.3)
    ax.set_xlabel("normal scores of the prior", fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
    page.legend(loc="upper right", bbox_to_anchor=(0.97, 1.0 - 0.42 / page.get_figheight()), fontsize=8, frameon=False,
                ncols=2)  # fmt: skip
    page.text(0.02, 1.0 - 0.4 / page.get_figheight(), title, fontsize=12, fontweight="bold")
    return page
