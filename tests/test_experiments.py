"""The experiments of the project run in small from the command line, and their tables hold what they say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from sendcycle.errors import ResultsError
from sendcycle.inputs.parameters import declared
from sendcycle_experiments.studies import e01_baseline_fan as baseline_fan
from sendcycle_experiments.sweeps import runner
from sendcycle_experiments.sweeps.store import Store, model_state
from sendcycle_experiments.terminal.command_line import app, main


def run(*arguments: str) -> None:
    outcome = CliRunner().invoke(app, ["experiment", *arguments], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output


def test_e01_in_small(tmp_path: Path) -> None:
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


def test_e04_in_small(tmp_path: Path) -> None:
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


def test_e01_says_so_if_every_run_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of no use")

    monkeypatch.setattr(runner, "simulate_each", fails)
    design = baseline_fan.designs(smoke=True)[baseline_fan.CHANCE]
    common = {"scenarios": design.scenarios, "scale": design.scale, "until": design.until}
    common |= {"outcomes": list(design.outcomes), "years": list(design.years)}
    store = Store(tmp_path / "chance")
    store.begin(design, resume=False)
    store.add(0, runner.run_batch(design.runs(0, 3), common, model_state()))
    with pytest.raises(ResultsError, match=r"every run of 'chance' failed; .*failures\.csv"):
        baseline_fan.fan({baseline_fan.CHANCE: store})


def test_a_published_year_after_january_2025_would_not_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    later = pd.Series({2024: 1.0, 2025: 2.0, 2026: 3.0})
    monkeypatch.setattr(baseline_fan, "of_observable", lambda _: later)
    assert baseline_fan.published_points("plans_in_force")["year"].tolist() == [2024, 2025]
    assert baseline_fan.published_points("high_needs_spending")["year"].tolist() == [2024]  # ends March 2025
