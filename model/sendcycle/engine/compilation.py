"""Where compiled rules are kept: one folder for each state of the source, so that no stale rule is ever run.

Numba looks only at the file of the function itself when it decides whether a compiled copy is current; a rule that
calls a changed function of another file would go on with the old one. Here a change of any file of the model, or of
Numba or NumPy, leads to a new folder.
"""

import hashlib
import os
import re
import shutil
from pathlib import Path

import numba
import numpy as np
import platformdirs

from sendcycle.engine.source_files import source_files

READ_BY_RULES = ("engine/by_reference.py", "calendar.py", "state/children.py")  # files without rules of their own
KEPT = 4  # folders of earlier states that are kept


def source_hash() -> str:
    """Return a hash of all that compiled rules depend on."""
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__}".encode())
    for name, entry in source_files(".py").items():
        source = entry.read_bytes()
        if re.search(rb"import .*\b(numba|njit|rule)\b", source) or name in READ_BY_RULES:
            digest.update(name.encode() + source)
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
