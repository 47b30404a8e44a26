"""How rules are compiled, and where the compiled ones are kept: one folder for each state of the source.

Numba looks only at the file of the function itself when it decides whether a compiled copy is current; a rule that
calls a changed function of another file would go on with the old one. Here a change of any file that rules are made
of, or of Numba or NumPy, leads to a new folder, so that no stale rule is ever run.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
import platformdirs
from numba import njit

from sendcycle.engine.source_files import source_files

COMPILED_ROOMS = (
    "engine/",
    "state/",
    "start/",
    "rules/",
    "month.py",
    "ages.py",
    "calendar.py",
    "units.py",
    "outputs/breakdowns.py",
)
KEPT = 4  # folders of earlier states that are kept


def source_hash() -> str:
    """Return a hash of all that compiled rules depend on."""
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__}".encode())
    for name, entry in source_files(".py").items():
        if name.startswith(COMPILED_ROOMS):
            digest.update(name.encode() + entry.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Return the folder of this state's compiled rules; NUMBA_CACHE_DIR moves its parent."""
    parent = os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_path("sendcycle", False) / "compiled"
    return Path(parent) / source_hash()


def use_cache_folder() -> None:
    """Let Numba keep compiled rules there, and remove the oldest folders."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        others = sorted(folder.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in others[KEPT:]:
            if old.is_dir() and re.fullmatch("[0-9a-f]{16}", old.name) and old != folder:
                shutil.rmtree(old, ignore_errors=True)
    except OSError:
        return  # nothing can be kept; Numba finds a place of its own or compiles anew
    numba.config.CACHE_DIR = str(folder)


use_cache_folder()


F = TypeVar("F", bound=Callable[..., Any])


def rule(function: F) -> F:
    """Compile a rule of the month. It runs uncompiled as well when NUMBA_DISABLE_JIT is set."""
    return njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)(function)


def compiled(function: F) -> F:
    """Compile a function that rules call."""
    return njit(cache=True)(function)


def inlined(function: F) -> F:
    """Compile a small function into each rule that calls it: a name for an equation costs nothing."""
    return njit(cache=True, inline="always")(function)
