"""The files of the package: what compiled rules and the hashes in manifests are made of."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable


def source_files(*endings: str) -> dict[str, Traversable]:
    """Return every file of the package with one of these endings, by its path inside the package, sorted."""
    found = dict(_below(files("sendcycle"), ""))
    return {name: found[name] for name in sorted(found) if name.endswith(endings)}


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _below(entry, f"{path}{entry.name}/")
        else:
            yield f"{path}{entry.name}", entry
