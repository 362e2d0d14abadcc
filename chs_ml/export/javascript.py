"""An ES module for browsers and Node: the formula as data, and the functions that read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from chs_ml.export.carried import carried, filled
from chs_ml.export.options import Options
from chs_ml.formula import WeightsFile
from chs_ml.formula.columns import level_positions

_TYPES = {
    "terms": "Term[]",
    "link": "{a: number, b: number} | null",
    "bands": "Band[]",
    "rules": "Rule[]",
    "score_when": "Floor[]",
}


def to_javascript(weights: WeightsFile) -> str:
    """Return an ES module with types in JSDoc: ``score(customer)``, and a self-test on the command line.

    Names and levels stand in it as literals only, and in no form that ends a script in a page of HTML. It reads as the
    formula does, but for numbers in digits of other scripts (٣), which it refuses.

    Raises:
        FormulaError: where the file's own vectors contradict its formula.
    """
    parts = carried(weights, Options())
    head = f"const CALLED = {_literal(parts['called'])}, DIGEST = {_literal(parts['digest'])};"
    formula = [head, _typed("[string, string][]"), f"export const METRICS = {_written(parts['metrics'])};"]
    for name, kind in _TYPES.items():
        formula += [_typed(kind), f"const {name.upper()} = {_written(parts[name])};"]
    vectors = [_typed("[unknown[], [number, number | null, string | null]][]")]
    vectors += [f"const VECTORS = {_written(parts['vectors'])};"]
    return filled("health_score.mjs", {"formula": "\n".join(formula), "vectors": "\n".join(vectors)})


def _typed(kind: str) -> str:
    return f"/** @type {{{kind}}} */"


def _written(value: Any) -> str:
    """Return a literal; what a list holds stands on lines of its own, so that a formula reads term by term."""
    if isinstance(value, list) and value:
        return "[\n" + "".join(f"  {_literal(one)},\n" for one in value) + "]"
    return _literal(value)


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(_members(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return _harmless(json.dumps(value, ensure_ascii=False))


def _members(value: dict[str, Any]) -> Iterator[str]:
    for key, part in value.items():
        if key == "levels":
            yield f"levels: {_levels(part)}"
        elif key == "level":
            yield f"level: {_levels([part])}"
        else:
            yield f"{key}: {_literal(part)}"


def _levels(names: list[str]) -> str:
    """Return the call that puts levels in their places; which number is which of them is found out here.

    Python and JavaScript do not write or read all numbers alike.
    """
    numbers = [float(name) for name in names if _reads_as_number(name)]
    places = level_positions(numbers, names).tolist()
    return f"levels({_literal(list(names))}, {_literal([*zip(numbers, places[:-1], strict=True)])})"


def _reads_as_number(name: str) -> bool:
    try:
        return float(name) * 0.0 == 0.0
    except ValueError:
        return False


def _harmless(text: str) -> str:
    """Return a literal in which nothing ends a script, breaks a line, or turns the direction of writing."""
    return re.sub(r"[^ -;=?-~]", lambda match: _escaped(match[0]), text)


def _escaped(one: str) -> str:
    if one.isprintable() and one not in "<>":
        return one
    units = one.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
