"""A small spec as text, to be changed one key at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chs_ml.spec import CalibrationSpec, load_spec

SMALL = """\
name: small
data:
  table: customers.csv
  customer: id
  outcome: {column: left, churned: [Yes]}
  cutoff: quarter
metrics:
  - {name: logins, pillar: usage, direction: positive}
  - {name: plan, kind: category}
"""

Load = Callable[..., CalibrationSpec]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load the small spec with text appended, or with pieces replaced."""

    def loaded(more: str = "", **changes: str) -> CalibrationSpec:
        text = SMALL
        for key, line in changes.items():
            found = next(one for one in SMALL.splitlines() if one.strip().startswith(f"{key}:"))
            text = text.replace(found, line)
        path = tmp_path / "calibration.yaml"
        path.write_text(text + more, encoding="utf-8")
        return load_spec(path)

    return loaded
