"""Order, choice, double funding and funding models: analyses against hand calculation, experiments in smoke size."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from sendcycle import Change, Parameters, Reform, Scenario
from sendcycle.calendar import month_index
from sendcycle.errors import ResultsError, ScenarioError
from sendcycle.inputs.reforms import Cost
from sendcycle_experiments.analysis import at_a_glance, comparison
from sendcycle_experiments.analysis.evidence import verdict
from sendcycle_experiments.calibration.ensembles import CURRENT, Ensemble, read_ensemble
from sendcycle_experiments.reforms.library import library
from sendcycle_experiments.reforms.programme_cost import programme_money
from sendcycle_experiments.reforms.scenario_files import read_scenario
from sendcycle_experiments.studies import e06_funding as funding_models
from sendcycle_experiments.studies import e07_double_funding as double_funding
from sendcycle_experiments.studies import e09_priorities as priorities
from sendcycle_experiments.studies.e05_sequencing import front as pareto
from sendcycle_experiments.studies.e05_sequencing import orders as sequencing
from sendcycle_experiments.studies.e05_sequencing import where_it_holds as discovery
from sendcycle_experiments.studies.e05_sequencing.orders import (
    ARMS,
    GROUPS,
    PAPER,
    SLOTS,
    label,
    order_scenarios,
    ordered,
    total,
)
from sendcycle_experiments.studies.e10_claims import study as claims
from sendcycle_experiments.sweeps.manifests import hashes_of_results
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.resuming import resume_or_refuse
from sendcycle_experiments.sweeps.runner import sweep
from sendcycle_experiments.terminal.command_line import app

# ---------------------------------------------------------------------- designs


def test_orders_hold_the_same_reforms_and_differ_in_dates_alone() -> None:
    found = order_scenarios("equal_money")
    assert len(found) == 120
    assert len({scenario.name for scenario in found}) == 120
    names = {tuple(sorted(reform.name for reform in scenario.reforms)) for scenario in found}
    assert len(names) == 1
    first = {reform.name: min(c.start for c in reform.changes) for reform in ordered(PAPER, "equal_money").reforms}
    for group, slot in zip(PAPER, SLOTS, strict=True):
        assert {first[name] for name in GROUPS[group]} == {slot}


@pytest.mark.parametrize("arm", ["equal_money", "equal_exposure"])
def test_orders_cost_the_same(arm: str) -> None:
    totals = [total(ordered(order, arm)) for order in sequencing.orders()[::17]]
    months = {len(programme_money(ordered(order, arm)).query("posts > 0.1")) for order in sequencing.orders()[::40]}
    assert (len(months) == 1) == (arm == "equal_money")
    assert max(totals) < min(totals) * (1.0 + sequencing.TOLERANCE)
    assert min(totals) > 1_000.0


def test_unequal_money_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencing, "_amounts", lambda group, start: 1.0)
    with pytest.raises(ScenarioError, match=r"the money of 'capacity' depends on its start: £.* more from 2026-09"):
        order_scenarios("equal_exposure")


def test_the_unequal_arm_spends_more_on_an_early_start() -> None:
    early, late = (sequencing.scenario_of({"capacity": slot}, "unequal", "x") for slot in (SLOTS[0], SLOTS[-1]))
    assert total(early) > 1.05 * total(late)


def test_choices_hold_every_set_in_several_orders() -> None:
    found = sequencing.choice_scenarios()
    assert len(found) == 1 + 31 * len(PAPER)
    sets = {scenario.name.split(":")[1] for scenario in found}
    assert len(sets) == 32
    for scenario in found[1:20]:
        reforms = {reform.name for reform in scenario.reforms}
        letters = set(scenario.name.split(":")[1])
        assert reforms == {name for group in GROUPS if group[0].upper() in letters for name in GROUPS[group]}


# ---------------------------------------------------------------------- analysis


def made(effect: Any, members: int = 4, noise: float = 0.0) -> pd.DataFrame:
    """Return a table (members twice, orders): `effect(order)` plus the member's level and noise."""
    orders = sequencing.orders()
    rng = np.random.default_rng(3)
    index = pd.MultiIndex.from_product([range(members), (0, 1)], names=["point", "replicate"])
    level = index.get_level_values("point").to_numpy(dtype=float)
    values = np.asarray([effect(order) for order in orders])[None, :] + level[:, None]
    values = values + noise * rng.normal(size=values.shape)
    return pd.DataFrame(values, index=index, columns=[f"equal_money:{label(order)}" for order in orders])


