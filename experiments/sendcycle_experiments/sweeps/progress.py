"""Progress bars for work beyond two seconds: on the error stream of a terminal, in the output of a notebook, else none.

    with RunsBar(design.n_runs) as bar:
        sweep(design, "results/first_sweep", progress=bar, announce=bar.announce)

In a notebook the bars of rich need ipywidgets (`pip install "sendcycle[notebook]"`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from sendcycle_experiments.sweeps.runner import Progress

PERCENT = "{task.percentage:>3.0f} %"


def plain_console(*, stderr: bool = False) -> Console:
    """Return a console that shows names as they are: brackets and colons in them are no markup."""
    return Console(stderr=stderr, markup=False, emoji=False)


def _in_words(text: str) -> TextColumn:
    return TextColumn(text, markup=False)


def _bars(*columns: Any, transient: bool = False) -> Bars:
    console = plain_console(stderr=True)
    shown = console.is_terminal or console.is_jupyter
    return Bars(*columns, console=console, transient=transient, disable=not shown)


class RunsBar:
    """A bar of the runs of a sweep, with their rate and the time left; call it with where the sweep stands."""

    def __init__(self, total: int) -> None:
        left = TimeRemainingColumn(elapsed_when_finished=True)
        self._bars = _bars(BarColumn(), MofNCompleteColumn(), _in_words("{task.fields[rate]}"), left)
        self._task = self._bars.add_task("runs", total=total, rate="")
        self._began = 0.0

    def __enter__(self) -> "RunsBar":
        self._bars.start()
        self._began = time.monotonic()
        return self

    def __call__(self, now: "Progress") -> None:
        """Show where the sweep stands."""
        rate = (now.done - now.before) / max(time.monotonic() - self._began, 1e-9)
        words = f"{rate:.1f} runs a second" + (f", {now.failed} failed" if now.failed else "")
        self._bars.update(self._task, completed=now.done, total=now.total, rate=words)

    def announce(self, link: str) -> None:
        """Show where Dask's dashboard is."""
        self._bars.console.print(f"Dask dashboard: {link}")

    def __exit__(self, *_: object) -> None:
        self._bars.stop()


@contextmanager
def steps_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar of the steps of an analysis; yield what moves it to (done, total)."""
    with _bars(_in_words("{task.description}"), BarColumn(), _in_words(PERCENT), TimeRemainingColumn()) as bars:
        task = bars.add_task(what)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def months_bar() -> Iterator[Callable[[int, int], None]]:
    """Show a bar of the months of one run; yield what moves it to (done, total)."""
    from sendcycle.calendar import month_label

    columns = (_in_words("{task.description}"), BarColumn(), _in_words(PERCENT), TimeElapsedColumn())
    with _bars(*columns, transient=True) as bars:
        waiting = "making the children" if is_compiled() else "compiling the rules, the first time only"
        task = bars.add_task(waiting, total=None)

        def advance(done: int, total: int) -> None:
            if done == total:
                bars.update(task, description="writing", completed=done, total=total)
            elif done % 12 == 0 or total < 60:
                bars.update(task, description=f"living through {month_label(done)}", completed=done, total=total)

        yield advance


def is_compiled() -> bool:
    """Return whether compiled rules of this state of the model are kept."""
    from sendcycle.engine.compilation import cache_folder

    try:
        return any(cache_folder().rglob("month.authorities_act*.nbc"))  # the longest to compile
    except OSError:
        return False
