"""What must hold whatever the numbers: conservation, keyed draws, threads, reforms that act only from their date."""

import gc
import weakref
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sendcycle.start.population as population
from sendcycle import Change, Parameters, Reform, Scenario, SendModel, simulate
from sendcycle.ages import AGE_LIMIT_MONTHS, FIRST_AGE_MONTHS
from sendcycle.engine import parts
from sendcycle.inputs.parameters import declared
from sendcycle.rules.cases import listed_cases, listed_plans
from sendcycle.rules.rows import over_16_since, rows_over_16
from sendcycle.start import initial_state
from sendcycle.state.children import Case, SenStatus, Setting
from sendcycle.state.records import LINES_INSIDE

SCALE = 0.01


def authority_of_rows(m: SendModel) -> Any:
    ends = np.append(m.world.rows[1:, 0], m.world.rows[-1, -1])
    return np.searchsorted(ends, np.arange(len(m.world.children.key)), side="right")


def drawn_parameters(seed: int) -> Parameters:
    """Return parameters drawn from their priors."""
    shares = np.random.default_rng(seed).uniform(size=len(declared()))
    priors = {name: p.prior for name, p in declared().items() if p.kind == "real" and p.prior.dist != "none"}
    return Parameters(
        **{name: prior.quantile(share) for (name, prior), share in zip(priors.items(), shares, strict=False)}
    )


@pytest.mark.parametrize("drawn", [None, 1, 2, 3])
def test_plans_money_places_and_cases_are_conserved_every_month(drawn: int | None) -> None:
    m = SendModel(
        None if drawn is None else drawn_parameters(drawn), seed=3, scale=SCALE if drawn is None else 0.002, n_months=60
    )
    w = m.world
    authority = authority_of_rows(m)
    n = len(w.authorities)

    def count(which: Any) -> Any:
        return np.bincount(authority[which], minlength=n)

    plans_before = np.array(w.authorities["plans"])
    balance_before = np.array(w.authorities["balance_pence"])
    for t in m.months():
        c, las, seen = w.children, w.authorities, w.tallies
        of_age = (t - c.born >= FIRST_AGE_MONTHS) & (t - c.born < AGE_LIMIT_MONTHS)
        has_plan = c.sen_status == SenStatus.PLAN
        assert not np.any(has_plan & ~of_age), "a plan outside the ages 2 to 25"
        assert np.array_equal(count(has_plan), seen["plans_in_force"])
        assert np.array_equal(seen["plans_in_force"], plans_before + seen["new_plans"] - seen["plans_ceased"])
        assert np.array_equal(las["plans_in_setting"].sum(axis=1), seen["plans_in_force"])
        assert np.array_equal(count(c.setting == Setting.STATE_SPECIAL), las["special_pupils"])
        assert np.all(las["special_pupils"] <= las["special_places"] + 1e-9)
        assert np.array_equal(count(c.wants_special == 1), las["waiting_special"])
        assert np.array_equal(count(c.case == Case.APPEALING), w.docket.sum(axis=1))
        assert np.all(w.docket >= 0)
        unit_pupils = np.bincount(c.school[c.setting == Setting.UNIT], minlength=len(w.schools))
        assert np.array_equal(unit_pupils, w.schools["unit_pupils"])
        inside = las["spend_pence"][:, : len(LINES_INSIDE)].sum(axis=1)
        assert np.array_equal(
            las["balance_pence"], balance_before + las["settlement_pence"] + las["granted_pence"] - inside
        )
        assert np.all(las["spend_pence"] >= 0)
        for a in range(len(las)):
            here = np.arange(w.rows[a, 0], w.rows[a, -1])
            assert set(listed_plans(w, a)) == set(here[has_plan[here]])
            assert set(listed_cases(w, a)) == set(here[c.case[here] != Case.NONE])
            going_on = of_age[here] & (t - c.born[here] >= over_16_since(t)) & (c.setting[here] != Setting.LEFT)
            assert set(here[going_on]) <= set(rows_over_16(w, a))
        plans_before, balance_before = np.array(las["plans"]), np.array(las["balance_pence"])