def test_twelve_orders_agree_with_the_paper_and_twelve_are_reversed() -> None:
    classes = [sequencing.class_of(order) for order in sequencing.orders()]
    assert (classes.count("agrees"), classes.count("reversed"), classes.count("mixed")) == (12, 12, 96)
    assert sequencing.class_of(PAPER) == "agrees"
    assert sequencing.class_of(PAPER[::-1]) == "reversed"


def test_effects_of_dates_are_separated_from_effects_of_order() -> None:
    dates = made(lambda order: 3.0 * order.index("statute") + order.index("people") ** 2)
    left, explained = sequencing.by_dates(dates)
    assert explained == pytest.approx(1.0)
    np.testing.assert_allclose(left, 0.0, atol=1e-9)
    pair = made(lambda order: 1.0 if order.index("statute") < order.index("capacity") else 0.0)
    assert 0.2 < sequencing.by_dates(pair)[1] < 0.95
    found = sequencing.precedence(pair).set_index(["first", "then"])
    assert found.loc[("capacity", "statute"), "difference"] == pytest.approx(-1.0)
    assert found.loc[("capacity", "statute"), "lower"] == 1.0
    assert found.loc[("people", "funding"), "difference"] == pytest.approx(0.0)
    assert found.loc[("people", "statute"), "difference"] == pytest.approx(-1 / 3)  # by way of the dates alone
    beyond = found["beyond_dates"].abs()
    assert beyond.idxmax() == ("capacity", "statute")
    assert beyond.max() > 2.0 * beyond.drop(index=[("capacity", "statute")]).max()


def test_the_claim_compares_agreeing_with_reversed_orders() -> None:
    values = made(lambda order: {"agrees": 1.0, "reversed": 5.0, "mixed": 9.0}[sequencing.class_of(order)])
    found = sequencing.claim(values)
    assert found["difference"] == pytest.approx(-4.0)
    assert found["lower"] == 1.0


def test_regret_has_a_direction_and_ignores_stochastic_variability() -> None:
    values = made(lambda order: float(order.index("statute")))
    low = sequencing.regret(values, "unmet_need_share").set_index("order")
    high = sequencing.regret(values, "confidence").set_index("order")
    assert low.loc["equal_money:SPCFA", "mean"] == 0.0
    assert low.loc["equal_money:PCFAS", "mean"] == pytest.approx(4.0)
    assert low.loc["equal_money:PCFAS", "share_of_spread"] == pytest.approx(1.0)
    assert high.loc["equal_money:PCFAS", "mean"] == 0.0
    chance = sequencing.regret(made(lambda order: 0.0, members=60, noise=1.0), "confidence")
    assert chance["mean"].abs().max() < 0.6  # the best of 120 by chance alone lies 2.5 above the mean


def test_spread_ignores_stochastic_variability_and_order_is_compared_with_choice() -> None:
    values = made(lambda order: float(order.index("statute")), members=40, noise=2.0)
    assert sequencing.spread(values) == pytest.approx(np.sqrt(2.0), rel=0.05)  # of 0, 1, 2, 3, 4
    assert values.std(axis=1, ddof=0).mean() > 2.3
    index = pd.MultiIndex.from_tuples([(0, 0), (0, 1)], names=["point", "replicate"])
    orders = pd.DataFrame([[0.0, 2.0], [1.0, 3.0]], index=index)
    names = ["choice:none:0", "choice:P:0", "choice:PC:0", "choice:PC:1"]
    choices = pd.DataFrame([[0.0, 0.0, 8.0, 12.0]] * 2, columns=names, index=index)
    found = sequencing.order_beside_choice(orders, choices)
    assert found["of_order"] == pytest.approx(1.0)
    assert found["of_choice"] == pytest.approx(np.std([0.0, 0.0, 10.0]))


def test_a_tree_finds_the_split_that_is_there() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"a": rng.random(200), "b": rng.random(200), "size": 1.0, "member": np.arange(200)})
    table["gain"] = np.where(table["a"] > 0.6, 1.0, -1.0)
    found, about = discovery.boxes(table)
    assert about["holds"] == pytest.approx((table["a"] > 0.6).mean())
    assert about["accuracy"] > 0.95 > about["usual"]
    assert found["holds"].tolist() == [1.0, 0.0]
    assert found["box"].iloc[0].startswith("a > 0.")
    assert discovery.boxes(table.assign(gain=1.0))[0]["box"].tolist() == ["everywhere"]


