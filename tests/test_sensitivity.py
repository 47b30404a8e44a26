"""Indices of known functions are recovered, in the right order, through the same code as the model's runs."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.stores import add_in_batches

from sendcycle.errors import ResultsError
from sendcycle.inputs.parameters import declared
from sendcycle_experiments.analysis import sensitivity
from sendcycle_experiments.analysis.sensitivity import Problem, indices, problem_of, shares, with_convergence
from sendcycle_experiments.analysis.sensitivity_report import convergence_notes
from sendcycle_experiments.sweeps.designs import Design, DesignError
from sendcycle_experiments.sweeps.store import Store

SEED = 5
THREE = problem_of(["a", "b", "c"])
A, B = 7.0, 0.1  # of Ishigami's function


def ishigami(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return Ishigami's function of three shares, stretched from -pi to pi."""
    x, y, z = (2.0 * math.pi * points[:, k] - math.pi for k in range(3))
    return np.asarray(np.sin(x) + A * np.sin(y) ** 2 + B * z**4 * np.sin(x))


def ishigami_indices() -> dict[str, dict[str, float]]:
    """Return its indices by arithmetic."""
    parts = {
        "a": 0.5 * (1.0 + B * math.pi**4 / 5.0) ** 2,
        "b": A**2 / 8.0,
        "ac": B**2 * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0),
    }
    total = sum(parts.values())
    first = {"a": parts["a"] / total, "b": parts["b"] / total, "c": 0.0}
    pair = parts["ac"] / total
    return {
        "S1": first,
        "ST": {"a": first["a"] + pair, "b": first["b"], "c": pair},
        "S2": {"ac": pair, "ab": 0.0, "bc": 0.0},
    }


def found(table: pd.DataFrame, index: str) -> dict[str, tuple[float, float]]:
    """Return value and half of the interval by factor, or pair of factors."""
    rows = table[table["index"] == index]
    return {f + w: (v, h) for f, w, v, h in rows[["factor", "with", "value", "half_width"]].itertuples(index=False)}


@pytest.mark.parametrize("second_order", [False, True])
def test_sobol_recovers_ishigami(second_order: bool) -> None:
    problem = problem_of(["a", "b", "c"], second_order=second_order)
    points = shares("sobol", problem, 2048, SEED)
    assert len(points) == 2048 * (8 if second_order else 5)
    table = indices("sobol", problem, points, ishigami(points), SEED)
    known = ishigami_indices()
    for index in ("S1", "ST", *(("S2",) if second_order else ())):
        got = found(table, index)
        assert set(got) == set(known[index])
        for factor, (value, half) in got.items():
            assert abs(value - known[index][factor]) < max(2.0 * half, 0.02), (index, factor)
            assert half < 0.1
    assert (len(table[table["index"] == "S2"]) == 3) is second_order


def test_fast_recovers_ishigami_up_to_its_own_bias() -> None:
    points = shares("fast", THREE, 2049, SEED)
    got = found(indices("fast", THREE, points, ishigami(points), SEED), "S1")
    for factor, (value, half) in got.items():  # its frequencies meet: more points do not take that away
        assert value == pytest.approx(ishigami_indices()["S1"][factor], abs=0.03)
        assert math.isnan(half)


def test_sobol_recovers_the_g_function_in_any_order_of_names() -> None:
    weights = {"third": 4.5, "first": 0.0, "last": 99.0, "second": 1.0}
    problem = problem_of(list(weights))
    points = shares("sobol", problem, 2048, SEED)
    values = np.prod(
        [(np.abs(4.0 * points[:, k] - 2.0) + a) / (1.0 + a) for k, a in enumerate(weights.values())], axis=0
    )
    parts = {name: 1.0 / (3.0 * (1.0 + a) ** 2) for name, a in weights.items()}
    variance = math.prod(1.0 + part for part in parts.values()) - 1.0
    got = found(indices("sobol", problem, points, values, SEED), "S1")
    for name, part in parts.items():
        assert got[name][0] == pytest.approx(part / variance, abs=max(2.0 * got[name][1], 0.02))


