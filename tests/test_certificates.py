"""A sweep on a scheduler with certificates, as docs/cluster.md shows it."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sendcycle_experiments.sweeps.store import Store

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
DESIGN = """
name = "small"
scale = 0.0005
until = "2015-12"
years = [2015]
outcomes = ["plans_in_force"]
sampler = "defaults"
replicates = 2
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates"),
]


def started(folder: Path, module: str, *words: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", module, *words, "--no-dashboard"], cwd=folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=os.environ | {"DASK_CONFIG": str(folder / "tls.yaml")},
    )  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Make what the page shows, and yield its folder with the address of a scheduler that has a worker."""
    folder = tmp_path_factory.mktemp("tls")
    command = re.search(r"^openssl .*$", PAGE, flags=re.MULTILINE)
    settings = re.search(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert command is not None
    assert settings is not None
    subprocess.run(command[0], shell=True, cwd=folder, check=True, capture_output=True)
    (folder / "tls.yaml").write_text(settings[1].replace("/home/me/tls", str(folder)), encoding="utf-8")
    (folder / "design.toml").write_text(DESIGN, encoding="utf-8")
    file, dask = folder / "scheduler.json", "distributed.cli.dask_"
    words = ("--protocol", "tls", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
    processes = [started(folder, f"{dask}scheduler", *words)]
    try:
        while (found := re.search(r"tls://[0-9.:]+", file.read_text() if file.exists() else "")) is None:
            assert processes[0].poll() is None, "the scheduler has ended"
            time.sleep(0.1)
        processes.append(started(folder, f"{dask}worker", found[0], "--nthreads", "1", "--no-nanny"))
        yield folder, found[0]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def swept(folder: Path, address: str, out: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    module = "sendcycle_experiments.terminal.command_line"
    words = ["sweep", str(folder / "design.toml"), "--scheduler", address, "--out", str(folder / out)]
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_sweep_runs_on_a_scheduler_with_certificates(served: tuple[Path, str]) -> None:
    folder, address = served
    done = swept(folder, address, "out", DASK_CONFIG=str(folder / "tls.yaml"))
    assert done.returncode == 0, done.stderr
    assert Store(folder / "out").outcomes()["run"].tolist() == [0, 1]


@pytest.mark.parametrize("scheme", ["tls", "tcp"])
def test_a_client_without_certificate_ends_with_a_line(served: tuple[Path, str], scheme: str) -> None:
    folder, address = served
    done = swept(folder, address.replace("tls", scheme), "none", DASK_CONFIG=str(folder / "nothing"))
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if line.startswith("sendcycle: no Dask scheduler answers")]
    assert "Traceback" not in done.stderr
    assert not (folder / "none").exists()
