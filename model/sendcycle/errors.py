"""Errors that a user can mend: each carries a message of one line, and the command line turns it into exit status 2."""

import difflib
from collections.abc import Iterable


class SendcycleError(Exception):
    """Base of every error caused by input; its message is one line that says what to change."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class ParameterError(SendcycleError, ValueError):
    """A parameter is unknown, out of range or wrongly declared."""


class ScenarioError(SendcycleError, ValueError):
    """A reform or scenario is contradictory, empty or wrongly written."""


class DateError(SendcycleError, ValueError):
    """A month is not written as YYYY-MM or lies outside the years that the model covers."""


class ScaleError(SendcycleError, ValueError):
    """A share of England that cannot be simulated."""


class ResultsError(SendcycleError):
    """Results, or the published series beside them, are missing, incomplete or cannot be written."""


def reason(error: BaseException) -> str:
    """Return why something failed in plain words: what the system said, without number and path."""
    return getattr(error, "strerror", None) or str(error)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known name closest to `name`, or the first that contains it, or ""."""
    known = list(known)
    within = [other for other in known if len(name) > 2 and name in other]
    matches = difflib.get_close_matches(name, known, n=1) or within
    return f" Did you mean '{matches[0]}'?" if matches else ""