def test_morris_ranks_a_plane_and_finds_it_linear() -> None:
    points = shares("morris", THREE, 40, SEED)
    values = points @ np.asarray([1.0, -3.0, 0.0])
    table = indices("morris", THREE, points, values, SEED)
    assert {f: round(v, 9) for f, (v, _) in found(table, "mu_star").items()} == {"a": 1.0, "b": 3.0, "c": 0.0}
    assert all(abs(v) < 1e-9 for v, _ in found(table, "sigma").values())


def test_morris_and_sobol_vary_a_group_as_one() -> None:
    problem = Problem(("a", "b", "c"), ("people", "people", "money"))
    assert problem.factors == ["people", "money"]
    for method, n in (("morris", 30), ("sobol", 512)):
        points = shares(method, problem, n, SEED)
        values = points @ np.asarray([1.0, 1.0, 0.1])
        main = found(indices(method, problem, points, values, SEED), sensitivity.MAIN_INDEX[method])
        assert set(main) == {"people", "money"}
        assert main["people"][0] > 3.0 * main["money"][0]
    with pytest.raises(DesignError, match="knows no groups"):
        shares("pawn", problem, 64, SEED)


@pytest.mark.parametrize("method", ["pawn", "delta"])
def test_pawn_and_delta_find_the_influential_factor(method: str) -> None:
    points = shares(method, THREE, 1024, SEED)
    values = np.exp(3.0 * points[:, 1]) + 0.3 * points[:, 0]
    got = found(indices(method, THREE, points, values, SEED), sensitivity.MAIN_INDEX[method])
    assert got["b"][0] > 3.0 * got["c"][0]
    assert got["b"][0] - got["b"][1] > got["c"][0] + got["c"][1]
    assert np.isfinite([half for _, half in got.values()]).all()


@pytest.mark.parametrize("method", sensitivity.METHODS)
def test_a_constant_outcome_has_zero_indices(method: str) -> None:
    points = shares(method, THREE, 128, SEED)
    table = indices(method, THREE, points, np.full(len(points), 4.0), SEED)
    assert set(table["index"]) == set(sensitivity.INDICES[method])
    assert (table["value"] == 0.0).all()


@pytest.mark.parametrize("seed", [0, SEED])
@pytest.mark.parametrize("method", sensitivity.METHODS)
def test_points_and_bootstrap_repeat_with_their_seed(method: str, seed: int) -> None:
    points = shares(method, THREE, 128, seed)
    assert (points == shares(method, THREE, 128, seed)).all()
    one, again = (indices(method, THREE, points, ishigami(points), seed) for _ in range(2))
    pd.testing.assert_frame_equal(one, again)


