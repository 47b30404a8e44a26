"""Commands of many runs: sweep, sensitivity, surrogate."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sendcycle_experiments.sweeps.progress import steps_bar
from sendcycle_experiments.terminal.messages import interrupted
from sendcycle_experiments.terminal.shared import (
    SCALE_HELP,
    Estimate,
    Resume,
    Scheduler,
    Workers,
    print_parameters,
    print_parts,
    print_table,
    size_in_words,
    sweep_with_bar,
)

if TYPE_CHECKING:
    from sendcycle.inputs.parameters import Prior
    from sendcycle_experiments.sweeps.designs import Design

commands = typer.Typer()

# points of a sensitivity analysis if none are asked for: trajectories (morris), base samples (sobol), else points
POINTS = {"morris": 10, "sobol": 64, "pawn": 512, "delta": 512, "fast": 129}


@commands.command(epilog="Example: sendcycle sweep my_design.toml --workers 2 --resume")
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
    from sendcycle_experiments.sweeps.designs import Design, parameters_in_words

    chosen = Design.from_toml(design)
    if estimate:
        print_parameters(parameters_in_words(chosen.as_dict()))
        print(size_in_words(chosen, workers))
        return
    if retry_failed and not resume:
        raise typer.BadParameter("--retry-failed goes with --resume.")
    finished = sweep_with_bar(chosen, out or Path("results") / chosen.name, resume, scheduler, workers, retry_failed)
    print_parameters(parameters_in_words(chosen.as_dict()))
    print(f"plan, outcomes and manifest are in {finished.store.folder}{os.sep}")


@commands.command(epilog="Example: sendcycle sensitivity morris --groups confidence,money --n 20")
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
    scale: Annotated[float, typer.Option(help=SCALE_HELP)] = 0.01,
    until: Annotated[str, typer.Option(help="Last month, YYYY-MM.", metavar="MONTH")] = "2035-08",
    seed: Annotated[int, typer.Option(help="Keys points, runs and bootstrap.", min=0, max=2**31 - 1)] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder; results/sensitivity_METHOD by default.")] = None,
    resume: Resume = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    estimate: Estimate = False,
) -> None:
    """Find which uncertain parameters drive the outcomes, when, and how sure that is."""
    from sendcycle.errors import nearest
    from sendcycle_experiments.analysis.sensitivity import METHODS, analysis_design, analysis_size, problem_of
    from sendcycle_experiments.studies.e04_sensitivity import Step, analysed
    from sendcycle_experiments.sweeps.designs import DesignError, parameters_in_words

    if method not in METHODS:
        raise DesignError(f"unknown method '{method}'.{nearest(method, METHODS)} Methods: {', '.join(METHODS)}.")
    base, group_of = _base_of(f"sensitivity_{method}", groups, names, grouped, scenario, delays, outcomes, years, until)
    problem = problem_of(list(base.uncertainties), group_of, second_order=second_order)
    if second_order and method != "sobol":
        raise DesignError("--second-order goes with sobol alone.")
    base = base.replaced(replicates=replicates, seed=seed, scale=scale)
    wanted = POINTS[method] if n is None else n
    if estimate:
        print_parameters(parameters_in_words(base.as_dict()))
        print(size_in_words(base, workers, analysis_size(base, method, problem, wanted)))
        return
    step = Step(method, problem, analysis_design(base, method, problem, wanted))
    store = sweep_with_bar(step.design, out or Path("results") / base.name, resume, scheduler, workers).store
    try:
        _, said = analysed(store, step, "--n")
    except KeyboardInterrupt:
        raise interrupted(f"the runs are kept in {store.folder}: add --resume for the indices.") from None
    print_parameters(parameters_in_words(step.design.as_dict()))
    print_parts(said)
    print(f"indices, figure and runs are in {store.folder}{os.sep}")


def _base_of(
    name: str, groups: str | None, names: str | None, grouped: bool, scenario: str | None, delays: str | None,
    outcomes: str | None, years: str | None, until: str,
) -> "tuple[Design, dict[str, str] | None]":  # fmt: skip
    """Return what a sensitivity analysis varies and looks at, without its points, and the group of each factor."""
    from sendcycle import NO_CHANGE
    from sendcycle.calendar import month_index
    from sendcycle.inputs.parameters import declared
    from sendcycle_experiments.analysis.sensitivity_report import OUTCOMES, YEARS
    from sendcycle_experiments.reforms.scenario_files import read_scenario
    from sendcycle_experiments.sweeps.designs import (
        Design,
        DesignError,
        delay_of,
        groups_with_priors,
        in_groups,
        prior_of,
    )

    if groups is not None and names is not None:
        raise DesignError("name groups or parameters, not both.")
    if names is not None:
        chosen = {parameter: prior_of(parameter, {}) for parameter in _words(names)}
    else:
        named = _words(groups) if groups else groups_with_priors()
        chosen = {parameter: p.prior for parameter, p in in_groups(named).items()}
    group_of = {parameter: declared()[parameter].group for parameter in chosen} if grouped else None
    reforms = NO_CHANGE if scenario is None else read_scenario(scenario)
    if delays is not None:
        if not reforms.reforms:
            raise DesignError("--delays needs a --scenario with reforms.")
        chosen |= {name: _delays(name, delays) for name in (delay_of(reform.name) for reform in reforms.reforms)}
    last = month_index(until)
    base = Design(
        name, chosen, outcomes=_words(outcomes) if outcomes else OUTCOMES,
        years=_years(years) if years else [y for y in YEARS if 12 * (y - 2014) + 6 <= last] or [2015],
        scenarios=(reforms,), until=until,
    )  # fmt: skip
    return base, group_of


@commands.command(epilog="Example: sendcycle surrogate results/sensitivity_sobol --n 4096")
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

    with steps_bar("outcomes and years") as advance:
        table = write_surrogate_report(Store(folder), n, seed, second_order=second_order, progress=advance)
    places = table.groupby(["outcome", "year"], sort=False).first().reset_index()
    shown = places.assign(predicts=_formatted(places["q2"], "{:.1%}"), error=_formatted(places["rmse"], "{:,.4g}"))
    print_table(shown, ("outcome", "year", "surrogate", "predicts", "error"))
    print(f"indices, always with these errors beside them, are in {folder / SURROGATE}")


def _formatted(numbers: Any, form: str) -> list[str]:
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
