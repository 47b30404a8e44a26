"""Order, choice, double funding and funding models: what is computed from runs, by hand, and all of it in small."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from experiments import comparison, discovery, double_funding, funding_models, pareto, sequencing
from experiments.command_line import app
from experiments.ensembles import CURRENT, read_ensemble
from experiments.sequencing import ARMS, GROUPS, PAPER, SLOTS, label, order_scenarios, ordered, total
from model.calendar import month_index
from model.errors import ScenarioError

# ---------------------------------------------------------------------- designs


def test_orders_hold_the_same_reforms_and_differ_in_dates_alone() -> None:
    found = order_scenarios("equal_money")
    assert len(found) == 120
    assert len({scenario.name for scenario in found}) == 120
    names = {tuple(sorted(reform.name for reform in scenario.reforms)) for scenario in found}
    assert len(names) == 1
    first = {reform.name: min(c.start for c in reform.changes) for reform in ordered(PAPER, "equal_money").reforms}
    for group, slot in zip(PAPER, SLOTS, strict=True):
        assert {first[name] for name in GROUPS[group]} == {slot}


@pytest.mark.parametrize("arm", ["equal_money", "equal_exposure"])
def test_orders_cost_the_same(arm: str) -> None:
    totals = [total(ordered(order, arm)) for order in sequencing.orders()[::17]]
    assert max(totals) < min(totals) * (1.0 + sequencing.TOLERANCE)
    assert min(totals) > 1_000.0


def test_unequal_money_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencing, "_amounts", lambda group, start: 1.0)
    with pytest.raises(ScenarioError, match=r"the money of 'capacity' depends on its start: £.* more from 2026-09"):
        order_scenarios("equal_exposure")


def test_the_unequal_arm_has_more_for_who_starts_early() -> None:
    early, late = (sequencing.scenario_of({"capacity": slot}, "unequal", "x") for slot in (SLOTS[0], SLOTS[-1]))
    assert total(early) > 1.05 * total(late)


def test_choices_hold_every_set_in_several_orders() -> None:
    found = sequencing.choice_scenarios()
    assert len(found) == 1 + 31 * sequencing.CHOICE_ORDERS
    sets = {scenario.name.split(":")[1] for scenario in found}
    assert len(sets) == 32
    for scenario in found[1:20]:
        reforms = {reform.name for reform in scenario.reforms}
        letters = set(scenario.name.split(":")[1])
        assert reforms == {name for group in GROUPS if group[0].upper() in letters for name in GROUPS[group]}


# ---------------------------------------------------------------------- analysis


def made(effect: Any, members: int = 4) -> pd.DataFrame:
    """Return a table (members, orders) in which an order's value is `effect(order)` plus the member's level."""
    orders = sequencing.orders()
    values = np.asarray([[effect(order) for order in orders]] * members) + np.arange(members)[:, None]
    return pd.DataFrame(values, columns=[f"equal_money:{label(order)}" for order in orders])


def test_precedence_finds_the_one_pair_that_matters() -> None:
    values = made(lambda order: 1.0 if order.index("statute") < order.index("capacity") else 0.0)
    found = sequencing.precedence(values, sequencing.orders_of(values)).set_index(["first", "then"])
    assert found.loc[("capacity", "statute"), "difference"] == pytest.approx(-1.0)
    assert found.loc[("capacity", "statute"), "lower"] == 1.0
    assert found.loc[("people", "funding"), "difference"] == pytest.approx(0.0)
    assert found.loc[("people", "statute"), "difference"] == pytest.approx(-1 / 3)  # by way of the pair alone


def test_regret_and_its_direction() -> None:
    values = made(lambda order: float(order.index("statute")))
    low = sequencing.regret(values, "unmet_need_share").set_index("order")
    high = sequencing.regret(values, "confidence").set_index("order")
    assert low.loc["equal_money:SPCFA", "mean"] == 0.0
    assert low.loc["equal_money:PCFAS", "mean"] == pytest.approx(4.0)
    assert low.loc["equal_money:PCFAS", "share_of_spread"] == pytest.approx(1.0)
    assert high.loc["equal_money:PCFAS", "best"] == 1.0


def test_variance_divides_without_rest_and_order_is_set_beside_choice() -> None:
    rng = np.random.default_rng(0)
    values = pd.DataFrame(rng.normal(size=(6, 8)) + 3.0 * rng.normal(size=8))
    parts = sequencing.shares(values)
    assert parts["members"] + parts["scenarios"] + parts["together"] == pytest.approx(parts["total"])
    assert parts["total"] == pytest.approx(values.to_numpy().var())
    orders = pd.DataFrame([[0.0, 2.0], [1.0, 3.0]])
    choices = pd.DataFrame(
        [[0.0, 0.0, 8.0, 12.0]], columns=["choice:none:0", "choice:P:0", "choice:PC:0", "choice:PC:1"]
    )
    found = sequencing.order_beside_choice(orders, choices)
    assert found["sd_order"] == pytest.approx(1.0)
    assert found["sd_choice"] == pytest.approx(np.std([0.0, 0.0, 10.0]))


def test_a_tree_finds_the_split_that_is_there() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"a": rng.random(200), "b": rng.random(200), "size": 1.0, "member": np.arange(200)})
    table["gain"] = np.where(table["a"] > 0.6, 1.0, -1.0)
    found, about = discovery.boxes(table)
    assert about["holds"] == pytest.approx((table["a"] > 0.6).mean())
    assert about["accuracy"] > 0.95 > about["usual"]
    assert found["holds"].tolist() == [1.0, 0.0]
    assert found["box"].iloc[0].startswith("a > 0.")
    assert discovery.boxes(table.assign(gain=1.0))[0]["box"].tolist() == ["everywhere"]


# ---------------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("extra", "year"),
    [([2.0, -1.0, -1.0], 2028.0), ([2.0, -3.0, 2.0], np.nan), ([-1.0, 0.0, 1.0], 2025.0), ([1.0, 1.0, -1.0], np.nan)],
)
def test_break_even_is_when_the_sum_stays_paid_back(extra: list[float], year: float) -> None:
    found = double_funding.break_even(np.asarray(extra), np.asarray([2026, 2027, 2028]))
    np.testing.assert_equal(found, year)


def test_prices_and_discounting() -> None:
    years = pd.Series([2026, 2030])
    assert double_funding.price_levels(years, "nominal").tolist() == [1.0, 1.0]
    real = double_funding.price_levels(years, "real")
    assert real[0] == pytest.approx(1.0)
    assert real[1] > 1.02
    assert double_funding.price_levels(years, "discounted")[1] == pytest.approx(real[1] * 1.035**4)


def test_every_line_has_one_payer() -> None:
    lines = [line for lines in double_funding.PAYERS_OF_LINES.values() for line in lines]
    assert sorted(lines) == sorted(comparison.SPENDING)


def test_differences_are_taken_member_by_member() -> None:
    table = pd.DataFrame({
        "point": [0, 1, 0, 1], "scenario": ["a", "a", "b", "b"], "year": 2030,
        "requests": [10.0, 100.0, 12.0, 101.0],
    })  # fmt: skip
    found = comparison.differences(table, "a").iloc[0]
    assert found["median"] == pytest.approx(1.5)  # not 56.5 - 55
    assert found["relative"] == pytest.approx(0.105)
    assert found["lower"] == 0.0


def test_gains_are_taken_member_by_member() -> None:
    rows = [
        {"member": m, "scenario": s, "by": "kind", "group": "severe", "measure": "unmet", "value": v}
        for m, s, v in [(0, "no_change", 50.0), (1, "no_change", 70.0), (0, "x", 49.0), (1, "x", 67.0)]
    ]
    found = funding_models.gains(pd.DataFrame(rows)).iloc[0]
    assert found["median"] == pytest.approx(-2.0)
    assert found["level"] == pytest.approx(60.0)
    assert found["lower"] == 1.0


# ---------------------------------------------------------------------- all of it in small


def test_compare_in_small(tmp_path: Path) -> None:
    arguments = ["compare", "no_change", "threshold_only", "--members", "2", "--scale", "0.0005", "--until", "2031-08"]
    outcome = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path)], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    table = pd.read_csv(tmp_path / "compare.csv")
    assert set(table["scenario"]) == {"threshold_only"}
    before = table[(table["year"] < 2026) & (table["outcome"] != "public_cost")]
    assert (before[["median", "q05", "q95"]] == 0.0).all(axis=None)  # nothing before it is announced
    after = table[(table["year"] == 2030) & (table["outcome"] == "requests")]
    assert (after["median"] != 0.0).all()
    assert (tmp_path / "compare.png").exists()


@pytest.mark.parametrize("name", ["e06", "e07"])
def test_funding_experiments_in_small(name: str, tmp_path: Path) -> None:
    arguments = ["experiment", name, "--smoke", "--out", str(tmp_path)]
    outcome = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    if name == "e06":
        groups = pd.read_csv(tmp_path / "groups.csv")
        assert set(groups["scenario"]) == set(funding_models.MODELS[1:])
        assert {"kind", "disadvantage", "school", "authority"} <= set(groups["by"])
    else:
        table = pd.read_csv(tmp_path / "double_funding.csv")
        assert set(table["payer"]) == {"total", *double_funding.PAYERS_OF_LINES, "beside"}
        parts = table[(table["prices"] == "real") & (table["scenario"] == "reversed")].set_index("payer")["cumulated"]
        assert np.isfinite(parts).all()


def test_e05_in_small(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["experiment", "e05", "--smoke", "--out", str(tmp_path)], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    short = pd.read_csv(tmp_path / "summary.csv")
    assert short["arm"].unique().tolist() == list(ARMS[:1])
    assert (short["order_beside_choice"] > 0.0).all()
    front = pd.read_csv(tmp_path / "front.csv")
    assert front["front"].any()
    best = front[front["front"]]
    for row in best.itertuples():
        better = (front["cost"] <= row.cost) & (front["unmet"] <= row.unmet)
        assert ((front.loc[better, "cost"] == row.cost) & (front.loc[better, "unmet"] == row.unmet)).all()
    assert (tmp_path / "order.png").exists()


def test_a_set_of_dates_is_run_as_a_scenario_would_be() -> None:
    values = read_ensemble(CURRENT).values(0)
    never = dict.fromkeys(GROUPS, pareto.NEVER)
    one, other = (
        pareto.outcome(never, values, 0, 0.0005),
        pareto.outcome(never | {"capacity": "2026-09"}, values, 0, 0.0005),
    )
    assert one != other
    assert 0.0 < one[1] < 100.0
    assert month_index(pareto.STARTS[0]) == month_index("2026-09")
