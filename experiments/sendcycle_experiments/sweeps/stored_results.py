"""Stored results, read for figures: tables by name, and from which run they are."""

import hashlib
import io
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sendcycle.errors import ResultsError, reason
from sendcycle.inputs.user_text import regular
from sendcycle.outputs.results import manifest_id

OLDER_COLUMNS = {"scenario": "reform_scenario"}  # as tables were written before EMA workbench dropped the first


@dataclass(frozen=True)
class StoredResults:
    """A folder of results.

    Attributes
    ----------
    folder
        Where an experiment has written.
    check
        Hold what is read against the hashes in its manifest. Without it tables are read unchecked, which saves about a
        second a gigabyte.
    """

    folder: Path
    check: bool = True

    def table(self, name: str, **how: Any) -> pd.DataFrame:
        """Return a table, `name` with its ending.

        Raises
        ------
        ResultsError
            If it is not there or cannot be read, or is not what the manifest lists.
        """
        path = self.folder / name
        try:
            content = regular(path).read_bytes()
            if self.check:
                self._check(name, content)
            return pd.DataFrame(pd.read_csv(io.BytesIO(content), **how)).rename(columns=OLDER_COLUMNS)
        except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            gone = ", though the manifest lists it" if isinstance(error, FileNotFoundError) and self.lists(name) else ""
            raise ResultsError(f"cannot read {path}: {reason(error)}{gone}.") from error

    def _check(self, name: str, content: bytes) -> None:
        """Raise ResultsError if the manifest lists files, and not this one with this content."""
        listed = self._listed()
        if listed is None:
            return
        if name not in listed:
            raise ResultsError(f"{self.folder / name} is not in the manifest beside it: it is of another run.")
        if listed[name] != hashlib.sha256(content).hexdigest():
            raise ResultsError(f"{self.folder / name} was changed since it was written: put it back, or run it again.")

    def _listed(self) -> dict[str, Any] | None:
        """Return the files of the manifest with their hashes, None if it lists none."""
        files = self.manifest().get("files")
        return files if isinstance(files, dict) else None

    def lists(self, name: str) -> bool:
        """Say whether the manifest, if it can be read, lists a file."""
        with suppress(ResultsError):
            return name in (self._listed() or {})
        return False

    @property
    def checked(self) -> str:
        """Whether tables are held against hashes, in words."""
        if not self.check:
            return "not checked"
        if self._listed() is None:
            return f"not checked: {'its manifest lists no files' if self.manifest() else 'it has no manifest'}"
        return "as written"

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
