"""The plain twin equals the compiled model to the last bit, and would not if one of its rules were changed."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sendcycle import Change, Parameters, Reform, Scenario, SendModel
from sendcycle.calendar import BURN_IN_MONTHS, month_of_year
from sendcycle.engine import randomness as compiled
from sendcycle.engine.randomness import Decision
from sendcycle.state.children import Children, Need
from sendcycle.verification import plain_twin as plain
from sendcycle.verification.plain_twin import Family, PlainTwin

MONTHS = 30  # from September 2014, so that three Septembers are among them
UNTIL_25 = 84  # nobody is over 19 at the start: it takes seven years until some grow out, and schools close meanwhile
SCALE = 0.0015
RECORDS = ("authorities", "schools", "nation", "tallies")
SERIES = ("docket", "place_pipeline", "training")

# Whatever seldom happens happens often here, so that thirty months go through every rule.
EVENTFUL = Parameters(
    escalation=1.2,
    rate_family_request=0.02,
    factor_request_unidentified=0.5,
    factor_request_post_16=0.8,
    prob_not_issued=0.15,
    rate_plan_ceases=0.005,
    prob_contest_refusal=0.4,
    rate_contest_contents=0.005,
    factor_contest_placement=12.0,
    share_mediation=0.5,
    prob_mediation_to_appeal=0.4,
    prob_settle=0.4,
    dur_tribunal_minimum_months=2,
    severity_special=5.0,
    gain_b3_met_need=0.0,
    gain_r7_confidence=1.5,
)
FUNDING = Reform(
    "funding",
    (
        Change("share_throughput_funding", 0.5, "2015-03", ramp_months=6),
        Change("share_cluster_funding", 0.3, "2015-06"),
        Change("notional_sen_threshold_gbp", 9000.0, "2015-09"),
        Change("share_input_funding", 0.7, "2015-07"),
        Change("process_weeks_extra", -4.0, "2015-04", "2016-02"),
        Change("confidence_campaign", 0.05, "2016-01"),
    ),
    announced="2014-12",
    announcement=(Change("announced_restriction", 0.8, "2014-12"),),
)
STAYING = Parameters(
    rate_contest_contents=0.005,
    act_phase_2014=1.0,
    act_phase_2015=1.0,
    prob_leave_16=0.01,
    prob_leave_17=0.02,
    prob_leave_18=0.05,
    prob_leave_19=0.1,
    prob_leave_20_plus=0.2,
)
LEVERS = Reform(
    "levers",
    (
        Change("share_isp_protected", 0.3, "2014-11"),
        Change("reassessed_at_transfer", 0.9, "2015-06"),
        Change("reassessed_at_16", 0.9, "2015-06"),
        Change("reassessed_born_from_year", 1998, "2015-06"),
        Change("contest_names_placement", 0, "2015-04"),
        Change("cap_independent_gbp", 25_000.0, "2015-02"),
        Change("specialists_extra", 4000.0, "2014-12", "2016-06"),
        Change("unit_places_extra", 20_000.0, "2014-12"),
        Change("share_throughput_funding", 0.5, "2015-03", ramp_months=6),
        Change("share_cluster_funding", 0.3, "2015-06"),
        Change("factor_pool", 1.5, "2015-09"),
        Change("support_grant_gbp", 3e8, "2014-12"),
        Change("inclusion_grant_gbp_per_pupil", 50.0, "2014-12"),
        Change("settlement_extra_share", 0.4, "2014-12"),
        Change("share_surplus_spent", 0.5, "2014-12"),
        Change("severity_threshold", 6.0, "2015-01"),
    ),
)
RUNS: dict[str, dict[str, Any]] = {
    "baseline": {"seed": 0, "n_months": MONTHS},
    "another seed": {"seed": 20_260_101, "n_months": MONTHS},
    "eventful": {
        "parameters": EVENTFUL,
        "scenario": Scenario("funding", (FUNDING,)),
        "seed": 3,
        "n_months": MONTHS,
    },
    "levers": {"parameters": EVENTFUL, "scenario": Scenario("levers", (LEVERS,)), "seed": 3, "n_months": MONTHS},
    "until 25": {"parameters": STAYING, "seed": 1, "n_months": UNTIL_25},
}


@contextmanager
def pair(run: str) -> Iterator[tuple[SendModel, PlainTwin]]:
    """Yield the compiled model and its twin at the beginning of a run, and close both in the end."""
    with closing(SendModel(scale=SCALE, **RUNS[run])) as model, closing(PlainTwin(scale=SCALE, **RUNS[run])) as twin:
        yield model, twin


def differences(model: SendModel, twin: PlainTwin) -> list[str]:
    """Return what differs, in any bit, between the two worlds."""
    twin.families_are_written_back()
    here, there = model.world, twin.world
    pairs = {name: (getattr(here.children, name), getattr(there.children, name)) for name in Children.names()}
    pairs |= {name: (getattr(here, name), getattr(there, name)) for name in SERIES}
    for name in RECORDS:
        mine, its = getattr(here, name), getattr(there, name)
        pairs |= {f"{name}.{field}": (mine[field], its[field]) for field in mine.dtype.names}
    return [name for name, (mine, its) in pairs.items() if mine.dtype != its.dtype or mine.tobytes() != its.tobytes()]


def step_together(model: SendModel, twin: PlainTwin) -> Iterator[list[str]]:
    """Step both side by side, and yield what differs after each month."""
    for _ in model.months():
        twin.step()
        yield differences(model, twin)


@pytest.mark.parametrize("run", RUNS)
def test_the_twin_equals_the_model_to_the_bit(run: str) -> None:
    with pair(run) as (model, twin):
        assert differences(model, twin) == []
        lived = []
        for differing in step_together(model, twin):
            lived.append(month_of_year(model.t - 1))
            assert differing == [], f"month {model.t - 1}"
        assert len(lived) == RUNS[run]["n_months"]
        assert lived.count(9) >= 2
        mine, its = model.count(), twin.count()
        assert mine.children.sum() > 0.0
        assert np.array_equal(mine.children, its.children)
        assert np.array_equal(mine.schools, its.schools)
        assert mine.in_school.sum() > 0.0
        assert np.array_equal(mine.in_school, its.in_school)


def test_the_twin_equals_the_model_through_closures_that_raise_needs() -> None:
    with pair("baseline") as (model, twin):
        for running in (model, twin):
            running.inputs.drivers["closure"][BURN_IN_MONTHS + 4 : BURN_IN_MONTHS + 7] = 0.8
        c = model.world.children
        before, closed_at = c.base_need_gbp_k.copy(), np.arange(4, 7)
        assert not any(differing for differing in step_together(model, twin))
        harder = 1.0 + Parameters()["effect_closure_on_need"] * 0.8 / 12.0
        age = closed_at[None, :] - c.born[:, None]
        speech = (c.need == Need.SLCN)[:, None] & (age >= 0) & (age < 60)
        feelings = (c.need == Need.SEMH)[:, None] & (age >= 60) & (age < 16 * 12)
        hit = (speech | feelings).sum(axis=1)
        assert {0, 3} < set(hit.tolist())
        np.testing.assert_allclose(c.base_need_gbp_k / before, harder**hit, rtol=1e-5)


def test_every_lever_acts_in_its_run() -> None:
    acted = ("reassessments", "plans_ceased_reassessed", "isp_assured_gbp_k", "specialist_psychologists",
             "spend_programmes_gbp", "surplus_spent_gbp", "spend_school_and_cluster_funding_gbp")  # fmt: skip
    with closing(SendModel(scale=SCALE, **RUNS["levers"])) as model:
        total = dict.fromkeys(acted, 0.0)
        units = model.world.authorities["unit_places"].sum()
        for _ in model.months():
            for name in acted:
                total[name] += model.world.tallies[name].sum()
        assert [name for name, value in total.items() if value <= 0.0] == []
        assert model.world.authorities["unit_places"].sum() > units
        assert model.world.nation["independent_price_gbp"][0] < model.world.nation["independent_market_gbp"][0]


def test_the_twin_does_not_read_the_columns() -> None:
    with pair("baseline") as (model, twin):
        for _ in range(2):
            for column in twin.world.children:
                column[:] = 1
            assert next(step_together(model, twin)) == []


def test_every_family_is_an_agent_of_the_twin() -> None:
    with pair("baseline") as (_, twin):
        assert len(twin.families) == len(twin.world.children.key)
        assert set(twin.families) <= set(twin.agents)


def mutated(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a mutated rule: nothing happens, the other answer is given, or a number is twice as large."""
    if inspect.signature(method).return_annotation is None:
        return lambda self, *arguments: None

    def other(self: Family, *arguments: Any) -> Any:
        answer = method(self, *arguments)
        if answer is None:
            return None
        if isinstance(answer, bool):
            return not answer
        if isinstance(answer, plain.PlainSchool):
            return self.area.schools[0] if answer is not self.area.schools[0] else self.area.schools[-1]
        return answer + 1 if isinstance(answer, int) else 2.0 * answer

    return other


