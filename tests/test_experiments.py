"""The experiments of the project run in small from the command line, and their tables hold what they say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from experiments import baseline_fan
from experiments.command_line import app, main
from experiments.figures import LAST_POINT, position
from model import observables
from model.parameters import declared


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


@pytest.mark.parametrize("name", baseline_fan.NAMES)
def test_no_point_after_january_2025_is_shown(name: str) -> None:
    points = baseline_fan.published_points(name)
    observable = observables.declared().observables[name]
    assert (position(observable, points["year"]) <= LAST_POINT + 1e-6).all()
    assert len(points) > 0 or observable.published is None


def test_e04_refuses_a_bad_n_before_the_screening(tmp_path: Path) -> None:
    assert main(["experiment", "e04", "--n", "100", "--out", str(tmp_path / "e04")]) == 2
    assert not (tmp_path / "e04").exists()
