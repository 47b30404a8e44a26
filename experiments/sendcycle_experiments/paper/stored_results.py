"""Stored results, read for figures: tables by name, and from which run they are."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sendcycle.errors import ResultsError, reason
from sendcycle.inputs.user_text import regular
from sendcycle.outputs.results import manifest_id


@dataclass(frozen=True)
class StoredResults:
    """A folder of results.

    Attributes
    ----------
    folder
        Where an experiment has written.
    """

    folder: Path

    def table(self, name: str, **how: Any) -> pd.DataFrame:
        """Return a table, `name` with its ending. Raises ResultsError if it is not there or cannot be read."""
        try:
            return pd.DataFrame(pd.read_csv(regular(self.folder / name), **how))
        except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise ResultsError(f"cannot read {self.folder / name}: {reason(error)}.") from error

    def manifest(self) -> dict[str, Any]:
        """Return the manifest; empty where an experiment writes none. Raises ResultsError if it cannot be read."""
        path = self.folder / "manifest.json"
        if not path.exists():
            return {}
        try:
            return dict(json.loads(regular(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise ResultsError(f"cannot read {path}: {reason(error)}.") from error

    def members(self) -> str:
        """Return how many points or members were run, "the" if the manifest does not say."""
        manifest = self.manifest()
        return str(manifest.get("members") or manifest.get("design", {}).get("n") or "the")

    @property
    def source(self) -> str:
        """From which run the tables are: the manifest's name, or a hash of the tables where there is no manifest."""
        manifest = self.manifest()
        if manifest:
            return f"run {manifest.get('id') or manifest_id(manifest)}"
        content = b"".join(path.read_bytes() for path in sorted(self.folder.glob("*.csv")) if path.is_file())
        return f"tables {hashlib.sha256(content).hexdigest()[:12]}"
