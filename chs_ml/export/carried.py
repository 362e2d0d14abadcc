"""What a script carries: the formula, what people call its parts, and its vectors, as values that a language writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.export.options import Options
from chs_ml.export.plan import Plan, plan_of
from chs_ml.formula import Levels, ScoreWhen, Term, WeightsFile
from chs_ml.formula.canonical import band_as_dict, condition_as_dict
from chs_ml.formula.vectors import check_vectors, read_input

_SCRIPTS = Path(__file__).parent / "scripts"
_MARKS = ("begin", "end")


def carried(weights: WeightsFile, options: Options) -> dict[str, Any]:
    """Return called, digest, key, metrics, terms, link, bands, rules, score_when and vectors.

    key: the id column, None where the formula was learned without one. metrics: (name, "number" or "level").

    Raises:
        FormulaError: where the file's own vectors are answered otherwise than written: the script would fail its test.
    """
    wrong = check_vectors(weights)
    if wrong:
        raise FormulaError(f"the weights file contradicts itself: {wrong[0]}. Calibrate again")
    plan = plan_of(weights)
    formula = plan.formula
    return {
        "called": plan.called,
        "digest": plan.digest,
        "key": options.key or weights.customer,
        "metrics": list(plan.kinds.items()),
        "terms": list(_terms(plan)),
        "link": None if formula.link is None else {"a": float(formula.link.a), "b": float(formula.link.b)},
        "bands": [band_as_dict(band) for band in formula.bands],
        "rules": [
            {"when": condition_as_dict(rule.when), "band": rule.band, "because": rule.because} for rule in formula.rules
        ],
        "score_when": [] if formula.score_when is None else list(_floors(formula.score_when)),
        "vectors": [_vector(plan, vector) for vector in weights.vectors],
    }


def filled(script: str, parts: Mapping[str, str]) -> str:
    """Return a script with the lines between ``name: begin`` and ``name: end`` replaced by each part."""
    lines = (_SCRIPTS / script).read_text(encoding="utf-8").split("\n")
    for name, part in parts.items():
        begin, end = (next(at for at, line in enumerate(lines) if line.endswith(f" {name}: {mark}")) for mark in _MARKS)
        lines[begin + 1 : end] = [part]
    return "\n".join(lines)


def _terms(plan: Plan) -> Iterator[dict[str, Any]]:
    for term, label, average in zip(plan.formula.terms, plan.labels, plan.averages, strict=True):
        yield {
            "label": label,
            "metric": term.metric,
            "weight": float(term.weight),
            "average": float(average),
            **_condition(term),
            **_shape(term),
            "missing": float(term.shape.missing),
        }


def _condition(term: Term) -> dict[str, Any]:
    if term.when is None or term.otherwise is None:
        return {}
    return {"when": condition_as_dict(term.when), "otherwise": float(term.otherwise)}


def _shape(term: Term) -> dict[str, Any]:
    if isinstance(term.shape, Levels):
        values = [float(value) for _, value in term.shape.values]
        return {"levels": term.shape.names, "values": values, "other": float(term.shape.other)}
    return {"knots": [float(knot) for knot in term.shape.knots], "values": [float(one) for one in term.shape.values]}


def _floors(score_when: ScoreWhen) -> Iterator[dict[str, Any]]:
    """Give what is asked of a customer, first what is said first; a metric of None is the coverage."""
    if score_when.coverage is not None:
        below = f"coverage is below {score_when.coverage:g}"
        yield {"metric": None, "from": float(score_when.coverage), "because": below}
    for metric, floor in score_when.floors:
        yield {"metric": metric, "from": float(floor), "because": f"{metric} is below {floor:g} or unknown"}


def _vector(plan: Plan, vector: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the inputs in the order of the metrics, and score, probability and band."""
    inputs = [read_input(vector["inputs"][metric]) for metric in plan.kinds]
    return inputs, [vector["score"], vector["churn_probability"], vector["band"]]
