"""Single rules against what they should do: draws, queues, stock equations at half the step, compiled or not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sendcycle import Parameters, SendModel
from sendcycle.engine.randomness import Decision, draw, draw_normal, key_of, scramble
from sendcycle.rules.appeals import months_served
from sendcycle.rules.confidence import areas_learn_from_contests
from sendcycle.rules.school_capacity import schools_build_skill
from sendcycle.rules.support import smooth_share
from sendcycle.rules.workload import wait_of_oldest
from sendcycle.start.population import authority_rows
from sendcycle.start.population import sample as draw_sample
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import (
    ARRIVALS_KEPT,
    DOCKET_MONTHS,
    AuthorityRecord,
    DriverRecord,
    NationRecord,
    Record,
    SchoolRecord,
)
from sendcycle.state.tally_record import TallyRecord
from sendcycle.units import WEEKS_PER_MONTH

# Statistical tests fail by chance once in a million runs each; all draws are keyed, so a pass stays a pass.
ERROR_RATE = 1e-6


def some_keys(n: int) -> Any:
    return np.array([scramble(np.uint64(i + 1)) for i in range(n)], dtype=np.uint64)


def test_draws_are_uniform_and_independent() -> None:
    keys = some_keys(20_000)

    def draws(decision: Decision, month: int, seed: int = 0) -> Any:
        key = key_of(seed, decision, month)
        return np.array([draw(k, key) for k in keys])

    first = draws(Decision.REQUEST, 10)
    assert stats.kstest(first, "uniform").pvalue > ERROR_RATE
    bound = stats.norm.isf(ERROR_RATE / 2) / np.sqrt(len(keys))
    for other in (draws(Decision.REQUEST, 11), draws(Decision.CONCEDE, 10), draws(Decision.REQUEST, 10, seed=1)):
        assert abs(np.corrcoef(first, other)[0, 1]) < bound
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < bound
    normal = np.array([draw_normal(k, key_of(0, Decision.SEVERITY, 0)) for k in keys])
    assert stats.kstest(normal, "norm").pvalue > ERROR_RATE


def test_clusters_and_children_have_unique_keys() -> None:
    w = (
        SendModel(seed=0, scale=1.0, n_months=1).world
        if os.environ.get("SENDCYCLE_FULL")
        else SendModel(seed=0, scale=0.1, n_months=1).world
    )
    assert len(np.unique(w.schools["key"])) == len(w.schools)
    assert len(np.unique(w.children.key)) == len(w.children.key)


@pytest.mark.parametrize("scale", [0.005, 0.05, 1.0])
def test_a_weighted_sample_adds_up_to_england(scale: float) -> None:
    drawn = draw_sample(scale, seed=4)
    every = authority_rows()
    simulated = drawn.clusters / drawn.clusters_all
    people = (drawn.weights * simulated * drawn.rows["population_2_to_18"]).sum()
    assert people == pytest.approx(every["population_2_to_18"].sum(), rel=1e-6)
    if scale >= 0.05:
        plans = (drawn.weights * simulated * drawn.rows["plans_2015"]).sum()
        assert plans == pytest.approx(every["plans_2015"].sum(), rel=1e-6)
    if scale == 1.0:
        assert len(drawn.rows) == 153
        assert np.all(simulated == 1.0)
    assert drawn.clusters.sum() == max(1, round(scale * every["clusters"].sum()))


def test_the_docket_serves_the_oldest_first() -> None:
    docket = np.zeros(DOCKET_MONTHS)
    docket[[5, 6, 7]] = 10.0, 20.0, 30.0
    assert months_served(docket, 7, 0.0) == (5, 0.0)
    assert months_served(docket, 7, 5.0) == (5, 0.5)
    assert months_served(docket, 7, 20.0) == (6, 0.5)
    assert months_served(docket, 7, 60.0) == (8, 0.0)
    assert months_served(docket, 6, 60.0) == (7, 0.0)


def test_the_wait_is_first_in_first_out_and_never_outruns_the_clock() -> None:
    arrived = np.zeros(ARRIVALS_KEPT)
    rng = np.random.default_rng(0)
    backlog, before = 0.0, 0.0
    for t in range(60):
        arrived[t % ARRIVALS_KEPT] = rng.uniform(0.0, 10.0)
        backlog = max(backlog + arrived[t % ARRIVALS_KEPT] - 4.0, 0.0)
        wait = wait_of_oldest(arrived, backlog, t)
        assert wait <= before + 1.0 + 1e-12
        whole = int(wait)
        newer = sum(arrived[(t - k) % ARRIVALS_KEPT] for k in range(whole))
        assert newer <= backlog + 1e-9 <= newer + arrived[(t - whole) % ARRIVALS_KEPT] + 2e-9
        before = wait
    assert wait_of_oldest(arrived, 0.0, 60) == 0.0


def test_psychologists_are_conserved_but_for_training_and_retirement() -> None:
    p = Parameters(rate_psychologist_leaves=0.01, share_trained_to_authorities=0.6)
    m = SendModel(p, scale=0.02, seed=1, n_months=24)
    las, nation = m.world.authorities, m.world.nation
    share = las["psychologists_start"] / nation["psychologists_start"][0]
    moved = 0.0
    before, trained = (
        (las["psychologists"] + las["psychologists_private"]).copy(),
        float(nation["psychologists_trained"][0]),
    )
    for _ in m.months():
        now = las["psychologists"] + las["psychologists_private"]
        grown = (before + trained * share) * (1.0 - p["rate_psychologist_retires"])
        np.testing.assert_allclose(now, grown, rtol=1e-12)
        moved = float(las["psychologists_private"].sum())
        before, trained = now.copy(), float(nation["psychologists_trained"][0])
    assert moved > 0.1 * las["psychologists"].sum()


def test_authorities_buy_advice_to_clear_the_backlog() -> None:
    scarce = {"share_statutory_limit": 0.4, "psychologists_2014": 2200, "rate_psychologist_leaves": 0.01}
    for_sale = Parameters(**scarce, share_private_for_advice=1.0, gain_b5_queue_deterrence=0.0)

    def run(p: Parameters) -> tuple[float, float, float]:
        """Return hours bought, the mean wait at the end, and what casework has cost."""
        m = SendModel(p, scale=0.02, seed=1, n_months=60)
        las = m.world.authorities
        private, bought, cost = las["psychologists_private"].copy(), 0.0, 0.0
        for _ in m.months():
            hours = p["share_private_for_advice"] * private * p["hours_psychologist"] / 12.0
            assert np.all(las["bought_hours"] <= hours * (1.0 + 1e-12))
            left_over = las["bought_hours"] < hours * (1.0 - 1e-9)
            assert np.all(las["assessments_backlog"][left_over] < 1e-9), "a backlog was left while hours were for sale"
            private = las["psychologists_private"].copy()
            bought += float(las["bought_hours"].sum())
            cost += float(m.world.tallies["spend_assessment_and_casework_gbp"].sum())
        return bought, float(las["wait_psychologist"].mean()), cost

    bought, wait, cost = run(for_sale)
    dear, same_wait, higher = run(for_sale.replace(factor_price_bought_advice=2.5))
    nothing, longer, _ = run(for_sale.replace(share_private_for_advice=0.0))
    assert bought > 0.0
    assert nothing == 0.0
    assert wait < longer
    assert (dear, same_wait) == (bought, wait)
    assert higher > cost


def test_support_is_shared_smoothly() -> None:
    assert smooth_share(0.0, 5.0) == 0.0
    assert smooth_share(1e9, 5.0) == pytest.approx(1.0)
    ratios = np.linspace(0.01, 3, 200)
    shares = np.array([smooth_share(r, 1.0) for r in ratios])
    assert np.all(np.diff(shares) > 0)
    assert np.all(shares <= np.minimum(1.0, ratios))


def test_with_ample_staff_plans_are_as_timely_as_published() -> None:
    ample = Parameters(
        casework_adequacy=1.5, dur_casework_lag_months=3, share_statutory_limit=0.9, psychologists_2014=4200
    )
    m = SendModel(ample, scale=0.1, seed=1, n_months=12)
    on_time, expected = 0.0, 0.0
    spread, las = ample["spread_process"], m.world.authorities
    share = stats.norm.cdf(np.log(20.0 / las["process_weeks"]) / spread)
    n = 0.0
    for t in m.months():
        if t < 6:
            continue
        on_time += m.world.tallies["new_plans_within_20_weeks"].sum()
        expected += (share * m.world.tallies["new_plans"]).sum()
        n += m.world.tallies["new_plans"].sum()
    slack = stats.norm.isf(ERROR_RATE / 2) * 0.5 * np.sqrt(n)
    assert n > 500
    # a little lateness comes from months being whole; it can only make the share smaller
    assert -0.12 * n - slack < on_time - expected < slack


def test_hurried_plans_take_fewer_weeks_and_slow_ones_more() -> None:
    assert pytest.approx(4.348, abs=1e-3) == WEEKS_PER_MONTH

    def mean_weeks(extra: float) -> float:
        m = SendModel(Parameters(process_weeks_extra=extra), seed=0, scale=0.01, n_months=18)
        weeks, issued = 0.0, 0.0
        for _ in m.months():
            weeks += m.world.tallies["weeks_to_plan"].sum()
            issued += m.world.tallies["new_plans"].sum()
        return float(weeks / issued)

    assert mean_weeks(-4.0) < mean_weeks(0.0) - 2.0
    assert mean_weeks(6.0) > mean_weeks(0.0) + 2.0


def skill_after(step: float, months: int = 24) -> float:
    """Return mean skill after some months with all rates scaled to a step, so that halving the step is possible."""
    p = Parameters()
    m = SendModel(p.replace(rate_skill_build=p["rate_skill_build"] * step, rate_skill_lost=p["rate_skill_lost"] * step),
                  seed=0, scale=0.02, n_months=2, threads=1)  # fmt: skip
    m.world.schools["skill"] = m.world.schools["skill_start"] * 0.6
    for _ in range(int(months / step)):
        schools_build_skill(m.world, m.p, m.d, m._parts[0], m.t)
    return float(m.world.schools["skill"].mean())


def test_halving_the_step_of_the_skill_equation_halves_its_error() -> None:
    whole, half, quarter = (skill_after(step) for step in (1.0, 0.5, 0.25))
    assert abs(whole - half) < 0.01 * whole
    assert (whole - half) / (half - quarter) == pytest.approx(2.0, rel=0.15)


RATE_BELIEF = 0.06  # a month, well inside the declared range at a quarter of the step


def belief_after(step: float, months: int = 24) -> float:
    p = Parameters()
    m = SendModel(p.replace(rate_belief=RATE_BELIEF * step), seed=0, scale=0.02, n_months=2, threads=1)
    m.world.authorities["contest_belief"] = 0.0
    m.world.authorities["wins_smoothed"] = 0.5
    for _ in range(int(months / step)):
        m.world.tallies["contests_won"] = (
            0.5 * (m.world.authorities["sen_support"] + m.world.authorities["plans"]) / 1000.0
        )
        areas_learn_from_contests(m.world, m.p, m.d, m._parts[0], m.t)
    return float(m.world.authorities["contest_belief"].mean())


def test_halving_the_step_of_the_belief_equation_halves_its_error() -> None:
    whole, half, quarter = (belief_after(step) for step in (1.0, 0.5, 0.25))
    target = 0.5 / (0.5 + Parameters()["wins_half_belief"])
    exact = target * (1.0 - np.exp(-RATE_BELIEF * 24))
    assert whole == pytest.approx(exact, rel=0.03)
    assert (whole - exact) / (half - exact) == pytest.approx(2.0, rel=0.1)
    assert abs(quarter - exact) < abs(half - exact) < abs(whole - exact)


RUN = """
import sys, warnings
warnings.filterwarnings("ignore", category=RuntimeWarning)
from sendcycle import SendModel
m = SendModel(scale=float(sys.argv[1]), seed=7, n_months=int(sys.argv[2]), threads=1)
for _ in m.months():
    pass
