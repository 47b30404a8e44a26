"""Sweeps: designs are checked, results do not depend on the worker, and no finished run is lost."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sendcycle import NO_CHANGE, Change, Parameters, Reform, Scenario, simulate
from sendcycle.errors import ParameterError, ResultsError, SendcycleError
from sendcycle.inputs.parameters import declared
from sendcycle_experiments.analysis.baseline import run_baseline
from sendcycle_experiments.sweeps import runner
from sendcycle_experiments.sweeps.designs import DELAY, Design, DesignError, delay_of, delayed, prior_of
from sendcycle_experiments.sweeps.model_state import changed_entries, model_state
from sendcycle_experiments.sweeps.ownership import note_written
from sendcycle_experiments.sweeps.runner import sweep
from sendcycle_experiments.sweeps.store import RUNS, Store
from sendcycle_experiments.terminal.command_line import main

ROOT = Path(__file__).resolve().parents[1]
SMALL: dict[str, Any] = {
    "name": "small", "scale": 0.0005, "until": "2015-12", "years": [2015], "outcomes": ["plans_in_force", "requests"],
}  # fmt: skip


def design(**more: Any) -> Design:
    """Return a small design from its plain form."""
    return Design.from_mapping({**SMALL, **more})


# ---------------------------------------------------------------------- designs


def test_runs_are_points_times_arms_times_replicates() -> None:
    d = design(
        n=4, replicates=3, seed=7, uncertainties={"escalation": {}}, levers={"gain_r1_crowding_out": [0, 1]},
        constants={"effect_wait": 0.04},
    )  # fmt: skip
    plan = d.plan()
    assert len(plan) == d.n_runs == 4 * 2 * 3
    assert plan["seed"].unique().tolist() == [7, 8, 9]
    assert (plan.groupby("point")["escalation"].nunique() == 1).all()
    assert plan["escalation"].nunique() == 4
    assert (plan["effect_wait"] == 0.04).all()
    listed = [run for first, last in d.batches() for run in d.runs(first, last)]
    assert [run.run for run in listed] == plan["run"].tolist()
    for run, row in zip(listed, plan.to_dict("records"), strict=True):
        assert run.seed == row["seed"]
        assert run.values == {name: row[name] for name in ("escalation", "gain_r1_crowding_out", "effect_wait")}


def test_arms_share_their_random_draws() -> None:
    plan = design(n=2, replicates=2, uncertainties={"escalation": {}}, levers={"gain_r1_crowding_out": [0, 1]}).plan()
    seeds = plan.groupby(["point", "replicate"])["seed"].unique().map(list)
    assert all(len(found) == 1 for found in seeds)


@pytest.mark.parametrize("sampler", ["latin", "sobol"])
def test_points_fill_the_declared_priors(sampler: str) -> None:
    names = [name for name, p in declared().items() if p.prior.dist != "none"][:12]
    d = design(n=256, sampler=sampler, uncertainties={name: {} for name in names})
    for k, name in enumerate(names):
        prior = declared()[name].prior
        found = np.sort(d.points[:, k])
        expected = prior.quantiles((np.arange(256) + 0.5) / 256)
        assert np.abs(found - expected).max() <= np.diff(expected).max() * 3
        assert prior.low <= found[0] <= found[-1] <= prior.high


def test_a_group_brings_all_its_parameters_with_a_prior() -> None:
    d = design(n=2, groups=["confidence"], constants={"effect_confidence": 1.0})
    expected = {name for name, p in declared().items() if p.group == "confidence" and p.prior.dist != "none"}
    assert set(d.uncertainties) == expected - {"effect_confidence"}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"uncertainties": {"escalaton": {}}}, "Did you mean 'escalation'"),
        ({"outcomes": ["plans"]}, "unknown outcome 'plans'"),
        ({"uncertainties": {"escalation": {"low": 0.5, "high": 0.1}}}, "from 0.5 to 0.1 ends before it begins"),
        ({"uncertainties": {"escalation": {"low": 0.1, "high": 90.0}}}, "must lie within"),
        ({"levers": {"escalation": []}}, "different values"),
        ({"levers": {"escalation": [99.0]}}, "out of range"),
        ({"constants": {"escalation": 0.2}, "levers": {"escalation": [0.2]}}, "declared twice"),
        ({"sampler": "sobol", "n": 100}, "power of two"),
        ({"n": 0}, "n must be a whole number"),
        ({"n": True}, "'n' of the design cannot be True"),
        ({"years": [2016]}, "no outcome has a figure of 2016"),
        ({"scale": 0.0}, "scale"),
        ({"until": "2050-01"}, "outside the run"),
        ({"sampeler": "latin"}, "Did you mean 'sampler'"),
        ({"groups": ["loop"]}, "Did you mean 'loops'"),
        ({"groups": ["loops"]}, "no parameter of the group loops has a prior"),
        ({"scenarios": ["nothing"]}, "unknown scenario"),
        ({"name": "../up"}, "cannot name a folder"),
        ({"replicates": 10**7}, "are more than"),
    ],
)
def test_a_wrong_design_is_refused_in_one_line(entry: dict[str, Any], words: str) -> None:
    with pytest.raises((DesignError, ParameterError, ValueError), match=words) as caught:
        design(**entry)
    assert "\n" not in str(caught.value)


def test_changed_entries_are_named() -> None:
    one, other = design(n=2, uncertainties={"escalation": {}}), design(n=4, uncertainties={"escalation": {}})
    assert changed_entries(one.as_dict(), other.as_dict()) == ["n", "points"]
    assert changed_entries(one.as_dict(), one.as_dict()) == []
    assert changed_entries(one.as_dict(), one.replaced(seed=7).as_dict()) == ["seed", "points"]


def test_designs_that_list_entries_in_another_order_differ() -> None:
    draws: dict[str, Any] = {"escalation": {}, "effect_wait": {}}
    levers: dict[str, Any] = {"gain_r1_crowding_out": [0, 1], "gain_r2_budget_squeeze": [0, 1]}
    one = design(n=2, uncertainties=draws, levers=levers)
    turned = design(n=2, uncertainties=dict(reversed(draws.items())), levers=levers)
    assert "uncertainties" in changed_entries(one.as_dict(), turned.as_dict())
    turned = design(n=2, uncertainties=draws, levers=dict(reversed(levers.items())))
    assert changed_entries(one.as_dict(), turned.as_dict()) == ["levers"]


# ---------------------------------------------------------------------- stores


def rows(*runs: int, error: str | None = None) -> pd.DataFrame:
    """Return what a batch of these runs may bring."""
    return pd.DataFrame(
        {
            "run": np.asarray(runs, dtype=np.int64),
            "year": np.full(len(runs), 2015, dtype=np.int16),
            "error": pd.array([error] * len(runs), dtype="string"),
            "plans_in_force": np.asarray(runs, dtype=float) if error is None else np.nan,
            "requests": np.nan,
        }
    )


def test_parts_are_read_in_order_and_failures_separately(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.begin(design(n=5, batch=1, uncertainties={"escalation": {}}), resume=False)
    for run in (3, 4, 0, 1):
        store.add(run, rows(run))
    store.add(2, rows(2, error="ValueError: no"))
    assert store.outcomes()["run"].tolist() == [0, 1, 3, 4]
    failed = store.failures()
    assert failed["run"].tolist() == [2]
    assert failed["escalation"].iloc[0] == store.plan()["escalation"].iloc[2]
    assert store.finished() == {0, 1, 2, 3, 4}


def test_damaged_and_half_written_parts_are_discarded(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.begin(design(n=4, batch=1, uncertainties={"escalation": {}}), resume=False)
    for batch in range(3):
        store.add(batch, rows(batch))
    first, second, _ = sorted((tmp_path / RUNS).iterdir())
    content = bytearray(first.read_bytes())
    content[len(content) // 2] ^= 1
    first.write_bytes(bytes(content))
    second.write_bytes(second.read_bytes()[:-8])
    (tmp_path / RUNS / ".part-000007-abc.parquet.unfinished").write_bytes(b"half")
    assert store.finished() == {2}
    assert ["was changed" in words for words in store.parts().wrong] == [True, True]
    store.add(0, rows(0))
    assert store.finished() == {0, 2}


def test_a_brief_manifest_identifies_scenarios_by_content(tmp_path: Path) -> None:
    found = {}
    for name, value in (("one", 1.5), ("same", 1.5), ("other", 1.6)):
        scenario = Scenario("outreach", (Reform("outreach", (Change("outreach_extra", value, "2014-11"),)),))
        small = {key: SMALL[key] for key in ("name", "scale", "until", "years", "outcomes")}
        store = sweep(Design(scenarios=(scenario,), sampler="defaults", **small), tmp_path / name, workers=1).store
        found[name] = store.brief()["design"]["scenarios"]
        assert store.is_finished
    assert found["one"] == found["same"] != found["other"]
    assert found["one"][0]["name"] == "outreach"
    assert "outreach_extra" not in json.dumps(store.brief())
    assert "outreach_extra" in json.dumps(store.manifest())


def test_runs_of_another_design_or_model_are_not_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.begin(design(), resume=False)
    with pytest.raises(ResultsError, match="add --resume"):
        store.begin(design(), resume=False)
    store.begin(design(), resume=True)
    with pytest.raises(ResultsError, match=r"what differs: design: replicates, design: seed\."):
        store.begin(design(replicates=2, seed=5), resume=True)
    monkeypatch.setattr("sendcycle_experiments.sweeps.model_state.code_hash", lambda: "another")
    with pytest.raises(ResultsError, match=r"what differs: model: code\."):
        store.begin(design(), resume=True)


def test_a_full_disk_is_reported_in_one_line_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.begin(design(n=2, uncertainties={"escalation": {}}), resume=False)
    store.add(0, rows(0))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultsError, match="No space left on device"):
        store.add(1, rows(1))
    assert store.finished() == {0}
    assert [path.name for path in (tmp_path / RUNS).iterdir() if path.name.startswith(".")] == []


def test_two_processes_do_not_write_into_one_folder(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom sendcycle_experiments.sweeps.store import Store\n"
        f"with Store({str(tmp_path)!r}).alone():\n    print('in', flush=True)\n    sys.stdin.read()\n"
    )
    environment = dict(os.environ)
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"in"
        with pytest.raises(ResultsError, match="another process is writing into"):
            sweep(design(), tmp_path)
        assert not (tmp_path / "design.json").exists()
    finally:
        other.kill()
        other.wait()
    with Store(tmp_path).alone():  # a process that was killed keeps nobody out
        pass


# ---------------------------------------------------------------------- running


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    with scheduler_and_workers(tmp_path_factory.mktemp("dask"), 2) as found:
        yield found


@contextlib.contextmanager
def scheduler_and_workers(folder: Path, n_workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Start a Dask scheduler and workers as processes of their own, and yield their address."""
    environment = dict(os.environ)
    file = folder / "scheduler.json"
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
         "--no-dashboard", "--scheduler-file", str(file)],
        env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    processes = [scheduler]
    try:
        while not (file.exists() and file.stat().st_size):
            assert scheduler.poll() is None, "the scheduler has ended"
            time.sleep(0.1)
        address = str(pd.read_json(file, typ="series")["address"])
        processes += [
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny",
                 "--no-dashboard"],
                env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            for _ in range(n_workers)
        ]  # fmt: skip
        yield address, processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def by_scheduler(
    addresses: tuple[str, list[subprocess.Popen[bytes]]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Design, Path]:
    """Run a design on the scheduler with two workers."""
    address, _ = addresses
    chosen = design(
        n=6, replicates=2, batch=4, uncertainties={"escalation": {}}, levers={"gain_r1_crowding_out": [0, 1]}
    )
    folder = tmp_path_factory.mktemp("sweep") / "two"
    seen: list[runner.Progress] = []
    done = runner.sweep(chosen, folder, scheduler=address, progress=seen.append)
    assert (done.computed, done.failed) == (24, 0)
    assert [progress.done for progress in seen] == [0, 4, 8, 12, 16, 20, 24]
    return chosen, folder


def parts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / RUNS).iterdir()}


