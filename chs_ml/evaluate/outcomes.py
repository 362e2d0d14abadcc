"""What happened on each row, how much the row counts, and whose it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from chs_ml.errors import DataError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Checked outcomes: ``churned`` 0 or 1, ``weights`` ≥ 0, ``customers`` a number per customer, all (rows,).

    Weights say how much of the true population a row stands for, not how many customers were seen: they move a figure
    exactly as repeated rows would, and its standard error as one row each. Rows of one customer are not independent
    of one another, so standard errors are sums over customers.
    """

    churned: FloatArray
    weights: FloatArray
    customers: IntArray

    @classmethod
    def read(cls, churned: npt.ArrayLike, weights: npt.ArrayLike | None = None, customers: Any = None) -> Self:
        """Check the columns; without ``customers`` every row is a customer of its own."""
        outcome = column("churned", churned)
        if not np.isin(outcome, (0.0, 1.0)).all():
            raise DataError("churned: every value must be 1 (churned) or 0 (retained); leave out rows not known yet.")
        counts = np.ones(len(outcome)) if weights is None else column("weights", weights, len(outcome))
        if not (np.isfinite(counts) & (counts >= 0)).all():
            raise DataError("weights: every value must be a finite number of at least 0.")
        codes = np.arange(len(outcome)) if customers is None else pd.factorize(np.asarray(customers, dtype=object))[0]
        if len(codes) != len(outcome):
            raise DataError(f"customers: {len(codes)} values for {len(outcome)} rows of churned; give one per row.")
        return cls(outcome, counts, np.asarray(codes, dtype=np.int64))

    @classmethod
    def of(cls, churned: Churned) -> Outcomes:
        """Outcomes as they are; a bare column as unweighted rows, each a customer of its own."""
        return churned if isinstance(churned, Outcomes) else cls.read(churned)

    def __len__(self) -> int:
        return len(self.churned)

    @property
    def total(self) -> float:
        """Sum of the weights."""
        return float(self.weights.sum())

    @property
    def effective(self) -> float:
        """Kish's number of equally weighted rows that would be as precise; the number of rows without weights."""
        squares = float(self.weights @ self.weights)
        return self.total**2 / squares if squares > 0 else 0.0

    @property
    def rate(self) -> float:
        """Share of churned, weighted."""
        return self.mean(self.churned)

    @property
    def one_class(self) -> bool:
        """True where nobody churned or nobody stayed, so that nothing can be told apart."""
        mass = float(self.weights @ self.churned)
        return mass <= 0.0 or mass >= self.total

    def among(self, rows: BoolArray | IntArray) -> Outcomes:
        """The same for some of the rows."""
        return Outcomes(self.churned[rows], self.weights[rows], self.customers[rows])

    def alone(self, rows: BoolArray | IntArray) -> Outcomes:
        """The same, customers numbered anew: for many small groups, each of which then costs its own rows only."""
        numbers = np.unique(self.customers[rows], return_inverse=True)[1]
        return Outcomes(self.churned[rows], self.weights[rows], numbers.astype(np.int64))

    @property
    def people(self) -> int:
        """Number of different customers."""
        return int(np.count_nonzero(np.bincount(self.customers)))

    def mean(self, values: FloatArray) -> float:
        """Weighted mean."""
        return float(self.weights @ values / self.total)

    def mean_error(self, values: FloatArray) -> float | None:
        """Standard error of the weighted mean; None for fewer than two customers."""
        widening = self.widening()
        if widening is None:
            return None
        return widening * self.spread(self.weights * (values - self.mean(values)) / self.total)

    def spread(self, influence: FloatArray) -> float:
        """Root of the summed squares of ``influence`` (what each row adds to a figure), summed by customer first."""
        return float(np.linalg.norm(self.by_customer(influence)))

    def by_customer(self, values: FloatArray) -> FloatArray:
        """Sums over each customer's rows."""
        return np.asarray(np.bincount(self.customers, values), dtype=np.float64)

    def widening(self) -> float | None:
        """√(G/(G−1)) for G customers: what estimating the mean from the same rows costs."""
        count = self.people
        return math.sqrt(count / (count - 1)) if count > 1 else None


Churned: TypeAlias = npt.ArrayLike | Outcomes  # what every figure takes: a column, or one with weights and customers


def column(name: str, values: npt.ArrayLike, rows: int | None = None) -> FloatArray:
    """One column of numbers, (rows,)."""
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise DataError(f"{name}: found an array of shape {numbers.shape}; give one value per row.")
    if rows is not None and len(numbers) != rows:
        raise DataError(f"{name}: {len(numbers)} values for {rows} rows of churned; give one per row.")
    return numbers


def probability(values: npt.ArrayLike, rows: int, name: str = "churn_probability") -> FloatArray:
    """A column of probabilities, every one within 0..1."""
    numbers = column(name, values, rows)
    bad = ~((numbers >= 0) & (numbers <= 1))
    if bad.any():
        first = int(np.argmax(bad))
        raise DataError(f"{name}: row {first} is {numbers[first]}; a probability is a number from 0 to 1.")
    return numbers


def ties(values: FloatArray) -> IntArray:
    """Number of each row's group of equal values, counted from the smallest, (rows,).

    numpy.unique hashes, which for a million different floats takes a minute; sorting takes a tenth of a second.
    """
    order = np.argsort(values, kind="stable")
    group = np.zeros(len(values), dtype=np.int64)
    group[order[1:]] = np.cumsum(np.diff(values[order]) != 0)
    return group
