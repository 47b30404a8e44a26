"""What `sendcycle bench` measures, each in a process of its own.

`python -m sendcycle_experiments.benchmark.measurements NAME JSON` takes one measurement.

The last line printed is the outcome in JSON. Only this module imports the model, so that the process that starts the
measurements stays small and times are not disturbed by what ran before.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNTIL = "2035-08"
WARM_SCALE = 0.002


def small_run() -> dict[str, Any]:
    """Import the model and run twelve months at a small scale, as a user would first of all."""
    began = time.perf_counter()
    from sendcycle import simulate

    imported = time.perf_counter()
    simulate(scale=WARM_SCALE, until="2015-08")
    return {"import_seconds": imported - began, "run_seconds": time.perf_counter() - imported}


def runs(scale: float, repeats: int) -> dict[str, Any]:
    """Run September 2014 to August 2035 several times, once everything is compiled."""
    from sendcycle import simulate

    simulate(scale=WARM_SCALE, until="2015-08")
    before = peak_memory_mb()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = simulate(scale=scale, until=UNTIL)
        seconds.append(time.perf_counter() - began)
    authorities = len(result.authority_codes)
    return {"seconds": seconds, "peak_mb": peak_memory_mb(), "peak_before_mb": before, "authorities": authorities}


def sweep(runs: int, batch: int, scale: float) -> dict[str, Any]:
    """Time the same runs alone in this process, and swept by one worker and by two.

    Rates of sweeps are taken from the first batch that is back to the last: starting the workers is not in them. Runs
    alone are timed before and after the sweeps, because the machine changes its pace.
    """
    import tempfile

    from sendcycle import simulate
    from sendcycle_experiments.sweeps.designs import Design
    from sendcycle_experiments.sweeps.runner import sweep as swept

    def alone() -> float:
        began = time.perf_counter()
        for seed in range(runs // 4):
            simulate(seed=seed, scale=scale, until=UNTIL, threads=1)
        return (time.perf_counter() - began) / (runs // 4)

    simulate(scale=WARM_SCALE, until="2015-08", threads=1)
    outcomes = ("plans_in_force", "requests", "high_needs_spending", "cumulative_balance", "within_20_weeks")
    design = Design(
        "bench", sampler="defaults", replicates=runs, scale=scale, until=UNTIL, outcomes=outcomes,
        years=(2020, 2025, 2030), batch=batch,
    )  # fmt: skip
    before, seconds = alone(), {}
    for workers in (1, 2):
        marks: list[tuple[float, int]] = []
        with tempfile.TemporaryDirectory(prefix="sendcycle-bench-") as folder:
            swept(
                design, Path(folder) / "sweep", workers=workers,
                progress=lambda now, marks=marks: marks.append((time.perf_counter(), now.done)),  # type: ignore[misc]
            )  # fmt: skip
        (first, done), (last, all_done) = next(mark for mark in marks if mark[1]), marks[-1]
        seconds[workers] = (last - first) / (all_done - done)
    return {"alone_seconds": [before, alone()], "one_worker_seconds": seconds[1], "two_workers_seconds": seconds[2]}


def sobol_analysis(factors: int, n: int, columns: int) -> dict[str, Any]:
    """Time Sobol' analysis with second order on all cores, of many outcomes and years of a made-up function."""
    import numpy as np

    from sendcycle_experiments.analysis.sensitivity import by_outcome_and_year, problem_of, shares, with_convergence

    problem = problem_of([f"x{k}" for k in range(factors)], second_order=True)
    points = shares("sobol", problem, n, 0)
    weights = np.random.default_rng(0).normal(size=(columns, factors))
    values = [(points * w).sum(axis=1) + points[:, 0] * points[:, 1] for w in weights]
    began = time.perf_counter()
    columns_of = {("made up", k): column for k, column in enumerate(values)}
    table = by_outcome_and_year(with_convergence, columns_of, ("sobol", problem, points), (0,), None)
    return {"seconds": time.perf_counter() - began, "points": len(points), "rows": len(table)}


def page(scale: str, months: int, pictures: int) -> dict[str, Any]:
    """Time a month of both scenarios of the page and all charts of England, as sent to the browser, late in a run."""
    try:
        from sendcycle_experiments.app.choices import Choices
    except ModuleNotFoundError as error:
        return {"missing": f"there is no {error.name}"}
    from sendcycle_experiments.app import charts
    from sendcycle_experiments.app.watched_model import WatchedModel
    from sendcycle_experiments.figures.panels import PANELS

    watched = WatchedModel(**Choices(scale=scale).arguments())
    for _ in range(months):
        watched.step()
    seconds, sent = [], 0
    for _ in range(pictures):
        began = time.perf_counter()
        watched.step()
        sent = len(json.dumps([charts.england(panel, watched).option for panel in PANELS]))
        seconds.append(time.perf_counter() - began)
    return {"seconds": sorted(seconds)[len(seconds) // 2], "bytes": sent}


def child_steps(kind: str, scale: float, n_months: int) -> dict[str, Any]:
    """Time the months of a run, without its beginnings, and count its child-steps.

    A child-step is one simulated child aged 0 to 25 for one month. `kind` is "compiled" or "twin".
    """
    from sendcycle import NO_CHANGE, Parameters, SendModel, simulate

    if kind == "twin":
        try:
            from sendcycle.verification.plain_twin import PlainTwin

            make: Callable[..., Any] = PlainTwin
        except ModuleNotFoundError as error:
            if error.name != "sendcycle.verification.plain_twin":
                raise
            return {"missing": "there is no module sendcycle.verification.plain_twin"}
    else:
        make = SendModel
        simulate(scale=WARM_SCALE, until="2015-08")
    model = make(Parameters(), NO_CHANGE, seed=0, scale=scale, n_months=n_months)
    began = time.perf_counter()
    for _ in model.months():
        pass
    seconds = time.perf_counter() - began
    steps = count_child_steps(model.world.children.born, n_months)
    return {"seconds": seconds, "child_steps": steps, "ns": 1e9 * seconds / steps}


def count_child_steps(born: Any, n_months: int) -> int:
    """Return the months of the run that children born in these model months live between birth and age 25."""
    import numpy as np

    from sendcycle.ages import AGE_LIMIT_MONTHS

    first = np.maximum(np.asarray(born, dtype=np.int64), 0)
    end = np.minimum(np.asarray(born, dtype=np.int64) + AGE_LIMIT_MONTHS, n_months)
    return int(np.maximum(end - first, 0).sum())


def peak_memory_mb() -> float:
    """Return the most memory this process has held, in MiB."""
    try:  # Linux: of this program only; getrusage would count the parent's at the moment of the fork
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1024**2 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Run the measurement named on the command line and print its outcome."""
    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    measurements: dict[str, Callable[..., dict[str, Any]]] = {
        "small_run": small_run,
        "runs": runs,
        "child_steps": child_steps,
        "sweep": sweep,
        "sobol_analysis": sobol_analysis,
        "page": page,
    }
    print(json.dumps(measurements[name](**arguments)))


if __name__ == "__main__":
    main()
