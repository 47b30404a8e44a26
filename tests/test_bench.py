"""The benchmark: what it counts and what it reports. No test depends on how fast this machine is."""

import json
import sys
import types
from typing import Any

import numpy as np
import pytest

from sendcycle import SendModel
from sendcycle.errors import SendcycleError
from sendcycle_experiments.benchmark import bench, measurements
from sendcycle_experiments.benchmark.bench import bench_tables, measure_all, targets
from sendcycle_experiments.benchmark.measurements import child_steps, count_child_steps, peak_memory_mb
from sendcycle_experiments.terminal.command_line import main


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return measure_all((0.002,), quick=True, say=lambda _: None)


def test_a_quick_bench_prints_json(
    report: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "measure_all", lambda scales, quick, say: report | {"scales": scales, "quick": quick})
    assert main(["bench", "--quick", "--json", "--scales", "0.002"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"machine", "quick", "scales", "child_step", "runs", "start", "sweeps", "page", "targets"}
    assert printed["scales"] == [0.002]
    assert printed["quick"] is True


def test_report_has_its_keys(report: dict[str, Any]) -> None:
    assert set(report["machine"]) == {"cpu", "cores", "memory_gb", "system", "python", "numba", "numpy", "mesa"}
    assert set(report["child_step"]) == {
        "scale", "n_months", "child_steps", "compiled_ns", "twin_ns", "twin_missing", "ratio",
        "full_scale_compiled_ns", "full_scale_ratio",
    }  # fmt: skip
    assert set(report["start"]) == {"first_run_seconds", "later_start_seconds", "import_seconds"}
    (run,) = report["runs"]
    assert set(run) == {"scale", "repeats", "seconds_best", "seconds_median", "peak_mb", "authorities"}


def test_report_describes_the_run_it_measured(report: dict[str, Any]) -> None:
    (run,) = report["runs"]
    assert run["scale"] == 0.002
    assert 0 < run["seconds_best"] <= run["seconds_median"]
    assert run["peak_mb"] > 50
    step, start = report["child_step"], report["start"]
    assert step["child_steps"] > 1000
    assert step["compiled_ns"] > 0
    assert start["first_run_seconds"] is None  # quick
    assert start["later_start_seconds"] > start["import_seconds"] > 0


def test_twin_is_measured_and_compared(report: dict[str, Any]) -> None:
    step = report["child_step"]
    assert step["twin_missing"] is None
    assert step["twin_ns"] > 0
    assert step["ratio"] == pytest.approx(step["twin_ns"] / step["compiled_ns"])
    assert not any("not measured" in cell for cell in bench_tables(report)[2].columns[1].cells)


def test_a_twin_that_is_missing_is_said_not_to_be_measured(report: dict[str, Any]) -> None:
    step = report["child_step"] | {"twin_missing": "no module", "twin_ns": None, "ratio": None}
    cells = list(bench_tables(report | {"child_step": step})[2].columns[1].cells)
    assert any("not measured" in cell and "no module" in cell for cell in cells)


def test_a_missing_twin_does_not_fail_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sendcycle.verification.plain_twin", None)
    with pytest.raises(ImportError):
        import sendcycle.verification.plain_twin  # noqa: F401
    outcome = child_steps("twin", 0.001, 1)
    assert "sendcycle.verification.plain_twin" in outcome["missing"]


def test_twin_is_stepped_like_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    months: list[int] = []

    class PlainTwin(SendModel):
        def step(self) -> None:
            months.append(self.t)
            super().step()

    monkeypatch.setitem(sys.modules, "sendcycle.verification.plain_twin", types.SimpleNamespace(PlainTwin=PlainTwin))
    outcome = child_steps("twin", 0.001, 3)
    assert months[-3:] == [0, 1, 2]
    assert outcome["child_steps"] == child_steps("compiled", 0.001, 3)["child_steps"] > 0


def test_child_steps_are_counted_from_birth_to_25() -> None:
    born = np.asarray([-301, -300, -299, -12, 0, 5, 11, 12], dtype=np.int16)
    t = np.arange(12)[:, None]
    age = t - born[None, :].astype(int)
    by_hand = int(((age >= 0) & (age < 300)).sum())
    assert count_child_steps(born, 12) == by_hand == 0 + 0 + 1 + 12 + 12 + 7 + 1 + 0


def test_targets_are_met_missed_or_not_measured() -> None:
    def met(seconds: float | None, ratio: float | None, quick: bool = False) -> dict[str, Any]:
        runs = [{"scale": 0.01, "seconds_best": seconds, "peak_mb": 1.0}]
        step = {"ratio": ratio, "full_scale_ratio": None}
        start = {"first_run_seconds": 1.0, "later_start_seconds": 9.0}
        sweeps = {"overhead": 0.04, "two_to_one": 1.8, "sobol_analysis_seconds": 61.0}
        report = {"quick": quick, "runs": runs, "child_step": step, "start": start, "sweeps": sweeps}
        rows = targets(report | {"page": {"seconds": 0.1}})
        return {row["what"]: row["met"] for row in rows}

    assert met(0.1, 400.0)["1 % of England, 2014 to 2035"] is True
    assert met(0.2, 400.0)["1 % of England, 2014 to 2035"] is False
    assert met(0.1, 400.0)["compiled against plain Mesa agents"] is True
    assert met(0.1, 200.0)["compiled against plain Mesa agents"] is False
    assert met(None, None)["compiled against plain Mesa agents"] is None
    assert met(0.1, 400.0)["all England, 2014 to 2035"] is None
    assert met(0.1, 400.0)["later starts"] is False
    assert met(0.1, 400.0)["sweep overhead at 1 %"] is True
    assert met(0.1, 400.0)["two workers against one"] is False
    assert met(0.1, 400.0)["Sobol' analysis, 25 × 1,024 × 200"] is False
    assert met(0.1, 400.0, quick=True)["two workers against one"] is None


def test_sweep_overhead_follows_from_timings_and_every_index_is_computed(report: dict[str, Any]) -> None:
    sweeps = report["sweeps"]
    alone = sum(sweeps["alone_seconds"]) / 2.0
    assert sweeps["overhead"] == pytest.approx(sweeps["one_worker_seconds"] / alone - 1.0)
    assert sweeps["two_to_one"] == pytest.approx(sweeps["one_worker_seconds"] / sweeps["two_workers_seconds"])
    assert alone > 0.0
    analysis = measurements.sobol_analysis(factors=4, n=8, columns=3)
    assert analysis["points"] == 8 * (2 * 4 + 2)
    assert analysis["rows"] == 3 * (4 + 4 + 6)


def test_the_page_is_timed_with_all_its_charts(report: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert report["page"]["seconds"] > 0.0
    assert report["page"]["bytes"] > 12 * 1000
    monkeypatch.setitem(sys.modules, "sendcycle_experiments.app.choices", None)
    assert "missing" in measurements.page("0.2 %", 1, 1)


def test_tables_show_targets_and_runs(report: dict[str, Any]) -> None:
    aims, runs, _ = bench_tables(report)
    assert aims.row_count == len(report["targets"])
    assert runs.row_count == 1
    assert "≤ 0.15 s" in list(aims.columns[2].cells)


def test_peak_memory_is_of_this_process() -> None:
    before = peak_memory_mb()
    block = np.ones(int(before + 64) * 1024**2 // 8)
    assert peak_memory_mb() > before + 32
    assert block[0] == 1.0


def test_a_failed_measurement_is_reported_in_one_line() -> None:
    with pytest.raises(SendcycleError, match=r"the measurement runs .* failed: .*ScaleError"):
        bench._measure("runs", scale=5.0, repeats=1)


def test_measurement_prints_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = {"kind": "compiled", "scale": 0.001, "n_months": 2}
    monkeypatch.setattr(sys, "argv", ["measurements", "child_steps", json.dumps(arguments)])
    measurements.main()
    assert set(json.loads(capsys.readouterr().out)) == {"seconds", "child_steps", "ns"}
