"""Whose a folder is: only what the program wrote is replaced or removed, and only in folders that are its own.

A folder is ours if it holds our marker, `.sendcycle.json`, which lists what was written there with its hash; or results
from before there was a marker, known by a manifest that names a state of the model. An empty folder becomes ours.
Everything else is somebody's, and refused before anything is written. What desktops, notebooks and synchronising
programs leave in a folder does not count, and stays as it is.
"""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from sendcycle.errors import ResultsError, reason
from sendcycle.inputs.user_text import regular
from sendcycle.outputs.results import MANIFEST

MARKER = ".sendcycle.json"
DESIGN = "design.json"
PROGRAM = "sendcycle"
# What others leave in any folder: of desktops, notebooks, version control and programs that synchronise.
DROPPINGS = (
    ".DS_Store", "._*", "Thumbs.db", "desktop.ini", ".directory", ".ipynb_checkpoints", ".gitkeep", ".gitignore",
    ".lock", ".stfolder", ".stignore", ".sync*", ".dropbox*", ".~lock.*", "~$*", ".nfs*", ".fuse_hidden*",
)  # fmt: skip
RESULTS = (".csv", ".json", ".md", ".parquet", ".pdf", ".png", ".svg", ".tex")  # endings of what we may write
KEPT_OF_RUNS = (DESIGN, "plan.parquet", "failures.csv", "made_with.json")  # what a manifest of results does not list
NAMED = 3  # foreign files that a refusal names


def claim(folder: Path, mended: Collection[str] = ()) -> None:
    """Make a folder ours; if it is there already, make sure that it is.

    Parameters
    ----------
    mended
        Files of ours that are written again if they were harmed.

    Raises
    ------
    ResultsError
        If it is somebody else's, if a table or figure in it is not ours or was changed since we wrote it, or if it
        cannot be made or written. Nothing has been written then.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise ResultsError(f"{folder} is a file, not a folder: take another --out.")
        if not folder.exists():
            folder.mkdir(parents=True)
        elif (there := marker(folder)) is not None:
            check_replaceable(folder, (name for name in there["files"] if name not in mended))
            check_replaceable(folder, (name for name in foreign(folder) if name.endswith(RESULTS)))
            return
        elif not is_older_result(folder) and (strange := foreign(folder)):
            more = f" and {len(strange) - NAMED} more" if len(strange) > NAMED else ""
            raise ResultsError(
                f"{folder} holds what {PROGRAM} did not write ({', '.join(strange[:NAMED])}{more}): "
                "take an empty folder, or a new one, as --out."
            )
        older = [name for name in _known_files(folder) if (folder / name).is_file()]
        _write_marker(folder, {"program": PROGRAM, "files": {}})
        note_written(folder, older)
    except (OSError, ValueError) as error:  # ValueError: a character that no path has
        raise ResultsError(f"cannot write results into {folder}: {reason(error)}.") from error


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Claim a folder for the block; one that was claimed for nothing, because the block failed, is given back.

    Folders that were made for it go away as well.
    """
    fresh, made = marker(folder) is None, [each for each in (folder, *folder.parents) if not each.exists()]
    claim(folder)
    try:
        yield
    except BaseException:
        if fresh and [path.name for path in folder.iterdir()] == [MARKER]:
            (folder / MARKER).unlink()
            for each in made or [folder]:
                with suppress(OSError):  # somebody else uses it
                    each.rmdir()
        raise


def marker(folder: Path) -> dict[str, Any] | None:
    """Return what our marker in a folder says, None if there is none that is ours."""
    found = _plain(folder / MARKER) or {}
    return found if found.get("program") == PROGRAM and isinstance(found.get("files"), dict) else None


def is_older_result(folder: Path) -> bool:
    """Say whether a folder holds results that were written before there were markers."""
    return any(_names_a_state(folder / name) for name in (MANIFEST, DESIGN))


def _names_a_state(path: Path) -> bool:
    """Say whether a file is a manifest, or a design as a sweep keeps it, that names a state of the model."""
    plain = _plain(path) or {}
    state = plain.get("model")
    return {"code", "inputs"} <= set(plain) or (isinstance(state, dict) and "code" in state)


