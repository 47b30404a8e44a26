"""Where the results in a folder come from, written the same way by every experiment."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sendcycle.inputs.parameters import Parameters
from sendcycle.outputs.columns import COLUMNS
from sendcycle.outputs.results import MANIFEST, manifest_id, provenance
from sendcycle_experiments.sweeps.columns import columns_text, tables_in
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.output_folder import writing_into
from sendcycle_experiments.sweeps.ownership import sha256_of
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
        Command, commit and versions are those of this process; the id is that of the whole.

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
        (folder / COLUMNS).write_text(columns_text(tables_in(folder)), encoding="utf-8", newline="")
        whole["columns"] = {COLUMNS: sha256_of(folder / COLUMNS)}
        text = json.dumps({**whole, "id": manifest_id(whole)}, indent=2)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def briefs(folder: Path) -> dict[str, Any]:
    """Return the manifests of all finished sweeps inside a folder, by their path in it, in short (`Store.brief`)."""
    stores = {path.parent.relative_to(folder).as_posix(): Store(path.parent) for path in folder.rglob(DESIGN)}
    return {name: stores[name].brief() for name in sorted(stores) if stores[name].is_finished}
