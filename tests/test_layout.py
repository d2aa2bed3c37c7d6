"""The house rules: who may import whom, what must never be read, and documents that speak the truth."""

from __future__ import annotations

import ast
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from zoograph.scripts.programs import make_app, make_predict_app

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ("data", "graphs", "models", "training", "scripts")  # each may import those before it
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
UNPICKLERS = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve"}
UNPICKLING_CALLS = {"read_pickle", "to_pickle"}
LOOKUPS = {"import_module", "__import__", "find_spec"}


def _imports(tree: ast.AST) -> Iterator[str]:
    """Yield every module that is imported, at the top or later; a relative import begins with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            if node.module == "zoograph":
                yield from (f"zoograph.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in LOOKUPS:
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _faults(source: str, package: str) -> list[str]:
    """Return what a file of ``package`` must not do."""
    tree = ast.parse(source)
    allowed = {"zoograph", *(f"zoograph.{name}" for name in PACKAGES[: PACKAGES.index(package) + 1])}
    faults = []
    for name in _imports(tree):
        first = name.partition(".")[0]
        if name.startswith(".") or first in (*PACKAGES, "tests"):
            faults.append(f"imports '{name}' past zoograph")
        if first == "zoograph" and ".".join(name.split(".")[:2]) not in allowed:
            faults.append(f"imports '{name}' against the direction")
        if package == "data" and first == "torch_geometric":
            faults.append(f"imports '{name}' in data")
        if first in UNPICKLERS:
            faults.append(f"imports '{name}'")
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if "allow_pickle" in given and getattr(given["allow_pickle"], "value", None) is not False:
            faults.append("sets allow_pickle")
        if "weights_only" in given and getattr(given["weights_only"], "value", None) is not True:
            faults.append("unsets weights_only")
        if _called(node) in UNPICKLING_CALLS:
            faults.append(f"calls {_called(node)}")
    return faults


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way_and_nothing_unpickles(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    assert _faults(path.read_text(encoding="utf-8"), package) == []


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("scripts", "from data import cards"),
        ("scripts", "import models.gnn"),
        ("graphs", "from . import schema"),
        ("data", "from zoograph.graphs import schema"),
        ("models", "def f():\n    from zoograph.training.retraining.train import train_predictor"),
        ("training", "from zoograph import scripts"),
        ("data", "def f():\n    import torch_geometric.data"),
        ("data", "importlib.import_module('torch_geometric')"),
        ("models", "import joblib"),
        ("training", "np.load(path, allow_pickle=True)"),
        ("training", "torch.load(path, weights_only=False)"),
        ("data", "pd.read_pickle(path)"),
    ],
)
def test_each_rule_finds_what_breaks_it(package: str, source: str) -> None:
    assert len(_faults(source, package)) == 1


def test_the_rules_let_good_code_pass() -> None:
    source = "from zoograph.data.records import cards\nimport torch_geometric\nnp.load(path, allow_pickle=False)"
    assert _faults(source, "graphs") == []


# -- documents ----------------------------------------------------------------------------------


def _section(heading: str) -> str:
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def _fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def _documented_commands() -> list[str]:
    """Return every call of our commands in the README and in CONTRIBUTING."""
    text = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    lines = [line for block in _fenced(text, "bash") for line in block.splitlines()]
    lines += [
        line.removeprefix("$ ")
        for block in _fenced(text, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    calls = [part.strip() for line in lines for part in line.split("&&")]
    return sorted({call for call in calls if call.startswith(("predict ", "zoograph "))})


def test_setup_commands_are_the_two_that_ci_runs() -> None:
    assert [line for block in _fenced(_section("Install"), "bash") for line in block.splitlines()] == [
        "pip install . && predict --model convnext_tiny --dataset clipart_32",
        'pip install -e ".[dev]" && pytest',
    ]


@pytest.mark.parametrize("call", _documented_commands())
def test_documented_command_exists(call: str) -> None:
    program, *words = shlex.split(call)
    command: Any = typer.main.get_command(make_predict_app() if program == "predict" else make_app())
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert not getattr(command, "commands", {}), f"'{call}' names no command"
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_python_tour_imports_what_exists() -> None:
    (tour,) = _fenced(_section("Quick tour"), "python")
    for node in ast.walk(ast.parse(tour)):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = importlib.import_module(node.module)
            assert all(hasattr(module, alias.name) for alias in node.names), node.module


def test_layout_table_lists_the_folders() -> None:
    listed = re.findall(r"^\| `(\w+)/` \|", _section("Layout"), flags=re.MULTILINE)
    assert listed == [*PACKAGES, "tests"]
    found = {str(path.parent.relative_to(ROOT)).replace("/", ".") for path in SOURCES if path.name == "__init__.py"}
    assert PROJECT["tool"]["setuptools"]["package-dir"] == {"zoograph": "."}
    assert PROJECT["tool"]["setuptools"]["packages"] == ["zoograph", *sorted(f"zoograph.{name}" for name in found)]
    assert all((ROOT / name).is_dir() for name in listed)


def test_the_readme_is_read_in_a_minute() -> None:
    assert len(README.splitlines()) < 150


def test_links_of_the_readme_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert "docs/pets.png" in targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_changelog_is_headed_by_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## \[([^\]]+)\]", text, flags=re.MULTILINE)
    versions = [head for head in heads if head != "Unreleased"]
    assert heads[0] in ("Unreleased", versions[0])
    assert versions[0] == PROJECT["project"]["version"]


def test_constraints_pin_every_dependency() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)] == []
    pins = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    assert len(pins) == len(lines)
    project = PROJECT["project"]
    extras = [text for group in project["optional-dependencies"].values() for text in group]
    for requirement in map(Requirement, (*project["dependencies"], *extras)):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


# -- what is installed --------------------------------------------------------------------------


def test_console_scripts_exist() -> None:
    scripts = PROJECT["project"]["scripts"]
    found = {entry.name: entry for entry in entry_points(group="console_scripts") if entry.name in scripts}
    assert {name: entry.value for name, entry in found.items()} == scripts
    assert all(callable(entry.load()) for entry in found.values())


def test_wheel_holds_the_packages_with_their_tables_and_nothing_else(tmp_path: Path) -> None:
    copy = tmp_path / "zoograph"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "py.typed", *(path.name for path in ROOT.glob("*.py"))):
        shutil.copy(ROOT / name, copy)
    build = "import setuptools.build_meta as backend; backend.build_wheel('..')"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
    whole = {copy / "data" / "zoo", copy / "scripts" / "serving" / "page"}
    expected = {
        f"zoograph/{path.relative_to(copy)}"
        for path in (*copy.glob("*"), *(path for package in PACKAGES for path in (copy / package).rglob("*")))
        if path.suffix in (".py", ".csv") or path.name == "py.typed" or whole & set(path.parents)
        if path.is_file()
    }
    assert files == expected
    assert "zoograph/py.typed" in files
    tables = (*(f"{name}.csv.gz" for name in ("models", "datasets", "runs", "scores", "relations")), "CITATIONS.md")
    assert {f"zoograph/data/zoo/{name}" for name in tables} <= files


def test_what_the_page_on_reliability_names_is_there() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE)
    assert rows == [str(number) for number in range(1, 19)]
    named = set(re.findall(r"tests/[\w/.]*\w", page))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    assert len(named) > 20
    for word in re.findall(r"-k (\w+) (tests/[\w/.]*\w)", page):
        assert f"def test_a_{word[0]}" in (ROOT / word[1]).read_text(encoding="utf-8")
    assert "reliability.md" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
