"""Calibration recovers known answers, uses no figure published after its month, and resumes where it stopped."""

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from sendcycle.errors import ResultsError
from sendcycle.inputs.parameters import Parameters, calibrated_to, declared
from sendcycle.outputs.observables import declared as declared_observables
from sendcycle_experiments.calibration import declared_values, ensembles, identifiability
from sendcycle_experiments.calibration import smoother as calibration
from sendcycle_experiments.calibration.ensembles import CURRENT, Ensemble, read_ensemble
from sendcycle_experiments.calibration.patterns import nation_patterns
from sendcycle_experiments.calibration.smoother import SMOKE, Settings, Target, smoothed, target
from sendcycle_experiments.studies import e02_recovery as recovery
from sendcycle_experiments.studies import e02_rivals as rivals
from sendcycle_experiments.sweeps.designs import Design, DesignError
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.store import Store

NONE = np.zeros(0)


@pytest.mark.parametrize("pattern", nation_patterns(), ids=lambda pattern: pattern.name)
def test_every_calibrated_series_is_published_and_has_its_own_errors(pattern: Any) -> None:
    assert declared_observables().observables[pattern.name].published is not None
    assert 0.0 < pattern.error < 0.2
    # a difference of large sums may be further off: 3 % of nine billion a year is a sixth of the deficits of 2023
    assert 0.0 < pattern.discrepancy < (0.2 if pattern.predicted else 0.3)
    assert pattern.predicted or not pattern.headline


def test_only_figures_complete_by_the_cut_off_month_are_used() -> None:
    last = target("2020-01").table.groupby("outcome")["year"].max()
    assert last["plans_in_force"] == 2020  # a January
    assert last["requests"] == 2019  # a calendar year
    assert last["high_needs_spending"] == 2018  # a financial year, which ends in March 2019
    assert target("2025-01").table["year"].max() == 2025
    assert target("2025-01").table.groupby("outcome")["year"].max()["high_needs_spending"] == 2023


def test_errors_correlate_within_a_series_and_not_between_series() -> None:
    rows = [("requests", 2016, 1.0), ("requests", 2018, 1.0), ("new_plans", 2016, 1.0)]
    found = calibration.covariance(rows)
    known = {pattern.name: pattern for pattern in nation_patterns()}
    requests = known["requests"]
    assert found[0, 0] == pytest.approx(requests.error**2 + requests.discrepancy**2)
    assert found[0, 1] == pytest.approx(requests.discrepancy**2 * calibration.MEMORY**2)
    assert found[0, 2] == 0.0


def test_the_smoother_recovers_the_posterior_of_a_linear_model() -> None:
    rng = np.random.default_rng(1)
    effect = rng.normal(size=(6, 3))
    true = np.asarray([1.0, -0.5, 0.3])
    covariance = 0.05**2 * (0.5 * np.eye(6) + 0.5)
    logs = effect @ true
    goal = Target(pd.DataFrame({"outcome": "x", "year": range(6), "value": np.exp(logs)}), covariance)
    start = rng.standard_normal((3, 4000))
    found, left = smoothed(start, lambda name, points, scale: effect @ points, goal, Settings(steps=4, seed=2))
    precision = effect.T @ np.linalg.solve(covariance, effect) + np.eye(3)
    mean = np.linalg.solve(precision, effect.T @ np.linalg.solve(covariance, logs))
    sd = np.sqrt(np.diag(np.linalg.inv(precision)))
    assert found.mean(axis=1) == pytest.approx(mean, abs=float(4.0 * sd.max() / np.sqrt(4000)) + 0.01)
    assert found.std(axis=1) == pytest.approx(sd, rel=0.15)
    assert left.std(axis=1) == pytest.approx(1.0, abs=0.06)  # of what does nothing nearly all spread is left


