"""What several commands share: options, sweeps with a bar, and how tables are printed."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union

import typer

from sendcycle_experiments.sweeps.progress import RunsBar, plain_console
from sendcycle_experiments.terminal.messages import interrupted

if TYPE_CHECKING:
    import pandas as pd

    from sendcycle_experiments.sweeps.designs import Design
    from sendcycle_experiments.sweeps.runner import Finished, Progress, ProgressCallback

EnsembleName = Annotated[str | None, typer.Option("--ensemble", help="A kept ensemble, or the path of a .csv file.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what the folder holds of the same design.")]
Scheduler = Annotated[
    str | None,
    typer.Option(help="A running Dask scheduler, tcp://host:port or tls://host:port, instead of this machine's cores."),
]
Workers = Annotated[int | None, typer.Option(help="Processes of this machine, one a core by default.", min=1, max=1024)]
Estimate = Annotated[bool, typer.Option("--estimate", help="Say how large the design is, and end.")]
Smoke = Annotated[bool, typer.Option("--smoke", help="A tiny version that shows in seconds whether all works.")]
Until = Annotated[str, typer.Option(help="Month after which nothing published is used, YYYY-MM.", metavar="MONTH")]
SCALE_HELP = "Share of England simulated, 0.0005 to 1."
MEANS_NOTHING = "a smoke test, which shows that all works: these numbers mean nothing"


def results_folder(name: str, smoke: bool) -> Path:
    """Return the folder of an experiment; a tiny version never writes beside a full one."""
    return Path("results") / (f"{name}_smoke" if smoke else name)


# ---------------------------------------------------------------------- sweeps


def size_in_words(design: "Design", workers: int | None, n: int | None = None) -> str:
    """Return how many runs a design has, and about what they cost on so many processes, one a core if not given.

    `n` points are counted in place of the design's own, where these are not drawn yet.
    """
    workers, n = workers or os.cpu_count() or 1, n or design.n
    n_runs = n * design.n_arms * design.replicates
    seconds = n_runs * design.seconds_a_run / workers
    time = f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
    cores = f"{workers} core{'s' * (workers > 1)}"
    return (
        f"{n_runs:,} runs: {n:,} points × {design.n_arms:,} arms × {design.replicates:,} replicates; "
        f"about {time} on {cores} once they have started, and {max(n_runs * design.bytes_a_run / 1e6, 0.1):,.1f} MB"
    )


def sweep_with_bar(
    design: "Design", out: Path, resume: bool, scheduler: str | None, workers: int | None, retry_failed: bool = False,
    *, briefly: bool = False,
) -> "Finished":  # fmt: skip
    """Sweep with a progress bar; an interruption says how many runs are kept.

    `briefly` says nothing of the dashboard, nor of years that the run holds in part.
    """
    from sendcycle_experiments.sweeps.runner import Progress, sweep

    if scheduler is not None and workers is not None:
        raise typer.BadParameter("--workers are processes of this machine: not with --scheduler.")
    print(size_in_words(design, 1 if scheduler is not None else workers), file=sys.stderr)
    if resume and not out.exists():
        print(f"there is nothing in {out} to go on with: beginning anew", file=sys.stderr)
    beyond = sorted(design.without_figure())
    if beyond and not briefly:
        named = ", ".join(f"{name} {year}" for name, year in beyond[:3]) + " ..." * (len(beyond) > 3)
        print(f"left out, because the run holds these years in part: {named}", file=sys.stderr)
    last = Progress(0, design.n_runs, 0, 0)
    with RunsBar(design.n_runs) as bar:

        def progress(now: Progress) -> None:
            nonlocal last
            last = now
            bar(now)

        try:
            finished = sweep(
                design, out, resume=resume, retry_failed=retry_failed, scheduler=scheduler, workers=workers,
                progress=progress, announce=None if briefly else bar.announce,
            )  # fmt: skip
        except KeyboardInterrupt:
            kept = f"{last.done:,} of {last.total:,} runs are kept in {out}: add --resume to go on."
            raise interrupted(kept) from None
    if finished.failed:
        print(f"{finished.failed:,} runs failed; {out / 'failures.csv'} says with what error", file=sys.stderr)
    return finished


class StepBars:
    """Bars of the steps of a calibration or study, one after another. Ctrl-C says that finished steps are kept."""

    def __init__(self) -> None:
        self._name = ""
        self._bar: RunsBar | None = None

    def __enter__(self) -> "ProgressCallback":
        return self._progress

    def _progress(self, name: str, now: "Progress") -> None:
        if name != self._name:
            self.__exit__()
            print(name, file=sys.stderr)
            self._name, self._bar = name, RunsBar(now.total)
            self._bar.__enter__()
        if self._bar is not None:
            self._bar(now)

    def __exit__(self, kind: type[BaseException] | None = None, *_: object) -> None:
        if self._bar is not None:
            self._bar.__exit__()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            raise interrupted("finished steps are kept, the same command goes on from there.")


# ---------------------------------------------------------------------- printing


def print_parameters(words: str) -> None:
    """Say from where the parameters of what follows are: the first line of all that is found."""
    print(f"parameters: {words}")


def print_table(table: "pd.DataFrame", columns: Sequence[str] | None = None) -> None:
    """Print the columns of a table as they are, all of them if not given."""
    from sendcycle_experiments.terminal.tables import plain_tables

    records: list[Any] = table.to_dict("records")
    plain_console().print(*plain_tables(records, columns or tuple(records[0] if records else ())), sep="\n")


def print_figures(table: "pd.DataFrame") -> None:
    """Print a table with three figures of every number."""
    print_table(table.map(lambda value: f"{value:.3g}" if isinstance(value, float) else value))


def print_parts(parts: Iterable[Union[str, "pd.DataFrame"]]) -> None:
    """Print tables and sentences in order."""
    for part in parts:
        if isinstance(part, str):
            print(part)
        else:
            print_figures(part)
