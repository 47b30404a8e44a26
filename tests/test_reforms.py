"""The laws of reforms: nothing early, nothing empty, order does not matter, endings restore exactly."""

from dataclasses import asdict
from itertools import permutations
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sendcycle.calendar import N_MONTHS, month_index, month_label
from sendcycle.errors import DateError, ParameterError, ScenarioError, SendcycleError
from sendcycle.inputs.parameters import Parameter, Parameters, Prior
from sendcycle.inputs.reforms import NO_CHANGE, Change, Reform, Scenario


def _parameter(name: str, default: float, high: float = 10.0, kind: Any = "real") -> Parameter:
    prior = Prior("none", 0.0, high)
    return Parameter(name, default, "units", 0.0, high, prior, "assumed", "assumption", "test", "a number", kind)


KNOWN = {
    p.name: p
    for p in (_parameter("a", 1.0), _parameter("b", 2.0), _parameter("c", 0.3), _parameter("on", 0, 1, "switch"))
}
BASE = Parameters.of(KNOWN, {"b": 2.1})


def table(*reforms: Reform, n_months: int = N_MONTHS, base: Parameters = BASE) -> np.recarray[Any, Any]:
    return Scenario("test", reforms).table(base, n_months)


def one(name: str = "r", precedence: int = 0, **change: Any) -> Reform:
    return Reform(
        name, (Change(**({"parameter": "a", "value": 5.0, "start": "2020-01"} | change)),), precedence=precedence
    )


@st.composite
def changes(draw: st.DrawFn, parameter: str) -> Change:
    start = draw(st.integers(0, N_MONTHS - 2))
    end = draw(st.none() | st.integers(start + 1, N_MONTHS - 1))
    value = draw(st.floats(0, 10).filter(lambda value: abs(value - BASE[parameter]) > 1e-6))
    ramp = draw(st.integers(0, min(60, (N_MONTHS if end is None else end) - start)))
    return Change(parameter, value, month_label(start), None if end is None else month_label(end), ramp)


@given(st.integers(1, N_MONTHS))
def test_without_reforms_nothing_changes(n_months: int) -> None:
    rows = NO_CHANGE.table(BASE, n_months)
    assert rows.shape == (n_months,)
    assert rows.dtype == np.dtype((np.record, [(name, np.float64) for name in KNOWN]))
    for name in KNOWN:
        assert np.all(rows[name] == BASE[name])


@given(changes("a"), st.integers(0, 40))
def test_reforms_act_only_from_their_dates_and_restore_values_at_their_end(change: Change, notice: int) -> None:
    start = month_index(change.start)
    assume(start >= notice >= 1)
    announced = month_label(start - notice)
    rows = table(Reform("r", (change,), announced, announcement=(Change("b", 9.0, announced),)))
    end = N_MONTHS if change.end is None else month_index(change.end)
    for name, first, last in (("a", start, end), ("b", start - notice, start), ("c", 0, 0)):
        outside = np.r_[rows[name][:first], rows[name][last:]]
        assert np.all(outside == BASE[name])
        assert np.all(rows[name][first:last] != BASE[name])


@given(changes("a"))
def test_a_ramp_moves_in_equal_steps_and_holds(change: Change) -> None:
    start, end = change.window(N_MONTHS)
    inside = table(Reform("r", (change,)))["a"][start:end]
    steps = np.diff(np.r_[BASE["a"], inside])
    length = max(change.ramp_months, 1)
    assert steps[:length] == pytest.approx((change.value - BASE["a"]) / length)
    assert np.all(steps[length:] == 0)
    assert np.all(inside[length - 1 :] == change.value)


@given(changes("a"), changes("b"), changes("c"))
def test_disjoint_reforms_commute_and_add_up(first: Change, second: Change, third: Change) -> None:
    reforms = [Reform(change.parameter, (change,)) for change in (first, second, third)]
    tables = [table(*order) for order in permutations(reforms)]
    assert all(np.array_equal(rows, tables[0]) for rows in tables)
    for reform in reforms:
        assert np.array_equal(tables[0][reform.name], table(reform)[reform.name])