def test_runs_that_failed_are_computed_again_when_asked(tmp_path: Path) -> None:
    small = design(n=3, uncertainties={"escalation": {}}, batch=1)
    sweep(small, tmp_path, workers=1)
    store = Store(tmp_path)
    whole = store.table()
    path = next(path for path in (tmp_path / RUNS).iterdir() if path.name.startswith("part-000001"))
    path.unlink()
    store.continues()
    store.add(1, rows(1, error="ValueError: no"))
    left = sweep(small, tmp_path, resume=True, workers=1)
    assert (left.computed, left.failed) == (0, 1)
    again = sweep(small, tmp_path, resume=True, retry_failed=True, workers=1)
    assert (again.computed, again.failed) == (1, 0)
    pd.testing.assert_frame_equal(store.table(), whole)


def test_one_local_worker_writes_the_same_files_as_a_scheduler(
    by_scheduler: tuple[Design, Path], tmp_path: Path
) -> None:
    chosen, folder = by_scheduler
    runner.sweep(chosen, tmp_path, workers=1)
    assert parts(tmp_path) == parts(folder)
    assert len(parts(tmp_path)) == 6


def test_a_run_of_a_sweep_equals_simulate(by_scheduler: tuple[Design, Path]) -> None:
    chosen, folder = by_scheduler
    table = Store(folder).table()
    row = table.iloc[13]
    values = {name: float(row[name]) for name in ("escalation", "gain_r1_crowding_out")}
    alone = simulate(Parameters(**values), NO_CHANGE, int(row["seed"]), chosen.scale, chosen.until).yearly()
    assert row["plans_in_force"] == alone.loc[2015, "plans_in_force"]
    assert row["requests"] == alone.loc[2015, "requests"]


