"""After a calibration: write the values of the ensemble's nearest member into `parameters.toml` as the declared ones.

    python -m sendcycle_experiments.calibration.declared_values NAME

Runs without an ensemble start from these. Only the lines `default` and `calibrated_to` of the file change.
"""

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from sendcycle.errors import ResultsError, SendcycleError
from sendcycle.inputs.parameters import CALIBRATED_TO, Parameter, declared
from sendcycle.inputs.user_text import parse_toml, read_text
from sendcycle_experiments.calibration.ensembles import CURRENT, Ensemble, read_ensemble
from sendcycle_experiments.sweeps.ensemble_files import ensemble_file
from sendcycle_experiments.sweeps.output_folder import write_error

DIGITS = 4  # significant, of a declared value
HEAD = re.compile(r"\[([A-Za-z_]\w*)\]\s*(#.*)?")
LINE = re.compile(r"(default\s*=\s*)([^#\s]+)(.*)", re.DOTALL)
FITTED_TO = re.compile(rf"({CALIBRATED_TO}\s*=\s*)(\"[^\"]*\")(.*)", re.DOTALL)


def declarable(ensemble: Ensemble) -> dict[str, float]:
    """Return the values to declare: the nearest member's, to four digits, within the declared ranges."""
    known = declared()
    return {name: rounded(known[name], value) for name, value in ensemble.values(ensemble.nearest).items()}


def rounded(parameter: Parameter, value: float) -> float:
    """Return a value to four significant digits, within the range; whole if the parameter is an integer or a switch."""
    if parameter.kind != "real":
        return float(round(value))
    return min(max(float(f"{value:.{DIGITS}g}"), parameter.low), parameter.high)


def with_values(text: str, values: Mapping[str, float], ensemble: str) -> str:
    """Return the text of `parameters.toml` with other defaults, and the name of the ensemble they are from.

    Comments and everything else stay as they are. Raises ResultsError if a parameter has no line `default`, or the
    file none that says to what it is calibrated.
    """
    lines, here, missing, named = text.splitlines(keepends=True), "", set(values), False
    for k, line in enumerate(lines):
        if head := HEAD.fullmatch(line.strip()):
            here = head[1]
        elif not here and (found := FITTED_TO.fullmatch(line)):
            lines[k], named = f'{found[1]}"{ensemble}"{found[3]}', True
        elif here in missing and (found := LINE.fullmatch(line)):
            missing.remove(here)
            if float(found[2]) != values[here]:
                lines[k] = f"{found[1]}{_written(values[here])}{found[3]}"
    if missing or not named:
        lacking = ", ".join(sorted(missing)) or CALIBRATED_TO
        raise ResultsError(f"parameters.toml has no line to write the value of {lacking} into.")
    return "".join(lines)


def _written(value: float) -> str:
    """Return a number as TOML: whole ones without a point, however large."""
    return str(int(value)) if value.is_integer() else f"{value:g}"


def declare(name: str, path: Path | None = None) -> int:
    """Write the values of an ensemble into `parameters.toml`, or another file `path`; return how many changed.

    The ensemble was made with the state of the model before, and its members give every value that changes: so it
    counts as made with the state after, which is noted in its file if the rest of the state is the present one.

    Raises
    ------
    DesignError, ResultsError
        If there is no such ensemble, or a file cannot be read or written.
    """
    ensemble = read_ensemble(name)
    fits = not ensemble.of_another_state
    path = path or Path(str(files("sendcycle.inputs") / "parameters.toml"))
    before = read_text(path, "parameters", ResultsError)
    after = with_values(before, declarable(ensemble), ensemble.name)
    old, new = (parse_toml(text, str(path), ResultsError) for text in (before, after))
    beside = ensemble_file(name).with_suffix(".json")
    try:
        _replace(path, after)
        if fits:
            state = ensemble.about["model"] | {path.name: hashlib.sha256(after.encode()).hexdigest()}
            _replace(beside, json.dumps(ensemble.about | {"model": state}, indent=2) + "\n")
    except OSError as error:
        raise write_error(path.parent, error) from error
    return sum(old[name] != new[name] for name in new if name != CALIBRATED_TO)


def _replace(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}.unfinished")
    scratch.write_text(text, encoding="utf-8", newline="")
    os.replace(scratch, path)


def main() -> int:
    """Declare the values of the ensemble that is named, the current one if none is."""
    parser = argparse.ArgumentParser(
        description="Write the values of an ensemble's nearest member as the declared ones."
    )
    parser.add_argument("ensemble", nargs="?", default=CURRENT, help=f"a kept ensemble, or a .csv file ({CURRENT})")
    try:
        print(f"{declare(parser.parse_args().ensemble)} declared values changed")
    except SendcycleError as error:
        print(f"sendcycle: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
