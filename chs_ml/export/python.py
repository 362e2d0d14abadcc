"""A Python module that needs no library: the formula as data, and the functions that read it."""

from __future__ import annotations

import pprint
from typing import Any

from chs_ml.export.carried import carried, filled
from chs_ml.export.options import Options
from chs_ml.formula import WeightsFile

_WIDE = 116


def to_python(weights: WeightsFile, options: Options) -> str:
    """Return a module for Python 3.9 or newer: ``score(customer)`` and a command line that scores a CSV file.

    Names and levels stand in it as literals only, never as code or comments.

    Raises:
        FormulaError: where the file's own vectors contradict its formula.
    """
    parts = carried(weights, options)
    head = f"CALLED, DIGEST, KEY = {parts['called']!r}, {parts['digest']!r}, {parts['key']!r}"
    metrics = "".join(f"    {metric!r}: {kind!r},\n" for metric, kind in parts["metrics"])
    names = ("terms", "link", "bands", "rules", "score_when")
    formula = [
        head,
        f"METRICS = {{\n{metrics}}}",
        *(f"{name.upper()}: Any = {_written(parts[name])}" for name in names),
    ]
    return filled(
        "health_score.py",
        {"formula": "\n".join(formula), "vectors": f"VECTORS: Any = {_written(parts['vectors'])}"},
    )


def _written(value: Any) -> str:
    """Return a literal; what a list holds begins on a line of its own, so that a formula reads term by term."""
    if isinstance(value, list) and value:
        return "[\n" + "".join(f"    {_indented(one)},\n" for one in value) + "]"
    return _laid_out(value)


def _indented(value: Any) -> str:
    return _laid_out(value).replace("\n", "\n    ")


def _laid_out(value: Any) -> str:
    return pprint.pformat(value, width=_WIDE, compact=True, sort_dicts=False)