def test_arrow_duckdb_and_pandas_read_the_same(by_scheduler: tuple[Design, Path]) -> None:
    duckdb = pytest.importorskip("duckdb")
    _, folder = by_scheduler
    query = f"select run, plans_in_force from '{folder / RUNS}/*.parquet' order by run"
    assert duckdb.sql(query).df()["plans_in_force"].tolist() == Store(folder).outcomes()["plans_in_force"].tolist()


def test_a_failing_run_is_stored_with_its_error_and_the_others_continue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = design(n=3, uncertainties={"escalation": {}})
    bad = chosen.runs(1, 2)[0].values["escalation"]
    whole = runner.simulate_each

    def sometimes(parameters: Parameters, *more: Any, **others: Any) -> Any:
        if parameters["escalation"] == bad:
            raise ZeroDivisionError("over\nnothing")
        return whole(parameters, *more, **others)

    monkeypatch.setattr(runner, "simulate_each", sometimes)
    common = {"scenarios": [NO_CHANGE], "outcomes": ["requests"], "years": [2015], "scale": 0.0005, "until": "2015-12"}
    found = runner.run_batch(chosen.runs(0, 3), common, model_state())
    assert found["run"].tolist() == [0, 1, 2]
    assert found["error"].isna().tolist() == [True, False, True]
    assert found["error"].iloc[1] == "ZeroDivisionError: over nothing"
    assert found["requests"].notna().tolist() == [True, False, True]