def test_cases_carry_the_parameters_of_their_members() -> None:
    ensemble = Ensemble("made", pd.DataFrame({"escalation": [0.1, 0.2, 0.3]}), np.zeros(3), {})
    names = [scenario.name for scenario in discovery.scenarios()]
    assert len(names) == 2 * 3 * len(discovery.SIZES)
    known = sequencing.known_orders(names)
    rows = [
        {"point": point, "replicate": 0, "reform_scenario": name, "year": year,
         "unmet_need_share": 50.0 - point * (sequencing.class_of(known[name]) == "agrees") * float(name.split(":")[2])}
        for point in (0, 2) for name in names for year in (2030, 2031)
    ]  # fmt: skip
    found = discovery.cases(pd.DataFrame(rows), ensemble)
    assert found["escalation"].tolist() == [0.1, 0.3] * 3
    assert found["gain"].tolist() == pytest.approx([0.0, 1.0, 0.0, 2.0, 0.0, 3.0])
    places = {group: {known[name].index(group) for name in names if sequencing.class_of(known[name]) == "agrees"}
              for group in sequencing.FIRST}  # fmt: skip
    assert all(found == {0, 1, 2} for found in places.values())


# ---------------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("extra", "year"),
    [([2.0, -1.0, -1.0], 2028.0), ([2.0, -3.0, 2.0], np.nan), ([-1.0, 0.0, 1.0], 2025.0), ([1.0, 1.0, -1.0], np.nan)],
)
def test_break_even_is_the_year_from_which_the_sum_stays_repaid(extra: list[float], year: float) -> None:
    found = double_funding.break_even(np.asarray(extra), np.asarray([2026, 2027, 2028]))
    np.testing.assert_equal(found, year)


def test_prices_can_be_nominal_real_or_discounted() -> None:
    years = pd.Series([2026, 2030])
    assert double_funding.price_levels(years, "nominal").tolist() == [1.0, 1.0]
    real = double_funding.price_levels(years, "real")
    assert real[0] == pytest.approx(1.0)
    assert real[1] > 1.02
    assert double_funding.price_levels(years, "discounted")[1] == pytest.approx(real[1] * 1.035**4)


def test_every_line_has_one_payer() -> None:
    lines = [line for lines in double_funding.PAYERS_OF_LINES.values() for line in lines]
    assert sorted(lines) == sorted(comparison.SPENDING)


def test_differences_are_taken_member_by_member() -> None:
    table = pd.DataFrame({
        "point": [0, 1, 0, 1], "replicate": 0, "reform_scenario": ["a", "a", "b", "b"], "year": 2030,
        "requests": [10.0, 100.0, 12.0, 101.0],
    })  # fmt: skip
    found = comparison.differences(table, "a").iloc[0]
    assert found["median"] == pytest.approx(1.5)  # not 56.5 - 55
    assert found["relative"] == pytest.approx(0.105)
    assert found["lower"] == 0.0


def test_gains_are_taken_member_by_member() -> None:
    rows = [
        {"member": m, "reform_scenario": s, "by": "kind", "group": "severe", "measure": "unmet", "value": v}
        for m, s, v in [(0, "no_change", 50.0), (1, "no_change", 70.0), (0, "x", 49.0), (1, "x", 67.0)]
    ]
    found = funding_models.gains(pd.DataFrame(rows)).iloc[0]
    assert found["median"] == pytest.approx(-2.0)
    assert found["level"] == pytest.approx(60.0)
    assert found["lower"] == 1.0


@pytest.mark.parametrize(
    ("q05", "q95", "verdicts"),
    [
        (-0.4, -0.1, ("contradicted", "supported")),  # the share in special schools, and of mild labels, falls
        (-0.4, 0.2, ("undecided", "undecided")),
        (0.1, 0.3, ("supported", "contradicted")),
    ],
)
def test_verdicts_on_published_evidence_follow_from_the_interval(
    q05: float, q95: float, verdicts: tuple[str, str]
) -> None:
    rows = [
        {"reform_scenario": e.reform_scenario, "by": "kind", "group": e.group, "measure": e.measure, "median": 0.0,
         "q05": q05, "q95": q95}
        for e in funding_models.EVIDENCE
    ]  # fmt: skip
    keys = ["reform_scenario", "group", "measure"]
    found = funding_models.beside_evidence(pd.DataFrame(rows)).set_index(keys)["verdict"]
    assert found["funding_throughput", funding_models.ALL, "special"] == verdicts[0]
    assert found["funding_throughput", "mild", "labelled"] == verdicts[1]


# ---------------------------------------------------------------------- all of it in small


