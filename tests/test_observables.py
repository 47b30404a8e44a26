"""Observables are ratios and sums of tallies, by month and by the years of the published statistics."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sendcycle.calendar import months
from sendcycle.errors import ResultsError
from sendcycle.inputs import published
from sendcycle.outputs import observables
from sendcycle.outputs.observables import Declarations

SAMPLE = """
[tallies]
plans = "plans: in force at the end of the month"
issued = "plans: issued"
on_time = "plans: issued within 20 weeks"
balance = "GBP: cumulative"

[observables.plans_in_force]
label = "Plans in force"
unit = "plans"
kind = "stock"
numerator = "plans"
yearly = "january"
published = "plans_in_force"
group = "statutory"

[observables.new_plans]
label = "New plans"
unit = "thousand plans"
kind = "flow"
numerator = "issued"
factor = 0.001
yearly = "calendar"
published = "new_plans"
published_factor = 0.001
group = "statutory"

[observables.within_20_weeks]
label = "Within | 20 weeks"
unit = "percent"
kind = "share"
numerator = "on_time"
denominator = "issued"
factor = 100
yearly = "calendar"
published = "within_20_weeks"
group = "statutory"

[observables.new_plans_school]
label = "New plans in a school year"
unit = "plans"
kind = "flow"
numerator = "issued"
yearly = "school"
group = "statutory"

[observables.new_plans_financial]
label = "New plans in a financial year"
unit = "plans"
kind = "flow"
numerator = "issued"
yearly = "financial"
group = "statutory"

