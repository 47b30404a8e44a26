"""Commands that list what is declared: parameters, observables, ensembles, experiments, scenarios, reforms."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from sendcycle_experiments.sweeps.progress import plain_console

listing = typer.Typer(help="List what is declared: parameters, observables, experiments, scenarios, reforms.")

AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON array of objects instead of a table.")]
Group = Annotated[str | None, typer.Option(help="Show only this group.", metavar="NAME")]


@listing.callback(invoke_without_command=True)
def list_(context: typer.Context) -> None:
    """List what is declared: parameters, observables, experiments, scenarios, reforms."""
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
    from sendcycle_experiments.calibration.ensembles import read_ensemble
    from sendcycle_experiments.sweeps.ensemble_files import kept_ensembles
    from sendcycle_experiments.terminal.tables import plain_tables

    kept = [read_ensemble(name) for name in kept_ensembles()]
    records = [{"name": e.name, "members": len(e.members), "until": e.about.get("until", "")} for e in kept]
    _show(records, as_json, lambda rows: plain_tables(rows, ("name", "members", "until")))


@listing.command(epilog="Example: sendcycle list experiments")
def experiments(as_json: AsJson = False) -> None:
    """List the experiments of the project: what each asks, and the folder of its results."""
    from sendcycle_experiments.studies.document import as_records
    from sendcycle_experiments.terminal.tables import plain_tables

    _show(as_records(), as_json, lambda rows: plain_tables(rows, ("name", "question", "folder")))


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
        plain_console().print(*tables(records), sep="\n")
