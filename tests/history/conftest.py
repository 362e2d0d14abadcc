"""One tiny table that loads, to be damaged one way at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chs_ml.spec import CalibrationSpec, load_spec

SPEC = """\
name: tiny
data:
  table: {table}
  customer: id
  outcome: {{column: left, churned: [yes], retained: [no]}}
metrics:
  - {{name: logins}}
  - {{name: plan}}
"""


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Write lines (or bytes) as a table."""

    def written(content: bytes | str | tuple[str, ...], name: str = "customers.csv") -> Path:
        path = tmp_path / name
        text = content if isinstance(content, (bytes, str)) else "\n".join(content) + "\n"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., CalibrationSpec]:
    """The spec of the tiny table, with lines appended and pieces replaced; bare: without its own metrics."""

    def loaded(more: str = "", *, bare: bool = False, **changes: str) -> CalibrationSpec:
        lines = SPEC.format(table="customers.csv").splitlines()[: -2 if bare else None]
        kept = [
            next((new for key, new in changes.items() if line.strip().startswith(f"{key}:")), line) for line in lines
        ]
        path = tmp_path / "calibration.yaml"
        path.write_text("\n".join(kept) + "\n" + more, encoding="utf-8")
        return load_spec(path)

    return loaded
