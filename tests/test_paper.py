"""Figures for papers come from stored results alone, and say from which."""

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
from sendcycle_experiments.paper.stored_results import StoredResults
from sendcycle_experiments.paper.tables import write_table
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
    shown = pd.read_csv(tmp_path / "paper" / "differences.csv").set_index(["scenario", "outcome", "year"])
    row = shown.loc[("paper_sequence", "EHC plans in force", 2035)]
    kept = pd.read_csv(RESULTS / "compare" / "compare.csv").set_index(["scenario", "outcome", "year"])
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