def test_an_inert_parameter_shows_the_spread_lost_in_small_ensembles() -> None:
    rng = np.random.default_rng(1)
    effect = rng.normal(size=(20, 3))
    table = pd.DataFrame({"outcome": "x", "year": range(20), "value": 1.0})
    goal = Target(table, 0.1**2 * np.eye(20))

    def noisy(name: str, points: np.ndarray[Any, Any], scale: float) -> np.ndarray[Any, Any]:
        return effect @ points + 0.3 * rng.standard_normal((20, points.shape[1]))

    few = smoothed(rng.standard_normal((3, 40)), noisy, goal, Settings(steps=4))[1].std(axis=1)
    many = smoothed(rng.standard_normal((3, 2000)), noisy, goal, Settings(steps=4))[1].std(axis=1)
    assert few.mean() < 0.8 < 0.95 < many.mean()


def test_the_bias_of_small_samples_is_removed_from_all_members() -> None:
    goal = Target(pd.DataFrame({"outcome": "x", "year": range(3), "value": 1.0}), 0.1**2 * np.eye(3))
    shift = np.asarray([0.2, -0.1, 0.0])[:, None]
    asked: list[tuple[str, float, int]] = []

    def run(name: str, points: np.ndarray[Any, Any], scale: float) -> np.ndarray[Any, Any]:
        asked.append((name, scale, points.shape[1]))
        small = scale == Settings().scale
        failed = np.where(points[0] > 2.0, np.nan, 0.0) if small else 0.0
        return np.tile(points, (3, 1)) + (shift if small else 0.0) + failed

    points = np.linspace(-1.0, 3.0, 81)[None, :]
    found = calibration.whole(run, goal, Settings(), "step_1", points)
    np.testing.assert_allclose(found, np.tile(np.where(points > 2.0, np.nan, points), (3, 1)), atol=1e-12)
    assert asked == [("step_1", Settings().scale, 81), ("step_1_whole", Settings().checked_scale, Settings().checked)]


def test_reform_parameters_are_not_calibrated() -> None:
    reforms = {name for name, p in declared().items() if p.group == "reforms"}
    assert any(declared()[name].prior.dist != "none" for name in reforms)
    assert not reforms & set(calibration.priors())
    assert len(calibration.priors()) > 100


def test_the_first_look_selects_the_nearest_points() -> None:
    goal = Target(pd.DataFrame({"outcome": ["x"], "year": [2020], "value": [1.0]}), np.eye(1) * 0.01)
    chosen, found = calibration.first_look(
        ["a", "b"], lambda name, points, scale: points[:1], goal, Settings(first=50, members=5)
    )
    limit = np.sort(found)[4]
    assert (np.abs(chosen[0]) <= 0.1 * np.sqrt(limit) + 1e-12).all()
    assert chosen.shape == (2, 5)


