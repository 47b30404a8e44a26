"""The reform library: every entry obeys the laws of reforms at any date, pairs can be combined, costs add up."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendcycle.calendar import N_MONTHS, month_index, month_label
from sendcycle.errors import DateError, ParameterError, ScenarioError, SendcycleError
from sendcycle.inputs.parameters import Parameters
from sendcycle.inputs.reforms import Cost, Reform, Scenario
from sendcycle_experiments.reforms import programme_cost as money
from sendcycle_experiments.reforms.library import Entry, library
from sendcycle_experiments.reforms.programme_cost import beside_the_model, programme_money
from sendcycle_experiments.reforms.scenario_files import named_scenarios, read_scenario, scenario_of

BASE = Parameters()
NAMES = sorted(library())
DATES = st.integers(month_index("2020-01"), month_index("2036-12")).map(month_label)


def table(*reforms: Reform, base: Parameters = BASE) -> np.recarray[Any, Any]:
    return Scenario("test", reforms).table(base, N_MONTHS)


def differs(rows: np.recarray[Any, Any], other: np.recarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return for each month whether any parameter differs."""
    return np.any([rows[name] != other[name] for name in rows.dtype.names], axis=0)


# ---------------------------------------------------------------------- the laws


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8)
@given(start=DATES, notice=st.integers(0, 24))
def test_entries_act_only_from_their_dates_and_restore_values_at_their_end(name: str, start: str, notice: int) -> None:
    announced = month_label(month_index(start) - notice)
    reform = library()[name].reform(start, announced)
    changed = differs(table(reform), table())
    assert changed.any()
    assert not changed[: month_index(announced)].any()
    if not library()[name].announcement:
        assert not changed[: month_index(start)].any()
    ends = [int(change.get("until", 0)) for change in library()[name].changes]
    if all(ends) and month_index(start) + max(ends) < N_MONTHS:
        assert not changed[month_index(start) + max(ends) :].any()


def clash(one: Reform, other: Reform) -> bool:
    """Say whether two reforms set one parameter in the same months, in ways that do not come to the same."""
    if one.precedence == other.precedence:
        for change in one.dated_changes():
            for rival in other.dated_changes():
                (start, end), (from_, to) = change.window(N_MONTHS), rival.window(N_MONTHS)
                meet = change.parameter == rival.parameter and start < to and from_ < end
                if meet and not (change.how == rival.how and change.how in ("plus", "times")):
                    return True
    return False


@settings(max_examples=60)
@given(pair=st.sampled_from(list(combinations(NAMES, 2))), starts=st.tuples(DATES, DATES))
def test_pairs_of_reforms_commute_or_need_precedence(pair: tuple[str, str], starts: tuple[str, str]) -> None:
    one, other = (library()[name].reform(start, start) for name, start in zip(pair, starts, strict=True))
    if clash(one, other):
        with pytest.raises(ScenarioError, match="give them different precedence"):
            table(one, other)
        return
    both = table(one, other)
    turned = table(other, one)
    assert all(np.array_equal(both[name], turned[name]) for name in both.dtype.names)
    writes = [{change.parameter for change in reform.dated_changes()} for reform in (one, other)]
    for reform, names, rest in zip((one, other), writes, reversed(writes), strict=True):
        alone = table(reform)
        assert all(np.array_equal(both[name], alone[name]) for name in names - rest)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8)
@given(size=st.floats(0.5, 1.5).filter(lambda x: abs(x - 1.0) > 0.01))
def test_size_scales_effects_alone(name: str, size: float) -> None:
    entry = library()[name]
    usual, sized = table(entry.reform("2027-09")), table(entry.reform("2027-09", size=size))
    effects = {change["parameter"] for change in entry.changes if change["kind"] == "effect"}
    moved = {field for field in usual.dtype.names if not np.array_equal(usual[field], sized[field])}
    assert moved == effects
    for parameter in effects:
        was, became = usual[parameter][-1] - BASE[parameter], sized[parameter][-1] - BASE[parameter]
        assert became == pytest.approx(size * was)


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_has_priority_text_source_and_dates(name: str) -> None:
    entry = library()[name]
    assert entry.priority in {*map(str, range(1, 13)), "statutory"}
    assert len(entry.text) > 20
    assert entry.source
    assert entry.announced <= entry.start


def test_every_priority_of_the_paper_has_a_reform() -> None:
    assert {entry.priority for entry in library().values()} == {*map(str, range(1, 13)), "statutory"}


# ---------------------------------------------------------------------- scenarios and their files