import hashlib, json
digest = hashlib.sha256(m.world.tallies.tobytes())
for column in m.world.children:
    digest.update(column.tobytes())
lasting = hashlib.sha256(m.world.children.key.tobytes() + m.world.children.base_need_gbp_k.tobytes()).hexdigest()
sums = {name: float(m.world.tallies[name].sum()) for name in m.world.tallies.dtype.names}
print(json.dumps({"all": digest.hexdigest(), "lasting": lasting, "sums": sums}))
"""


def run(tmp_path: Path, *arguments: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        env=os.environ | environment,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_no_index_leaves_its_array(tmp_path: Path) -> None:
    """Compiled code does not check indices: here it does, in a folder of its own."""
    checked = run(tmp_path, "0.003", "40", NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path))
    assert checked == run(tmp_path, "0.003", "40")


@pytest.mark.slow
def test_rules_run_uncompiled_to_the_same_result(tmp_path: Path) -> None:
    """A debugger can enter the rules. Single precision rounds differently there: sums agree closely, not to the bit."""
    plain = run(tmp_path, "0.0005", "2", NUMBA_DISABLE_JIT="1")
    compiled = run(tmp_path, "0.0005", "2")
    assert plain["lasting"] == compiled["lasting"]
    for name in (
        "plans_in_force",
        "need_gbp_k",
        "need_met_gbp_k",
        "confidence_sum",
        "spend_inside_gbp",
        "sen_children",
    ):
        assert plain["sums"][name] == pytest.approx(compiled["sums"][name], rel=0.01), name


@pytest.mark.parametrize(
    "record", [SchoolRecord, AuthorityRecord, NationRecord, DriverRecord, ParameterRecord, TallyRecord]
)
def test_no_field_of_a_record_is_hidden_by_an_attribute_of_numpy(record: type[Record]) -> None:
    """Uncompiled rules read `record.size` as NumPy's own, which is 1, where compiled ones read the field."""
    assert [name for name in record.dtype().names if hasattr(np.record, name)] == []