@pytest.mark.parametrize(
    ("expected", "low", "high", "said"),
    [
        ("lower", -2.0, -0.5, "supported"), ("lower", 0.5, 2.0, "contradicted"), ("lower", -0.5, 2.0, "undecided"),
        ("higher", 0.5, 2.0, "supported"), ("higher", -2.0, -0.5, "contradicted"),
        ("none", -0.9, 0.9, "supported"), ("none", -3.0, -1.1, "contradicted"), ("none", -3.0, 0.5, "undecided"),
        ("not lower", -0.9, -0.1, "supported"), ("not lower", -3.0, -1.1, "contradicted"),
        ("not lower", -3.0, 0.5, "undecided"), ("not lower", 0.5, 2.0, "supported"),
    ],
)  # fmt: skip
def test_a_claim_is_supported_contradicted_or_undecided(expected: str, low: float, high: float, said: str) -> None:
    assert verdict(expected, low, high, at_most=1.0) == said
    with pytest.raises(ValueError, match="expected is one of"):
        verdict("lowr", low, high)


def test_decisive_parameters_are_found_among_inert_ones() -> None:
    rng = np.random.default_rng(0)
    numbers = pd.DataFrame(rng.random((100, 60)), columns=[f"p{k}" for k in range(60)]).assign(still=1.0)
    strong = pd.Series(2.0 * numbers["p7"] - 1.5 * numbers["p3"] + 0.1 * rng.standard_normal(100))
    assert [word.split()[0] for word in claims.decide(strong, numbers).split("; ")] == ["p7", "p3"]
    named = [claims.decide(pd.Series(rng.standard_normal(100)), numbers) for _ in range(40)]
    assert sum(bool(words) for words in named) <= 6  # one in twenty by chance


def test_every_claim_can_be_examined_or_says_that_it_cannot() -> None:
    known = claims.claims()
    assert len(known) > 50
    for claim in known.values():
        for name in claim.scenarios:
            for size in (0.5, 1.5):
                assert claims.scenario_of(name, size).name == name
        if claim.table:
            assert claim.table.split("/")[0] in ("e05_sequencing", "e06_funding", "e07_double_funding")
    kinds = [bool(claim.treat) + 2 * bool(claim.table) for claim in known.values()]
    assert set(kinds) == {0, 1, 2}


@pytest.mark.parametrize(
    "changes",
    [{"table": "x.csv", "unit": "points"}, {"unit": "points"}, {"expected": ""}, {"expected": "bigger"}, {"treat": ""}],
)
def test_overspecified_and_underspecified_claims_are_refused(changes: dict[str, str]) -> None:
    claim = claims.Claim("x", "", "", "", expected="lower", treat="threshold_only", outcome="requests", year=2035)
    claim.check()
    with pytest.raises(ScenarioError, match="claim 'x'"):
        replace(claim, **changes).check()


def test_effects_match_hand_calculation() -> None:
    rows = [("no_change", 2025, 1.0), ("no_change", 2035, 3.0), ("a", 2025, 2.0), ("a", 2035, 7.0), ("b", 2035, 4.0),
            ("ab", 2035, 6.0)]  # fmt: skip
    table = pd.DataFrame([(0, *row) for row in rows], columns=["point", "reform_scenario", "year", "plans_in_force"])
    table["requests"] = 0.5
    claim = claims.Claim("x", "", "", "", "lower", treat="a", outcome="plans_in_force", year=2035)
    assert claims.effects(claim, table)["effect"].tolist() == [4.0]
    since = claims.effects(replace(claim, since=2025), table).iloc[0]
    assert (since["effect"], since["base"]) == (5.0, 2.0)
    assert claims.effects(replace(claim, minus="requests"), table)["base"].tolist() == [2.5]
    together = replace(claim, also="ab", also_base="b")  # a alone changes 4, where b is there 2
    assert claims.effects(together, table)["effect"].tolist() == [2.0]
    assert together.scenarios == ("a", "no_change", "ab", "b")


