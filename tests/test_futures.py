"""Scenarios that share a past run once up to where they diverge, and each equals its own separate run."""

import gc
import weakref
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendcycle import NO_CHANGE, Change, Reform, Scenario, SendModel, simulate, simulate_each
from sendcycle.calendar import BURN_IN_MONTHS, month_label
from sendcycle.errors import ScenarioError
from sendcycle.outputs.observables import as_numbers
from sendcycle_experiments.reforms.scenario_files import read_scenario
from sendcycle_experiments.sweeps.designs import Design
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.runner import run_batch

SMALL = {"scale": 0.001, "until": "2018-08"}
SETS = {"rate_family_request": 0.02, "severity_threshold": 7.0, "outreach_extra": 2.0, "gain_r3_funding_incentive": 0.0}


def changed(name: str, month: int, ramp: int = 0) -> Scenario:
    """A scenario that sets one parameter from a month on."""
    change = Change(
        name, SETS[name], month_label(month), ramp_months=0 if name == "gain_r3_funding_incentive" else ramp
    )
    return Scenario(f"{name}_{month}_{ramp}", (Reform(name, (change,)),))


FUTURES = st.builds(changed, st.sampled_from(sorted(SETS)), st.integers(0, 40), st.sampled_from([0, 6]))


@settings(max_examples=10, deadline=None)
@given(futures=st.lists(FUTURES, min_size=1, max_size=4), seed=st.integers(0, 5))
def test_each_branch_equals_its_separate_run(futures: list[Scenario], seed: int) -> None:
    scenarios = [NO_CHANGE, *futures, futures[0]]
    found = dict(simulate_each(None, scenarios, seed, **SMALL))
    assert sorted(found) == list(range(len(scenarios)))
    for k, scenario in enumerate(scenarios):
        alone = simulate(None, scenario, seed, **SMALL)
        assert np.array_equal(as_numbers(found[k].tallies), as_numbers(alone.tallies))
        pd.testing.assert_frame_equal(found[k].breakdowns, alone.breakdowns)
        pd.testing.assert_frame_equal(found[k].schools, alone.schools)
        different = {key for key in alone.manifest if alone.manifest[key] != found[k].manifest[key]}
        assert different <= {"started", "wall_seconds"}


def test_shared_months_are_run_once() -> None:
    months_run: list[int] = []
    futures = [changed("outreach_extra", 24), changed("severity_threshold", 36), NO_CHANGE]
    assert len(list(simulate_each(None, futures, **SMALL, progress=lambda done, _: months_run.append(done)))) == 3
    assert len(months_run) == 48 + 24 + 12
    assert [months_run.count(k) for k in (24, 25, 36, 37, 48)] == [1, 2, 2, 3, 3]


def test_a_model_switches_scenario_only_if_its_past_is_the_same() -> None:
    late, early = read_scenario("white_paper_2026"), changed("outreach_extra", 10)
    with closing(SendModel(seed=0, scale=0.001, n_months=200)) as model:
        for _ in model.months(20):
            pass
        with pytest.raises(ScenarioError, match="changes months before 2016-05"):
            model.switch_scenario(early)
        model.switch_scenario(late)
        assert model.reform_scenario is late
        assert model.inputs.parameters[-1] != model.inputs.parameters[0]
    with closing(SendModel(seed=0, scale=0.001, n_months=48)) as model, pytest.raises(ScenarioError):
        model.switch_scenario(changed("outreach_extra", 0))  # loops know the first month


def test_a_wrong_scenario_is_refused_before_any_is_run() -> None:
    months: list[int] = []
    with pytest.raises(ScenarioError, match="never starts"):
        list(
            simulate_each(
                None, [NO_CHANGE, changed("outreach_extra", 60)], **SMALL, progress=lambda done, _: months.append(done)
            )
        )
    assert months == []


def test_copies_are_freed_when_the_iterator_is_closed() -> None:
    made: list[weakref.ref[SendModel]] = []
    copy = SendModel.copy

    def watched(model: SendModel) -> SendModel:
        copied = copy(model)
        made.append(weakref.ref(copied))
        return copied

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SendModel, "copy", watched)
        futures = simulate_each(None, [changed("outreach_extra", 12), changed("severity_threshold", 12)], **SMALL)
        next(futures)
        futures.close()
    gc.collect()
    assert made
    assert all(copied() is None for copied in made)


