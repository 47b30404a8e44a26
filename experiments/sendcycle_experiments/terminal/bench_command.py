"""The command that measures speed and memory: bench."""

import json
from typing import Annotated

import typer

from sendcycle_experiments.sweeps.progress import plain_console

commands = typer.Typer()


@commands.command(epilog="Example: sendcycle bench --quick --json")
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
    console = plain_console(stderr=True)
    with console.status("measuring") as status:
        report = measure_all(chosen, quick=quick, say=lambda text: status.update(f"measuring: {text}"))
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        for table in bench_tables(report):
            plain_console().print(table)


def _shares(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"--scales '{text}' is not a list of numbers such as 0.01,0.1.") from None
    for share in shares:
        if not 0.0 < share <= 1.0:
            raise typer.BadParameter(f"--scales: {share:g} is not a share of England, above 0 to 1.")
    return shares