@pytest.mark.parametrize("what", ["code", "parameters.toml", "authorities_start.csv"])
def test_a_worker_with_another_model_is_refused(what: str) -> None:
    with pytest.raises(ResultsError, match=rf"another state of the model than this one \({what} differ\)"):
        runner.run_batch([], {}, model_state() | {what: "not this one"})


def test_a_missing_scheduler_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(runner.SendcycleError, match="no Dask scheduler answers at nowhere"):
        runner.sweep(design(), tmp_path, scheduler="nowhere")


LONG = """
name = "long"
scale = 0.001
until = "2016-12"
years = [2015, 2016]
outcomes = ["plans_in_force"]
n = 12
batch = 2
[uncertainties]
escalation = {}
"""


def heed_interruptions() -> None:
    """Let Ctrl-C reach the command even where the tests themselves run in the background, where it is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


# The command, which says when so many parts are written and then waits to be killed, while its workers go on.
HELD = """
import signal, sys
from sendcycle_experiments.sweeps.store import Store
from sendcycle_experiments.terminal.command_line import main

add, n_left = Store.add, int(sys.argv.pop(1))

def add_and_wait(store, batch, rows):
    global n_left
    if n_left == 0:
        print("here", flush=True)
        signal.pause()
    n_left -= 1
    add(store, batch, rows)

