"""Every number that means something has a name: no literal inside a rule, and a comment at every constant."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "model" / "sendcycle"
FILES = [*sorted((PACKAGE / "rules").glob("*.py")), *sorted((PACKAGE / "start").glob("*.py")), PACKAGE / "month.py"]

# 0 is nothing, the first place and where a sum begins; 1 is all of a share, the neutral factor, the next or the last
# place. Neither could be set to anything else. A square is a square: 2 may stand as an exponent, but nowhere else.
PLAIN = (0, 1)
EXPONENTS = (2,)

# Lines that may hold another literal: (file, line without indentation) and why.
POPULATION, FORMULA = "start/population.py", "of a formula: the inverse of a normal distribution's share"
ALLOWED: dict[tuple[str, str], str] = {
    (
        POPULATION,
        "quantile = np.sqrt(2.0) * np.asarray([_inverse_erf(2.0 * share - 1.0) for share in on_time])",
    ): FORMULA,
    (POPULATION, "a = 0.147"): FORMULA,
    (
        POPULATION,
        "math.sqrt(math.sqrt((2 / (math.pi * a) + log / 2) ** 2 - log / a) - (2 / (math.pi * a) + log / 2)), x",
    ): FORMULA,
    (POPULATION, "for _ in range(2):"): FORMULA,
    (POPULATION, "y -= (math.erf(y) - x) / (2.0 / math.sqrt(math.pi) * math.exp(-y * y))"): FORMULA,
}

Place = tuple[int, str]  # number of a line, and the line without indentation


def numbers_in(node: ast.AST) -> Iterator[ast.Constant]:
    """Yield the numeric literals under a node; True and False are none."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and type(inner.value) in (int, float, complex):
            yield inner


def exponents_in(node: ast.AST) -> set[ast.AST]:
    """Return the literals under a node that are exponents."""
    powers = (inner for inner in ast.walk(node) if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Pow))
    return {power.right for power in powers}


def literals_in_functions(source: str) -> list[Place]:
    """Return where functions hold a numeric literal that should have a name."""
    lines = source.splitlines()
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]
    exponents = exponents_in(tree)
    found = {
        number.lineno
        for function in functions
        for number in numbers_in(function)
        if number.value not in PLAIN and not (number in exponents and number.value in EXPONENTS)
    }
    return [(line, lines[line - 1].strip()) for line in sorted(found)]


def has_comment(lines: list[str], node: ast.stmt) -> bool:
    """Say whether a statement has a comment on one of its lines, or on the line above."""
    above = lines[node.lineno - 2].strip() if node.lineno > 1 else ""
    said_above = above.startswith("#") and not above.startswith("# ---")  # that is the head of a section
    ends = node.end_lineno or node.lineno
    return said_above or any("  # " in line.replace("# fmt: skip", "") for line in lines[node.lineno - 1 : ends])


def constants_without_comment(source: str) -> list[Place]:
    """Return where a number is set for the whole module, and nothing says what it is and where it comes from."""
    lines = source.splitlines()
    return [
        (node.lineno, lines[node.lineno - 1].strip())
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and any(numbers_in(node)) and not has_comment(lines, node)
    ]


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_rule_holds_a_number_without_a_name(path: Path) -> None:
    found = literals_in_functions(path.read_text(encoding="utf-8"))
    assert [(number, line) for number, line in found if (name_of(path), line) not in ALLOWED] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_constant_says_what_it_is(path: Path) -> None:
    assert constants_without_comment(path.read_text(encoding="utf-8")) == []


def test_every_allowed_line_still_exists() -> None:
    found = {(name_of(path), line) for path in FILES for _, line in literals_in_functions(path.read_text("utf-8"))}
    assert set(ALLOWED) - found == set()
    assert all(ALLOWED.values())


RULE = '''
SMOOTHING_MONTHS = 12.0  # over which plans are smoothed; an assumption


def smoothed(before: float, now: float) -> float:
    """Return 12 months' mean: 0.25 is only said here."""
    if now == 0 or now == -1.0 or not True:
        return 1.0
    return before + (now**2 - before) / SMOOTHING_MONTHS
'''


def test_a_rule_with_named_numbers_passes() -> None:
    assert literals_in_functions(RULE) == []
    assert constants_without_comment(RULE) == []


@pytest.mark.parametrize(
    ("named", "literal"),
    [
        ("/ SMOOTHING_MONTHS", "/ 12.0"),
        ("now**2", "now**3"),
        ("now**2", "2 * now"),
        ("now**2", "now**0.5"),
        ("return 1.0", "return -0.05"),
        ("return 1.0", "return max((min(now, k) for k in (1, 7)), key=lambda k: 1e-9)"),
        ("now: float", "now: float = 3.0"),
    ],
)
def test_a_new_literal_in_a_rule_is_found(named: str, literal: str) -> None:
    assert RULE.count(named) == 1
    (found,) = literals_in_functions(RULE.replace(named, literal))
    assert literal in found[1]


def test_a_constant_without_comment_is_found() -> None:
    bare = RULE.replace("  # over which plans are smoothed; an assumption", "")
    assert constants_without_comment(bare) == [(2, "SMOOTHING_MONTHS = 12.0")]
    assert constants_without_comment("# a month, an assumption" + bare) == []
    assert constants_without_comment("# ------------ of plans" + bare) == [(2, "SMOOTHING_MONTHS = 12.0")]
