"""Where the paper's claim about order holds and where it fails: a tree over what is uncertain.

Every member of the ensemble lives through the paper's order and its reverse, with reforms at half, once and one and a
half times their assumed size. The claim holds in a case if the paper's order leaves less unmet need. A small decision
tree (scikit-learn) says which parameters separate the two, in boxes that can be read; how much better than always
saying the commoner answer it does, on cases it has not seen, is said beside it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from experiments.ensembles import Ensemble
from experiments.sequencing import PAPER, SLOTS, label, scenario_of, worth
from model import Scenario

SIZES = (0.5, 1.0, 1.5)
DEPTH = 3
LEAST = 0.05  # share of the cases that a box holds at least
FOLDS = 5


def scenarios(arm: str = "equal_money") -> list[Scenario]:
    """Return the paper's order and its reverse at every size, named ORDER:SIZE."""
    return [
        scenario_of(dict(zip(order, SLOTS, strict=True)), arm, f"{label(order)}:{size:g}", size)
        for size in SIZES
        for order in (PAPER, PAPER[::-1])
    ]


def cases(found: pd.DataFrame, ensemble: Ensemble, outcome: str = "unmet_need_share") -> pd.DataFrame:
    """Return a row a member and size: its parameters, `size`, and `gain`, how much better the paper's order is.

    Parameters
    ----------
    found
        As `comparison.outcomes` returns it, of `scenarios`.
    """
    means = worth(found.groupby(["point", "scenario"])[outcome].mean().unstack("scenario"), outcome)
    rows = []
    for size in SIZES:
        gain = means[f"{label(PAPER)}:{size:g}"] - means[f"{label(PAPER[::-1])}:{size:g}"]
        values = ensemble.members.iloc[gain.index].reset_index(drop=True).copy()
        rows.append(values.assign(size=size, gain=gain.to_numpy(), member=gain.index.to_numpy()))
    return pd.concat(rows, ignore_index=True)


def boxes(table: pd.DataFrame, seed: int = 0) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the boxes of a tree that tells where the gain is above zero, and how good it is.

    Returns
    -------
    pandas.DataFrame
        Columns `box` (in words), `cases`, `holds` (share of its cases in which the claim holds), `gain` (median).
    dict
        `holds` (share of all cases), `accuracy` on members that the tree has not seen, and `usual`: that of always
        saying the commoner answer.
    """
    from sklearn.model_selection import GroupKFold, cross_val_score
    from sklearn.tree import DecisionTreeClassifier

    features = table.drop(columns=["gain", "member"])
    holds = (table["gain"] > 0.0).to_numpy()
    share = float(holds.mean())
    about = {"holds": share, "usual": max(share, 1.0 - share), "accuracy": np.nan}
    if share in (0.0, 1.0):
        whole = {"box": "everywhere", "cases": len(table), "holds": share, "gain": float(table["gain"].median())}
        return pd.DataFrame([whole]), about
    tree = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=LEAST, random_state=seed)
    about["accuracy"] = float(
        cross_val_score(tree, features, holds, groups=table["member"], cv=GroupKFold(FOLDS)).mean()
    )
    tree.fit(features, holds)
    where = tree.apply(features)
    rows = []
    for leaf in np.unique(where):
        inside = where == leaf
        rows.append(
            {"box": " and ".join(_path(tree.tree_, leaf, list(features))) or "everywhere", "cases": int(inside.sum()),
             "holds": float(holds[inside].mean()), "gain": float(table.loc[inside, "gain"].median())}
        )  # fmt: skip
    return pd.DataFrame(rows).sort_values("holds", ascending=False, ignore_index=True), about


def _path(tree: "object", leaf: int, names: Sequence[str]) -> list[str]:
    """Return the conditions that lead to a leaf."""
    parents: dict[int, tuple[int, str]] = {}
    for node in range(tree.node_count):  # type: ignore[attr-defined]
        for child, sign in ((tree.children_left[node], "<="), (tree.children_right[node], ">")):  # type: ignore[attr-defined]
            if child >= 0:
                words = f"{names[tree.feature[node]]} {sign} {tree.threshold[node]:.3g}"  # type: ignore[attr-defined]
                parents[int(child)] = (node, words)
    found: list[str] = []
    while leaf in parents:
        leaf, words = parents[leaf]
        found.insert(0, words)
    return found
