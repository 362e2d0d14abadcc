"""What a scorecard answers: score, probability, bands, coverage and reasons."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from chs_ml.export.plan import REASONS, Plan
from chs_ml.export.pmml.fields import Fields
from chs_ml.formula import Formula, Link
from chs_ml.formula.bands import CUT_TOLERANCE, NOT_SCORED

OUTPUTS = (
    "score", "churn_probability", "band", "band_by_score", "coverage", *(f"reason_{at + 1}" for at in range(REASONS))
)  # fmt: skip


def output(fields: Fields, plan: Plan) -> Any:
    """Return the element of all outputs; one may read those before it."""
    formula, found = plan.formula, [_field(fields, "score", feature="predictedValue")]
    if formula.link is not None:
        found.append(_computed(fields, "churn_probability", _churn_probability(fields, formula.link)))
    found += _bands(fields, formula)
    found.append(_computed(fields, "coverage", fields.tree.field(fields.coverage())))
    for rank in range(1, REASONS + 1):
        found.append(_field(fields, f"reason_{rank}", kind="string", feature="reasonCode", rank=str(rank)))
    return fields.tree.make("Output", *found)


def _churn_probability(fields: Fields, link: Link) -> Any:
    """Return 1 / (1 + exp(a + b · score/100)); the exponent stays below 700."""
    apply = fields.tree.apply
    odds = apply("+", float(link.a), apply("*", float(link.b), apply("/", "score", 100.0)))
    return apply("/", 1.0, apply("+", 1.0, apply("exp", odds)))


def _bands(fields: Fields, formula: Formula) -> Iterator[Any]:
    """Give ``band`` and ``band_by_score`` as far as the formula has them, and the position that ``band`` is read from.

    Without bands there is no ``band_by_score``, and ``band`` only where some are not scored.
    """
    names = [band.name for band in formula.bands]
    if not names and formula.score_when is None:
        return
    if names:
        yield _computed(fields, "band_by_score", _by_score(fields, formula, names), kind="string")
    position = fields.inner("band")
    yield _computed(fields, position, _position(fields, formula, names), isFinalResult="false")
    at = [(name, (float(code), float(code) + 1.0)) for code, name in enumerate(names or [None])]
    at.append((NOT_SCORED, (float(len(at)), float(len(at)) + 1.0)))
    yield _computed(fields, "band", _binned(fields, position, at), kind="string")


def _position(fields: Fields, formula: Formula, names: list[str]) -> Any:
    """Return the band's position: by score, then what each rule says in its turn, then one more for not scored."""
    positions = [repr(float(at)) for at in range(len(names))]
    found = _by_score(fields, formula, positions, kind="double") if names else 0.0
    for rule in formula.rules:
        found = fields.choice(rule.when, float(names.index(rule.band)), found)
    unscored = float(max(1, len(names)))
    for test in _enough(fields, formula):
        found = fields.tree.apply("if", test, found, unscored)
    return found if not isinstance(found, float) else fields.tree.constant(found)


def _enough(fields: Fields, formula: Formula) -> Iterator[Any]:
    """Give what must hold for a customer to be scored."""
    when = formula.score_when
    if when is None:
        return
    for metric, floor in when.floors:
        yield fields.tree.apply("equal", fields.at_least(metric, float(floor)), 1.0)
    if when.coverage is not None:
        yield fields.tree.apply("greaterOrEqual", fields.coverage(), when.coverage - CUT_TOLERANCE)


def _by_score(fields: Fields, formula: Formula, values: list[str], kind: str = "string") -> Any:
    """Return each band's value where the score lies between its cut and the one above."""
    cuts = [None, *(band.start - CUT_TOLERANCE for band in formula.bands)]
    ends = [(low, high) for high, low in pairwise(cuts)]
    return _binned(fields, "score", list(zip(values, ends, strict=True)), kind)


def _binned(fields: Fields, field: str, bins: list[Any], kind: str = "string") -> Any:
    made = [
        fields.tree.make(
            "DiscretizeBin",
            fields.tree.make("Interval", closure="closedOpen", leftMargin=low, rightMargin=high),
            binValue=value,
        )
        for value, (low, high) in bins
        if value is not None
    ]
    return fields.tree.make("Discretize", *made, field=field, dataType=kind)


def _computed(fields: Fields, name: str, expression: Any, *, kind: str = "double", **more: Any) -> Any:
    return _field(fields, name, expression, kind=kind, feature="transformedValue", **more)


def _field(fields: Fields, name: str, *expression: Any, kind: str = "double", **more: Any) -> Any:
    optype = "continuous" if kind == "double" else "categorical"
    return fields.tree.make("OutputField", *expression, name=name, optype=optype, dataType=kind, **more)