def test_a_resumed_calibration_gives_the_same_members(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    one = calibration.calibrate("2016-12", tmp_path, SMOKE, all_stay=True)
    again = calibration.calibrate(
        "2016-12",
        tmp_path,
        SMOKE,
        all_stay=True,
        progress=lambda name, now: calls.append((name, now.done, now.before)),
    )
    pd.testing.assert_frame_equal(one.members, again.members)
    assert all(done == before for _, done, before in calls), "a finished run was computed again"
    steps = {f"step_{k}{more}" for k in range(3) for more in ("", "_whole")}
    assert {name for name, _, _ in calls} == {"first_look"} | steps
    assert set(one.members) == set(calibration.priors())
    with pytest.raises(ResultsError, match="every member is implausible"):
        calibration.calibrate("2016-12", tmp_path, SMOKE)


def test_rivals_declare_valid_constants_and_unknown_rivals_get_a_hint() -> None:
    for name, (text, values) in rivals.RIVALS.items():
        assert text
        assert rivals.constants_of(name) == values
        for parameter, value in values.items():
            declared()[parameter].checked(value)
            assert value != declared()[parameter].default
    with pytest.raises(DesignError, match="Did you mean 'blind_gatekeeping'"):
        rivals.constants_of("blind_gatekeper")


# ---------------------------------------------------------------------- ensembles


def made(n: int = 40) -> Ensemble:
    """Return an ensemble in which one parameter is narrow and the others are as their priors."""
    rng = np.random.default_rng(3)
    names = ("effect_wait", "escalation", "rate_family_request")
    columns = {}
    for name in names:
        share = rng.random(n) if name != "escalation" else 0.5 + 0.02 * (rng.random(n) - 0.5)
        columns[name] = declared()[name].prior.quantiles(share)
    misfit = np.roll(np.linspace(0.5, 2.0, n), 3)
    return Ensemble("made", pd.DataFrame(columns), misfit, {"until": "2020-01"})


def test_an_ensemble_reads_back_as_written_and_gives_design_points(tmp_path: Path) -> None:
    ensemble = made()
    ensemble.write(tmp_path)
    again = read_ensemble(str(tmp_path / "made.csv"))
    np.testing.assert_allclose(again.members, ensemble.members, rtol=1e-7)
    assert again.about["until"] == "2020-01"
    base = Design("x", outcomes=("requests",), years=(2015,), until="2015-12", constants={"escalation": 0.2})
    design = again.first(7).design(base)
    assert design.n == 7
    assert list(design.uncertainties) == ["effect_wait", "rate_family_request"]  # what is held stays held
    np.testing.assert_allclose(design.points[:, 0], again.members["effect_wait"].iloc[:7], rtol=1e-3)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("effect_wait", "effect_wat", "Did you mean 'effect_wait'"), ("misfit", "msfit", "unknown parameter 'msfit'")],
)
def test_ensembles_with_unknown_names_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    made().write(tmp_path)
    path = tmp_path / "made.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ResultsError, match=words):
        read_ensemble(str(path))
    with pytest.raises(DesignError, match="unknown ensemble 'nowhere'"):
        read_ensemble("nowhere")


def test_a_narrowed_parameter_is_listed_first_and_called_identified() -> None:
    table = identifiability.posterior(made(400))
    assert table["parameter"].iloc[0] == "escalation"
    assert table["seen"].tolist() == [True, False, False]
    assert table["left"].iloc[1:].to_numpy() == pytest.approx(1.0, abs=0.12)


def test_rank_correlation_finds_the_parameters_that_move_an_outcome() -> None:
    ensemble = made(300)
    outcomes = pd.DataFrame({"plans": ensemble.members["effect_wait"] * 2.0})
    seen = pd.Series({"effect_wait": False, "escalation": True, "rate_family_request": False})
    table = identifiability.what_unseen_parameters_decide(ensemble, outcomes, seen).set_index("parameter")
    assert table["seen"].to_dict() == seen.to_dict()
    assert table.loc["effect_wait", "rank_correlation"] == pytest.approx(1.0)
    assert bool(table.loc["effect_wait", "outside"])
    assert not table.loc["rate_family_request", "outside"]


# ---------------------------------------------------------------------- recovery


def test_a_parameter_moved_beyond_sampling_error_is_called_displaced() -> None:
    ensemble = made(400)
    shifted = ensemble.members.assign(effect_wait=ensemble.members["effect_wait"] * 0.5)
    about = {"moved_of_nothing": 0.1, "left_of_nothing": (1.0, 0.04)}
    table = identifiability.posterior(Ensemble("x", shifted, ensemble.misfit, about)).set_index("parameter")
    assert table["displaced"].to_dict() == {"escalation": False, "effect_wait": True, "rate_family_request": False}
    by_hand = [identifiability.scores_of(table.reset_index(), end) for end in ("q05", "q95")]
    scores = identifiability.scores(Ensemble("x", shifted, ensemble.misfit, about))[list(table.index)]
    assert by_hand[0] == pytest.approx(scores.quantile(0.05).to_numpy(), abs=0.02)
    assert by_hand[1] == pytest.approx(scores.quantile(0.95).to_numpy(), abs=0.02)


