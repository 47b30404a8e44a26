"""The documents say what the code says: tables are current, the ODD follows the step and names what exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from sendcycle.inputs import parameters
from sendcycle.outputs import observables
from sendcycle.state import records, world
from sendcycle.state.children import Children
from sendcycle.structure import reference_pages as documentation
from sendcycle.structure.reference_pages import documents, main, not_current

ROOT = Path(__file__).resolve().parents[1]
DOCS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
PACKAGE = ROOT / "model" / "sendcycle"
# The twin and what describes the model use the verbs' names again.
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name not in ("verification", "structure"))
DATA = sorted((PACKAGE / "inputs" / "data").glob("*.csv"))

Definition = ast.FunctionDef | ast.ClassDef


# ---------------------------------------------------------------------- documents made from declarations


def test_generated_documents_are_current() -> None:
    assert not_current() == [], "run python -m sendcycle.structure.reference_pages"


def test_every_declaration_has_one_row() -> None:
    text = documents()
    for name in parameters.declared():
        assert text["parameters.md"].count(f"\n| `{name}` |") == 1
    for name in observables.declared().observables:
        assert f"\n| `{name}` |" in text["observables.md"]
    for name in observables.declared().tallies:
        assert f"\n| `{name}` |" in text["observables.md"]


def test_every_category_in_use_is_explained() -> None:
    known, recorded = parameters.declared().values(), observables.declared().observables.values()
    assert {p.grade for p in known} <= set(documentation.GRADE_MEANS)
    assert {p.prior.dist for p in known} <= set(documentation.PRIOR_MEANS)
    assert {p.group for p in known} == set(documentation.PARAMETER_GROUPS)
    assert {o.kind for o in recorded} <= set(documentation.KIND_MEANS)
    assert {o.yearly for o in recorded} <= set(documentation.YEAR_MEANS)
    assert {o.group for o in recorded} == set(documentation.OBSERVABLE_GROUPS)


def test_check_reports_missing_and_changed_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--folder", str(tmp_path)]
    assert main([*folder, "--check"]) == 1
    assert not list(tmp_path.iterdir())
    assert main(folder) == 0
    assert main([*folder, "--check"]) == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == documents()

    (tmp_path / "observables.md").write_text("something else", encoding="utf-8")
    capsys.readouterr()
    assert main([*folder, "--check"]) == 1
    said = capsys.readouterr().err
    assert "observables.md" in said
    assert "parameters.md" not in said
    assert main(folder) == 0
    assert main([*folder, "--check"]) == 0


def test_a_missing_folder_ends_with_status_2(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--folder", str(tmp_path / "nowhere")])
    assert ended.value.code == 2


# ---------------------------------------------------------------------- the ODD


@cache
def odd() -> str:
    return (ROOT / "docs" / "odd.md").read_text(encoding="utf-8")


def section(number: int) -> str:
    """Return one numbered section of the ODD."""
    return re.split(r"^## ", odd().split(f"\n## {number} ")[1], maxsplit=1, flags=re.MULTILINE)[0]


@cache
def definitions() -> dict[str, tuple[Definition, str]]:
    """Return the functions and classes of the model, and the methods of SendModel, with their files."""
    found: dict[str, tuple[Definition, str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, Definition):
                found[node.name] = (node, path.relative_to(ROOT).as_posix())
                if node.name == "SendModel" and isinstance(node, ast.ClassDef):
                    found |= {
                        method.name: (method, path.relative_to(ROOT).as_posix())
                        for method in node.body
                        if isinstance(method, ast.FunctionDef)
                    }
    return found


def is_verb(name: str) -> bool:
    """Say whether a name is a rule, or a method of SendModel that runs part of a month."""
    node, file = definitions().get(name, (None, ""))
    if not isinstance(node, ast.FunctionDef) or name.startswith("__") or name in ("_each", "_in_parts"):
        return False
    is_rule = any(isinstance(decorator, ast.Name) and decorator.id == "rule" for decorator in node.decorator_list)
    return is_rule or (file == "model/sendcycle/send_model.py" and name.startswith("_"))


def verbs_of(name: str) -> list[str]:
    """Return the verbs that a verb is made of, in order: itself when it is not one of those that only lead on."""
    node, file = definitions()[name]
    if file not in ("model/sendcycle/month.py", "model/sendcycle/send_model.py"):
        return [name]
    calls = [call for call in ast.walk(node) if isinstance(call, ast.Call)]
    names = []
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        callee = call.func
        if isinstance(callee, ast.Attribute) and isinstance(callee.value, ast.Name) and callee.value.id == "self":
            callee = call.args[0] if callee.attr == "_each" else ast.Name(callee.attr)
        if isinstance(callee, ast.Name) and is_verb(callee.id):
            names.append(callee.id)
    return [verb for inner in names for verb in verbs_of(inner)] or [name]


def schedule() -> list[tuple[str, str]]:
    """Return the verbs and files of the table in section 3."""
    return re.findall(r"^\| [^|]+ \| `(\w+)` \| `([\w/.]+)` \|", section(3), flags=re.MULTILINE)


def test_the_verbs_of_the_step_are_found_in_the_code() -> None:
    verbs = verbs_of("step")
    assert len(verbs) > 20
    assert {
        "schools_identify_needs",
        "families_request",
        "tribunal_lists_hearings",
        "national_capacity_changes",
    } <= set(verbs)


def test_odd_names_every_verb_in_the_order_of_the_step() -> None:
    assert [verb for verb, _ in schedule()] == verbs_of("step")


def test_odd_names_the_file_of_each_verb() -> None:
    for verb, file in schedule():
        assert definitions()[verb][1] == file, f"{verb} is in {definitions()[verb][1]}, not {file}"


def test_odd_describes_every_verb() -> None:
    assert [verb for verb in verbs_of("step") if f"`{verb}`" not in section(7)] == []


def code(text: str) -> list[str]:
    """Return what stands in code style: blocks and spans."""
    blocks = re.findall(r"^```.*?^```", text, flags=re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return blocks + re.findall(r"`([^`]+)`", rest)


@cache
def names_of_the_model() -> frozenset[str]:
    """Return every name that the ODD may write in code style: parameters, records, tallies, functions, data."""
    kinds = (records.SchoolRecord, records.AuthorityRecord, records.NationRecord, records.DriverRecord)
    names = {*parameters.declared(), *observables.declared().tallies, *observables.declared().observables}
    names |= {*Children.names(), *world.World.names(), *records.LINES, *definitions()}
    names |= {field for kind in kinds for field in kind.dtype().names or ()}
    names |= {path.stem for path in (*PACKAGE.rglob("*.py"), *DATA)}
    for path in DATA:
        names |= set(pd.read_csv(path, nrows=0).columns)
    return frozenset(names | {"plan_rate"})  # a column that population.authority_rows adds


def test_names_in_code_style_in_the_odd_exist() -> None:
    pattern = re.compile(r"(?<![\w.])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?!\w)")
    named = {name for text in code(odd()) for name in pattern.findall(text)}
    assert len(named) > 200
    assert sorted(named - names_of_the_model()) == [], "neither parameters nor other names of the model"


def test_grades_in_odd_are_those_declared() -> None:
    said = re.findall(r"`(\w+)`\s+\((A|B|C|D|assumption)\)", odd())
    assert len(said) > 50
    declared = parameters.declared()
    assert [(name, grade, declared[name].grade) for name, grade in said if declared[name].grade != grade] == []


def test_odd_names_every_parameter() -> None:
    """A rebuilder finds each in section 7; those that set how the run begins may stand in 5 or 6 instead."""
    rules = "\n".join(code(section(7)))
    before = "\n".join(code(section(5)) + code(section(6)))
    named = {name: re.search(rf"\b{name}\b", rules) is not None for name in parameters.declared()}
    for name, parameter in parameters.declared().items():
        if parameter.read == "start" and not named[name]:
            named[name] = re.search(rf"\b{name}\b", before) is not None
    assert len(named) > 200
    assert [name for name, is_named in named.items() if not is_named] == []


def test_every_gain_is_in_the_table_of_loops() -> None:
    gains = {name for name, p in parameters.declared().items() if p.group == "loops"}
    rows = re.findall(r"^\| [RB]\d [^|]+ \| `(\w+)` \|", section(7), flags=re.MULTILINE)
    assert sorted(rows) == sorted(gains)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_paths_named_in_documents_exist(path: Path) -> None:
    named = re.findall(r"(?<![\w./-])(?:model|docs|tests)/[\w./-]*\w", path.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_of_documents_lead_to_files(path: Path) -> None:
    linked = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [name for name in linked if not (path.parent / name).exists()] == []
