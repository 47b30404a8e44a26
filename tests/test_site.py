"""The documentation site is built without a warning, and holds what documents refer to."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ELSEWHERE = {
    "README.md": "first_steps.html", "CHANGELOG.md": "changelog.html", "results/README.md": "results.html",
    "results/e10_claims/claims.md": "claims.html",
}  # fmt: skip


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}  # of the theme, about itself
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    reference = (tmp_path / "site" / "reference.html").read_text(encoding="utf-8")
    assert 'id="sendcycle.simulation.simulate"' in reference
    first = (tmp_path / "site" / "first_steps.html").read_text(encoding="utf-8")
    assert 'src="results/compare/at_a_glance.png"' in first
    assert (tmp_path / "site" / "results" / "compare" / "at_a_glance.png").exists()
    for page in (ROOT / "docs").glob("*.md"):
        written = tmp_path / "site" / f"{page.stem}.html"
        assert written.exists(), page.name
        for name in re.findall(r"\]\(\.\./([\w./-]+)", page.read_text(encoding="utf-8")):
            there = ELSEWHERE.get(name, re.sub(r"\.md$", ".html", name))
            assert (tmp_path / "site" / there).exists(), f"{page.name}: {name} is not on the site"
            assert f'="{there}' in written.read_text(encoding="utf-8"), f"{page.name}: no link leads to {there}"