@pytest.mark.parametrize(
    ("moved", "half_width", "converged"), [(0.0, 0.05, True), (0.2, 0.05, False), (0.0, 0.4, False)]
)
def test_convergence_needs_stable_indices_and_narrow_intervals(
    moved: float, half_width: float, converged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = shares("sobol", THREE, 64, SEED)

    def known(method: str, problem: Problem, points: np.ndarray[Any, Any], *_: Any) -> pd.DataFrame:
        value = 0.5 if len(points) == len(whole) else 0.5 + moved
        rows = [(factor, "", "ST", value, half_width) for factor in problem.factors]
        return pd.DataFrame(rows, columns=["factor", "with", "index", "value", "half_width"])

    monkeypatch.setattr(sensitivity, "indices", known)
    table = with_convergence("sobol", THREE, whole, np.arange(len(whole), dtype=float), SEED)
    assert table["converged"].tolist() == [converged] * 3


def test_delta_gives_no_index_of_a_binary_outcome() -> None:
    points = shares("delta", THREE, 512, SEED)
    table = with_convergence("delta", THREE, points, (points[:, 0] > 0.5).astype(float), SEED)
    assert table["value"].isna().all()
    assert not table["converged"].any()


@pytest.mark.parametrize("method", ["morris", "sobol", "pawn"])
def test_point_estimates_ignore_bootstrap_size(method: str) -> None:
    points = shares(method, THREE, 64, SEED)
    whole = indices(method, THREE, points, ishigami(points), SEED)
    few = indices(method, THREE, points, ishigami(points), SEED, sensitivity.FEWEST_RESAMPLES)
    pd.testing.assert_series_equal(few["value"], whole["value"])
    assert not few["half_width"].equals(whole["half_width"])


def test_half_of_a_second_order_sample_gives_its_single_factor_indices() -> None:
    problem = problem_of(["a", "b", "c"], second_order=True)
    points = shares("sobol", problem, 256, SEED)
    values = ishigami(points)
    whole = with_convergence("sobol", problem, points, values, SEED)
    half = sensitivity.first_half("sobol", problem, points)
    alone = indices("sobol", problem, points[:half], values[:half], SEED)
    both = whole.merge(alone, on=["factor", "with", "index"], suffixes=("", "_alone"))
    single = both["index"] != "S2"
    # SALib scales by the spread of all values that it is given, so the two differ in the fifth place
    np.testing.assert_allclose(both.loc[single, "of_half"], both.loc[single, "value_alone"], rtol=0.0, atol=1e-4)
    assert both.loc[~single, "of_half"].isna().all()


def test_few_points_are_not_converged_and_many_are() -> None:
    for n, converged in ((16, False), (4096, True)):
        points = shares("sobol", THREE, n, SEED)
        table = with_convergence("sobol", THREE, points, ishigami(points), SEED)
        assert table["converged"].unique().tolist() == [converged], n
    points = shares("morris", THREE, 4, SEED)
    assert not with_convergence("morris", THREE, points, ishigami(points), SEED)["converged"].any()


def test_the_first_half_of_a_sample_is_a_sample() -> None:
    for method in ("sobol", "morris", "pawn"):
        points = shares(method, THREE, 64, SEED)
        half = sensitivity.first_half(method, THREE, points)
        assert half == len(points) // 2
        table = with_convergence(method, THREE, points, ishigami(points), SEED)
        alone = indices(method, THREE, points[:half], ishigami(points[:half]), SEED)
        assert table["of_half"].tolist() == alone["value"].tolist()
    assert sensitivity.first_half("fast", THREE, shares("fast", THREE, 65, SEED)) is None


@pytest.mark.parametrize(
    ("method", "n", "words"),
    [
        ("sobol", 100, "power of two"),
        ("fast", 10, "more than 64"),
        ("sobl", 64, "Did you mean 'sobol'"),
        ("morris", 1, "n"),
        ("delta", 16, "64 points at least"),
    ],
)
def test_wrong_sample_sizes_and_methods_are_refused(method: str, n: int, words: str) -> None:
    with pytest.raises(DesignError, match=words):
        shares(method, THREE, n, SEED)


def test_a_single_factor_is_refused() -> None:
    with pytest.raises(DesignError, match="two factors"):
        problem_of(["a"])


# ---------------------------------------------------------------------- from stored runs


def stored(folder: Path, design: Design, noise: float) -> Store:
    """Return a store whose outcome is a plane in the shares, with noise between replicates."""
    store = Store(folder)
    store.begin(design, resume=False)
    plan = design.plan()
    assert design.shares is not None
    rng = np.random.default_rng(1)
    values = design.shares[plan["point"]] @ np.asarray([1.0, 2.0]) + noise * rng.standard_normal(len(plan))
    rows = pd.DataFrame({"run": plan["run"], "year": 2015, "error": pd.array([None] * len(plan), dtype="string")})
    order = rng.permutation(len(plan))  # as batches may come back
    add_in_batches(store, rows.assign(requests=values).iloc[order])
    return store


def base(**more: Any) -> Design:
    names = ["escalation", "effect_confidence"]
    uncertain = {name: declared()[name].prior for name in names}
    return Design("s", uncertain, outcomes=("requests",), years=(2015,), until="2015-12", scale=0.001, **more)


def test_stored_runs_give_known_indices_and_the_share_of_noise(tmp_path: Path) -> None:
    problem = problem_of(["escalation", "effect_confidence"])
    chosen = sensitivity.analysis_design(base(replicates=4), "sobol", problem, 256)
    table = sensitivity.analyse(stored(tmp_path, chosen, 0.3), chosen, "sobol", problem)
    got = found(table[(table["outcome"] == "requests") & (table["year"] == 2015)], "ST")
    assert got["effect_confidence"][0] == pytest.approx(0.8, abs=0.08)
    assert got["escalation"][0] == pytest.approx(0.2, abs=0.08)
    expected = (0.3**2 / 4) / (5.0 / 12.0 + 0.3**2 / 4)
    assert table["noise"].iloc[0] == pytest.approx(expected, rel=0.15)


def test_shifts_common_to_all_points_are_not_noise(tmp_path: Path) -> None:
    problem = problem_of(["escalation", "effect_confidence"])
    chosen = sensitivity.analysis_design(base(replicates=4), "pawn", problem, 64)
    table = chosen.plan()
    none = pd.array([None] * len(table), dtype="string")
    store = Store(tmp_path)
    store.begin(chosen, resume=False)
    effect = table["escalation"] + 100.0 * table["replicate"]
    add_in_batches(store, pd.DataFrame({"run": table["run"], "year": 2015, "error": none, "requests": effect}))
    assert sensitivity.means_over_replicates(store, chosen)["noise"].iloc[0] == pytest.approx(0.0, abs=1e-12)


def test_points_are_quantiles_of_the_prior_at_the_shares() -> None:
    problem = problem_of(["escalation", "effect_confidence"])
    chosen = sensitivity.analysis_design(base(), "morris", problem, 5)
    assert chosen.shares is not None
    for k, name in enumerate(problem.names):
        assert chosen.points[:, k].tolist() == declared()[name].prior.quantiles(chosen.shares[:, k]).tolist()


def test_missing_runs_are_refused(tmp_path: Path) -> None:
    problem = problem_of(["escalation", "effect_confidence"])
    chosen = sensitivity.analysis_design(base(), "pawn", problem, 64)
    store = Store(tmp_path)
    store.begin(chosen, resume=False)
    rows = pd.DataFrame(
        {"run": range(31), "year": 2015, "error": pd.array([None] * 31, dtype="string"), "requests": 1.0}
    )
    add_in_batches(store, rows)
    with pytest.raises(ResultsError, match="indices need every point"):
        sensitivity.analyse(store, chosen, "pawn", problem)


def test_designs_with_several_arms_are_refused() -> None:
    problem = problem_of(["escalation", "effect_confidence"])
    with pytest.raises(DesignError, match="one arm"):
        sensitivity.analysis_design(base(levers={"effect_wait": (0.0, 0.04)}), "pawn", problem, 32)


def test_an_outcome_without_values_is_named_with_its_year(tmp_path: Path) -> None:
    problem = problem_of(["escalation", "effect_confidence"])
    chosen = sensitivity.analysis_design(base(), "pawn", problem, 64)
    store = Store(tmp_path)
    store.begin(chosen, resume=False)
    none = pd.array([None] * 64, dtype="string")
    rows = pd.DataFrame({"run": range(64), "year": 2015, "error": none, "requests": np.nan})
    add_in_batches(store, rows)
    with pytest.raises(ResultsError, match="requests has no value in 2015"):
        sensitivity.analyse(store, chosen, "pawn", problem)


def test_notes_on_convergence_say_what_would_help() -> None:
    def rows(outcome: str, value: float, converged: bool) -> dict[str, object]:
        return {"outcome": outcome, "year": 2030, "value": value, "converged": converged}

    table = pd.DataFrame([rows("plans", 1.0, True), rows("requests", 0.5, False), rows("weeks", np.nan, False)])
    assert convergence_notes(table, "morris", "--trajectories") == [
        "no index: 1 of 3 outcomes and years, weeks 2030; at some points nothing happened of which they are shares",
        "not converged: 1 of 3 outcomes and years, requests 2030; take more --trajectories",
    ]
    assert convergence_notes(table.iloc[:1], "sobol") == []
    assert convergence_notes(table.iloc[1:2], "fast") == ["FAST gives no intervals, so nothing is called converged"]
