"""What makes a raw history doubtful: values from after the cutoff, gaps in what was recorded, doubtful outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from chs_ml.history.asof.staging import Staged
    from chs_ml.history.findings import Finding
    from chs_ml.spec import CalibrationSpec

__all__ = ["suspicions"]


def suspicions(staged: Staged, panel: pa.Table, spec: CalibrationSpec) -> Iterator[Finding]:
    """Give what is doubtful about a history and the panel that was built from it; errors: the panel is wrong.

    staged: its tables, sound; panel: customer, cutoff, churned, touched, metrics. No customer id stands in a finding.
    """
    from chs_ml.history.leaks.checks import findings_of  # the builder imports us, and we import its parts

    yield from findings_of(staged, panel, spec)
