"""The benchmark: speed and memory of the model on this machine, beside the targets of the project."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.table import Table

SCALES = (0.002, 0.01, 0.1, 1.0)
QUICK_SCALES = (0.002, 0.01)
TWIN = (0.02, 24)  # scale and months on which the model and its plain twin are compared
QUICK_TWIN = (0.002, 6)
SWEEP = {"runs": 240, "batch": 10, "scale": 0.01}
QUICK_SWEEP = {"runs": 16, "batch": 2, "scale": 0.002}
ANALYSIS = {"factors": 25, "n": 1024, "columns": 200}  # 20 years of 10 outcomes
QUICK_ANALYSIS = {"factors": 4, "n": 64, "columns": 4}
PAGE = {"scale": "1 %", "months": 240, "pictures": 10}
QUICK_PAGE = {"scale": "0.2 %", "months": 24, "pictures": 2}
ROOT = Path(__file__).resolve().parents[3]

Say = Callable[[str], Any]


def measure_all(scales: Sequence[float], *, quick: bool = False, say: Say = print) -> dict[str, Any]:
    """Return all measurements as plain values for JSON, by what was measured, with `machine` and `targets`.

    Parameters
    ----------
    scales
        Shares of England for the runs from September 2014 to August 2035.
    quick
        Repeat less, and leave out what takes longer than some seconds: a child-step at full scale, and the run with an
        empty cache.
    say
        Told what is measured next.
    """
    say("compiling, if that is needed")
    _measure("small_run")
    child_step = measure_child_step(quick, say)
    runs = [measure_run(scale, quick, say) for scale in scales]
    start = measure_start(quick, say)
    sweeps = measure_sweeps(quick, say)
    say("the page")
    page = _measure("page", None, **(QUICK_PAGE if quick else PAGE))
    report = {
        "machine": machine(), "quick": quick, "child_step": child_step, "runs": runs, "start": start, "sweeps": sweeps,
        "page": page,
    }  # fmt: skip
    return report | {"targets": targets(report)}


def measure_child_step(quick: bool, say: Say) -> dict[str, Any]:
    """Return ns a child-step, compiled and as plain Mesa agents on the same children, and compiled at full scale."""
    scale, months = QUICK_TWIN if quick else TWIN
    say("a child-step, compiled")
    compiled = _best_of(1 if quick else 3, kind="compiled", scale=scale, n_months=months)
    say("a child-step, as plain Mesa agents")
    twin = _measure("child_steps", kind="twin", scale=scale, n_months=months)
    full = None
    if not quick:
        say("a child-step, compiled, all England")
        full = _measure("child_steps", kind="compiled", scale=1.0, n_months=60)["ns"]
    plain = twin.get("ns")
    return {
        "scale": scale,
        "n_months": months,
        "child_steps": compiled["child_steps"],
        "compiled_ns": compiled["ns"],
        "twin_ns": plain,
        "twin_missing": twin.get("missing"),
        "ratio": plain / compiled["ns"] if plain else None,
        "full_scale_compiled_ns": full,
        "full_scale_ratio": plain / full if plain and full else None,
    }


def _best_of(repeats: int, **arguments: Any) -> dict[str, Any]:
    return min((_measure("child_steps", **arguments) for _ in range(repeats)), key=lambda outcome: outcome["ns"])


def measure_run(scale: float, quick: bool, say: Say) -> dict[str, Any]:
    """Return seconds and peak memory of September 2014 to August 2035 at `scale`, after compilation."""
    repeats = 2 if quick else 5 if scale <= 0.02 else 3 if scale <= 0.2 else 1
    say(f"{100 * scale:g} % of England")
    outcome = _measure("runs", scale=scale, repeats=repeats)
    return {
        "scale": scale,
        "repeats": repeats,
        "seconds_best": min(outcome["seconds"]),
        "seconds_median": statistics.median(outcome["seconds"]),
        "peak_mb": outcome["peak_mb"],
        "authorities": outcome["authorities"],
    }


def measure_start(quick: bool, say: Say) -> dict[str, Any]:
    """Return seconds from starting Python to the end of a first small run: with an empty cache, and later."""
    first = None
    if quick:
        say("start-up")
        later = [_timed_start({})]
    else:
        with tempfile.TemporaryDirectory(prefix="sendcycle-bench-") as folder:
            say("a first run, with an empty cache")
            first = _timed_start({"NUMBA_CACHE_DIR": folder})[0]
            say("start-up")
            later = [_timed_start({"NUMBA_CACHE_DIR": folder}) for _ in range(3)]
    seconds, inside = min(later, key=lambda start: start[0])
    return {"first_run_seconds": first, "later_start_seconds": seconds, "import_seconds": inside["import_seconds"]}


def measure_sweeps(quick: bool, say: Say) -> dict[str, Any]:
    """Return what a sweep costs beside the model, what a second worker brings, and how long Sobol' analysis takes."""
    say("sweeps with one worker and with two")
    outcome = _measure("sweep", None, **(QUICK_SWEEP if quick else SWEEP))
    alone = sum(outcome["alone_seconds"]) / 2.0
    say("Sobol' analysis")
    analysis = _measure("sobol_analysis", None, **(QUICK_ANALYSIS if quick else ANALYSIS))
    return outcome | {
        "overhead": outcome["one_worker_seconds"] / alone - 1.0,
        "two_to_one": outcome["one_worker_seconds"] / outcome["two_workers_seconds"],
        "sobol_analysis_seconds": analysis["seconds"],
    }


