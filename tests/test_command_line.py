"""The command line: what it writes and shows, and one line with an exit status for everything that goes wrong."""

import contextlib
import errno
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure

from sendcycle import SendModel
from sendcycle.errors import ResultsError
from sendcycle.inputs.parameters import Parameters, declared
from sendcycle.inputs.published import published_series
from sendcycle.outputs import observables
from sendcycle.outputs.results import manifest_id, read_result_manifest
from sendcycle_experiments import app as page_package
from sendcycle_experiments.studies.registry import STUDIES
from sendcycle_experiments.sweeps import progress
from sendcycle_experiments.sweeps.interruption import interruptible
from sendcycle_experiments.sweeps.output_folder import atomic_folder
from sendcycle_experiments.terminal import list_commands
from sendcycle_experiments.terminal.command_line import main

ROOT = Path(__file__).resolve().parents[1]
SMALL = ["run", "--scale", "0.002", "--until", "2017-04"]
FILES = {
    "authorities.parquet", "breakdowns.parquet", "manifest.json", "national.parquet", "overview.pdf", "overview.png",
    "schools.parquet", "yearly.csv", "columns.csv",
}  # fmt: skip
SCENARIO = """
name = "no crowding out"
[[reforms]]
name = "hold"
[[reforms.changes]]
parameter = "gain_r1_crowding_out"
value = 0.5
start = "2015-09"
"""