@given(changes("a"), changes("a"), st.booleans())
def test_overlapping_writes_need_precedence(low: Change, high: Change, swap: bool) -> None:
    (start, end), (high_start, high_end) = low.window(N_MONTHS), high.window(N_MONTHS)
    overlap = start < high_end and high_start < end
    pair = [Reform("low", (low,)), Reform("high", (high,))]
    if overlap:
        with pytest.raises(ScenarioError, match=r"'(low|high)' and '(low|high)' write a in the same months"):
            Scenario("test", tuple(pair))
    else:
        assert np.array_equal(table(*pair), table(*pair[::-1]))
    pair[1] = Reform("high", (high,), precedence=1)
    rows = table(*(pair[::-1] if swap else pair))["a"]
    outside = np.ones(N_MONTHS, bool)
    outside[high_start:high_end] = False
    assert np.array_equal(rows[outside], table(pair[0])["a"][outside])
    assert np.all(rows[high_start + max(high.ramp_months - 1, 0) : high_end] == high.value)


@given(changes("a"), st.integers(1, N_MONTHS))
def test_a_shorter_run_is_the_beginning_of_a_longer_one(change: Change, n_months: int) -> None:
    reform = Reform("r", (change,))
    if month_index(change.start) >= n_months:
        with pytest.raises(ScenarioError, match=f"'r' never starts: {change.start} is after the run's end"):
            table(reform, n_months=n_months)
    else:
        assert np.array_equal(table(reform, n_months=n_months), table(reform)[:n_months])


def test_a_ramp_matches_hand_calculation() -> None:
    rows = table(one(value=5.0, start="2020-01", ramp_months=4, end="2020-07"))
    start = month_index("2020-01")
    assert rows["a"][start - 1 : start + 8].tolist() == [1, 2, 3, 4, 5, 5, 5, 1, 1]


def test_a_ramp_starts_at_the_value_of_the_preceding_reform() -> None:
    reforms = one("first", end="2021-01"), one("second", start="2021-01", value=9.0, ramp_months=2)
    start = month_index("2021-01")
    for order in permutations(reforms):
        assert table(*order)["a"][start - 1 : start + 3].tolist() == [5, 7, 9, 9]


def test_relative_changes_match_hand_calculation() -> None:
    column = np.full(8, 2.0)
    assert Change("a", 1.5, "2014-11", how="times").applied(column, 0.0, 10.0)[1:4].tolist() == [2.0, 3.0, 3.0]
    ramped = Change("a", 1.0, "2014-11", ramp_months=2, how="plus").applied(column, 0.0, 10.0)
    assert ramped[1:5].tolist() == [2.0, 2.5, 3.0, 3.0]
    assert Change("a", 9.0, "2014-11", how="times").applied(column, 0.0, 10.0)[-1] == 10.0  # its range


@given(st.floats(0.2, 3.0), st.floats(0.1, 3.0), st.integers(1, 24))
def test_values_are_restored_after_a_relative_change_over_another(factor: float, value: float, ramp: int) -> None:
    assume(abs(factor - 1.0) > 1e-3)
    assume(abs(value - BASE["a"]) > 1e-3)
    under = one("under", value=value, start="2018-01", end="2020-01", ramp_months=ramp)
    over = one("over", 1, value=factor, start="2019-01", end="2023-01", how="times")
    both, alone = table(under, over)["a"], table(under)["a"]
    start, end = month_index("2019-01"), month_index("2023-01")
    assert np.array_equal(both[:start], alone[:start])
    assert np.allclose(both[start:end], np.clip(alone[start:end] * factor, 0.0, 10.0))
    assert np.array_equal(both[end:], alone[end:])
    assert np.all(both[end:] == BASE["a"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times": 1.2, "plus": 0.1}, "has times and plus: give one of them"),
        ({"value": 0.3, "times": 1.2}, "has value and times: give one of them"),
        ({"value": 0.3, "how": "twice"}, "how must be one of to, times, plus"),
        ({"times": "1.2"}, "'times' must be a number"),
        ({"times": float("nan")}, "no finite number"),
    ],
)
def test_ambiguous_changes_are_refused(change: dict[str, Any], message: str) -> None:
    entry = {"parameter": "a", "start": "2020-01"} | change
    with pytest.raises(ScenarioError, match=message):
        Scenario.from_mapping({"name": "x", "reforms": [{"name": "r", "changes": [entry]}]})


