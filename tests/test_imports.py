"""Imports run one way: no circle of modules, and no two rooms of a package that import each other."""

import ast
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"sendcycle": ROOT / "model", "sendcycle_experiments": ROOT / "experiments"}

# Pairs of rooms that import each other all the same, and why.
BOTH_WAYS = {
    (
        "sendcycle.inputs",
        "sendcycle.outputs",
    ): "published figures are inputs, counted in the way of observables",
}

Graph = Mapping[str, Set[str]]


def texts_of(package: str, folder: Path) -> dict[str, str]:
    """Return the modules of a package by name; `__init__` goes by the name of its folder."""
    found = {}
    for path in (folder / package).rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path.read_text(encoding="utf-8")
    return found


def imports_in(node: ast.AST, known: Set[str]) -> Iterator[str]:
    """Yield the known modules that code imports when it is loaded or run, not those for type checks alone."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        for statement in node.orelse:
            yield from imports_in(statement, known)
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in known)
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports name the package"
        for alias in node.names:  # a module of a package, or a name in a module
            yield from [name for name in (f"{node.module}.{alias.name}", str(node.module)) if name in known][:1]
    for child in ast.iter_child_nodes(node):
        yield from imports_in(child, known)


def import_graph(texts: Mapping[str, str]) -> Graph:
    """Return which of these modules each of them imports, at its top or inside a function."""
    return {name: set(imports_in(ast.parse(text), texts.keys())) - {name} for name, text in texts.items()}


def circles(graph: Graph) -> list[list[str]]:
    """Return the groups of modules that reach each other."""
    directed = nx.DiGraph([(name, other) for name, others in graph.items() for other in others])
    return sorted(sorted(group) for group in nx.strongly_connected_components(directed) if len(group) > 1)


def room(module: str) -> str:
    """Return the folder of the package in which a module lies; a loose file is a room of its own."""
    return ".".join(module.split(".")[:2])


def rooms_both_ways(graph: Graph) -> dict[tuple[str, str], list[str]]:
    """Return the pairs of rooms that import each other, each with the imports that make it so."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for name, others in graph.items():
        for other in others:
            arrows.setdefault((room(name), room(other)), []).append(f"{name} -> {other}")
    return {(a, b): arrows[a, b] + arrows[b, a] for a, b in arrows if a < b and (b, a) in arrows}


@pytest.fixture(scope="module")
def graph() -> Graph:
    texts = {name: text for package, folder in PACKAGES.items() for name, text in texts_of(package, folder).items()}
    assert len(texts) > 100
    return import_graph(texts)


def test_no_modules_import_each_other_in_a_circle(graph: Graph) -> None:
    assert circles(graph) == []


def test_no_two_rooms_import_each_other(graph: Graph) -> None:
    found = rooms_both_ways(graph)
    assert {pair: arrows for pair, arrows in found.items() if pair not in BOTH_WAYS} == {}
    assert set(BOTH_WAYS) <= set(found), "a pair that no longer imports each other needs no reason"


def test_the_model_imports_nothing_of_the_experiments(graph: Graph) -> None:
    arrows = [(name, other) for name, others in graph.items() for other in others]
    assert len(arrows) > 300
    assert [(a, b) for a, b in arrows if a.startswith("sendcycle.") and b.startswith("sendcycle_experiments")] == []


def test_circles_are_found_in_functions_but_not_in_type_checks() -> None:
    texts = {
        "house": "",
        "house.kitchen.stove": "from house.hall import door\n",
        "house.hall": "",
        "house.hall.door": "def open():\n    import house.cellar.stairs\n",
        "house.cellar.stairs": "from house.kitchen.stove import heat\n",
        "house.cellar.wine": (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.cellar import shelf\n"
            "else:\n    import house.hall\n"
        ),
        "house.cellar.shelf": "from house.cellar.wine import label\n",
    }
    graph = import_graph(texts)
    assert circles(graph) == [["house.cellar.stairs", "house.hall.door", "house.kitchen.stove"]]
    assert graph["house.cellar.wine"] == {"house.hall"}


def test_rooms_that_import_each_other_are_found_without_a_circle_of_modules() -> None:
    texts = {
        "house.hall.door": "import house.cellar.wine\n",
        "house.hall.mirror": "",
        "house.cellar.wine": "",
        "house.cellar.stairs": "from house.hall.mirror import face\n",
    }
    graph = import_graph(texts)
    assert circles(graph) == []
    assert rooms_both_ways(graph) == {
        ("house.cellar", "house.hall"): [
            "house.cellar.stairs -> house.hall.mirror", "house.hall.door -> house.cellar.wine",
        ]
    }  # fmt: skip