Store.add = add_and_wait
sys.exit(main())
"""


def start_sweep(file: Path, out: Path, *more: str, parts_before: int = 10**6) -> subprocess.Popen[str]:
    """Start a sweep as somebody would in a terminal; after some parts it waits to be killed."""
    command = [sys.executable, "-c", HELD, str(parts_before), "sweep", str(file), "--out", str(out), *more]
    return subprocess.Popen(
        command, cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=heed_interruptions,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("how", "n_written"), [(signal.SIGKILL, 0), (signal.SIGKILL, 3), (signal.SIGKILL, 5), (signal.SIGINT, 3)]
)
def test_a_killed_sweep_resumes_where_it_stopped(how: signal.Signals, n_written: int, tmp_path: Path) -> None:
    file, out = tmp_path / "long.toml", tmp_path / "out"
    file.write_text(LONG, encoding="utf-8")
    process = start_sweep(file, out, "--workers", "1", parts_before=n_written)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        os.killpg(process.pid, how)  # a terminal sends Ctrl-C to all processes of the command
        _, errors = process.communicate()
    finally:
        process.kill()
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "runs are kept" in errors
        assert "Traceback" not in errors
        assert len(errors.splitlines()) <= 4, errors
    kept = parts(out)
    written = {name: (out / RUNS / name).stat().st_mtime_ns for name in kept}
    assert len(kept) == n_written
    assert not (out / "manifest.json").exists()
    again = start_sweep(file, out, "--workers", "1", "--resume")
    _, errors = again.communicate()
    assert again.returncode == 0, errors
    now = parts(out)
    assert {name: now[name] for name in kept} == kept
    again_written = {name: (out / RUNS / name).stat().st_mtime_ns for name in kept}
    assert again_written == written, "a finished run was computed again"
    assert Store(out).manifest()["computed"] == 12 - 2 * len(kept)
    assert Store(out).outcomes()["run"].nunique() == 12
    assert (out / "manifest.json").exists()


def test_a_client_whose_event_loop_starts_late_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def late(address: str, timeout: int) -> str:
        begun.append(address)
        assert len(begun) > 2
        return "client"

    monkeypatch.setattr("distributed.Client", late)
    assert runner._client("tcp://127.0.0.1:1") == "client"
    assert len(begun) == 3


def test_a_killed_worker_loses_no_run(addresses: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path) -> None:
    address, processes = addresses
    chosen = design(n=24, batch=2, uncertainties={"escalation": {}})

    def kill_once(progress: runner.Progress) -> None:
        if progress.done >= 4:
            processes[1].kill()

    done = runner.sweep(chosen, tmp_path, scheduler=address, progress=kill_once)
    assert processes[1].poll() is not None
    assert (done.computed, done.failed) == (24, 0)
    assert Store(tmp_path).outcomes()["run"].tolist() == list(range(24))


def test_a_killed_scheduler_is_reported_and_its_runs_are_stored(
    addresses: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, processes = addresses  # the last test that uses them
    chosen = design(n=24, batch=2, uncertainties={"escalation": {}})

    def kill_once(progress: runner.Progress) -> None:
        if progress.done >= 4:
            processes[0].kill()

    with pytest.raises(ResultsError, match="scheduler is gone"):
        runner.sweep(chosen, tmp_path, scheduler=address, progress=kill_once)
    kept = len(Store(tmp_path).finished())
    assert kept >= 2
    assert runner.sweep(chosen, tmp_path, resume=True, workers=1).computed == 24 - 2 * kept
    assert Store(tmp_path).outcomes()["run"].tolist() == list(range(24))


class Waiting:
    """Stands for batches that are being computed, and for a client whose workers answer, in turn, as told."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.thread_condition, self._run = list(answers), threading.Condition(), None

    def has_ready(self) -> bool:
        return not self.answers

    def is_empty(self) -> bool:
        return False

    def __next__(self) -> str:
        return "batch"

    def sync(self, *_: Any, **__: Any) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    "answer", [{"tcp://a": False, "tcp://b": True}, {"tcp://a": OSError("closed")}, TimeoutError()]
)
def test_a_worker_without_memory_ends_a_sweep_with_a_line(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "ASKED_AFTER", 0.0)
    waiting = Waiting(*[answer] * runner.ASKED_IN_VAIN)
    with pytest.raises(ResultsError, match=r"a worker can get no more memory .* what was finished is kept"):
        runner._next_finished(waiting, waiting, lambda: None)


def test_a_worker_that_answers_again_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "ASKED_AFTER", 0.0)
    lacks, well = {"tcp://a": True}, {"tcp://a": False}
    waiting = Waiting(*[lacks] * (runner.ASKED_IN_VAIN - 1), well, TimeoutError(), well, OSError("gone"))
    assert runner._next_finished(waiting, waiting, lambda: None) == "batch"
    assert capsys.readouterr().err == ""
    waiting = Waiting(*[{}] * 9)
    assert runner._next_finished(waiting, waiting, lambda: None) == "batch"
    assert capsys.readouterr().err.count("no worker") == 1


