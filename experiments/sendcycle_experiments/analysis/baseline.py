"""The main job: one run of the model, written with its figure page, tables and manifest."""

import json
from collections.abc import Callable
from pathlib import Path

from sendcycle import NO_CHANGE, Parameters, Result, Scenario, simulate
from sendcycle.errors import ResultsError
from sendcycle.outputs.results import MANIFEST, manifest_id
from sendcycle_experiments.figures.baseline_page import PAGE_NAMES, baseline_page, save_page
from sendcycle_experiments.sweeps.interruption import interruptible
from sendcycle_experiments.sweeps.output_folder import atomic_folder, write_error
from sendcycle_experiments.sweeps.ownership import sha256_of
from sendcycle_experiments.sweeps.store import DESIGN


def run_baseline(
    parameters: Parameters,
    scenario: Scenario = NO_CHANGE,
    *,
    out: Path,
    seed: int = 0,
    scale: float = 0.01,
    until: str = "2035-08",
    threads: int = 2,
    progress: Callable[[int, int], None] | None = None,
    of: str | None = None,
) -> Result:
    """Run the model and write all that it has to show into `out`, see `write_run`.

    Whether `out` can be written is checked before the run; an interrupted run leaves nothing behind. `of` says in words
    where the parameters come from, if that is not the declared values.

    Raises
    ------
    SendcycleError
        One line about what was wrong with the input, or why nothing could be written.
    """
    if (out / DESIGN).exists():
        raise ResultsError(f"{out} holds the results of a sweep; take another --out.")
    with interruptible() as check, atomic_folder(out) as folder:

        def after_month(done: int, total: int) -> None:
            check()
            if progress is not None:
                progress(done, total)

        result = simulate(parameters, scenario, seed, scale, until, threads=threads, progress=after_month)
        try:
            write_run(result, folder, of)
        except (OSError, ResultsError) as error:
            raise write_error(out, error) from error
        check()
    return result


def write_run(result: Result, folder: Path, of: str | None = None) -> None:
    """Write the tables, the figure page as PDF and PNG, and a manifest that names and hashes all of them."""
    if of is not None:
        result.manifest["parameters_of"] = of
    save_page(baseline_page(result), folder, result.manifest)
    result.write(folder)
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for name in PAGE_NAMES:
        manifest["files"][name] = sha256_of(folder / name)
    manifest["id"] = manifest_id(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
