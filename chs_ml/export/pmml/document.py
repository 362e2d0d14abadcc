"""The whole document: header, fields, and the scorecard."""

from __future__ import annotations

from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.export.plan import Plan, plan_of
from chs_ml.export.pmml.characteristics import characteristics
from chs_ml.export.pmml.fields import Fields
from chs_ml.export.pmml.outputs import OUTPUTS, output
from chs_ml.export.pmml.spelling import refuse_levels
from chs_ml.export.pmml.tree import Tree
from chs_ml.formula import WeightsFile


def to_pmml(weights: WeightsFile) -> str:
    """Return a PMML 4.4 Scorecard: score = 100 · Σ w_j n_j, the same text for the same weights.

    Fields: a double for each number, NaN or infinite counts as missing; a string for each level, '' is missing.
    Outputs: ``score``; ``churn_probability``, where the formula has a link; ``band`` and ``band_by_score``, where it
    has bands; ``coverage``; ``reason_1`` to ``reason_3``.

    Reasons are those of ``chs-ml score``: PMML ranks the terms by points below a baseline (``pointsBelow``), which
    stands half a point below the average customer's, or below the best where the average is not recorded. They differ
    in this: a reason is the label alone, without its points; which of two equal ones comes first is the engine's
    choice; where there are fewer than three some engines repeat the last; and who is not scored has reasons as well.

    Raises:
        FormulaError: if lxml is not installed; if a metric has the name of an output, or a level is told from
            another only by its spelling ('1' and '1.0').
    """
    plan = plan_of(weights)
    _refuse_names(plan)
    refuse_levels(plan.formula)
    tree = Tree()
    fields = Fields(tree, plan)
    model = _scorecard(fields, plan)
    return tree.content(tree.make("PMML", _header(tree, plan), _dictionary(tree, plan), model, version="4.4"))


def _refuse_names(plan: Plan) -> None:
    for name in plan.kinds:
        if name in OUTPUTS:
            raise FormulaError(
                f"metric {name!r}: target 'pmml' calls an output so, and a document has each name once. "
                "Rename the metric"
            )


def _header(tree: Tree, plan: Plan) -> Any:
    digest = tree.make("Extension", extender="chs_ml", name="digest", value=plan.digest)
    return tree.make("Header", digest, tree.make("Application", name="chs_ml"), description=plan.called)


def _dictionary(tree: Tree, plan: Plan) -> Any:
    found = []
    for name, kind in plan.kinds.items():
        if kind == "number":
            found.append(tree.make("DataField", name=name, optype="continuous", dataType="double"))
        else:  # no level is listed as valid: engines would take an unseen one for missing
            empty = tree.make("Value", value="", property="missing")
            found.append(tree.make("DataField", empty, name=name, optype="categorical", dataType="string"))
    return tree.make("DataDictionary", *found, numberOfFields=str(len(found)))


def _scorecard(fields: Fields, plan: Plan) -> Any:
    tree = fields.tree
    mining = [tree.make("MiningField", name=name, invalidValueTreatment="asIs") for name in plan.kinds]
    said, terms = output(fields, plan), characteristics(fields, plan)
    computed = [tree.make("LocalTransformations", *fields.computed.values())] if fields.computed else []
    return tree.make(
        "Scorecard",
        tree.make("MiningSchema", *mining),
        said,
        *computed,
        terms,
        modelName=plan.called,
        functionName="regression",
        initialScore="0",
        useReasonCodes="true",
        reasonCodeAlgorithm="pointsBelow",
        baselineMethod="other",
    )
