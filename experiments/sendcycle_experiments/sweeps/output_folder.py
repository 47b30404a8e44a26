"""Output folders: what a run writes appears all at once when it is finished, or not at all."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sendcycle.errors import ResultsError, reason
from sendcycle.outputs.results import MANIFEST
from sendcycle_experiments.sweeps.ownership import (
    MARKER,
    check_replaceable,
    claim,
    marker,
    note_written,
    noting_files,
)


@contextmanager
def atomic_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder inside `out`; its files move into `out` if the block ends well, else they go away.

    That the folder can be written is known before the block begins. The manifest goes last, and an older one is
    removed first, so that a half-finished move does not look whole. Folders made for nothing are removed again.

    Raises
    ------
    ResultsError
        If `out` cannot be made or written.
    """
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    was_ours = marker(out) is not None
    scratch = out / f".unfinished-{uuid.uuid4().hex}"  # named first: an interruption at any moment can remove it
    try:
        claim(out)
        try:
            scratch.mkdir()
        except OSError as error:
            raise write_error(out, error) from error
        yield scratch
        _move(scratch, out)
        shutil.rmtree(scratch, ignore_errors=True)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        if not was_ours and marker(out) is not None:
            (out / MARKER).unlink(missing_ok=True)
        for folder in missing:
            with suppress(OSError):  # not empty: somebody else uses it
                folder.rmdir()
        raise


def _move(scratch: Path, out: Path) -> None:
    names = sorted((path.name for path in scratch.iterdir()), key=lambda name: name == MANIFEST)
    check_replaceable(out, names)
    try:
        (out / MANIFEST).unlink(missing_ok=True)
        for name in names:
            os.replace(scratch / name, out / name)
        note_written(out, names)
    except OSError as error:
        raise write_error(out, error) from error


@contextmanager
def writing_into(folder: Path) -> Iterator[None]:
    """Make a folder ours for what the block writes into it; raises ResultsError, one line, if that cannot be.

    Files of a user in it are neither replaced nor removed (`ownership`).
    """
    try:
        with noting_files(folder):
            yield
    except OSError as error:
        raise write_error(folder, error) from error


def write_error(out: Path, error: BaseException) -> ResultsError:
    """Return the error to raise when `error` kept results from being written into `out`."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return ResultsError(f"cannot write results into {out}: {reason(cause)}.")
