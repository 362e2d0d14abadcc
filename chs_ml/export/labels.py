"""What people call metrics, conditions and terms, and the order in which they read them."""

from __future__ import annotations

from collections.abc import Mapping

from chs_ml.formula import Condition, Term, WeightsFile


def labels_of(weights: WeightsFile) -> dict[str, str]:
    """Return what people call each metric: its label, or its name."""
    return {name: str(about.get("label") or name) for name, about in weights.metrics.items()}


def label_of(weights: WeightsFile, term: Term) -> str:
    """Return what people call a term: its metric's label, with the condition if it has one."""
    labels = labels_of(weights)
    label = labels.get(term.metric, term.metric)
    return label if term.when is None else f"{label} ({condition_in_words(term.when, labels)})"


def condition_in_words(when: Condition, labels: Mapping[str, str]) -> str:
    """Return 'Service calls > 3', 'Plan ≠ gold': as the condition says itself, with the label for the metric."""
    return labels.get(when.metric, when.metric) + str(when).removeprefix(when.metric)


def side_label(weights: WeightsFile, term: Term) -> str:
    """Return the label of a term that stands below its other side: 'Usage (elsewhere)' where the condition fails."""
    return "".join(label_and_side(weights, term))


def label_and_side(weights: WeightsFile, term: Term) -> tuple[str, str]:
    """Return the metric's label and ' (elsewhere)', apart: where a label is cut, the side still tells which it is."""
    labels = labels_of(weights)
    label = labels.get(term.metric, term.metric)
    if term.when is None:
        return label, ""
    other = any(one.metric == term.metric and one.when and one.when.holds for one in weights.formula.terms)
    elsewhere = other and not term.when.holds
    return label, " (elsewhere)" if elsewhere else f" ({condition_in_words(term.when, labels)})"


def heaviest_first(weights: WeightsFile) -> list[Term]:
    """Return the terms, the heaviest first; the sides of a split stand together, first where the condition holds."""
    heaviest: dict[str, float] = {}
    for term in weights.formula.terms:
        heaviest[term.metric] = max(term.weight, heaviest.get(term.metric, 0.0))
    return sorted(
        weights.formula.terms,
        key=lambda term: (-heaviest[term.metric], term.metric, term.when is not None and not term.when.holds),
    )
