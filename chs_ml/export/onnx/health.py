"""Terms as nodes: health of each, their sum, and the share of the weights that is known."""

from __future__ import annotations

from chs_ml.export.onnx.metrics import Metrics
from chs_ml.formula import Curve, Formula, Levels, Term


def health_of(metrics: Metrics, term: Term) -> str:
    """Return n_j of a term, in 0..1."""
    graph, shape = metrics.graph, term.shape
    shaped = _curve(metrics, term.metric, shape) if isinstance(shape, Curve) else _levels(metrics, term.metric, shape)
    if term.when is None or term.otherwise is None:
        return shaped
    return graph.add("Where", metrics.applies(term.when), shaped, graph.doubles(term.otherwise))


def score_of(metrics: Metrics, formula: Formula, health: list[str]) -> str:
    """Return 100 · Σ w_j n_j, summed left to right: the output ``score``."""
    graph = metrics.graph
    parts = [graph.times(n, term.weight) for term, n in zip(formula.terms, health, strict=True)]
    return graph.add("Mul", graph.doubles(100.0), _sum(metrics, parts), called="score")


def coverage_of(metrics: Metrics, formula: Formula) -> str:
    """Return Σ w_j of the terms whose metric is known, at most 1: the output ``coverage``."""
    graph = metrics.graph
    parts = [graph.times(graph.cast(_known(metrics, term), "DOUBLE"), term.weight) for term in formula.terms]
    return graph.add("Min", _sum(metrics, parts), graph.doubles(1.0), called="coverage")


def _sum(metrics: Metrics, parts: list[str]) -> str:
    total, *rest = parts
    for part in rest:
        total = metrics.graph.add("Add", total, part)
    return total


def _known(metrics: Metrics, term: Term) -> str:
    if isinstance(term.shape, Curve):
        return metrics.number(term.metric).known
    graph, names = metrics.graph, term.shape.names
    return graph.add("Less", metrics.position(term.metric, names), graph.whole(len(names)))


def _curve(metrics: Metrics, metric: str, curve: Curve) -> str:
    """Return value + (x - knot) · slope of the knot at or below x; beyond the ends x counts as the end."""
    graph, number = metrics.graph, metrics.number(metric)
    knots = [float(knot) for knot in curve.knots]
    x = graph.add("Clip", number.value, graph.double(knots[0]), graph.double(knots[-1]))
    passed = graph.add("GreaterOrEqual", x, graph.doubles(*knots[1:], rows=True))
    at = graph.add("ReduceSum", graph.cast(passed, "INT64"), graph.whole(1), keepdims=1)
    knot, value, slope = (
        graph.add("Gather", graph.doubles(*table), at) for table in (knots, curve.values, (*curve.slopes, 0.0))
    )
    n = graph.add("Add", graph.add("Mul", graph.add("Sub", x, knot), slope), value)
    return graph.add("Where", number.known, n, graph.doubles(curve.missing))


def _levels(metrics: Metrics, metric: str, levels: Levels) -> str:
    graph = metrics.graph
    return graph.add("Gather", graph.doubles(*levels.table.tolist()), metrics.position(metric, levels.names))
