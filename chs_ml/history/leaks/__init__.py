"""What makes a raw history doubtful: leaks, defects, gaps."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from chs_ml.history.asof.staging import Staged
from chs_ml.history.findings import Finding
from chs_ml.spec import CalibrationSpec


def suspicions(staged: Staged, panel: pa.Table, spec: CalibrationSpec) -> Iterator[Finding]:
    """Give what is doubtful."""
    yield from ()