def test_memory_that_cannot_be_had_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not runner._lacks_memory()
    monkeypatch.setattr(runner, "ONE_THREAD", 2**62)
    assert runner._lacks_memory()


def test_a_run_without_memory_is_stored_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def starved(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate")

    monkeypatch.setattr(runner, "simulate_each", starved)
    common = {"scenarios": [NO_CHANGE], "outcomes": ["requests"], "years": [2015], "scale": 0.0005, "until": "2015-12"}
    found = runner.run_batch(design(n=2, uncertainties={"escalation": {}}).runs(0, 2), common, model_state())
    assert found["error"].tolist() == ["MemoryError: Unable to allocate"] * 2


def test_a_run_and_a_sweep_do_not_share_a_folder(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ResultsError, match="not written by"):
        Store(tmp_path).begin(design(), resume=False)
    store = Store(tmp_path / "s")
    store.begin(design(), resume=False)
    with pytest.raises(ResultsError, match="results of a sweep"):
        run_baseline(Parameters(), out=tmp_path / "s", scale=0.0005, until="2014-10")


def test_a_missing_scheduler_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(runner.SendcycleError, match="no Dask scheduler"):
        runner.sweep(design(), tmp_path / "new", scheduler="tcp://127.0.0.1:1")
    assert not (tmp_path / "new").exists()


def test_half_a_range_is_refused() -> None:
    with pytest.raises(DesignError, match="both low and high"):
        design(uncertainties={"escalation": {"low": 0.2}})


# ---------------------------------------------------------------------- dates of reforms as factors

REFORMS = """
name = "two"
[[reforms]]
name = "outreach"
announced = "2014-10"
changes = [{ parameter = "outreach_extra", value = 1.0, start = "2015-01", end = "2015-09", ramp_months = 3 }]
announcement = [{ parameter = "awareness", value = 0.5 }]
[[reforms]]
name = "campaign"
changes = [{ parameter = "confidence_campaign", value = 0.05, start = "2015-02" }]
"""


@pytest.fixture
def two_reforms(tmp_path: Path) -> Path:
    file = tmp_path / "two.toml"
    file.write_text(REFORMS.replace("awareness", ANNOUNCED), encoding="utf-8")
    return file


ANNOUNCED = next(name for name in declared() if "anticipation" in name and declared()[name].read == "monthly")


def test_a_delay_moves_a_reform_and_its_announcement_and_no_other(two_reforms: Path) -> None:
    scenario = Scenario.from_toml(two_reforms)
    later = delayed(scenario, {"delay_outreach": 5.0})
    outreach, campaign = later.reforms
    assert (outreach.announced, outreach.changes[0].start, outreach.changes[0].end) == ("2015-03", "2015-06", "2016-02")
    assert outreach.announcement[0].start == "2015-03"
    assert campaign == scenario.reforms[1]
    assert delayed(scenario, {}) == scenario
    assert delayed(scenario, {"delay_outreach": 300.0}).reforms[0].changes[0].end is None  # beyond the last month


def test_runs_use_the_delay_of_their_plan(two_reforms: Path, tmp_path: Path) -> None:
    scenario = Scenario.from_toml(two_reforms)
    d = Design(
        "dates", {"delay_campaign": prior_of("delay_campaign", {"low": 0, "high": 6})}, scenarios=(scenario,), n=3,
        outcomes=("confidence",), years=(2015,), scale=0.0005, until="2015-12",
    )  # fmt: skip
    rows = runner.sweep(d, tmp_path / "out", workers=1).store.table()
    assert set(rows["delay_campaign"]) <= set(range(7))
    for row in rows.to_dict("records"):
        alone = simulate(
            Parameters(), delayed(scenario, {"delay_campaign": row["delay_campaign"]}), 0, 0.0005, "2015-12", threads=1
        )
        assert row["confidence"] == alone.yearly().loc[2015, "confidence"]


def test_dates_of_reforms_are_factors_beside_groups(two_reforms: Path, tmp_path: Path) -> None:
    words = ["sensitivity", "morris", "--groups", "confidence", "--grouped", "--n", "4", "--scale", "0.0005"]
    words += ["--until", "2016-03", "--years", "2016", "--outcomes", "confidence,plans_in_force"]
    words += ["--scenario", str(two_reforms), "--delays", "0:6", "--out", str(tmp_path / "out")]
    assert main(words) == 0
    table = pd.read_csv(tmp_path / "out" / "indices.csv")
    assert set(table["factor"]) == {"confidence", "delay_outreach", "delay_campaign"}
    moved = table[(table["outcome"] == "confidence") & (table["index"] == "mu_star")].set_index("factor")["value"]
    assert moved["delay_campaign"] > 0.0
    assert main([*words[:-2], "--out", str(tmp_path / "no"), "--delays", "6"]) == 2
    assert main(["sensitivity", "morris", "--delays", "0:6", "--out", str(tmp_path / "no")]) == 2


def test_every_month_of_a_delay_is_equally_likely() -> None:
    months = np.round(prior_of("delay_x", {"low": -2, "high": 3}).quantiles((np.arange(6000) + 0.5) / 6000))
    counts = pd.Series(months).value_counts()
    assert sorted(counts.index) == [-2, -1, 0, 1, 2, 3]
    assert counts.max() - counts.min() < 10


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"delay_outreac": {"low": 0, "high": 6}}, "no scenario has such a reform.*outreach"),
        ({"delay_outreach": {"low": 0, "high": 0.5}}, "whole months"),
        ({"delay_outreach": {"low": 6, "high": 0}}, "whole months"),
        ({"delay_outreach": {}}, "whole months"),
        ({"delay_outreach": {"low": -9, "high": 0}}, "2014-01|outside"),
        ({"delay_outreach": {"low": 0, "high": 40}}, "never starts|starts"),
    ],
)
def test_impossible_delays_are_refused(two_reforms: Path, entry: dict[str, Any], message: str) -> None:
    with pytest.raises(SendcycleError, match=message):
        Design.from_mapping({**SMALL, "scenarios": [two_reforms.name], "uncertainties": entry}, two_reforms.parent)


