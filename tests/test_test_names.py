"""Names of tests are short enough to read in a report, and no test replaces another of its file."""

import ast
from collections import Counter
from pathlib import Path

import pytest

TESTS = next(folder for folder in Path(__file__).resolve().parents if folder.name == "tests")
LONGEST = 79  # characters
FILES = {path.relative_to(TESTS).as_posix(): path for path in sorted(TESTS.rglob("*.py"))}


def names_of_tests(source: str) -> list[str]:
    """Return the names of the test functions in a source, in classes too."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return [function.name for function in functions if function.name.startswith("test_")]


def wrong_names(source: str) -> list[str]:
    """Return the names that are too long or stand twice."""
    return [name for name, n in Counter(names_of_tests(source)).items() if len(name) > LONGEST or n > 1]


@pytest.mark.parametrize("file", FILES)
def test_names_of_tests_are_short_and_unique_in_their_file(file: str) -> None:
    assert wrong_names(FILES[file].read_text(encoding="utf-8")) == []


def test_long_and_repeated_names_are_found() -> None:
    longest, too_long = "test_" + "x" * 74, "test_" + "x" * 75
    source = "\n".join(f"def {name}(): pass" for name in (longest, too_long, "test_twice", "test_twice", "helper"))
    assert names_of_tests(source) == [longest, too_long, "test_twice", "test_twice"]
    assert wrong_names(source) == [too_long, "test_twice"]