def test_a_deficit_grant_moves_money_and_loses_none() -> None:
    grant = Scenario("grant", (Reform("grant", (Change("share_deficit_granted", 0.9, "2017-04", end="2017-05"),)),))
    poor = Parameters(balance_2014_gbp=0, other_gbp_2014=1_000_000_000)
    m = SendModel(poor, grant, seed=0, scale=SCALE, n_months=40)
    las = m.world.authorities
    granted = 0
    for t in m.months():
        granted += int(las["granted_pence"].sum())
        if t == 30:
            before = np.array(las["balance_pence"])
        if t == 31:
            owed = np.where(before < 0, np.round(-0.9 * before), 0).astype(np.int64)
            assert np.array_equal(las["granted_pence"], owed)
            assert owed.sum() > 0
    assert granted == int(owed.sum())


def test_results_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROWS_PER_PART", 3_000)
    one = simulate(scale=SCALE, seed=5, until="2016-12", threads=1)
    assert len(SendModel(scale=SCALE, seed=5, n_months=28, threads=3)._parts) == 3
    many = simulate(scale=SCALE, seed=5, until="2016-12", threads=3)
    assert one.tallies.tobytes() == many.tallies.tobytes()
    assert one.schools.equals(many.schools)
    assert len(one.breakdowns) > 100
    pd.testing.assert_frame_equal(one.breakdowns, many.breakdowns, check_exact=True)


def test_schools_add_up_to_the_nation() -> None:
    result = simulate(scale=SCALE, seed=5, until="2016-01")
    schools = result.schools
    assert schools["month"].unique().tolist() == ["2015-01", "2016-01"]
    last = schools[schools["month"] == "2016-01"]
    weighted = last["pupils_with_plan"] * last["weight"]
    assert weighted.sum() == pytest.approx(result.national_tallies["plans_mainstream"].iloc[-1], rel=1e-6)
    assert last["coverage"].between(0.0, 1.0).all()


def test_the_same_seed_repeats_and_another_differs() -> None:
    first, again, other = (simulate(scale=SCALE, seed=seed, until="2015-06") for seed in (1, 1, 2))
    assert first.tallies.tobytes() == again.tallies.tobytes()
    assert first.national["requests"].to_numpy().sum() != other.national["requests"].to_numpy().sum()


def test_an_extra_child_changes_no_other_child(monkeypatch: pytest.MonkeyPatch) -> None:
    def people() -> dict[int, tuple[Any, ...]]:
        c = SendModel(scale=0.004, seed=2, n_months=1).world.children
        lasting = (c.born, c.onset, c.need, c.disadvantaged, c.advocacy, c.base_need_gbp_k, c.cluster)
        return {int(key): tuple(column[i] for column in lasting) for i, key in enumerate(c.key)}

    before = people()
    counted = population._count_children

    def one_more(*args: Any) -> Any:
        counts = counted(*args)
        counts[1, 250] += 1
        return counts

    monkeypatch.setattr(population, "_count_children", one_more)
    after = people()
    assert len(after) == len(before) + 1
    assert all(after[key] == lasting for key, lasting in before.items())


REFORM_MONTHS = st.integers(min_value=1, max_value=20)


@settings(max_examples=6, deadline=None)
@given(month=REFORM_MONTHS, name=st.sampled_from(["rate_family_request", "severity_threshold", "outreach_extra"]))
def test_a_reform_changes_no_bit_before_its_date(month: int, name: str) -> None:
    start = f"{2014 + (month + 8) // 12}-{(month + 8) % 12 + 1:02d}"
    default = Parameters()[name]
    reform = Scenario("later", (Reform("later", (Change(name, default * 1.5, start),)),))
    without = simulate(scale=0.004, until="2016-12")
    with_it = simulate(Parameters(), reform, scale=0.004, until="2016-12")
    assert without.tallies[:month].tobytes() == with_it.tallies[:month].tobytes()
    assert without.tallies[month:].tobytes() != with_it.tallies[month:].tobytes()