def test_a_claim_can_be_read_from_the_table_of_another_experiment(tmp_path: Path) -> None:
    claim = claims.claims()["agreeing_orders_leave_less_unmet"]
    assert claims.from_table(claim, tmp_path) == {"verdict": "not examined"}
    path = tmp_path / claim.table
    path.parent.mkdir()
    row = dict(claim.rows) | {"difference": -1.0, "q05": -2.0, "q95": -0.5}
    pd.DataFrame([row, row | {"when": "2035", "q95": 3.0}]).to_csv(path, index=False)
    found = claims.from_table(claim, tmp_path)
    assert (found["verdict"], found["state"]) == (
        "supported", "another state of the model; not checked: it has no manifest",
    )  # fmt: skip
    manifest = {"model": model_state(), "files": hashes_of_results(path.parent)}
    (path.parent / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "state" not in claims.from_table(claim, tmp_path)
    pd.DataFrame([row, row]).to_csv(path, index=False)
    with pytest.raises(ResultsError, match="was changed since it was written"):
        claims.from_table(claim, tmp_path)
    (path.parent / "manifest.json").unlink()
    with pytest.raises(ResultsError, match="holds 2 rows"):
        claims.from_table(claim, tmp_path)
    never = claims.claims()["double_funding_is_temporary"]
    path = tmp_path / never.table
    path.parent.mkdir()
    for share, said in ((0.02, "supported"), (0.5, "undecided"), (0.98, "contradicted")):
        pd.DataFrame([dict(never.rows) | {"never": share}]).to_csv(path, index=False)
        assert claims.from_table(never, tmp_path)["verdict"] == said


@pytest.mark.parametrize(("value", "words"), [(-123_456.7, "-123,457"), (0.0123, "0.0123"), (-2.25, "-2.25")])
def test_numbers_are_rounded_for_readers(value: float, words: str) -> None:
    assert claims.number(value) == words


def check_claims_read_their_rows(experiment: str, results: Path) -> None:
    """Check that every claim this experiment examines finds its row in the tables it wrote."""
    of_it = [claim for claim in claims.claims().values() if claim.table.startswith(experiment)]
    assert of_it
    for claim in of_it:
        assert claims.from_table(claim, results)["verdict"] in ("supported", "contradicted", "undecided"), claim.name


def test_sizes_cycle_through_the_members_and_costs_add_up(tmp_path: Path) -> None:
    some = read_ensemble(CURRENT).first(4).with_reforms()
    table, manifests = comparison.outcomes_by_size(
        lambda size: [Scenario("none"), Scenario("x", (library()["curriculum"].reform(size=size),))], some, tmp_path,
        scale=0.0005, until="2031-03", more=("pupils",),
    )  # fmt: skip
    assert table.groupby("point")["size"].first().tolist() == [0.5, 1.0, 1.5, 0.5]
    assert set(manifests) == {"size_0.5", "size_1", "size_1.5"}
    assert table["pupils"].notna().any()
    run = table[(table["point"] == 2) & (table["reform_scenario"] == "x")].set_index("year")
    summed = run.loc[2026:2029, "public_cost"].cumsum()
    assert run.loc[2026:2029, comparison.SUMMED].to_numpy() == pytest.approx(summed.to_numpy())
    assert run.loc[:2025, comparison.SUMMED].isna().all()
    assert some.every(3, 1).members.index.tolist() == [1]


def test_size_scales_effects_and_leaves_amounts_and_rules_alone() -> None:
    half, whole = (read_scenario("paper_sequence", size=size) for size in (0.5, 1.0))
    p = Parameters()
    month = month_index("2039-01")
    small, large = (scenario.table(p, month + 1)[month] for scenario in (half, whole))
    assert small["inclusion_support"] - p["inclusion_support"] == pytest.approx(
        0.5 * (large["inclusion_support"] - p["inclusion_support"])
    )
    assert small["specialists_extra"] == large["specialists_extra"]
    assert small["severity_threshold"] == large["severity_threshold"]


def test_interaction_is_the_effect_among_others_less_the_effect_alone() -> None:
    names = [scenario.name for scenario in sequencing.choice_scenarios()]
    worth = {"P": 1.0, "C": 2.0, "F": 0.0, "A": 0.0, "S": 5.0}

    def value(chosen: str) -> float:
        chosen = "" if chosen == "none" else chosen
        return sum(worth[group] for group in chosen) - (3.0 if {"C", "S"} <= set(chosen) else 0.0)

    index = pd.MultiIndex.from_product([[0, 1], [0, 1]], names=["point", "replicate"])
    table = pd.DataFrame({name: value(name.split(":")[1]) for name in names}, index=index)
    found = sequencing.interaction(table).set_index("group")
    assert list(found.index) == list(GROUPS)
    assert found["alone"].tolist() == [1.0, 2.0, 0.0, 0.0, 5.0]
    assert found["difference"].tolist() == [0.0, -3.0, 0.0, 0.0, -3.0]


def test_the_whole_is_compared_with_the_sum_of_its_parts() -> None:
    values = {priorities.NONE: 10.0, "alone:1": 8.0, "alone:2": 9.0, "alone:deficit_grant": 0.0,
              priorities.WHOLE: 5.0, "without:1": 9.0}  # fmt: skip
    rows = [(point, 0, name, 2035, value) for point in range(3) for name, value in values.items()]
    table = pd.DataFrame(rows, columns=["point", "replicate", "reform_scenario", "year", "plans_in_force"])
    found = priorities.together(table).iloc[0]
    assert (found["whole"], found["parts"], found["beyond"]) == (-5.0, -3.0, -2.0)


def test_every_reform_of_the_library_belongs_to_exactly_one_part() -> None:
    parts = priorities.parts()
    assert [part for part in parts if part.isdigit()] == [str(k) for k in range(1, 13)]
    assert sorted(name for names in parts.values() for name in names) == sorted(library())


def test_priorities_and_claims_run_in_smoke_size(tmp_path: Path) -> None:
    for number, name in (("e09", "priorities"), ("e10", "claims")):
        arguments = ["experiment", number, "--smoke", "--out", str(tmp_path / name)]
        arguments += ["--results", str(tmp_path)] if name == "claims" else []
        outcome = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert outcome.exit_code == 0, outcome.output
    assert (tmp_path / "priorities" / "priorities.png").exists()
    left_out = pd.read_csv(tmp_path / "priorities" / "left_out.csv")
    assert set(left_out["reform_scenario"]) == {f"without:{k}" for k in range(1, 13)}
    table = pd.read_csv(tmp_path / "claims" / "claims.csv").set_index("claim")
    assert list(table.index) == list(claims.claims())
    of_runs = [name for name, claim in claims.claims().items() if claim.treat]
    assert set(table.drop(index=of_runs)["verdict"]) == {"not examined", "not in the model"}
    assert table.loc[of_runs, ["base", "median", "q05", "q95"]].notna().all(axis=None)
    assert (tmp_path / "claims" / "claims.md").read_text(encoding="utf-8").count("\n| ") == len(table) + 1


def test_compare_runs_in_small_size(tmp_path: Path) -> None:
    arguments = ["compare", "no_change", "threshold_only", "--members", "2", "--scale", "0.0005", "--until", "2036-08"]
    outcome = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path)], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    table = pd.read_csv(tmp_path / "compare.csv")
    assert set(table["reform_scenario"]) == {"threshold_only"}
    before = table[(table["year"] < 2026) & (table["outcome"] != "public_cost")]
    assert (before[["median", "q05", "q95"]] == 0.0).all(axis=None)  # nothing before it is announced
    after = table[(table["year"] == 2030) & (table["outcome"] == "requests")]
    assert (after["median"] != 0.0).all()
    assert (tmp_path / "compare.png").exists()
    assert (tmp_path / "at_a_glance.png").exists()