@pytest.mark.parametrize("name", named_scenarios())
def test_named_scenarios_are_valid(name: str) -> None:
    scenario = read_scenario(name)
    assert scenario.name == name
    assert scenario.text
    scenario.table(BASE, N_MONTHS)


def test_orders_differ_in_dates_alone() -> None:
    names = [
        {reform.name for reform in read_scenario(n).reforms} for n in ("paper_sequence", "reversed", "all_at_once")
    ]
    assert names[0] == names[1] == names[2]
    starts = {
        n: {r.name: min(c.start for c in r.changes) for r in read_scenario(n).reforms}
        for n in ("paper_sequence", "reversed")
    }
    foundation, last = ("national_standards", "workforce", "outreach_teams"), ("plan_threshold", "reassessment")
    assert all(starts["paper_sequence"][a] < starts["paper_sequence"][b] for a in foundation for b in last)
    assert all(starts["reversed"][a] > starts["reversed"][b] for a in foundation for b in last)


WRONG = [
    ('reform = "outreach_teem"', ScenarioError, "line 4: unknown reform 'outreach_teem'. Did you mean 'outreach_teams"),
    ('reform = "bases"\nbegin = "2027-09"', ScenarioError, "line 5: reform 'bases': unknown key 'begin'"),
    ('start = "2027-09"', ScenarioError, "'reform' is missing"),
    ('reform = "bases"\nstart = 2027', ScenarioError, "line 5: reform 'bases': 'start' must be a text in quotes"),
    ('reform = "bases"\nstart = "2071-09"', DateError, "line 4: reform 'bases': "),
    ('reform = "bases"\nstart = "2027-13"', DateError, "line 5: reform 'bases': '2027-13'"),
    ('reform = "bases"\nstart = "2026-01"\nannounced = "2026-05"', ScenarioError, "before it is announced in 2026-05"),
    ('reform = "bases"\n[[use]]\nreform = "bases"', ScenarioError, "holds reform 'bases' twice"),
    ('reform = "bases"\nsize = 2', ScenarioError, "line 5: reform 'bases': 'size' says nothing"),
    ('reform = "workforce"\nsize = -1', ScenarioError, "'size' must be a number above 0"),
    ('reform = "school_formula"\n[[reforms]]\nname = "none"\n[[reforms.changes]]\nparameter = "escalation"\nplus = 0\n'
     'start = "2027-09"', ScenarioError, "reform 'none' changes nothing"),
    ('reform = "bases"\n[[reforms]]\nname = "late"\n[[reforms.changes]]\nparameter = "escalation"\nplus = 1\n'
     'start = "2027-09"\nend = "2027-01"', ScenarioError, "ends in 2027-01, not after its start"),
    ('reform = "override_ends"\n[[reforms]]\nname = "other"\n[[reforms.changes]]\nparameter = "statutory_override"\n'
     'value = 1\nstart = "2030-09"', ScenarioError, "give them different precedence, or end one earlier"),
    ('reform = "bases"\n[[reforms]]\nname = "r"\n[[reforms.changes]]\nparameter = "support_grant_gbp"\nvalue = -5\n'
     'start = "2030-09"', ParameterError, "line 8: reform 'r': support_grant_gbp = -5"),
    ('reform = "bases"\n[[reforms]]\nname = "r"\n[[reforms.changes]]\nparameter = "escalatio"\nvalue = 1\n'
     'start = "2030-09"', ParameterError, "line 8: reform 'r' changes unknown parameter 'escalatio'. Did you mean"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "error", "message"), WRONG)
