"""What a user writes is read as data: whatever it holds, it ends in a result or in one line."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from sendcycle import Change, Reform, Scenario
from sendcycle.errors import ParameterError, ScenarioError, SendcycleError
from sendcycle.inputs.parameters import Parameters, parse_setting
from sendcycle.inputs.user_text import (
    DEEPEST,
    LARGEST_FILE,
    LONGEST_NAME,
    check_name,
    parse_json,
    parse_number,
    parse_toml,
    read_text,
)
from sendcycle_experiments.calibration.ensembles import read_ensemble
from sendcycle_experiments.reforms.scenario_files import read_scenario
from sendcycle_experiments.sweeps.designs import Design

CHANGE = """
name = "case"
[[reforms]]
name = "r"
announced = "2026-02"
[[reforms.changes]]
parameter = "outreach_extra"
start = "2026-09"
{}
"""


def one_line(call: Callable[[], object]) -> str:
    """Return the message of the error that a call ends in, which must be one short line."""
    with pytest.raises(SendcycleError) as raised:
        call()
    message = str(raised.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


@pytest.mark.parametrize(
    "line",
    [
        f"value = {'9' * 4400}",  # more digits than Python turns into text
        f"value = {'8' * 400}",  # more than a float holds
        f"times = {'8' * 400}",
        f"value = 0x{'f' * 300}",
        "plus = 1e308",
        "times = -1",
        "value = nan",
        "value = inf",
        f"value = {'[' * 3000}{']' * 3000}",
        'value = 1.2\nend = "2027-09"\nramp_months = 60',
        'value = "\uff11\uff12"',
    ],
)
def test_impossible_numbers_in_a_scenario_file_are_one_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "case.toml"
    path.write_text(CHANGE.format(line), encoding="utf-8")
    one_line(lambda: read_scenario(str(path)))
    one_line(lambda: Scenario.from_toml(path))


def test_a_cost_beyond_counting_is_refused_before_any_run(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    cost = f'costs = [{{ payer = "government", million_gbp = {"7" * 330}, start = "2026-09" }}]\n'
    path.write_text(CHANGE.format("value = 1.2").replace("[[reforms.changes]]", cost + "[[reforms.changes]]"))
    assert "million_gbp" in one_line(lambda: read_scenario(str(path)))


@pytest.mark.parametrize("name", ["a\\u0000b", "", " ", "two\\nlines", "x\\u001b[31m", "\\u202egnp", "n" * 300])
def test_names_that_cannot_be_shown_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "case.toml"
    path.write_text(CHANGE.format("value = 1.2").replace('"case"', f'"{name}"'), encoding="utf-8")
    one_line(lambda: read_scenario(str(path)))
    path.write_text(CHANGE.format("value = 1.2").replace('"r"', f'"{name}"'), encoding="utf-8")
    one_line(lambda: read_scenario(str(path)))


def test_ordinary_names_stay_ordinary() -> None:
    for name in ("white_paper_2026", "Réforme de l'école", "改革", "a (b), c: d", "[/red]", "=SUM(1)"):
        check_name(name, "a name", ScenarioError)
    with pytest.raises(ScenarioError):
        check_name("x" * (LONGEST_NAME + 1), "a name", ScenarioError)


def test_a_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b'name = "caf\xe9"')
    with open(tmp_path / "large.toml", "wb") as handle:
        handle.truncate(LARGEST_FILE + 1)
    for name in ("pipe.toml", "folder.toml", "latin.toml", "large.toml", "none.toml", "nul\0.toml"):
        one_line(lambda name=name: read_text(tmp_path / name, "scenario", ScenarioError))
        one_line(lambda name=name: read_scenario(str(tmp_path / name)))
        one_line(lambda name=name: Design.from_toml(tmp_path / name))
    assert stat.S_ISFIFO((tmp_path / "pipe.toml").stat().st_mode)


@pytest.mark.parametrize("text", ["[]", "null", "1", "{", '{"a": ' * 5000, '{"a": 1e999}', '{"a": "\\u0000"}'])
def test_json_that_is_no_bounded_object_is_one_line(text: str) -> None:
    one_line(lambda: parse_json(text, "ensemble x.json", ScenarioError))


def test_tables_within_tables_have_an_end() -> None:
    deep = ".".join("a" for _ in range(DEEPEST + 5))
    one_line(lambda: parse_toml(f"{deep} = 1", "scenario x", ScenarioError))
    assert parse_toml("a.b.c = 1.5", "scenario x", ScenarioError) == {"a": {"b": {"c": 1.5}}}


@pytest.mark.parametrize(
    ("about", "misfit"),
    [("[]", "1.0"), ("null", "1.0"), ("{}", "x"), ("{}", "-1"), ("{}", "inf"), ("{}", ""), ("{}", "nan")],
)
def test_an_ensemble_that_cannot_be_one_is_one_line(tmp_path: Path, about: str, misfit: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"rate_norm,misfit\n{Parameters()['rate_norm']},{misfit}\n", encoding="utf-8")
    path.with_suffix(".json").write_text(about, encoding="utf-8")
    one_line(lambda: read_ensemble(str(path)))
    one_line(lambda: read_ensemble(""))


@pytest.mark.parametrize("value", ["\uff11\uff12", "1_000", "0x10", "nan", "inf", "1e999", "9" * 5000, "true", "1,5"])
def test_numbers_on_the_command_line_are_ascii_digits(value: str) -> None:
    one_line(lambda: parse_setting(f"outreach_extra={value}"))
    assert parse_number(" -1.5e-3 ", "x", ParameterError) == -0.0015


def test_numbers_from_python_are_bounded_as_those_from_files() -> None:
    huge = 10**5000
    one_line(lambda: Parameters(outreach_extra=huge))
    one_line(lambda: Change("outreach_extra", huge, "2026-09"))
    one_line(lambda: Change("outreach_extra", float("nan"), "2026-09"))
    one_line(lambda: Change("outreach_extra", -1.0, "2026-09", how="times"))
    one_line(lambda: Scenario("a\nb", (Reform("r", (Change("outreach_extra", 1.2, "2026-09"),)),)))
