"""What a weights file's papers say of each term."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeGuard

from chs_ml.formula import Formula, WeightsFile, formula_as_dict

Line = dict[str, Any]
VERDICTS = ("clear", "weak", "not enough evidence", "contradicts its direction")
SEPARATIONS = ("complete", "quasi-complete")
WIDEST = 10.0
"""An end of an interval of a share of 1 that lies farther out is none."""


def is_number(value: Any) -> TypeGuard[int | float]:
    """Return whether a value of the papers, which nobody checked, is a number that a double can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return isfinite(value)
    except OverflowError:
        return False


def evidence_keys(formula: Formula) -> list[Line]:
    """Return for each term the metric and the condition, as a line of evidence names them."""
    return [{"metric": term["metric"], "when": term["when"]} for term in formula_as_dict(formula)["terms"]]


def evidence_by_term(weights: WeightsFile) -> dict[str, Line]:
    """Return the line of evidence of each term by its key, {} for a term of which nothing is said."""
    lines: dict[Any, list[Line]] = {}
    for line in weights.evidence:
        lines.setdefault(str(line.get("metric")), []).append(line)
    found = {}
    for term, key in zip(weights.formula.terms, evidence_keys(weights.formula), strict=True):
        among = lines.get(term.metric, [])
        found[term.key] = next((line for line in among if line.get("when") == key["when"]), {})
    return found


def impact_in_words(line: Line) -> str:
    """Return the impact of a line of evidence for people, '' where it says none."""
    impact = line.get("impact")
    words = impact.get("words") if isinstance(impact, dict) else None
    return words if isinstance(words, str) else ""


def interval_of(line: Line) -> tuple[float, float] | None:
    """Return the 95 % interval of the weight, fractions of 1; None where the line holds none."""
    low, high = line.get("low"), line.get("high")
    if not (is_number(low) and is_number(high)) or not -WIDEST <= low <= high <= WIDEST:
        return None
    return float(low), float(high)


def verdict_of(line: Line) -> str:
    """Return one of the four verdicts, '' where the line holds none."""
    verdict = line.get("verdict")
    return verdict if isinstance(verdict, str) and verdict in VERDICTS else ""


def separates(line: Line) -> bool:
    """Return whether the metric separates churned from retained customers, so that no interval of its weight holds."""
    kind = line.get("separates")
    return isinstance(kind, str) and kind in SEPARATIONS


def mean_health(weights: WeightsFile) -> Mapping[str, float]:
    """Return the mean n_j of each term among the customers that the formula was learned from; {} if not recorded.

    Nobody checked the papers: what is no number counts as not recorded.
    """
    recorded = weights.reference.get("mean_health")
    if not isinstance(recorded, dict):
        return {}
    return {key: float(value) for key, value in recorded.items() if is_number(value)}
