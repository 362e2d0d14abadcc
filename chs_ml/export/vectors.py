"""The inputs of a weights file's vectors as a table: score it elsewhere, and ``chs-ml verify`` says if it is right."""

from __future__ import annotations

import csv
import io
from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.export.csv import harmless
from chs_ml.export.options import Options
from chs_ml.export.verify.vector_ids import rows_of_vectors
from chs_ml.formula import WeightsFile


def to_vectors(weights: WeightsFile, options: Options) -> str:
    """Return CSV text with a header: the id under the customer's name (or ``key``), then every metric; missing: empty.

    Vectors that CSV cannot hold are left out: NaN and infinity, blanks around a text, a text that a spreadsheet runs.

    Raises:
        FormulaError: for a metric that a spreadsheet would run, or that is called as the id is.
    """
    key, metrics = options.key or weights.customer or "customer", weights.formula.metrics
    for name in (key, *metrics):
        if harmless(name) != name or name != name.strip():
            raise FormulaError(
                f"target 'vectors': column {name[:60]!r} begins as a formula of a spreadsheet or has blanks around it, "
                "and a CSV file's header must hold it as it is. Rename it, and calibrate again"
            )
    if key in metrics:
        raise FormulaError(f"target 'vectors': the id is called as the metric {key!r} is. Give --key, another name")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([key, *metrics])
    for name, row in rows_of_vectors(weights).items():
        writer.writerow([name, *(_cell(row[metric]) for metric in metrics)])
    return out.getvalue()


def _cell(value: Any) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)