def test_waiting_copies_grow_only_with_the_logarithm_of_branches(monkeypatch: pytest.MonkeyPatch) -> None:
    alive, most, copy, close = 0, 0, SendModel.copy, SendModel.close

    def copied(model: SendModel) -> SendModel:
        nonlocal alive, most
        alive += 1
        most = max(most, alive)
        return copy(model)

    def closed(model: SendModel) -> None:
        nonlocal alive
        alive -= 1
        close(model)

    monkeypatch.setattr(SendModel, "copy", copied)
    monkeypatch.setattr(SendModel, "close", closed)
    futures = [NO_CHANGE, *(changed("outreach_extra", month) for month in range(12, 44))]
    for order in (futures, futures[::-1]):
        assert len(list(simulate_each(None, order, **SMALL))) == len(futures)
        assert most <= np.log2(len(futures))


def test_copies_do_not_depend_on_the_number_of_threads() -> None:
    futures = [NO_CHANGE, changed("outreach_extra", 12), changed("severity_threshold", 12)]
    larger = {"scale": 0.004, "until": "2016-08"}  # two parts of authorities
    one = dict(simulate_each(None, futures, **larger, threads=1))
    two = dict(simulate_each(None, futures, **larger, threads=2))
    for k in range(len(futures)):
        assert np.array_equal(as_numbers(one[k].tallies), as_numbers(two[k].tallies))
    assert not np.array_equal(as_numbers(one[0].tallies), as_numbers(one[1].tallies))


def test_equal_scenarios_get_separate_results() -> None:
    found = dict(simulate_each(None, [NO_CHANGE, NO_CHANGE], scale=0.001, until="2014-12"))
    assert not np.shares_memory(found[0].tallies, found[1].tallies)


def test_a_failing_scenario_leaves_the_others_their_shared_past(monkeypatch: pytest.MonkeyPatch) -> None:
    months_run, advance = 0, SendModel._advance_month

    def counted(model: SendModel) -> None:
        nonlocal months_run
        months_run += 1
        advance(model)

    scenarios = [changed("outreach_extra", 40, ramp) for ramp in (0, 2, 3, 4, 5, 6, 7)] + [
        changed("severity_threshold", 60)
    ]
    common = {"scenarios": scenarios, "outcomes": ["requests"], "years": [2017], "scale": 0.001, "until": "2018-08"}
    design = Design("f", {}, scenarios=tuple(scenarios), outcomes=("requests",), years=(2017,), n=1, scale=0.001,
                    until="2018-08")  # fmt: skip
    monkeypatch.setattr(SendModel, "_advance_month", counted)
    found = run_batch(design.runs(0, 8), common, model_state())
    assert found["error"].notna().tolist() == [False] * 7 + [True]
    assert months_run < 0.6 * 7 * (BURN_IN_MONTHS + 48)  # alone, each lives through all of it


def test_a_batch_equals_its_single_runs_and_isolates_a_failure() -> None:
    scenarios = (NO_CHANGE, changed("outreach_extra", 60), changed("severity_threshold", 12))  # the second never starts
    design = Design(
        "futures", {}, scenarios=scenarios, outcomes=("plans_in_force",), years=(2017, 2018), n=1, replicates=2,
        scale=0.001, until="2018-08",
    )  # fmt: skip
    common = {
        "scenarios": list(scenarios), "outcomes": ["plans_in_force"], "years": [2017, 2018], "scale": 0.001,
        "until": "2018-08",
    }  # fmt: skip
    runs, state = design.runs(0, 6), model_state()
    together = run_batch(runs, common, state)
    pd.testing.assert_frame_equal(
        together, pd.concat([run_batch([run], common, state) for run in runs], ignore_index=True)
    )
    failed = together[together["error"].notna()]
    assert list(failed["run"]) == [2, 3]
    assert failed["error"].str.contains("never starts").all()
    assert together.loc[together["error"].isna(), "plans_in_force"].gt(0).all()