def test_wrong_scenario_files_are_refused_in_one_line(
    tmp_path: Path, entry: str, error: type[SendcycleError], message: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'name = "mine"\n\n[[use]]\n{entry}\n', encoding="utf-8")
    with pytest.raises(error) as caught:
        read_scenario(str(path))
    assert message in str(caught.value)
    assert str(caught.value).startswith("mine.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("1000", "is exceeded by 2,7"),
        ("-1", "must be a number of 0 or more"),
        ('"much"', "must be a number of 0 or more"),
    ],
)
def test_a_budget_is_enforced(tmp_path: Path, budget: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    text = 'name = "mine"\nbudget_million_gbp = {}\n\n[[use]]\nreform = "bases"\n'
    path.write_text(text.format(budget), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(str(path))
    assert "line 2: " in str(caught.value)
    assert message in str(caught.value)
    path.write_text(text.format(4000), encoding="utf-8")
    assert read_scenario(str(path)).reforms[0].name == "bases"


def test_a_file_combines_library_reforms_with_its_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\n[[use]]\nreform = "bases"\nstart = "2027-09"\n'
        '[[reforms]]\nname = "own"\n[[reforms.changes]]\nparameter = "escalation"\ntimes = 0.5\nstart = "2028-01"\n',
        encoding="utf-8",
    )
    scenario = read_scenario(str(path))
    assert [reform.name for reform in scenario.reforms] == ["bases", "own"]
    assert scenario.reforms[0].changes[0].start == "2027-09"
    assert scenario.table(BASE, N_MONTHS)["escalation"][-1] == pytest.approx(0.5 * BASE["escalation"])
    with pytest.raises(ScenarioError, match=r"unknown scenario 'revresed'\. Did you mean 'reversed'"):
        read_scenario("revresed")


# ---------------------------------------------------------------------- costs


def test_costs_follow_the_dates_of_a_reform() -> None:
    costs = (
        {"payer": "government", "million_gbp": 120.0, "until": 24},
        {"payer": "schools", "million_gbp": 12.0, "after": 6},
    )
    made = Entry(**(vars(library()["workforce"]) | {"costs": costs}))
    scenario = Scenario("x", (made.reform("2030-01"),))
    spent = programme_money(scenario)
    assert spent["government"].sum() == pytest.approx(240.0)
    assert spent.loc["2030-01", "government"] == pytest.approx(10.0)
    assert spent.loc["2031-12", "government"] == pytest.approx(10.0)
    assert spent.loc["2032-01", "government"] == 0.0
    assert spent.loc["2030-06", "schools"] == 0.0
    assert spent.loc["2030-07", "schools"] == pytest.approx(1.0)
    assert spent.loc[:"2029-12"].to_numpy().sum() == 0.0
    assert programme_money(Scenario("x", (made.reform("2030-01", months=12),)))["schools"].sum() == pytest.approx(6.0)
    level = money.price_level()
    first = [month_index(month) for month in ("2030-01", "2030-02", "2030-03")]  # of the financial year 2029-30
    assert beside_the_model(scenario).loc[2029, "government"] == pytest.approx(10.0 * level[first].sum())


def test_a_reform_written_by_the_user_has_costs(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = (
        'name = "mine"\nbudget_million_gbp = {}\n[[reforms]]\nname = "own"\n'
        'changes = [{{ parameter = "escalation", times = 0.5, start = "2028-01" }}]\n'
        'costs = [{{ payer = "schools", million_gbp = {}, start = "2028-01", end = "2030-01" }}]\n'
    )
    path.write_text(text.format(250, 120), encoding="utf-8")
    assert programme_money(read_scenario(str(path)))["schools"].sum() == pytest.approx(240.0)
    path.write_text(text.format(230, 120), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"line 2: .* is exceeded by 10"):
        read_scenario(str(path))
    path.write_text(text.format(230, -1), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"line 6: .* what a reform costs is 0 or more"):
        read_scenario(str(path))


def test_prices_cover_the_first_to_the_last_financial_year() -> None:
    found = money.mid_year_prices(pd.Series([2014, 2026, 2039, 2040]))
    level = money.price_level()
    assert found.tolist() == [level[1], 1.0, level[month_index("2039-10")], level[-1]]


def test_costs_of_the_white_paper_match_its_published_totals() -> None:
    spent = programme_money(read_scenario("white_paper_2026"))
    assert spent["places"].sum() == pytest.approx(3_700.0, rel=0.03)  # £3.7bn for places
    three_years = spent.loc["2026-04":"2029-03"]
    assert three_years["grants"].sum() == pytest.approx(
        1_200.0, rel=0.08
    )  # £1.6bn, about £400m a year of it to schools
    outreach = programme_money(Scenario("x", (library()["outreach_teams"].reform(),))).loc["2026-09":"2029-08"]
    assert outreach.sum(axis=None) == pytest.approx(1_800.0, rel=0.1)  # £1.8bn over three years


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        ({"payer": "goverment", "million_gbp": 1.0}, "unknown payer 'goverment'. Did you mean 'government'"),
        ({"payer": "schools", "million_gbp": -1.0}, "what a reform costs is 0 or more"),
        ({"payer": "schools", "million_gbp": 1.0, "end": "2029-01"}, "not after its start"),
    ],
)
def test_wrong_costs_are_refused(cost: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        Cost(**({"start": "2030-01"} | cost))


def test_an_out_of_range_value_in_a_mapping_is_refused() -> None:
    mapping = {
        "name": "x",
        "reforms": [{"name": "r", "changes": [{"parameter": "special_places_extra", "value": -5, "start": "2027-09"}]}],
    }
    with pytest.raises(ParameterError, match="special_places_extra = -5"):
        scenario_of(mapping)