@pytest.mark.parametrize(
    ("outcome", "median", "q05", "q95", "words"),
    [
        ("plans_in_force", -269_000.0, -474_000.0, -141_000.0, "269 thousand fewer in 2035 (141 to 474)"),
        ("confidence", 0.05, 0.01, 0.11, "5.0 points more in 2035 (1.0 to 11.0)"),
        ("public_cost", -6_500.0, -13_900.0, -2_500.0, "£6.5 billion less in 2035 (2.5 to 13.9)"),
        ("unmet_need_share", -2.0, -7.0, 3.0, "no sure difference in 2035 (-7.0 to +3.0)"),
    ],
)
def test_a_difference_is_put_into_words(outcome: str, median: float, q05: float, q95: float, words: str) -> None:
    question = next(q for q in at_a_glance.QUESTIONS if q.outcome == outcome)
    row = pd.Series({"median": median, "q05": q05, "q95": q95})
    assert at_a_glance.sentence(question, row) == words
    if question.summed:
        assert at_a_glance.total(question, row) == "added up since 2026: £6 billion less (2 to 14)"
        unsure = row.replace(q95, 25_000.0)
        assert at_a_glance.total(question, unsure) == "added up since 2026: no sure difference (-14 to +25)"


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((-11_590.0, -25_400.0, 2_214.0), "-11,590 (-25,400 to +2,214)"),
        ((-11.59, -25.4, 2.214), "-11.6 (-25.4 to +2.2)"),
        ((0.0711, -0.1234, 0.3642), "+0.071 (-0.123 to +0.364)"),
        ((1e-9, 0.0, 2e-9), "+0.000 (+0.000 to +0.000)"),
        ((0.0, 0.0, 0.0), "+0.00 (+0.00 to +0.00)"),
    ],
)
def test_differences_are_shown_without_exponents(ends: tuple[float, float, float], words: str) -> None:
    assert comparison.with_ends(*ends) == words


