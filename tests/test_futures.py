"""Futures that share a past are lived through once up to where they part, and each is what it would have been alone."""

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
from sendcycle_experiments.sweeps.runner import run_batch
from sendcycle_experiments.sweeps.store import model_state

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
def test_each_future_is_what_it_would_have_been_alone(futures: list[Scenario], seed: int) -> None:
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


def test_months_that_are_shared_are_lived_once() -> None:
    lived: list[int] = []
    futures = [changed("outreach_extra", 24), changed("severity_threshold", 36), NO_CHANGE]
    assert len(list(simulate_each(None, futures, **SMALL, progress=lambda done, _: lived.append(done)))) == 3
    assert len(lived) == 48 + 24 + 12
    assert [lived.count(k) for k in (24, 25, 36, 37, 48)] == [1, 2, 2, 3, 3]


def test_a_model_turns_to_another_scenario_only_if_its_past_is_the_same() -> None:
    late, early = read_scenario("white_paper_2026"), changed("outreach_extra", 10)
    with closing(SendModel(scale=0.001, n_months=200)) as model:
        for _ in model.months(20):
            pass
        with pytest.raises(ScenarioError, match="changes months before 2016-05"):
            model.turn_to(early)
        model.turn_to(late)
        assert model.reform_scenario is late
        assert model.inputs.parameters[-1] != model.inputs.parameters[0]
    with closing(SendModel(scale=0.001, n_months=48)) as model, pytest.raises(ScenarioError):
        model.turn_to(changed("outreach_extra", 0))  # the references of the loops have been taken in the first month


def test_what_is_wrong_with_one_scenario_is_said_before_any_is_run() -> None:
    months: list[int] = []
    with pytest.raises(ScenarioError, match="never starts"):
        list(
            simulate_each(
                None, [NO_CHANGE, changed("outreach_extra", 60)], **SMALL, progress=lambda done, _: months.append(done)
            )
        )
    assert months == []


def test_copies_are_let_go_when_nobody_wants_the_rest() -> None:
    made: list[weakref.ref[SendModel]] = []
    copy = SendModel.copy

    def watched(model: SendModel) -> SendModel:
        twin = copy(model)
        made.append(weakref.ref(twin))
        return twin

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SendModel, "copy", watched)
        futures = simulate_each(None, [changed("outreach_extra", 12), changed("severity_threshold", 12)], **SMALL)
        next(futures)
        futures.close()
    gc.collect()
    assert made
    assert all(twin() is None for twin in made)


def test_few_copies_wait_however_many_futures_part(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_threads_change_nothing_in_copies() -> None:
    futures = [NO_CHANGE, changed("outreach_extra", 12), changed("severity_threshold", 12)]
    larger = {"scale": 0.004, "until": "2016-08"}  # two parts of authorities
    one = dict(simulate_each(None, futures, **larger, threads=1))
    two = dict(simulate_each(None, futures, **larger, threads=2))
    for k in range(len(futures)):
        assert np.array_equal(as_numbers(one[k].tallies), as_numbers(two[k].tallies))
    assert not np.array_equal(as_numbers(one[0].tallies), as_numbers(one[1].tallies))


def test_equal_scenarios_have_results_of_their_own() -> None:
    found = dict(simulate_each(None, [NO_CHANGE, NO_CHANGE], scale=0.001, until="2014-12"))
    assert not np.shares_memory(found[0].tallies, found[1].tallies)


def test_one_scenario_that_fails_leaves_the_others_most_of_their_past(monkeypatch: pytest.MonkeyPatch) -> None:
    lived, step = 0, SendModel.step

    def counted(model: SendModel) -> None:
        nonlocal lived
        lived += 1
        step(model)

    scenarios = [changed("outreach_extra", 40, ramp) for ramp in (0, 2, 3, 4, 5, 6, 7)] + [
        changed("severity_threshold", 60)
    ]
    common = {"scenarios": scenarios, "outcomes": ["requests"], "years": [2017], "scale": 0.001, "until": "2018-08"}
    design = Design("f", {}, scenarios=tuple(scenarios), outcomes=("requests",), years=(2017,), n=1, scale=0.001,
                    until="2018-08")  # fmt: skip
    monkeypatch.setattr(SendModel, "step", counted)
    found = run_batch(design.runs(0, 8), common, model_state())
    assert found["error"].notna().tolist() == [False] * 7 + [True]
    assert lived < 0.6 * 7 * (BURN_IN_MONTHS + 48)  # alone, each lives through all of it


def test_a_batch_brings_what_its_runs_bring_one_by_one_and_one_failure_stays_alone() -> None:
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