def test_relative_changes_in_a_file_equal_those_in_python() -> None:
    mapping = {"name": "r", "changes": [{"parameter": "a", "start": "2020-01", "plus": 0.5, "ramp_months": 3}]}
    scenario = Scenario.from_mapping({"name": "x", "reforms": [mapping]})
    assert scenario.reforms[0].changes == (Change("a", 0.5, "2020-01", ramp_months=3, how="plus"),)


def test_a_switch_refuses_relative_changes() -> None:
    with pytest.raises(ScenarioError, match="on is whole: give its value itself"):
        table(one(parameter="on", value=0.5, how="times"))


def test_a_reform_that_changes_nothing_is_refused() -> None:
    for reform in (one(value=1.0), one(parameter="b", value=2.1)):
        with pytest.raises(ScenarioError, match="reform 'r' changes nothing"):
            table(reform)
    table(one(parameter="b", value=2.0))  # the default, but not what these parameters hold
    with pytest.raises(ScenarioError, match="has no changes"):
        Reform("r", ())


def test_a_reform_may_follow_itself_but_not_overlap_itself() -> None:
    twice = (Change("a", 5.0, "2020-01"), Change("a", 6.0, "2021-01"))
    with pytest.raises(ScenarioError, match="'r' twice write a"):
        table(Reform("r", twice))
    table(Reform("r", (Change("a", 5.0, "2020-01", "2021-01"), twice[1])))
    with pytest.raises(ScenarioError, match="holds reform 'r' twice"):
        table(one(), one(parameter="b"))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"start": "2020-13"}, DateError, "not a month"),
        ({"start": "2014-08"}, DateError, "outside the run"),
        ({"end": "2041-01"}, DateError, "outside the run"),
        ({"end": "2020-01"}, ScenarioError, "not after its start"),
        ({"end": "2019-12"}, ScenarioError, "not after its start"),
        ({"ramp_months": -1}, ScenarioError, "whole number"),
        ({"ramp_months": 1.5}, ScenarioError, "whole number"),
        ({"value": 10.5}, ParameterError, r"reform 'r': a = 10.5 is out of range: 0 to 10 units \(source: assumed\)"),
        ({"value": float("nan")}, ScenarioError, "finite"),
        ({"parameter": "onn"}, ParameterError, "'onn'. Did you mean 'on'"),
        ({"parameter": "on", "value": 0.5}, ParameterError, "switch"),
        ({"parameter": "on", "value": 1, "ramp_months": 3}, ScenarioError, "cannot move by a ramp"),
    ],
)
def test_wrong_changes_are_refused(change: dict[str, Any], error: type[SendcycleError], message: str) -> None:
    with pytest.raises(error, match=message):
        table(one(**change))


def test_announcements_need_a_date_before_the_start() -> None:
    change, early = Change("a", 5.0, "2020-01"), Change("b", 5.0, "2019-01")
    with pytest.raises(ScenarioError, match="no date 'announced'"):
        Reform("r", (change,), announcement=(early,))
    with pytest.raises(ScenarioError, match="changes b in 2019-01, before it is announced in 2019-06"):
        Reform("r", (change,), "2019-06", announcement=(early,))
    with pytest.raises(ScenarioError, match="changes a in 2020-01, before it is announced"):
        Reform("r", (change,), "2020-02")
    with pytest.raises(ScenarioError, match="not after its start"):
        Reform("r", (change,), "2020-01", announcement=(Change("b", 5.0, "2020-01"),))
    with pytest.raises(ScenarioError, match="unknown grade"):
        Reform("r", (change,), grade="Z")


def test_run_lengths_out_of_range_are_refused() -> None:
    for n_months in (0, N_MONTHS + 1):
        with pytest.raises(ScenarioError, match="1 to 312 months"):
            NO_CHANGE.table(BASE, n_months)