def test_regression_recovers_the_parameters_of_a_linear_model() -> None:
    rng = np.random.default_rng(5)
    effect = np.asarray([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    goal = Target(pd.DataFrame({"outcome": "x", "year": range(3), "value": 1.0}), np.eye(3) * 0.1**2)
    true = np.asarray([0.6, -0.4, 0.0])
    aim = Target(goal.table.assign(value=np.exp(effect @ true)), goal.covariance)
    points = rng.standard_normal((3, 3000))
    draws, weights = recovery.abc(points, effect @ points, aim)
    rows = recovery._rows(0, "abc", ["a", "b", "c"], true, draws, weights)
    found = pd.DataFrame(rows, columns=["truth", "method", "name", "true", "mean", "sd", "low", "high", "inside"])
    assert found["mean"].iloc[:2].to_numpy() == pytest.approx(true[:2], abs=0.1)
    assert found["sd"].iloc[2] == pytest.approx(1.0, abs=0.2)  # of c the figures say nothing
    assert (found["sd"].iloc[:2] < 0.2).all()
    assert found["inside"].all()


def test_recovery_scores_are_compared_with_those_of_the_prior() -> None:
    rows = [
        (0, method, name, 1.0, mean, sd, mean - 2.0 * sd, mean + 2.0 * sd, abs(1.0 - mean) < 2.0 * sd)
        for method, mean, sd in (("a", 0.9, 0.1), (recovery.PRIOR, 0.0, 1.0))
        for name in ("x", "y")
    ]
    columns = ["truth", "method", "parameter", "true", "mean", "sd", "low", "high", "inside"]
    found = recovery.summary(pd.DataFrame(rows, columns=columns), {"x"}).set_index(["method", "parameters"])
    assert found["error"].to_dict() == pytest.approx(
        {("a", "all"): 0.1, ("a", "seen"): 0.1, (recovery.PRIOR, "all"): 1.0, (recovery.PRIOR, "seen"): 1.0}
    )
    assert found.loc[("a", "seen"), "n"] == 1
    assert (found["inside"] == 1.0).all()


def test_synthetic_data_are_finite_and_differ_by_seed() -> None:
    goal = target("2017-01")
    values = read_ensemble("england_2025-01").values(0)
    one, other = (recovery.synthetic(goal, values, 0.002, "2017-01", seed) for seed in range(2))
    for aim in (one, other):
        assert np.isfinite(aim.logs).all()
        assert aim.covariance.shape == (len(aim.table), len(aim.table))
        assert 0.5 * len(goal.table) < len(aim.table) <= len(goal.table)
    both = one.table.merge(other.table, on=["outcome", "year"])
    assert 0.0 < np.std(np.log(both["value_x"] / both["value_y"])) < 0.5


def test_recovery_runs_in_smoke_size(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from sendcycle_experiments.terminal.command_line import app

    arguments = ["experiment", "e02_recovery", "--smoke", "--out", str(tmp_path)]
    outcome = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    table = pd.read_csv(tmp_path / "recovery.csv")
    assert set(table["method"]) == {*recovery.METHODS, recovery.PRIOR}
    assert set(table["parameter"]) == set(calibration.priors())
    prior = table[table["method"] == recovery.PRIOR]
    assert prior["mean"].abs().max() < 0.2


def test_quantiles_use_the_weights() -> None:
    values, weights = np.asarray([3.0, 1.0, 2.0]), np.asarray([1.0, 1.0, 98.0])
    assert recovery._quantile(values, weights, 0.5) == pytest.approx(2.0, abs=0.01)
    assert recovery._quantile(np.arange(101.0), np.ones(101), 0.25) == pytest.approx(25.0, abs=0.5)


def test_members_of_a_rival_carry_its_constants() -> None:
    rival = made()
    rival.about["constants"] = {"gain_b1_gatekeeping": 0.0}
    assert rival.values(3)["gain_b1_gatekeeping"] == 0.0
    assert rival.values(3)["escalation"] == rival.members["escalation"].iloc[3]


def test_own_seeds_give_every_member_its_own_draws() -> None:
    base = Design("x", outcomes=("requests",), years=(2015,), until="2015-12", replicates=2, own_seeds=True, seed=5)
    design = made().first(3).design(base)
    assert design.plan()["seed"].tolist() == [5, 6, 7, 8, 9, 10]
    assert [run.seed for run in design.runs(0, 6)] == [5, 6, 7, 8, 9, 10]
    assert "own_seeds" not in base.replaced(own_seeds=False).as_dict()


def test_a_design_takes_its_points_from_an_ensemble(tmp_path: Path) -> None:
    made().write(tmp_path)
    entries: dict[str, Any] = {
        "name": "x",
        "ensemble": "made.csv",
        "members": 3,
        "levers": {"effect_wait": [0.0, 0.04]},
    }
    design = Design.from_mapping(entries | {"outcomes": ["requests"], "years": [2015]}, tmp_path)
    assert (design.n, design.n_runs) == (3, 6)
    assert list(design.uncertainties) == ["escalation", "rate_family_request"]
    with pytest.raises(DesignError, match="'n' does not go with 'ensemble'"):
        Design.from_mapping(entries | {"n": 5}, tmp_path)
    with pytest.raises(DesignError, match="there is none"):
        Design.from_mapping({"name": "x", "members": 5})


def test_calibrate_forecast_and_validate_run_in_smoke_size(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from sendcycle_experiments.terminal.command_line import app

    def run(*arguments: str) -> str:
        outcome = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert outcome.exit_code == 0, outcome.output
        return outcome.output

    assert "members" in run("calibrate", "--smoke", "--until", "2019-12", "--out", str(tmp_path / "cal"))
    kept = str(tmp_path / "cal" / "england_2019-12_smoke.csv")
    posterior = pd.read_csv(tmp_path / "cal" / "posterior.csv")
    assert set(posterior["parameter"]) == set(calibration.priors())
    run("forecast", "--ensemble", kept, "--members", "4", "--scale", "0.0005", "--until", "2027-03", "--out",
        str(tmp_path / "fc"))  # fmt: skip
    fan = pd.read_csv(tmp_path / "fc" / "forecast.csv")
    plans = fan[fan["pattern"] == "plans_in_force"]
    assert plans["year"].tolist() == [2026, 2027]
    assert plans["last_published"].unique().tolist() == [638745.0]
    assert not fan.duplicated(["pattern", "year"]).any()
    beside = pd.read_csv(tmp_path / "fc" / "beside_others.csv").set_index("source")
    assert beside.loc["OBR", "model_year"] == 2027  # at March 2028
    assert beside.loc["DfE for NAO", ["pattern", "model_year"]].tolist() == ["plans_in_force", 2033]
    run("validate", "--defaults", "--scale", "0.002", "--out", str(tmp_path / "va"))
    assert set(pd.read_csv(tmp_path / "va" / "nation.csv")["pattern"]) == {p.name for p in nation_patterns()}
    assert not (tmp_path / "va" / "authorities.csv").exists()  # spreads of authorities need full scale


def test_e02_runs_in_smoke_size(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from sendcycle_experiments.terminal.command_line import app

    with pytest.raises(DesignError, match="a January from 2017 to 2024"):
        CliRunner().invoke(app, ["experiment", "e02", "--origins", "2025-01"], catch_exceptions=False)
    arguments = ["experiment", "e02", "--smoke", "--out", str(tmp_path)]
    outcome = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    table = pd.read_csv(tmp_path / "backtest.csv")
    assert table["origin"].unique().tolist() == ["2017-01"]
    assert table.loc[table["pattern"] == "new_plans", "year"].min() == 2017  # the first not complete in January 2017
    assert set(pd.read_csv(tmp_path / "scores.csv")["pattern"]) == set(table["pattern"])
    assert set(pd.read_csv(tmp_path / "summary.csv")["recognition"]) == {"as measured", "held"}
    held = pd.read_csv(tmp_path / "backtest_recognition_held.csv")
    assert held["published"].equals(table["published"])
    runs = [Store(tmp_path / "2017-01" / name).table() for name in ("members", "members_recognition_held")]
    assert not runs[0]["requests"].equals(runs[1]["requests"])  # at this scale medians may well agree
    assert (tmp_path / "england_2017-01.csv").exists()


def test_declared_values_are_those_of_the_nearest_member_to_four_digits() -> None:
    kept, known = read_ensemble(CURRENT), declared()
    for name, value in kept.values(kept.nearest).items():
        wanted = min(max(float(f"{value:.4g}"), known[name].low), known[name].high)
        assert known[name].default == wanted, name
    assert calibrated_to() == kept.name


def test_declaring_values_changes_nothing_else_in_the_file() -> None:
    text = (Path(str(files("sendcycle.inputs"))) / "parameters.toml").read_text(encoding="utf-8")
    noted = text.replace("\ndefault = 0.4877\n", "\ndefault = 0.4877  # a note\n", 1)
    after = declared_values.with_values(noted, {"share_latent_need": 0.41, "balance_2014_gbp": 1.234e9}, "another")
    changed = [(a, b) for a, b in zip(noted.splitlines(), after.splitlines(), strict=True) if a != b]
    assert [b for _, b in changed] == [
        'calibrated_to = "another"', "default = 0.41  # a note", "default = 1234000000",
    ]  # fmt: skip
    with pytest.raises(ResultsError, match="no_such_number"):
        declared_values.with_values(text, {"no_such_number": 1.0}, "another")


def test_declared_values_stay_whole_and_within_their_ranges() -> None:
    known = declared()
    share, births = known["share_latent_need"], known["reassessed_born_from_year"]
    assert declared_values.rounded(share, 0.487687) == 0.4877
    assert declared_values.rounded(share, 0.50001 * 1.01) == share.high
    assert declared_values.rounded(births, 1998.6) == 1999.0


def test_an_ensemble_fits_the_model_after_its_values_are_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(str(files("sendcycle.inputs"))) / "parameters.toml"
    path = tmp_path / "model" / "parameters.toml"
    path.parent.mkdir()
    path.write_bytes(own.read_bytes())
    kept = made()
    Ensemble(kept.name, kept.members, kept.misfit, {**kept.about, "model": model_state()}).write(tmp_path / "e")
    named = str(tmp_path / "e" / "made.csv")
    assert declared_values.declare(named, path) == len(kept.members.columns)
    assert read_ensemble(named).of_another_state  # the model itself has kept its values
    now = model_state() | {"parameters.toml": hashlib.sha256(path.read_bytes()).hexdigest()}
    monkeypatch.setattr(ensembles, "model_state", lambda: now)
    assert not read_ensemble(named).of_another_state
    again = declared(path)
    for name, value in kept.values(kept.nearest).items():
        assert again[name].default == pytest.approx(value, rel=1e-3)
    assert declared_values.declare(named, path) == 0


def test_every_stored_ensemble_is_readable_and_has_valid_parameters() -> None:
    from sendcycle_experiments.sweeps.ensemble_files import kept_ensembles

    assert CURRENT in kept_ensembles()
    for name in kept_ensembles():
        kept = read_ensemble(name)
        assert 0 <= kept.nearest < len(kept.members)
        Parameters(**kept.values(kept.nearest))
    current = read_ensemble(CURRENT)
    assert set(calibration.priors()) == set(current.members)  # made since the last parameter was declared


def test_a_failed_run_does_not_misalign_the_other_members(tmp_path: Path) -> None:
    from sendcycle_experiments.studies.e11_forecast import study as forecast

    ensemble = made(40)
    share = ensemble.members["effect_wait"].rank()
    rows = [
        {"point": k, "year": year, "plans_in_force": share[k], "requests": 1.0, "high_needs_spending": -share[k],
         "unmet_need_share": share[k]}
        for k in range(40) if k != 7 for year in (2030, 2035)
    ]  # fmt: skip

    class Stored:
        def table(self) -> pd.DataFrame:
            return pd.DataFrame(rows)

    found = forecast.what_is_not_seen(cast(Store, Stored()), ensemble, ensemble).set_index(["outcome", "parameter"])
    assert found.loc[("plans_in_force 2035", "effect_wait"), "rank_correlation"] == pytest.approx(1.0)
    assert found.loc[("high_needs_spending 2035", "effect_wait"), "rank_correlation"] == pytest.approx(-1.0)


def test_a_rival_with_few_plausible_members_runs_the_nearest_ones() -> None:
    everyone = made(40)
    assert len(rivals.taken(everyone).members) == 40
    far = Ensemble("far", everyone.members, everyone.misfit + 20.0, everyone.about)
    left = rivals.taken(far)
    assert left.about["stay"] == 0
    assert len(left.members) == rivals.FEWEST
    assert left.misfit.max() <= np.sort(far.misfit)[rivals.FEWEST - 1]
    pd.testing.assert_series_equal(
        left.members.iloc[0], far.members[far.misfit <= left.misfit.max()].iloc[0], check_names=False
    )


def test_rivals_run_in_smoke_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from sendcycle_experiments.terminal.command_line import app

    kept = "blind_gatekeeping"
    monkeypatch.setattr(rivals, "RIVALS", {kept: rivals.RIVALS[kept]})
    outcome = CliRunner().invoke(
        app, ["experiment", "e02_rivals", "--smoke", "--out", str(tmp_path)], catch_exceptions=False
    )
    assert outcome.exit_code == 0, outcome.output
    fit = pd.read_csv(tmp_path / "fit.csv").set_index("structure")
    assert list(fit.index) == ["the_model", kept]
    assert fit["plans_in_force"].nunique() == 2  # without gatekeeping it is another model
    assert set(p.name for p in nation_patterns() if p.headline) <= set(fit.columns)
    later = pd.read_csv(tmp_path / "forecast.csv")
    assert set(later["structure"]) == set(fit.index)
    runs = pd.read_parquet(tmp_path / kept / "members" / "plan.parquet")
    assert (runs["gain_b1_gatekeeping"] == 0.0).all()
    stored = rivals.Store(tmp_path / "the_model" / "members").table()
    plans = stored[stored["year"] == 2025]["plans_in_force"]
    row = later[(later["structure"] == "the_model") & (later["pattern"] == "plans_in_force") & (later["year"] == 2025)]
    assert row["q50"].item() == pytest.approx(plans.median(), rel=1e-4)


def test_a_run_uses_a_member_and_explicit_settings_override_it(tmp_path: Path) -> None:
    import json

    from sendcycle_experiments.terminal.command_line import main

    short = ["run", "--scale", "0.0005", "--until", "2015-01", "--out", str(tmp_path / "r")]
    made().write(tmp_path)
    kept = ["--ensemble", str(tmp_path / "made.csv")]
    assert main([*short, *kept, "--member", "2", "--set", "escalation=0.2"]) == 0
    changed = json.loads((tmp_path / "r" / "manifest.json").read_text(encoding="utf-8"))["parameters_changed"]
    assert changed["effect_wait"] == pytest.approx(made().members["effect_wait"].iloc[2])
    assert changed["escalation"] == 0.2
    assert main([*short, *kept, "--member", "40"]) == 2
    assert main([*short, *kept]) == 0
    nearest = json.loads((tmp_path / "r" / "manifest.json").read_text(encoding="utf-8"))
    assert nearest["parameters_of"] == "member 3 of made"
    assert nearest["parameters_changed"]["effect_wait"] == pytest.approx(made().members["effect_wait"].iloc[3])
    assert main(short) == 0
    assert json.loads((tmp_path / "r" / "manifest.json").read_text(encoding="utf-8"))["parameters_changed"] == {}
