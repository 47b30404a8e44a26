"""Experiments run in smoke size from the command line, and their tables hold what they should."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.stores import add_in_batches
from typer.testing import CliRunner

from sendcycle.errors import ResultsError
from sendcycle.inputs.parameters import declared
from sendcycle_experiments.studies import e01_baseline_fan as baseline_fan
from sendcycle_experiments.studies.document import PAGE, document
from sendcycle_experiments.studies.registry import E01, STUDIES, BaselineFan
from sendcycle_experiments.studies.study import Findings, Study
from sendcycle_experiments.sweeps import runner
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.store import Store
from sendcycle_experiments.terminal.command_line import app, main

RESULTS = Path(__file__).resolve().parents[1] / "results"


def run(*arguments: str) -> None:
    outcome = CliRunner().invoke(app, ["experiment", *arguments], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output


def test_the_page_of_experiments_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run python -m sendcycle_experiments.studies.document"


@pytest.mark.parametrize("study", STUDIES.values(), ids=lambda study: study.name)
def test_a_study_declares_the_tables_and_figures_in_its_folder(study: Study) -> None:
    assert study.question
    assert study.full != study.smoke
    folder = RESULTS / study.folder
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in (".csv", ".pdf")}
    members = {path.with_suffix(".csv").relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    assert there - members == {*study.tables, *(f"{name}.pdf" for name in study.figures)}


def test_a_named_option_goes_before_the_size_of_the_tiny_version(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(Study, "run", lambda study, sizes, context: seen.append(sizes) or Findings((), "nothing"))
    run("e05", "--smoke", "--members", "3")
    run("e05", "--trials", "480")
    assert seen == [replace(STUDIES["e05"].smoke, members=3), STUDIES["e05"].full]


def test_a_smoke_test_says_that_its_numbers_mean_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Study, "run", lambda study, sizes, context: Findings((), "nothing"))
    assert main(["experiment", "e05", "--smoke"]) == main(["experiment", "e05"]) == 0
    assert capsys.readouterr().out.count("these numbers mean nothing") == 1


def test_e01_runs_in_smoke_size(tmp_path: Path) -> None:
    run("e01", "--smoke", "--out", str(tmp_path / "fan"))
    table = pd.read_csv(tmp_path / "fan" / baseline_fan.TABLE)
    assert set(table["spread"]) == {baseline_fan.CHANCE, baseline_fan.NUMBERS}
    assert set(table["outcome"]) == set(baseline_fan.NAMES)
    quantiles = table[["q05", "q25", "q50", "q75", "q95"]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0.0).all()
    assert (np.ptp(quantiles, axis=1) > 0.0).mean() > 0.5
    by_spread = table.groupby("spread")["runs"].max().to_dict()
    assert by_spread == {baseline_fan.CHANCE: 3, baseline_fan.NUMBERS: 4}
    for name in baseline_fan.FIGURE:
        assert (tmp_path / "fan" / name).stat().st_size > 10_000


def test_e04_runs_in_smoke_size(tmp_path: Path) -> None:
    run("e04", "--smoke", "--out", str(tmp_path / "e04"))
    screening = pd.read_csv(tmp_path / "e04" / "screening" / "indices.csv")
    variance = pd.read_csv(tmp_path / "e04" / "variance" / "indices.csv")
    main = screening[screening["index"] == "mu_star"]
    relative = main["value"] / main.groupby(["outcome", "year"])["value"].transform("max")
    top = relative.groupby(main["factor"]).mean().nlargest(2).index
    assert set(variance["factor"]) == set(top)
    assert set(variance["index"]) == {"S1", "ST", "S2"}


def test_parameters_are_drawn_around_their_defaults() -> None:
    widths = []
    for parameter in declared().values():
        if parameter.prior.dist == "none":
            continue
        drawn = baseline_fan.around_default(parameter)
        assert parameter.prior.low <= drawn.low < drawn.high <= parameter.prior.high
        assert drawn.low - 1e-9 <= parameter.default <= drawn.high + 1e-9
        shares = baseline_fan.shares_of(parameter.prior, np.asarray([drawn.low, drawn.high]))
        widths.append(float(np.diff(shares)[0]))
    assert widths == pytest.approx([baseline_fan.WIDTH] * len(widths), abs=1e-3)


def test_e04_refuses_a_bad_n_before_the_screening(tmp_path: Path) -> None:
    assert main(["experiment", "e04", "--n", "100", "--out", str(tmp_path / "e04")]) == 2
    assert not (tmp_path / "e04").exists()


def test_e01_reports_that_every_run_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of no use")

    monkeypatch.setattr(runner, "simulate_each", fails)
    assert isinstance(E01.smoke, BaselineFan)
    design = baseline_fan.designs(E01.smoke)[baseline_fan.CHANCE]
    common = {"scenarios": design.scenarios, "scale": design.scale, "until": design.until}
    common |= {"outcomes": list(design.outcomes), "years": list(design.years)}
    store = Store(tmp_path / "chance")
    store.begin(design, resume=False)
    add_in_batches(store, runner.run_batch(design.runs(0, 3), common, model_state()))
    with pytest.raises(ResultsError, match=r"every run of 'chance' failed; .*failures\.csv"):
        baseline_fan.fan({baseline_fan.CHANCE: store})


def test_published_years_after_january_2025_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    later = pd.Series({2024: 1.0, 2025: 2.0, 2026: 3.0})
    monkeypatch.setattr(baseline_fan, "of_observable", lambda _: later)
    assert baseline_fan.published_points("plans_in_force")["year"].tolist() == [2024, 2025]
    assert baseline_fan.published_points("high_needs_spending")["year"].tolist() == [2024]  # ends March 2025
