"""The fields of a document: the metrics, and what is computed of them for conditions, coverage and levels."""

from __future__ import annotations

import sys
from typing import Any

from chs_ml.export.plan import Plan
from chs_ml.export.pmml.spelling import ENDS_IN_ZEROS, FLAGS, is_flag, is_whole, levels_of, spelling
from chs_ml.export.pmml.tree import Tree
from chs_ml.formula import Levels
from chs_ml.formula.conditions import Condition
from chs_ml.formula.shapes import Shape

LARGEST = sys.float_info.max


class Fields:
    """What the other parts refer to by name; ``computed`` grows as they ask.

    Levels are compared in one spelling of each, of whole numbers and flags: '1.0' is '1', 'TRUE' is 'true'.
    """

    def __init__(self, tree: Tree, plan: Plan) -> None:
        self.tree = tree
        self.formula = plan.formula
        self.kinds = plan.kinds
        self.computed: dict[str, Any] = {}
        self._prefix = "_"
        while any(name.startswith(self._prefix) for name in plan.kinds):
            self._prefix += "_"
        self._listed = levels_of(plan.formula)

    def inner(self, name: str) -> str:
        """Return a name that no metric has."""
        return f"{self._prefix} {name}"

    def level(self, metric: str) -> str:
        """Return the field in which a level stands in its one spelling: the metric itself where it has only one."""
        tree, spelled, listed = self.tree, metric, self._listed[metric]
        if any(is_whole(level) for level in listed):
            spelled = tree.apply("replace", metric, tree.constant(ENDS_IN_ZEROS), tree.constant("$1"))
        if any(is_flag(level) for level in listed):
            flag = tree.apply("isIn", tree.apply("lowercase", metric), *map(tree.constant, FLAGS))
            spelled = tree.apply("if", flag, tree.apply("lowercase", metric), spelled)
        if spelled is metric:
            return metric
        known = tree.apply("if", tree.apply("isNotMissing", metric), spelled)
        return self._made(f"level {metric}", known, metric, kind="string")

    def applies(self, when: Condition) -> str:
        """Return the field that is 1 where a condition is met, whatever side is asked for, else 0."""
        if when.level is None:
            test = self.tree.inside(when.metric, float(when.above or 0.0), LARGEST, "openClosed")
        else:
            test = self.tree.is_level(self.level(when.metric), spelling(when.level))
        says = str(Condition(when.metric, when.above, when.level))
        return self._made(f"if {says}", test, says)

    def at_least(self, metric: str, floor: float) -> str:
        """Return the field that is 1 where a number is known and not below a floor, else 0."""
        test = self.tree.inside(metric, floor, LARGEST, "closedClosed")
        return self._made(f"floor of {metric}", test, f"{metric} ≥ {float(floor)!r}")

    def choice(self, when: Condition, met: Any, otherwise: Any) -> Any:
        """Return an expression: one where the condition is as asked, another where not."""
        sides = (met, otherwise) if when.holds else (otherwise, met)
        return self.tree.apply("if", self.tree.apply("equal", self.applies(when), 1.0), *sides)

    def coverage(self) -> str:
        """Return the field of Σ w_j of the terms whose metric is known, at most 1."""
        parts = [
            self.tree.apply("*", float(term.weight), self._known(term.metric, term.shape))
            for term in self.formula.terms
        ]
        return self._made("coverage", self.tree.apply("min", 1.0, self.tree.apply("sum", *parts)), "coverage")

    def _known(self, metric: str, shape: Shape) -> Any:
        if not isinstance(shape, Levels):
            return self._made(f"known {metric}", self.tree.inside(metric, -LARGEST, LARGEST, "closedClosed"), metric)
        field = self.level(metric)
        return self.tree.apply("sum", *(self.tree.is_level(field, spelling(level)) for level in shape.names))

    def _made(self, name: str, expression: Any, says: str, *, kind: str = "double") -> str:
        name = self.inner(name)
        if name not in self.computed:
            self.computed[name] = self.tree.derived(name, expression, kind=kind, says=says)
        return name
