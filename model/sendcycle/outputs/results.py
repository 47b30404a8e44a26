"""A finished run: its tallies, what is read from them, and where they came from."""

import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import xarray as xr

from sendcycle.calendar import FIRST_MONTH
from sendcycle.engine.source_files import source_files
from sendcycle.errors import ResultsError, reason
from sendcycle.inputs import published
from sendcycle.inputs.parameters import Parameters
from sendcycle.inputs.reforms import Scenario
from sendcycle.inputs.user_text import regular
from sendcycle.outputs import columns, observables
from sendcycle.outputs.breakdowns import Breakdowns

PACKAGES = ("sendcycle", "numpy", "numba", "mesa", "pandas")
MANIFEST = "manifest.json"


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What one run recorded.

    Attributes
    ----------
    tallies
        Structured array of type `observables.tally_dtype()`, shape (n_months, n_authorities).
    weights
        How many of England's children one simulated child of each authority stands for, shape (n_authorities,).
    authority_codes, authority_names
        In the order of `tallies`.
    counted
        What was counted each January, see `Breakdowns`.
    manifest
        Where the run came from, see `new_manifest`.

    Raises
    ------
    ResultsError
        If the shapes do not agree.
    """

    tallies: observables.Cube
    weights: npt.NDArray[np.float64]
    authority_codes: tuple[str, ...]
    authority_names: tuple[str, ...]
    counted: Breakdowns
    manifest: dict[str, Any]

    def __post_init__(self) -> None:
        widths = (len(self.weights), len(self.authority_codes), len(self.authority_names))
        if self.tallies.ndim != 2 or any(width != self.tallies.shape[1] for width in widths):
            raise ResultsError(f"tallies shaped {self.tallies.shape} do not fit weights, codes, names sized {widths}.")

    def __repr__(self) -> str:
        m = self.manifest
        name, until = m.get("scenario", {}).get("name"), m.get("until")
        return f"Result({name}, {FIRST_MONTH} to {until}, scale={m.get('scale')}, seed={m.get('seed')})"

    @cached_property
    def national_tallies(self) -> pd.DataFrame:
        """Tallies of England: a row a month, a column a tally."""
        return observables.national_tallies(self.tallies, self.weights)

    @cached_property
    def national(self) -> pd.DataFrame:
        """Observables of England: a row a month (index `month`, its first day), a column an observable, in its unit."""
        return observables.observe(self.national_tallies)

    @cached_property
    def authorities(self) -> pd.DataFrame:
        """Observables by authority: columns `month`, `la_code`, `la_name` and every observable, in its unit.

        Below full scale amounts are what the sample stands for in England's sum, not the authority's own; ratios are
        its own.
        """
        return observables.observe_authorities(self.tallies, self.weights, self.authority_codes, self.authority_names)

    @property
    def breakdowns(self) -> pd.DataFrame:
        """Children with need each January by need, age, disadvantage, SEN status and setting: `Breakdowns.children`."""
        return self.counted.children

    @property
    def schools(self) -> pd.DataFrame:
        """Every mainstream school each January: see `Breakdowns.schools`."""
        return self.counted.schools

    @cached_property
    def _yearly(self) -> pd.DataFrame:
        return observables.yearly(self.national_tallies)

    def yearly(self, names: Sequence[str] | None = None) -> pd.DataFrame:
        """Return observables of England as the published statistics count them; NaN where a year is incomplete.

        A row a year (index `year`), a column an observable, in its unit. With `names` only those are computed. Raises
        KeyError if one is not declared.
        """
        return self._yearly.copy() if names is None else observables.yearly(self.national_tallies, names=names)

    def beside_published(self) -> pd.DataFrame:
        """Return the years of the model beside the published ones, see `published.beside_published`."""
        return published.beside_published(self._yearly)

    def dataset(self) -> xr.Dataset:
        """Return all observables by `month` and `authority`, and those of England by `month` as `national_…`.

        Each has its label, unit, prices, period and kind as attributes; amounts are weighted as in `authorities`.
        """
        shape = self.tallies.shape
        dataset = xr.Dataset(
            coords={
                "month": self.national.index.to_numpy(),
                "authority": list(self.authority_codes),
                "authority_name": ("authority", list(self.authority_names)),
            },
            attrs={"manifest": json.dumps(self.manifest)},
        )
        for name, observable in observables.declared().observables.items():
            attrs = asdict(columns.of_observable(observable, monthly=True)) | {"kind": observable.kind}
            local = self.authorities[name].to_numpy().reshape(shape)
            dataset[name] = (("month", "authority"), local, attrs)
            dataset[f"national_{name}"] = ("month", self.national[name].to_numpy(), attrs)
        return dataset

    def _parquet_tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables that are written as Parquet, by the name of their file."""
        return {
            "national.parquet": self.national.reset_index(),
            "authorities.parquet": self.authorities,
            "breakdowns.parquet": self.breakdowns,
            "schools.parquet": self.schools,
        }

    def _described(self) -> pd.DataFrame:
        """Return what every column of every table holds, see `columns.described`."""
        tables = {**self._parquet_tables(), "yearly.csv": self._yearly.reset_index()}
        return columns.described(
            {name: columns.of_names(table.columns, columns.of_run(name)) for name, table in tables.items()}
        )

    def write(self, folder: str | Path) -> Path:
        """Write the tables and, last of all, the manifest into `folder`, and return it.

        A write that is interrupted leaves no manifest, and so nothing that looks whole.

        Raises
        ------
        ResultsError
            If the folder cannot be made or written, or the disk is full.
        """
        folder = Path(folder)
        writers: dict[str, Callable[[Path], None]] = {
            name: lambda path, table=table: _write_parquet(table, path)
            for name, table in self._parquet_tables().items()
        } | {
            "yearly.csv": lambda path: self._yearly.to_csv(path),
            columns.COLUMNS: lambda path: self._described().to_csv(path, index=False),
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
        except OSError as error:
            raise ResultsError(f"cannot write results into {folder}: {error.strerror or error}.") from error
        try:
            for name, write in writers.items():
                write(scratch / name)
            manifest = self.manifest | {"files": {name: _sha256((scratch / name).read_bytes()) for name in writers}}
            (scratch / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
            (folder / MANIFEST).unlink(missing_ok=True)
            for name in (*writers, MANIFEST):
                os.replace(scratch / name, folder / name)
        except OSError as error:
            raise ResultsError(f"cannot write results into {folder}: {error.strerror or error}.") from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return folder


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    if "month" in table:
        table = table.assign(month=pd.to_datetime(table["month"]).dt.date)
    pq.write_table(columns.as_arrow(table, columns.of_run(path.name)), path)


def read_result_manifest(folder: str | Path) -> dict[str, Any]:
    """Return the manifest of results on disk, having checked that every file it names is there, unharmed.

    Raises
    ------
    ResultsError
        If there is no readable manifest, or a file is missing or has changed since.
    """
    folder = Path(folder)
    try:
        manifest = json.loads(regular(folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultsError(f"{folder} holds no finished results: there is no {MANIFEST}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ResultsError(f"cannot read {folder / MANIFEST}: {reason(error)}.") from error
    named = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(named, dict):
        raise ResultsError(f"{folder / MANIFEST} is not a manifest of results.")
    for name, digest in named.items():
        path = folder / Path(name).name
        try:
            intact = _sha256(regular(path).read_bytes()) == digest
        except OSError:
            intact = False
        if not intact:
            raise ResultsError(f"{path} is missing or has changed since it was written; run it again.")
    return dict(manifest)


def new_manifest(
    parameters: Parameters, scenario: Scenario, seed: int, scale: float, until: str, wall_seconds: float
) -> dict[str, Any]:
    """Return where a run that has just ended came from, as plain values for JSON: all of it, to repeat it.

    Parameters
    ----------
    scale
        Share of England that was simulated, 0 to 1.
    until
        Last month, YYYY-MM.
    wall_seconds
        How long ago it was begun, or the first of the runs with which it shares its past.
    """
    started = datetime.now(UTC) - timedelta(seconds=wall_seconds)
    return {
        "started": started.isoformat(timespec="seconds"),
        "wall_seconds": round(wall_seconds, 3),
        "seed": int(seed),
        "scale": float(scale),
        "until": until,
        "scenario": asdict(scenario),
        "parameters_of": parameters.in_words(),
        "parameters_changed": parameters.changed(),
        "parameters": parameters.as_dict(),
        **provenance(),
        "code": code_hash(),
        "inputs": dict(input_hashes()),
    }


def manifest_id(manifest: Mapping[str, Any]) -> str:
    """Return a short name: the first 12 digits of the SHA-256 of a manifest without its `id`, `files` and `columns`."""
    kept = {key: value for key, value in manifest.items() if key not in ("id", "files", "columns")}
    text = json.dumps(kept, sort_keys=True)
    return _sha256(text.encode())[:12]


def provenance() -> dict[str, Any]:
    """Return what asked for a result and on what it was made: command, commit, versions and kind of machine.

    Of absolute paths in the command the last part is kept: folders of one machine mean nothing on another.
    """
    return {
        "command": shlex.join(Path(word).name if Path(word).is_absolute() else word for word in sys.argv),
        "commit": _commit(),
        "versions": versions(),
        "machine": {"platform": platform.platform(), "cpus": os.cpu_count()},
    }


def versions() -> dict[str, str | None]:
    """Return the releases of Python and of the packages on which results may depend."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


# What is kept beside the model but read by no run: a change of it leaves all results as they are.
NOT_READ = ("structure/", "verification/", "inputs/data_preparation.py")


@cache
def input_hashes() -> dict[str, str]:
    """Return the SHA-256 of every declaration and data file that a run reads, by its name."""
    inputs = source_files(".toml", ".csv", ".parquet", ".npz")
    hashes = {name.rpartition("/")[2]: _sha256(inputs[name].read_bytes()) for name in inputs if not _is_unread(name)}
    return {name: hashes[name] for name in sorted(hashes)}


@cache
def code_hash() -> str:
    """Return one SHA-256 of all source that a run uses: it tells two states of the model apart without a commit."""
    sources = source_files(".py")
    return _sha256(b"".join(name.encode() + sources[name].read_bytes() for name in sources if not _is_unread(name)))


def _is_unread(name: str) -> bool:
    """Say whether no run reads a file of the package."""
    return name.startswith(NOT_READ)


@cache
def _commit() -> str | None:
    """Return the git commit of the code, with "-dirty" when it was changed since; None outside a checkout of it."""
    here = Path(__file__).parent

    def git(*words: str) -> str:
        command = ["git", "-C", str(here), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "results.py")  # not some other project's checkout around an installed copy
        changed = git("status", "--porcelain", "--", "..", "../../../experiments")
        return git("rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None