RULES = sorted(
    name for name, found in vars(Family).items() if inspect.isfunction(found) and name not in ("__init__", "column")
)


@pytest.mark.parametrize("name", RULES)
def test_a_mutated_rule_is_detected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = {"leave_at_25": "until 25", "withdraw_case": "until 25", "reassess_plan": "levers"}.get(name, "eventful")
    with pair(run) as (model, twin):
        monkeypatch.setattr(Family, name, mutated(getattr(Family, name)))
        assert any(differing for differing in step_together(model, twin))


whole_numbers = st.integers(0, 2**64 - 1)
decisions = st.sampled_from(Decision)
months = st.integers(-300, 312)


@given(whole_numbers)
@example(0)
@example(2**64 - 1)
def test_scramble_equals_the_compiled_one(x: int) -> None:
    assert plain.scramble(x) == int(compiled.scramble(np.uint64(x)))


@given(st.integers(0, 2**63 - 1), decisions, months)
def test_stream_equals_the_compiled_one(seed: int, decision: Decision, month: int) -> None:
    assert plain.stream(seed, int(decision), month) == int(compiled.key_of(seed, decision, month))


@given(whole_numbers, whole_numbers)
def test_draws_equal_the_compiled_ones(key: int, stream_key: int) -> None:
    mine = np.float64([plain.draw(key, stream_key), plain.draw_normal(key, stream_key)])
    its = np.float64([f(np.uint64(key), np.uint64(stream_key)) for f in (compiled.draw, compiled.draw_normal)])
    assert mine.tobytes() == its.tobytes()
    assert 0.0 <= mine[0] < 1.0


@given(st.floats(-1e30, 1e30))
def test_numbers_are_stored_in_single_precision(x: float) -> None:
    assert plain.single_precision(x) == float(np.float32(x))
