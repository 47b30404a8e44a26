"""Where the results in a folder come from, written the same way by every experiment."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.store import model_state
from model.results import MANIFEST, provenance


def manifest_id(manifest: Mapping[str, Any]) -> str:
    """Return a short name: the first 12 digits of the SHA-256 of a manifest without its `id` and `files`."""
    text = json.dumps({key: value for key, value in manifest.items() if key not in ("id", "files")}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def write_manifest(folder: Path, about: Mapping[str, Any]) -> None:
    """Write the manifest of results: its id, what `about` says, and what they were made with.

    Parameters
    ----------
    about
        What is known of these results, as plain values. Where it does not say otherwise, the state of the model is
        the present one, and the command, commit and versions are those of this process.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    whole = {"model": model_state(), **provenance(), **about}
    text = json.dumps({"id": manifest_id(whole), **whole}, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
