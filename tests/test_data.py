"""The tables of `model/sendcycle/inputs/data`: sums, sources, dates, and that they can be rebuilt."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sendcycle.inputs import data_preparation

DATA = Path(data_preparation.__file__).parent / "data"
CENSUS_STOCKS = ("plans_in_", "pupils", "fsm_share_")


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / name, dtype={"la_code": str})


@pytest.fixture(scope="module")
def national() -> pd.DataFrame:
    return read("national_series.csv")


@pytest.fixture(scope="module")
def authorities() -> pd.DataFrame:
    return read("authorities.csv")


@pytest.fixture(scope="module")
def start() -> pd.DataFrame:
    return read("authorities_start.csv")


def total(national: pd.DataFrame, series: str, year: int) -> float:
    (value,) = national.query("series == @series and year == @year")["value"]
    return float(value)


# Where the published authority rows do not add up to the published total: (column, year) -> rows less total.
KNOWN_GAPS = {
    ("plans_in_force", 2016): 215,
    ("plans_in_force", 2018): -7193,
    ("new_plans", 2022): -6078,  # blank for 15 authorities of Yorkshire
}


@pytest.mark.parametrize("column", ["plans_in_force", "new_plans", "requests", "requests_refused"])
@pytest.mark.parametrize("year", range(2014, 2023))
def test_authority_rows_add_up_to_the_nation(
    authorities: pd.DataFrame, national: pd.DataFrame, column: str, year: int
) -> None:
    if column == "requests" and year < 2016:
        pytest.skip("requests were not collected before 2016")
    rows = authorities.query("year == @year")[column].sum()
    assert rows - total(national, column, year) == KNOWN_GAPS.get((column, year), 0)


def test_authorities_have_one_row_a_year(authorities: pd.DataFrame) -> None:
    assert not authorities.duplicated(["la_code", "year"]).any()
    assert authorities.query("year == 2022")["la_name"].is_unique
    assert len(authorities.query("year == 2022")) == 152


def test_held_out_authorities_have_no_rows_after_2022(authorities: pd.DataFrame) -> None:
    """48 of the 152 of 2022; with the two that followed Cumbria in 2023 they make the 50 of 153."""
    last = authorities.groupby("la_name")["year"].max()
    of_2022 = authorities.query("year == 2022")["la_name"]
    assert (last[of_2022] == 2022).sum() == 48
    late = authorities.query("year == 2024")["la_name"]
    assert len(late) == 103
    assert not late.str.contains("Cumb|Westmorland").any()


CUMBRIA, CUMBERLAND, WESTMORLAND_AND_FURNESS = "E10000006", "E06000063", "E06000064"


def test_starting_rows_are_of_the_authorities_since_april_2023(start: pd.DataFrame, authorities: pd.DataFrame) -> None:
    of_2022 = set(authorities.query("year == 2022")["la_code"])
    assert set(start["la_code"]) == of_2022 - {CUMBRIA} | {CUMBERLAND, WESTMORLAND_AND_FURNESS}
    assert len(start) == 153
    assert start["la_code"].is_unique
    assert start["la_code"].is_monotonic_increasing
    assert start["la_name"].is_unique


def test_starting_rows_divide_cumbria_and_nothing_else(authorities: pd.DataFrame, national: pd.DataFrame) -> None:
    whole = data_preparation.rows_of_2022(authorities, national).set_index("la_code")
    parts = data_preparation.starting_rows(authorities, national).set_index("la_code")
    two = parts.loc[[CUMBERLAND, WESTMORLAND_AND_FURNESS]]
    pd.testing.assert_frame_equal(parts.drop(index=two.index), whole.drop(index=CUMBRIA))

    cumbria = whole.loc[CUMBRIA]
    counts = [column.name for column in data_preparation.COLUMNS if column.kind == "count"]
    assert set(two[counts].dtypes) == {np.dtype("int64")}
    assert (two[counts].sum() == cumbria[counts]).all()
    assert (parts[counts].sum() == whole[counts].sum()).all()
    shares = {CUMBERLAND: 273_135 / 500_004, WESTMORLAND_AND_FURNESS: 226_869 / 500_004}
    for code, share in shares.items():
        assert ((two.loc[code, counts] - share * cumbria[counts]).abs() < 1).all()
        assert two.loc[code, "origins"] == f"{CUMBRIA}:{share:.4f}"
    assert two["la_name"].tolist() == ["Cumberland", "Westmorland and Furness"]

    kept = [name for name in whole.columns if name not in {*counts, "la_name", "origins"}]
    for code in two.index:
        pd.testing.assert_series_equal(two.loc[code, kept], cumbria[kept], check_names=False)


@pytest.mark.parametrize(
    ("column", "series", "year", "tolerance"),
    [
        ("plans_2014", "plans_in_force", 2014, 0),
        ("plans_2015", "plans_in_force", 2015, 0),
        ("plans_2016", "plans_in_force", 2016, 215),
        ("new_plans_2014", "new_plans", 2014, 0),
        ("new_plans_2015", "new_plans", 2015, 0),
        ("requests_2016", "requests", 2016, 0),
        ("requests_refused_2015", "requests_refused", 2015, 0),
        ("appeals_2014", "appeals_registered", 2014, 0),
        ("appeals_2015", "appeals_registered", 2015, 0),
        ("appealable_decisions_2015", "appealable_decisions", 2015, 0),
    ],
)
def test_starting_rows_add_up_to_the_nation(
    start: pd.DataFrame, national: pd.DataFrame, column: str, series: str, year: int, tolerance: int
) -> None:
    assert abs(start[column].sum() - total(national, series, year)) <= tolerance


def test_plans_by_setting_add_up_to_all_plans(start: pd.DataFrame) -> None:
    settings = ["mainstream", "special", "ap", "further_education", "elsewhere", "early_years"]
    gap = start[[f"plans_{name}" for name in settings]].sum(axis=1) - start["plans_2015"]
    # each setting of a divided authority is rounded by itself
    assert (gap.abs() <= np.where(start["origins"].isna(), 0, 3)).all()
    assert gap.sum() == 0


def test_starting_rows_are_complete_and_name_filled_values(start: pd.DataFrame) -> None:
    names = [column.name for column in data_preparation.COLUMNS]
    assert start[names].notna().all(axis=None)
    filled = start["filled"].fillna("").str.split()
    assert {name for row in filled for name in row} <= set(names)
    for column in data_preparation.COLUMNS:
        if column.year is None:
            unknown = start[f"{column.name}_year"].isna()
            marked = filled.map(lambda row, name=column.name: name in row)
            assert (unknown == marked).all(), column.name


def test_starting_rows_use_no_year_after_2022(start: pd.DataFrame) -> None:
    years = start.filter(regex="_year$")
    assert years.max().max() <= 2022


def test_starting_rows_rebuild_identically(tmp_path: Path) -> None:
    for name in ("authorities.csv", "national_series.csv"):
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    data_preparation.main(["--data", str(tmp_path)])
    assert (tmp_path / "authorities_start.csv").read_bytes() == (DATA / "authorities_start.csv").read_bytes()


def test_starting_rows_ignore_rows_after_2022(authorities: pd.DataFrame, national: pd.DataFrame) -> None:
    early = data_preparation.starting_rows(authorities.query("year <= 2022"), national)
    pd.testing.assert_frame_equal(early, data_preparation.starting_rows(authorities, national))


@pytest.mark.parametrize(
    ("name", "status", "source", "allowed"),
    [
        ("national_series.csv", "status", "source_title", {"read", "recalled"}),
        ("other_series.csv", "status", "source_title", {"read", "recalled"}),
        ("pupils_by_provision.csv", "status", "source_title", {"read", "recalled"}),
        ("demography.csv", "status", "source", {"observed", "forecast", "assumption"}),
        ("prices.csv", "status", "source", {"observed", "forecast", "assumption"}),
        ("recognition.csv", "status", "source", {"observed", "forecast", "assumption"}),
        ("spending.csv", "status", "source", {"read", "derived"}),
    ],
)
def test_every_row_has_status_and_source(name: str, status: str, source: str, allowed: set[str]) -> None:
    table = read(name)
    assert set(table[status]) <= allowed
    assert table[source].fillna("").str.strip().ne("").all()


def test_national_series_end_at_january_2025(national: pd.DataFrame) -> None:
    stock = national["series"].str.startswith(CENSUS_STOCKS)
    settled = national["series"] == "high_needs_funding"  # announced, not observed
    assert national.loc[stock, "year"].max() <= 2025
    assert national.loc[~stock & ~settled, "year"].max() <= 2024
    school_year = national["series"].str.contains("academic_year") | (national["series"] == "appeals_upheld_share")
    assert national.loc[school_year, "year"].max() <= 2023
    assert not national.duplicated(["series", "year"]).any()


def test_pupils_by_provision_end_with_school_year_2023() -> None:
    table = pd.read_csv(DATA / "pupils_by_provision.csv", dtype=str)
    assert table["year"].str[:4].astype(int).max() <= 2023
    assert not table.duplicated(["series", "year"]).any()


def test_other_series_hold_no_observation_after_the_cut_off() -> None:
    """Only announced money is dated after the financial year 2024-25."""
    table = pd.read_csv(DATA / "other_series.csv", dtype=str)
    first = table["year"].str.extract(r"^(\d{4})")[0].astype(int)
    school_year = table["year"].str.fullmatch(r"\d{4}/\d{2}")
    assert first[school_year].max() <= 2023
    late = table[first > 2024]
    assert set(late["series"]) <= {"high_needs_total_funding", "dsg_schools_block"}


def test_breakdowns_end_at_january_2025() -> None:
    table = read("national_breakdowns.csv")
    flow = table["series"] != "plans_in_force"
    assert table["year"].max() <= 2025
    assert table.loc[flow, "year"].max() <= 2024


def test_population_by_age_covers_0_to_25() -> None:
    table = read("demography.csv").query("series == 'population' and year == 2014")
    assert table["age"].tolist() == list(range(26))
    assert table["value"].sum() == 17_253_429
    births = read("demography.csv").query("series == 'births'").set_index("year")["value"]
    assert births.index.tolist() == list(range(1989, 2041))
    # a cohort is near its births: what migration adds in a quarter of a century is less than a quarter
    ratio = table["value"].to_numpy()[1:] / births.loc[2013:1989:-1].to_numpy()
    assert ((ratio > 0.95) & (ratio < 1.25)).all()


def test_births_after_2024_are_assumptions() -> None:
    table = read("demography.csv").query("series == 'births' and year > 2024")
    assert set(table["status"]) == {"assumption"}


def test_prices_cover_the_run_and_start_at_one() -> None:
    table = read("prices.csv")
    years = [f"{year}-{(year + 1) % 100:02}" for year in range(2014, 2041)]
    for series, rows in table.groupby("series"):
        expected = years[:12] if series == "high_needs_block_gbp" else years
        assert rows["year"].tolist() == expected, series
    index = table[table["unit"].str.startswith("index")].query("year == '2014-15'")
    assert (index["value"] == 1).all()
    late = table[(table["year"] > "2024-25") & (table["status"] == "observed")]
    assert late.empty


def test_high_needs_block_agrees_between_tables(national: pd.DataFrame) -> None:
    block = read("prices.csv").query("series == 'high_needs_block_gbp'")
    for year, value in zip(block["year"].str[:4].astype(int), block["value"], strict=True):
        assert value / 1e6 == pytest.approx(total(national, "high_needs_funding", year), abs=0.06)


def test_recognition_is_level_after_the_last_observation() -> None:
    table = read("recognition.csv").set_index("year")
    assert table.index.tolist() == list(range(2014, 2026))
    assert table.loc[2014, "index"] == 1
    held = table[table["status"] != "observed"]
    assert held.index.tolist() == [2019, 2020, 2024, 2025]  # two are interpolated, two are level
    assert (held.loc[2024:, "index"] == table.loc[2023, "index"]).all()
    assert (table["index_high"] >= table["index"]).all()


def test_recognition_follows_diagnoses_and_then_adhd_prescriptions() -> None:
    index = read("recognition.csv").set_index("year")["index"]
    assert (index.loc[2015:2018] / index.loc[2014:2017].to_numpy()).tolist() == pytest.approx([1.07] * 4, abs=2e-4)
    children = {2015: 80.8, 2021: 113.0 / 1.12, 2022: 113.0, 2023: 113.0 * 1.099}  # thousand, as published
    yearly = (children[2021] / children[2015]) ** (1 / 6)
    assert index[2021] / index[2018] == pytest.approx(yearly**3, rel=1e-3)
    assert index[2023] / index[2021] == pytest.approx(children[2023] / children[2021], rel=1e-3)


def test_spending_is_settlement_plus_net_draw() -> None:
    table = read("spending.csv")
    totals = table.query("series == 'high_needs_spending'")
    assert (totals["value"] - totals["settlement"] - totals["net_draw"]).abs().max() < 0.05
    assert ((totals["low"] <= totals["value"]) & (totals["value"] <= totals["high"])).all()
    for _, row in totals.iterrows():
        assert f"{row['settlement']:g} settlement + {row['net_draw']:.0f} net draw" in row["arithmetic"]
    lines = table[table["series"].str.startswith("spending_")]["value"].sum()
    year = totals.set_index("year").loc["2021-22"]
    assert year["low"] <= lines <= year["high"]


def test_reserves_fell_by_the_published_amount() -> None:
    draws = read("spending.csv").query("series == 'high_needs_spending'").set_index("year")["net_draw"]
    assert draws.loc["2014-15":"2017-18"].sum() == 1070 - 144


def test_tables_name_no_local_path_and_no_host() -> None:
    for path in DATA.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        found = re.search(r"REPORT\.md|repo id|localhost|(?<![\w.])/(?:work|tmp|home|root)/", text)
        assert found is None, (path.name, found)
