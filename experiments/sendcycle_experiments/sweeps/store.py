"""The folder of a sweep: its design, its plan, and the parts that finished batches left. Nothing finished is lost.

    design.json                      what was asked for and with which state of the model
    plan.parquet                     a row a run: point, arm, scenario, replicate, seed, values of the factors
    runs/part-000012-3fa9c0d1.parquet   outcomes of a batch, a row a run and year; the name holds a hash of the content
    failures.csv                     runs that failed, with parameters and error, if there are any
    manifest.json                    written last, when every run is there

A part appears whole or not at all (it is written beside and then renamed), and one whose content does not fit its name
counts as never written. So a sweep that was killed goes on where it was.
"""

import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

from sendcycle.errors import ResultsError, reason
from sendcycle.outputs.results import MANIFEST, code_hash, input_hashes, manifest_id, provenance
from sendcycle_experiments.sweeps.designs import Design, differences
from sendcycle_experiments.sweeps.output_folder import cannot_write

DESIGN, PLAN, RUNS, FAILURES = "design.json", "plan.parquet", "runs", "failures.csv"
LOCK = ".lock"
HASH_LENGTH = 12
PLANNED_AT_ONCE = 10_000  # runs


class Store:
    """The folder of one sweep.

    Parameters
    ----------
    folder
        Where it is, or is to be.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    # ------------------------------------------------------------------ beginning, going on

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from writing into the folder. Raises ResultsError if one does already."""
        from filelock import FileLock, Timeout

        if (self.folder / MANIFEST).exists() and not (self.folder / DESIGN).exists():
            raise ResultsError(f"{self.folder} holds results of something else; take another --out.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / LOCK, timeout=0)
            lock.acquire()
        except Timeout:
            raise ResultsError(f"another process is writing into {self.folder}: wait, or take another --out.") from None
        except OSError as error:
            raise cannot_write(self.folder, error) from error
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
            changed = [f"design: {key}" for key in differences(kept["design"], asked["design"])]
            changed += [f"model: {key}" for key in differences(kept["model"], asked["model"])]
            if changed:
                raise ResultsError(
                    f"{self.folder} holds results of something else, which are not mixed with these; "
                    f"what differs: {', '.join(changed)}. Take another --out."
                )
            return
        if (self.folder / MANIFEST).exists():
            raise ResultsError(f"{self.folder} holds results of something else; take another --out.")
        try:
            (self.folder / RUNS).mkdir(parents=True, exist_ok=True)
            _write(self.folder / PLAN, _plan_as_parquet(design))
            _write(self.folder / DESIGN, json.dumps(asked, indent=2).encode())
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def design(self) -> dict[str, Any]:
        """Return the design as it was kept, see `Design.as_dict`. Raises ResultsError if it cannot be read."""
        return dict(self._kept()["design"])

    def manifest(self) -> dict[str, Any]:
        """Return the manifest of a finished sweep. Raises OSError if it is not there."""
        return dict(json.loads((self.folder / MANIFEST).read_text(encoding="utf-8")))

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
        return (self.folder / MANIFEST).exists()

    def _kept(self) -> dict[str, Any]:
        try:
            kept = json.loads((self.folder / DESIGN).read_text(encoding="utf-8"))
            return {"design": dict(kept["design"]), "model": dict(kept["model"])}
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ResultsError(f"cannot read {self.folder / DESIGN}: {reason(error)}.") from error

    # ------------------------------------------------------------------ parts

    def finished(self) -> set[int]:
        """Return the numbers of the batches that are there, unharmed; what is harmed or half written is removed."""
        done: set[int] = set()
        for path in sorted((self.folder / RUNS).glob("*")):
            batch, digest = _named(path)
            if batch is not None and batch not in done and digest == _digest(path.read_bytes()):
                done.add(batch)
            else:
                path.unlink()
        return done

    def add(self, batch: int, rows: pd.DataFrame) -> None:
        """Write what a batch brought.

        Raises
        ------
        ResultsError
            If it cannot be written; what was there stays.
        """
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), buffer)
        content = buffer.getvalue()
        try:
            _write(self.folder / RUNS / f"part-{batch:06d}-{_digest(content)}.parquet", content)
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def forget_failures(self) -> None:
        """Remove the batches in which a run failed, so that they count as never computed."""
        for path in sorted((self.folder / RUNS).glob("*.parquet")):
            try:
                failed = pq.read_table(path, columns=["error"])["error"].null_count < pq.read_metadata(path).num_rows
                if failed:
                    path.unlink()
            except (OSError, pa.ArrowException) as error:
                raise ResultsError(f"cannot read {path}: {reason(error)}.") from error

    def continues(self) -> None:
        """Note that runs are missing: what the manifest promised of an earlier end no longer holds."""
        (self.folder / MANIFEST).unlink(missing_ok=True)

    def note_failures(self) -> int:
        """Write `failures.csv`, a row a run that failed, if there is any, and return how many there are."""
        failed = self.failures()
        try:
            if len(failed):
                _write(self.folder / FAILURES, failed.to_csv(index=False).encode())
            else:
                (self.folder / FAILURES).unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        return len(failed)

    def finish(self, more: Mapping[str, Any]) -> None:
        """Write the manifest: every run is there."""
        parts = {path.name: _named(path)[1] for path in sorted((self.folder / RUNS).glob("*.parquet"))}
        manifest = {**self._kept(), **provenance(), **more, "parts": parts}
        manifest["id"] = manifest_id(manifest)
        try:
            _write(self.folder / MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
        except OSError as error:
            raise cannot_write(self.folder, error) from error

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
        self._check_parts()
        try:
            parts = pyarrow.dataset.dataset(self.folder / RUNS, format="parquet")
            if not parts.count_rows():
                raise ResultsError(f"{self.folder} holds no runs.")
            table = parts.to_table(columns=columns, filter=only)
        except (OSError, pa.ArrowException) as error:
            raise ResultsError(f"cannot read the runs in {self.folder}: {reason(error)}.") from error
        return table.to_pandas().sort_values(["run", "year"], ignore_index=True)

    def _check_parts(self) -> None:
        """Refuse a finished sweep of which parts are gone since."""
        if not self.is_finished:
            return
        gone = [name for name in self.manifest()["parts"] if not (self.folder / RUNS / name).exists()]
        if gone:
            raise ResultsError(f"{self.folder}: {len(gone)} parts of the runs are gone; --resume computes them again.")

    def plan(self) -> pd.DataFrame:
        """Return a row a run: see `Design.plan`."""
        try:
            return pd.read_parquet(self.folder / PLAN)
        except (OSError, pa.ArrowException) as error:
            raise ResultsError(f"cannot read {self.folder / PLAN}: {reason(error)}.") from error

    def table(self) -> pd.DataFrame:
        """Return outcomes, in their declared units, with the plan beside them: a row a run and year.

        Raises
        ------
        ResultsError
            If there is nothing, or something cannot be read.
        """
        return self.outcomes().merge(self.plan(), on="run", how="left")


def model_state() -> dict[str, str]:
    """Return hashes of the model's code, declarations and data: what results depend on beside the design."""
    return {"code": code_hash()} | input_hashes()


def _plan_as_parquet(design: Design) -> bytes:
    """Return the plan as a file of many pieces, so that it need not be in memory as a whole."""
    buffer = io.BytesIO()
    starts = range(0, design.n_runs, PLANNED_AT_ONCE)
    pieces = (design.plan(first, min(first + PLANNED_AT_ONCE, design.n_runs)) for first in starts)
    tables = (pa.Table.from_pandas(piece, preserve_index=False) for piece in pieces)
    head = next(tables)
    with pq.ParquetWriter(buffer, head.schema) as writer:
        writer.write_table(head)
        for table in tables:
            writer.write_table(table)
    return buffer.getvalue()


def _named(path: Path) -> tuple[int | None, str]:
    """Return the batch and the hash that the name of a part holds."""
    words = path.stem.split("-")
    if path.suffix == ".parquet" and len(words) == 3 and words[0] == "part" and words[1].isdigit():
        return int(words[1]), words[2]
    return None, ""


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
