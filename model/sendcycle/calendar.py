"""Months of the model: month 0 is September 2014, and a run may last until August 2040.

The functions of `t` take one month, or an array of months, counted from September 2014.
"""

import re
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sendcycle.errors import DateError

FIRST_MONTH = "2014-09"
LAST_MONTH = "2040-08"
N_MONTHS = 312
BURN_IN_MONTHS = 12  # from September 2013, so that the pipeline is full when the run begins
JANUARY, APRIL, SEPTEMBER = 1, 4, 9  # months of the year of the school census, the financial and the school year

Months = TypeVar("Months", int, npt.NDArray[np.int64])


def month_index(text: str) -> int:
    """Return the model month of a text such as "2015-01" (which is 4).

    Raises
    ------
    DateError
        If the text is not YYYY-MM, or lies outside FIRST_MONTH to LAST_MONTH.
    """
    match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text) if isinstance(text, str) else None
    if match is None:
        raise DateError(f"{text!r} is not a month: write YYYY-MM, from {FIRST_MONTH} to {LAST_MONTH}.")
    t = (int(match[1]) - 2014) * 12 + int(match[2]) - 9
    if not 0 <= t < N_MONTHS:
        raise DateError(f"{text} lies outside the run: months go from {FIRST_MONTH} to {LAST_MONTH}.")
    return t


def month_label(t: int) -> str:
    """Return the text YYYY-MM of model month `t`; the inverse of `month_index`. Raises DateError outside the run."""
    if not 0 <= t < N_MONTHS:
        raise DateError(f"month {t} lies outside the run: months go from 0 ({FIRST_MONTH}) to {N_MONTHS - 1}.")
    return f"{calendar_year(t)}-{month_of_year(t):02d}"


def month_of_year(t: Months) -> Months:
    """Return 1 (January) to 12 (December)."""
    return (t + 8) % 12 + 1


def calendar_year(t: Months) -> Months:
    """Return the calendar year."""
    return 2014 + (t + 8) // 12


def financial_year(t: Months) -> Months:
    """Return the year in which the financial year began (April)."""
    return 2014 + (t + 5) // 12


def school_year(t: Months) -> Months:
    """Return the year in which the school year began (September)."""
    return 2014 + t // 12


def months(n: int) -> npt.NDArray[np.datetime64]:
    """Return the first `n` months of the model as datetime64[M], shape (n,)."""
    return np.datetime64(FIRST_MONTH, "M") + np.arange(n)
