"""The command `sendcycle`: its commands, and one line with an exit status for everything that goes wrong.

Exit status: 0 done, 2 the input or the machine kept it from being done, 130 interrupted. The model is imported only
by the commands that need it, so that help is there at once.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from typer.core import TyperGroup

from sendcycle_experiments.sweeps.progress import RunsBar, months_bar, steps_bar

if TYPE_CHECKING:
    import pandas as pd

    from sendcycle.inputs.parameters import Prior
    from sendcycle_experiments.analysis.sensitivity import Problem
    from sendcycle_experiments.calibration.ensembles import Ensemble
    from sendcycle_experiments.sweeps.designs import Design
    from sendcycle_experiments.sweeps.runner import Finished, Progress
    from sendcycle_experiments.sweeps.store import Store

Key = TypeVar("Key")
USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # typer keeps its base in places that move
FAILED, INTERRUPTED = 2, 130
SMALL_SAMPLE = 0.05  # share of England below which a run warns that its levels are off by chance


class Commands(TyperGroup):
    """The commands, of which an interrupted one says so."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C ends it with status 130."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(_say("interrupted; nothing was written.", INTERRUPTED)) from None


app = typer.Typer(cls=Commands, add_completion=False, pretty_exceptions_enable=False)
listing = typer.Typer(help="List what is declared: parameters, observables, scenarios, reforms.")
app.add_typer(listing, name="list", epilog="Example: sendcycle list parameters --group loops")

AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON array of objects instead of a table.")]
Group = Annotated[str | None, typer.Option(help="Show only this group.", metavar="NAME")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    try:
        status = app(args=arguments, prog_name="sendcycle", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except KeyboardInterrupt:
        return _say("interrupted; nothing was written.", INTERRUPTED)
    except USAGE_ERROR as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "sendcycle"
        message = error.format_message().strip()  # type: ignore[attr-defined]
        return _say(f"{message}{'' if message[-1:] in '.?!' else '.'} Try '{path} --help'.")
    except MemoryError:
        return _say("out of memory; take a smaller --scale.")
    except OSError as error:
        return _say(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")
    except Exception as error:
        from sendcycle.errors import SendcycleError

        if not isinstance(error, SendcycleError):
            raise
        return _say(str(error))


def _say(message: str, status: int = FAILED) -> int:
    """Print one line on the error stream and return the exit status."""
    print(f"sendcycle: {' '.join(message.split())}", file=sys.stderr)
    return status


@app.callback(invoke_without_command=True, epilog="Example: sendcycle run --scale 0.01")
def sendcycle(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """England's special-needs system as an agent-based model: run it, list its parts, measure its speed."""
    if version:
        print(f"sendcycle {_version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


def _version() -> str:
    try:
        return metadata.version("sendcycle")
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        from sendcycle import __version__

        return __version__


# ---------------------------------------------------------------------- run

EnsembleName = Annotated[str | None, typer.Option("--ensemble", help="A kept ensemble, or the path of a .csv file.")]


@app.command(epilog="Example: sendcycle run --scale 0.01 --set gain_r1_crowding_out=0 --out results/no_crowding_out")
def run(
    scenario: Annotated[
        str, typer.Argument(help="A name (sendcycle list scenarios), or the path of a TOML file.")
    ] = "no_change",
    scale: Annotated[float, typer.Option(help="Share of England simulated, 0.0005 to 1.")] = 0.01,
    until: Annotated[str, typer.Option(help="Last month, YYYY-MM, up to 2040-08.", metavar="MONTH")] = "2035-08",
    seed: Annotated[int, typer.Option(help="Keys every random draw.", min=0, max=2**63 - 1)] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Another value of a parameter; repeatable.", metavar="NAME=VALUE")
    ] = None,
    member: Annotated[
        int | None, typer.Option(help="Member of the ensemble; the one nearest to published figures if absent.", min=0)
    ] = None,
    ensemble: EnsembleName = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="The declared defaults instead of a member.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("results/run"),
    threads: Annotated[
        int | None, typer.Option(help="Worker threads, one a core by default; results do not depend on it.", min=1)
    ] = None,
) -> None:
    """Run the model from September 2014; show and write its years beside the published statistics."""
    from sendcycle.inputs.parameters import Parameters, declared
    from sendcycle_experiments.analysis.baseline import run_baseline
    from sendcycle_experiments.reforms.scenario_files import read_scenario
    from sendcycle_experiments.terminal.tables import year_tables

    of, values = _of_member(member, ensemble, defaults)
    parameters = Parameters.of(declared(), values | _values(settings or []))
    of += "".join(f", {setting}" for setting in settings or ())
    chosen = read_scenario(scenario)
    with months_bar() as progress:
        result = run_baseline(
            parameters, chosen, out=out, seed=seed, scale=scale, until=until,
            threads=threads or os.cpu_count() or 1, progress=progress, of=of,
        )  # fmt: skip
    console = Console()
    for table in year_tables(result, console.width):
        console.print(table)
    last = result.manifest
    if scale < SMALL_SAMPLE:
        print(
            "a sample this small: levels are off by chance, at 1 % by some 5 %, at 0.2 % by some 16 % "
            "(docs/sensitivity.md)"
        )
    print(f"{100 * scale:g} % of England until {until}, {of}, in {last['wall_seconds']:.1f} s;")
    print(f"see {out / 'overview.pdf'};")
    print(f"tables and manifest are in {out}{os.sep}")


def _ensemble_of(name: str | None) -> "Ensemble":
    """Return the ensemble of that name, the current one if none is given, and say if the model has changed since."""
    from sendcycle_experiments.calibration.ensembles import CURRENT, read_ensemble

    found = read_ensemble(name or CURRENT)
    if found.of_another_state:
        print(f"sendcycle: {found.name} was made with another state of the model.", file=sys.stderr)
    return found


def _of_member(member: int | None, ensemble: str | None, defaults: bool) -> tuple[str, dict[str, float]]:
    """Return in words whose parameters a run takes, and the parameters."""
    from sendcycle_experiments.sweeps.designs import DesignError

    if defaults:
        if member is not None or ensemble is not None:
            raise DesignError("--defaults does not go with --member or --ensemble.")
        return "declared defaults", {}
    chosen = _ensemble_of(ensemble)
    if member is not None and member >= len(chosen.members):
        raise DesignError(f"{chosen.name} has the members 0 to {len(chosen.members) - 1}, not {member}.")
    taken = chosen.nearest if member is None else member
    return f"member {taken} of {chosen.name}", chosen.values(taken)


def _values(settings: Sequence[str]) -> dict[str, float]:
    from sendcycle.errors import ParameterError
    from sendcycle.inputs.parameters import parse_setting

    values: dict[str, float] = {}
    for setting in settings:
        name, value = parse_setting(setting)
        if name in values:
            raise ParameterError(f"{name} is set twice.")
        values[name] = value
    return values


# ---------------------------------------------------------------------- compare


@app.command(epilog="Example: sendcycle compare no_change white_paper_2026 paper_sequence --members 50")
def compare(
    scenarios: Annotated[
        list[str], typer.Argument(help="Names (sendcycle list scenarios) or TOML files, first the base.")
    ],
    members: Annotated[int, typer.Option(help="How many members of the ensemble are run.", min=2)] = 50,
    ensemble: EnsembleName = None,
    scale: Annotated[float, typer.Option(help="Share of England simulated, 0.0005 to 1.")] = 0.01,
    until: Annotated[str, typer.Option(help="Last month, YYYY-MM, up to 2040-08.", metavar="MONTH")] = "2040-08",
    seed: Annotated[int, typer.Option(help="Keys every random draw.", min=0, max=2**31 - 1)] = 0,
    out: Annotated[Path, typer.Option(help="Folder.")] = Path("results/my_comparison"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what the folder holds of the same design.")
    ] = False,
    scheduler: Annotated[str | None, typer.Option(help="A running Dask scheduler, tcp://host:port.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes of this machine, one a core by default.", min=1)
    ] = None,
) -> None:
    """Run scenarios over the calibrated ensemble on the same random draws, and say what differs from the first."""
    from sendcycle_experiments.analysis import comparison
    from sendcycle_experiments.reforms.scenario_files import read_scenario
    from sendcycle_experiments.sweeps.designs import DesignError
    from sendcycle_experiments.terminal.tables import plain_tables

    if len(scenarios) < 2:
        raise DesignError("compare needs two scenarios or more, the first of them the base.")
    chosen = [read_scenario(name) for name in scenarios]
    of = _ensemble_of(ensemble).first(members).with_reforms()
    design = comparison.design(chosen, of, scale=scale, until=until, seed=seed)
    finished = _swept(design, out / "runs", resume, scheduler, workers, briefly=True)
    table = comparison.write_report(finished.store, chosen, of, out)
    there = set(table["year"])
    shown = comparison.summary(table, comparison.IN_SHORT, sorted(there & set(comparison.REPORTED)) or [max(there)])
    print(f"differences from {chosen[0].name}: the median of {len(of.members)} members, in brackets 90 % of them")
    print("(from the 5th to the 95th percentile); a bracket that holds 0 means: not sure which way")
    Console().print(*plain_tables(shown.to_dict("records"), tuple(shown)), sep="\n")
    print(f"differences, levels, money and the figure are in {out}{os.sep}")


# ---------------------------------------------------------------------- figures


@app.command(epilog="Example: sendcycle figures forecast orders --out my_paper")
def figures(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which figures; all whose results are there if none is named.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder of results, one folder an experiment.")] = Path("results"),
    out: Annotated[Path, typer.Option(help="Folder for figures, captions and tables.")] = Path("results/figures"),
) -> None:
    """Make figures for papers (PDF, PNG) with captions and tables (CSV, LaTeX, Markdown) from stored results."""
    from sendcycle_experiments.figures.paper_figures import made
    from sendcycle_experiments.terminal.tables import plain_tables

    table = made(names or [], results, out)
    Console().print(*plain_tables(table.to_dict("records"), tuple(table)), sep="\n")
    print(f"figures, captions and tables are in {out}{os.sep}")


# ---------------------------------------------------------------------- app


@app.command(name="app", epilog="Example: sendcycle app paper_sequence")
def window(
    scenario: Annotated[
        str, typer.Argument(help="What the page begins with: a name, or the path of a TOML file.")
    ] = "white_paper_2026",
    port: Annotated[int, typer.Option(help="Of this machine.", min=1, max=65535)] = 8765,
    host: Annotated[str, typer.Option(help="Who can reach the page: this machine alone, or 0.0.0.0.")] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> None:
    """Watch the model live in a browser: play, change numbers, drag reforms, look at authorities and children."""
    from sendcycle.errors import SendcycleError
    from sendcycle_experiments.reforms.scenario_files import read_scenario

    read_scenario(scenario)
    try:
        from sendcycle_experiments.app import serving
    except ModuleNotFoundError as error:
        raise SendcycleError(f"the page needs more packages ({error.name}): pip install 'sendcycle[app]'.") from None
    print(f"the page is at http://{host}:{port}/ until Ctrl-C")
    serving.serve(scenario, host=host, port=port, browser=browser)


# ---------------------------------------------------------------------- sweep

Resume = Annotated[bool, typer.Option("--resume", help="Go on with what the folder holds of the same design.")]
Scheduler = Annotated[
    str | None, typer.Option(help="A running Dask scheduler, tcp://host:port, instead of this machine's cores.")
]
Workers = Annotated[int | None, typer.Option(help="Processes of this machine, one a core by default.", min=1)]
Estimate = Annotated[bool, typer.Option("--estimate", help="Say how large the design is, and end.")]


@app.command(epilog="Example: sendcycle sweep my_design.toml --workers 2 --resume")
def sweep(
    design: Annotated[Path, typer.Argument(help="The design, in TOML; see docs/sweeps.md.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the results; results/NAME by default.")] = None,
    resume: Resume = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    estimate: Estimate = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --resume: compute batches with failed runs once more.")
    ] = False,
) -> None:
    """Run a design: every combination of its points, arms and replicates, on all cores or a cluster."""
    from sendcycle_experiments.sweeps.designs import Design

    chosen = Design.from_toml(design)
    if estimate:
        print(_size(chosen, workers or os.cpu_count() or 1))
        return
    if retry_failed and not resume:
        raise typer.BadParameter("--retry-failed goes with --resume.")
    finished = _swept(chosen, out or Path("results") / chosen.name, resume, scheduler, workers, retry_failed)
    print(f"plan, outcomes and manifest are in {finished.store.folder}{os.sep}")


def _size(design: "Design", workers: int) -> str:
    """Return how many runs a design has, and about what they cost, in words."""
    seconds = design.n_runs * design.seconds_a_run / workers
    time = f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
    cores = f"{workers} core{'s' * (workers > 1)}"
    return (
        f"{design.n_runs:,} runs: {design.n:,} points × {design.n_arms:,} arms × {design.replicates:,} replicates; "
        f"about {time} on {cores} once they have started, and {max(design.megabytes, 0.1):,.1f} MB"
    )


def _swept(
    design: "Design", out: Path, resume: bool, scheduler: str | None, workers: int | None, retry_failed: bool = False,
    *, briefly: bool = False,
) -> "Finished":  # fmt: skip
    """Sweep with a progress bar; an interruption says how many runs are kept.

    `briefly` says nothing of the dashboard, nor of years that the run holds in part.
    """
    from sendcycle_experiments.sweeps.runner import Progress
    from sendcycle_experiments.sweeps.runner import sweep as run_sweep

    if scheduler is not None and workers is not None:
        raise typer.BadParameter("--workers are processes of this machine: not with --scheduler.")
    print(_size(design, 1 if scheduler is not None else workers or os.cpu_count() or 1), file=sys.stderr)
    if resume and not out.exists():
        print(f"there is nothing in {out} to go on with: beginning anew", file=sys.stderr)
    beyond = sorted(design.without_figure())
    if beyond and not briefly:
        named = ", ".join(f"{name} {year}" for name, year in beyond[:3]) + " ..." * (len(beyond) > 3)
        print(f"left out, because the run holds these years in part: {named}", file=sys.stderr)
    last = Progress(0, design.n_runs, 0, 0)
    with RunsBar(design.n_runs) as bar:

        def noted(now: Progress) -> None:
            nonlocal last
            last = now
            bar(now)

        try:
            finished = run_sweep(
                design, out, resume=resume, retry_failed=retry_failed, scheduler=scheduler, workers=workers,
                progress=noted, announce=None if briefly else bar.announce,
            )  # fmt: skip
        except KeyboardInterrupt:
            text = f"interrupted; {last.done:,} of {last.total:,} runs are kept in {out}: add --resume to go on."
            raise typer.Exit(_say(text, INTERRUPTED)) from None
    if finished.failed:
        print(f"{finished.failed:,} runs failed; {out / 'failures.csv'} says with what error", file=sys.stderr)
    return finished


def _swept_all(
    designs: "Mapping[Key, Design]", out: Path, resume: bool, scheduler: str | None, workers: int | None
) -> "dict[Key, Store]":
    """Sweep several designs one after another, each into the folder of its name; return their stores."""
    return {key: _swept(design, out / design.name, resume, scheduler, workers).store for key, design in designs.items()}


# ---------------------------------------------------------------------- sensitivity


@app.command(epilog="Example: sendcycle sensitivity morris --groups confidence,money --n 20")
def sensitivity(
    method: Annotated[str, typer.Argument(help="morris, sobol, pawn, delta or fast.")],
    n: Annotated[
        int | None, typer.Option(help="Trajectories (morris), base samples (sobol, a power of two), or points.", min=2)
    ] = None,
    groups: Annotated[
        str | None, typer.Option(help="Parameters of these groups, with commas; all with a prior by default.")
    ] = None,
    names: Annotated[str | None, typer.Option("--parameters", help="These parameters, with commas.")] = None,
    grouped: Annotated[bool, typer.Option("--grouped", help="Vary each group as one factor.")] = False,
    second_order: Annotated[bool, typer.Option("--second-order", help="Sobol': indices of pairs as well.")] = False,
    scenario: Annotated[str | None, typer.Option(help="A scenario by name or TOML file; no reform by default.")] = None,
    delays: Annotated[
        str | None, typer.Option(help="Each reform's date as a factor: LOW:HIGH months later.", metavar="LOW:HIGH")
    ] = None,
    outcomes: Annotated[str | None, typer.Option(help="Observables of England, with commas.")] = None,
    years: Annotated[str | None, typer.Option(help="Years, with commas.")] = None,
    replicates: Annotated[int, typer.Option(help="Runs of every point, to tell noise from effect.", min=1)] = 1,
    scale: Annotated[float, typer.Option(help="Share of England simulated, 0.0005 to 1.")] = 0.01,
    until: Annotated[str, typer.Option(help="Last month, YYYY-MM.", metavar="MONTH")] = "2035-08",
    seed: Annotated[int, typer.Option(help="Keys points, runs and bootstrap.", min=0, max=2**31 - 1)] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder; results/sensitivity_METHOD by default.")] = None,
    resume: Resume = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    estimate: Estimate = False,
) -> None:
    """Find which uncertain parameters drive the outcomes, when, and how sure that is."""
    from sendcycle import NO_CHANGE
    from sendcycle.calendar import month_index
    from sendcycle.errors import nearest
    from sendcycle.inputs.parameters import declared
    from sendcycle_experiments.analysis.sensitivity import METHODS, analysis_design, problem_of
    from sendcycle_experiments.analysis.sensitivity_report import OUTCOMES, YEARS
    from sendcycle_experiments.reforms.scenario_files import read_scenario
    from sendcycle_experiments.sweeps.designs import DELAY, Design, DesignError, groups_with_priors, in_groups, prior_of

    if method not in METHODS:
        raise DesignError(f"unknown method '{method}'.{nearest(method, METHODS)} Methods: {', '.join(METHODS)}.")
    if groups is not None and names is not None:
        raise DesignError("name groups or parameters, not both.")
    if names is not None:
        chosen = {name: prior_of(name, {}) for name in _words(names)}
    else:
        named = _words(groups) if groups else groups_with_priors()
        chosen = {name: p.prior for name, p in in_groups(named).items()}
    group_of = {name: declared()[name].group for name in chosen} if grouped else None
    reforms = NO_CHANGE if scenario is None else read_scenario(scenario)
    if delays is not None:
        if not reforms.reforms:
            raise DesignError("--delays needs a --scenario with reforms.")
        chosen |= {DELAY + reform.name: _delays(DELAY + reform.name, delays) for reform in reforms.reforms}
    problem = problem_of(list(chosen), group_of, second_order=second_order)
    if second_order and method != "sobol":
        raise DesignError("--second-order goes with sobol alone.")
    last = month_index(until)
    base = Design(
        f"sensitivity_{method}", chosen, outcomes=_words(outcomes) if outcomes else OUTCOMES,
        years=_years(years) if years else [y for y in YEARS if 12 * (y - 2014) + 6 <= last] or [2015],
        scenarios=(reforms,), replicates=replicates, seed=seed, scale=scale, until=until,
    )  # fmt: skip
    defaults = {"morris": 10, "sobol": 64, "pawn": 512, "delta": 512, "fast": 129}
    design = analysis_design(base, method, problem, n or defaults[method])
    if estimate:
        print(_size(design, workers or os.cpu_count() or 1))
        return
    folder = out or Path("results") / base.name
    _analysed(_swept(design, folder, resume, scheduler, workers), design, method, problem)


def _analysed(finished: "Finished", design: "Design", method: str, problem: "Problem", more: str = "--n") -> Any:
    """Write the indices of a sweep, print what drives the first outcomes and what has not converged, return them."""
    from sendcycle_experiments.analysis.sensitivity import MAIN_INDEX
    from sendcycle_experiments.analysis.sensitivity_report import doubts, summary, write_report
    from sendcycle_experiments.terminal.tables import plain_tables

    try:
        with steps_bar("outcomes and years") as advance:
            table = write_report(finished.store, design, method, problem, advance)
    except KeyboardInterrupt:
        text = f"interrupted; the runs are kept in {finished.store.folder}: add --resume for the indices."
        raise typer.Exit(_say(text, INTERRUPTED)) from None
    top = summary(table, method, list(design.outcomes)[:3], max(design.years))
    print(f"{MAIN_INDEX[method]} of {max(design.years)}, ± half of the 95 % interval; all of it is in indices.csv")
    Console().print(*plain_tables(top.to_dict("records"), tuple(top)), sep="\n")
    for line in doubts(table, method, more):
        print(line)
    print(f"indices, figure and runs are in {finished.store.folder}{os.sep}")
    return table


@app.command(epilog="Example: sendcycle surrogate results/sensitivity_sobol --n 4096")
def surrogate(
    folder: Annotated[Path, typer.Argument(help="Folder of a finished sweep over uncertainties.")],
    n: Annotated[
        int, typer.Option(help="Base samples, a power of two, at which the surrogate is asked.", min=2)
    ] = 1024,
    second_order: Annotated[bool, typer.Option("--second-order", help="Indices of pairs as well.")] = False,
    seed: Annotated[int, typer.Option(help="Keys sample, surrogate and bootstrap.", min=0, max=2**31 - 1)] = 0,
) -> None:
    """Learn a surrogate from stored runs, and give Sobol' indices of it with its cross-validated error beside them."""
    from sendcycle_experiments.analysis.sensitivity_report import SURROGATE, write_surrogate_report
    from sendcycle_experiments.sweeps.store import Store
    from sendcycle_experiments.terminal.tables import plain_tables

    with steps_bar("outcomes and years") as advance:
        table = write_surrogate_report(Store(folder), n, seed, second_order=second_order, progress=advance)
    places = table.groupby(["outcome", "year"], sort=False).first().reset_index()
    shown = places.assign(predicts=_shown(places["q2"], "{:.1%}"), error=_shown(places["rmse"], "{:,.4g}"))
    Console().print(
        *plain_tables(shown.to_dict("records"), ("outcome", "year", "surrogate", "predicts", "error")), sep="\n"
    )
    print(f"indices, always with these errors beside them, are in {folder / SURROGATE}")


def _shown(numbers: Any, form: str) -> list[str]:
    return ["–" if number != number else form.format(number) for number in numbers]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _delays(name: str, text: str) -> "Prior":
    from sendcycle_experiments.sweeps.designs import prior_of

    try:
        low, high = (int(word) for word in text.split(":"))
    except ValueError:
        raise typer.BadParameter(f"--delays '{text}' is not LOW:HIGH in whole months, such as 0:60.") from None
    return prior_of(name, {"low": low, "high": high})


def _years(text: str) -> list[int]:
    try:
        return [int(word) for word in _words(text)]
    except ValueError:
        raise typer.BadParameter(f"--years '{text}' is not a list of years such as 2025,2030.") from None


# ---------------------------------------------------------------------- calibration

Smoke = Annotated[bool, typer.Option("--smoke", help="A tiny version that shows in seconds whether all works.")]
Until = Annotated[str, typer.Option(help="Month after which nothing published is used, YYYY-MM.", metavar="MONTH")]


@app.command(epilog="Example: sendcycle calibrate --until 2025-01 --out results/calibration_2025-01")
def calibrate(
    until: Until = "2025-01",
    small: Annotated[bool, typer.Option("--small", help="A smaller sample and ensemble: some minutes.")] = False,
    smoke: Smoke = False,
    rival: Annotated[str | None, typer.Option(help="Another structure; see docs/calibration.md.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; results/calibration_MONTH by default.")] = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Find the ensemble of parameters that agrees with what was published up to a month; goes on where it was."""
    from sendcycle_experiments.calibration import identifiability
    from sendcycle_experiments.calibration import smoother as calibration
    from sendcycle_experiments.figures.baseline_page import save_figure
    from sendcycle_experiments.studies.e02_rivals import constants_of
    from sendcycle_experiments.sweeps.manifests import reporting

    chosen = calibration.SMOKE if smoke else calibration.SMALL if small else calibration.Settings()
    size = (f"_{rival}" if rival else "") + ("_smoke" if smoke else "_small" if small else "")
    name = f"calibration_{until}" + (f"_{rival}" if rival else "")
    folder = out or _home(name, smoke)
    with _Steps() as told:
        found = calibration.calibrate(
            until, folder, chosen, constants=constants_of(rival), name=f"england_{until}{size}", all_stay=smoke,
            scheduler=scheduler, workers=workers, progress=told,
        )  # fmt: skip
    table = identifiability.posterior(found)
    page = identifiability.figure(table, f"What figures up to {until} say of the parameters")
    places = [folder / f"posterior.{kind}" for kind in ("pdf", "png")]
    with reporting(folder, {"ensemble": found.name, "members": len(found.members), **found.about}):
        found.write(folder)
        table.to_csv(folder / "posterior.csv", index=False, float_format="%.5g")
        save_figure(page, places, f"sendcycle: posterior {until}", name)
    if smoke:
        print("a smoke test: nothing is cut off, and these numbers mean nothing")
    nearest, farthest = found.misfit.min() ** 0.5, found.misfit.max() ** 0.5
    print(f"{len(found.members)} of {found.about['members_moved']} members are not implausible; "
          f"they miss by {nearest:.2f} to {farthest:.2f} of the errors allowed")  # fmt: skip
    print(f"{int(table['seen'].sum())} of {len(table)} parameters are seen by the data")
    print(f"ensemble, posterior and runs are in {folder}{os.sep}")


def _print_figures(table: "pd.DataFrame") -> None:
    """Print a table with three figures of every number."""
    from sendcycle_experiments.terminal.tables import plain_tables

    shown = table.map(lambda value: f"{value:.3g}" if isinstance(value, float) else value)
    Console().print(*plain_tables(shown.to_dict("records"), tuple(shown)), sep="\n")


class _Steps:
    """Bars of the steps of a calibration, one after another. Ctrl-C says that finished steps are kept."""

    def __init__(self) -> None:
        self._name, self._bar = "", None

    def __enter__(self) -> "Callable[[str, Progress], None]":
        return self._told

    def _told(self, name: str, now: "Progress") -> None:
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
            text = "interrupted; finished steps are kept, the same command goes on from there."
            raise typer.Exit(_say(text, INTERRUPTED))


@app.command(epilog="Example: sendcycle validate --members 5")
def validate(
    ensemble: EnsembleName = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="The declared defaults instead of an ensemble.")] = False,
    members: Annotated[int, typer.Option(help="How many members are run.", min=1)] = 5,
    scale: Annotated[float, typer.Option(help="Share of England; spreads of authorities need 1.")] = 1.0,
    out: Annotated[Path, typer.Option(help="Folder.")] = Path("results/my_validation"),
) -> None:
    """Score the model on every pattern: the nation over time, spread between authorities, gradients of children."""
    from sendcycle import Parameters, simulate
    from sendcycle_experiments.calibration import validation

    chosen = None if defaults else _ensemble_of(ensemble)
    values = [{}] if chosen is None else [chosen.values(k) for k in range(min(members, len(chosen.members)))]
    results = []
    with steps_bar("members") as advance:
        for k, each in enumerate(values):
            results.append(simulate(Parameters(**each), seed=k, scale=scale, until="2025-03"))
            advance(k + 1, len(values))
    tables = validation.write_report(results, out, "defaults" if chosen is None else chosen.name, scale)
    for table in tables:
        _print_figures(table)
    print(f"scores are in {out}{os.sep}")


@app.command(epilog="Example: sendcycle forecast --members 100 --authorities 20")
def forecast(
    ensemble: EnsembleName = None,
    members: Annotated[int, typer.Option(help="How many members are run.", min=2)] = 100,
    scale: Annotated[float, typer.Option(help="Share of England simulated.")] = 0.1,
    until: Annotated[str, typer.Option(help="Last month, YYYY-MM.", metavar="MONTH")] = "2040-08",
    authorities: Annotated[
        int, typer.Option(help="Members run at full scale for the authorities kept back.", min=0)
    ] = 0,
    out: Annotated[Path, typer.Option(help="Folder.")] = Path("results/my_forecast"),
    resume: Resume = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Forecast England without reform, beside what others have published; dated, so that it can be checked."""
    from sendcycle.calendar import month_index
    from sendcycle_experiments.studies.e11_forecast import predictions
    from sendcycle_experiments.studies.e11_forecast import study as fan
    from sendcycle_experiments.sweeps.designs import DesignError

    if month_index(until) < month_index(fan.SHORTEST):
        raise DesignError(f"a forecast ends in {fan.SHORTEST} or later, not in {until}.")
    whole = _ensemble_of(ensemble)
    chosen = whole.first(members)
    finished = _swept(fan.design(chosen, scale, until), out / "runs", resume, scheduler, workers)
    local, check = None, None
    if authorities:
        tables = []
        with steps_bar("members at full scale") as advance:
            wanted = min(authorities, len(chosen.members))
            for k in range(wanted):
                tables.append(predictions.local_years(predictions.member_run(chosen, k)))
                advance(k + 1, wanted)
        local = predictions.of_authorities(tables, predictions.held_back())
        check = predictions.check_of_authorities(tables)
    fan.write_report(finished.store, chosen, whole, out, local, check)
    print(f"forecast, what others say and the figure are in {out}{os.sep}")


# ---------------------------------------------------------------------- experiments

experiment = typer.Typer(help="Run an experiment of the project: its design, runs, tables and figures.")
app.add_typer(experiment, name="experiment", epilog="Example: sendcycle experiment e03 --smoke")


def _home(name: str, smoke: bool) -> Path:
    """Return the folder of an experiment; a tiny version never writes beside a full one."""
    return Path("results") / (f"{name}_smoke" if smoke else name)


@experiment.callback(invoke_without_command=True)
def experiment_(context: typer.Context) -> None:
    """Run an experiment of the project: its design, runs, tables and figures."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@experiment.command(epilog="Example: sendcycle experiment e01 --n 100 --scale 0.1")
def e01(
    n: Annotated[int, typer.Option(help="Runs with numbers in doubt.", min=4)] = 100,
    replicates: Annotated[int, typer.Option(help="Runs at the defaults.", min=2)] = 20,
    scale: Annotated[float, typer.Option(help="Share of England simulated, 0.0005 to 1.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Keys every random draw.", min=0, max=2**31 - 1)] = 0,
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e01_baseline_fan by default.")] = None,
    resume: Resume = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Run the baseline from 2014 to 2040 many times, and draw how far runs spread beside the published series."""
    from sendcycle_experiments.studies import e01_baseline_fan as baseline_fan

    folder = out or _home("e01_baseline_fan", smoke)
    chosen = baseline_fan.designs(n=n, replicates=replicates, scale=scale, seed=seed, smoke=smoke)
    stores = _swept_all(chosen, folder, resume, scheduler, workers)
    baseline_fan.write_report(stores, folder)
    print(f"fan charts, their table and the runs are in {folder}{os.sep}")


@experiment.command(epilog="Example: sendcycle experiment e02 --origins 2020-01")
def e02(
    origins: Annotated[str | None, typer.Option(help="Januaries, with commas; six from 2018 by default.")] = None,
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e02_backtest by default.")] = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Calibrate to what was known at several origins, predict what came after, and score it beside simple forecasts."""
    from sendcycle_experiments.studies import e02_backtest as backtest

    folder = out or _home("e02_backtest", smoke)
    ensembles, stores, held = {}, {}, {}
    chosen = _words(origins) if origins else list(("2017-01",) if smoke else backtest.ORIGINS)
    backtest.check_origins(chosen)
    for origin in chosen:
        with _Steps() as told:
            done = backtest.run_origin(
                origin, folder / origin, smoke=smoke, scheduler=scheduler, workers=workers, told=told
            )
        ensembles[origin], stores[origin], held[origin] = done
    table = backtest.write_report(stores, held, ensembles, folder)
    table = table[
        [
            "origin",
            "recognition",
            "series",
            "won",
            "median_error",
            "median_best_naive",
            "within_50",
            "within_90",
            "wider",
        ]
    ]
    _print_figures(table)
    print(f"held-out figures, scores, ensembles and the figure are in {folder}{os.sep}")


@experiment.command(epilog="Example: sendcycle experiment recovery --truths 4")
def recovery(
    truths: Annotated[int, typer.Option(help="How many known worlds are looked for.", min=1)] = 4,
    ensemble: EnsembleName = None,
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e02_recovery by default.")] = None,
    workers: Workers = None,
) -> None:
    """Say whether calibration finds parameters that are known, and how a second method does with as many runs."""
    from sendcycle_experiments.studies import e02_recovery as known

    folder = out or _home("e02_recovery", smoke)
    chosen = _ensemble_of(ensemble)
    with _Steps() as told:
        table = known.recover(chosen, folder, 1 if smoke else truths, smoke=smoke, workers=workers, told=told)
    short = known.write_report(table, chosen, folder)
    _print_figures(short)
    print(f"tables are in {folder}{os.sep}")


@experiment.command(epilog="Example: sendcycle experiment e05 --members 20")
def e05(
    members: Annotated[int, typer.Option(help="Members of the ensemble for orders and choices.", min=2)] = 20,
    trials: Annotated[int, typer.Option(help="Sets of dates tried for the front.", min=2)] = 480,
    rivals: Annotated[
        Path | None, typer.Option(help="Folder with ensembles of rival structures (experiment rivals).")
    ] = None,
    ensemble: EnsembleName = None,
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e05_sequencing by default.")] = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Every order of five groups of reforms with the same money, beside the choice of reforms; goes on where it was."""
    from dataclasses import replace

    from sendcycle_experiments.studies.e02_rivals import ITSELF, RIVALS
    from sendcycle_experiments.studies.e05_sequencing import study as order

    folder = out or _home("e05_sequencing", smoke)
    of = _ensemble_of(ensemble).with_reforms()
    sizes = order.SMOKE if smoke else replace(order.Sizes(), members=members, trials=trials)
    with _Steps() as told:
        short = order.orders_and_choices(of, folder, sizes, scheduler=scheduler, workers=workers, told=told)
        where = order.where_it_holds(of, folder, sizes, scheduler=scheduler, workers=workers, told=told)
        if rivals is not None:
            structures = [_ensemble_of(str(rivals / f"{name}.csv")) for name in (ITSELF, *RIVALS)]
            order.rival_orders(structures, folder, sizes, scheduler=scheduler, workers=workers, told=told)
        front = order.front(of, folder, sizes, workers=workers, told=told)
    order.described(of, folder, sizes)
    _print_figures(short)
    print("in which share of cases orders that agree with the paper do better, and how well a tree tells which:")
    _print_figures(where)
    print(f"{int(front['front'].sum())} of {len(front)} sets of dates are on the front of cost and unmet need")
    print(f"tables, the figure and runs are in {folder}{os.sep}")


@experiment.command(epilog="Example: sendcycle experiment e06 --members 20")
def e06(
    members: Annotated[int, typer.Option(help="Members of the ensemble.", min=2)] = 20,
    ensemble: EnsembleName = None,
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e06_funding by default.")] = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Compare four ways of funding moderate needs: who gains and who loses; goes on where it was."""
    from sendcycle_experiments.studies import e06_funding as funding

    folder = out or _home("e06_funding", smoke)
    of = _ensemble_of(ensemble).first(2 if smoke else members)
    with _Steps() as told:
        found = funding.experiment(
            of, folder, scale=0.0005 if smoke else 0.02, scheduler=scheduler, workers=workers, told=told
        )
    _print_figures(found)
    print(f"tables, the figure and runs are in {folder}{os.sep}")


@experiment.command(epilog="Example: sendcycle experiment e07 --members 50")
def e07(
    members: Annotated[int, typer.Option(help="Members of the ensemble.", min=2)] = 50,
    ensemble: EnsembleName = None,
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e07_double_funding by default.")] = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Say what is paid twice while a new system is built beside the old one, and when that is paid back."""
    from sendcycle_experiments.studies import e07_double_funding as double

    folder = out or _home("e07_double_funding", smoke)
    of = _ensemble_of(ensemble).first(2 if smoke else members)
    with _Steps() as told:
        found = double.experiment(
            of, folder, scale=0.0005 if smoke else 0.01, scheduler=scheduler, workers=workers, told=told
        )
    _print_figures(found)
    print(f"tables, the figure and runs are in {folder}{os.sep}")


@experiment.command(epilog="Example: sendcycle experiment priorities --members 50")
def priorities(
    members: Annotated[int, typer.Option(help="Members of the ensemble.", min=2)] = 50,
    ensemble: EnsembleName = None,
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e09_priorities by default.")] = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Say what each of the twelve priorities and each statutory lever does alone, and what is lost without it."""
    from sendcycle_experiments.studies import e09_priorities as parts

    folder = out or _home("e09_priorities", smoke)
    of = _ensemble_of(ensemble).first(2 if smoke else members)
    with _Steps() as told:
        found = parts.experiment(
            of, folder, scale=0.0005 if smoke else 0.01, scheduler=scheduler, workers=workers, told=told
        )
    _print_figures(found)
    print(f"tables, the figure and runs are in {folder}{os.sep}")


@experiment.command(epilog="Example: sendcycle experiment claims --results results")
def claims(
    members: Annotated[int, typer.Option(help="Members of the ensemble.", min=2)] = 100,
    results: Annotated[Path, typer.Option(help="Folder that holds the results of e05, e06 and e07.")] = Path("results"),
    ensemble: EnsembleName = None,
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e10_claims by default.")] = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Test what the source paper says follows from what: supported, contradicted or undecided, and by what."""
    from sendcycle_experiments.studies.e10_claims import study as paper

    folder = out or _home("e10_claims", smoke)
    of = _ensemble_of(ensemble).first(2 if smoke else members)
    with _Steps() as told:
        found = paper.experiment(
            of, folder, results, scale=0.0005 if smoke else paper.SCALE, scheduler=scheduler, workers=workers, told=told
        )
    _print_figures(found[["claim", "verdict", "median", "q05", "q95", "unit"]])
    print(f"{', '.join(f'{n} {word}' for word, n in found['verdict'].value_counts().items())}")
    print(f"the table and runs are in {folder}{os.sep}")


@experiment.command(epilog="Example: sendcycle experiment rivals")
def rivals(
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e02_rivals by default.")] = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Calibrate the model and every rival structure on as many runs, and say how each fits and what it forecasts."""
    from sendcycle_experiments.studies import e02_rivals as structures

    folder = out or _home("e02_rivals", smoke)
    done = {}
    for name in (structures.ITSELF, *structures.RIVALS):
        print(name, file=sys.stderr)
        with _Steps() as told:
            done[name] = structures.calibrated(
                name, folder / name, smoke=smoke, scheduler=scheduler, workers=workers, told=told
            )
    table = structures.write_report(done, folder)
    shown = table[["structure", "stay", "nearest", "middle", "plans_in_force", "requests", "new_plans"]]
    _print_figures(shown)
    print(f"fit, forecasts and the figure are in {folder}{os.sep}")


@experiment.command(epilog="Example: sendcycle experiment e03 --members 12")
def e03(
    members: Annotated[
        int, typer.Option(help="Members of the calibrated ensemble, each with all combinations.", min=2)
    ] = 12,
    ensemble: EnsembleName = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="The declared defaults instead, in replicates.")] = False,
    replicates: Annotated[int, typer.Option(help="Runs of every combination at the defaults.", min=2)] = 5,
    scale: Annotated[float, typer.Option(help="Share of England simulated, 0.0005 to 1.")] = 0.01,
    seed: Annotated[int, typer.Option(help="Keys every random draw.", min=0, max=2**63 - 1)] = 0,
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e03_loop_shares by default.")] = None,
    resume: Resume = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Say which loop carries the growth of plans: Shapley shares over all combinations of loops on and off."""
    from sendcycle_experiments.studies import e03_loop_shares as loop_shares
    from sendcycle_experiments.terminal.tables import plain_tables

    of = None if defaults or smoke else _ensemble_of(ensemble).first(members)
    chosen = loop_shares.design(of, replicates=replicates, scale=scale, seed=seed, smoke=smoke)
    folder = out or _home(chosen.name, smoke)
    finished = _swept(chosen, folder, resume, scheduler, workers)
    table = loop_shares.by_decade(loop_shares.write_report(finished.store, chosen))
    shown = table.reset_index().rename(columns=str)
    Console().print(*plain_tables(shown.to_dict("records"), tuple(shown)), sep="\n")
    print(f"thousand plans added since January 2015 (share); tables, figure and runs are in {folder}{os.sep}")


@experiment.command(epilog="Example: sendcycle experiment e04 --trajectories 30 --factors 12 --n 256")
def e04(
    trajectories: Annotated[int, typer.Option(help="Morris trajectories of the screening.", min=2)] = 30,
    factors: Annotated[int, typer.Option(help="How many parameters Sobol' indices are asked for.", min=2)] = 12,
    n: Annotated[int, typer.Option(help="Base samples of the Sobol' step, a power of two.", min=2)] = 256,
    scale: Annotated[float, typer.Option(help="Share of England simulated, 0.0005 to 1.")] = 0.01,
    seed: Annotated[int, typer.Option(help="Keys points, runs and bootstrap.", min=0, max=2**31 - 1)] = 0,
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e04_sensitivity by default.")] = None,
    resume: Resume = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Screen every parameter with a prior, then say how much of the variance those on top cause, alone and in pairs."""
    from sendcycle_experiments.studies import e04_sensitivity as steps
    from sendcycle_experiments.sweeps.designs import check_power_of_two

    if smoke:
        trajectories, factors, n = 2, 2, 8
    check_power_of_two(n)  # before the screening, not after it
    where = out or _home("e04_sensitivity", smoke)

    def done(step: steps.Step) -> Any:
        finished = _swept(step.design, where / step.design.name, resume, scheduler, workers)
        more = "--trajectories" if step.method == "morris" else "--n"
        return _analysed(finished, step.design, step.method, step.problem, more)

    first = done(steps.screening(trajectories=trajectories, scale=scale, seed=seed, smoke=smoke))
    done(steps.variance(steps.most_important(first, factors), n=n, scale=scale, seed=seed, smoke=smoke))


@experiment.command(epilog="Example: sendcycle experiment e08 --smoke")
def e08(
    smoke: Smoke = False,
    out: Annotated[Path | None, typer.Option(help="Folder; results/e08_scales by default.")] = None,
    resume: Resume = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Say whether the scale of a sample changes national results, and how many replicates suffice."""
    from sendcycle_experiments.studies import e08_scales as scales
    from sendcycle_experiments.terminal.tables import plain_tables

    folder = out or _home("e08_scales", smoke)
    stores = _swept_all(scales.designs(smoke=smoke), folder, resume, scheduler, workers)
    table = scales.write_report(stores, folder)
    shown = table.assign(
        mean=table["mean"].map("{:,.4g}".format), scatter=table["relative_sd"].map("{:.1%}".format),
        difference=table["difference"].map("{:+.1%}".format), scale=table["scale"].map("{:g}".format),
        agrees=table["agrees"].map({True: "yes", False: "no"}).fillna("–"),
    )  # fmt: skip
    columns = ("outcome", "year", "scale", "replicates", "mean", "scatter", "difference", "agrees")
    Console().print(*plain_tables(shown.to_dict("records"), columns), sep="\n")
    print(f"table and runs are in {folder}{os.sep}")


# ---------------------------------------------------------------------- list


@listing.callback(invoke_without_command=True)
def list_(context: typer.Context) -> None:
    """List what is declared: parameters, observables, scenarios, reforms."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@listing.command(epilog="Example: sendcycle list parameters --group loops --json")
def parameters(group: Group = None, as_json: AsJson = False) -> None:
    """List every parameter with default, unit, range, prior, source and evidence grade."""
    from sendcycle.inputs.parameters import as_records
    from sendcycle_experiments.terminal.tables import parameter_tables

    _show(_of_group(as_records(), group), as_json, parameter_tables)


@listing.command(epilog="Example: sendcycle list observables --group money")
def observables(group: Group = None, as_json: AsJson = False) -> None:
    """List every recorded series with its unit and the published series beside which it is shown."""
    from sendcycle_experiments.terminal.tables import observable_records, observable_tables

    _show(_of_group(observable_records(), group), as_json, observable_tables)


@listing.command(epilog="Example: sendcycle list ensembles")
def ensembles(as_json: AsJson = False) -> None:
    """List the calibrated ensembles that come with the project."""
    from sendcycle_experiments.calibration.ensembles import kept_ensembles, read_ensemble
    from sendcycle_experiments.terminal.tables import plain_tables

    kept = [read_ensemble(name) for name in kept_ensembles()]
    records = [{"name": e.name, "members": len(e.members), "until": e.about.get("until", "")} for e in kept]
    _show(records, as_json, lambda rows: plain_tables(rows, ("name", "members", "until")))


@listing.command(epilog="Example: sendcycle list scenarios --json")
def scenarios(as_json: AsJson = False) -> None:
    """List the scenarios that come with the project; others are read from TOML files."""
    from sendcycle_experiments.reforms.scenario_files import named_scenarios, read_scenario
    from sendcycle_experiments.terminal.tables import plain_tables

    records = [
        {"name": s.name, "text": s.text, "reforms": [reform.name for reform in s.reforms]}
        for s in map(read_scenario, named_scenarios())
    ]
    _show(records, as_json, lambda rows: plain_tables(rows, ("name", "text")))


@listing.command(epilog="Example: sendcycle list reforms outreach_teams")
def reforms(
    name: Annotated[str | None, typer.Argument(help="One of them: all that the library says of it.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the reforms of the library, with the paper's priority, usual start, and the grade of their evidence."""
    from dataclasses import asdict

    from sendcycle.errors import SendcycleError, nearest
    from sendcycle_experiments.reforms.library import library
    from sendcycle_experiments.terminal.tables import plain_tables

    known = library()
    if name is None:
        records = [asdict(entry) for entry in known.values()]
        _show(records, as_json, lambda rows: plain_tables(rows, ("name", "priority", "start", "grade", "label")))
    elif name in known:
        _show([asdict(known[name])], as_json, lambda rows: [known[name].described()])
    else:
        raise SendcycleError(f"unknown reform '{name}'.{nearest(name, known)} See sendcycle list reforms.")


def _of_group(records: list[dict[str, Any]], group: str | None) -> list[dict[str, Any]]:
    from sendcycle.errors import SendcycleError, nearest

    known = sorted({record["group"] for record in records})
    if group is not None and group not in known:
        raise SendcycleError(f"unknown group '{group}'.{nearest(group, known)} Groups: {', '.join(known)}.")
    return [record for record in records if group in (None, record["group"])]


def _show(records: list[dict[str, Any]], as_json: bool, tables: Callable[[list[dict[str, Any]]], Any]) -> None:
    if as_json:
        print(json.dumps(records, indent=2))
    else:
        Console().print(*tables(records), sep="\n")


# ---------------------------------------------------------------------- bench


@app.command(epilog="Example: sendcycle bench --quick --json")
def bench(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Small scales only, and no run with an empty cache.")] = False,
    scales: Annotated[
        str | None, typer.Option(help="Shares of England, with commas between them.", metavar="LIST")
    ] = None,
) -> None:
    """Measure the speed and memory of the model on this machine, beside their targets."""
    from sendcycle_experiments.benchmark.bench import QUICK_SCALES, SCALES, bench_tables, measure_all

    chosen = (QUICK_SCALES if quick else SCALES) if scales is None else _shares(scales)
    console = Console(stderr=True)
    with console.status("measuring") as status:
        report = measure_all(chosen, quick=quick, say=lambda text: status.update(f"measuring: {text}"))
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        for table in bench_tables(report):
            Console().print(table)


def _shares(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"--scales '{text}' is not a list of numbers such as 0.01,0.1.") from None
    for share in shares:
        if not 0.0 < share <= 1.0:
            raise typer.BadParameter(f"--scales: {share:g} is not a share of England, above 0 to 1.")
    return shares


if __name__ == "__main__":
    sys.exit(main())
