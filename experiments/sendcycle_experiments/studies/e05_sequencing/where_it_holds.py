"""Where the paper's claim about order holds and where it fails: a tree over what is uncertain.

Every member of the ensemble, with its own draw of how reforms act, runs orders that agree with the paper and
reversed orders, with reforms at half, once and one and a half times their assumed size. The claim
holds in a case if the agreeing orders leave less unmet need; the same is asked of other outcomes. A small decision tree
(scikit-learn) says which numbers separate the two, in boxes that can be read; how much better than always saying the
commoner answer it does, on members it has not seen, is said beside it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sendcycle import Scenario
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.reforms.library import SIZES
from sendcycle_experiments.studies.e05_sequencing.orders import FIRST, PAPER, class_of, known_orders, ordered, worth

DEPTH = 3
LEAST = 0.05  # share of the cases that a box holds at least
FOLDS = 5


def scenarios(arm: str = "equal_money") -> list[Scenario]:
    """Return orders of both classes at every size, named ARM:ORDER:SIZE; each group is in each of its places."""
    first, rest = PAPER[: len(FIRST)], PAPER[len(FIRST) :]
    cycles = [first[k:] + first[:k] + rest for k in range(len(first))]
    found = []
    for size in SIZES:
        for order in (*cycles, *(order[::-1] for order in cycles)):
            scenario = ordered(order, arm, size=size)
            found.append(Scenario(f"{scenario.name}:{size:g}", scenario.reforms))
    return found


def cases(found: pd.DataFrame, ensemble: Ensemble, outcome: str = "unmet_need_share") -> pd.DataFrame:
    """Return a row a member and size: its parameters, `size`, and `gain`, by how much the agreeing orders are better.

    Parameters
    ----------
    found
        As `comparison.outcomes_with_costs` returns it, of `scenarios` over the members of `ensemble`.
    """
    means = worth(found.groupby(["point", "reform_scenario"])[outcome].mean().unstack("reform_scenario"), outcome)
    classes = {name: class_of(order) for name, order in known_orders(means).items()}
    rows = []
    for size in SIZES:
        here = [name for name in classes if name.endswith(f":{size:g}")]
        agrees = means[[name for name in here if classes[name] == "agrees"]].mean(axis=1)
        reverse = means[[name for name in here if classes[name] == "reversed"]].mean(axis=1)
        values = ensemble.members.iloc[means.index].reset_index(drop=True)
        more = pd.DataFrame({"size": size, "gain": (agrees - reverse).to_numpy(), "member": means.index.to_numpy()})
        rows.append(pd.concat([values, more], axis=1))
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
    folds = min(FOLDS, table["member"].nunique())
    if folds > 1:
        scores = cross_val_score(tree, features, holds, groups=table["member"], cv=GroupKFold(folds))
        about["accuracy"] = float(scores.mean())
    tree.fit(features, holds)
    where, names = tree.apply(features), list(map(str, features))
    rows = []
    for leaf in np.unique(where):
        inside = where == leaf
        rows.append(
            {"box": " and ".join(_path(tree.tree_, leaf, names)) or "everywhere", "cases": int(inside.sum()),
             "holds": float(holds[inside].mean()), "gain": float(table.loc[inside, "gain"].median())}
        )  # fmt: skip
    return pd.DataFrame(rows).sort_values("holds", ascending=False, ignore_index=True), about


def _path(tree: Any, leaf: int, names: Sequence[str]) -> list[str]:
    """Return the conditions that lead to a leaf."""
    parents: dict[int, tuple[int, str]] = {}
    for node in range(tree.node_count):
        for child, sign in ((tree.children_left[node], "<="), (tree.children_right[node], ">")):
            if child >= 0:
                words = f"{names[tree.feature[node]]} {sign} {tree.threshold[node]:.3g}"
                parents[int(child)] = (node, words)
    found: list[str] = []
    while leaf in parents:
        leaf, words = parents[leaf]
        found.insert(0, words)
    return found
