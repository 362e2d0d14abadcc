"""Who may import whom in chs_ml: reads every import, those inside functions too, and holds docs/rooms.md."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

PACKAGE = "chs_ml"
ROOT = Path(__file__).parents[1]

STOREYS = [  # top to bottom; a room imports from lower storeys only, so two rooms of one storey never meet
    {"cli", "__main__"},
    {"calibration"},
    {"tracking", "monitor"},
    {"explain"},
    {"export"},
    {"evaluate"},
    {"fit"},
    {"history"},
    {"spec"},
    {"formula"},
    {"errors"},
]
STOREY = {room: len(STOREYS) - height for height, rooms in enumerate(STOREYS) for room in rooms}
NEVER_MEET = [{"fit", "history"}, {"export", "fit"}, {"explain", "history"}, {"export", "tracking"}]
FORMULA_MAY_IMPORT = sys.stdlib_module_names | {"numpy", "rfc8785"}
ONLY_TRACKING = {"mlflow"}
NOWHERE = {"pickle", "_pickle", "cPickle", "joblib", "cloudpickle", "dill"}


@dataclass(frozen=True)
class Module:
    """One file of the package: its dotted name, its path relative to the root, its tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


@dataclass(frozen=True)
class Import:
    """One name that a module imports; at_load: it runs when the module is loaded."""

    module: Module
    target: str
    line: int
    at_load: bool

    def breaks(self, rule: str) -> str:
        return f"{self.module.path.as_posix()}:{self.line}: imports {self.target}: {rule}"