class Run(NamedTuple):
    out: Path
    shown: str


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One small run into a folder that does not exist yet, with what it printed."""
    out = tmp_path_factory.mktemp("runs") / "new" / "run"
    command = [
        sys.executable,
        "-m",
        "sendcycle_experiments.terminal.command_line",
        *SMALL,
        "--seed",
        "3",
        "--out",
        str(out),
    ]
    done = subprocess.run(
        [*command, "--set", "gain_r1_crowding_out=0.5"],
        capture_output=True, text=True, cwd=ROOT, env=os.environ | {"COLUMNS": "80"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return Run(out, done.stdout)


def failed(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 2) -> str:
    """Return the one line that a failing command printed, having checked its exit status."""
    assert main(arguments) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("sendcycle: ")
    assert captured.err.count("\n") == 1
    assert captured.err.endswith("\n")
    return captured.err


# ---------------------------------------------------------------------- what a run writes and shows


def test_run_writes_its_files_and_nothing_else(finished: Run) -> None:
    assert {path.name for path in finished.out.iterdir()} == FILES | {".sendcycle.json"}


def test_manifest_names_every_file_and_the_settings(finished: Run) -> None:
    manifest = read_result_manifest(finished.out)  # checks the hash of every file it names
    assert set(manifest["files"]) == FILES - {"manifest.json"}
    assert manifest["seed"] == 3
    assert manifest["scale"] == 0.002
    assert manifest["until"] == "2017-04"
    assert manifest["parameters_changed"] == {"gain_r1_crowding_out": 0.5}
    assert manifest["scenario"]["name"] == "no_change"
    assert manifest["parameters_of"] == (
        "declared values (calibrated to england_2025-01); changed: gain_r1_crowding_out = 0.5"
    )
    assert manifest["id"] == manifest_id(manifest)


def test_every_command_says_first_of_whose_parameters_its_results_are(
    finished: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> str:
        return capsys.readouterr().out.splitlines()[0]

    of = f"parameters: {Parameters().in_words()}"
    design = tmp_path / "d.toml"
    design.write_text('name = "d"\noutcomes = ["requests"]\nyears = [2015]\nuntil = "2015-12"\nscale = 0.0005\n')
    assert main(["sweep", str(design), "--estimate"]) == 0
    assert said() == of
    assert main(["sweep", str(design), "--out", str(tmp_path / "d"), "--workers", "1"]) == 0
    assert said() == of
    assert json.loads((tmp_path / "d" / "manifest.json").read_text())["parameters_of"] == Parameters().in_words()
    assert main(["sensitivity", "morris", "--groups", "confidence", "--n", "2", "--estimate"]) == 0
    assert re.fullmatch(rf"{re.escape(of)}; [0-9]+ drawn for each point", said())
    design.write_text(design.read_text() + 'ensemble = "england_2025-01"\nmembers = 3\n')
    assert main(["sweep", str(design), "--estimate"]) == 0
    assert said() == "parameters: 3 members of england_2025-01"
    assert finished.shown.startswith(f"{of}; changed: gain_r1_crowding_out = 0.5\n")


def test_list_explains_one_reform_and_unknown_names_get_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "reforms", "outreach_teams"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for words in ("priority 3", "specialists_extra, value 7500", "payer government, million_gbp 290", "grade C"):
        assert words in said
    assert main(["list", "reforms", "outreach_team"]) == 2
    assert "Did you mean 'outreach_teams'?" in capsys.readouterr().err


def test_figures_carry_the_id_of_the_manifest(finished: Run) -> None:
    name = read_result_manifest(finished.out)["id"]
    assert f"run {name}".encode() in (finished.out / "overview.png").read_bytes()
    assert f"run {name}".encode() in (finished.out / "overview.pdf").read_bytes()


def test_tables_have_the_declared_columns_and_a_row_a_month(finished: Run) -> None:
    names = list(observables.declared().observables)
    national = pd.read_parquet(finished.out / "national.parquet")
    assert list(national.columns) == ["month", *names]
    assert len(national) == 32
    assert str(national["month"].iloc[0]) == "2014-09-01"
    authorities = pd.read_parquet(finished.out / "authorities.parquet")
    assert list(authorities.columns) == ["month", "la_code", "la_name", *names]
    assert len(authorities) == 32 * authorities["la_code"].nunique()


def test_run_shows_published_numbers_beside_the_model(finished: Run) -> None:
    lines = finished.shown.splitlines()
    yearly = pd.read_csv(finished.out / "yearly.csv", index_col="year")
    (row, *_) = [line for line in lines if line.startswith("│ 2016 ")]
    for name in ("plans_in_force", "new_plans"):
        model, published = yearly.loc[2016, name] / 1000, published_series(name)[2016] / 1000
        error = f"{100 * (model / published - 1):+.1f}%".replace("-", "−")
        assert " ".join(f"{model:.1f} {published:.1f} {error}".split()) in " ".join(row.split())
    assert max(len(line) for line in lines if line.startswith(("│", "┃"))) <= 80
    for title in ("Plans in force", "Appeals registered", "High-needs spending", "Within 20 weeks"):
        assert title in finished.shown


def test_run_says_where_it_wrote(finished: Run) -> None:
    assert str(finished.out) in finished.shown.replace("\n", "")


def test_run_takes_a_scenario_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    assert main(["run", str(path), "--scale", "0.002", "--until", "2015-12", "--out", str(tmp_path / "out")]) == 0
    assert read_result_manifest(tmp_path / "out")["scenario"]["name"] == "no crowding out"
    assert capsys.readouterr().err == ""


def test_every_file_of_a_run_has_the_same_bits_on_any_number_of_threads(tmp_path: Path) -> None:
    assert len(SendModel(scale=0.006, seed=3, n_months=1, threads=3)._parts) == 3
    arguments = ["run", "--scale", "0.006", "--until", "2017-04", "--seed", "3"]
    for threads in ("1", "2", "3"):
        assert main([*arguments, "--threads", threads, "--out", str(tmp_path / threads)]) == 0
    files = [read_result_manifest(tmp_path / threads)["files"] for threads in ("1", "2", "3")]
    assert set(files[0]) == FILES - {"manifest.json"}
    for name in sorted(
        FILES - {"manifest.json", "overview.pdf", "overview.png"}
    ):  # figures say from which run they are
        assert files[0][name] == files[1][name] == files[2][name], name


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "gain_r1_crowding=0"], ["unknown parameter", "Did you mean 'gain_r1_crowding_out'?"]),
        (["--set", "gain_r1_crowding_out=9"], ["gain_r1_crowding_out = 9", "0 to 2 multiplier"]),
        (["--set", "gain_r1_crowding_out"], ["write name=value"]),
        (["--set", "gain_r1_crowding_out=much"], ["'much' is not a finite number"]),
        (["--set", "gain_r1_crowding_out=1", "--set", "gain_r1_crowding_out=0"], ["set twice"]),
        (["--set", "self=1"], ["unknown parameter 'self'"]),
        (["--scale", "0"], ["scale 0", "out of range"]),
        (["--scale", "-1"], ["scale -1", "out of range"]),
        (["--scale", "2"], ["scale 2", "out of range"]),
        (["--scale", "nan"], ["scale nan", "out of range"]),
        (["--until", "2014-08"], ["2014-08", "2014-09 to 2040-08"]),
        (["--until", "2040-09"], ["2040-09", "2014-09 to 2040-08"]),
        (["--until", "2030"], ["not a month", "YYYY-MM"]),
        (["no_chang"], ["unknown scenario 'no_chang'", "Did you mean 'no_change'?"]),
        (["missing.toml"], ["cannot read scenario missing.toml"]),
    ],
)
def test_bad_input_gives_one_line_and_status_2(
    arguments: list[str], said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = failed(capsys, "run", "--scale", "0.002", "--out", str(tmp_path / "out" / "run"), *arguments)
    for part in said:
        assert part in message
    assert list(tmp_path.iterdir()) == []


def test_app_reports_unknown_scenarios_and_missing_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "unknown scenario 'papr_sequence'" in failed(capsys, "app", "papr_sequence")
    monkeypatch.setitem(sys.modules, "sendcycle_experiments.app.serving", None)
    monkeypatch.delattr(page_package, "serving", raising=False)  # another test may have loaded it
    assert "pip install 'sendcycle[app]'" in failed(capsys, "app", "--no-browser")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "cannot read scenario"),
        ('name = "x"\nreform = []', "Did you mean 'reforms'?"),
        (SCENARIO.replace("crowding_out", "crowding"), "Did you mean 'gain_r1_crowding_out'?"),
        (SCENARIO.replace("0.5", "50"), "0 to 2 multiplier"),
        (SCENARIO.replace("2015-09", "2055-09"), "2014-09 to 2040-08"),
    ],
)
def test_a_corrupt_scenario_is_refused_in_one_line(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    assert said in failed(capsys, "run", str(path), "--scale", "0.002", "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["run", "--sclae", "1"], "--scale"),
        (["run", "--scale", "much"], "--scale"),
        (["run", "--threads", "0"], "--threads"),
        (["run", "--seed", "-1"], "--seed"),
        (["walk"], "sendcycle --help"),
        (["list", "parameter"], "sendcycle list --help"),
        (["bench", "--scales", "0.1,2"], "2 is not a share"),
        (["bench", "--scales", "small"], "not a list of numbers"),
    ],
)
def test_wrong_usage_gives_one_line_with_a_hint(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = failed(capsys, *arguments)
    assert hint in message
    assert "--help" in message


def test_unwritable_output_is_found_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setattr("sendcycle_experiments.analysis.baseline.simulate", lambda *_, **__: pytest.fail("it ran"))
    message = failed(capsys, *SMALL, "--out", str(tmp_path / "file" / "run"))
    assert f"cannot write results into {tmp_path / 'file' / 'run'}" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission_is_found_before_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "Permission denied" in failed(capsys, *SMALL, "--out", str(tmp_path / "run"))
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("writer", [(pq, "write_table"), (pd.DataFrame, "to_csv"), (Figure, "savefig")])
def test_a_full_disk_leaves_no_file(
    writer: tuple[Any, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*writer, full)
    message = failed(capsys, "run", "--scale", "0.002", "--until", "2015-01", "--out", str(tmp_path / "run"))
    assert message == f"sendcycle: cannot write results into {tmp_path / 'run'}: {os.strerror(errno.ENOSPC)}.\n"
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------- Ctrl-C


# The command, which says when it has run some months and then waits to be interrupted.
HELD = """
import signal, sys
from sendcycle import SendModel
from sendcycle_experiments.terminal.command_line import main

