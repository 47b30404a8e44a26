"""The one shape of a study: a question, its sizes, what it runs, and the tables and figures that it leaves.

This module is light, so that help and lists are there at once; what a study computes is imported when it runs.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    import pandas as pd

    from sendcycle_experiments.calibration.ensembles import Ensemble
    from sendcycle_experiments.sweeps.designs import Design
    from sendcycle_experiments.sweeps.runner import Finished, Progress, ProgressCallback
    from sendcycle_experiments.sweeps.store import Store

ENSEMBLE, RESUME, SCHEDULER, WORKERS = "ensemble", "resume", "scheduler", "workers"  # options that studies share


@dataclass(frozen=True)
class Sizes:
    """How large a study is, and what else can be chosen: each study declares its own.

    Fields are declared by `option`, which makes them options of the command, or by `size`, which differ between full
    and smoke alone.
    """


def option(
    default: Any, help: str, *, minimum: int | None = None, maximum: int | None = None, metavar: str | None = None
) -> Any:
    """Declare a field of `Sizes` that is an option of the command."""
    return field(
        default=default, metadata={"help": help, "option": {"min": minimum, "max": maximum, "metavar": metavar}}
    )


def size(default: Any, help: str) -> Any:
    """Declare a field of `Sizes` that is no option."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Findings:
    """What a study says in the terminal.

    Attributes
    ----------
    parts
        Tables and sentences, in order.
    files
        What stands in its folder, in words: the last line says where that is.
    """

    parts: tuple[Union[str, "pd.DataFrame"], ...]
    files: str


@dataclass(frozen=True)
class Context:
    """What every study is given: where it writes, over which ensemble, on which machines, and who watches.

    Attributes
    ----------
    folder
        Of its results and runs.
    ensemble_name
        A kept ensemble or the path of a .csv file; the current one if not given.
    scheduler, workers, progress
        As for `sweep`; the progress of every step comes with its name.
    sweep_design
        How to run a design into a folder, where it is not to go on with all that is there.
    """

    folder: Path
    ensemble_name: str | None = None
    scheduler: str | None = None
    workers: int | None = None
    progress: "ProgressCallback | None" = None
    sweep_design: "Callable[[Design, Path], Finished] | None" = None

    @property
    def machines(self) -> dict[str, Any]:
        """`scheduler`, `workers` and `progress`, for what sweeps by itself."""
        return {"scheduler": self.scheduler, "workers": self.workers, "progress": self.progress}

    def ensemble(self) -> "Ensemble":
        """Return the ensemble that was asked for."""
        return warned_ensemble(self.ensemble_name)

    def within(self, name: str) -> "Context":
        """Return the context of a part of the study: a folder inside, and the part's name before that of each step."""
        watching = self.progress

        def progress(step: str, now: "Progress") -> None:
            if watching is not None:
                watching(f"{name}: {step}", now)

        return replace(self, folder=self.folder / name, progress=progress)

    def sweep(self, design: "Design", name: str = "") -> "Store":
        """Run a design into a folder inside, or the folder itself, and return its runs; goes on with those it holds."""
        if self.sweep_design is not None:
            return self.sweep_design(design, self.folder / name).store
        from sendcycle_experiments.sweeps.runner import labelled, sweep

        return sweep(
            design, self.folder / name, resume=True, scheduler=self.scheduler, workers=self.workers,
            progress=labelled(self.progress, name or design.name),
        ).store  # fmt: skip


@dataclass(frozen=True)
class Study:
    """A study of the project.

    Attributes
    ----------
    name
        As the documents and the command line call it.
    folder
        Of its results; its module, or package, has the same name.
    question
        What it asks: the first line of its help.
    full, smoke
        Its sizes, and those of a tiny version that shows in seconds whether all works.
    tables, figures
        Files that it leaves: what a row of each table is, and what each figure shows.
    shares
        The options it shares with other studies: `ENSEMBLE`, `RESUME` (others always go on), `SCHEDULER`, `WORKERS`.
    example
        Options in the example of its help.
    module
        Where `run` is, if it is not the module itself.
    former
        What the command was called before.
    own_parameters
        What it runs on, in words, if it runs neither on the ensemble nor on the declared values.
    """

    name: str
    folder: str
    question: str
    full: Sizes
    smoke: Sizes
    tables: Mapping[str, str]
    figures: Mapping[str, str]
    shares: tuple[str, ...]
    example: str
    module: str = ""
    former: str = ""
    own_parameters: str = ""

    def run(self, sizes: Sizes, context: Context) -> Findings:
        """Run the study, write its tables and figures into the folder of the context, and return what it found."""
        from sendcycle_experiments.sweeps.ownership import claimed

        module = import_module(f"sendcycle_experiments.studies.{self.module or self.folder}")
        with claimed(context.folder):
            found: Findings = module.run(sizes, context)
        return found

    def parameters_in_words(self, sizes: Sizes, ensemble: str | None) -> str:
        """Return from where the parameters are with which it runs."""
        from sendcycle.inputs.parameters import Parameters
        from sendcycle_experiments.calibration.ensembles import CURRENT

        if self.own_parameters:
            return self.own_parameters
        if ENSEMBLE in self.shares and not getattr(sizes, "defaults", False):
            return f"members of {ensemble or CURRENT}"
        return Parameters().in_words()

    @property
    def options(self) -> dict[str, Any]:
        """The fields of its sizes that are options, by name."""
        return {f.name: f for f in fields(self.full) if "option" in f.metadata}


def warned_ensemble(name: str | None) -> "Ensemble":
    """Return the ensemble of that name, the current one if none is given, and warn if the model has changed since."""
    from sendcycle_experiments.calibration.ensembles import CURRENT, read_ensemble

    found = read_ensemble(name or CURRENT)
    if found.of_another_state:
        print(
            f"sendcycle: {found.name} was made with another state of the model: its code, parameters or data have "
            "changed since, so the members may no longer fit the published figures. Calibrate anew (sendcycle "
            "calibrate), or install the version that made it.",
            file=sys.stderr,
        )
    return found
