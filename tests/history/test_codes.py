"""docs/checks.md has every code that a finding may have, with its severity, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _codes_in(source: str) -> Iterator[tuple[str, str]]:
    """(code, severity) of `error("code", …)`, of warnings, of refusals, and of rules `("code", "must", "remedy")`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="error" | "warning" as severity), args=[ast.Constant(value=str(code)), *_]):
                yield code, severity
            case ast.Call(func=ast.Name(id="_errors" | "_refusals"), args=[ast.Constant(value=str(code)), *_]):
                yield code, "error"
            case ast.Tuple(elts=[ast.Constant(value=str(code)), _, ast.Constant(value=str())]):
                if re.fullmatch(r"[a-z]+(-[a-z]+)+", code):
                    yield code, "error"
            case ast.Tuple(elts=[ast.Name(), ast.Attribute(attr="customer" | "begins"), ast.Constant(value=str(code))]):
                yield code, "warning"  # rows that staging leaves out


def test_the_page_of_findings_is_complete():
    history = ROOT / "chs_ml" / "history"
    folders = [history, history / "asof", history / "leaks"]
    sources = [*(path for folder in folders for path in folder.glob("*.py")), ROOT / "chs_ml/calibration/checks.py"]
    spoken = {found for path in sources for found in _codes_in(path.read_text(encoding="utf-8"))}
    page = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| .+ \| .+ \|$", page, re.MULTILINE)
    assert len(rows) == len(set(rows)) > 30
    assert sorted(rows) == sorted(spoken)
