"""Every column of every table says its unit, price base and period."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from sendcycle import simulate
from sendcycle.outputs.columns import COLUMNS
from sendcycle.outputs.observables import PRICES, declared
from sendcycle.outputs.results import MANIFEST
from sendcycle_experiments.analysis import comparison
from sendcycle_experiments.calibration.ensembles import CURRENT, read_ensemble
from sendcycle_experiments.reforms.scenario_files import read_scenario
from sendcycle_experiments.sweeps.columns import NOT_DECLARED, columns_of, tables_in, with_units
from sendcycle_experiments.sweeps.designs import Design
from sendcycle_experiments.sweeps.manifests import reporting
from sendcycle_experiments.sweeps.ownership import MARKER
from sendcycle_experiments.sweeps.runner import sweep
from sendcycle_experiments.sweeps.store import Store, remove_results

RESULTS = Path(__file__).parents[1] / "results"
DESIGN = Design(
    "d", outcomes=("requests", "high_needs_spending", "confidence"), years=(2015,), levers={"outreach_extra": [1, 1.5]},
    sampler="defaults", scale=0.0005, until="2016-03",
)  # fmt: skip
ROWS = "of the row"


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished sweep."""
    folder = tmp_path_factory.mktemp("swept") / "out"
    sweep(DESIGN, folder, workers=1)
    return folder


def described(folder: Path) -> pd.DataFrame:
    """Return `columns.csv` of a folder, having checked that it is whole."""
    table = pd.read_csv(folder / COLUMNS, keep_default_na=False).set_index(["table", "column"])
    assert table.index.is_unique
    assert (table != "").all(axis=None)
    assert NOT_DECLARED not in set(table["unit"])
    money = table["unit"].str.contains("pound")
    assert set(table.loc[money, "prices"]) <= {*PRICES, ROWS}
    assert set(table.loc[~money, "prices"]) <= {"none", ROWS}
    for name, columns in tables_in(folder).items():
        assert list(table.loc[name].index) == columns
        if ROWS in set(table.loc[name, "unit"]):
            assert {"unit", "prices", "period"} <= set(columns)
    return table


def check_rows(path: Path) -> pd.DataFrame:
    """Return a long table, having checked that each row with money names its price base, and each its period."""
    table = pd.read_csv(path, keep_default_na=False)
    money = table["unit"].str.contains("pound")
    assert money.any()
    assert set(table.loc[money, "prices"]) <= set(PRICES)
    assert (table.loc[~money, "prices"] == "none").all()
    assert not {"", "none"} & set(table["period"])
    return table


def test_each_column_of_a_run_says_unit_prices_and_period(tmp_path: Path) -> None:
    simulate(scale=0.0005, until="2016-03").write(tmp_path)
    table = described(tmp_path)
    years = table.loc["yearly.csv"]
    assert len(years) == len(declared().observables) + 1
    periods = {"January", "calendar year", "financial year beginning April", "school year beginning September"}
    assert set(years["period"].str.removesuffix(", at its end")) == {*periods, "as each column says"}
    assert tuple(years.loc["high_needs_spending", ["unit", "prices"]]) == ("million pounds", "cash")
    assert tuple(years.loc["isp_assured", ["unit", "prices"]]) == ("million pounds a year", "2014-15 prices")
    assert years.loc["cumulative_balance", "period"] == "financial year beginning April, at its end"
    assert (years.loc["confidence", "unit"], years.loc["unmet_need_share", "unit"]) == ("share 0 to 1", "percent")
    assert set(table.loc["national.parquet", "period"]) == {"month", "month, at its end"}
    files = json.loads((tmp_path / MANIFEST).read_text())["files"]
    assert files[COLUMNS] == hashlib.sha256((tmp_path / COLUMNS).read_bytes()).hexdigest()


def test_fields_of_parquet_files_bear_their_unit(tmp_path: Path, swept: Path) -> None:
    simulate(scale=0.0005, until="2015-02").write(tmp_path)
    for folder in (tmp_path, swept):
        for path in folder.rglob("*.parquet"):
            assert all({b"unit", b"prices", b"period"} <= set(field.metadata) for field in pq.read_schema(path))
    assert pq.read_schema(tmp_path / "national.parquet").field("spend_transport").metadata[b"prices"] == b"cash"


