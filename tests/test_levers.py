"""Levers of reforms: each moves what it should, takes what it needs from somewhere, and leaves the rest alone.

A run with a lever is compared with one without it on the same draws: until the lever acts they are identical.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import numpy as np
import pytest

from sendcycle import Change, Parameters, Reform, Scenario, SendModel
from sendcycle.calendar import month_index
from sendcycle.inputs.parameters import declared
from sendcycle.inputs.reforms import NO_CHANGE
from sendcycle.outputs import observables
from sendcycle.rules.appeals import family_wins, prob_upheld_now
from sendcycle.rules.money import N_INSIDE, NOTIONAL, POOLED, PROGRAMMES, SERVICES, TOPUPS
from sendcycle.rules.national_capacity import HIGHEST_CLOSING, NO_CAP
from sendcycle.rules.places import UNIT_SIZE, authorities_build_places
from sendcycle.rules.support import schools_allocate_support
from sendcycle.rules.workforce import HIGHEST_HIRING
from sendcycle.state.children import Appeal, Case, SenStatus, Setting
from sendcycle.state.records import LINES
from sendcycle.units import MONTHS_PER_YEAR

SCALE, SEED = 0.002, 4
START = "2016-03"


def changed(start: str = START, end: str | None = None, **values: float) -> Scenario:
    return Scenario(
        "lever", (Reform("lever", tuple(Change(name, value, start, end) for name, value in values.items())),)
    )


@contextmanager
def pair(
    scenario: Scenario, p: Parameters | None = None, *, before: str = START, scale: float = SCALE
) -> Iterator[tuple[SendModel, SendModel]]:
    """Yield a model with the lever and one without, both about to run a month."""
    with ExitStack() as stack:
        models = [
            stack.enter_context(closing(SendModel(p, each, scale=scale, seed=SEED, n_months=120, threads=1)))
            for each in (scenario, NO_CHANGE)
        ]
        for model in models:
            while model.t < month_index(before):
                model.step()
        yield models[0], models[1]


def stepped(*models: SendModel) -> Iterator[int]:
    """Step the models side by side; yield each month after it has run."""
    while True:
        for model in models:
            model.step()
        yield models[0].t - 1


def las(model: SendModel, name: str) -> Any:
    """Return a field of the authorities, a copy."""
    return np.array(model.world.authorities[name])


def nation(model: SendModel, name: str) -> float:
    return float(model.world.nation[name][0])


def england(model: SendModel, name: str) -> float:
    return float((las(model, "weight") * las(model, name)).sum())


def tallied(model: SendModel, name: str) -> float:
    return float((las(model, "weight") * np.array(model.world.tallies[name])).sum())


def spent(model: SendModel, line: int) -> Any:
    return las(model, "spend_pence")[:, line]


# ---------------------------------------------------------------------- neutral by default

NEUTRAL = {
    "contest_names_placement": 1.0,
    "cap_independent_gbp": NO_CAP,
    "factor_pool": 1.0,
    "reassessed_born_from_year": 1997,
}


LEVER_TALLIES = (
    "reassessments", "plans_ceased_reassessed", "isp_pupils", "isp_assured_gbp_k", "isp_writing_gbp_k",
    "specialists_extra", "specialist_psychologists", "specialist_hours", "surplus_spent_gbp", "spend_programmes_gbp",
    "spend_school_and_cluster_funding_gbp",
)  # fmt: skip


def test_levers_are_neutral_by_default() -> None:
    levers = [p for p in declared().values() if p.group == "reforms" and p.prior.dist == "none"]
    assert len(levers) > 10
    assert {p.name: p.default for p in levers} == {p.name: NEUTRAL.get(p.name, 0.0) for p in levers}


def test_without_a_reform_the_tallies_of_levers_are_zero() -> None:
    with closing(SendModel(scale=SCALE, seed=SEED, n_months=30)) as m:
        for _ in m.months():
            for name in LEVER_TALLIES:
                assert not m.world.tallies[name].any(), name
            assert not las(m, "units_granted").any()
            assert np.array_equal(m.world.schools["coverage"], m.world.schools["coverage_of_rest"])
            p = m.inputs.parameters[-1]
            assert prob_upheld_now(m.world.nation[0], p) == p.prob_upheld


# ---------------------------------------------------------------------- individual support plans


def test_individual_support_plans_shift_support_and_create_none() -> None:
    with pair(changed(share_isp_protected=0.3), Parameters(cost_isp_writing_gbp=100)) as (lever, usual):
        schools, before = lever.world.schools, usual.world.schools
        load = schools["carried_load_gbp_k"] * schools["pupils"]
        on_support = np.array(schools["support_load_gbp_k"])
        pupils = np.array(schools["support_pupils"])
        next(stepped(lever, usual))
        claimed = schools["assured"] * on_support
        given = claimed + schools["coverage_of_rest"] * (load - claimed)
        assert np.all(given <= schools["capacity_gbp_k"] * (1.0 + 1e-12))
        assert np.all(claimed <= 0.9 * schools["capacity_gbp_k"] * (1.0 + 1e-12))
        np.testing.assert_allclose(schools["capacity_gbp_k"], before["capacity_gbp_k"] - 0.1 * pupils, rtol=1e-12)
        assert np.all(schools["assured"] <= 0.3)
        tight = before["capacity_gbp_k"] < load  # a school with plenty has enough left for all
        assert tight.sum() > 10
        assert np.all(schools["coverage_of_rest"][tight] < before["coverage"][tight])
        c, other = lever.world.children, usual.world.children
        here = c.setting == Setting.MAINSTREAM
        on_support_here = here & (c.sen_status == SenStatus.SEN_SUPPORT)
        gains = on_support_here & tight[c.school]
        assert c.met[gains].mean() > other.met[gains].mean()
        for label in (SenStatus.NONE, SenStatus.PLAN):
            loses = (
                here & (c.sen_status == label) & (c.school >= 0) & tight[c.school] & (c.born + c.onset <= lever.t - 1)
            )
            assert loses.any()
            assert np.all(c.met[loses] < other.met[loses])
        early = (c.setting == Setting.EARLY_YEARS) & (c.sen_status == SenStatus.SEN_SUPPORT)
        assert early.any()
        assert np.array_equal(c.met[early], other.met[early])
        assert np.array_equal(las(lever, "outreach"), las(usual, "outreach"))
        assert tallied(lever, "isp_pupils") > 0.0


def test_writing_costs_capacity_and_less_for_plans_that_assure_little() -> None:
    for share, cost, taken in ((0.3, 300, 0.3), (0.3, 1000, 1.0), (0.05, 300, 0.3), (0.01, 300, 0.06)):
        with pair(changed(share_isp_protected=share), Parameters(cost_isp_writing_gbp=cost)) as (lever, usual):
            pupils = np.array(usual.world.schools["support_pupils"])
            next(stepped(lever, usual))
            found, usual_capacity = (m.world.schools["capacity_gbp_k"] for m in (lever, usual))
            np.testing.assert_allclose(found, np.maximum(usual_capacity - taken * pupils, 0.0), atol=1e-9)


def test_schools_short_of_capacity_assure_less() -> None:
    with pair(changed(share_isp_protected=0.6), Parameters(cost_isp_writing_gbp=1000)) as (lever, _):
        lever.world.schools["skill"] *= 0.3
        lever._each(schools_allocate_support)
        schools = lever.world.schools
        assert np.all(schools["capacity_gbp_k"] >= 0.0)
        poor = schools["assured"] < 0.6 - 1e-12
        assert poor.any()
        load = schools["carried_load_gbp_k"] * schools["pupils"]
        claimed = schools["assured"] * load * schools["support_load_gbp_k"] / np.maximum(schools["demand_gbp_k"], 1e-9)
        given = claimed + schools["coverage_of_rest"] * (load - claimed)
        assert np.all(given <= schools["capacity_gbp_k"] * (1.0 + 1e-12) + 1e-12)


# ---------------------------------------------------------------------- reassessment

SEPTEMBER = "2016-09"
REASSESSED = {"reassessed_at_transfer": 1.0, "reassessed_at_16": 1.0}


def test_reassessment_ends_plans_only_at_transfers_and_spares_special_places() -> None:
    p = Parameters(prob_contest_refusal=0.4)
    with pair(changed("2016-05", **REASSESSED), p, before="2016-08", scale=0.01) as (lever, usual):
        assert tallied(lever, "reassessments") == 0.0
        assert next(stepped(lever, usual)) == month_index("2016-08")
        assert np.array_equal(lever.world.children.sen_status, usual.world.children.sen_status)
        c = lever.world.children
        before = c.setting.copy(), c.sen_status.copy()
        month = next(stepped(lever, usual))
        assert month == month_index(SEPTEMBER)
        lost = (
            (before[1] == SenStatus.PLAN)
            & (c.sen_status == SenStatus.SEN_SUPPORT)
            & (usual.world.children.sen_status == SenStatus.PLAN)
        )
        assert lost.sum() == lever.world.tallies["plans_ceased_reassessed"].sum() > 10
        age = (month - 1 - c.born) // MONTHS_PER_YEAR
        assert set(age[lost]) == {11, 16}
        assert not np.isin(before[0][lost], (Setting.STATE_SPECIAL, Setting.INDEPENDENT_SPECIAL)).any()
        assert set(c.setting[lost & (age == 11)]) <= {Setting.MAINSTREAM, Setting.ALTERNATIVE, Setting.HOME}
        assert set(c.setting[lost & (age == 16)]) == {Setting.POST_16}
        contested = lost & np.isin(c.case, (Case.MEDIATING, Case.APPEALING))
        assert contested.any()
        assert np.all(c.appeal[contested] == Appeal.REFUSAL_TO_ISSUE)
        assert contested.sum() < lost.sum()
        kept = lever.world.tallies["reassessments"].sum() - lost.sum()
        assert kept > lost.sum() > 0.1 * kept
        mild = (before[1] == SenStatus.PLAN) & ~lost & (age == 11) & (c.sen_status == SenStatus.PLAN)
        assert c.base_need_gbp_k[lost].mean() < c.base_need_gbp_k[mild].mean()
        next(stepped(lever))
        assert lever.world.tallies["reassessments"].sum() == 0.0


def test_birth_year_limits_reassessment_at_transfer_and_not_at_16() -> None:
    at_11 = REASSESSED | {"reassessed_at_16": 0.0}
    late = changed("2016-05", reassessed_born_from_year=2006, **at_11)
    with pair(late, before=SEPTEMBER) as (lever, _):
        for _, _ in zip(range(13), stepped(lever), strict=False):
            assert lever.world.tallies["reassessments"].sum() == 0.0  # who moves in 2017 was born before September 2006
    with pair(changed("2016-05", reassessed_born_from_year=2005, **at_11), before="2017-09") as (lever, _):
        next(stepped(lever))
        at_transfer = lever.world.tallies["reassessments"].sum()
        assert at_transfer > 0.0  # of 2005, 11 in August 2017
    both = changed("2016-05", reassessed_born_from_year=2035, **REASSESSED)
    with pair(both, before="2017-09") as (lever, _):
        next(stepped(lever))
        assert lever.world.tallies["reassessments"].sum() > 0.0  # of those who go on at 16, whenever they were born


@pytest.mark.parametrize("advice", [0.0, 1.0])
def test_reassessment_takes_hours_from_other_work(advice: float) -> None:
    # everybody who is reassessed keeps the plan, so that nothing but the work differs
    p = Parameters(
        share_reassessment_advice=advice,
        severity_threshold=1.5,
        casework_adequacy=0.8,
        spread_decision=declared()["spread_decision"].low,
    )
    with pair(changed("2016-05", **REASSESSED), p, before=SEPTEMBER) as (lever, usual):
        months = stepped(lever, usual)
        next(months)
        n = tallied(lever, "reassessments")
        kept = n - tallied(lever, "plans_ceased_reassessed")
        assert kept > 0.8 * n > 0.0
        next(months)
        assert england(lever, "reassessments_arriving") == pytest.approx(n / 6.0 * 5.0 / 6.0)
        own = england(lever, "statutory_hours") - england(usual, "statutory_hours")
        early = england(lever, "early_hours") - england(usual, "early_hours")
        if advice > 0.0:
            assert own > 0.0
            assert early == pytest.approx(-own)
            longer = las(lever, "wait_psychologist") - las(usual, "wait_psychologist")
            taken = own + p["hours_assessment"] * (
                england(lever, "assessments_backlog") - england(usual, "assessments_backlog")
            )
            taken += england(lever, "bought_hours") - england(usual, "bought_hours")
            assert taken == pytest.approx(advice * p["hours_assessment"] * n / 6.0, rel=0.05)
            assert np.all(longer >= 0.0)
        else:
            assert own <= 0.0
        waiting = [
            p["hours_decision"] * england(m, "requests_backlog") + p["hours_draft"] * england(m, "drafts_backlog")
            for m in (lever, usual)
        ]
        assert waiting[0] - waiting[1] > 0.3 * p["hours_decision"] * n / 6.0  # the rest is met by hours to spare
        arrived = england(lever, "reassessments_arriving") + n / 6.0
        for _, _ in zip(range(10), months, strict=False):
            arrived += england(lever, "reassessments_arriving")
        assert arrived == pytest.approx(n * (1.0 - (5.0 / 6.0) ** 12))  # all of it is worked off
        assert england(lever, "caseworkers") > england(usual, "caseworkers")
        assert england(lever, "requests_arriving") == pytest.approx(england(usual, "requests_arriving"), rel=0.1)


# ---------------------------------------------------------------------- the tribunal


def test_families_contest_less_if_the_tribunal_cannot_name_a_placement() -> None:
    p = Parameters(factor_contest_placement=12.0, rate_contest_contents=0.005)
    with pair(changed(contest_names_placement=0), p, scale=0.01) as (lever, usual):
        c, other = lever.world.children, usual.world.children
        wanted, free = np.array(c.wants_special == 1), np.array(c.case == Case.NONE)
        next(stepped(lever, usual))
        mine, its = (free & (x.appeal == Appeal.CONTENTS) for x in (c, other))
        assert its[wanted].sum() > 3 * mine[wanted].sum()
        assert np.all(its | ~mine)
        assert np.array_equal(mine[~wanted], its[~wanted])


@pytest.mark.parametrize("names", [0, 1])
def test_a_won_appeal_gives_provision_and_a_place_only_if_named(names: int) -> None:
    with closing(SendModel(Parameters(contest_names_placement=names), scale=SCALE, seed=SEED, n_months=6)) as m:
        for _ in m.months():
            pass
        w, c = m.world, m.world.children
        p = m.inputs.parameters[-1]
        waits = np.flatnonzero((c.wants_special == 1) & (c.setting == Setting.MAINSTREAM) & (c.case == Case.NONE))
        i = int(waits[0])
        a = int(np.searchsorted(np.append(w.rows[1:, 0], w.rows[-1, -1]), i, side="right"))
        c.appeal[i] = Appeal.CONTENTS
        provision, waiting = float(c.provision_gbp[i]), float(w.authorities["waiting_special"][a])
        family_wins(w, p, a, i, m.t)
        assert c.provision_gbp[i] == pytest.approx(provision * (1.0 + p.gain_provision_appeal), rel=1e-6)
        placed = c.setting[i] in (Setting.STATE_SPECIAL, Setting.INDEPENDENT_SPECIAL)
        assert placed == (names == 1)
        assert w.authorities["waiting_special"][a] == waiting - names
        assert c.wants_special[i] == 1 - names


def test_the_tribunal_partly_follows_a_higher_threshold() -> None:
    low = Parameters(severity_threshold=2.0, response_upheld_to_threshold=0.5)
    with closing(SendModel(low, scale=0.0005, seed=SEED, n_months=1)) as m:
        nation_record, p = m.world.nation[0], m.inputs.parameters[-1:].copy()
        usual = float(p["prob_upheld"][0])
        for threshold, response, factor in (
            (2.0, 0.5, 1.0),
            (8.0, 0.5, 0.5),
            (8.0, 1.0, 0.25),
            (8.0, 0.0, 1.0),
            (1.5, 0.5, 1.0),
        ):
            p["severity_threshold"], p["response_upheld_to_threshold"] = threshold, response
            assert prob_upheld_now(nation_record, p[0]) == pytest.approx(usual * factor)


def test_a_higher_threshold_lowers_the_share_of_appeals_upheld() -> None:
    upheld = []
    for response in (0.0, 1.0):
        p = Parameters(
            response_upheld_to_threshold=response,
            prob_settle=declared()["prob_settle"].low,
            wins_half_belief=declared()["wins_half_belief"].high,  # belief lifts the share whatever the law says
        )
        scenario = changed("2014-10", severity_threshold=8.0)
        with closing(SendModel(p, scenario, scale=0.01, seed=SEED, n_months=18)) as m:
            upheld.append(
                sum(np.array([tallied(m, "appeals_upheld"), tallied(m, "appeals_decided")]) for _ in m.months())
            )
    assert upheld[1][0] / upheld[1][1] < 0.7 * upheld[0][0] / upheld[0][1]


# ---------------------------------------------------------------------- price bands


def test_a_price_cap_limits_prices_and_closes_places() -> None:
    with pair(changed(cap_independent_gbp=30_000.0)) as (lever, usual):
        for month in stepped(lever, usual):
            paid, market = nation(lever, "independent_price_gbp"), nation(lever, "independent_market_gbp")
            index = float(lever.inputs.drivers[month + 12].price_index)
            assert paid == pytest.approx(30_000.0 * index, rel=1e-12)
            assert market > paid
            assert nation(lever, "independent_places") < nation(usual, "independent_places")
            if month == month_index(START):
                unpaid = nation(usual, "independent_price_gbp") / paid - 1.0
                closed = nation(lever, "independent_places") / nation(usual, "independent_places")
                assert closed == pytest.approx(1.0 - 0.01 * unpaid, rel=1e-9)
                assert market == nation(usual, "independent_market_gbp")
            if month == month_index("2017-06"):
                break
        assert nation(lever, "independent_places") < 0.97 * nation(usual, "independent_places")
        line = LINES.index("independent_special")
        assert spent(lever, line).sum() < spent(usual, line).sum()


def test_a_price_cap_closes_places_up_to_a_limit_or_not_at_all() -> None:
    for values, closed in (
        ({"cap_independent_gbp": 20_000.0, "response_places_to_cap": 0.05}, 1.0 - HIGHEST_CLOSING),
        ({"cap_independent_gbp": 20_000.0, "response_places_to_cap": 0.0}, 1.0),
        ({"cap_independent_gbp": 999_999.0}, 1.0),
    ):
        with pair(changed(**values)) as (lever, usual):
            next(stepped(lever, usual))
            assert nation(lever, "independent_places") / nation(usual, "independent_places") == pytest.approx(closed)


# ---------------------------------------------------------------------- specialists

POSTS = {"specialists_extra": 8000.0}
EDUCATIONAL = {
    "share_specialists_psychologists": 0.4,
    "dur_specialists_recruited_months": 12.0,
    "rate_psychologist_leaves": 0.005,
}


def test_psychologists_are_conserved_when_posts_fill_and_close() -> None:
    p = Parameters(**EDUCATIONAL)
    with pair(changed(end="2017-06", **POSTS), p) as (lever, usual):
        kinds = ("psychologists", "psychologists_private", "specialist_psychologists")
        before, trained = sum(las(lever, kind) for kind in kinds), nation(lever, "psychologists_trained")
        share = las(lever, "psychologists_start") / nation(lever, "psychologists_start")
        for month in stepped(lever, usual):
            total = sum(las(lever, kind) for kind in kinds)
            grown = (before + trained * share) * (1.0 - p["rate_psychologist_retires"])
            np.testing.assert_allclose(total, grown, rtol=1e-12)
            before, trained = total, nation(lever, "psychologists_trained")
            posts = 8000.0 * share
            assert np.all(las(lever, "specialist_psychologists") <= 0.4 * posts * (1.0 + 1e-12))
            if month == month_index("2017-05"):
                filled = england(lever, "specialists_other")
                assert filled == pytest.approx(0.6 * 8000.0 * (1.0 - (1.0 - 1.0 / 12.0) ** 15))
                assert las(lever, "psychologists").sum() < las(usual, "psychologists").sum()
                assert las(lever, "psychologists_private").sum() < las(usual, "psychologists_private").sum()
                own = las(lever, "psychologists").sum()
            if month == month_index("2017-06"):
                assert england(lever, "specialists_other") == england(lever, "specialist_psychologists") == 0.0
                assert las(lever, "psychologists").sum() > 1.2 * own
                break


def test_monthly_hiring_of_psychologists_is_limited() -> None:
    p = Parameters(**EDUCATIONAL | {"dur_specialists_recruited_months": 6.0})
    with pair(changed(specialists_extra=20_000.0), p) as (lever, usual):
        next(stepped(lever, usual))
        for kind in ("psychologists", "psychologists_private"):
            np.testing.assert_allclose(las(lever, kind), (1.0 - HIGHEST_HIRING) * las(usual, kind), rtol=1e-12)


def test_specialists_help_early_and_do_not_hide_the_shortage() -> None:
    with pair(changed(**POSTS)) as (lever, usual):
        for month in stepped(lever, usual):
            there = las(lever, "specialist_psychologists") + las(lever, "specialists_other")
            assert nation(lever, "shortage") >= nation(usual, "shortage")
            if month == month_index("2017-03"):
                break
        next(stepped(lever, usual))
        hours = there * lever.p["hours_psychologist"] / 12.0
        np.testing.assert_allclose(las(lever, "specialist_hours"), hours, rtol=1e-12)
        own = las(lever, "early_hours") + las(lever, "statutory_hours") - hours
        assert np.all(own < las(usual, "early_hours") + las(usual, "statutory_hours"))
        assert las(lever, "early_hours").sum() > las(usual, "early_hours").sum()
        assert las(lever, "outreach").sum() > las(usual, "outreach").sum()
        assert nation(lever, "shortage") > nation(usual, "shortage")
        after = las(lever, "specialist_psychologists") + las(lever, "specialists_other")
        d = lever.inputs.drivers[lever.t - 1 + 12]
        assert after.sum() > there.sum()
        np.testing.assert_allclose(spent(lever, PROGRAMMES), there * 45_000.0 * d.pay_index * 100.0 / 12.0, atol=1.0)


# ---------------------------------------------------------------------- units


def test_granted_units_open_and_displace_some_local_building() -> None:
    p = Parameters(rate_unit_building=declared()["rate_unit_building"].high)
    with pair(changed("2015-01", unit_places_extra=12_000.0), p, before="2015-01", scale=0.01) as (lever, usual):
        for month in stepped(lever, usual):
            if month == month_index("2017-10"):
                break
        share = las(lever, "settlement_share") * las(lever, "share_simulated")
        asked = 12_000.0 * 33 / 12.0 * share  # until September 2017
        still = las(lever, "units_granted") - 12_000.0 / 12.0 * share
        granted = asked - still
        assert np.all(np.abs(np.round(granted / UNIT_SIZE) - granted / UNIT_SIZE) < 1e-6)
        assert np.all(np.abs(still) <= 0.5 * UNIT_SIZE)
        weight = las(lever, "weight")
        more = england(lever, "unit_places") - england(usual, "unit_places")
        assert 0.0 < more < float((weight * granted).sum())  # local building falls by itself
        assert england(lever, "units_wanted") <= england(usual, "units_wanted")


@pytest.mark.parametrize(("granted", "opened"), [(0.0, 2), (UNIT_SIZE, 1)])
def test_a_granted_unit_replaces_one_that_would_have_been_built(granted: float, opened: int) -> None:
    with closing(SendModel(scale=SCALE, seed=SEED, n_months=24)) as m:
        while m.t < month_index("2015-09"):
            m.step()
        authorities = m.world.authorities
        authorities["unit_places"] = authorities["unit_pupils"] = 2.0 * UNIT_SIZE
        authorities["units_wanted"], authorities["units_granted"] = 2.0 * UNIT_SIZE, granted
        m._each(authorities_build_places)
        assert np.array_equal(authorities["unit_places_opened"], np.full(len(authorities), opened * UNIT_SIZE))


# ---------------------------------------------------------------------- pooled funding


@pytest.mark.parametrize("start", ["2016-03", "2016-04", "2016-09"])
@pytest.mark.parametrize(("throughput", "cluster"), [(0.4, 0.0), (0.0, 0.6), (0.9, 0.9)])
def test_pooled_funding_starts_equal_to_the_topups_it_displaces(start: str, throughput: float, cluster: float) -> None:
    shares = {"share_throughput_funding": throughput, "share_cluster_funding": cluster}
    shares = {name: value for name, value in shares.items() if value}
    with pair(changed(start, **shares), before=start) as (lever, usual):
        next(stepped(lever, usual))
        assert not spent(usual, POOLED).any()
        assert spent(lever, POOLED).all()
        assert np.all(np.abs(spent(lever, TOPUPS) + spent(lever, POOLED) - spent(usual, TOPUPS)) <= 2)
        remembered = las(lever, "pooled_gbp_per_pupil")
        for month in stepped(lever, usual):
            assert np.array_equal(las(lever, "pooled_gbp_per_pupil"), remembered)
            schools = lever.world.schools
            price = float(lever.inputs.drivers[month + 12].price_index)
            got = np.bincount(schools["authority"], weights=schools["cluster_funding_gbp_k"]) * 1000.0 * price
            np.testing.assert_allclose(got * 100.0 / 12.0, spent(lever, POOLED), atol=1.0)
            if month == month_index("2017-04"):
                break


def test_the_pool_factor_scales_the_pot_which_is_reset_afterwards() -> None:
    with pair(changed(end="2016-10", share_throughput_funding=0.5, factor_pool=2.0)) as (lever, usual):
        months = stepped(lever, usual)
        next(months)
        pooled = spent(usual, TOPUPS) - spent(lever, TOPUPS)
        np.testing.assert_allclose(spent(lever, POOLED), 2.0 * pooled, atol=5.0)
        while next(months) < month_index("2017-01"):
            pass
        assert not spent(lever, POOLED).any()
        assert not lever.world.schools["cluster_funding_gbp_k"].any()
        per_pupil = las(lever, "pooled_gbp_per_pupil")
        next(months)
        assert not np.array_equal(per_pupil, las(lever, "pooled_gbp_per_pupil"))


# ---------------------------------------------------------------------- input funding


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_at_its_start_input_funding_is_offset_by_notional_funding(share: float) -> None:
    with pair(changed(share_input_funding=share)) as (lever, usual):
        months = stepped(lever, usual)
        next(months)  # in which nobody has been paid yet
        assert np.array_equal(spent(lever, TOPUPS), spent(usual, TOPUPS))
        assert np.array_equal(spent(lever, NOTIONAL), spent(usual, NOTIONAL))
        load = lever.world.schools["demand_gbp_k"] - usual.world.schools["demand_gbp_k"]
        next(months)
        more = spent(lever, TOPUPS) - spent(usual, TOPUPS)
        assert (more > 0).all()
        given_up = spent(usual, NOTIONAL) - spent(lever, NOTIONAL)
        assert np.array_equal(las(lever, "settlement_pence") - las(usual, "settlement_pence"), given_up)
        assert given_up.sum() == pytest.approx(more.sum(), rel=0.02)  # between them is who has joined since
        d = lever.inputs.drivers[month_index(START) + 12]
        relieved = -np.bincount(lever.world.schools["authority"], weights=load) * 1000.0 * d.price_index * 100.0 / 12.0
        np.testing.assert_allclose(relieved, more, rtol=1e-6, atol=1.0)
        remembered = las(lever, "input_gbp_per_pupil")
        next(months)
        assert np.array_equal(las(lever, "input_gbp_per_pupil"), remembered)


def test_what_schools_give_up_stays_constant_in_cash() -> None:
    with pair(changed(share_input_funding=1.0)) as (lever, usual):
        months = stepped(lever, usual)
        next(months)
        first = las(lever, "input_gbp_per_pupil")
        while next(months) < month_index("2017-05"):
            pass
        assert np.array_equal(las(lever, "input_gbp_per_pupil"), first)
        given_up = spent(usual, NOTIONAL) - spent(lever, NOTIONAL)
        np.testing.assert_allclose(given_up, first * las(lever, "pupils") * 100.0 / 12.0, atol=1.0)


def test_input_funding_raises_the_incentive_of_schools_for_plans() -> None:
    with pair(changed(share_input_funding=1.0)) as (lever, usual):
        months = stepped(lever, usual)
        for _ in range(3):
            next(months)
        gained = lever.world.schools["incentive"].mean() / usual.world.schools["incentive"].mean()
        assert gained > 1.2


# ---------------------------------------------------------------------- grants and surpluses


def test_a_support_grant_raises_inclusion_and_leaves_the_block_unchanged() -> None:
    with pair(changed(support_grant_gbp=200e6)) as (lever, usual):
        next(stepped(lever, usual))
        d = lever.inputs.drivers[month_index(START) + 12]
        its_part = 200e6 * las(lever, "settlement_share") * las(lever, "share_simulated")
        np.testing.assert_allclose(spent(lever, PROGRAMMES), its_part * d.price_index * 100.0 / 12.0, atol=1.0)
        assert np.array_equal(las(lever, "spend_pence")[:, :PROGRAMMES], las(usual, "spend_pence")[:, :PROGRAMMES])
        assert np.array_equal(las(lever, "balance_pence"), las(usual, "balance_pence"))
        assert np.array_equal(las(lever, "support_budget_gbp"), las(usual, "support_budget_gbp"))
        grown = (las(lever, "inclusion_budget") / las(usual, "inclusion_budget")) ** 2
        real = las(lever, "support_budget_gbp") / d.price_index
        np.testing.assert_allclose(grown, 1.0 + its_part / real, rtol=1e-9)


def test_an_inclusion_grant_adds_to_school_capacity() -> None:
    with pair(changed(inclusion_grant_gbp_per_pupil=50.0)) as (lever, usual):
        next(stepped(lever, usual))
        schools, other = lever.world.schools, usual.world.schools
        more = 0.05 * schools["pupils"] * schools["skill"]
        skill = schools["capacity_gbp_k"] - other["capacity_gbp_k"]
        np.testing.assert_allclose(skill, more, rtol=0.05)  # skill has moved by a month since
        index = float(lever.inputs.drivers[month_index(START) + 12].price_index)
        np.testing.assert_allclose(
            spent(lever, PROGRAMMES), 50.0 * las(lever, "pupils") * index * 100.0 / 12.0, atol=1.0
        )
        assert np.array_equal(las(lever, "balance_pence"), las(usual, "balance_pence"))


def test_a_surplus_goes_into_services_pound_for_pound() -> None:
    p = Parameters(settlement_extra_share=0.2, balance_2014_gbp=declared()["balance_2014_gbp"].high)
    with pair(changed("2016-04", share_surplus_spent=0.5), p, before="2016-04") as (lever, usual):
        balance = las(lever, "balance_pence")
        over = las(lever, "spending_smoothed_gbp") / las(lever, "settlement_smoothed_gbp") > 1.0
        spends = (balance > 0) & ~over
        assert spends.any()
        services = np.zeros(len(balance))
        inside = np.zeros(len(balance), dtype=np.int64)
        months = stepped(lever, usual)
        for month in months:
            services += spent(lever, SERVICES) - spent(usual, SERVICES)
            inside += (las(lever, "spend_pence") - las(usual, "spend_pence"))[:, :N_INSIDE].sum(axis=1)
            assert np.array_equal(las(usual, "balance_pence") - las(lever, "balance_pence"), inside)
            if month == month_index("2016-04"):
                assert np.array_equal(las(lever, "spending_smoothed_gbp"), las(usual, "spending_smoothed_gbp"))
                assert np.all(las(lever, "inclusion_budget")[spends] > las(usual, "inclusion_budget")[spends])
            if month == month_index("2017-03"):
                break
        np.testing.assert_allclose(services[spends], 0.5 * balance[spends], atol=12.0)
        assert not services[~spends].any()


def test_authorities_that_overspend_or_owe_spend_no_surplus() -> None:
    with pair(
        changed("2016-01", share_surplus_spent=1.0), Parameters(settlement_extra_share=-0.2), before="2017-04"
    ) as (
        lever,
        _,
    ):
        owing = (las(lever, "balance_pence") <= 0) | (
            las(lever, "spending_smoothed_gbp") > las(lever, "settlement_smoothed_gbp")
        )
        assert owing.any()
        next(stepped(lever))
        assert not las(lever, "surplus_spent_gbp")[owing].any()


# ---------------------------------------------------------------------- money

ALL = {
    "share_isp_protected": 0.2, "cap_independent_gbp": 40_000.0, "specialists_extra": 3000.0,
    "unit_places_extra": 5000.0, "share_throughput_funding": 0.4, "share_cluster_funding": 0.4, "factor_pool": 1.2,
    "share_input_funding": 0.3,
    "support_grant_gbp": 1e8, "inclusion_grant_gbp_per_pupil": 40.0, "share_surplus_spent": 0.5,
    "contest_names_placement": 0.0, "severity_threshold": 4.0, **REASSESSED,
}  # fmt: skip


def test_every_pound_is_on_an_observed_spending_line() -> None:
    known = observables.declared()
    for line in LINES:
        assert known.observables[f"spend_{line}"].numerator == f"spend_{line}_gbp"
    assert LINES[PROGRAMMES] == "programmes"
    with closing(SendModel(None, changed("2015-01", **ALL), scale=SCALE, seed=SEED, n_months=40)) as m:
        before = las(m, "balance_pence")
        for _ in m.months():
            spend = las(m, "spend_pence")
            for k, line in enumerate(LINES):
                np.testing.assert_allclose(m.world.tallies[f"spend_{line}_gbp"], spend[:, k] / 100.0)
            inside = spend[:, :N_INSIDE].sum(axis=1)
            now = las(m, "balance_pence")
            assert np.array_equal(now, before + las(m, "settlement_pence") + las(m, "granted_pence") - inside)
            before = now
        assert spend[:, PROGRAMMES].all()


def test_the_tallies_of_levers_are_positive_when_all_act() -> None:
    watched = (*LEVER_TALLIES, "unit_places", "independent_market_gbp")
    total = dict.fromkeys(watched, 0.0)
    with closing(SendModel(None, changed("2015-01", **ALL), scale=SCALE, seed=SEED, n_months=30)) as m:
        for _ in m.months():
            for name in watched:
                total[name] += tallied(m, name)
    assert [name for name, value in total.items() if value <= 0.0] == []
