"""Where the results in a folder come from, written the same way by every experiment."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from sendcycle.inputs.parameters import Parameters
from sendcycle.outputs.columns import COLUMNS
from sendcycle.outputs.results import MANIFEST, manifest_id, provenance
from sendcycle_experiments.sweeps.columns import columns_text, tables_in
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.output_folder import writing_into
from sendcycle_experiments.sweeps.ownership import DROPPINGS, KEPT_OF_RUNS, MARKER, RESULTS, sha256_of
from sendcycle_experiments.sweeps.store import DESIGN, Store


@contextmanager
def reporting(folder: Path, about: Mapping[str, Any]) -> Iterator[None]:
    """Make a folder for the results that the block writes, and write `columns.csv` and their manifest last of all.

    An older manifest goes first, so that results that are half written do not look whole.

    Parameters
    ----------
    about
        What is known of these results, as plain values. Where it does not say otherwise, the state of the model
        is the present one, and the parameters are members of its `ensemble` or else the declared values.
        Command, commit and versions are those of this process; `files` holds the hash of every table and figure; the
        id is that of the whole but for them.

    Raises
    ------
    ResultsError
        If the folder or a file cannot be written.
    """
    with writing_into(folder):
        (folder / MANIFEST).unlink(missing_ok=True)
        yield
        of = f"members of {about['ensemble']}" if about.get("ensemble") else Parameters().in_words()
        whole = {"model": model_state(), "parameters_of": of, **about, **provenance()}
        columns = folder / COLUMNS
        columns.write_text(columns_text(tables_in(folder)), encoding="utf-8", newline="")
        whole["columns"] = {COLUMNS: sha256_of(columns)}
        _write_manifest(folder, {**whole, "id": manifest_id(whole)})


@contextmanager
def adding_results(folder: Path) -> Iterator[None]:
    """List what the block writes in the manifest that the folder has already. Raises ResultsError as `reporting`."""
    with writing_into(folder):
        yield
        _write_manifest(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))


def _write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    text = json.dumps({**manifest, "files": hashes_of_results(folder)}, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def hashes_of_results(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every table and figure in a folder, by name; that of `columns.csv` stands beside them."""
    others = (MARKER, MANIFEST, COLUMNS, *KEPT_OF_RUNS, *DROPPINGS)
    paths = [path for path in sorted(folder.iterdir()) if path.suffix in RESULTS and path.is_file()]
    return {path.name: sha256_of(path) for path in paths if not any(fnmatch(path.name, other) for other in others)}


def briefs(folder: Path) -> dict[str, Any]:
    """Return the manifests of all finished sweeps inside a folder, by their path in it, in short (`Store.brief`)."""
    stores = {path.parent.relative_to(folder).as_posix(): Store(path.parent) for path in folder.rglob(DESIGN)}
    return {name: stores[name].brief() for name in sorted(stores) if stores[name].is_finished}
