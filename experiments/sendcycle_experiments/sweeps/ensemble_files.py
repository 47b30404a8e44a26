"""The files of ensembles, those kept with the project by name: their members can be the points of a design."""

import io
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from sendcycle.errors import ParameterError, ResultsError, nearest, reason
from sendcycle.inputs.parameters import declared
from sendcycle.inputs.user_text import check_name, read_text
from sendcycle_experiments.sweeps.errors import DesignError

MISFIT = "misfit"  # the column beside the parameters


def kept_folder() -> Path:
    """Return the folder of the ensembles that come with the project."""
    return Path(str(files("sendcycle_experiments") / "calibration" / "kept_ensembles"))


def kept_ensembles() -> list[str]:
    """Return the names of the ensembles that come with the project."""
    return sorted(path.stem for path in kept_folder().glob("*.csv"))


def ensemble_file(name: str) -> Path:
    """Return the table of a kept ensemble, or the file NAME.csv itself. Raises DesignError if there is none."""
    check_name(name, "the name of an ensemble", DesignError)
    path = Path(name) if name.endswith(".csv") else kept_folder() / f"{name}.csv"
    if not path.exists():
        raise DesignError(
            f"unknown ensemble '{name}'.{nearest(name, kept_ensembles())} Or give the path of a .csv file."
        )
    return path


def read_members(path: Path) -> tuple[pd.DataFrame, "pd.Series[float]"]:
    """Return the members of an ensemble, a row a member and a column a parameter, and how much each misfits.

    Raises
    ------
    ResultsError
        If the file cannot be read, or names parameters that are not declared or values out of their range.
    """
    try:
        table = pd.read_csv(io.StringIO(read_text(path, "ensemble", ResultsError)))
    except ValueError as error:  # pandas's own
        raise ResultsError(f"cannot read the ensemble {path}: {reason(error)}.") from error
    known = declared()
    members = table.drop(columns=MISFIT, errors="ignore")
    for column in map(str, members):
        if column not in known:
            raise ResultsError(f"{path}: unknown parameter '{column}'.{nearest(column, known)}")
        try:
            for value in members[column]:
                known[column].checked(value)
        except ParameterError as error:
            raise ResultsError(f"{path} was made for other ranges: {error}") from None
    if MISFIT not in table or members.empty:
        raise ResultsError(f"{path} is not an ensemble: it has no members, or no column '{MISFIT}'.")
    misfit = pd.to_numeric(table[MISFIT], errors="coerce").astype(float)
    if not (np.isfinite(misfit) & (misfit >= 0.0)).all():
        raise ResultsError(f"{path}: '{MISFIT}' must be a finite number of 0 or more for every member.")
    return members, misfit
