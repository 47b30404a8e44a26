"""Results are computed from tallies, and written so that an incomplete result never looks complete."""

import json
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sendcycle
from sendcycle.engine.source_files import source_files
from sendcycle.errors import ResultsError
from sendcycle.inputs.parameters import Parameters, declared
from sendcycle.inputs.reforms import Change, Reform, Scenario
from sendcycle.outputs import observables, results
from sendcycle.outputs.breakdowns import Breakdowns, January
from sendcycle.outputs.results import NOT_READ, Result, input_hashes, new_manifest, read_result_manifest
from sendcycle.state.children import Need, SenStatus, Setting

FILES = {
    "national.parquet", "authorities.parquet", "breakdowns.parquet", "schools.parquet", "yearly.csv", "columns.csv",
    "manifest.json",
}  # fmt: skip


@pytest.fixture
def result(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run of 18 months of two authorities, with two observables."""
    path = tmp_path_factory.mktemp("declared") / "observables.toml"
    path.write_text(
        """
[tallies]
issued = "plans: issued"
on_time = "plans: on time"
[observables.new_plans]
label = "New plans"
unit = "plans"
kind = "flow"
numerator = "issued"
yearly = "calendar"
published = "new_plans"
group = "statutory"
[observables.within_20_weeks]
label = "Within 20 weeks"
unit = "percent"
kind = "share"
numerator = "on_time"
denominator = "issued"
factor = 100
yearly = "calendar"
group = "statutory"
""",
        encoding="utf-8",
    )
    sample = observables.declared(path)
    monkeypatch.setattr(observables, "declared", lambda: sample)
    monkeypatch.setattr("sendcycle.inputs.published.declared", lambda: sample)
    tallies = np.zeros((18, 2), observables.tally_dtype())
    tallies["issued"] = np.arange(36).reshape(18, 2)
    tallies["on_time"] = tallies["issued"] / 2
    return Result(tallies, np.array([2.0, 1.0]), ("x", "y"), ("X", "Y"), counted(), {"seed": 1})


def counted() -> Breakdowns:
    """Return one January with one cell of children and two schools."""
    children = np.zeros((6, 5, 2, 3, 10, 4))
    children[Need.SLCN, 1, 1, SenStatus.PLAN, Setting.UNIT] = (3.0, 1.5, 2.0, 0.0)
    schools = np.arange(16, dtype=np.float32).reshape(2, 8)
    january = January(4, children, np.asarray([[5, 1], [0, 2]], dtype=np.float32), schools)
    codes, clusters = np.asarray(["x", "y"], dtype=object), np.asarray([0, 1], dtype=np.int32)
    return Breakdowns((january,), codes, np.asarray([2.0, 1.0]), clusters, np.asarray([False, True]))


def test_results_of_disagreeing_shapes_are_refused(result: Result) -> None:
    with pytest.raises(ResultsError, match="do not fit"):
        Result(result.tallies, np.ones(3), ("x", "y"), ("X", "Y"), result.counted, {})
    with pytest.raises(ResultsError, match="do not fit"):
        Result(result.tallies, np.ones(2), ("x",), ("X", "Y"), result.counted, {})
    with pytest.raises(FrozenInstanceError):
        result.weights = np.ones(2)  # type: ignore[misc]


def test_national_authority_and_yearly_tables_agree(result: Result) -> None:
    assert result.national is result.national
    assert str(result.national.index[4].date()) == "2015-01-01"
    assert result.national["new_plans"].iloc[1] == 2 * 2 + 3
    assert result.national["within_20_weeks"].iloc[1] == 50
    summed = result.authorities.groupby("month")["new_plans"].sum()
    assert summed.to_numpy() == pytest.approx(result.national["new_plans"].to_numpy())
    assert result.yearly().loc[2015, "new_plans"] == result.national["new_plans"]["2015"].sum()
    spoiled = result.yearly()
    spoiled.loc[2015] = 0
    assert result.yearly().loc[2015, "new_plans"] > 0
    beside = result.beside_published().set_index("year")
    assert beside.loc[2015, "model"] == result.yearly().loc[2015, "new_plans"]


def test_dataset_has_named_dimensions_and_units(result: Result) -> None:
    dataset = result.dataset()
    assert dataset["new_plans"].dims == ("month", "authority")
    assert dataset["national_new_plans"].dims == ("month",)
    words = {"label": "New plans", "unit": "plans", "prices": "none", "period": "month", "kind": "flow"}
    assert dataset["new_plans"].attrs == words
    assert dataset["new_plans"].sel(authority="y", month="2014-10-01").item() == 3
    assert dataset["authority_name"].sel(authority="y").item() == "Y"
    assert (dataset["new_plans"].sum("authority") == dataset["national_new_plans"]).all()


def test_written_results_are_read_back_unchanged(result: Result, tmp_path: Path) -> None:
    folder = result.write(tmp_path / "deep" / "baseline")
    assert set(os.listdir(folder)) == FILES
    assert pq.read_schema(folder / "national.parquet").field("month").type == pa.date32()
    assert pq.read_schema(folder / "authorities.parquet").field("month").type == pa.date32()
    national = pd.read_parquet(folder / "national.parquet")
    assert list(national) == ["month", "new_plans", "within_20_weeks"]
    assert national["new_plans"].to_numpy() == pytest.approx(result.national["new_plans"].to_numpy())
    assert len(pd.read_parquet(folder / "authorities.parquet")) == 36
    assert pd.read_parquet(folder / "breakdowns.parquet").iloc[0].to_dict() == {
        "month": date(2015, 1, 1), "need": "slcn", "age": "5 to 10", "disadvantaged": True, "label": "plan",
        "setting": "unit", "children": 3.0, "unmet": 1.5, "confidence": 2.0, "appealing": 0.0,
    }  # fmt: skip
    schools = pd.read_parquet(folder / "schools.parquet")
    assert schools["la_code"].tolist() == ["x", "y"]
    assert schools["pupils_with_plan"].tolist() == [1.0, 2.0]
    assert schools["coverage"].tolist() == [1.0, 9.0]
    pd.testing.assert_frame_equal(pd.read_csv(folder / "yearly.csv", index_col="year"), result.yearly())
    assert read_result_manifest(folder)["seed"] == 1
    result.write(folder)
    assert set(os.listdir(folder)) == FILES


@pytest.mark.parametrize("at", range(len(FILES)))
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_no_manifest(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException
) -> None:
    result.write(tmp_path)  # an older result must not lend its manifest to a newer one
    real, done = os.replace, []

    def replace(source: Any, target: Any) -> None:
        if len(done) == at:
            raise error
        done.append(target)
        real(source, target)

    monkeypatch.setattr(results.os, "replace", replace)
    with pytest.raises(ResultsError if isinstance(error, OSError) else KeyboardInterrupt) as caught:
        result.write(tmp_path)
    if isinstance(error, OSError):
        assert str(caught.value) == f"cannot write results into {tmp_path}: No space left on device."
    with pytest.raises(ResultsError, match="no finished results"):
        read_result_manifest(tmp_path)
    assert set(os.listdir(tmp_path)) <= FILES - {"manifest.json"}


def test_a_failure_before_the_first_file_keeps_the_older_result(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result.write(tmp_path)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(ResultsError, match="No space left"):
        result.write(tmp_path)
    assert read_result_manifest(tmp_path)["seed"] == 1
    assert set(os.listdir(tmp_path)) == FILES


def test_a_file_in_place_of_the_folder_is_reported_in_one_line(result: Result, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(ResultsError, match="cannot write results into") as caught:
            result.write(folder)
        assert "\n" not in str(caught.value)


def test_damaged_results_are_refused(result: Result, tmp_path: Path) -> None:
    def spoil(name: str, content: bytes | None) -> None:
        result.write(tmp_path)
        path = tmp_path / name
        path.unlink() if content is None else path.write_bytes(content)

    for name in sorted(FILES - {"manifest.json"}):
        for content in (None, b"half"):
            spoil(name, content)
            with pytest.raises(ResultsError, match=f"{name} is missing or has changed"):
                read_result_manifest(tmp_path)
    for content, message in [
        (b"{", "cannot read"),
        (b"[]", "not a manifest"),
        (b"\xff", "cannot read"),
        (None, "no fini"),
    ]:
        spoil("manifest.json", content)
        with pytest.raises(ResultsError, match=message):
            read_result_manifest(tmp_path)


def test_manifest_records_the_provenance_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results.sys, "argv", ["/home/somebody/bin/sendcycle", "run", "a b"])
    first = next(name for name, p in declared().items() if p.kind == "real" and p.high != p.default)
    parameters = Parameters(**{first: declared()[first].high})
    scenario = Scenario("s", (Reform("r", (Change(first, declared()[first].low, "2020-01"),)),))
    before = datetime.now(UTC)
    manifest = new_manifest(parameters, scenario, 7, 0.01, "2035-08", 3600.0)
    assert json.loads(json.dumps(manifest, allow_nan=False))["seed"] == 7
    assert manifest["command"] == "sendcycle run 'a b'"
    assert manifest["parameters"] == parameters.as_dict()
    assert manifest["parameters_changed"] == {first: declared()[first].high}
    assert manifest["scenario"]["reforms"][0]["changes"][0]["start"] == "2020-01"
    assert set(manifest["versions"]) == {"python", "numpy", "numba", "mesa", "pandas", "sendcycle"}
    assert manifest["versions"]["numpy"] == np.__version__
    assert {"parameters.toml", "observables.toml", "national_series.csv"} <= set(manifest["inputs"])
    assert all(len(digest) == 64 for digest in manifest["inputs"].values())
    started = datetime.fromisoformat(manifest["started"])
    assert started.utcoffset() == timedelta(0)
    hour, second = timedelta(hours=1), timedelta(seconds=1)  # the manifest leaves out parts of a second
    assert before - hour - second <= started <= datetime.now(UTC) - hour


def test_a_manifest_needs_no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert results._commit.__wrapped__() is None


def test_a_copy_inside_another_checkout_has_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    monkeypatch.setattr(results, "__file__", str(tmp_path / "results.py"))
    assert results._commit.__wrapped__() is None


def test_modules_that_no_run_loads_are_not_part_of_the_model_state() -> None:
    script = (
        "import sys, sendcycle; sendcycle.simulate(scale=0.001, until='2014-10');"
        "print(*(name for name in sys.modules if name.startswith('sendcycle.')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = [f"{name.removeprefix('sendcycle.').replace('.', '/')}" for name in done.stdout.split()]
    unread = tuple(name.removesuffix("/").removesuffix(".py") for name in NOT_READ)
    assert [name for name in loaded if name.startswith(unread)] == []
    package = Path(sendcycle.__file__).parent
    assert all((package / name).exists() for name in NOT_READ)
    assert not {Path(name).name for name in source_files(".toml") if name.startswith(NOT_READ)} & set(input_hashes())


def test_a_result_is_shown_in_one_line() -> None:
    result = sendcycle.simulate(seed=3, scale=0.001, until="2014-10")
    assert repr(result) == "Result(no_change, 2014-09 to 2014-10, scale=0.001, seed=3)"
