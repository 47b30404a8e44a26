"""Figures for papers come from stored results alone, and say from which."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from pypdf import PdfReader

from sendcycle.errors import ResultsError
from sendcycle.outputs.results import manifest_id
from sendcycle.structure.causal_map import causal_map
from sendcycle_experiments.figures.style import DOUBLE
from sendcycle_experiments.paper.diagrams import AGAIN, PLACES, pipes
from sendcycle_experiments.paper.registry import FIGURES, choose_figures, make_figures
from sendcycle_experiments.paper.tables import write_table
from sendcycle_experiments.sweeps.manifests import adding_results, reporting
from sendcycle_experiments.sweeps.ownership import MARKER, claim, sha256_of
from sendcycle_experiments.sweeps.stored_results import StoredResults
from sendcycle_experiments.terminal.command_line import main

RESULTS = Path(__file__).resolve().parents[1] / "results"
POINTS = 72.0  # an inch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All figures of the results stored with the project."""
    out = tmp_path_factory.mktemp("paper") / "figures"
    make_figures([], RESULTS, out)
    return out


def test_every_figure_of_the_stored_results_is_made_in_all_formats(folder: Path) -> None:
    there = {name for name, figure in FIGURES.items() if (RESULTS / figure.folder / figure.table).exists()}
    assert there >= {"causal_map", "baseline", "forecast", "scenarios", "rivals", "priorities", "double_funding"}
    assert {path.stem for path in folder.glob("*.pdf")} == there
    for ending in ("png", "csv", "tex", "md"):
        assert {path.stem for path in folder.glob(f"*.{ending}")} - {"captions"} == there
    captions = (folder / "captions.md").read_text()
    assert all(f"**{name}.**" in captions for name in there)


def test_a_figure_is_as_wide_as_a_column_and_names_its_run(folder: Path) -> None:
    read = PdfReader(folder / "scenarios.pdf")
    assert float(read.pages[0].mediabox.width) == pytest.approx(DOUBLE * POINTS, abs=0.1)
    source = f"run {manifest_id(StoredResults(RESULTS / 'compare').manifest())}"
    assert read.metadata is not None
    assert read.metadata["/Keywords"] == source
    assert "50 members" in read.metadata["/Subject"]
    with Image.open(folder / "scenarios.png") as image:
        assert image.text["Source"] == source
        assert image.width == pytest.approx(DOUBLE * 300, abs=1)


def test_the_same_results_make_the_same_files(folder: Path, tmp_path: Path) -> None:
    make_figures(["loop_shares"], RESULTS, tmp_path)
    for ending in ("pdf", "png", "csv", "tex", "md"):
        assert (tmp_path / f"loop_shares.{ending}").read_bytes() == (folder / f"loop_shares.{ending}").read_bytes()


def test_tables_show_the_stored_values(folder: Path) -> None:
    stored = pd.read_csv(RESULTS / "e11_forecast" / "forecast.csv").set_index(["pattern", "year"])
    row = pd.read_csv(folder / "forecast.csv").set_index(["pattern", "year"]).loc[("plans_in_force", 2035)]
    assert row["q50"] == pytest.approx(stored.loc[("plans_in_force", 2035), "q50"], rel=1e-5)
    assert row["unit"] == "plans"
    assert "predictive distribution" in (folder / "forecast.tex").read_text().split("caption{")[1].split("}")[0]
    shown = f"{row['q50']:,.0f}"
    assert shown in (folder / "forecast.md").read_text()
    assert shown in (folder / "forecast.tex").read_text()


def test_numbers_in_tables_keep_four_digits(tmp_path: Path) -> None:
    table = pd.DataFrame({"a_name": ["x_y"], "small": [0.0123456], "middle": [12.34567], "large": [1234567.8],
                          "none": [float("nan")], "year": [2035]})  # fmt: skip
    write_table(table, tmp_path / "t", "A caption.")
    row = (tmp_path / "t.md").read_text().splitlines()[-1]
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["x y", "0.01235", "12.35", "1,234,568", "", "2035"]
    assert re.search(r"\\caption\{A caption\.\}", (tmp_path / "t.tex").read_text())
    assert pd.read_csv(tmp_path / "t.csv")["large"].iloc[0] == pytest.approx(1234567.8, rel=1e-5)


