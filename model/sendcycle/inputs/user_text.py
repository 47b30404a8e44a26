"""The boundary where a user's text becomes numbers and names: read as data, and everything in it bounded.

A scenario, a design, an ensemble or a manifest may come from anybody. What passes here is a regular file of reasonable
size, in UTF-8, that holds finite numbers a computer can count with and texts that a screen can show.
"""

import json
import math
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sendcycle.errors import SendcycleError, reason

LARGEST_FILE = 64 * 2**20  # bytes; a design with a thousand points given one by one has about one megabyte
LARGEST_NUMBER = 1e15  # pounds, months or people: England spends 1e12 pounds a year
LONGEST_TEXT = 20_000  # characters
LONGEST_NAME = 200
DEEPEST = 40  # tables within tables
SHOWN = 60  # characters of a wrong value that an error repeats
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def regular(path: Path) -> Path:
    """Return a path if a regular file is there. Raises OSError if none is: whoever reads a pipe may wait for ever."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise OSError("it is a folder")
    if not stat.S_ISREG(mode):
        raise OSError("it is no regular file")
    return path


def read_text(path: Path, what: str, kind: type[SendcycleError]) -> str:
    """Return the text of a user's file.

    Parameters
    ----------
    what
        What the file is, for the error: "scenario", say.
    kind
        The error to raise.

    Raises
    ------
    kind
        If it is no regular file (a folder, a pipe), too large, not there, or not in UTF-8.
    """
    try:
        if regular(path).stat().st_size > LARGEST_FILE:
            raise OSError(f"it is larger than {LARGEST_FILE // 2**20} MB")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a path with a character that no path has
        raise kind(f"cannot read {what} {path}: {reason(error)}.") from error


def parse_toml(text: str, where: str, kind: type[SendcycleError]) -> dict[str, Any]:
    """Return what a TOML text says, every number and text in it bounded. Raises `kind`, naming `where`, else."""
    try:
        plain = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # tomllib's own error is a ValueError, as that of too many digits
        raise kind(f"cannot read {where}: {_short(reason(error))}") from error
    check_bounded(plain, where, kind)
    return plain


def parse_json(text: str, where: str, kind: type[SendcycleError]) -> dict[str, Any]:
    """Return the object that a JSON text says, bounded like TOML. Raises `kind`, naming `where`, if it is none."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise kind(f"cannot read {where}: {_short(reason(error))}.") from error
    if not isinstance(plain, dict):
        raise kind(f"cannot read {where}: it holds no object with names and values.")
    check_bounded(plain, where, kind)
    return plain


def check_bounded(plain: Any, where: str, kind: type[SendcycleError], depth: int = 0) -> None:
    """Raise `kind` if plain data holds a number out of bounds, a text that cannot be shown, or tables too deep."""
    if depth > DEEPEST:
        raise kind(f"{where}: tables stand within tables more than {DEEPEST} deep.")
    if isinstance(plain, Mapping):
        for name, value in plain.items():
            check_text(name, f"{where}: a key", kind, LONGEST_NAME)
            check_bounded(value, f"{where}: {_short(name)}", kind, depth + 1)
    elif isinstance(plain, list | tuple):
        for value in plain:
            check_bounded(value, where, kind, depth + 1)
    elif isinstance(plain, str):
        check_text(plain, where, kind, LONGEST_TEXT)
    elif isinstance(plain, int | float) and not isinstance(plain, bool):
        check_number(plain, where, kind)


def parse_number(text: str, where: str, kind: type[SendcycleError]) -> float:
    """Return the finite number that a text writes in ASCII digits. Raises `kind` if it writes none."""
    if not NUMBER.fullmatch(text.strip()):
        raise kind(f"{where} = '{_short(text)}' is not a finite number.")
    number = float(text)
    check_number(number, where, kind)
    return number


def check_number(number: int | float, where: str, kind: type[SendcycleError]) -> None:
    """Raise `kind` if a number is not finite or too large to count with."""
    if isinstance(number, float) and not math.isfinite(number):
        raise kind(f"{where}: {number} is no finite number.")
    if abs(number) > LARGEST_NUMBER:
        raise kind(f"{where}: the number is beyond {LARGEST_NUMBER:g}.")


def check_text(text: Any, where: str, kind: type[SendcycleError], longest: int = LONGEST_TEXT) -> None:
    """Raise `kind` if a text is too long, or holds characters that no screen shows; line ends and tabs may be."""
    if not isinstance(text, str):
        raise kind(f"{where}: {_short(repr(text))} is no text.")
    if len(text) > longest:
        raise kind(f"{where}: a text of {len(text):,} characters is longer than {longest:,}.")
    if not text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        raise kind(f"{where}: {_short(repr(text))} holds characters that cannot be shown.")


def check_name(name: Any, where: str, kind: type[SendcycleError]) -> None:
    """Raise `kind` if a name is empty, of several lines, too long, or begins or ends with a space."""
    check_text(name, where, kind, LONGEST_NAME)
    if not name or name != name.strip() or not name.isprintable():
        raise kind(f"{where}: {_short(repr(name))} is no name: one line without spaces around it.")


def _short(text: str) -> str:
    """Return a text cut to what an error can show."""
    line = " ".join(str(text).split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}..."
