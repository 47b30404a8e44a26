"""The folder of a sweep: its design, its plan, and the parts that finished batches left. Nothing finished is lost.

    .sendcycle.json                  says that the folder is ours (`ownership`)
    design.json                      what was asked for and with which state of the model
    plan.parquet                     a row a run: point, arm, reform_scenario, replicate, seed, values of the factors
    columns.csv                      what every column of these tables holds: unit, price base, period
    runs/part-000012-3fa9c0d1.parquet   outcomes of a batch, a row a run and year; the name holds a hash of the content
    failures.csv                     runs that failed, with parameters and error, if there are any
    manifest.json                    written last, when every run is there: names and hashes of all parts

A part appears whole or not at all (it is written beside and then renamed). What is read is what the manifest lists, or,
before a sweep is finished, parts whose content fits their name and their number; whatever else lies in the folder is
left alone. So a sweep that was killed goes on where it was, and copies, strangers and harmed parts change no result.
"""

import hashlib
import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

from sendcycle.errors import ResultsError, reason
from sendcycle.inputs.user_text import regular
from sendcycle.outputs.columns import COLUMNS, as_arrow
from sendcycle.outputs.results import MANIFEST, manifest_id, provenance
from sendcycle_experiments.sweeps.columns import columns_of, columns_text, tables_in
from sendcycle_experiments.sweeps.csv_files import csv_text
from sendcycle_experiments.sweeps.designs import OLDER_DELAY, Design, parameters_in_words
from sendcycle_experiments.sweeps.model_state import changed_entries, model_state
from sendcycle_experiments.sweeps.output_folder import write_error
from sendcycle_experiments.sweeps.ownership import (
    check_ours,
    check_replaceable,
    claim,
    marker,
    note_written,
    remove_ours,
    sha256_of,
)

DESIGN, PLAN, RUNS, FAILURES = "design.json", "plan.parquet", "runs", "failures.csv"
LOCK = ".lock"
HASH_LENGTH = 12
PART = re.compile(rf"part-([0-9]{{6,}})-([0-9a-f]{{{HASH_LENGTH}}})\.parquet")
HALF_WRITTEN = re.compile(rf"\.{PART.pattern}\.unfinished")
PLANNED_AT_ONCE = 10_000  # runs


