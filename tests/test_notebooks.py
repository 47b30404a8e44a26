"""Every notebook runs from top to bottom in a kernel of its own."""

from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient
from tests.conftest import HANG_SECONDS

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run_from_top_to_bottom(path: Path) -> None:
    notebook = jupytext.read(path)
    client = NotebookClient(
        notebook, timeout=None, startup_timeout=HANG_SECONDS, iopub_timeout=HANG_SECONDS,
        resources={"metadata": {"path": str(ROOT / "notebooks")}},
    )  # fmt: skip
    client.execute()
    results = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert results, "the notebook shows nothing"


def test_notebooks_are_stored_as_text_without_output() -> None:
    assert len(NOTEBOOKS) >= 6
    assert not list((ROOT / "notebooks").glob("*.ipynb"))