def test_seeds_stay_within_64_bits() -> None:
    with pytest.raises(SendcycleError, match="pass the largest"):
        Design("x", sampler="defaults", replicates=2, seed=2**63 - 2)
    largest = Design("x", sampler="defaults", replicates=1, seed=2**63 - 2)
    assert largest.plan()["seed"].tolist() == [2**63 - 2]
    with pytest.raises(SendcycleError, match=r"seed 9223372036854775808 is out of range"):
        simulate(seed=2**63, scale=0.0005, until="2014-10")


def test_resuming_a_finished_sweep_leaves_its_manifest(tmp_path: Path) -> None:
    chosen = design(sampler="defaults")
    runner.sweep(chosen, tmp_path / "sweep", workers=1)
    before = (tmp_path / "sweep" / "manifest.json").read_bytes()
    again = runner.sweep(chosen, tmp_path / "sweep", resume=True)
    assert again.computed == 0
    assert (tmp_path / "sweep" / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"years": ["2015"]}, "years cannot hold '2015'"),
        ({"outcomes": [1]}, "outcomes cannot hold 1"),
        ({"levers": {"escalation": [[0.1]]}}, "lever escalation cannot hold"),
        ({"uncertainties": {"escalation": {"dist": ["a"]}}, "n": 2}, "unknown prior"),
        ({"n": 5}, "without uncertainties are all alike"),
        ({"outcomes": ["high_needs_spending"]}, "no outcome has a figure of 2015"),
        ({"outcomes": ["high_needs_spending", "plans_in_force"]}, "high_needs_spending has no figure of"),
        (
            {"uncertainties": {"escalation": {"dist": "normal", "mean": -100, "sd": 0.01}}, "n": 4},
            "escalation is always",
        ),
    ],
)
def test_useless_designs_are_refused_before_anything_runs(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(SendcycleError, match=words):
        design(**entry)


def test_a_sweep_that_lost_a_part_is_refused_until_it_is_resumed(tmp_path: Path) -> None:
    chosen = design(sampler="defaults", replicates=4, batch=1)
    runner.sweep(chosen, tmp_path, workers=1)
    next((tmp_path / RUNS).glob("part-*")).unlink()
    with pytest.raises(ResultsError, match="1 parts of the runs are gone"):
        Store(tmp_path).outcomes()
    assert runner.sweep(chosen, tmp_path, resume=True, workers=1).computed == 1
    assert Store(tmp_path).outcomes()["run"].nunique() == 4


def test_a_resumed_sweep_does_not_look_finished(tmp_path: Path) -> None:
    chosen = design(sampler="defaults", replicates=3, batch=1)
    runner.sweep(chosen, tmp_path, workers=1)
    next((tmp_path / RUNS).glob("part-*")).unlink()
    looks = []
    runner.sweep(chosen, tmp_path, resume=True, workers=1, announce=lambda _: looks.append(Store(tmp_path).is_finished))
    assert looks == [False]


def test_a_plan_written_in_pieces_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sendcycle_experiments.sweeps.store.PLANNED_AT_ONCE", 7)
    chosen = design(n=9, uncertainties={"escalation": {}}, levers={"gain_r1_crowding_out": [0, 1]})
    Store(tmp_path).begin(chosen, resume=False)
    pd.testing.assert_frame_equal(Store(tmp_path).plan(), chosen.plan())


# ---------------------------------------------------------------------- names that other tools take


@pytest.fixture
def oddly_named(tmp_path: Path) -> Scenario:
    file = tmp_path / "odd.toml"
    file.write_text(REFORMS.replace("awareness", ANNOUNCED).replace('"outreach"', '"Out-reach: 2 (new)"'))
    return Scenario.from_toml(file)


def every_kind_of_factor(scenario: Scenario) -> Design:
    delays = {delay_of(reform.name): {"low": 0, "high": 6} for reform in scenario.reforms}
    return Design(
        "names", {name: prior_of(name, entry) for name, entry in ({"escalation": {}} | delays).items()}, n=4,
        levers={"outreach_extra": (1.0, 1.5)}, scenarios=(NO_CHANGE, scenario), constants={"severity_threshold": 7.0},
        outcomes=("confidence",), years=(2015,), scale=0.0005, until="2015-12",
    )  # fmt: skip


def test_columns_of_a_sweep_work_unquoted_and_ema_keeps_them(oddly_named: Scenario, tmp_path: Path) -> None:
    d = every_kind_of_factor(oddly_named)
    table = sweep(d, tmp_path / "out").store.table()
    assert {"delay_Out_reach__2__new_", "delay_campaign", "reform_scenario"} <= set(table)
    assert [name for name in table if not name.isidentifier()] == []
    assert "scenario" not in table
    assert not any(name.startswith(DELAY) for name in declared())  # a delay is known by how its name begins


def test_a_delay_of_a_reform_with_punctuation_moves_it(oddly_named: Scenario) -> None:
    later = delayed(oddly_named, {"delay_Out_reach__2__new_": 5.0})
    assert [reform.changes[0].start for reform in later.reforms] == ["2015-06", "2015-02"]


def test_reforms_whose_delays_would_share_a_name_are_refused(oddly_named: Scenario) -> None:
    first, second = oddly_named.reforms
    alike = Scenario("alike", (replace(first, name="a b"), replace(second, name="a-b")))
    with pytest.raises(DesignError, match="'delay_a_b' is the delay of the reforms 'a b' and 'a-b' alike"):
        Design("alike", {"delay_a_b": prior_of("delay_a_b", {"low": 0, "high": 2})}, scenarios=(alike,), n=2)


def test_a_delay_as_it_was_written_before_says_the_new_name(two_reforms: Path) -> None:
    with pytest.raises(DesignError, match=r"'delay:outreach': write 'delay_outreach'\.$"):
        design(uncertainties={"delay:outreach": {"low": 0, "high": 6}}, scenarios=[str(two_reforms)])


def test_a_sweep_of_an_earlier_version_is_one_line_and_its_plan_heals(oddly_named: Scenario, tmp_path: Path) -> None:
    out = tmp_path / "out"
    d = every_kind_of_factor(oddly_named)
    store = sweep(d, out).store
    plan = store.plan()
    plan.rename(columns={"reform_scenario": "scenario"}).to_parquet(out / "plan.parquet", index=False)
    note_written(out, ["plan.parquet"])
    with pytest.raises(ResultsError, match="names no reform_scenario, as in earlier versions; --resume does"):
        store.table()
    assert sweep(d, out, resume=True).store.plan().equals(plan)
    kept = (out / "design.json").read_text().replace("delay_campaign", "delay:campaign")
    (out / "design.json").write_text(kept)
    note_written(out, ["design.json"])
    for read in (store.design, lambda: sweep(d, out, resume=True)):
        with pytest.raises(ResultsError, match="an earlier version wrote it, with 'delay:campaign'"):
            read()
