"""A user's files are sacred: what the program did not write it neither replaces nor removes."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sendcycle.errors import ResultsError
from sendcycle.inputs.parameters import declared
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.designs import Design
from sendcycle_experiments.sweeps.ownership import (
    MARKER,
    check_replaceable,
    claim,
    foreign,
    marker,
    note_written,
    remove_ours,
)
from sendcycle_experiments.sweeps.runner import sweep
from sendcycle_experiments.sweeps.store import Store


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["notes.txt", "yearly.csv", "manifest.json", "runs/deeper/x.txt", ".hidden"])
def test_a_folder_with_files_of_a_user_is_refused_and_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("{}")
    before = contents(tmp_path)
    with pytest.raises(ResultsError, match="did not write"):
        claim(tmp_path)
    assert contents(tmp_path) == before


def test_an_empty_or_new_folder_becomes_ours_and_stays_so(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "a" / "b"):
        for _ in range(2):
            claim(folder)
            assert marker(folder) == {"program": "sendcycle", "files": {}}


@pytest.mark.parametrize("dropping", [".DS_Store", "Thumbs.db", ".ipynb_checkpoints", "._x", ".sync_journal.db"])
def test_droppings_do_no_harm_and_stay(tmp_path: Path, dropping: str) -> None:
    (tmp_path / dropping).write_text("theirs")
    claim(tmp_path)
    assert foreign(tmp_path) == []
    remove_ours(tmp_path)
    assert contents(tmp_path) == {dropping: b"theirs"}


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"program": "other", "files": {}}', '{"program": "sendcycle"}']
)
def test_a_marker_that_is_not_ours_makes_nothing_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / MARKER).write_text(text)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ResultsError, match="did not write"):
        claim(tmp_path)


def test_results_from_before_the_marker_are_ours(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"id": "x", "model": {"code": "0"}}))
    (tmp_path / "table.csv").write_text("1")
    claim(tmp_path)
    check_replaceable(tmp_path, ["table.csv", "manifest.json"])


def test_files_of_a_user_in_a_folder_of_ours_are_not_replaced(tmp_path: Path) -> None:
    claim(tmp_path)
    (tmp_path / "table.csv").write_text("ours")
    note_written(tmp_path, ["table.csv"])
    check_replaceable(tmp_path, ["table.csv", "new.csv"])
    (tmp_path / "new.csv").write_text("theirs")
    with pytest.raises(ResultsError, match="not written by"):
        check_replaceable(tmp_path, ["new.csv"])
    (tmp_path / "table.csv").write_text("changed by hand")
    with pytest.raises(ResultsError, match="was changed since"):
        check_replaceable(tmp_path, ["table.csv"])
    (tmp_path / "link.csv").symlink_to(tmp_path / "new.csv")
    with pytest.raises(ResultsError, match="not written by"):
        check_replaceable(tmp_path, ["link.csv"])


def test_what_is_removed_is_what_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    claim(folder)
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text("ours")
    note_written(folder, ["a.csv", "b.csv"])
    (folder / "b.csv").write_text("changed by hand")
    (folder / "notes.txt").write_text("mine")
    assert sorted(remove_ours(folder)) == ["b.csv", "notes.txt"]
    assert set(contents(folder)) == {"b.csv", "notes.txt", MARKER}
    with pytest.raises(ResultsError, match="no folder of"):
        remove_ours(tmp_path)


def test_a_place_that_is_no_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "nul\0", Path("/proc/none/out")):
        with pytest.raises(ResultsError) as raised:
            claim(place)
        assert "\n" not in str(raised.value)
    assert os.listdir(tmp_path) == ["file"]


def test_cells_that_a_spreadsheet_would_execute_are_escaped(tmp_path: Path) -> None:
    table = pd.DataFrame({"=cmd()": ["=HYPERLINK(1)", "+1", "-0.5", "@x", "plain", None], "number": [-1.0] * 6})
    write_csv(table, tmp_path / "t.csv", index=False)
    read = pd.read_csv(tmp_path / "t.csv", dtype=str)
    assert list(read) == ["'=cmd()", "number"]
    assert list(read.iloc[:5, 0]) == ["'=HYPERLINK(1)", "+1", "-0.5", "'@x", "plain"]
    assert list(read["number"]) == ["-1.0"] * 6


# ---------------------------------------------------------------------- sweeps


def finished_sweep(folder: Path) -> Store:
    """Return a finished sweep of five runs in batches of two, without running anything."""
    design = Design(
        "small", scale=0.0005, until="2015-12", years=(2015,), outcomes=("plans_in_force",), n=5, batch=2,
        uncertainties={"escalation": declared()["escalation"].prior},
    )  # fmt: skip
    store = Store(folder)
    with store.alone():
        store.begin(design, resume=False)
        for batch, (first, last) in enumerate(design.batches()):
            store.add(batch, rows_of(first, last))
        store.finish({"computed": 5})
    return store


def rows_of(first: int, last: int) -> pd.DataFrame:
    """Return what runs may bring: the number of each as its outcome."""
    runs = np.arange(first, last)
    error = pd.array([None] * len(runs), dtype="string")
    return pd.DataFrame({"run": runs, "year": np.int16(2015), "error": error, "plans_in_force": runs.astype(float)})


def test_copies_strangers_and_subfolders_beside_the_parts_change_nothing(tmp_path: Path) -> None:
    store = finished_sweep(tmp_path / "out")
    before = store.table()
    assert before["run"].tolist() == [0, 1, 2, 3, 4]
    runs = tmp_path / "out" / "runs"
    first = sorted(runs.iterdir())[0]
    shutil.copy(first, runs / f"{first.stem} (conflicted copy).parquet")
    (runs / "deeper").mkdir()
    shutil.copy(first, runs / "deeper" / first.name)
    shutil.copy(first, runs / "mine.parquet")
    (runs / "notes.txt").write_text("mine")
    there = contents(runs)
    pd.testing.assert_frame_equal(store.table(), before)
    with store.alone():
        store.begin(Design.from_mapping(MAPPING), resume=True)
    assert store.finished() == {0, 1, 2}
    assert contents(runs) == there


MAPPING = {
    "name": "small", "scale": 0.0005, "until": "2015-12", "years": [2015], "outcomes": ["plans_in_force"], "n": 5,
    "batch": 2, "uncertainties": {"escalation": {}},
}  # fmt: skip


def test_a_changed_a_renumbered_and_a_lost_part_are_told_apart(tmp_path: Path) -> None:
    store = finished_sweep(tmp_path / "out")
    first, second, third = sorted((tmp_path / "out" / "runs").iterdir())
    content = bytearray(first.read_bytes())
    content[40] ^= 1
    first.write_bytes(content)
    with pytest.raises(ResultsError, match="was changed since it was written; --resume"):
        store.table()
    assert len(Store(tmp_path / "out", check=False).plan()) == 5
    forged = second.with_name(second.name.replace("000001", "000007"))
    shutil.copy(second, forged)
    assert sorted(words.split(" ", 1)[1] for words in store.parts().wrong) == [
        "bears the number of another batch", "was changed since it was written",
    ]  # fmt: skip
    assert store.finished() == {1, 2}
    third.unlink()
    first.write_bytes(b"")
    with pytest.raises(ResultsError, match="1 parts of the runs are gone"):
        store.table()


def test_a_valid_part_multiplied_by_ten_is_not_read(tmp_path: Path) -> None:
    store = finished_sweep(tmp_path / "out")
    before = store.table()
    with store.alone():
        forged = rows_of(0, 2)
        forged["plans_in_force"] *= 10.0
        store.add(0, forged)
    pd.testing.assert_frame_equal(store.table(), before)
    assert "is not in the manifest" in store.parts().wrong[0]
    (tmp_path / "out" / "manifest.json").unlink()
    assert store.finished() == {1, 2}  # which of the two is right nobody knows: the batch is computed again


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe\x00", b'{"parts": 1}'])
def test_a_harmed_manifest_heals(tmp_path: Path, content: bytes) -> None:
    store = finished_sweep(tmp_path / "out")
    manifest = tmp_path / "out" / "manifest.json"
    before = json.loads(manifest.read_bytes())
    manifest.write_bytes(content)
    assert not store.is_finished
    with store.alone():
        store.begin(Design.from_mapping(MAPPING), resume=True)
        assert store.finished() == {0, 1, 2}
        store.finish({"computed": 5})
    assert json.loads(manifest.read_bytes())["parts"] == before["parts"]


@pytest.mark.parametrize("harm", ["changed", "short", "gone"])
def test_a_plan_follows_from_its_design_and_heals(tmp_path: Path, harm: str) -> None:
    store = finished_sweep(tmp_path / "out")
    plan = tmp_path / "out" / "plan.parquet"
    before = store.plan()
    if harm == "changed":
        before.assign(escalation=0.0).to_parquet(plan)
    elif harm == "short":
        before.iloc[:3].to_parquet(plan)
    else:
        plan.unlink()
    with pytest.raises(ResultsError, match=r"was changed since|cannot read"):
        store.plan()
    with store.alone():
        store.begin(Design.from_mapping(MAPPING), resume=True)
    pd.testing.assert_frame_equal(store.plan(), before)


def test_a_sweep_leaves_a_folder_of_a_user_as_it_is(tmp_path: Path) -> None:
    for name in ("runs/notes.txt", "runs/deeper/x.txt", "failures.csv", "plan.parquet", "yearly.csv", "manifest.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    before = contents(tmp_path)
    design = Design.from_mapping(MAPPING)
    for resume in (False, True):
        with pytest.raises(ResultsError, match="something else"):
            sweep(design, tmp_path, resume=resume, workers=1)
    assert contents(tmp_path) == before