# Raise the parameter and the observable, summed over the run, moves the way the table says, on the same noise.
MONOTONE = [
    ("rate_family_request", 1.4, "requests_by_family", +1),
    ("rate_school_request", 1.4, "requests_by_school", +1),
    ("severity_threshold", 1.3, "requests_refused_share", +1),
    ("rate_identification", 1.4, "pupils_sen_support", +1),
    ("rate_support_ends", 1.2, "pupils_sen_support", -1),
    ("factor_identification_secondary", 1.5, "sen_support_in_secondary_share", +1),
    ("share_support_ends_at_transfer", 1.5, "sen_support_in_secondary_share", -1),
    ("notional_sen_threshold_gbp", 1.4, "requests_by_school", -1),
    ("hours_assessment", 1.4, "psychologist_hours_early", -1),
    ("casework_adequacy", 0.75, "within_20_weeks", -1),
    ("process_weeks_extra", 4.0, "within_20_weeks", -1),
    ("prob_contest_refusal", 1.4, "appeals_refusal_to_assess", +1),
    ("rate_contest_contents", 1.5, "appeals_contents", +1),
    ("hearings_adequacy", 0.75, "appeal_wait", +1),
    ("prob_upheld", 0.77, "appeals_upheld_share", -1),
    ("severity_special", 1.3, "waiting_special", -1),
    ("special_places_extra", 20_000.0, "special_places", +1),
    ("rate_exclusion", 1.5, "exclusions", +1),
    ("rate_home_education", 1.5, "home_educations", +1),
    ("prob_leave_18", 1.4, "plans_ceased", +1),
    ("notional_sen_gbp_per_pupil", 1.2, "school_coverage", +1),
    ("inclusion_support", 1.3, "inclusive_capacity", +1),
    ("outreach_extra", 1.5, "unmet_need", -1),
    ("confidence_campaign", 0.1, "confidence", +1),
    ("settlement_extra_share", 0.1, "cumulative_balance", +1),
    ("cost_special_place_gbp", 1.3, "high_needs_spending", +1),
    ("rate_psychologist_leaves", 1.8, "psychologists", -1),
    ("rate_psychologist_retires", 1.2, "psychologists", -1),
    ("share_trained_to_authorities", 0.6, "psychologists", -1),
    ("elasticity_recognition", 0.5, "identified", -1),
    ("weight_neighbours", 0.2, "confidence", -1),
]


@pytest.fixture(scope="module")
def baseline() -> Any:
    return simulate(scale=SCALE, until="2019-12").national


@pytest.mark.parametrize(("name", "change", "observable", "sign"), MONOTONE)
def test_observables_respond_to_parameters_in_the_expected_direction(
    baseline: Any, name: str, change: float, observable: str, sign: int
) -> None:
    default = Parameters()[name]
    value = default * change if default > 0 and name != "process_weeks_extra" else change
    moved = simulate(Parameters(**{name: value}), scale=SCALE, until="2019-12").national
    difference = float(moved[observable].sum() - baseline[observable].sum())
    assert sign * difference > 0, f"{observable} moved by {difference}"


def test_recognition_growth_acts_only_after_the_last_measurement() -> None:
    level, grows = (
        simulate(Parameters(recognition_growth=growth), scale=SCALE, until="2025-12").national for growth in (0.0, 0.08)
    )
    assert level.loc[:"2023-12"].equals(grows.loc[:"2023-12"])
    assert grows.loc["2024-01":, "identified"].sum() > level.loc["2024-01":, "identified"].sum()


def test_relative_identification_narrows_sen_support_between_schools() -> None:
    spread = []
    for elasticity in (0.0, 2.0):
        parameters = Parameters(elasticity_identification_relative=elasticity)
        schools = simulate(parameters, scale=0.01, until="2020-01").schools
        last = schools[schools["month"] == schools["month"].max()]
        share = last["pupils_sen_support"] / last["pupils"]
        spread.append(share.std() / share.mean())
    assert spread[1] < 0.9 * spread[0], spread