def test_a_figure_whose_table_was_not_made_is_left_out(tmp_path: Path) -> None:
    shutil.copytree(RESULTS / "e05_sequencing", tmp_path / "e05_sequencing")
    assert {"orders", "order_structures", "front"} <= set(choose_figures([], tmp_path))
    (tmp_path / "e05_sequencing" / "claim_rivals.csv").unlink()
    with reporting(tmp_path / "e05_sequencing", {}):
        pass  # the other tables are there
    assert "orders" in choose_figures([], tmp_path)
    assert "order_structures" not in choose_figures([], tmp_path)
    with pytest.raises(ResultsError, match=r"claim_rivals\.csv, which is not there"):
        choose_figures(["order_structures"], tmp_path)


def test_pipes_lead_from_flows_and_carry_their_signs() -> None:
    known = causal_map()
    found = {(link.cause, link.effect): link.sign for link in pipes()}
    assert found["new_plans", "plans"] == "+"
    assert found["plans_ceased", "plans"] == "-"
    assert ("contests_won", "contest_belief") not in found  # a belief is not counted
    assert all(known.variables[cause].kind == "flow" for cause, _ in found)


def test_a_figure_needs_only_its_own_result(tmp_path: Path) -> None:
    mine = shutil.copytree(RESULTS / "compare", tmp_path / "mine")
    make_figures(["differences"], mine, tmp_path / "paper")
    shown = pd.read_csv(tmp_path / "paper" / "differences.csv").set_index(["reform_scenario", "outcome", "year"])
    row = shown.loc[("paper_sequence", "EHC plans in force", 2035)]
    kept = pd.read_csv(RESULTS / "compare" / "compare.csv").set_index(["reform_scenario", "outcome", "year"])
    assert row["unit"] == "thousand"
    middle = kept.loc[("paper_sequence", "plans_in_force", 2035), "median"] / 1e3
    assert row.iloc[1].startswith(f"{middle:+.0f} (")
    with pytest.raises(ResultsError, match="is one result"):
        make_figures([], mine, tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_missing_results_are_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    for arguments, said in (
        (["forcast"], "Did you mean 'forecast'?"),
        (["forecast", "--results", str(tmp_path)], "which is not there"),
    ):
        assert main(["figures", *arguments, "--out", str(out)]) == 2
        assert said in capsys.readouterr().err
    shutil.copytree(RESULTS / "e11_forecast", tmp_path / "e11_forecast")
    (tmp_path / "e11_forecast" / "manifest.json").write_text("{half")
    with pytest.raises(ResultsError, match=r"cannot read .*manifest\.json"):
        make_figures(["forecast"], tmp_path, out)
    (tmp_path / "e11_forecast" / "forecast.csv").unlink()
    with pytest.raises(ResultsError, match=r"cannot read .*forecast\.csv: No such file"):
        make_figures(["forecast"], tmp_path, out)


def test_no_point_or_line_is_cut_off_at_the_top() -> None:
    for name in ("baseline", "backtest", "forecast", "scenarios"):
        drawn = FIGURES[name].draw(StoredResults(RESULTS / FIGURES[name].folder))
        for ax in drawn.figure.axes:
            bottom, top = ax.get_ylim()
            assert ax.dataLim.y1 <= top - 0.03 * (top - bottom), (name, ax.get_title())


def test_stocks_flows_and_causes_each_have_their_own_place() -> None:
    known = causal_map()
    flows = {name for name, variable in known.variables.items() if variable.kind == "flow"}
    shown = flows | {link.effect for link in pipes()} | {cause for cause, effect in known.links if effect in flows}
    assert set(PLACES) == shown
    places = [*PLACES.values(), *AGAIN.values()]
    for k, (x, y) in enumerate(places):
        assert all(abs(x - i) >= 0.5 or abs(y - j) >= 0.5 for i, j in places[:k])
    carried = {(link.cause, link.effect) for link in pipes()}
    assert set(AGAIN) <= {(cause, effect) for cause, effect in known.links if effect in flows} - carried


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return shutil.copytree(RESULTS / "compare", tmp_path / "mine")


def altered(path: Path) -> None:
    """Change one digit of a table."""
    content = bytearray(path.read_bytes())
    place = next(k for k in range(len(content) - 1, 0, -1) if chr(content[k]).isdigit())
    content[place] ^= 1
    path.write_bytes(bytes(content))


def test_a_table_with_one_changed_byte_is_refused_unless_unchecked(mine: Path, tmp_path: Path) -> None:
    assert StoredResults(mine).checked == "as written"
    altered(mine / "compare.csv")
    with pytest.raises(ResultsError, match=r"compare\.csv was changed since it was written: "):
        StoredResults(mine).table("compare.csv")
    assert len(StoredResults(mine).table("levels.csv")) > 0
    unchecked = StoredResults(mine, check=False)
    assert len(unchecked.table("compare.csv")) == len(StoredResults(RESULTS / "compare").table("compare.csv"))
    assert unchecked.checked == "not checked"
    words = ["figures", "differences", "--results", str(mine), "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert main([*words, "--no-check"]) == 0


def test_a_table_that_is_gone_or_of_another_run_is_said_so(mine: Path, tmp_path: Path) -> None:
    (mine / "foreign.csv").write_bytes((mine / "compare.csv").read_bytes())
    with pytest.raises(ResultsError, match=r"foreign\.csv is not in the manifest beside it: it is of another run"):
        StoredResults(mine).table("foreign.csv")
    (mine / "compare.csv").unlink()
    mine.rename(tmp_path / "compare")
    with pytest.raises(ResultsError, match=r"compare\.csv: No such file .*, though the manifest lists it"):
        make_figures([], tmp_path, tmp_path / "out")


def test_results_whose_manifest_lists_no_files_are_said_to_be_unchecked(mine: Path, tmp_path: Path) -> None:
    manifest = json.loads((mine / "manifest.json").read_text())
    del manifest["files"]
    (mine / "manifest.json").write_text(json.dumps(manifest))
    made = make_figures(["differences"], mine, tmp_path / "out")
    assert made["tables"].tolist() == ["not checked: its manifest lists no files"]
    (mine / "manifest.json").unlink()
    assert StoredResults(mine).checked == "not checked: it has no manifest"


def test_tables_of_earlier_versions_are_read_under_the_present_names(tmp_path: Path) -> None:
    (tmp_path / "levels.csv").write_text("scenario,outcome\na,b\n")
    assert list(StoredResults(tmp_path).table("levels.csv")) == ["reform_scenario", "outcome"]


def test_what_a_block_reports_is_listed_with_its_hash(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with reporting(out, {"members": 3}):
        (out / "a.csv").write_text("x\n1\n")
    before = StoredResults(out).manifest()
    assert before["files"] == {"a.csv": hashlib.sha256(b"x\n1\n").hexdigest()}
    with adding_results(out):
        (out / "b.csv").write_text("y\n2\n")
    after = StoredResults(out).manifest()
    assert list(after["files"]) == ["a.csv", "b.csv"]
    assert after["id"] == before["id"] == manifest_id(after)
    assert StoredResults(out).table("b.csv")["y"].tolist() == [2]
    claim(out)  # it is still ours


def test_stored_results_are_as_their_manifests_say() -> None:
    unlisted = []
    for path in sorted(RESULTS.rglob("*.csv")):
        stored = StoredResults(path.parent)
        if path.parent.name != "figures" and stored.checked == "as written":
            stored.table(path.name)
        elif path.parent.name != "figures":
            unlisted.append(path.parent.name)
    assert set(unlisted) <= {"e01_baseline_fan"}  # it has no manifest


def test_markers_of_stored_results_hold_what_stands_there() -> None:
    markers = sorted(RESULTS.rglob(MARKER))
    assert markers
    for path in markers:
        noted = json.loads(path.read_text(encoding="utf-8"))["files"]
        there = {name: digest for name, digest in noted.items() if (path.parent / name).exists()}
        assert there == {name: sha256_of(path.parent / name) for name in there}, path.parent.name


def test_columns_of_stored_tables_work_unquoted_and_ema_keeps_them(folder: Path) -> None:
    tables = [*RESULTS.rglob("*.csv"), *folder.glob("*.csv")]
    assert len(tables) > 50
    names = {(path.name, name) for path in tables for name in pd.read_csv(path, nrows=0).columns}
    assert sorted(name for name in names if not name[1].isidentifier() or name[1] == "scenario") == []