def test_compiled_code_can_read_the_table() -> None:
    @numba.njit
    def total(row: Any) -> float:
        return row.a + 10 * row.b

    rows = table(one())
    assert total(rows[0]) == pytest.approx(22.0)
    assert total(rows[-1]) == pytest.approx(26.0)


FILE = """
name = "mine"
text = "an example"
[[reforms]]
name = "r"
announced = "2019-01"
grade = "B"
precedence = 2
changes = [{ parameter = "a", value = 5, start = "2020-01", end = "2030-01", ramp_months = 12 }]
[[reforms.announcement]]
parameter = "b"
value = 3.5
[[reforms]]
name = "switched"
[[reforms.changes]]
parameter = "on"
value = true
start = "2021-09"
"""


def test_a_scenario_file_gives_its_scenario(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE, encoding="utf-8")
    scenario = Scenario.from_toml(path)
    change = Change("a", 5, "2020-01", "2030-01", 12)
    first = Reform("r", (change,), "2019-01", grade="B", precedence=2, announcement=(Change("b", 3.5, "2019-01"),))
    assert scenario == Scenario(
        "mine", (first, one("switched", parameter="on", value=1, start="2021-09")), "an example"
    )
    assert hash(scenario) == hash(Scenario.from_toml(path))
    assert (
        Scenario.from_mapping(asdict(scenario) | {"reforms": [_without_none(asdict(r)) for r in scenario.reforms]})
        == scenario
    )
    assert table(*scenario.reforms)["on"][-1] == 1.0


def _without_none(entry: Any) -> Any:
    if isinstance(entry, dict):
        return {key: _without_none(value) for key, value in entry.items() if value is not None}
    return [_without_none(value) for value in entry] if isinstance(entry, (list, tuple)) else entry


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "mine"', 'nam = "mine"', "unknown key 'nam'. Did you mean 'name'"),
        ('name = "mine"', "name = 3", "'name' must be a text in quotes, not 3"),
        ('name = "mine"', "", "the scenario: 'name' is missing"),
        ("ramp_months = 12", "ramp = 12", "reform 'r': unknown key 'ramp'. Did you mean"),
        ("ramp_months = 12", "ramp_months = true", "'ramp_months' must be a whole number"),
        ("value = 5", 'value = "__import__(1)"', "'value' must be a number"),
        ("value = 5,", "", "'value' is missing"),
        ('start = "2021-09"', "start = 2021-09-01", "'start' must be a text"),
        ("precedence = 2", "precedence = 2.5", "'precedence' must be a whole number"),
        ('grade = "B"', 'colour = "B"', "reform 'r': unknown key 'colour'"),
        ("[[reforms.changes]]", "[reforms.changes]", "'changes' must be a list of tables"),
        ('[[reforms.changes]]\nparameter = "on"\nvalue = true\nstart = "2021-09"', "changes = [3]", "must be a table"),
        ('[[reforms.changes]]\nparameter = "on"\nvalue = true\nstart = "2021-09"', "", "'changes' is missing"),
        ('name = "mine"', "name = ", "cannot read scenario"),
        ('name = "mine"', "reforms = 3", "cannot read scenario"),
        ('name = "mine"', f"name = {'[' * 100_000}", "cannot read scenario"),
    ],
)
def test_wrong_files_are_refused_in_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert FILE.count(old) == 1
    path = tmp_path / "wrong.toml"
    path.write_text(FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError, match=message) as caught:
        Scenario.from_toml(path)
    assert "\n" not in str(caught.value)


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "none.toml", tmp_path / "binary.toml"):
        with pytest.raises(ScenarioError, match="cannot read scenario"):
            Scenario.from_toml(path)
    with pytest.raises(ScenarioError, match="'reforms' must be a list"):
        Scenario.from_mapping({"name": "x", "reforms": 3})
    with pytest.raises(ScenarioError, match="must be a table"):
        Scenario.from_mapping(3)  # type: ignore[arg-type]


def test_a_wrong_month_is_reported_with_its_reform() -> None:
    change = {"parameter": "escalation", "value": 0.1, "start": "2020-13"}
    with pytest.raises(DateError, match="reform 'late': '2020-13' is not a month"):
        Scenario.from_mapping({"name": "x", "reforms": [{"name": "late", "changes": [change]}]})
