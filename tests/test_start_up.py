"""Asking for help, scoring and exporting start at once: what they do not need is not imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import tiny

HEAVY = {"mlflow", "shap", "matplotlib", "sklearn", "numba", "scipy"}

LOOK = """
import sys
from chs_ml.cli import main
sys.argv = ["chs-ml", *sys.argv[1:]]
try:
    main()
except SystemExit as ended:
    print("\\nended", ended.code or 0, *sys.modules)
"""


def imported(*words: object) -> set[str]:
    """Run a command in a process of its own; return the top names of what it imported."""
    command = [sys.executable, "-c", LOOK, *map(str, words)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    _, code, *modules = answer.stdout.splitlines()[-1].split()
    assert code == "0", answer.stderr
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("calibrate", "--help")], ids=" ".join)
def test_help_needs_nothing(words):
    assert not imported(*words) & (HEAVY | {"numpy", "pandas", "pyarrow", "yaml", "chs_ml.fit"})


def test_score_explain_show_and_export_need_neither_fit_nor_pictures(tmp_path):
    run = tiny.calibrated().directory
    table = run.parents[1] / "customers.csv"
    assert not imported("score", run, table, "-o", tmp_path / "o.csv") & HEAVY
    assert not imported("score", run, table, "-o", tmp_path / "o.parquet") & HEAVY
    assert not imported("explain", run, table, "--customer", "customer-10001") & HEAVY
    assert not imported("show", run) & (HEAVY | {"pandas"})
    assert not imported("export", run, "csv", "-o", tmp_path / "w.csv") & (HEAVY | {"pandas"})


def test_the_package_itself_loads_nothing():
    code = "import sys, chs_ml; print(*sys.modules); assert 'calibrate' in dir(chs_ml)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert not {name.partition(".")[0] for name in answer.stdout.split()} & (HEAVY | {"numpy", "pandas", "pydantic"})


def test_public_names_load_when_they_are_used():
    import chs_ml

    assert all(callable(getattr(chs_ml, name)) for name in chs_ml.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = chs_ml.nonsense
