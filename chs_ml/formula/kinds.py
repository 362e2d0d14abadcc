"""Whether a formula reads a metric as a number or as a level."""

from __future__ import annotations

from typing import Literal

from chs_ml.formula.formula import Formula

Kind = Literal["number", "level"]


def kinds_of(formula: Formula) -> dict[str, Kind]:
    """Return the kind of each metric, in the order of ``formula.metrics``; a formula never reads one both ways."""
    whens = [term.when for term in formula.terms if term.when] + [rule.when for rule in formula.rules]
    levels = {term.metric for term in formula.terms if term.kind == "levels"}
    levels |= {when.metric for when in whens if when.level is not None}
    return {name: "level" if name in levels else "number" for name in formula.metrics}
