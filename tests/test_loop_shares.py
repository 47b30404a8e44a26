"""Shapley values obey their laws, and the shares of a stored experiment add up to its growth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.stores import add_in_batches

from sendcycle.errors import ResultsError
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.studies import e03_loop_shares as loop_shares
from sendcycle_experiments.studies.e03_loop_shares import GAINS, LOOPS, interactions, shapley
from sendcycle_experiments.studies.registry import E03, LoopShares
from sendcycle_experiments.sweeps.store import Store

assert isinstance(E03.smoke, LoopShares)
SMOKE = E03.smoke

games = hnp.arrays(float, 16, elements=st.floats(-1e3, 1e3))


@given(games)
def test_shapley_values_add_up_to_the_whole(worth: np.ndarray) -> None:
    assert shapley(worth).sum() == pytest.approx(worth[-1] - worth[0], abs=1e-8)


@given(games, games, st.floats(-5.0, 5.0))
def test_shapley_values_are_linear(one: np.ndarray, other: np.ndarray, factor: float) -> None:
    np.testing.assert_allclose(shapley(one + factor * other), shapley(one) + factor * shapley(other), atol=1e-7)


@given(hnp.arrays(float, 4, elements=st.floats(-10.0, 10.0)))
def test_a_constant_contribution_is_its_own_value_and_does_not_interact(each: np.ndarray) -> None:
    worth = np.asarray([sum(each[i] for i in range(4) if c >> i & 1) for c in range(16)])
    np.testing.assert_allclose(shapley(worth), each, atol=1e-9)
    np.testing.assert_allclose(interactions(worth), 0.0, atol=1e-9)


def test_the_glove_game_has_its_known_values() -> None:
    """One left glove and two right ones: a pair is worth 1; the left holder gets two thirds."""
    worth = np.asarray([1.0 if c & 1 and c & 6 else 0.0 for c in range(8)])
    assert shapley(worth).tolist() == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    pairs = interactions(worth)
    assert pairs[0, 1] == pytest.approx(0.5)
    assert pairs[1, 2] == pytest.approx(-0.5)


def test_complementary_players_share_equally_and_interact() -> None:
    worth = np.asarray([0.0, 0.0, 0.0, 10.0])
    assert shapley(worth).tolist() == [5.0, 5.0]
    assert interactions(worth)[0, 1] == 10.0


def stored(folder: Path, *, leave_out: int = 0) -> Store:
    """Return a store in which R1 adds 100 plans a year, R4 doubles what there is, and replicates differ."""
    chosen = loop_shares.design(SMOKE)
    store = Store(folder)
    store.begin(chosen, resume=False)
    plan = chosen.plan().iloc[: chosen.n_runs - leave_out]
    tables = []
    for year in chosen.years:
        since = year - loop_shares.FROM
        plans = (50.0 + 100.0 * plan[GAINS["R1"]] + plan["replicate"]) * since * (1.0 + plan[GAINS["R4"]])
        tables.append(pd.DataFrame({"run": plan["run"], "year": year, "plans_in_force": 1e3 + plans}))
    rows = pd.concat(tables).assign(error=pd.array([None] * len(plan) * len(chosen.years), dtype="string"))
    add_in_batches(store, rows)
    store.finish({})
    return store


def test_shares_of_a_known_growth_are_recovered(tmp_path: Path) -> None:
    store = stored(tmp_path)
    table = loop_shares.write_report(store, loop_shares.design(SMOKE))
    here = table[table["year"] == 2017].set_index("loop")
    assert here.loc["no loop", "shapley"] == pytest.approx(2 * 50.5)
    assert here.loc["R1", "shapley"] == pytest.approx(2 * 150.0)  # 100 alone, 200 with R4
    assert here.loc["R1", "alone"] == pytest.approx(200.0)
    assert here.loc["R1", "last"] == pytest.approx(400.0)
    assert here.loc["R4", "shapley"] == pytest.approx(2 * (50.5 + 50.0))
    assert here.loc[[name for name in LOOPS if name not in ("R1", "R4")], "shapley"].abs().max() < 1e-9
    assert here["share"].sum() == pytest.approx(1.0)
    assert here.loc["no loop", "low"] < 2 * 50.5 < here.loc["no loop", "high"]
    pairs = pd.read_csv(tmp_path / loop_shares.PAIRS).set_index(["year", "loop", "other"])["plans"]
    assert pairs[2017, "R1", "R4"] == pytest.approx(200.0)
    for name in loop_shares.FIGURE:
        assert (tmp_path / name).stat().st_size > 10_000


def test_members_run_all_combinations_and_their_spread_is_reported(tmp_path: Path) -> None:
    members = pd.DataFrame({"escalation": [0.2, 0.4, 0.5]})
    chosen = loop_shares.design(SMOKE, Ensemble("three", members, np.ones(3), {}))
    assert chosen.n_runs == 3 * 2 ** len(LOOPS)
    plan = chosen.plan()
    assert plan.groupby("point")["seed"].nunique().eq(1).all()  # all combinations of a member share their draws
    assert plan["seed"].nunique() == 3
    store = Store(tmp_path)
    store.begin(chosen, resume=False)
    rows = [
        pd.DataFrame({"run": plan["run"], "year": year, "plans_in_force":
                      1e3 + (year - 2015) * (50.0 + 10.0 * (1 + plan["point"]) * plan[GAINS["R1"]])})
        for year in chosen.years
    ]  # fmt: skip
    none = pd.array([None] * len(plan) * len(chosen.years), dtype="string")
    add_in_batches(store, pd.concat(rows).assign(error=none))
    store.finish({})
    here = loop_shares.write_report(store, chosen).query("year == 2017").set_index("loop")
    assert here.loc["R1", "shapley"] == pytest.approx(2 * 20.0)
    assert here.loc["R1", "low"] == pytest.approx(2 * 11.0)  # a tenth of the way from the first member to the second
    assert here.loc["R1", "share"] == pytest.approx(20.0 / 70.0)
    assert here.loc["R1", "share_high"] == pytest.approx(np.quantile([10 / 60, 20 / 70, 30 / 80], 0.95))


def test_a_missing_combination_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="every combination"):
        loop_shares.growth(stored(tmp_path, leave_out=1))