def test_pooled_funding_replaces_topups_for_moderate_needs() -> None:
    one_by_one = simulate(scale=SCALE, until="2015-12").national
    throughput = simulate(Parameters(share_throughput_funding=1.0), scale=SCALE, until="2015-12").national
    mixed = simulate(
        Parameters(share_throughput_funding=0.3, share_cluster_funding=0.4), scale=SCALE, until="2015-12"
    ).national
    first = 0
    assert one_by_one["spend_school_and_cluster_funding"].iloc[first] == 0
    assert throughput["spend_school_and_cluster_funding"].iloc[first] > 0
    share = (
        mixed["spend_school_and_cluster_funding"].iloc[first]
        / throughput["spend_school_and_cluster_funding"].iloc[first]
    )
    assert share == pytest.approx(0.7, rel=1e-3)
    assert throughput["spend_mainstream_topups"].iloc[first] < mixed["spend_mainstream_topups"].iloc[first]
    assert mixed["spend_mainstream_topups"].iloc[first] < one_by_one["spend_mainstream_topups"].iloc[first]


def test_low_request_rates_reduce_requests_and_waiting() -> None:
    quiet = Parameters(rate_family_request=0.0003, rate_school_request=0.0003)
    usual = simulate(scale=SCALE, until="2016-12").national
    calm = simulate(quiet, scale=SCALE, until="2016-12").national
    assert calm["requests"].sum() < 0.25 * usual["requests"].sum()
    assert calm["waiting_psychologist"].iloc[-1] < usual["waiting_psychologist"].iloc[-1]


def test_agents_read_the_columns() -> None:
    m = SendModel(seed=0, scale=0.004, n_months=6)
    for _ in m.months():
        pass
    assert len(m.authorities) == len(m.world.authorities)
    child = m.child(100)
    assert child.age_years == (m.t - m.world.children.born[100]) / 12
    m.world.children.confidence[100] = 0.25
    assert child.confidence == 0.25
    assert m.schools[0].local_authority in m.authorities
    assert m.tribunal.hearings_capacity > 0
    with pytest.raises(IndexError):
        m.child(10**9)
    with pytest.raises(AttributeError):
        _ = m.tribunal.nonsense


def test_finished_runs_free_their_memory() -> None:
    def worlds() -> int:
        gc.collect()
        return sum(type(thing) is SendModel and "world" in vars(thing) for thing in gc.get_objects())

    before = worlds()
    alive = [weakref.ref(simulate(scale=0.004, until="2014-10")) for _ in range(3)]
    assert worlds() == before
    assert all(result() is None for result in alive)
    kept = SendModel(seed=0, scale=0.004, n_months=1)
    assert worlds() == before + 1, "the count would notice"
    kept.close()


def test_initial_unmet_need_settles_with_school_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[float] = []
    settle = initial_state.initialise_unmet_need

    def noted(world: Any, p: Any, part: Any, t: int) -> None:
        met.append(float(np.average(world.schools["coverage"], weights=world.schools["pupils"])))
        settle(world, p, part, t)
        c = world.children
        without_plan = (c.setting == Setting.POST_16) & (c.sen_status != SenStatus.PLAN)
        assert without_plan.any()
        assert not c.unmet[without_plan].any(), "nothing is followed in further education without a plan"

    monkeypatch.setattr(initial_state, "initialise_unmet_need", noted)
    m = SendModel(seed=0, scale=SCALE, n_months=1, threads=1)
    assert len(met) == 3
    assert all(0.3 < coverage < 0.95 for coverage in met)
    now = float(np.average(m.world.schools["coverage"], weights=m.world.schools["pupils"]))
    assert abs(met[-1] - now) < 0.1


def test_no_loop_acts_before_the_run() -> None:
    m = SendModel(seed=0, scale=SCALE, n_months=1)
    las = m.world.authorities
    assert np.array_equal(las["support_budget_gbp"], las["support_budget_start_gbp"])
    assert not las["gatekeeping"].any()
    assert m.steps == 0
    assert m.t == 0


def test_without_places_prices_rise_by_no_more_than_the_limit() -> None:
    scarce = Parameters(response_independent_price=0.05, response_independent_places=0.01)
    model = SendModel(scarce, seed=0, scale=0.005, n_months=60)
    nation = model.world.nation
    model.step()
    nation["independent_places"] = nation["independent_pupils"] / 50.0
    before = float(nation["independent_price_gbp"][0])
    for _ in range(24):
        nation["independent_places"] = nation["independent_pupils"] / 50.0
        model.step()
    after = float(nation["independent_price_gbp"][0])
    model.close()
    assert 1.02**22 < after / before <= 1.02**24 * 1.05  # the limit, and two Aprils of inflation
