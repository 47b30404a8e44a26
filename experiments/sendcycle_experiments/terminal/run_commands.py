"""Commands of single runs and what is made of them: run, compare, figures, app."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sendcycle_experiments.studies.study import warned_ensemble
from sendcycle_experiments.sweeps.progress import months_bar, plain_console
from sendcycle_experiments.terminal.shared import (
    EnsembleName,
    Resume,
    Scheduler,
    Workers,
    print_parameters,
    print_table,
    sweep_with_bar,
)

commands = typer.Typer()

SMALL_SAMPLE = 0.05  # share of England below which a run warns that its levels are off by chance


@commands.command(
    epilog="Example: sendcycle run --scale 0.01 --set gain_r1_crowding_out=0 --out results/no_crowding_out"
)
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
        int | None, typer.Option(help="This member of the ensemble instead of the declared values.", min=0)
    ] = None,
    ensemble: EnsembleName = None,
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

    member_named, values = member_of(member, ensemble)
    parameters = Parameters.of(declared(), values | values_of(settings or []))
    of = None if member_named is None else ", ".join([member_named, *(settings or ())])
    chosen = read_scenario(scenario)
    with months_bar() as progress:
        result = run_baseline(
            parameters, chosen, out=out, seed=seed, scale=scale, until=until,
            threads=threads or os.cpu_count() or 1, progress=progress, of=of,
        )  # fmt: skip
    console = plain_console()
    print_parameters(of or parameters.in_words())
    for table in year_tables(result, console.width):
        console.print(table)
    last = result.manifest
    if scale < SMALL_SAMPLE:
        print(
            "a sample this small: levels are off by chance, at 1 % by some 5 %, at 0.2 % by some 16 % "
            "(docs/sensitivity.md)"
        )
    print(f"{100 * scale:g} % of England until {until}, in {last['wall_seconds']:.1f} s;")
    print(f"see {out / 'overview.pdf'};")
    print(f"tables and manifest are in {out}{os.sep}")


def member_of(member: int | None, ensemble: str | None) -> tuple[str | None, dict[str, float]]:
    """Return the member that is asked for, in words, and its parameters; nothing if a run takes the declared values.

    Of an ensemble that is named without a member it is the nearest one.
    """
    from sendcycle_experiments.sweeps.designs import DesignError

    if member is None and ensemble is None:
        return None, {}
    chosen = warned_ensemble(ensemble)
    if member is not None and member >= len(chosen.members):
        raise DesignError(f"{chosen.name} has the members 0 to {len(chosen.members) - 1}, not {member}.")
    taken = chosen.nearest if member is None else member
    return f"member {taken} of {chosen.name}", chosen.values(taken)


def values_of(settings: Sequence[str]) -> dict[str, float]:
    """Return the parameters that settings, NAME=VALUE, give."""
    from sendcycle.errors import ParameterError
    from sendcycle.inputs.parameters import parse_setting

    values: dict[str, float] = {}
    for setting in settings:
        name, value = parse_setting(setting)
        if name in values:
            raise ParameterError(f"{name} is set twice.")
        values[name] = value
    return values


@commands.command(epilog="Example: sendcycle compare no_change white_paper_2026 paper_sequence --members 50")
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
    resume: Resume = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Run scenarios over the calibrated ensemble on the same random draws, and say what differs from the first."""
    from sendcycle_experiments.analysis import comparison
    from sendcycle_experiments.reforms.scenario_files import read_scenario
    from sendcycle_experiments.sweeps.designs import DesignError, parameters_in_words
    from sendcycle_experiments.sweeps.ownership import claimed

    if len(scenarios) < 2:
        raise DesignError("compare needs two scenarios or more, the first of them the base.")
    chosen = [read_scenario(name) for name in scenarios]
    of = warned_ensemble(ensemble).first(members).with_reforms()
    design = comparison.design(chosen, of, scale=scale, until=until, seed=seed)
    with claimed(out):
        finished = sweep_with_bar(design, out / "runs", resume, scheduler, workers, briefly=True)
    table = comparison.write_report(finished.store, chosen, of, out)
    there = set(table["year"])
    shown = comparison.summary(table, comparison.IN_SHORT, sorted(there & set(comparison.REPORTED)) or [max(there)])
    print_parameters(parameters_in_words(design.as_dict()))
    print(f"differences from {chosen[0].name}: the median of {len(of.members)} members, in brackets 90 % of them")
    print("(from the 5th to the 95th percentile); a bracket that holds 0 means: not sure which way")
    print_table(shown)
    print(f"differences, levels, money and the figure are in {out}{os.sep}")


@commands.command(epilog="Example: sendcycle figures forecast orders --out my_paper")
def figures(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which figures; all whose results are there if none is named.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder of results, one folder an experiment.")] = Path("results"),
    out: Annotated[Path, typer.Option(help="Folder for figures, captions and tables.")] = Path("results/figures"),
    check: Annotated[bool, typer.Option(help="Hold tables against the hashes in their manifests.")] = True,
) -> None:
    """Make figures for papers (PDF, PNG) with captions and tables (CSV, LaTeX, Markdown) from stored results."""
    from sendcycle_experiments.paper.registry import make_figures

    print_table(make_figures(names or [], results, out, check=check))
    print(f"figures, captions and tables are in {out}{os.sep}")


@commands.command(name="app", epilog="Example: sendcycle app paper_sequence")
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


@commands.command(epilog="Example: sendcycle remove results/compare/runs")
def remove(
    folders: Annotated[list[Path], typer.Argument(help="Folders of results; nothing that others wrote is removed.")],
) -> None:
    """Remove what this program wrote into a folder, and the folder if nothing else is in it."""
    from sendcycle_experiments.sweeps.store import remove_results

    for folder in folders:
        if not folder.exists():
            print(f"there is nothing in {folder}")
            continue
        stays = remove_results(folder)
        print(f"removed what was ours in {folder}" + (f"; what stays: {', '.join(stays)}" if stays else ""))
