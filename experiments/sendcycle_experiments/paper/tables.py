"""A table of a figure in three formats: CSV, LaTeX and Markdown."""

import math
from pathlib import Path

import pandas as pd

from sendcycle_experiments.paper.drawing import in_words
from sendcycle_experiments.sweeps.csv_files import write_csv

DIGITS = 4  # significant


def write_table(table: pd.DataFrame, path: Path, caption: str) -> None:
    """Write a table as `path` with .csv, .tex and .md; numbers keep four significant digits in the last two."""
    write_csv(table, path.with_suffix(".csv"), index=False, float_format="%.6g")
    words = table.map(_shown)
    latex = words.rename(columns=in_words).to_latex(index=False, escape=True, caption=caption, label=f"tab:{path.name}")
    path.with_suffix(".tex").write_text(latex, encoding="utf-8")
    path.with_suffix(".md").write_text(
        words.rename(columns=in_words).to_markdown(index=False, disable_numparse=True) + "\n", encoding="utf-8"
    )


def _shown(value: object) -> str:
    """Return a value as a reader wants it: four digits, thousands apart, nothing where there is nothing."""
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return in_words(value)
    if value == 0.0 or (float(value).is_integer() and abs(value) < 10**DIGITS):
        return f"{int(value)}"
    digits = max(DIGITS - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{digits}f}"
