"""Forecasts: nothing behind the origin is used, simple ones are what they say, bands hold what they promise."""

import numpy as np
import pandas as pd
import pytest

from experiments import forecasting, predictions, validation
from experiments.forecasting import naive, predictive, scored, split
from experiments.patterns import NationPattern, nation_patterns
from model import Parameters
from model.calendar import month_index
from model.observables import declared as declared_observables
from model.observables import months_of

PLANS = pd.Series({2015: 100.0, 2016: 110.0, 2017: 121.0, 2018: 133.1})
NEW = pd.Series({2015: 20.0, 2016: 22.0, 2017: 24.2})
OTHERS = {"plans_in_force": PLANS, "new_plans": NEW}


@pytest.mark.parametrize("origin", ["2018-01", "2020-01", "2023-01"])
@pytest.mark.parametrize("pattern", nation_patterns(), ids=lambda pattern: pattern.name)
def test_what_is_known_ends_at_the_origin_what_is_held_out_at_the_seal(pattern: NationPattern, origin: str) -> None:
    known, held = split(pattern, origin, "2025-01")
    ends = {year: months_of(declared_observables().observables[pattern.name], int(year))[1] for year in known.index}
    assert all(end <= month_index(origin) for end in ends.values())
    assert all(
        month_index(origin) < months_of(declared_observables().observables[pattern.name], int(year))[1] <= 124
        for year in held.index
    )


def test_the_settlement_is_known_one_year_ahead_and_no_further() -> None:
    table = forecasting.as_known("2020-01").table(Parameters(), 120)
    use = table["use_published_settlement"]
    assert use[month_index("2021-03")] == 1.0
    assert use[month_index("2021-04")] == 0.0


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("last_growth", [133.1 * 1.1, 133.1 * 1.21]),
        ("linear", [143.55, 154.57]),
        # 9.09 %, 9.09 % and 10 % left: (1 - (110 - 20) / 100) and so on; then 24.2 join
        ("markov", [133.1 * 0.9 + 24.2, (133.1 * 0.9 + 24.2) * 0.9 + 24.2]),
    ],
)
def test_simple_forecasts_by_hand(method: str, expected: list[float]) -> None:
    found = naive("plans_in_force", method, PLANS, [2019, 2020], OTHERS)
    assert found == pytest.approx(expected, rel=1e-3)


def test_smoothing_follows_a_straight_line() -> None:
    line = pd.Series(np.arange(10.0, 20.0), index=range(2010, 2020))
    assert naive("requests", "smoothing", line, [2020, 2021], OTHERS) == pytest.approx([20.0, 21.0], abs=0.1)


def test_markov_keeps_rates_and_lets_money_follow_plans() -> None:
    spent = pd.Series({2016: 40.0, 2017: 50.0})
    assert naive("requests", "markov", spent, [2018, 2019], OTHERS).tolist() == [50.0, 50.0]
    grown = (133.1 * 0.9 + 24.2) / 133.1
    assert naive("high_needs_spending", "markov", spent, [2018], OTHERS) == pytest.approx([50.0 * grown * 1.02])


def test_bands_hold_what_wanders_as_declared() -> None:
    pattern = NationPattern("requests", 2016, error=0.01, discrepancy=0.08)
    step = pattern.discrepancy * np.sqrt(1.0 - forecasting.MEMORY**2)
    rng = np.random.default_rng(0)
    members = pd.DataFrame(100.0, index=range(50), columns=[2019, 2020, 2021, 2022, 2023, 2024])
    known = pd.Series({2018: 90.0, 2019: 110.0})
    years = [2020, 2021, 2022, 2023, 2024]
    draws = predictive(pattern, members, known, years, 1)
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    inside = 0.0
    for _ in range(2000):
        truth = 110.0 * np.exp(rng.standard_normal(5).cumsum() * step + 0.01 * rng.standard_normal(5))
        inside += float(((low <= truth) & (truth <= high)).mean()) / 2000.0
    assert inside == pytest.approx(0.9, abs=0.015)
    assert np.median(draws[:, 0]) == pytest.approx(110.0, rel=0.02)  # it starts from what was last seen


def test_scores_by_hand() -> None:
    common = {"origin": "2020-01", "pattern": "requests", "headline": True, "last": 90.0}
    bands = {"q05": 95.0, "q25": 99.0, "q50": 100.0, "q75": 101.0, "q95": 105.0}
    simple = {"last_growth": 120.0, "linear": 90.0, "smoothing": 104.0, "markov": 130.0}
    rows = [common | {"year": 2020, "published": 100.0} | bands | simple]
    rows += [common | {"year": 2021, "published": 104.0} | bands | simple]
    row = scored(pd.DataFrame(rows)).iloc[0]
    assert row["model"] == pytest.approx((0.0 + 4.0 / 104.0) / 2.0)
    assert row["best_naive"] == "smoothing"
    assert row["smoothing"] == pytest.approx((0.04 + 0.0) / 2.0)
    assert bool(row["wins"]) is True
    assert (row["within_50"], row["within_90"]) == (0.5, 1.0)


# ---------------------------------------------------------------------- validation, predictions


def test_a_perfect_model_scores_zero_and_a_wrong_one_its_error() -> None:
    names = [pattern.name for pattern in nation_patterns()]
    years = pd.DataFrame(index=range(2014, 2026), columns=names, dtype=float)
    for pattern in nation_patterns():
        known, _ = split(pattern, "2025-01", "2025-01")
        years.loc[known.index.astype(int), pattern.name] = known.to_numpy()
    table = validation.nation_scores(years, "2025-01").set_index("pattern")
    assert table["error"].abs().max() == pytest.approx(0.0, abs=1e-12)
    assert table.loc[table["headline"], "met"].all()
    table = validation.nation_scores(years * 1.1, "2025-01").set_index("pattern")
    assert table["bias"].to_numpy() == pytest.approx(0.1)
    assert not table.loc[table["headline"], "met"].any()


def test_fifty_authorities_are_kept_back_and_none_has_a_later_row() -> None:
    codes = predictions.held_back()
    assert len(codes) == 50
    table = validation.published_authorities().reset_index()
    assert table.loc[table["la_code"].isin(codes), "year"].max() <= 2022


def test_an_authority_is_predicted_from_where_it_stood() -> None:
    code = predictions.held_back()[0]
    plans = float(validation.published_authorities().loc[(code, 2022), "plans_in_force"])
    index = pd.MultiIndex.from_tuples([(code, year) for year in (2022, 2023, 2024, 2025)])
    tables = [
        pd.DataFrame(
            {"plans": [50.0, 55.0, 60.5, 66.55], "refused": 0.2, "on_time": 0.5, "requests": 10.0, "new_plans": 9.0},
            index=index,
        )
        for _ in range(30)
    ]
    found = predictions.of_authorities(tables, [code]).set_index(["series", "year"])
    assert found.loc[("plans", 2024), "q50"] == pytest.approx(plans * 1.21, rel=0.03)
    assert found.loc[("plans", 2025), "q95"] > found.loc[("plans", 2025), "q50"] > found.loc[("plans", 2025), "q05"]
