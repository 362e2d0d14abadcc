"""The targets, all of them, and how one is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module

from chs_ml.errors import FormulaError
from chs_ml.export.options import Options, Written
from chs_ml.formula import WeightsFile


@dataclass(frozen=True, slots=True)
class Target:
    """says: what it is, in a line. home: ``module:function``, loaded when used. suffix: of its file; '' of a folder.

    takes: the options that it reads.
    """

    says: str
    home: str
    suffix: str
    takes: frozenset[str] = frozenset()

    @property
    def write(self) -> Callable[..., Written]:
        """The function from a weights file, and Options where it takes any, to what is written."""
        module, _, name = self.home.partition(":")
        function: Callable[..., Written] = getattr(import_module(f"chs_ml.export.{module}"), name)
        return function


TARGETS: Mapping[str, Target] = {
    "json": Target("the weights file itself", "json:to_json", ".json"),
    "csv": Target("the weights as a table", "csv:to_csv", ".csv"),
    "markdown": Target("the formula as people read it", "markdown:to_markdown", ".md"),
    "points": Target("the card of whole points", "points:to_points", ".csv"),
    "sql": Target(
        "one SELECT for a warehouse", "sql:to_sql", ".sql", frozenset({"dialect", "table", "key", "self_test"})
    ),
    "dbt": Target("a dbt project, a folder", "dbt:to_dbt", "", frozenset({"dialect", "key"})),
    "xlsx": Target("a workbook with live formulas", "xlsx:to_xlsx", ".xlsx"),
    "python": Target("a Python module without libraries", "python:to_python", ".py", frozenset({"key"})),
    "javascript": Target("an ES module for browsers and Node", "javascript:to_javascript", ".mjs"),
    "pmml": Target("a PMML 4.4 scorecard with reason codes", "pmml:to_pmml", ".pmml"),
    "onnx": Target("an ONNX graph in double precision", "onnx:to_onnx", ".onnx"),
    "vectors": Target("rows to score elsewhere, for verify", "vectors:to_vectors", ".csv", frozenset({"key"})),
    "churnzero": Target("a page to type into ChurnZero's builder", "vendors.churnzero:to_churnzero", ".md"),
    "gainsight": Target("a page to type into Gainsight's builder", "vendors.gainsight:to_gainsight", ".md"),
    "planhat": Target("a page to type into Planhat's builder", "vendors.planhat:to_planhat", ".md"),
    "hubspot": Target("a page to type into HubSpot's builder", "vendors.hubspot:to_hubspot", ".md"),
    "totango": Target("a page to type into Totango's builder", "vendors.totango:to_totango", ".md"),
}

ELSEWHERE: Mapping[str, Target] = {
    "mlflow": Target("the model as MLflow loads and serves it, a folder", "", ""),
}
"""What ``chs_ml.tracking`` writes, which this room may not import; the command line joins it to the targets."""


def export(weights: WeightsFile, target: str, options: Options | None = None) -> Written:
    """Return the formula in the form that ``target`` reads.

    Raises:
        FormulaError: for an unknown target (the nearest is named), an option that it does not take, and a formula that
            it cannot hold.
    """
    if target in ELSEWHERE:
        raise FormulaError(
            f"target {target!r} is a folder that MLflow itself writes: chs-ml export WEIGHTS {target} -o FOLDER, or "
            "chs_ml.tracking.save_model(weights, folder)"
        )
    if target not in TARGETS:
        known = [*TARGETS, *ELSEWHERE]
        near = difflib.get_close_matches(target.lower(), known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise FormulaError(f"unknown target {target!r}; there are: {', '.join(known)}.{hint}")
    found, options = TARGETS[target], options or Options()
    refuse_the_rest(target, found, options)
    return found.write(weights, options) if found.takes else found.write(weights)


def refuse_the_rest(name: str, target: Target, options: Options) -> None:
    """FormulaError for an option that the target would pass over in silence. A spec is offered to all."""
    given = {one.name for one in fields(Options) if getattr(options, one.name) not in (None, False)} - {"spec"}
    for option in sorted(given - target.takes):
        flag = "--" + option.replace("_", "-")
        who = [other for other, one in TARGETS.items() if option in one.takes]
        raise FormulaError(
            f"target {name!r} takes no {flag}; {', '.join(who)} {'does' if len(who) == 1 else 'do'}. Leave it out"
        )
