"""The formula as plain JSON values, and its digest."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from chs_ml.formula.bands import Band, Rule, ScoreWhen
from chs_ml.formula.conditions import Condition
from chs_ml.formula.formula import Formula
from chs_ml.formula.link import Link
from chs_ml.formula.reading import formula_from_dict
from chs_ml.formula.shapes import Curve, Shape
from chs_ml.formula.terms import Origin, Term


def formula_as_dict(formula: Formula) -> dict[str, Any]:
    """Return the ``formula`` object of a weights file: dicts, lists, text, floats, booleans and None only."""
    return {
        "terms": [_term(term) for term in formula.terms],
        "link": None if formula.link is None else link_as_dict(formula.link),
        "bands": [band_as_dict(band) for band in formula.bands],
        "rules": [_rule(rule) for rule in formula.rules],
        "score_when": None if formula.score_when is None else _score_when(formula.score_when),
    }


def link_as_dict(link: Link) -> dict[str, Any]:
    """Return a link as a weights file has it."""
    return {"event": "churn", "of": "retained", "a": float(link.a), "b": float(link.b)}


def band_as_dict(band: Band) -> dict[str, Any]:
    """Return a band as a weights file has it."""
    return {"name": band.name, "color": band.color, "from": float(band.start)}


def formula_digest(formula: Formula) -> str:
    """Return the SHA-256 (hex) of the RFC 8785 form of the formula."""
    return digest_of(formula_as_dict(formula))


def digest_of(value: Any) -> str:
    """Return the SHA-256 (hex) of the RFC 8785 form of a JSON value, whose integers count as doubles."""
    return hashlib.sha256(rfc8785.dumps(_with_doubles(value))).hexdigest()


def _term(term: Term) -> dict[str, Any]:
    return {
        "metric": term.metric,
        "pillar": term.pillar,
        "direction": term.direction,
        "origin": _origin(term.origin),
        "weight": float(term.weight),
        "when": None if term.when is None else condition_as_dict(term.when),
        "otherwise": None if term.otherwise is None else float(term.otherwise),
        "kind": term.kind,
        **_shape(term.shape),
        "missing": float(term.shape.missing),
        "missing_learned": bool(term.missing_learned),
    }


def _shape(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, Curve):
        return {"knots": [float(knot) for knot in shape.knots], "values": [float(value) for value in shape.values]}
    return {"levels": [[level, float(value)] for level, value in shape.values], "other": float(shape.other)}


def _origin(origin: Origin) -> str | dict[str, Any]:
    if origin.kind == "pinned":
        return {"pinned": {"by": origin.by, "because": origin.because}}
    return origin.kind


def condition_as_dict(condition: Condition) -> dict[str, Any]:
    """Return a condition as a weights file has it."""
    asked = {"level": condition.level} if condition.above is None else {"above": float(condition.above)}
    return {"metric": condition.metric, **asked, "holds": bool(condition.holds)}


def _rule(rule: Rule) -> dict[str, Any]:
    return {"when": condition_as_dict(rule.when), "band": rule.band, "because": rule.because}


def _score_when(score_when: ScoreWhen) -> dict[str, Any]:
    coverage = None if score_when.coverage is None else float(score_when.coverage)
    return {"coverage": coverage, **{name: {"from": float(floor)} for name, floor in score_when.floors}}


def _with_doubles(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_doubles(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_doubles(part) for part in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


__all__ = ["digest_of", "formula_as_dict", "formula_digest", "formula_from_dict"]
