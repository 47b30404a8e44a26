"""Forecasts use nothing after their origin, naive ones match hand calculation, bands have their nominal coverage."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from sendcycle import Parameters
from sendcycle.calendar import N_MONTHS, month_index
from sendcycle.outputs.observables import months_of
from sendcycle.outputs.results import Result
from sendcycle_experiments.calibration import forecasting, patterns, validation
from sendcycle_experiments.calibration import smoother as calibration
from sendcycle_experiments.calibration.forecasting import naive, predictive, scored, split
from sendcycle_experiments.calibration.patterns import NationPattern, nation_patterns
from sendcycle_experiments.studies import e02_backtest as backtest
from sendcycle_experiments.studies.e11_forecast import predictions

PLANS = pd.Series({2015: 100.0, 2016: 110.0, 2017: 121.0, 2018: 133.1})
NEW = pd.Series({2015: 20.0, 2016: 22.0, 2017: 24.2})
OTHERS = {"plans_in_force": PLANS, "new_plans": NEW}


@pytest.mark.parametrize("origin", ["2018-01", "2020-01", "2023-01"])
def test_figures_after_the_origin_do_not_change_the_forecast(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = pd.DataFrame({"point": np.repeat(range(5), 12), "year": np.tile(range(2014, 2026), 5)})
    rng = np.random.default_rng(2)
    for pattern in nation_patterns():
        runs[pattern.name] = 50.0 * np.exp(0.05 * (runs["year"] - 2014) + 0.1 * rng.standard_normal(len(runs)))
    said = forecasting.backtest(runs, origin, "2025-01")
    true = patterns.of_observable

    def other_future(observable: Any) -> pd.Series:
        series = true(observable).copy()
        later = [months_of(observable, int(year))[1] > month_index(origin) for year in series.index]
        series[later] *= 3.0
        return series

    monkeypatch.setattr(patterns, "of_observable", other_future)
    again = forecasting.backtest(runs, origin, "2025-01")
    assert (again["published"] > 2.9 * said["published"]).all()
    pd.testing.assert_frame_equal(said.drop(columns="published"), again.drop(columns="published"))
    fitted = calibration.target(origin).table
    monkeypatch.undo()
    pd.testing.assert_frame_equal(fitted, calibration.target(origin).table)


def test_the_settlement_is_known_one_year_ahead_and_no_further() -> None:
    table = forecasting.as_known("2020-01").table(Parameters(), 120)
    use = table["use_published_settlement"]
    assert use[month_index("2021-03")] == 1.0
    assert use[month_index("2021-04")] == 0.0


def test_the_widening_factor_of_bands_matches_hand_calculation() -> None:
    ends = {"q05": 80.0, "q50": 100.0, "q95": 125.0}
    inside, outside = 100.0 * 1.25**0.5, 100.0 / 1.25**3
    table = pd.DataFrame([ends | {"published": inside}] * 17 + [ends | {"published": outside}] * 3)
    assert backtest.wider(table) == pytest.approx(3.0)  # nine tenths are held only if those below are reached
    assert backtest.wider(table.iloc[:17]) == pytest.approx(0.5)


def test_recognition_can_be_held_at_its_level_at_the_origin() -> None:
    table = forecasting.as_known("2020-01", recognition_held=True).table(Parameters(), N_MONTHS)
    acts = table["elasticity_recognition"]
    assert table["recognition_growth"][month_index("2019-12")] > 0.0
    assert not table["recognition_growth"][month_index("2020-01") :].any()
    index = forecasting.measured_recognition()
    assert int(index.index[-1]) == 2023
    usual = Parameters()["elasticity_recognition"]
    for year in range(2014, 2041):
        month = month_index(f"{year}-12") if year < 2040 else month_index("2040-08")
        factor = index[min(year, 2023)] ** acts[month]
        assert factor == pytest.approx(index[min(year, 2019)] ** usual, rel=1e-9)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("last_growth", [133.1 * 1.1, 133.1 * 1.21]),
        ("linear", [143.55, 154.57]),
        # 9.09 %, 9.09 % and 10 % left: (1 - (110 - 20) / 100) and so on; then 24.2 join
        ("markov", [133.1 * 0.9 + 24.2, (133.1 * 0.9 + 24.2) * 0.9 + 24.2]),
    ],
)
def test_naive_forecasts_match_hand_calculation(method: str, expected: list[float]) -> None:
    found = naive("plans_in_force", method, PLANS, [2019, 2020], OTHERS)
    assert found == pytest.approx(expected, rel=1e-3)


def test_smoothing_follows_a_straight_line() -> None:
    line = pd.Series(np.arange(10.0, 20.0), index=range(2010, 2020))
    assert naive("requests", "smoothing", line, [2020, 2021], OTHERS) == pytest.approx([20.0, 21.0], abs=0.1)


def test_markov_holds_rates_and_ties_spending_to_plans() -> None:
    spent = pd.Series({2016: 40.0, 2017: 50.0})
    assert naive("requests", "markov", spent, [2018, 2019], OTHERS).tolist() == [50.0, 50.0]
    grown = (133.1 * 0.9 + 24.2) / 133.1  # January 2019 over January 2018, which lies in the financial year 2017-18
    assert naive("high_needs_spending", "markov", spent, [2018], OTHERS) == pytest.approx([50.0 * grown * 1.02])
    late = pd.Series({2015: 40.0, 2016: 50.0})  # of 2016-17 the January of 2018 is known by then
    assert naive("high_needs_spending", "markov", late, [2017], OTHERS) == pytest.approx([50.0 * 1.1 * 1.02])


def test_bands_cover_a_random_walk_at_their_nominal_rate() -> None:
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
        really = 110.0 * np.exp(-0.01 * rng.standard_normal())  # 110 was published, with its error
        truth = really * np.exp(rng.standard_normal(5).cumsum() * step + 0.01 * rng.standard_normal(5))
        inside += float(((low <= truth) & (truth <= high)).mean()) / 2000.0
    assert inside == pytest.approx(0.9, abs=0.015)
    assert np.median(draws[:, 0]) == pytest.approx(110.0, rel=0.02)  # it starts from what was last seen


def test_no_percentage_passes_100() -> None:
    pattern = next(pattern for pattern in nation_patterns() if pattern.name == "appeals_upheld_share")
    members = pd.DataFrame(95.0, index=range(30), columns=range(2022, 2040))
    draws = predictive(pattern, members, pd.Series({2021: 96.0, 2022: 96.0}), list(range(2023, 2040)), 1)
    assert draws.max() < 100.0
    assert np.median(draws[:, 0]) == pytest.approx(96.0, abs=1.0)
    logits = np.log(draws[:, 0] / (100.0 - draws[:, 0]))
    step = pattern.discrepancy * np.sqrt(1.0 - forecasting.MEMORY**2)
    assert np.std(logits) == pytest.approx(25.0 * np.sqrt(2.0 * pattern.error**2 + step**2), rel=0.1)
    assert forecasting.capped("appeals_upheld_share", np.asarray([99.0, 104.0])).tolist() == [99.0, 100.0]


def test_scores_match_hand_calculation() -> None:
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


def test_fifty_authorities_are_held_out() -> None:
    codes = predictions.held_back()
    assert len(codes) == 50
    assert {"E06000063", "E06000064"} <= set(codes)  # Cumbria's successors, which have no row of 2022 either


def test_the_persistence_of_distances_from_the_nation_is_estimated() -> None:
    rng = np.random.default_rng(4)
    people = pd.Series(1000.0, index=[f"a{k}" for k in range(400)])
    distance = 0.3 * rng.standard_normal(400)
    rows = {}
    for year in range(2016, 2023):
        rows[year] = 50.0 * np.exp(distance)
        distance = 0.7 * distance + 0.2 * rng.standard_normal(400)
    values = pd.DataFrame(rows, index=people.index).rename_axis(index="la_code", columns="year").stack()
    kept, spread = predictions.how_distances_go_on(values, "requests", people, 1)
    assert (kept, spread) == (pytest.approx(0.7, abs=0.03), pytest.approx(0.2, abs=0.01))
    kept, spread = predictions.how_distances_go_on(values, "requests", people, 2)
    assert (kept, spread) == (pytest.approx(0.49, abs=0.04), pytest.approx(0.2 * np.sqrt(1.49), abs=0.015))


def test_authority_predictions_combine_past_distance_and_national_growth() -> None:
    codes = predictions.held_back()
    published = predictions._published_local()
    index = pd.MultiIndex.from_product([codes, range(2014, 2026)], names=["la_code", "year"])
    growth = 1.1 ** (index.get_level_values("year") - 2022)
    columns = {"plans": 1000.0 * growth, "requests": 90.0 * growth, "new_plans": 80.0 * growth}
    table = pd.DataFrame(columns | {"refused": 0.2, "on_time": 0.5}, index=index)
    found = predictions.of_authorities([table] * 20, codes).set_index(["series", "year", "la_code"])
    people = predictions._people()
    for code in [code for code in codes if (code, 2022) in published.index][:5]:
        kept, _ = predictions.how_distances_go_on(published["plans"], "plans", people, 1)
        last = predictions._distances(published["plans"], "plans", people)[2022]
        level = predictions._national(published["plans"], "plans", people)[2022]
        expected = people[code] * np.exp(level + np.log(1.1) + kept * last[code])
        assert found.loc[("plans", 2023, code), "q50"] == pytest.approx(expected, rel=0.02)
    assert (found["q05"] < found["q50"]).all()
    assert (found.loc[["refused", "on_time"], "q95"] < 1.0).all()
    widths = np.log(found["q95"] / found["q05"])
    assert widths["plans", 2025].mean() > widths["plans", 2023].mean()


def test_predictions_are_checked_on_authorities_with_later_rows() -> None:
    published = predictions._published_local()
    codes = sorted(set(predictions.authority_rows()["la_code"]) - set(predictions.held_back()))
    assert len(codes) == 103  # authorities that were abolished have rows, but nobody lives there any more
    index = pd.MultiIndex.from_product([codes, range(2014, 2026)], names=["la_code", "year"])
    growth = 1.2 ** (index.get_level_values("year") - 2022)
    columns = {"plans": 1000.0 * growth, "requests": 90.0 * growth, "new_plans": 80.0 * growth}
    table = pd.DataFrame(columns | {"refused": 0.2, "on_time": 0.5}, index=index)
    check = predictions.check_of_authorities([table] * 20).set_index(["series", "year"])
    said = predictions.of_authorities([table] * 20, codes).set_index(["series", "year", "la_code"])
    there = published["plans"].unstack("year").reindex(codes)
    there = there[there[[2021, 2022, 2025]].notna().all(axis=1)]
    row = check.loc[("plans", 2025)]
    assert row["authorities"] == len(there) > 90
    grown = there[2022] * 638_745.0 / 473_255.0  # England's plans of January 2025 and 2022
    assert row["error_national_growth"] == pytest.approx((grown / there[2025] - 1.0).abs().median(), rel=1e-3)
    assert row["error_unchanged"] == pytest.approx((there[2022] / there[2025] - 1.0).abs().median())
    q = said.loc[("plans", 2025)].reindex(there.index)
    assert row["within_90"] == pytest.approx(((there[2025] >= q["q05"]) & (there[2025] <= q["q95"])).mean())
    assert row["error"] == pytest.approx((q["q50"] / there[2025] - 1.0).abs().median())
    far = predictions.check_of_authorities([table.assign(plans=5.0 * table["plans"])] * 20)
    assert far.set_index(["series", "year"]).loc[("plans", 2025), "error"] == pytest.approx(
        row["error"]
    )  # levels cancel


def run_with_published_authorities() -> SimpleNamespace:
    """Return a result in which all authorities are as published: stocks in January, flows in June."""
    table = validation.published_authorities().reset_index()
    january = pd.DataFrame({"la_code": table["la_code"], "month": pd.to_datetime(table["year"].astype(str) + "-01-15"),
                            "plans_in_force": table["plans_in_force"]})  # fmt: skip
    flows = ["requests", "requests_refused", "new_plans", "within_20_weeks"]
    june = table[["la_code", *flows]].assign(month=pd.to_datetime(table["year"].astype(str) + "-06-15"))
    return SimpleNamespace(authorities=pd.concat([january, june], ignore_index=True))


def test_authorities_as_published_meet_every_pattern() -> None:
    result = cast(Result, run_with_published_authorities())
    found = validation.authority_scores(result)
    spreads = found[found["pattern"] != "growth_correlation"]
    assert spreads["model"].to_numpy() == pytest.approx(spreads["published"].to_numpy(), rel=1e-9)
    assert found["met"].all()
    assert found.loc[found["pattern"] == "growth_correlation", "model"].item() == pytest.approx(1.0)
    local, published = predictions.local_years(result), predictions._published_local()
    for name in ("plans", "requests", "new_plans", "refused", "on_time"):
        both = pd.concat([local[name], published[name]], axis=1, keys=("run", "published")).dropna()
        both = both[both["published"] > 0.0]
        assert len(both) > 500
        assert both["run"].to_numpy() == pytest.approx(both["published"].to_numpy(), rel=1e-9)


def test_gradients_between_children_are_odds_ratios() -> None:
    all_odds = validation._odds_of_all()
    rows = []
    for year in (2018, 2020, 2022):
        for label, ratio in (("plan", 2.0), ("sen_support", 3.0), ("none", 1.0)):
            share = ratio * all_odds / (1.0 + ratio * all_odds)
            for poor, part in ((True, share), (False, 1.0 - share)):
                rows.append((f"{year}-01", label, "mainstream", poor, 100.0 * part))
    table = pd.DataFrame(rows, columns=["month", "label", "setting", "disadvantaged", "children"])
    found = validation.children_scores(cast(Result, SimpleNamespace(breakdowns=table))).set_index("pattern")["model"]
    assert found["disadvantage_of_plan_holders"].to_numpy() == pytest.approx(2.0)
    assert found["disadvantage_of_sen_support"].to_numpy() == pytest.approx(3.0)


def test_patterns_are_judged_on_the_median_of_members() -> None:
    common = {"level": "authorities", "year": 2022}
    tables = [
        pd.DataFrame(
            [
                common | {"pattern": "plan_rate_spread", "model": spread, "published": 0.2},
                common | {"pattern": "growth_correlation", "model": grown, "published": np.nan},
                {
                    "level": "children",
                    "year": 2022,
                    "pattern": "disadvantage_of_sen_support",
                    "model": 2.4,
                    "published": 2.0,
                },
            ]
        )
        for spread, grown in ((0.10, 0.30), (0.24, 0.39), (0.26, 0.50))
    ]
    found = validation.median_scores(tables).set_index("pattern")
    assert found["met"].to_dict() == {
        "plan_rate_spread": True, "growth_correlation": False, "disadvantage_of_sen_support": True,
    }  # fmt: skip
    assert found.loc["plan_rate_spread", "model"] == 0.24
    far = validation.median_scores(tables[:1]).set_index("pattern")
    assert not far.loc["plan_rate_spread", "met"]