def test_the_terminal_shows_years_and_units_of_figures() -> None:
    rows = [
        {"reform_scenario": scenario, "outcome": outcome, "year": year, "median": value, "q05": value, "q95": value}
        for scenario in ("a", "b") for year in (2030, 2035, 2036)
        for outcome, value in (("public_cost", -2500.0), ("confidence", 0.05), ("plans_in_force", 12_000.0))
    ]  # fmt: skip
    shown = comparison.summary(pd.DataFrame(rows), ("plans_in_force", "confidence", "public_cost"), (2030, 2035))
    assert shown["year"].tolist() == ["2030", "2035"] * 3
    assert shown["a"].tolist() == ["+12.0 (+12.0 to +12.0)"] * 2 + ["+5.00 (+5.00 to +5.00)"] * 2 + [
        "-2.50 (-2.50 to -2.50)"] * 2  # fmt: skip
    assert [words.rpartition(", ")[2] for words in shown["difference in"][::2]] == [
        "thousand", "percentage points", "2026-27 prices"]  # fmt: skip


def test_overlapping_labels_are_moved_apart() -> None:
    assert at_a_glance.apart([5.0, 1.0], 1.0) == [5.0, 1.0]
    found = at_a_glance.apart([2.0, 2.1, 9.0], 1.0)
    assert found[1] - found[0] == pytest.approx(1.0)
    assert found[0] + found[1] == pytest.approx(4.1)
    assert found[2] == 9.0


@pytest.mark.parametrize("name", ["e06", "e07"])
def test_e06_and_e07_run_in_smoke_size(name: str, tmp_path: Path) -> None:
    tmp_path /= {"e06": "e06_funding", "e07": "e07_double_funding"}[name]
    arguments = ["experiment", name, "--smoke", "--out", str(tmp_path)]
    outcome = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    check_claims_read_their_rows(tmp_path.name, tmp_path.parent)
    if name == "e06":
        groups = pd.read_csv(tmp_path / "groups.csv")
        assert set(groups["reform_scenario"]) == set(funding_models.MODELS[1:])
        assert {"all", "kind", "disadvantage", "school", "authority"} <= set(groups["by"])
        beside = pd.read_csv(tmp_path / "beside_evidence.csv")
        assert len(beside) == len(funding_models.EVIDENCE)
        assert beside["median"].notna().all()
        assert (tmp_path / "funding.png").exists()
    else:
        table = pd.read_csv(tmp_path / "double_funding.csv")
        assert set(table["payer"]) == {"total", *double_funding.PAYERS_OF_LINES}
        assert set(table["reform_scenario"]) == {
            "white_paper_2026",
            "groups_paper_order",
            "groups_reversed",
            "groups_at_once",
            "groups_without_statute",
        }
        assert np.isfinite(table["cumulated"]).all()


