"""Every figure of papers by name: the question it answers, the results it is made from, and what draws it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sendcycle.errors import ResultsError, nearest
from sendcycle.outputs.results import MANIFEST
from sendcycle_experiments.figures.style import PRINT_DPI, journal_style, save_figure
from sendcycle_experiments.paper.baseline_figures import draw_baseline, draw_fan, draw_scales
from sendcycle_experiments.paper.diagrams import draw_causal_map, draw_stocks_and_flows
from sendcycle_experiments.paper.drawing import FigureWithCaption
from sendcycle_experiments.paper.forecast_figures import draw_backtest, draw_forecast, draw_rivals
from sendcycle_experiments.paper.funding_figures import draw_double_funding, draw_funding
from sendcycle_experiments.paper.order_figures import draw_front, draw_order_structures, draw_orders
from sendcycle_experiments.paper.reform_figures import draw_differences, draw_priorities, draw_scenarios
from sendcycle_experiments.paper.sensitivity_figures import draw_indices, draw_loop_shares, draw_posterior
from sendcycle_experiments.paper.tables import write_table
from sendcycle_experiments.sweeps.output_folder import writing_into
from sendcycle_experiments.sweeps.stored_results import StoredResults

CAPTIONS = "captions.md"


@dataclass(frozen=True)
class PaperFigure:
    """A figure of papers: `draw` answers the question from the results in `folder`, empty for the model's own maps.

    `table` is a file in the folder that not every run of the experiment writes.
    """

    question: str
    folder: str
    draw: Callable[[StoredResults], FigureWithCaption]
    table: str = ""


FIGURES: Mapping[str, PaperFigure] = {
    "causal_map": PaperFigure("What acts on what, and which loops does that close?", "", draw_causal_map),
    "stocks_and_flows": PaperFigure("What flows into and out of which stock?", "", draw_stocks_and_flows),
    "baseline": PaperFigure("How near is one run to published figures?", "baseline", draw_baseline),
    "baseline_fan": PaperFigure(
        "How far do runs differ by chance, and by small changes of every parameter?", "e01_baseline_fan", draw_fan
    ),
    "posterior": PaperFigure("Which parameters do published figures narrow?", "calibration_2025-01", draw_posterior),
    "backtest": PaperFigure("Would a forecast from January 2020 have come true?", "e02_backtest", draw_backtest),
    "rivals": PaperFigure("Do other structures fit as well, and what do they foresee?", "e02_rivals", draw_rivals),
    "forecast": PaperFigure("What happens to 2040 without reform?", "e11_forecast", draw_forecast),
    "loop_shares": PaperFigure("Which loop carries how much of the growth?", "e03_loop_shares", draw_loop_shares),
    "screening": PaperFigure("Which parameters matter at all?", "e04_sensitivity/screening", draw_indices),
    "sensitivity": PaperFigure(
        "Which parameters drive the variance of which outcome?", "e04_sensitivity/variance", draw_indices
    ),
    "scenarios": PaperFigure("Where do scenarios lead?", "compare", draw_scenarios),
    "differences": PaperFigure("What do scenarios change, year by year?", "compare", draw_differences),
    "priorities": PaperFigure("What does each priority of the paper change?", "e09_priorities", draw_priorities),
    "orders": PaperFigure("Does the order of reforms matter?", "e05_sequencing", draw_orders),
    "order_structures": PaperFigure(
        "Does the order matter in rival structures too?", "e05_sequencing", draw_order_structures, "claim_rivals.csv"
    ),
    "front": PaperFigure("What does less unmet need cost at best?", "e05_sequencing", draw_front),
    "funding": PaperFigure("Who gains and loses by how moderate needs are funded?", "e06_funding", draw_funding),
    "double_funding": PaperFigure("What is paid twice, year by year?", "e07_double_funding", draw_double_funding),
    "scales": PaperFigure("How far are smaller samples from full scale?", "e08_scales", draw_scales),
}


def choose_figures(names: Sequence[str], results: Path) -> list[str]:
    """Return the figures to make: those named, or all whose results are there; `results` may hold one result alone.

    Raises
    ------
    ResultsError
        If a figure is unknown, or the results of one that is named are not there.
    """
    for name in names:
        if name not in FIGURES:
            raise ResultsError(f"unknown figure '{name}'.{nearest(name, FIGURES)} There are: {', '.join(FIGURES)}.")
        place = folder_of(FIGURES[name], results) / FIGURES[name].table
        if FIGURES[name].folder and not _is_there(FIGURES[name], results):
            raise ResultsError(
                f"figure '{name}' is made from {place}, which is not there: give the folder of the result itself, "
                f"or one that holds it as '{FIGURES[name].folder}'."
            )
    if not names and (results / MANIFEST).exists():
        raise ResultsError(f"{results} is one result, not a folder of results: name the figures to be made from it.")
    there = [name for name, figure in FIGURES.items() if not figure.folder or _is_there(figure, results)]
    return list(names) or there


def _is_there(figure: PaperFigure, results: Path) -> bool:
    """Say whether the table of a figure is there, or should be: that it was lost is said when it is read."""
    folder = folder_of(figure, results)
    return (folder / figure.table).exists() or StoredResults(folder).lists(figure.table)


def folder_of(figure: PaperFigure, results: Path) -> Path:
    """Return the folder that a figure is made from: in a folder of results, or this folder if it is a result itself."""
    return results if (results / MANIFEST).exists() else results / figure.folder


def make_figures(names: Sequence[str], results: Path, out: Path, *, check: bool = True) -> pd.DataFrame:
    """Write figures with captions and tables into a folder; return a row a figure.

    Its columns are `figure`, `from`, `source` and `tables` (whether these were held against their hashes). Each comes
    as PDF, as PNG at 300 dots an inch, and with its table as CSV, TeX and Markdown; captions in `CAPTIONS`.

    Raises
    ------
    ResultsError
        If a figure is unknown, its results are missing, were changed or cannot be read, or the folder cannot be
        written.
    """
    rows, captions = [], ["# Figures\n"]
    wanted = choose_figures(names, results)
    with writing_into(out), journal_style():
        for name in wanted:
            stored = StoredResults(folder_of(FIGURES[name], results), check)
            drawn = FIGURES[name].draw(stored)
            source = stored.source if FIGURES[name].folder else "declarations of the model"
            paths = [out / f"{name}.pdf", out / f"{name}.png"]
            save_figure(drawn.figure, paths, f"sendcycle: {name}", drawn.caption, source, dpi=PRINT_DPI)
            write_table(drawn.table, out / name, drawn.table_caption)
            captions.append(f"**{name}.** {drawn.caption} ({source}; `{FIGURES[name].folder or 'model'}`)\n")
            checked = stored.checked if FIGURES[name].folder else ""
            rows.append(
                {"figure": name, "from": FIGURES[name].folder or "the model", "source": source, "tables": checked}
            )
        (out / CAPTIONS).write_text("\n".join(captions), encoding="utf-8")
    return pd.DataFrame(rows)
