"""What stored results say can be found again by other ways: run by run, in other processes, by hand from the files."""

import multiprocessing
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from sendcycle import Parameters, simulate
from sendcycle.inputs.data_files import data_file
from sendcycle.inputs.reforms import Change, Cost, Reform, Scenario
from sendcycle.state.records import LINES
from sendcycle_experiments.analysis import comparison
from sendcycle_experiments.calibration.ensembles import CURRENT, read_ensemble
from sendcycle_experiments.reforms.programme_cost import beside_the_model, programme_money
from sendcycle_experiments.reforms.scenario_files import read_scenario
from sendcycle_experiments.sweeps.designs import DELAY, Design, delayed, prior_of
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.runner import run_batch, sweep
from sendcycle_experiments.sweeps.store import RUNS

OUTCOMES = ("plans_in_force", "confidence", "high_needs_spending")


def test_random_runs_of_a_sweep_are_rebuilt_by_simulate_with_their_delays(tmp_path: Path) -> None:
    scenario = read_scenario("threshold_only")
    name = f"{DELAY}{scenario.reforms[0].name}"
    uncertain = {"escalation": prior_of("escalation", {}), name: prior_of(name, {"low": -12, "high": 12})}
    design = Design(
        "r", uncertain, levers={"gain_r1_crowding_out": (0.0, 1.0)}, scenarios=(scenario,), outcomes=OUTCOMES,
        years=(2029, 2030), n=6, replicates=2, scale=0.0005, until="2031-03",
    )  # fmt: skip
    store = sweep(design, tmp_path / "r", workers=1).store
    outcomes, plan = store.outcomes().set_index(["run", "year"]), store.plan().set_index("run")
    for run in np.random.default_rng(0).choice(design.n_runs, 4, replace=False):
        row = plan.loc[run]
        values = {each: float(row[each]) for each in ("escalation", "gain_r1_crowding_out")}
        moved = delayed(scenario, {name: float(row[name])})
        alone = simulate(Parameters(**values), moved, int(row["seed"]), design.scale, design.until).yearly(OUTCOMES)
        for year in design.years:
            assert outcomes.loc[(run, year), list(OUTCOMES)].tolist() == alone.loc[year, list(OUTCOMES)].tolist()


def batch_arguments() -> tuple[Any, ...]:
    design = Design("b", {"escalation": prior_of("escalation", {})}, n=2, years=(2015,), outcomes=("plans_in_force",))
    common = {
        "scenarios": list(design.scenarios), "outcomes": ["plans_in_force"], "years": [2015], "scale": 0.0005,
        "until": "2015-12",
    }  # fmt: skip
    return design.runs(0, 2), common, model_state()


@pytest.mark.parametrize("how", ["fork", "spawn", "joblib"])
def test_other_processes_bring_the_same_runs(how: str) -> None:
    here = run_batch(*batch_arguments())
    assert here["error"].isna().all()
    if how == "joblib":
        (there,) = joblib.Parallel(n_jobs=2)([joblib.delayed(run_batch)(*batch_arguments())])
    else:
        with multiprocessing.get_context(how).Pool(1) as pool:
            there = pool.apply(run_batch, batch_arguments())
    pd.testing.assert_frame_equal(there, here, check_exact=True)


CHANGE = Change("inclusion_support", 1.1, "2027-04")  # costs nothing by itself


def test_a_cost_of_half_a_year_is_half_of_its_money() -> None:
    whole = Scenario("w", (Reform("r", (CHANGE,), costs=(Cost("schools", 100.0, "2027-04", end="2028-04"),)),))
    half = Scenario("h", (Reform("r", (CHANGE,), costs=(Cost("schools", 100.0, "2027-10", end="2028-04"),)),))
    assert programme_money(whole)["schools"].sum() == pytest.approx(100.0)
    assert programme_money(half)["schools"].sum() == pytest.approx(50.0)
    nominal = [beside_the_model(scenario)["schools"] for scenario in (whole, half)]
    assert nominal[1].loc[2027] == pytest.approx(nominal[0].loc[2027] / 2.0)
    assert nominal[1].sum() == pytest.approx(nominal[1].loc[2027])


def test_a_comparison_is_recomputed_from_its_parquet_files_and_published_prices(tmp_path: Path) -> None:
    scenarios = [read_scenario("no_change"), read_scenario("paper_sequence")]
    ensemble = read_ensemble(CURRENT).first(3).with_reforms()
    store = sweep(comparison.design(scenarios, ensemble, scale=0.0005, until="2031-03"), tmp_path / "runs").store
    comparison.write_report(store, scenarios, ensemble, tmp_path)
    written = pd.read_csv(tmp_path / comparison.TABLE).set_index(["outcome", "year"])["median"]

    parts = [pq.read_table(path).to_pandas() for path in sorted((store.folder / RUNS).glob("part-*.parquet"))]
    rows = pd.concat(parts).merge(pd.read_parquet(store.folder / "plan.parquet"), on="run")
    with data_file("prices.csv").open(encoding="utf-8") as file:
        prices = pd.read_csv(file)
    deflator = prices[prices["series"] == "gdp_deflator"].set_index("year")["value"]
    year, level = 2028, deflator["2028-29"] / deflator["2026-27"]
    beside = {scenario.name: beside_the_model(scenario).sum(axis=1).get(year, 0.0) for scenario in scenarios}
    here = rows[rows["year"] == year].assign(
        cost=lambda t: (t[[f"spend_{line}" for line in LINES]].sum(axis=1) + t["reform_scenario"].map(beside)) / level
    )
    for outcome, column in (("plans_in_force", "plans_in_force"), (comparison.PUBLIC_COST, "cost")):
        wide = here.pivot(index="point", columns="reform_scenario", values=column)
        gap = (wide["paper_sequence"] - wide["no_change"]).median()
        assert written[outcome, year] == pytest.approx(gap, rel=1e-5, abs=1e-9)