def test_e05_runs_in_smoke_size_with_a_pareto_efficient_front(tmp_path: Path) -> None:
    tmp_path /= "e05_sequencing"
    outcome = CliRunner().invoke(app, ["experiment", "e05", "--smoke", "--out", str(tmp_path)], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    short = pd.read_csv(tmp_path / "summary.csv")
    assert short["arm"].unique().tolist() == list(ARMS[:1])
    assert (short["order_beside_choice"] > 0.0).all()
    check_claims_read_their_rows("e05_sequencing", tmp_path.parent)
    front = pd.read_csv(tmp_path / "front.csv")
    assert front["front"].any()
    best = front[front["front"]]
    for row in best.itertuples():
        better = (front["cost"] <= row.cost) & (front["unmet"] <= row.unmet)
        assert ((front.loc[better, "cost"] == row.cost) & (front.loc[better, "unmet"] == row.unmet)).all()
    assert (tmp_path / "order.png").exists()


def test_a_set_of_dates_gives_the_results_of_its_scenario(tmp_path: Path) -> None:
    ensemble = read_ensemble(CURRENT).first(1)
    dates = dict.fromkeys(GROUPS, pareto.NEVER) | {"capacity": "2027-09", "funding": "2029-09"}
    never = dict.fromkeys(GROUPS, pareto.NEVER)
    several = [dates, never | {"statute": "2026-09"}, never, dates]
    together = pareto.outcomes(several, ensemble.values(0), 500, 0.0005)
    assert together == [pareto.outcomes([one], ensemble.values(0), 500, 0.0005)[0] for one in several]
    assert len(set(together)) == 3
    cost, unmet = together[0]
    scenario = sequencing.scenario_of({"capacity": "2027-09", "funding": "2029-09"}, "equal_money", "dates")
    design = sequencing.runs("dates", [scenario], ensemble, scale=0.0005, replicates=1, seed=500)
    found = comparison.outcomes_with_costs(sweep(design, tmp_path / "dates", workers=1).store, [scenario])
    assert unmet == pytest.approx(found["unmet_need_share"].mean(), rel=1e-3)
    assert cost == pytest.approx(found["public_cost"].sum() / 1000.0, rel=1e-3)
    spent = found["public_cost"].sum() / 1000.0 - total(scenario) / 1000.0
    assert spent > 100.0  # what the reforms cost is part of fourteen years of all spending, £ billion


@pytest.mark.parametrize(("n", "pieces"), [(24, 1), (24, 5), (3, 8), (1, 2)])
def test_pieces_hold_everything_once(n: int, pieces: int) -> None:
    cut = [list(range(n))[piece] for piece in pareto._pieces(n, pieces)]
    assert [k for part in cut for k in part] == list(range(n))
    assert len(cut) == min(n, pieces)
    assert all(cut)


def test_members_that_never_pay_back_count_as_later_than_all() -> None:
    saves, never = [2.0, -1.0, -1.0, -1.0], [2.0, 1.0, 1.0, 1.0]
    for paths, middle, share in (
        ([saves, saves, saves, never], 2028.0, 0.25),
        ([saves, saves, never, never], np.nan, 0.5),
    ):
        extra = pd.DataFrame(
            [{"reform_scenario": "a", "point": point, "year": 2026 + k, "unmet_avoided": 1.0, "total": paid,
              **dict.fromkeys(double_funding.PAYERS_OF_LINES, paid)}
             for point, path in enumerate(paths) for k, paid in enumerate(path)]
        )  # fmt: skip
        table = double_funding.reported(extra).set_index(["payer", "prices"]).loc[("total", "nominal")]
        assert table["break_even"] == pytest.approx(middle, nan_ok=True)
        assert table["never"] == share
        by_year = double_funding.bands(extra).set_index(["prices", "year"])
        assert by_year.loc[("nominal", 2027), "q05"] == pytest.approx(np.quantile([p[1] for p in paths], 0.05))
        level = double_funding.price_levels(pd.Series([2029]), "real")[0]
        assert level > 1.0
        assert by_year.loc[("real", 2029), "q95"] == pytest.approx(by_year.loc[("nominal", 2029), "q95"] / level)
        assert (by_year["q05"] <= by_year["q50"]).all()
        assert (by_year["q50"] <= by_year["q95"]).all()


def test_results_of_another_setup_are_not_resumed(tmp_path: Path) -> None:
    resume_or_refuse(tmp_path, {"scale": 0.01, "ensemble": "a"})
    resume_or_refuse(tmp_path, {"scale": 0.01, "ensemble": "a"})
    with pytest.raises(ResultsError, match="was made with another ensemble and scale"):
        resume_or_refuse(tmp_path, {"scale": 0.02, "ensemble": "b"})


def test_quarters_hold_equal_weight() -> None:
    values, weights = np.asarray([3.0, 1.0, np.nan, 2.0, 4.0]), np.asarray([1.0, 1.0, 9.0, 5.0, 1.0])
    assert funding_models.quarters(values, weights).tolist() == [3, 0, -1, 1, 3]


def test_extra_costs_match_hand_calculation(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for lines in double_funding.PAYERS_OF_LINES.values() for line in lines]
    rows = [
        {"run": run, "point": point, "reform_scenario": scenario, "year": year, "unmet_need": 100.0 - 10.0 * extra,
         **dict.fromkeys(lines, 1.0 + extra * point)}
        for run, (point, scenario, extra) in enumerate([(0, "a", 0), (1, "a", 0), (0, "b", 1), (1, "b", 1)])
        for year in range(2024, 2041)
    ]  # fmt: skip
    scenario = Scenario("b", (Reform("r", (Change("escalation", 0.5, "2026-09"),), costs=(
        Cost("schools", 12.0, "2026-09", "2027-04"),)),))  # fmt: skip

    class Kept:
        folder = Path("made")

        def table(self) -> pd.DataFrame:
            return pd.DataFrame(rows)

    found = double_funding.extra_costs(cast("Any", Kept()), [Scenario("a"), scenario])
    one = found[found["point"] == 1].set_index("year")
    assert found["year"].agg(["min", "max"]).tolist() == [2026, 2039]
    assert one.loc[2027, "total"] == pytest.approx(len(lines))
    assert one.loc[2026, "total"] - len(lines) == pytest.approx(7.0, rel=0.02)  # a year's 12, for seven months
    assert one.loc[2026, "schools"] == pytest.approx(8.0, rel=0.02)
    assert (found["unmet_avoided"] == 10.0).all()
    rows.pop()
    rows[-1]["run"] = 99
    with pytest.raises(ResultsError, match="missing or failed"):
        double_funding.extra_costs(cast("Any", Kept()), [Scenario("a"), scenario])
