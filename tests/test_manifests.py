"""A manifest says what made the results beside it, and is written last."""

import json
from pathlib import Path

import pytest

from sendcycle.errors import ResultsError
from sendcycle.outputs.results import MANIFEST, manifest_id, provenance
from sendcycle_experiments.sweeps.designs import Design
from sendcycle_experiments.sweeps.manifests import briefs, reporting
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.runner import sweep
from sendcycle_experiments.sweeps.store import Store

MADE_WITH = {"id", "command", "commit", "versions", "machine", "model"}


def test_a_report_records_its_provenance_and_its_own_id(tmp_path: Path) -> None:
    with reporting(tmp_path, {"members": 3, "id": "of another", "command": "of another"}):
        (tmp_path / "table.csv").write_text("a\n1\n")
        assert not (tmp_path / MANIFEST).exists()
    found = json.loads((tmp_path / MANIFEST).read_text())
    assert set(found) >= MADE_WITH | {"members"}
    assert found["id"] == manifest_id(found)
    assert found["command"] == provenance()["command"]
    assert found["model"] == model_state()


def test_a_failed_report_leaves_no_manifest(tmp_path: Path) -> None:
    with reporting(tmp_path, {}):
        pass
    with pytest.raises(ResultsError, match="cannot write"), reporting(tmp_path, {}):
        raise OSError("disk full")
    assert not (tmp_path / MANIFEST).exists()


def test_sweeps_record_their_provenance_and_reports_summarise_them(tmp_path: Path) -> None:
    design = Design("d", {}, outcomes=("requests",), years=(2015,), n=1, scale=0.0005, until="2015-12")
    sweep(design, tmp_path / "inner" / "runs", workers=1)
    found = Store(tmp_path / "inner" / "runs").manifest()
    assert set(found) >= MADE_WITH | {"design", "parts"}
    assert found["id"] == manifest_id(found)
    assert list(briefs(tmp_path)) == ["inner/runs"]
    assert briefs(tmp_path)["inner/runs"]["parts"] == len(found["parts"])


def test_recorded_commands_contain_no_local_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/somewhere/bin/sendcycle", "run", "my reform.toml", "--out", "/home/me/results"])
    assert provenance()["command"] == "sendcycle run 'my reform.toml' --out results"
