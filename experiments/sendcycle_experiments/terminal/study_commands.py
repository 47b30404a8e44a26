"""Commands of the studies, made from their registry: sendcycle experiment e01 ... e11, and sendcycle forecast."""

import inspect
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from typer.core import TyperGroup

from sendcycle_experiments.studies.registry import E11, STUDIES
from sendcycle_experiments.studies.study import ENSEMBLE, RESUME, SCHEDULER, WORKERS, Context, Sizes, Study
from sendcycle_experiments.terminal.messages import interrupted
from sendcycle_experiments.terminal.shared import (
    MEANS_NOTHING,
    EnsembleName,
    Resume,
    Scheduler,
    Smoke,
    StepBars,
    Workers,
    print_parameters,
    print_parts,
    results_folder,
    sweep_with_bar,
)

HELP = "Run an experiment of the project: its design, runs, tables and figures."
FORECASTS = Path("results/my_forecast")
SHARED = {
    ENSEMBLE: (EnsembleName, None),
    RESUME: (Resume, False),
    SCHEDULER: (Scheduler, None),
    WORKERS: (Workers, None),
}


class Studies(TyperGroup):
    """The studies, which are also found by their folder and by what they were called before."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command of a study; another name is answered with the study that is meant."""
        name = args[0]
        meant = [s.name for s in STUDIES.values() if name in (s.former, s.folder, s.folder.removeprefix(f"{s.name}_"))]
        if name not in self.commands and meant:
            ctx.fail(f"No such experiment '{name}'. Did you mean '{meant[0]}'?")
        return super().resolve_command(ctx, args)


experiments = typer.Typer(help=HELP, cls=Studies)
forecasts = typer.Typer()


@experiments.callback(invoke_without_command=True)
def experiment(context: typer.Context) -> None:
    """Run an experiment of the project: its design, runs, tables and figures."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def command_of(study: Study, folder: Path | None = None) -> Callable[..., None]:
    """Return the function from which Typer makes the command of a study.

    Its options are the fields of the study's sizes, then those it shares with others. With a `folder` to write into
    by default it has no tiny version.
    """
    has_smoke = folder is None
    home = folder or results_folder(study.folder, smoke=False)
    hints: dict[str, tuple[Any, Any]] = {name: _option(study, name) for name in study.options}
    hints |= {ENSEMBLE: SHARED[ENSEMBLE]} if ENSEMBLE in study.shares else {}
    hints |= {"smoke": (Smoke, False)} if has_smoke else {}
    hints["out"] = (Annotated[Path | None, typer.Option(help=f"Folder; {home} by default.")], None)
    hints |= {name: SHARED[name] for name in (RESUME, SCHEDULER, WORKERS) if name in study.shares}

    def command(context: typer.Context, **given: Any) -> None:
        sizes = study.smoke if given.get("smoke") else study.full
        sizes = replace(sizes, **{name: given[name] for name in study.options if _is_named(context, name)})
        out = given["out"] or folder or results_folder(study.folder, bool(given.get("smoke")))
        run_study(study, sizes, out, **{name: given[name] for name in study.shares})
        if given.get("smoke"):
            print(MEANS_NOTHING)

    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("context", kind, annotation=typer.Context)]
    parameters += [inspect.Parameter(name, kind, default=d, annotation=hint) for name, (hint, d) in hints.items()]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = study.question
    return command


def _option(study: Study, name: str) -> tuple[Any, Any]:
    """Return the annotation and the default of an option that a field of the study's sizes declares."""
    declared = study.options[name].metadata
    flag = f"--{name.replace('_', '-')}"
    hint = get_type_hints(type(study.full))[name]
    return Annotated[hint, typer.Option(flag, help=declared["help"], **declared["option"])], getattr(study.full, name)


def _is_named(context: typer.Context, name: str) -> bool:
    """Return whether an option was given: what is named overrides the sizes of the tiny version as well."""
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def run_study(
    study: Study, sizes: Sizes, folder: Path, *, ensemble: str | None = None, resume: bool = False,
    scheduler: str | None = None, workers: int | None = None,
) -> None:  # fmt: skip
    """Run a study with bars, and print what it found."""
    context = Context(folder, ensemble, scheduler, workers)
    if RESUME in study.shares:
        sweep = partial(sweep_with_bar, resume=resume, scheduler=scheduler, workers=workers)
        try:
            found = study.run(sizes, replace(context, sweep_design=sweep))
        except KeyboardInterrupt:
            raise interrupted(f"finished runs are kept in {folder}: add --resume to go on.") from None
    else:
        with StepBars() as progress:
            found = study.run(sizes, replace(context, progress=progress))
    print_parameters(study.parameters_in_words(sizes, ensemble))
    print_parts(found.parts)
    print(f"{found.files} are in {folder}{os.sep}")


for each in STUDIES.values():
    example = f"Example: sendcycle experiment {each.name} {each.example}"
    experiments.command(each.name, epilog=example)(command_of(each))
forecasts.command("forecast", epilog=f"Example: sendcycle forecast {E11.example}")(command_of(E11, FORECASTS))