def _timed_start(environment: dict[str, str]) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    outcome = _measure("small_run", environment)
    return time.perf_counter() - began, outcome


def _measure(name: str, environment: dict[str, str] | None = None, **arguments: Any) -> dict[str, Any]:
    """Return the outcome of one of `sendcycle_experiments.benchmark.measurements`, run in a process of its own."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-m", "sendcycle_experiments.benchmark.measurements", name, json.dumps(arguments)],
        env=os.environ | {"PYTHONPATH": path} | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        from sendcycle.errors import SendcycleError

        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise SendcycleError(f"the measurement {name} {json.dumps(arguments)} failed: {last}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def machine() -> dict[str, Any]:
    """Return what the numbers depend on: processor, cores, memory and versions."""
    versions = {name: _version(name) for name in ("numba", "numpy", "mesa")}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    facts = {"cpu": _processor(), "cores": cores, "memory_gb": round(memory, 1), "system": platform.platform()}
    return facts | {"python": platform.python_version()} | versions


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def targets(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each target with its value; `met` is None where nothing was measured. No target fails the benchmark."""
    runs = {run["scale"]: run for run in report["runs"]}
    sweeps = {} if report["quick"] else report["sweeps"]  # quick ones are too short to say anything
    page = {} if report["quick"] else report["page"]
    whole, hundredth = runs.get(1.0, {}), runs.get(0.01, {})
    rows = [
        ("all England, 2014 to 2035", whole.get("seconds_best"), "<=", 20.0, "s"),
        ("all England, peak memory", whole.get("peak_mb"), "<=", 4096.0, "MiB"),
        ("1 % of England, 2014 to 2035", hundredth.get("seconds_best"), "<=", 0.15, "s"),
        ("compiled against plain Mesa agents", report["child_step"]["ratio"], ">=", 300.0, "times"),
        ("the same, compiled at full scale", report["child_step"]["full_scale_ratio"], ">=", 300.0, "times"),
        ("first run, compilation included", report["start"]["first_run_seconds"], "<=", 30.0, "s"),
        ("later starts", report["start"]["later_start_seconds"], "<=", 2.0, "s"),
        ("sweep overhead at 1 %", sweeps.get("overhead"), "<=", 0.05, ""),
        ("two workers against one", sweeps.get("two_to_one"), ">=", 1.9, "times"),
        ("Sobol' analysis, 25 × 1,024 × 200", sweeps.get("sobol_analysis_seconds"), "<=", 60.0, "s"),
        ("the page: a month of two scenarios and twelve charts", page.get("seconds"), "<=", 0.2, "s"),
    ]
    return [
        {"what": what, "value": value, "relation": relation, "target": target, "unit": unit}
        | {"met": None if value is None else (value <= target if relation == "<=" else value >= target)}
        for what, value, relation, target, unit in rows
    ]


def bench_tables(report: dict[str, Any]) -> list[Table]:
    """Return the report as tables for the terminal."""
    return [_targets_table(report), _runs_table(report), _child_step_table(report)]


def _targets_table(report: dict[str, Any]) -> Table:
    m = report["machine"]
    title = f"{m['cpu']}, {m['cores']} cores, {m['memory_gb']} GiB; Python {m['python']}, Numba {m['numba']}"
    table = Table("", "measured", "target", "met", title=title, title_justify="left")
    for row in report["targets"]:
        sign = "≤" if row["relation"] == "<=" else "≥"
        met = {None: "not measured", True: "yes", False: "no"}[row["met"]]
        table.add_row(row["what"], _text(row["value"], row["unit"]), f"{sign} {row['target']:g} {row['unit']}", met)
    return table


def _runs_table(report: dict[str, Any]) -> Table:
    table = Table(
        "scale", "best", "median", "runs", "seconds a 1 %", "peak memory",
        title="September 2014 to August 2035, after compilation", title_justify="left",
    )  # fmt: skip
    for run in report["runs"]:
        cells = (f"{100 * run['scale']:g} %", _text(run["seconds_best"], "s"), _text(run["seconds_median"], "s"))
        each = _text(run["seconds_best"] / (100 * run["scale"]), "s")
        table.add_row(*cells, str(run["repeats"]), each, _text(run["peak_mb"], "MiB"))
    return table


def _child_step_table(report: dict[str, Any]) -> Table:
    step = report["child_step"]
    where = f"{step['n_months']} months of {100 * step['scale']:g} % of England"
    table = Table("a child-step", "ns", title="One child for one month", title_justify="left")
    table.add_row(f"compiled, {where}", _text(step["compiled_ns"], ""))
    plain = step["twin_missing"] if step["twin_ns"] is None else _text(step["twin_ns"], "")
    table.add_row(f"plain Mesa agents, {where}", f"not measured: {plain}" if step["twin_ns"] is None else plain)
    table.add_row("ratio of the two", _text(step["ratio"], "times"))
    table.add_row("compiled, 60 months of all England", _text(step["full_scale_compiled_ns"], ""))
    return table


def _text(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.3g} {unit}".strip() if value < 1000 else f"{value:,.0f} {unit}".strip()
