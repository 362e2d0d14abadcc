"""Bands as nodes: by the score, after the rules, and ``not scored``."""

from __future__ import annotations

from chs_ml.export.onnx.metrics import Metrics
from chs_ml.formula import Formula, ScoreWhen
from chs_ml.formula.bands import CUT_TOLERANCE, NOT_SCORED


def add_bands(metrics: Metrics, formula: Formula, score: str, coverage: str) -> list[str]:
    """Add the outputs ``band`` and ``band_by_score`` as far as the formula has them; return their names.

    Without bands there is no ``band_by_score``, and ``band`` only where some are not scored: '' for those who are.
    """
    graph, names = metrics.graph, [band.name for band in formula.bands]
    if not names and formula.score_when is None:
        return []
    at = _position_by_score(metrics, formula, score) if names else graph.whole(0)
    by_score = [graph.add("Gather", graph.texts(*names), at, called="band_by_score")] if names else []
    for rule in formula.rules:
        at = graph.add("Where", metrics.applies(rule.when), graph.whole(names.index(rule.band)), at)
    names = names or [""]
    for enough in [] if formula.score_when is None else _enough(metrics, formula.score_when, coverage):
        at = graph.add("Where", enough, at, graph.whole(len(names)))
    return [graph.add("Gather", graph.texts(*names, NOT_SCORED), at, called="band"), *by_score]


def _position_by_score(metrics: Metrics, formula: Formula, score: str) -> str:
    """Return how many cuts lie above the score. The last band begins at 0: its cut keeps a single band a column."""
    graph, cuts = metrics.graph, [band.start - CUT_TOLERANCE for band in formula.bands]
    below = graph.cast(graph.add("Less", score, graph.doubles(*cuts, rows=True)), "INT64")
    return graph.add("ReduceSum", below, graph.whole(1), keepdims=1)


def _enough(metrics: Metrics, when: ScoreWhen, coverage: str) -> list[str]:
    """Return what must hold for a customer to be scored."""
    enough = [metrics.at_least(name, floor) for name, floor in when.floors]
    if when.coverage is not None:
        least = metrics.graph.doubles(when.coverage - CUT_TOLERANCE)
        enough.append(metrics.graph.add("GreaterOrEqual", coverage, least))
    return enough
