"""Commands that hold the model against what was published: calibrate, validate."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sendcycle_experiments.studies.study import warned_ensemble
from sendcycle_experiments.sweeps.progress import steps_bar
from sendcycle_experiments.terminal.shared import (
    MEANS_NOTHING,
    EnsembleName,
    Scheduler,
    Smoke,
    StepBars,
    Until,
    Workers,
    print_figures,
    print_parameters,
    results_folder,
)

commands = typer.Typer()


@commands.command(epilog="Example: sendcycle calibrate --until 2025-01 --out results/calibration_2025-01")
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
    from sendcycle_experiments.figures.style import save_figure
    from sendcycle_experiments.studies.e02_rivals import constants_of
    from sendcycle_experiments.sweeps.columns import write_outcomes
    from sendcycle_experiments.sweeps.manifests import reporting
    from sendcycle_experiments.sweeps.ownership import claimed

    chosen = calibration.SMOKE if smoke else calibration.SMALL if small else calibration.Settings()
    size = (f"_{rival}" if rival else "") + ("_smoke" if smoke else "_small" if small else "")
    name = f"calibration_{until}" + (f"_{rival}" if rival else "")
    folder = out or results_folder(name, smoke)
    with claimed(folder), StepBars() as progress:
        found = calibration.calibrate(
            until, folder, chosen, constants=constants_of(rival), name=f"england_{until}{size}", all_stay=smoke,
            scheduler=scheduler, workers=workers, progress=progress,
        )  # fmt: skip
    table = identifiability.posterior(found)
    page = identifiability.figure(table, f"What figures up to {until} say of the parameters")
    places = [folder / f"posterior.{kind}" for kind in ("pdf", "png")]
    with reporting(folder, {"ensemble": found.name, "members": len(found.members), **found.about}):
        found.write(folder)
        write_outcomes(table, folder / "posterior.csv", by="parameter", float_format="%.5g")
        save_figure(page, places, f"sendcycle: posterior {until}", name)
    if smoke:
        print(MEANS_NOTHING)
    nearest, farthest = found.misfit.min() ** 0.5, found.misfit.max() ** 0.5
    print(f"{len(found.members)} of {found.about['members_moved']} members are not implausible; "
          f"they miss by {nearest:.2f} to {farthest:.2f} of the errors allowed")  # fmt: skip
    print(f"{int(table['seen'].sum())} of {len(table)} parameters are seen by the data")
    print(f"ensemble, posterior and runs are in {folder}{os.sep}")


@commands.command(epilog="Example: sendcycle validate --members 5")
def validate(
    ensemble: EnsembleName = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="The declared values instead of an ensemble.")] = False,
    members: Annotated[int, typer.Option(help="How many members are run.", min=1)] = 5,
    scale: Annotated[float, typer.Option(help="Share of England; spreads of authorities need 1.")] = 1.0,
    out: Annotated[Path, typer.Option(help="Folder.")] = Path("results/my_validation"),
) -> None:
    """Score the model on every pattern: the nation over time, spread between authorities, gradients of children."""
    from sendcycle import Parameters, simulate
    from sendcycle_experiments.calibration import validation

    chosen = None if defaults else warned_ensemble(ensemble)
    values = [{}] if chosen is None else [chosen.values(k) for k in range(min(members, len(chosen.members)))]
    results = []
    with steps_bar("members") as advance:
        for k, each in enumerate(values):
            results.append(simulate(Parameters(**each), seed=k, scale=scale, until="2025-03"))
            advance(k + 1, len(values))
    tables = validation.write_report(results, out, None if chosen is None else chosen.name, scale)
    print_parameters(Parameters().in_words() if chosen is None else f"{len(values)} members of {chosen.name}")
    for table in tables:
        print_figures(table)
    print(f"scores are in {out}{os.sep}")
