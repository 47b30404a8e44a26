"""Names are shown as they are, sizes are checked before any work, and files that are none end in a line."""

import contextlib
import gc
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import distributed
import pandas as pd
import pytest

import sendcycle_experiments
from sendcycle.errors import ResultsError, ScenarioError, SendcycleError
from sendcycle.outputs.results import read_result_manifest
from sendcycle_experiments.analysis import sensitivity
from sendcycle_experiments.reforms.programme_cost import check_budget, programme_money
from sendcycle_experiments.reforms.scenario_files import read_scenario
from sendcycle_experiments.sweeps import runner
from sendcycle_experiments.sweeps.csv_files import csv_text
from sendcycle_experiments.sweeps.designs import Design, DesignError
from sendcycle_experiments.sweeps.ownership import MARKER
from sendcycle_experiments.sweeps.progress import plain_console
from sendcycle_experiments.sweeps.resuming import KEY, resume_or_refuse
from sendcycle_experiments.sweeps.runner import sweep
from sendcycle_experiments.sweeps.store import DESIGN, PLAN, Store
from sendcycle_experiments.sweeps.stored_results import StoredResults
from sendcycle_experiments.terminal.command_line import main
from sendcycle_experiments.terminal.shared import print_table

PACKAGE = Path(sendcycle_experiments.__file__).parent
STRANGE = ["[/red]", "[bold]x", ":smile:", "[link=file:///x]y", "\\[x]", "[1]"]
HUGE = str(10**30)


# ---------------------------------------------------------------------- names


@pytest.mark.parametrize("name", STRANGE)
def test_a_table_shows_a_name_as_it_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(pd.DataFrame({"scenario": [name], name + "2": [1]}))
    shown = capsys.readouterr().out
    assert name in shown
    assert name + "2" in shown


