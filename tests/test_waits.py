"""No test depends on speed: tests wait for events, and nothing that a busy machine exceeds decides them."""

import ast
from pathlib import Path

import pytest
from tests.conftest import HANG_SECONDS

TESTS = Path(__file__).resolve().parent
FILES = {path.name: path for path in sorted(TESTS.glob("*.py")) if path != Path(__file__)}
SHORT = 3600.0  # seconds; shorter is a limit that a busy machine may exceed
CLOCKS = {"monotonic", "perf_counter", "monotonic_ns", "perf_counter_ns", "process_time"}
LIMITED = {"wait", "join", "result", "acquire", "wait_for_timeout", "set_default_timeout", "alarm"}  # by a first number


def is_short(value: ast.expr) -> bool:
    """Say whether an expression is a number of seconds, but none that means no limit."""
    return isinstance(value, ast.Constant) and type(value.value) in (int, float) and 0 < value.value < SHORT


def short_waits(source: str) -> list[str]:
    """Return what in a source depends on speed: clocks, limits that are short, and sleeping that waits for nothing."""
    tree = ast.parse(source)
    polling = {id(node) for loop in ast.walk(tree) if isinstance(loop, ast.While) for node in ast.walk(loop)}
    found = []
    for node in ast.walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in CLOCKS:
            found.append((node.lineno, name))
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "sleep" and id(node) not in polling:
                found.append((node.lineno, called))
            if called in LIMITED and node.args and is_short(node.args[0]):
                found.append((node.lineno, called))
            found += [
                (node.lineno, word.arg) for word in node.keywords
                if word.arg and ("timeout" in word.arg or word.arg == "deadline") and is_short(word.value)
            ]  # fmt: skip
    return [f"line {line}: {what}" for line, what in sorted(found)]


@pytest.mark.parametrize("file", FILES)
def test_no_test_depends_on_speed(file: str) -> None:
    assert short_waits(FILES[file].read_text(encoding="utf-8")) == []


def test_short_waits_are_found() -> None:
    source = (
        "subprocess.run(command, timeout=60)\nprocess.wait(20)\npage.wait_for_timeout(100)\ntime.sleep(1)\n"
        "until = time.monotonic() + 60\n@settings(deadline=200)\ndef f(): pass\nclient = Client(startup_timeout=9.5)\n"
    )
    assert [found.partition(":")[0] for found in short_waits(source)] == [f"line {n}" for n in (1, 2, 3, 4, 5, 6, 8)]


def test_waits_for_events_are_not_taken_for_short_ones() -> None:
    source = (
        "while not path.exists():\n    time.sleep(0.1)\nprocess.wait()\nlaunch(timeout=0)\nsettings(deadline=None)\n"
        f"','.join(words)\nrun(command, timeout={HANG_SECONDS})\n"
    )
    assert short_waits(source) == []
