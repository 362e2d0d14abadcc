"""The customers that a formula was learned from, as its terms see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chs_ml.formula import Formula, Term
from chs_ml.formula.columns import FloatArray, Frame
from chs_ml.formula.frames import Columns


@dataclass(frozen=True)
class Population:
    """Health of each term, and how much each customer counts for it.

    health: n_j by the term's key, (rows,). weight: how many customers of the population a row stands for, (rows,).
    applies: the same, 0 where a term's condition does not hold; only of terms that have one.
    """

    health: Mapping[str, FloatArray]
    weight: FloatArray
    applies: Mapping[str, FloatArray]

    @classmethod
    def of(cls, formula: Formula, frame: Frame, weight: FloatArray | None = None) -> Population:
        """Read the terms of a frame's rows; without a weight every row counts once."""
        columns = Columns.of(frame)
        health = {term.key: term.health(columns) for term in formula.terms}
        rows = np.ones(len(columns)) if weight is None else weight
        split = {term.key: rows * term.when.applies(columns) for term in formula.terms if term.when is not None}
        return cls(health, rows, split)

    def average(self, term: Term | None = None) -> dict[str, float]:
        """Return the mean health of each term, by its key; among those whom a term's condition applies to."""
        rows = self.weight if term is None else self.applies.get(term.key, self.weight)
        rows = rows if rows.sum() > 0.0 else self.weight
        return {key: float(np.average(n, weights=rows)) for key, n in self.health.items()}

    def average_change(self, formula: Formula, term: Term, start: float, end: float) -> float | None:
        """Return the mean change of churn probability where a term's health goes from ``start`` to ``end``.

        Over all customers, everything else of each as it is; nothing changes for those to whom a condition does not
        apply. None for a formula without a link, and where the term applies to nobody.
        """
        rows = self.applies.get(term.key, self.weight)
        if formula.link is None or not rows.sum() > 0.0:
            return None
        score = sum((t.weight * self.health[t.key] for t in formula.terms), start=np.zeros(len(rows)))
        others = 100.0 * (score - term.weight * self.health[term.key])
        before, after = (formula.link.churn_probability(others + 100.0 * term.weight * n) for n in (start, end))
        return float((after - before) @ rows / self.weight.sum())

    def moves(self, term: Term) -> float:
        """Return the points that typically separate two customers on a term: Gini's mean difference of 100·w·n.

        Two rows that stand for customers of the same health do not differ; a row is never compared with itself.
        """
        order = np.argsort(self.health[term.key], kind="stable")
        health, share = self.health[term.key][order], self.weight[order] / self.weight.sum()
        others = 1.0 - float(share @ share)
        if others <= 0.0:
            return 0.0
        middle = np.cumsum(share) - share / 2.0
        return float(100.0 * term.weight * 2.0 * ((share * health) @ (2.0 * middle - 1.0)) / others)
