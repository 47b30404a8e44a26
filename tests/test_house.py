"""The project's own files agree: the lock, the version, the wheel."""

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ["3.11", "3.12", "3.13"]
PACKAGES = ("model", "experiments")
LONGEST_FUNCTION, LONGEST_FILE = 60, 700  # lines
TWIN = "model/sendcycle/verification/plain_twin.py"  # all rules for children in one file, to be read side by side


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lock_text() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def lock_entries(text: str) -> list[tuple[Requirement, int]]:
    """Return each pinned requirement with its number of hashes."""
    joined = text.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [(Requirement(line.split(" --hash=")[0].strip()), line.count("--hash=sha256:")) for line in lines]


def pins_for(text: str, python: str) -> dict[str, str]:
    """Return name -> version of what the lock installs on Linux with this Python."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "os_name": "posix",
    }
    pins: dict[str, str] = {}
    for requirement, _ in lock_entries(text):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            name = canonicalize_name(requirement.name)
            assert name not in pins, f"{name} is pinned twice for Python {python}"
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", f"{requirement} is not a pin"
            pins[name] = specifier.version
    return pins


@pytest.mark.parametrize(
    ("python", "mesa"), [("3.11", "mesa==3.3.*"), ("3.12", "mesa>=3.5,<4"), ("3.13", "mesa>=3.5,<4")]
)
def test_lock_names_the_right_mesa(lock_text: str, python: str, mesa: str) -> None:
    assert Requirement(mesa).specifier.contains(pins_for(lock_text, python)["mesa"])


def test_lock_names_no_host_and_no_path(lock_text: str) -> None:
    for word in ("http", "://", "file:", "index-url", "find-links", " @ "):
        assert word not in lock_text


def test_every_pin_has_a_hash(lock_text: str) -> None:
    assert [str(requirement) for requirement, hashes in lock_entries(lock_text) if hashes == 0] == []


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_satisfies_the_declared_dependencies(lock_text: str, project: dict[str, Any], python: str) -> None:
    pins = pins_for(lock_text, python)
    declared = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["test"],
        *project["project"]["optional-dependencies"]["app"],
        *project["project"]["optional-dependencies"]["docs"],
        *project["build-system"]["requires"],
    ]
    for requirement in map(Requirement, declared):
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{name} is not in the lock"
        assert requirement.specifier.contains(pins[name]), f"{requirement} but the lock has {pins[name]}"


def test_citation_has_the_version_of_the_project(project: dict[str, Any]) -> None:
    codemeta = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
    assert codemeta["version"] == project["project"]["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    versions = re.findall(r"^version: *\"?([^\"\s]+)", citation, flags=re.MULTILINE)
    assert versions == [project["project"]["version"]]


def test_wheel_holds_code_parameters_and_data(tmp_path: Path, project: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    built = subprocess.run(
        [*command, "--wheel-dir", str(tmp_path), str(ROOT)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob(f"sendcycle-{project['project']['version']}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())

    expected = set()
    for folder in (ROOT / "model", ROOT / "experiments"):
        files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        expected |= {path.relative_to(folder).as_posix() for path in files}
    assert expected - inside == set()
    assert {
        "sendcycle/__init__.py",
        "sendcycle/py.typed",
        "sendcycle/inputs/parameters.toml",
        "sendcycle/inputs/data/authorities.csv",
        "sendcycle_experiments/terminal/command_line.py",
        "sendcycle_experiments/app/timeline.vue",
    } <= inside

    tops = {name.split("/")[0] for name in inside}
    assert tops == {"sendcycle", "sendcycle_experiments", f"sendcycle-{project['project']['version']}.dist-info"}


def functions_too_long(code: str) -> list[str]:
    """Return the functions of more lines than LONGEST_FUNCTION, from `def` on."""
    functions = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [f.name for f in functions if (f.end_lineno or f.lineno) - f.lineno + 1 > LONGEST_FUNCTION]


def test_no_function_is_longer_than_a_screen_and_no_file_than_700_lines() -> None:
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}
    assert len(texts) > 100
    del texts[TWIN]
    found = {name: too_long for name, text in texts.items() if (too_long := functions_too_long(text))}
    assert found == {}, f"functions of more than {LONGEST_FUNCTION} lines"
    assert [name for name, text in texts.items() if len(text.splitlines()) > LONGEST_FILE] == []


def test_a_function_one_line_too_long_is_found() -> None:
    body = "    x = 1\n" * (LONGEST_FUNCTION - 1)
    assert functions_too_long(f"def fits():\n{body}") == []
    assert functions_too_long(f"class A:\n  def too_long(self):\n{body}    return\n") == ["too_long"]