def read_modules(root: Path) -> dict[str, Module]:
    """Every module of the package but chs_ml/__init__.py, whose public names load lazily whatever room they are in."""
    modules = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        relative = path.relative_to(root)
        name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
        if name != PACKAGE:
            modules[name] = Module(name, relative, ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return modules


def statements(node: ast.AST, at_load: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below, and whether it runs when the module is loaded."""
    for child in ast.iter_child_nodes(node):
        yield child, at_load
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from statements(child, at_load=False)
        elif isinstance(child, ast.If) and ast.unparse(child.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            yield from ((inner, False) for inner, _ in statements(child))
        else:
            yield from statements(child, at_load)


def absolute(module: Module, node: ast.ImportFrom) -> str:
    """The module that a `from … import` names, its dots resolved."""
    if node.level == 0:
        return node.module or ""
    parts = module.name.split(".")
    package = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*package, node.module] if node.module else package)


def targets(module: Module, node: ast.AST) -> list[str]:
    """What a node imports, as dotted names; importlib.import_module("…") and __import__("…") count."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        source = absolute(module, node)
        return [f"{source}.{alias.name}" for alias in node.names]
    match node:
        case ast.Call(
            func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            return [name]
    return []


def read_imports(modules: dict[str, Module]) -> list[Import]:
    return [
        Import(module, target, node.lineno, at_load)
        for module in modules.values()
        for node, at_load in statements(module.tree)
        for target in targets(module, node)
    ]


def room_of(name: str) -> str:
    """`chs_ml.fit.solver` is in the room `fit`; the name of another library has no room."""
    parts = name.split(".")
    return parts[1] if parts[0] == PACKAGE and len(parts) > 1 else ""


def inner_rule(here: str, there: str) -> str | None:
    """The rule that an import between two rooms breaks, if any."""
    if here not in STOREY:
        return f"the room {here!r} is not on the list; give it a storey in {Path(__file__).name}"
    if there not in STOREY:
        return "inside the package a name is imported from its own room"
    if here == there:
        return None
    if {here, there} in NEVER_MEET:
        return f"{here} and {there} never meet"
    if STOREY[here] <= STOREY[there]:
        return f"imports point down, and {there} is not below {here}"
    return None


def outer_rule(here: str, library: str) -> str | None:
    """The rule that a room breaks by importing another library, if any."""
    if library in NOWHERE:
        return "nothing is kept or read as a pickle"
    if library in ONLY_TRACKING and here != "tracking":
        return "only tracking imports mlflow"
    if here == "formula" and library not in FORMULA_MAY_IMPORT:
        return "formula imports only the standard library, numpy, rfc8785 and chs_ml.errors"
    return None


def broken_layers(modules: dict[str, Module]) -> list[str]:
    """Every import that breaks a rule: file, line, rule."""
    broken = []
    for found in read_imports(modules):
        here, library = room_of(found.module.name), found.target.split(".")[0]
        rule = inner_rule(here, room_of(found.target)) if library == PACKAGE else outer_rule(here, library)
        if rule:
            broken.append(found.breaks(rule))
    return broken


def import_cycle(modules: dict[str, Module]) -> list[str]:
    """One cycle among the imports that run at load, each step with file and line; empty if there is none."""
    steps: dict[str, dict[str, Import]] = {name: {} for name in modules}
    for found in read_imports(modules):
        known = next((name for name in (found.target, found.target.rpartition(".")[0]) if name in modules), None)
        if found.at_load and known and known != found.module.name:
            steps[found.module.name].setdefault(known, found)
    try:
        TopologicalSorter({name: set(to) for name, to in steps.items()}).prepare()
    except CycleError as error:
        way = error.args[1][::-1]  # graphlib lists a node before the one that needs it
        return [steps[here][there].breaks("imports go in a circle") for here, there in pairwise(way)]
    return []


# The package as it is


@pytest.fixture(scope="module")
def package() -> dict[str, Module]:
    return read_modules(ROOT)


def test_the_rooms_are_there(package):
    assert {"formula", "fit", "errors"} <= {room_of(name) for name in package}
    assert len(read_imports(package)) > len(package), "the reader of imports sees nothing"


def test_imports_point_down(package):
    broken = broken_layers(package)
    assert not broken, "\n" + "\n".join(broken)


def test_no_import_cycles(package):
    cycle = import_cycle(package)
    assert not cycle, "\n" + "\n".join(cycle)


# The test itself, on made-up packages


def built(root: Path, files: dict[str, str]) -> dict[str, Module]:
    for name, text in files.items():
        path = root / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_modules(root)


@pytest.mark.parametrize(
    ("file", "text", "rule"),
    [
        ("fit/solver.py", "\nfrom chs_ml.evaluate import auc", "evaluate is not below fit"),
        ("fit/solver.py", "def f():\n    import chs_ml.history.panel", "fit and history never meet"),
        ("history/panel.py", "\nfrom ..fit.basis import Basis", "history and fit never meet"),
        ("history/__init__.py", "\nfrom .. import fit", "history and fit never meet"),
        ("export/sql.py", "\nfrom chs_ml.fit import Basis", "export and fit never meet"),
        ("export/sql.py", "\nfrom chs_ml import tracking", "export and tracking never meet"),
        ("explain/report.py", "\nfrom chs_ml.history import Panel", "explain and history never meet"),
        ("export/sql.py", "\nfrom chs_ml.explain import reasons", "explain is not below export"),
        ("monitor/drift.py", "\nimport chs_ml.tracking", "tracking is not below monitor"),
        ("errors.py", "\nimport chs_ml.formula", "formula is not below errors"),
        ("cli/score.py", "\nfrom chs_ml import Formula", "from its own room"),
        ("helpers/text.py", "\nimport chs_ml.errors", "the room 'helpers' is not on the list"),
        ("calibration/run.py", "def f():\n    import mlflow.pyfunc", "only tracking imports mlflow"),
        ("calibration/run.py", 'import importlib\nimportlib.import_module("mlflow")', "only tracking imports mlflow"),
        ("formula/formula.py", "\nimport pandas as pd", "formula imports only"),
        ("tracking/model.py", "class A:\n    import cloudpickle", "as a pickle"),
        ("fit/solver.py", "if True:\n    from joblib import dump", "as a pickle"),
        ("spec/spec.py", "from typing import *\nif TYPE_CHECKING: import chs_ml.fit", "fit is not below spec"),
    ],
)
def test_a_wrong_import_is_named_with_file_line_and_rule(tmp_path, file, text, rule):
    (broken,) = broken_layers(built(tmp_path, {file: text}))
    assert broken.startswith(f"{PACKAGE}/{file}:2: imports ")
    assert rule in broken


def test_right_imports_pass(tmp_path):
    files = {
        "__init__.py": "from chs_ml.cli import main",
        "cli/__init__.py": "from chs_ml import calibration, errors\nfrom .show import table",
        "explain/report.py": "from chs_ml.export import TARGETS\nfrom chs_ml.fit.basis import Basis",
        "formula/formula.py": "import json\nimport numpy as np\nimport rfc8785\nfrom chs_ml.errors import FormulaError",
        "tracking/log.py": "import mlflow\nfrom ..formula import Formula",
        "evaluate/backtest.py": "from chs_ml.history import Panel\nfrom chs_ml.fit import fit",
    }
    assert broken_layers(built(tmp_path, files)) == []


def test_a_circle_is_named_step_by_step(tmp_path):
    files = {
        "fit/__init__.py": "from .estimator import Classifier",
        "fit/estimator.py": "import numpy\nfrom chs_ml.fit.basis import Basis",
        "fit/basis.py": "\n\nfrom chs_ml.fit import Classifier",
    }
    assert sorted(import_cycle(built(tmp_path, files))) == [
        "chs_ml/fit/__init__.py:1: imports chs_ml.fit.estimator.Classifier: imports go in a circle",
        "chs_ml/fit/basis.py:3: imports chs_ml.fit.Classifier: imports go in a circle",
        "chs_ml/fit/estimator.py:2: imports chs_ml.fit.basis.Basis: imports go in a circle",
    ]


def test_an_import_that_waits_closes_no_circle(tmp_path):
    files = {
        "fit/basis.py": "def f():\n    from .solver import solve",
        "fit/solver.py": "import typing\nfrom .basis import f\nif typing.TYPE_CHECKING:\n    from .knots import k",
        "fit/knots.py": "from .solver import solve",
    }
    assert import_cycle(built(tmp_path, files)) == []