def test_each_column_of_a_sweep_says_unit_prices_and_period(swept: Path) -> None:
    table = described(swept)
    part = pq.read_schema(next((swept / "runs").iterdir()))
    assert list(table.loc["runs/*.parquet"].index) == part.names
    assert table.loc["runs/*.parquet"].loc["high_needs_spending", "prices"] == "cash"
    assert table.loc["plan.parquet"].loc["outreach_extra", "unit"] == "multiplier"
    manifest = json.loads((swept / MANIFEST).read_text())
    assert manifest["columns"] == {COLUMNS: hashlib.sha256((swept / COLUMNS).read_bytes()).hexdigest()}


def test_columns_of_a_sweep_that_are_harmed_are_mended(tmp_path: Path) -> None:
    sweep(DESIGN, tmp_path / "out", workers=1)
    whole = (tmp_path / "out" / COLUMNS).read_bytes()
    for harm in (lambda path: path.unlink(), lambda path: path.write_text("harmed")):
        harm(tmp_path / "out" / COLUMNS)
        assert sweep(DESIGN, tmp_path / "out", resume=True, workers=1).computed == 0
        assert (tmp_path / "out" / COLUMNS).read_bytes() == whole


def test_columns_of_tables_written_beside_the_runs_join(tmp_path: Path) -> None:
    sweep(DESIGN, tmp_path / "out", workers=1)
    store = Store(tmp_path / "out")
    (tmp_path / "out" / "shares.csv").write_text("year,loop,shapley\n")
    store.note_columns()
    table = described(tmp_path / "out")
    assert {"plan.parquet", "shares.csv"} <= set(table.index.get_level_values("table"))
    noted = json.loads((tmp_path / "out" / MANIFEST).read_text())["columns"]
    assert noted == {COLUMNS: hashlib.sha256((tmp_path / "out" / COLUMNS).read_bytes()).hexdigest()}


def test_what_says_units_is_removed_with_the_results(tmp_path: Path) -> None:
    sweep(DESIGN, tmp_path / "swept", workers=1)
    with reporting(tmp_path / "reported", {}):
        (tmp_path / "reported" / "extra_cost.csv").write_text("scenario,prices,year,q05\n")
    for name in ("swept", "reported"):
        assert COLUMNS in json.loads((tmp_path / name / MARKER).read_text())["files"]
        assert remove_results(tmp_path / name) == []
        assert not (tmp_path / name).exists()


def test_each_column_of_a_comparison_says_unit_prices_and_period(tmp_path: Path) -> None:
    ensemble = read_ensemble(CURRENT).first(2).with_reforms()
    scenarios = [read_scenario(name) for name in ("no_change", "white_paper_2026")]
    planned = comparison.design(scenarios, ensemble, scale=0.0005, until="2036-08")
    store = sweep(planned, tmp_path / "runs", workers=1).store
    comparison.write_report(store, scenarios, ensemble, tmp_path)
    described(tmp_path)
    for name in ("compare.csv", "levels.csv"):
        table = check_rows(tmp_path / name).drop_duplicates("outcome").set_index("outcome")
        assert table.loc["high_needs_spending", "prices"] == "cash"
        assert table.loc["public_cost", "prices"] == "2026-27 prices"
        assert (table.loc["confidence", "unit"], table.loc["unmet_need_share", "unit"]) == ("share 0 to 1", "percent")
    assert set(check_rows(tmp_path / "programme_money.csv")["prices"]) == {"2026-27 prices"}
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert manifest["columns"] == {COLUMNS: hashlib.sha256((tmp_path / COLUMNS).read_bytes()).hexdigest()}


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(RESULTS.rglob("*.csv")) if path.parent.name != "figures" and path.name != COLUMNS],
    ids=lambda path: str(path.relative_to(RESULTS)),
)
def test_each_column_of_the_kept_tables_is_declared(path: Path) -> None:
    header = list(pd.read_csv(path, nrows=0))
    known = columns_of(path.name, header)
    assert [name for name, column in known.items() if column.unit == NOT_DECLARED] == []


def test_rows_of_a_long_table_say_their_unit() -> None:
    table = with_units(pd.DataFrame({"year": [2030, 2030], "outcome": ["inmss_market_price", "cost_special_gbp"]}))
    assert list(table) == ["year", "outcome", "unit", "prices", "period"]
    assert list(table["unit"]) == ["thousand pounds a year", NOT_DECLARED]
    assert list(table["prices"]) == ["cash", "none"]
