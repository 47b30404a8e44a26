"""What a user imports stands in two places; README, documents and notebooks take everything from there."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import sendcycle
import sendcycle_experiments

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = {"sendcycle": set(sendcycle.__all__), "sendcycle_experiments": set(sendcycle_experiments.PUBLIC)}
FOR_USERS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "docs").rglob("*.py")),
    *sorted((ROOT / "notebooks").glob("*.py")),
]
OF_DEVELOPERS = {"extending.md"}  # how to change the package, from inside


def imports_in(code: str) -> Iterator[tuple[str, str]]:
    """Yield the module and name of every import from our packages; no name if a module itself is imported."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {*PUBLIC, "model"}:
            yield from ((str(node.module), alias.name) for alias in node.names)
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] in {*PUBLIC, "model"})


def imports_of(path: Path) -> list[tuple[str, str]]:
    """Return the imports in a script, or in the Python of a document."""
    text = path.read_text(encoding="utf-8")
    blocks = [text] if path.suffix == ".py" else re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [found for block in blocks for found in imports_in(block)]


def not_public(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the imports of what is not public."""
    return [(module, name) for module, name in found if module not in PUBLIC or name not in {"", *PUBLIC[module]}]


WITH_IMPORTS = [path for path in FOR_USERS if path.name not in OF_DEVELOPERS and imports_of(path)]


@pytest.mark.parametrize("path", WITH_IMPORTS, ids=lambda path: path.name)
def test_users_import_from_the_two_packages_alone(path: Path) -> None:
    assert not_public(imports_of(path)) == []


def test_an_import_of_what_is_not_public_is_found() -> None:
    public = "import sendcycle\nfrom sendcycle import simulate\nimport numpy as np\n"
    inner = "import sendcycle.month\nfrom sendcycle.rules import needs\nfrom sendcycle import month\n"
    old = "import model\nfrom model import reforms\n"
    found = {("sendcycle.month", ""), ("sendcycle.rules", "needs"), ("sendcycle", "month")}
    found |= {("model", ""), ("model", "reforms")}
    assert set(not_public(imports_in(public + inner + old))) == found


def test_documents_and_notebooks_do_import_something() -> None:
    assert len(WITH_IMPORTS) >= 7


def test_importing_everything_brings_the_public_names() -> None:
    code = "from sendcycle_experiments import *; print(sorted(name for name in dir() if name[0] != '_'))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert ast.literal_eval(said) == sorted(sendcycle_experiments.PUBLIC)


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_is_there(package: str) -> None:
    module = sys.modules[package]
    assert [name for name in sorted(PUBLIC[package]) if getattr(module, name, None) is None] == []
    with pytest.raises(AttributeError, match="nonsense"):
        _ = module.nonsense


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(Path(str(sendcycle_experiments.__file__)).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.asname: (f"{node.module}.{alias.name}")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    lazy = {
        name: ".".join(filter(None, ("sendcycle_experiments", module, attribute)))
        for name, (module, attribute) in sendcycle_experiments.PUBLIC.items()
    }
    assert typed == lazy


def test_the_experiments_are_loaded_only_when_used() -> None:
    heavy = {"pandas", "numba", "mesa", "sendcycle", "dask", "matplotlib", "sendcycle_experiments.sweeps"}
    code = f"import sys, sendcycle_experiments; print({heavy} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "set()"