def _plain(path: Path) -> dict[str, Any] | None:
    """Return what a JSON file says, None if it is not there or holds no object."""
    try:
        plain = json.loads(regular(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return plain if isinstance(plain, dict) else None


def foreign(folder: Path) -> list[str]:
    """Return the names in a folder that are neither ours nor droppings, sorted.

    A folder in it is ours if it has our marker, or if everything in it is ours.
    """
    ours = {MARKER, *(marker(folder) or {}).get("files", {})}
    return [path.name for path in sorted(folder.iterdir()) if path.name not in ours and not _is_ours(path)]


def _is_ours(path: Path) -> bool:
    """Say whether something in a folder is a dropping, or a folder of ours."""
    if any(fnmatch(path.name, kind) for kind in DROPPINGS):
        return True
    if not path.is_dir() or path.is_symlink():
        return False
    return marker(path) is not None or is_older_result(path) or not foreign(path)


def check_replaceable(folder: Path, names: Iterable[str]) -> None:
    """Raise ResultsError if a file of one of these names is there that we did not write, or was changed since.

    In results from before there were markers what the manifest lists counts as ours.
    """
    ours = _known_files(folder)
    for name in names:
        path = folder / name
        if not path.exists() and not path.is_symlink():
            continue
        if name not in ours or path.is_symlink() or not path.is_file():
            raise ResultsError(f"{path} was not written by {PROGRAM}: move it, or take another --out.")
        if ours[name] is not None and ours[name] != sha256_of(path):
            raise ResultsError(f"{path} was changed since {PROGRAM} wrote it: move it, or take another --out.")


def note_written(folder: Path, names: Iterable[str]) -> None:
    """List files in the marker as ours, with their hashes as they are now."""
    there = marker(folder) or {"program": PROGRAM, "files": {}}
    there["files"] |= {name: sha256_of(folder / name) for name in names}
    there["files"] = {name: digest for name, digest in there["files"].items() if (folder / name).exists()}
    _write_marker(folder, there)


_being_written: set[Path] = set()  # folders: a block within a block of the same one needs no second claim


@contextmanager
def noting_files(folder: Path) -> Iterator[None]:
    """Claim a folder, and note what the block writes into it as ours."""
    if folder in _being_written:
        yield
        return
    claim(folder)
    strange = set(foreign(folder))
    _being_written.add(folder)
    try:
        yield
        written = [name for name in foreign(folder) if name not in strange]
        known = (marker(folder) or {"files": {}})["files"]
        note_written(folder, [name for name in (*written, *known) if (folder / name).is_file()])
    finally:
        _being_written.discard(folder)


def check_ours(folder: Path) -> None:
    """Raise ResultsError if a folder has no marker of ours."""
    if marker(folder) is None:
        raise ResultsError(f"{folder} is no folder of {PROGRAM}: it has no {MARKER}.")


def remove_ours(folder: Path) -> list[str]:
    """Remove what we wrote into a folder of ours, and it if nothing is left; return the names of what stays.

    Raises
    ------
    ResultsError
        If the folder is not ours, or something cannot be removed.
    """
    check_ours(folder)
    there = marker(folder) or {"files": {}}
    try:
        for name, digest in there["files"].items():
            path = folder / name
            if path.is_file() and not path.is_symlink() and sha256_of(path) == digest:
                path.unlink()
        stays = foreign(folder) + [name for name in there["files"] if (folder / name).exists()]
        if not stays:
            (folder / MARKER).unlink()
            if not any(folder.iterdir()):
                folder.rmdir()
        return stays
    except OSError as error:
        raise ResultsError(f"cannot remove results in {folder}: {reason(error)}.") from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with regular(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _known_files(folder: Path) -> dict[str, str | None]:
    """Return the files that are ours, with their hashes, None where none was noted."""
    known: dict[str, str | None] = {}
    if is_older_result(folder):
        files = (_plain(folder / MANIFEST) or {}).get("files")
        known = dict.fromkeys((MARKER, MANIFEST, *KEPT_OF_RUNS))
        known |= files if isinstance(files, dict) else {path.name: None for path in folder.iterdir() if path.is_file()}
    return {**known, **(marker(folder) or {"files": {}})["files"]}


def _write_marker(folder: Path, content: Mapping[str, Any]) -> None:
    scratch = folder / f"{MARKER}.unfinished"
    scratch.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(scratch, folder / MARKER)