step = SendModel.step

def step_and_wait(model):
    step(model)
    if model.t == 30:
        print("here", flush=True)
        signal.pause()

SendModel.step = step_and_wait
sys.exit(main())
"""


def test_interrupted_run_says_so_and_leaves_no_file(tmp_path: Path) -> None:
    """A real process gets a real signal while it runs: after some months, before it can finish."""
    out = tmp_path / "out" / "run"
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, "run", "--scale", "0.002", "--until", "2040-08", "--out", str(out)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # not ignored, as in background
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        assert out.is_dir()
        process.send_signal(signal.SIGINT)
        shown, errors = process.communicate()
    finally:
        process.kill()
    assert errors == "sendcycle: interrupted; nothing was written.\n"
    assert shown == ""
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_calibration_says_that_its_steps_are_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sendcycle_experiments.calibration.smoother.calibrate", stopped)
    message = failed(capsys, "calibrate", "--smoke", "--out", str(tmp_path), status=130)
    assert message == "sendcycle: interrupted; finished steps are kept, the same command goes on from there.\n"


@pytest.mark.parametrize("disguise", [RuntimeError("compiling failed"), None])
def test_a_swallowed_interruption_is_raised_again(disguise: Exception | None) -> None:
    """Compilers sometimes swallow an interruption, or turn it into an error of their own."""

    def work() -> None:
        with interruptible() as check:
            check()  # not yet
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            if disguise is not None:
                raise disguise
            check()

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            work()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_errors_without_an_interruption_pass_unchanged() -> None:
    with pytest.raises(RuntimeError, match="compiling failed"), interruptible():
        raise RuntimeError("compiling failed")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ResultsError("no.")])
def test_failed_run_keeps_earlier_results(interruption: Any, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("earlier", encoding="utf-8")

    def fail_half_way() -> None:
        with atomic_folder(tmp_path) as folder:
            (folder / "manifest.json").write_text("later", encoding="utf-8")
            raise interruption

    with pytest.raises((KeyboardInterrupt, ResultsError)):
        fail_half_way()
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]
    assert (tmp_path / "manifest.json").read_text(encoding="utf-8") == "earlier"


def write_pair(out: Path, content: str) -> None:
    with atomic_folder(out) as folder:
        (folder / "manifest.json").write_text(content, encoding="utf-8")
        (folder / "table.csv").write_text(content, encoding="utf-8")


def test_half_moved_results_have_no_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pair(tmp_path / "out", "earlier")
    replace = os.replace

    def fail_at_table(source: Path, target: Path) -> None:
        if target.name == "table.csv":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_at_table)
    with pytest.raises(ResultsError, match="cannot write results into"):
        write_pair(tmp_path / "out", "later")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"table.csv", ".sendcycle.json"}


def test_results_in_the_way_of_a_users_folder_change_nothing(tmp_path: Path) -> None:
    write_pair(tmp_path / "out", "earlier")
    (tmp_path / "out" / "table.csv").unlink()
    (tmp_path / "out" / "table.csv" / "mine").mkdir(parents=True)
    with pytest.raises(ResultsError, match="not written by sendcycle"):
        write_pair(tmp_path / "out", "later")
    assert (tmp_path / "out" / "manifest.json").read_text(encoding="utf-8") == "earlier"


def test_remove_takes_away_what_the_program_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_pair(tmp_path / "out", "ours")
    (tmp_path / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    assert main(["remove", str(tmp_path / "out"), str(tmp_path / "none")]) == 0
    assert "what stays: notes.txt" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"notes.txt", ".sendcycle.json"}
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "x.csv").write_text("mine", encoding="utf-8")
    assert "no folder of sendcycle" in failed(capsys, "remove", str(tmp_path / "theirs"))


@pytest.mark.parametrize("argument", ["", " ", "a\0b", "\uff11\uff12", "\u202egnp", "x\x1b[31m"])
def test_arguments_that_cannot_be_are_refused_in_one_line(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["run", "--out", argument],
        ["compare", argument, "x"],
        ["experiment", "e03", "--members", argument],
    ):
        assert "argument" in failed(capsys, *arguments) or "number" in failed(capsys, *arguments)


def test_programming_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_commands, "_of_group", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["list", "parameters"])


# ---------------------------------------------------------------------- list, help, version


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["list", *arguments, "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert isinstance(records, list)
    return records


def test_list_prints_parameters_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    records = listed(capsys, "parameters")
    assert [record["name"] for record in records] == list(declared())
    for record in records:
        assert {"name", "default", "unit", "low", "high", "prior", "source", "grade", "group"} <= set(record)
        assert record["low"] <= record["default"] <= record["high"]


def test_list_prints_observables_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    records = {record["name"]: record for record in listed(capsys, "observables")}
    assert list(records) == list(observables.declared().observables)
    assert records["plans_in_force"]["published"] == "plans_in_force"
    assert records["new_plans"]["kind"] == "flow"


def test_list_prints_scenarios_and_reforms_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert {"name": "no_change", "text": "Nothing changes.", "reforms": []} in listed(capsys, "scenarios")
    assert all({"name", "source", "grade"} <= set(record) for record in listed(capsys, "reforms"))


def test_list_experiments_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    records = {record["name"]: record for record in listed(capsys, "experiments")}
    assert list(records) == list(STUDIES)
    assert records["e05"]["folder"] == "results/e05_sequencing"
    assert records["e05"]["options"]["members"] == 20
    assert records["e05"]["smoke"]["members"] == 2


@pytest.mark.parametrize(
    ("name", "meant"),
    [("priorities", "e09"), ("claims", "e10"), ("recovery", "e02_recovery"), ("rivals", "e02_rivals"),
     ("e05_sequencing", "e05"), ("funding", "e06"), ("e5", "e05")],
)  # fmt: skip
def test_another_name_of_an_experiment_is_answered_with_its_number(
    name: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"Did you mean '{meant}'?" in failed(capsys, "experiment", name)


def test_list_can_be_limited_to_one_group(capsys: pytest.CaptureFixture[str]) -> None:
    records = listed(capsys, "parameters", "--group", "loops")
    assert {record["name"] for record in records} >= {"gain_r1_crowding_out", "gain_b1_gatekeeping"}
    assert {record["group"] for record in records} == {"loops"}
    assert "Did you mean 'loops'?" in failed(capsys, "list", "parameters", "--group", "loop")


@pytest.mark.parametrize("what", ["parameters", "observables", "scenarios", "reforms", "experiments"])
def test_list_prints_a_table(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", what]) == 0
    shown = capsys.readouterr().out
    example = {"parameters": "gain_r1_crowding_out", "observables": "plans_in_force", "scenarios": "paper_sequence"}
    example["experiments"] = "results/e05_sequencing"
    assert example.get(what, "outreach_teams") in shown


@pytest.mark.parametrize(
    "command",
    [
        [], ["run"], ["bench"], ["list"], ["list", "parameters"], ["list", "observables"], ["list", "scenarios"],
        ["list", "reforms"], ["list", "experiments"], ["experiment"], *(["experiment", name] for name in STUDIES),
    ],
)  # fmt: skip
def test_every_help_has_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--help"]) == 0
    assert f"Example: sendcycle {' '.join(command)}".rstrip() in capsys.readouterr().out


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    from sendcycle import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"sendcycle {__version__}\n"


@pytest.mark.parametrize("words", ["--help", "experiment --help", "experiment e05 --help"])
def test_help_does_not_import_the_model(words: str) -> None:
    code = (
        "import sys; from sendcycle_experiments.terminal.command_line import main; "
        f"main({words.split()}); print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    modules = done.stdout.splitlines()[-1]
    assert "'sendcycle_experiments.terminal.command_line'" in modules
    for heavy in ("numba", "pandas", "mesa", "matplotlib", "numpy"):
        assert f"'{heavy}'" not in modules


def test_an_empty_cache_is_not_taken_for_a_compiled_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sendcycle.engine.compilation.cache_folder", lambda: tmp_path)
    (tmp_path / "model_1234").mkdir()
    assert not progress.is_compiled()
    (tmp_path / "model_1234" / "month.authorities_act-1.py311.1.nbc").touch()
    assert progress.is_compiled()


def test_wrong_sensitivity_and_sweep_arguments_are_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Did you mean 'morris'?" in failed(capsys, "sensitivity", "moris")
    assert "not both" in failed(capsys, "sensitivity", "morris", "--groups", "loops", "--parameters", "escalation")
    assert "Did you mean 'escalation'?" in failed(
        capsys, "sensitivity", "morris", "--parameters", "escalaton,effect_wait"
    )
    assert "power of two" in failed(
        capsys, "sensitivity", "sobol", "--parameters", "escalation,effect_wait", "--n", "12"
    )
    assert "unknown outcome" in failed(
        capsys, "sensitivity", "sobol", "--parameters", "escalation,effect_wait", "--outcomes", "plans"
    )
    assert "is not a list of years" in failed(
        capsys, "sensitivity", "sobol", "--parameters", "escalation,effect_wait", "--years", "soon"
    )
    assert "cannot read design" in failed(capsys, "sweep", "nowhere.toml")


def test_a_small_sensitivity_analysis_writes_its_table_and_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--parameters", "rate_family_request,escalation,effect_wait", "--n", "4", "--scale", "0.0005"]
    words += ["--until", "2016-12", "--years", "2016", "--outcomes", "plans_in_force,requests", "--workers", "1"]
    assert main(["sensitivity", "morris", *words, "--out", str(tmp_path / "s")]) == 0
    table = pd.read_csv(tmp_path / "s" / "indices.csv")
    here = table[(table["outcome"] == "plans_in_force") & (table["index"] == "mu_star")].set_index("factor")["value"]
    assert here["rate_family_request"] > 0.0
    assert set(here.index) == {"rate_family_request", "escalation", "effect_wait"}
    assert (tmp_path / "s" / "sensitivity.png").stat().st_size > 10_000
    assert "not converged" in capsys.readouterr().out


def test_e08_runs_in_smoke_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["experiment", "e08", "--smoke", "--workers", "1", "--out", str(tmp_path / "e08")]) == 0
    table = pd.read_csv(tmp_path / "e08" / "scales.csv")
    assert set(table["scale"]) == {0.0005, 0.001}
    assert (table["mean"] > 0.0).all()
    assert f"table and runs are in {tmp_path / 'e08'}" in capsys.readouterr().out.replace("\n", "")
