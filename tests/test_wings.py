"""The rooms of the house: how many things a folder holds, who imports whom, and that every module has its test."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("data", "graphs", "models", "training", "scripts")
MOST_CHILDREN = 14
# One score a file, and one verb a file: there are as many as there are.
CROWDED = {"graphs/scores", "scripts/commands"}
# How work runs and how files are written is nobody's business in particular.
WITHOUT_IMPORTS = {"training/runtime", "data/files"}
ANYBODY = {"zoograph.data.errors"}
UNTESTED = {
    "data/store/migrations/env.py": "Alembic runs it; every migration test goes through it",
}


def _module(path: Path) -> str:
    return ".".join(("zoograph", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


SOURCES = {_module(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def _imported(path: Path) -> Iterator[str]:
    """Yield the modules of ours that a file imports, at the top or later."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in SOURCES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found = name if name in SOURCES else node.module
                if found in SOURCES:
                    yield found


IMPORTS = {name: {other for other in _imported(path) if other != name} for name, path in SOURCES.items()}


def _wing(module: str) -> str:
    """Return the wing that a module belongs to, such as ``training/answers``, or its folder if it lies in no wing."""
    parts = SOURCES[module].relative_to(ROOT).parts
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def _between_wings() -> dict[str, set[str]]:
    arrows: dict[str, set[str]] = defaultdict(set)
    for name, others in IMPORTS.items():
        arrows[_wing(name)] |= {_wing(other) for other in others} - {_wing(name)}
    return arrows


def _circle(arrows: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the nodes of a circle; none if there is none."""
    try:
        list(TopologicalSorter(arrows).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def _folders() -> list[Path]:
    return sorted({path.parent for path in SOURCES.values()} | {ROOT / package for package in PACKAGES})


@pytest.mark.parametrize("folder", _folders(), ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path) -> None:
    children = [path.name for path in folder.iterdir() if path.name not in ("__init__.py", "__pycache__")]
    if str(folder.relative_to(ROOT)) not in CROWDED:
        assert len(children) <= MOST_CHILDREN, sorted(children)


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert _circle(IMPORTS) == []


def test_wings_import_one_way() -> None:
    # A folder's own files, such as data/errors.py, are below its wings.
    assert (
        _circle({wing: {other for other in others if "/" in other} for wing, others in _between_wings().items()}) == []
    )


def test_circles_are_found() -> None:
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []


@pytest.mark.parametrize("wing", sorted(WITHOUT_IMPORTS))
def test_the_lowest_wings_import_nobody(wing: str) -> None:
    outside = {
        (name, other)
        for name, others in IMPORTS.items()
        if _wing(name) == wing
        for other in others - ANYBODY
        if _wing(other) != wing
    }
    assert outside == set()


def test_studies_are_imported_by_nobody_below_the_commands() -> None:
    users = {name for name, others in IMPORTS.items() for other in others if _wing(other) == "training/studies"}
    assert {_wing(name).partition("/")[0] for name in users if _wing(name) != "training/studies"} <= {"scripts"}


@pytest.mark.parametrize("path", sorted(SOURCES.values()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
    assert first.endswith("."), "a module begins with one sentence that names what it holds"


def test_every_module_has_a_test_of_its_name() -> None:
    without = {
        str(path.relative_to(ROOT))
        for path in SOURCES.values()
        if path.name != "__init__.py" and "versions/v" not in str(path)
        if not (ROOT / "tests" / path.relative_to(ROOT).parent / f"test_{path.name}").exists()
    }
    assert without == set(UNTESTED)
