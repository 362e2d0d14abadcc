"""Names of vectors, by which another scorer's answers are told apart from those to another file's vectors."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from chs_ml.formula import WeightsFile
from chs_ml.formula.vectors import Vector, read_input

ID = re.compile(r"vector-(?P<at>[0-9]+)-[0-9a-f]{8}")
"""How a vector is called in a table."""


def vector_id(weights: WeightsFile, at: int) -> str:
    """Return a name of the vector at a place of the file, which no other inputs and no other formula give.

    >>> bool(ID.fullmatch("vector-7-0a1b2c3d"))
    True
    """
    text = json.dumps([weights.digest, weights.vectors[at]["inputs"]], sort_keys=True, ensure_ascii=False)
    return f"vector-{at}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def rows_of_vectors(weights: WeightsFile) -> dict[str, dict[str, Any]]:
    """Return the inputs of the vectors that a CSV file holds, by their names."""
    return {
        vector_id(weights, at): {name: read_input(vector["inputs"][name]) for name in weights.formula.metrics}
        for at, vector in enumerate(weights.vectors)
        if why_not_in_csv(vector) is None
    }


def why_not_in_csv(vector: Vector) -> str | None:
    """Return why a CSV file, which many programs read, cannot hold the inputs of a vector; None where it can."""
    values = vector["inputs"].values()
    if any(isinstance(value, dict) for value in values):
        return "NaN or infinity"
    texts = [value for value in values if isinstance(value, str) and value]
    if any(text != text.strip() for text in texts):
        return "blanks around a text"
    if any(text[0] in "=+-@" for text in texts):
        return "a text that a spreadsheet would run"
    return None