@dataclass
class Parts:
    """The parts that lie in a folder: those that are sound, by batch, and in words what is wrong with others."""

    sound: dict[int, Path] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Store:
    """The folder of one sweep.

    Parameters
    ----------
    folder
        Where it is, or is to be.
    check
        Read every part against the hash that the manifest gives. Without it results are read unchecked, which saves
        about a second a gigabyte.
    """

    def __init__(self, folder: str | Path, *, check: bool = True) -> None:
        self.folder, self.check = Path(folder), check

    # ------------------------------------------------------------------ beginning, going on

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from writing into the folder. Raises ResultsError if one does already."""
        from filelock import FileLock, Timeout

        if (self.folder / MANIFEST).exists() and not (self.folder / DESIGN).exists():
            raise ResultsError(f"{self.folder} holds results of something else; take another --out.")
        claim(self.folder, mended=(PLAN, DESIGN, MANIFEST, COLUMNS))
        try:
            lock = FileLock(self.folder / LOCK, timeout=0)
            lock.acquire()
        except Timeout:
            raise ResultsError(f"another process is writing into {self.folder}: wait, or take another --out.") from None
        except OSError as error:
            raise write_error(self.folder, error) from error
        try:
            yield
        finally:
            lock.release()

    def begin(self, design: Design, *, resume: bool) -> None:
        """Make the folder for a design, or open it to go on.

        Raises
        ------
        ResultsError
            If it holds results already and `resume` is not asked for, if they are of another design or another state
            of the model, or if it cannot be written.
        """
        asked = {"design": design.as_dict(), "model": model_state()}
        if (self.folder / DESIGN).exists():
            kept = self._kept()
            if not resume:
                raise ResultsError(f"{self.folder} holds results already: add --resume, or take another --out.")
            changed = [f"design: {key}" for key in changed_entries(kept["design"], asked["design"])]
            changed += [f"model: {key}" for key in changed_entries(kept["model"], asked["model"])]
            if changed:
                raise ResultsError(
                    f"{self.folder} holds results of something else, which are not mixed with these; "
                    f"what differs: {', '.join(changed)}. Take another --out."
                )
            self._heal(design)
            return
        check_replaceable(self.folder, (PLAN, DESIGN, FAILURES, MANIFEST, COLUMNS))
        try:
            (self.folder / RUNS).mkdir(parents=True, exist_ok=True)
            self._write_plan(design)
            self._write(DESIGN, json.dumps(asked, indent=2).encode())
            self._write_columns()
        except OSError as error:
            raise write_error(self.folder, error) from error

    def _write_plan(self, design: Design) -> None:
        self._write(PLAN, _plan_as_parquet(design))

    def _heal(self, design: Design) -> None:
        """Write the plan again if it is not what the design says, and clear away what a kill left half written."""
        try:
            if not _is_plan_of(self.folder / PLAN, design):
                self._write_plan(design)
            (self.folder / RUNS).mkdir(exist_ok=True)
            for path in (self.folder / RUNS).iterdir():
                if HALF_WRITTEN.fullmatch(path.name):
                    path.unlink()
            self._write_columns()
        except OSError as error:
            raise write_error(self.folder, error) from error

    def note_columns(self) -> None:
        """Say in `columns.csv` what the columns of all tables here hold, those written beside the runs among them.

        Raises
        ------
        ResultsError
            If it cannot be written.
        """
        try:
            self._write_columns()
        except OSError as error:
            raise write_error(self.folder, error) from error

    def _write_columns(self) -> None:
        """Write `columns.csv` if it is not what it should be, and its hash into the manifest if there is one."""
        design = self._kept()["design"]
        plan = list(pq.read_schema(self.folder / PLAN).names)
        own = {PLAN: plan, f"{RUNS}/*.parquet": ["run", "year", "error", *design["outcomes"]]}
        own[FAILURES] = ["run", "error", *(name for name in plan if name != "run")]
        content = columns_text(own | {k: v for k, v in tables_in(self.folder).items() if k not in own}).encode()
        if not (self.folder / COLUMNS).is_file() or (self.folder / COLUMNS).read_bytes() != content:
            self._write(COLUMNS, content)
        manifest, noted = self._manifest(), {COLUMNS: hashlib.sha256(content).hexdigest()}
        if manifest is not None and manifest.get("columns") != noted:
            self._write(MANIFEST, (json.dumps(manifest | {"columns": noted}, indent=2) + "\n").encode())

    def _write(self, name: str, content: bytes) -> None:
        """Write a file of the folder whole or not at all, and note that it is ours."""
        _write(self.folder / name, content)
        note_written(self.folder, [name])

    def design(self) -> dict[str, Any]:
        """Return the design as it was kept, see `Design.as_dict`.

        Raises
        ------
        ResultsError
            If it cannot be read, or was changed since it was written.
        """
        noted = (marker(self.folder) or {}).get("files", {}).get(DESIGN)
        path = self.folder / DESIGN
        if self.check and noted is not None and path.is_file() and noted != sha256_of(path):
            raise ResultsError(f"{path} was changed since it was written: put it back, or sweep anew.")
        return dict(self._kept()["design"])

    def manifest(self) -> dict[str, Any]:
        """Return the manifest of a finished sweep. Raises ResultsError if there is none that can be read."""
        found = self._manifest()
        if found is None:
            raise ResultsError(f"{self.folder} holds no finished sweep: --resume finishes it.")
        return found

    def _manifest(self) -> dict[str, Any] | None:
        """Return the manifest, None if the sweep is not finished or its manifest is harmed."""
        try:
            found = json.loads(regular(self.folder / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) and isinstance(found.get("parts"), dict) else None

    def brief(self) -> dict[str, Any]:
        """Return the manifest with scenarios, given points and priors as hashes: a design may hold hundreds of them."""
        manifest = self.manifest()
        design = dict(manifest["design"])
        design["scenarios"] = [{"name": s["name"], "sha256": _digest_of(s)} for s in design["scenarios"]]
        if design.get("shares") is not None:
            design["shares"] = {"sha256": _digest_of(design["shares"])}
        priors = design["uncertainties"]
        design["uncertainties"] = {"n": len(priors), "sha256": _digest_of(priors)} if priors else {}
        return manifest | {"design": design, "parts": len(manifest["parts"])}

    @property
    def is_finished(self) -> bool:
        """Whether every run is there and the manifest says so."""
        return self._manifest() is not None

    def _kept(self) -> dict[str, Any]:
        try:
            kept = json.loads(regular(self.folder / DESIGN).read_text(encoding="utf-8"))
            found = {"design": dict(kept["design"]), "model": dict(kept["model"])}
            if not (isinstance(found["design"]["batch"], int) and found["design"]["batch"] > 0):
                raise ValueError("its batches have no size")
            older = [name for name in found["design"]["uncertainties"] if name.startswith(OLDER_DELAY)]
            if older:
                raise ValueError(
                    f"an earlier version wrote it, with '{older[0]}' for a delay; sweep into another --out"
                )
            return found
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ResultsError(f"cannot read {self.folder / DESIGN}: {reason(error)}.") from error

    # ------------------------------------------------------------------ parts

    def finished(self) -> set[int]:
        """Return the numbers of the batches that are there, unharmed."""
        return set(self.parts().sound)

    def parts(self) -> Parts:
        """Return the sound parts, each read and held against its name, its number and the manifest if there is one."""
        found, twice = Parts(), set()
        listed = (self._manifest() or {}).get("parts")
        size = int(self._kept()["design"]["batch"])
        for path in self._named_as_parts():
            batch, digest = _named(path)
            content = path.read_bytes()
            if digest != _digest(content):
                found.wrong.append(f"{path.name} was changed since it was written")
            elif not _runs_of_batch(content, batch, size):
                found.wrong.append(f"{path.name} bears the number of another batch")
            elif listed is not None and path.name not in listed:
                found.wrong.append(f"{path.name} is not in the manifest")
            elif batch in found.sound:
                found.wrong.append(f"{path.name} and {found.sound[batch].name} are of one batch")
                twice.add(batch)
            else:
                found.sound[batch] = path
        if listed is None:  # which of two is right nobody knows: both are computed again
            for batch in twice:
                del found.sound[batch]
        return found

    def _named_as_parts(self) -> list[Path]:
        """Return the files that bear the name of a part, sorted; everything else in the folder is not ours."""
        runs = self.folder / RUNS
        if not runs.is_dir():
            return []
        return [path for path in sorted(runs.iterdir()) if _named(path)[0] >= 0 and path.is_file()]

    def add(self, batch: int, rows: pd.DataFrame) -> None:
        """Write what a batch brought.

        Raises
        ------
        ResultsError
            If it cannot be written; what was there stays.
        """
        buffer = io.BytesIO()
        pq.write_table(as_arrow(rows, columns_of(RUNS, map(str, rows))), buffer)
        content = buffer.getvalue()
        try:
            _write(self.folder / RUNS / f"part-{batch:06d}-{_digest(content)}.parquet", content)
        except OSError as error:
            raise write_error(self.folder, error) from error

    def forget_failures(self) -> None:
        """Remove the batches in which a run failed, so that they count as never computed."""
        for path in self.parts().sound.values():
            try:
                failed = pq.read_table(path, columns=["error"])["error"].null_count < pq.read_metadata(path).num_rows
                if failed:
                    path.unlink()
            except (OSError, pa.ArrowException) as error:
                raise ResultsError(f"cannot read {path}: {reason(error)}.") from error

    def continues(self) -> None:
        """Note that runs are missing: what the manifest promised of an earlier end no longer holds."""
        try:
            (self.folder / MANIFEST).unlink(missing_ok=True)
        except OSError as error:
            raise write_error(self.folder, error) from error

    def note_failures(self) -> int:
        """Write `failures.csv`, a row a run that failed, if there is any, and return how many there are."""
        failed = self.failures()
        try:
            if len(failed):
                check_replaceable(self.folder, [FAILURES])
                self._write(FAILURES, csv_text(failed, index=False).encode())
            elif (self.folder / FAILURES).exists():
                check_replaceable(self.folder, [FAILURES])
                (self.folder / FAILURES).unlink()
        except OSError as error:
            raise write_error(self.folder, error) from error
        return len(failed)

    def finish(self, more: Mapping[str, Any]) -> None:
        """Write the manifest: every run is there."""
        parts = {path.name: _named(path)[1] for path in self.parts().sound.values()}
        kept = self._kept()
        manifest = {
            **kept,
            "parameters_of": parameters_in_words(kept["design"]),
            **provenance(),
            **more,
            "parts": parts,
            "columns": {COLUMNS: sha256_of(self.folder / COLUMNS)},
        }
        manifest["id"] = manifest_id(manifest)
        try:
            self._write(MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
        except OSError as error:
            raise write_error(self.folder, error) from error

    # ------------------------------------------------------------------ reading

    def outcomes(self) -> pd.DataFrame:
        """Return what was recorded: columns `run`, `year` and the outcomes, sorted; runs that failed are left out.

        Outcomes are in their declared units.

        Raises
        ------
        ResultsError
            If there is nothing, or something cannot be read.
        """
        rows = self._rows()
        return rows[rows["error"].isna()].drop(columns="error").reset_index(drop=True)

    def failures(self) -> pd.DataFrame:
        """Return the runs that failed: columns `run` and `error`, beside the columns of the plan."""
        failed = self._rows(columns=["run", "year", "error"], only=~pyarrow.dataset.field("error").is_null())
        failed = failed[["run", "error"]]
        return failed.merge(self.plan(), on="run", how="left")

    def _rows(self, columns: list[str] | None = None, only: Any = None) -> pd.DataFrame:
        places = self._places()
        try:
            if not places:
                raise ResultsError(f"{self.folder} holds no runs.")
            table = pyarrow.dataset.dataset(places, format="parquet").to_table(columns=columns, filter=only)
        except (OSError, pa.ArrowException) as error:
            raise ResultsError(f"cannot read the runs in {self.folder}: {reason(error)}.") from error
        return pd.DataFrame(table.to_pandas()).sort_values(["run", "year"], ignore_index=True)

    def _places(self) -> list[str]:
        """Return the files to read: those of the manifest, held against their hashes unless that is not asked for."""
        manifest = self._manifest()
        if manifest is None:
            return [str(path) for path in self.parts().sound.values()]
        places = [self.folder / RUNS / name for name in manifest["parts"]]
        gone = [path.name for path in places if not path.is_file()]
        if gone:
            raise ResultsError(f"{self.folder}: {len(gone)} parts of the runs are gone; --resume computes them again.")
        for path in places if self.check else ():
            if _digest(path.read_bytes()) != _named(path)[1]:
                raise ResultsError(f"{path} was changed since it was written; --resume computes it again.")
        return [str(path) for path in places]

    def plan(self) -> pd.DataFrame:
        """Return a row a run: see `Design.plan`. Raises ResultsError if it cannot be read, or was changed."""
        noted = (marker(self.folder) or {}).get("files", {}).get(PLAN)
        try:
            if self.check and noted is not None and noted != sha256_of(self.folder / PLAN):
                raise ResultsError(f"{self.folder / PLAN} was changed since it was written; --resume writes it again.")
            found = pd.read_parquet(regular(self.folder / PLAN))
        except (OSError, pa.ArrowException) as error:
            raise ResultsError(f"cannot read {self.folder / PLAN}: {reason(error)}.") from error
        if "reform_scenario" not in found:
            raise ResultsError(f"{self.folder / PLAN} names no reform_scenario, as in earlier versions; --resume does.")
        return found

    def table(self) -> pd.DataFrame:
        """Return outcomes, in their declared units, with the plan beside them: a row a run and year.

        Raises
        ------
        ResultsError
            If there is nothing, or something cannot be read.
        """
        return self.outcomes().merge(self.plan(), on="run", how="left")


def remove_results(folder: Path) -> list[str]:
    """Remove the results that we wrote into a folder, the parts of a sweep among them; return the names of what stays.

    Raises
    ------
    ResultsError
        If the folder is not ours, or something cannot be removed.
    """
    check_ours(folder)
    store = Store(folder)
    try:
        if (folder / DESIGN).exists():
            for path in store.parts().sound.values():
                path.unlink()
            (folder / LOCK).unlink(missing_ok=True)
            with suppress(OSError):  # not empty: something of somebody else's is in it
                (folder / RUNS).rmdir()
    except OSError as error:
        raise write_error(folder, error) from error
    return remove_ours(folder)


def _plan_as_parquet(design: Design) -> bytes:
    """Return the plan as a file of many pieces, so that it need not be in memory as a whole."""
    buffer = io.BytesIO()
    starts = range(0, design.n_runs, PLANNED_AT_ONCE)
    pieces = (design.plan(first, min(first + PLANNED_AT_ONCE, design.n_runs)) for first in starts)
    tables = (as_arrow(piece, columns_of(PLAN, map(str, piece))) for piece in pieces)
    head = next(tables)
    with pq.ParquetWriter(buffer, head.schema) as writer:
        writer.write_table(head)
        for table in tables:
            writer.write_table(table)
    return buffer.getvalue()


def _is_plan_of(path: Path, design: Design) -> bool:
    """Say whether a file holds the plan of a design, value for value."""
    try:
        with pq.ParquetFile(regular(path)) as file:
            first = 0
            for piece in file.iter_batches(PLANNED_AT_ONCE):
                here = pa.Table.from_batches([piece]).to_pandas()
                wanted = design.plan(first, min(first + len(here), design.n_runs))
                if not here.equals(wanted):
                    return False
                first += len(here)
            return first == design.n_runs
    except (OSError, pa.ArrowException, ValueError, KeyError):
        return False


def _named(path: Path) -> tuple[int, str]:
    """Return the batch and the hash that the name of a part holds, -1 if it is no such name."""
    found = PART.fullmatch(path.name)
    return (int(found[1]), found[2]) if found else (-1, "")


def _runs_of_batch(content: bytes, batch: int, size: int) -> bool:
    """Say whether a part holds runs of its batch alone."""
    try:
        runs = pq.read_table(io.BytesIO(content), columns=["run"])["run"].to_numpy()
    except (pa.ArrowException, KeyError):
        return False
    return bool(len(runs)) and bool((runs // size == batch).all())


def _digest_of(plain: Any) -> str:
    """Return the SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:HASH_LENGTH]


def _write(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    scratch = path.with_name(f".{path.name}.unfinished")
    try:
        with open(scratch, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(scratch, path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