@pytest.mark.parametrize("name", STRANGE)
def test_a_scenario_with_markup_in_its_name_is_compared(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    from sendcycle_experiments.analysis import comparison

    table = pd.DataFrame(
        {
            "reform_scenario": name,
            "outcome": comparison.IN_SHORT[0],
            "year": 2030,
            "median": 1.0,
            "q05": 0.0,
            "q95": 2.0,
        },
        index=[0],
    )
    print_table(comparison.summary(table, comparison.IN_SHORT, [2030]))
    assert name in capsys.readouterr().out


def test_consoles_and_columns_of_bars_are_made_in_one_place() -> None:
    made = re.compile(r"\b(Console|TextColumn)\(")
    sources = {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    assert [name for name, source in sources.items() if made.search(source)] == ["sweeps/progress.py"]
    assert len(made.findall(sources["sweeps/progress.py"])) == 2
    assert "[/red]" in plain_console().render_str("[/red]").plain


# ---------------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    "words",
    [
        *(["sensitivity", method, "--n", HUGE] for method in sensitivity.METHODS),
        ["sensitivity", "sobol", "--n", str(2**100)],
        ["sensitivity", "morris", "--n", "9999999", "--estimate"],
        ["sensitivity", "pawn", "--n", "9999999", "--estimate"],
        ["sensitivity", "pawn", "--n", "64", "--replicates", HUGE, "--estimate"],
        ["surrogate", "none", "--n", str(2**100)],
        ["sweep", "x.toml", "--workers", HUGE],
        ["experiment", "e01", "--n", HUGE],
    ],
)
def test_sizes_beyond_reason_are_refused_before_any_work(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def drawn(*_: object, **__: object) -> None:
        raise AssertionError("work has begun")

    for sampler in ("morris", "sobol", "latin", "fast_sampler"):
        monkeypatch.setattr(f"SALib.sample.{sampler}.sample", drawn)
    monkeypatch.setattr(runner, "sweep", drawn)
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("sendcycle: ")
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_estimate_draws_no_point_and_says_what_the_design_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = sensitivity.problem_of(["escalation", "effect_wait", "effect_confidence"])
    for method, n in (("morris", 5), ("sobol", 8), ("pawn", 64), ("delta", 70), ("fast", 65)):
        assert len(sensitivity.shares(method, problem, n, 0)) == sensitivity.n_points(method, problem, n)
    pairs = sensitivity.problem_of(["escalation", "effect_wait", "effect_confidence"], second_order=True)
    assert len(sensitivity.shares("sobol", pairs, 8, 0)) == sensitivity.n_points("sobol", pairs, 8)
    monkeypatch.setattr("SALib.sample.sobol.sample", lambda *_, **__: 1 / 0)
    assert main(["sensitivity", "sobol", "--n", "64", "--parameters", "escalation,effect_wait", "--estimate"]) == 0
    parameters, size = capsys.readouterr().out.splitlines()
    assert parameters.startswith("parameters: declared values (calibrated to ")
    assert parameters.endswith("2 drawn for each point")
    assert size.startswith("256 runs: 256 points × 1 arms × 1 replicates; about ")


# ---------------------------------------------------------------------- money and cells


@pytest.mark.parametrize("excess", [0.1, 0.4, 3.0, 1234.0])
def test_an_exceeded_budget_says_by_how_much(excess: float) -> None:
    scenario = read_scenario("paper_sequence")
    total = float(programme_money(scenario).sum().sum())
    check_budget(scenario, total)
    check_budget(scenario, total * (1.0 - 1e-12))  # rounding
    with pytest.raises(ScenarioError) as caught:
        check_budget(scenario, total - excess)
    said = re.search(r"is exceeded by ([0-9.,]+):", str(caught.value))
    assert said is not None
    assert float(said[1].replace(",", "")) == pytest.approx(excess, rel=0.01)


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x", "\tx", '=HYPERLINK("http://x","y")'])
def test_no_cell_heading_or_index_is_executed_by_a_spreadsheet(name: str) -> None:
    table = pd.DataFrame({"scenario": [name], name: [-1.5]}, index=pd.MultiIndex.from_tuples([(name, 1)]))
    for each in (table, table.reset_index(drop=True), table.set_index("scenario")):
        assert not re.search(r'(^|[,"\n])[=+@\t]|(^|[,"\n])-[^0-9]', csv_text(each))
    assert "-1.5" in csv_text(table)


def test_every_csv_file_is_written_in_one_place() -> None:
    writers = {path.name for path in PACKAGE.rglob("*.py") if re.search(r"\bto_csv\(|csv\.writer", path.read_text())}
    assert writers == {"csv_files.py", "ensembles.py"}  # an ensemble holds numbers under declared names


# ---------------------------------------------------------------------- what is no file


DESIGNED = Design("s", sampler="defaults", scale=0.0005, until="2015-12", years=(2015,), outcomes=("plans_in_force",))


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sweep(DESIGNED, tmp_path_factory.mktemp("once") / "s", workers=1).store.folder


@pytest.fixture
def swept(once: Path, tmp_path: Path) -> Store:
    """Return a finished sweep of its own for every test."""
    return Store(shutil.copytree(once, tmp_path / "s"))


def as_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def as_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


@pytest.mark.parametrize("turn", [as_pipe, as_folder])
@pytest.mark.parametrize("name", [DESIGN, PLAN, "manifest.json", MARKER])
def test_a_pipe_or_folder_where_a_file_of_a_sweep_is_meant_is_no_trap(
    swept: Store, name: str, turn: Callable[[Path], None]
) -> None:
    turn(swept.folder / name)
    for read in (swept.table, swept.manifest, swept.design):
        with contextlib.suppress(ResultsError):  # or its result, where another file says the same
            read()
    assert main(["surrogate", str(swept.folder)]) == 2


@pytest.mark.parametrize("turn", [as_pipe, as_folder])
def test_a_pipe_or_folder_in_results_ends_in_a_line(tmp_path: Path, turn: Callable[[Path], None]) -> None:
    turn(tmp_path / "manifest.json")
    turn(tmp_path / "table.csv")
    with pytest.raises(ResultsError, match="cannot read"):
        read_result_manifest(tmp_path)
    with pytest.raises(ResultsError, match="cannot read"):
        StoredResults(tmp_path).table("table.csv")
    with pytest.raises(ResultsError, match="cannot read"):
        StoredResults(tmp_path).manifest()
    resume_or_refuse(tmp_path / "runs", {"scale": 1})
    turn(tmp_path / "runs" / KEY)
    with pytest.raises(ResultsError, match=r"cannot|no regular file|folder"):
        resume_or_refuse(tmp_path / "runs", {"scale": 1})


@pytest.mark.parametrize("command", [["run"], ["sweep"], ["surrogate"], ["remove"], ["compare", "no_change"]])
@pytest.mark.parametrize("turn", [as_pipe, as_folder])
def test_a_pipe_or_folder_named_in_a_command_ends_in_a_line(
    command: list[str], turn: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    turn(tmp_path / "x.toml")
    assert main([*command, str(tmp_path / "x.toml")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


# ---------------------------------------------------------------------- designs changed by hand, addresses


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("uncertainties", None), ("uncertainties", []), ("uncertainties", {"x": 1}), ("uncertainties", {"x": {}}),
        ("uncertainties", {"escalation": {"dist": "uniform", "low": "a", "high": "b"}}),
        ("uncertainties", {"escalation": {"dist": "no", "low": 0, "high": 1}}),
        ("uncertainties", {"a": {"dist": "none", "low": 0, "high": 1}, "b": {"dist": "beta", "low": 0, "high": 1}}),
        ("replicates", "many"), ("outcomes", None), ("outcomes", ["x"]), ("batch", 0), ("batch", "x"), ("batch", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("noted", [True, False])
def test_a_design_changed_by_hand_is_refused_in_a_line(
    swept: Store, key: str, value: object, noted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = json.loads((swept.folder / DESIGN).read_text(encoding="utf-8"))
    kept["design"][key] = value
    (swept.folder / DESIGN).write_text(json.dumps(kept), encoding="utf-8")
    if not noted:  # as in folders from before there were markers
        (swept.folder / MARKER).unlink()
    capsys.readouterr()
    assert main(["surrogate", str(swept.folder)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "was changed" in said or not noted


@pytest.mark.parametrize(
    "address", ["tls://127.0.0.1:1", "ucx://127.0.0.1:1", "nowhere://x", "", "tcp://", "tcp://[", "ws://127.0.0.1:1"]
)
def test_no_address_of_a_scheduler_ends_in_a_traceback(address: str, tmp_path: Path) -> None:
    with pytest.raises(SendcycleError, match="no Dask scheduler answers at") as caught:
        sweep(DESIGNED, tmp_path / "s", scheduler=address)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "s").exists()
    assert "certificate" in str(caught.value) or not address.startswith("tls")


def test_a_client_that_failed_does_not_lock_up_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = distributed.utils._CollectErrorThread.__init__

    def collecting(*args: Any, **kwargs: Any) -> None:
        gc.collect()  # at the worst time: Distributed holds the lock that closing a client needs
        start(*args, **kwargs)

    monkeypatch.setattr(distributed.utils._CollectErrorThread, "__init__", collecting)
    gc.disable()
    try:
        for _ in range(2):
            with pytest.raises(SendcycleError, match="no Dask scheduler answers"):
                sweep(DESIGNED, tmp_path / "s", scheduler="nowhere://x")
    finally:
        gc.enable()


def test_a_sample_too_large_is_an_error_of_the_design() -> None:
    with pytest.raises(DesignError, match="more than"):
        sensitivity.analysis_size(Design("s"), "pawn", sensitivity.problem_of(["escalation", "effect_wait"]), 10**30)
