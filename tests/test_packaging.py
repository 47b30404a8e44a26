"""The packages work however they are installed, beside a user's own modules, and carry their types."""

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OFFLINE = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check")
# Modules with names that were ours once, or could have been.
OF_THE_USER = ("model", "experiments", "tests", "data")
SCRIPT = """
import data, experiments, model, tests
import sendcycle, sendcycle_experiments
from sendcycle import simulate
from sendcycle_experiments import read_scenario

assert [each.MINE for each in (data, experiments, model, tests)] == ["data", "experiments", "model", "tests"]
plans = simulate(scenario=read_scenario("no_change"), scale=0.0005, until="2014-09").national["plans_in_force"]
assert plans.gt(0).all()
print(sendcycle.__file__)
print(sendcycle_experiments.__file__)
"""


def run(*command: str | Path, cwd: Path, path: str = "", **variables: str) -> str:
    """Run a command with this Python path, and return what it printed."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "PYTHONPATH": path} | variables
    ended = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def pip(*words: str | Path, cwd: Path) -> None:
    run(sys.executable, "-m", "pip", *words, *OFFLINE, cwd=cwd)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the wheel and the source archive."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "hatchling", "build", "--directory", folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder into which the wheel has been installed."""
    target = tmp_path_factory.mktemp("installed")
    pip("install", "--target", target, wheel, cwd=target)
    return target


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a user's folder with modules of these names."""
    for name in OF_THE_USER:
        (tmp_path / f"{name}.py").write_text(f'MINE = "{name}"\n', encoding="utf-8")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    return tmp_path


def packages_found(said: str) -> list[Path]:
    return [Path(line).resolve().parents[1] for line in said.splitlines()]


def test_a_wheel_runs_beside_modules_of_the_user(installed: Path, project: Path) -> None:
    said = run(sys.executable, "script.py", cwd=project, path=f".:{installed}", NUMBA_DISABLE_JIT="1")
    assert packages_found(said) == [installed.resolve()] * 2


def test_the_command_of_a_wheel_runs_there_too(installed: Path, project: Path) -> None:
    said = run(installed / "bin" / "sendcycle", "list", "scenarios", cwd=project, path=f".:{installed}")
    assert "white_paper_2026" in said


def environment(folder: Path, *install: str | Path) -> Path:
    """Return the Python of a new environment with our dependencies, into which this is installed."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    (packages,) = folder.glob("lib/python*/site-packages")
    # Files with paths in there are not read, and so an editable installation of ours is not seen.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    run(sys.executable, "-m", "pip", "--python", python, "install", *OFFLINE, *install, cwd=folder)
    return python


def test_an_editable_install_runs_beside_modules_of_the_user(project: Path) -> None:
    python = environment(project / "env", "--editable", ROOT)
    (pth,) = project.glob("env/lib/python*/site-packages/*sendcycle.pth")
    assert sorted(pth.read_text(encoding="utf-8").split()) == [str(ROOT / "experiments"), str(ROOT / "model")]
    said = run(python, "script.py", cwd=project, path=".", NUMBA_DISABLE_JIT="1")
    assert packages_found(said) == [ROOT / "model", ROOT / "experiments"]


def test_a_wheel_from_the_source_archive_holds_the_same(built: Path, wheel: Path, tmp_path: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as source:
        source.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.glob("sendcycle-*")
    pip("wheel", "--wheel-dir", tmp_path, unpacked, cwd=tmp_path)
    (again,) = tmp_path.glob("*.whl")
    assert contents(again) == contents(wheel)


def contents(wheel: Path) -> dict[str, int]:
    """Return the names and checksums of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {file.filename: file.CRC for file in archive.infolist()}


@pytest.mark.slow
def test_types_reach_the_user(wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "env", wheel)
    script = tmp_path / "script.py"
    lines = [
        "from sendcycle import Parameters, SendModel, simulate",
        "from sendcycle_experiments import Design, read_scenario",
        "result = simulate(Parameters(), scenario=read_scenario('no_change'), until='2014-10')",
        "reveal_type(result.national)",
        "reveal_type(Design.from_toml)",
        "model = SendModel(seed=0)",
        "model.world.authorities[0].balance_pence",
        "model.world.authorities[0].balance_pense",
        "simulate(until=2014)",
    ]
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--python-executable", python, "--ignore-missing-imports", script]
    ended = subprocess.run(command, cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, check=False)
    said = ended.stdout.splitlines()
    errors = [line for line in said if ": error:" in line]
    assert [line.split(":")[1] for line in errors] == ["8", "9"], ended.stdout + ended.stderr
    assert '"AuthorityRecord" has no attribute "balance_pense"' in errors[0]
    assert any("DataFrame" in line for line in said)
    assert any("sendcycle_experiments.sweeps.designs.Design" in line for line in said)