[observables.balance]
label = "Balance"
unit = "GBP"
kind = "stock"
numerator = "balance"
yearly = "financial"
group = "money"
"""
Declare = Callable[[str], Declarations]


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    def write(text: str) -> Declarations:
        path = tmp_path / f"{abs(hash(text))}.toml"
        path.write_text(text, encoding="utf-8")
        return observables.declared(path)

    return write


@pytest.fixture
def known(declare: Declare) -> Declarations:
    return declare(SAMPLE)


def _cube(known: Declarations, n_months: int, n_authorities: int = 2) -> Any:
    cube = np.zeros((n_months, n_authorities), observables.tally_dtype(known))
    rng = np.random.default_rng(1)
    for name in known.tallies:
        cube[name] = rng.integers(1, 100, cube.shape)
    return cube


def test_a_tally_is_a_float_field_in_declared_order(known: Declarations) -> None:
    dtype = observables.tally_dtype(known)
    assert dtype.names == ("plans", "issued", "on_time", "balance")
    assert dtype.itemsize == 4 * 8


def test_every_tally_is_used_and_every_published_series_exists() -> None:
    own = observables.declared()
    used = {tally for o in own.observables.values() for tally in (o.numerator, o.denominator)}
    used |= {tally for tally in own.tallies if re.fullmatch(r"new_plans_within_\d+_weeks", tally)}  # of the median
    assert set(own.tallies) - used == set(), "tallies that no observable reads"
    for observable in own.observables.values():
        if observable.published is not None:
            assert len(published.published_series(observable.published)) > 0


def test_national_values_are_weighted_sums_and_their_ratios(known: Declarations) -> None:
    cube = np.zeros((1, 2), observables.tally_dtype(known))
    cube["issued"], cube["on_time"] = [[10, 30]], [[5, 30]]
    national = observables.observe(observables.national_tallies(cube, [2, 1]), known).iloc[0]
    assert national["new_plans"] == pytest.approx(0.050)
    assert national["within_20_weeks"] == pytest.approx(100 * (2 * 5 + 30) / (2 * 10 + 30))


def test_zero_divided_by_zero_is_nan_without_a_warning(known: Declarations) -> None:
    cube = np.zeros((3, 2), observables.tally_dtype(known))
    with np.errstate(all="raise"):
        national = observables.observe(observables.national_tallies(cube, [1, 1]), known)
        local = observables.observe_authorities(cube, [1, 1], ["x", "y"], ["X", "Y"], known)
    assert national["within_20_weeks"].isna().all()
    assert local["within_20_weeks"].isna().all()
    assert (national["new_plans"] == 0).all()


def test_rows_are_ordered_by_month_and_then_by_authority(known: Declarations) -> None:
    cube = _cube(known, 2)
    local = observables.observe_authorities(cube, [2.0, 1.0], ["x", "y"], ["X", "Y"], known)
    assert list(local.columns) == ["month", "la_code", "la_name", *known.observables]
    assert local["la_code"].tolist() == ["x", "y", "x", "y"]
    assert local["la_name"].tolist() == ["X", "Y", "X", "Y"]
    assert local["month"].astype(str).tolist() == ["2014-09-01"] * 2 + ["2014-10-01"] * 2
    assert local["plans_in_force"].tolist() == (cube["plans"] * [2, 1]).ravel().tolist()
    assert local["within_20_weeks"].to_numpy() == pytest.approx((100 * cube["on_time"] / cube["issued"]).ravel())
    total = local.groupby("month")["plans_in_force"].sum().to_numpy()
    assert total == pytest.approx(observables.national_tallies(cube, [2, 1])["plans"].to_numpy())


@pytest.fixture
def tallies(known: Declarations) -> pd.DataFrame:
    """Tallies of 30 months from September 2014, numbered 0 to 29."""
    index = pd.DatetimeIndex(months(30).astype("datetime64[s]"), name="month")
    t = np.arange(30.0)
    return pd.DataFrame({"plans": t, "issued": t + 1, "on_time": t, "balance": 10 * t}, index=index)


def test_years_are_those_of_the_published_statistics(known: Declarations, tallies: pd.DataFrame) -> None:
    years = observables.yearly(tallies, known)
    assert years.index.tolist() == [2014, 2015, 2016, 2017]
    t = np.arange(30.0)
    expected = {
        "plans_in_force": [np.nan, 4, 16, 28],
        "new_plans": [np.nan, (t[4:16] + 1).sum() / 1000, (t[16:28] + 1).sum() / 1000, np.nan],
        "within_20_weeks": [np.nan, *(100 * t[a : a + 12].sum() / (t[a : a + 12] + 1).sum() for a in (4, 16)), np.nan],
        "new_plans_school": [(t[:12] + 1).sum(), (t[12:24] + 1).sum(), np.nan, np.nan],
        "new_plans_financial": [np.nan, (t[7:19] + 1).sum(), np.nan, np.nan],
        "balance": [60, 180, np.nan, np.nan],
    }
    assert list(expected) == list(years)
    for name, values in expected.items():
        assert years[name].to_numpy() == pytest.approx(values, nan_ok=True), name


def test_a_short_run_has_no_whole_years(known: Declarations, tallies: pd.DataFrame) -> None:
    assert observables.yearly(tallies.iloc[:3], known).isna().all(axis=None)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('numerator = "on_time"', 'numerator = "ontime"', "unknown tally 'ontime'. Did you mean 'on_time'"),
        ('denominator = "issued"', "", "a share needs a denominator"),
        ('kind = "share"', 'kind = "rate"', "kind 'rate' is not one of"),
        ('yearly = "school"', 'yearly = "scool"', "yearly 'scool' is not one of"),
        ("factor = 100", "factor = 0", "'factor' cannot be 0"),
        ("factor = 100", 'factor = "100"', "'factor' cannot be '100'"),
        ('label = "Balance"', "", "'label' is missing"),
        ('unit = "GBP"', 'unit = "pounds"', "'prices' goes with a unit of money"),
        ('unit = "GBP"', 'unit = "GBP"\nprices = "cash"', "'prices' goes with a unit of money"),
        ('unit = "GBP"', 'unit = "pounds"\nprices = "2020"', "prices '2020' is not one of cash, 2014-15 prices"),
        ('label = "Balance"', 'label = "Balance"\nlabels = "x"', "unknown key 'labels'"),
        ('"plans: issued"', '"issued"', "tally 'issued' must be described as 'unit: meaning'"),
        ("[tallies]", "[tally]", "unknown table 'tally'"),
        ("[tallies]", "[tallies", "cannot read"),
    ],
)
def test_wrong_declarations_are_refused(declare: Declare, old: str, new: str, message: str) -> None:
    assert SAMPLE.count(old) == 1
    with pytest.raises(ResultsError, match=message):
        declare(SAMPLE.replace(old, new))


def test_records_and_table_list_every_observable(known: Declarations) -> None:
    records = observables.as_records(known)
    assert records[2]["denominator"] == "issued"
    assert records[0]["denominator"] is None
    assert [record["name"] for record in records] == list(known.observables)
    lines = observables.markdown_table(known).splitlines()
    assert len(lines) == 2 + len(records)
    assert all(line.replace("\\|", "").count("|") == 10 for line in lines)


@pytest.mark.parametrize(
    ("text", "year"),
    [("2014", 2014), ("2014-15", 2014), ("2014/15", 2014), ("2099/00", 2099), ("2023-01", None), ("2018-2022", None)],
)
def test_starting_years_are_read_from_their_labels(text: str, year: float | None) -> None:
    found = published.starting_year(text)
    assert np.isnan(found) if year is None else found == year


def test_published_series_are_ordered_and_unknown_names_get_a_hint() -> None:
    series = published.published_series("plans_in_force")
    assert series.index.is_monotonic_increasing
    assert series.index.is_unique
    assert series.index.dtype == np.float64
    assert series[2014.0] == 237_111
    with pytest.raises(ResultsError, match=r"no published series 'plans_in_forse'\. Did you mean 'plans_in_force'"):
        published.published_series("plans_in_forse")
    with pytest.raises(ResultsError, match="unknown source 'other_serie'"):
        published.published_series("other_serie:dsg_total")


def test_of_duplicate_rows_the_last_one_read_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("x", "2014-15", 1, "read"), ("x", "2014/15", 2, "read"), ("x", "2014-15", 3, "recalled")]
    rows += [("x", "2015-16", 4, "recalled"), ("x", "2015-16", 5, "recalled"), ("x", "2015-12", 6, "read")]
    table = pd.DataFrame(rows, columns=["series", "year", "value", "status"])
    monkeypatch.setattr(published, "_table", lambda source: table)
    assert published.published_series("other_series:x").to_dict() == {2014.0: 2.0, 2015.0: 5.0}


def test_model_and_published_values_are_compared_by_year(known: Declarations) -> None:
    real = published.published_series("new_plans")
    result = pd.DataFrame({name: [np.nan, 50.0] for name in known.observables}, index=pd.Index([2014, 2015]))
    table = published.beside_published(result, known)
    assert list(table) == ["observable", "label", "unit", "year", "model", "published", "relative_error"]
    assert set(table["observable"]) == {"plans_in_force", "new_plans", "within_20_weeks"}
    row = table[(table["observable"] == "new_plans") & (table["year"] == 2015)].iloc[0]
    assert row["published"] == pytest.approx(real[2015.0] / 1000)
    assert row["relative_error"] == pytest.approx(50 / (real[2015.0] / 1000) - 1)
    assert row["unit"] == "thousand plans"
    assert table.loc[table["year"] == 2014, "model"].isna().all()


def test_no_published_values_give_an_empty_table(known: Declarations) -> None:
    result = pd.DataFrame({name: [1.0] for name in known.observables}, index=pd.Index([1999]))
    table = published.beside_published(result, known)
    assert len(table) == 0
    assert "relative_error" in table


def test_median_weeks_are_interpolated_where_half_the_cases_are_done() -> None:
    median = observables.declared().observables["median_weeks"]
    limits = (12, 16, 20, 26, 32, 40, 52, 78)
    weeks = np.concatenate([np.linspace(13.0, 15.9, 30), np.linspace(20.1, 25.9, 50), np.linspace(53.0, 77.0, 20)])
    done = {f"new_plans_within_{limit}_weeks": np.asarray([(weeks <= limit).sum()]) for limit in limits}
    found = median.of({"new_plans": np.asarray([weeks.size]), **done})
    assert abs(found[0] - np.median(weeks)) < 0.5


def test_median_weeks_stop_at_the_last_limit_and_are_nan_without_cases() -> None:
    median = observables.declared().observables["median_weeks"]
    late = {f"new_plans_within_{limit}_weeks": np.asarray([0.0, 0.0]) for limit in (12, 16, 20, 26, 32, 40, 52, 78)}
    found = median.of({"new_plans": np.asarray([10.0, 0.0]), **late})
    assert found[0] == 78.0
    assert np.isnan(found[1])
