"""The whole graph: inputs, terms, outputs, and what the file says of itself."""

from __future__ import annotations

import json
from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.export.onnx.bands import add_bands
from chs_ml.export.onnx.graph import IR, ML, ML_OPSET, Graph
from chs_ml.export.onnx.health import coverage_of, health_of, score_of
from chs_ml.export.onnx.metrics import Metrics
from chs_ml.export.plan import Plan, plan_of
from chs_ml.formula import Link, WeightsFile
from chs_ml.formula.canonical import digest_of

OUTPUTS = ("score", "churn_probability", "band", "band_by_score", "coverage", "health")
_TEXTS = ("band", "band_by_score")


def to_onnx(weights: WeightsFile) -> bytes:
    """Return an ONNX model in double precision: opset 17, or 20 where levels are whole numbers; ai.onnx.ml 2.

    Inputs: a tensor [N, 1] for each metric, named as the metric is, whatever letters that has. A number is a double,
    NaN or infinite where missing; a level is a string, '' where missing. Outputs, [N, 1] each: ``score``;
    ``churn_probability``, where the formula has a link; ``band`` and ``band_by_score``, where it has bands;
    ``coverage``; and ``health`` of [N, terms], n_j of each term. The same weights give the same bytes.

    metadata_props: label, digest, metrics (name and kind of each, in the order of the inputs), terms (key, label,
    weight of each, in the order of ``health``), vectors_digest: of the weights file's vectors, RFC 8785 and SHA-256.

    Raises:
        FormulaError: if onnx is not installed, or a metric has the name of an output.
    """
    plan = plan_of(weights)
    _refuse_names(plan)
    graph = Graph([*plan.kinds, *OUTPUTS])
    outputs = _outputs(graph, plan)
    return _model(graph, plan, outputs, digest_of(weights.vectors))


def _refuse_names(plan: Plan) -> None:
    for name in plan.kinds:
        if name in OUTPUTS:
            raise FormulaError(
                f"metric {name!r}: target 'onnx' calls an output so, and a graph has each name once. Rename the metric"
            )


def _outputs(graph: Graph, plan: Plan) -> list[str]:
    """Add all nodes; return the names of the outputs, in the order of ``OUTPUTS``."""
    metrics, formula = Metrics(graph), plan.formula
    health = [health_of(metrics, term) for term in formula.terms]
    score, coverage = score_of(metrics, formula, health), coverage_of(metrics, formula)
    names = [score, coverage, graph.add("Concat", *health, axis=1, called="health")]
    names += [] if formula.link is None else [_churn_probability(graph, formula.link, score)]
    names += add_bands(metrics, formula, score, coverage)
    return sorted(names, key=OUTPUTS.index)


def _churn_probability(graph: Graph, link: Link, score: str) -> str:
    """Return 1 / (1 + exp(a + b · score/100)); the exponent stays below 700."""
    slope = graph.times(graph.add("Div", score, graph.doubles(100.0)), link.b)
    odds = graph.add("Exp", graph.plus(slope, link.a))
    one = graph.doubles(1.0)
    return graph.add("Div", one, graph.add("Add", one, odds), called="churn_probability")


def _model(graph: Graph, plan: Plan, outputs: list[str], vectors: str) -> bytes:
    helper, kinds = graph.onnx.helper, graph.onnx.TensorProto
    of_metric = {"number": kinds.DOUBLE, "level": kinds.STRING}
    wide = {"health": len(plan.formula.terms)}
    whole = helper.make_graph(
        graph.nodes,
        "health score",
        [helper.make_tensor_value_info(name, of_metric[kind], ["N", 1]) for name, kind in plan.kinds.items()],
        [
            helper.make_tensor_value_info(
                name, kinds.STRING if name in _TEXTS else kinds.DOUBLE, ["N", wide.get(name, 1)]
            )
            for name in outputs
        ],
        list(graph.constants.values()),
    )
    model = helper.make_model(
        whole,
        opset_imports=[helper.make_opsetid("", graph.opset), helper.make_opsetid(ML, ML_OPSET)],
        ir_version=IR[graph.opset],
        producer_name="chs_ml",
    )
    helper.set_model_props(model, _properties(plan, vectors))
    written: bytes = model.SerializeToString(deterministic=True)
    return written


def _properties(plan: Plan, vectors: str) -> dict[str, str]:
    terms = [
        {"term": term.key, "label": label, "weight": term.weight}
        for term, label in zip(plan.formula.terms, plan.labels, strict=True)
    ]
    told: dict[str, Any] = {
        "label": plan.called,
        "digest": plan.digest,
        "metrics": [{"metric": name, "kind": kind} for name, kind in plan.kinds.items()],
        "terms": terms,
        "vectors_digest": vectors,
    }
    return {
        name: said if isinstance(said, str) else json.dumps(said, ensure_ascii=False) for name, said in told.items()
    }
