"""Tables of outcomes: predicted against observed, and the churn rate of each group of customers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from chs_ml.errors import DataError
from chs_ml.evaluate.outcomes import BoolArray, Churned, IntArray, Outcomes, probability, ties
from chs_ml.evaluate.plain import Plain
from chs_ml.evaluate.uncertainty import rate_interval

FEWEST = 5  # a group of fewer customers could be recognised, so nothing is said about it
TOO_FEW = "fewer than 5 customers"
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ReliabilityBin(Plain):
    """Customers of similar churn probability: what was predicted, what was observed, its 95 % Wilson interval."""

    bin: int
    customers: int
    mean_predicted: float
    observed: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class GroupRate(Plain):
    """Churn rate of a group with its 95 % Wilson interval; no figures below 5 customers.

    customers: rows, so that a customer seen at several cutoffs counts at each of them.
    """

    name: str
    customers: int
    churned: int | None
    churn_rate: float | None
    low: float | None
    high: float | None


def reliability(churned: Churned, churn_probability: npt.ArrayLike) -> tuple[ReliabilityBin, ...]:
    """Predicted against observed in ten bins of equally many customers, lowest probability first.

    Customers of equal probability stay together, so that ties make fewer bins.
    """
    outcomes = Outcomes.of(churned)
    p = probability(churn_probability, len(outcomes))
    if outcomes.total <= 0:
        return ()
    group = ties(p)
    mass = np.bincount(group, outcomes.weights)
    middle = (np.cumsum(mass) - mass / 2) / outcomes.total
    tenth = np.minimum((10 * middle).astype(np.int64), 9)[group]
    filled = [rows for rows in (tenth == number for number in range(10)) if outcomes.among(rows).total > 0]
    return tuple(_bin(number, outcomes.among(rows), p[rows]) for number, rows in enumerate(filled, 1))


def _bin(number: int, outcomes: Outcomes, p: npt.NDArray[np.float64]) -> ReliabilityBin:
    around = rate_interval(outcomes.rate, outcomes.effective)
    return ReliabilityBin(number, len(outcomes), outcomes.mean(p), outcomes.rate, around.low, around.high)


def churn_by(labels: npt.ArrayLike, churned: Churned, *, names: Sequence[str] | None = None) -> tuple[GroupRate, ...]:
    """Churn rate per label, (rows,) of text, None or NaN as "missing".

    With ``names`` (bands) exactly these, in this order, also the empty ones. Without, every label in alphabetical
    order, and those under 5 customers in one last line that does not name them.
    """
    outcomes = Outcomes.of(churned)
    text = label_text(labels, len(outcomes))
    if names is not None:
        return tuple(group_rate(name, outcomes.among(text == name)) for name in names)
    return tuple(group_rate(name, outcomes.alone(rows)) for name, rows in levels(text, outcomes))


def churn_where(groups: Mapping[str, npt.ArrayLike], churned: Churned) -> tuple[GroupRate, ...]:
    """Churn rate where each condition (a rule; (rows,) of bool) holds; a customer may be in several."""
    outcomes = Outcomes.of(churned)
    return tuple(group_rate(name, outcomes.among(np.asarray(rows, dtype=np.bool_))) for name, rows in groups.items())


def group_rate(name: str, outcomes: Outcomes) -> GroupRate:
    """One line, without figures where fewer than 5 customers are behind it."""
    if too_few(outcomes) or name == TOO_FEW:
        return GroupRate(name, len(outcomes), None, None, None, None)
    around = rate_interval(outcomes.rate, outcomes.effective)
    return GroupRate(name, len(outcomes), int(outcomes.churned.sum()), outcomes.rate, around.low, around.high)


def too_few(outcomes: Outcomes) -> bool:
    """True where a person could be recognised in the figures, or no row counts."""
    return outcomes.people < FEWEST or outcomes.total <= 0


def levels(text: npt.NDArray[np.object_], outcomes: Outcomes) -> Iterator[tuple[str, IntArray]]:
    """Each label and its rows, alphabetically; those of too few customers together at the end, unnamed.

    The rows are sorted by label once, however many labels there are.
    """
    codes, names = pd.factorize(text, sort=True)
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(codes, minlength=1))[:-1])
    hidden = _too_few_each(codes.astype(np.int64), outcomes)
    yield from ((str(name), rows) for name, rows, few in zip(names, parts, hidden, strict=False) if not few)
    if hidden.any():
        yield TOO_FEW, np.flatnonzero(hidden[codes])


def _too_few_each(codes: IntArray, outcomes: Outcomes) -> BoolArray:
    """What ``too_few`` says of each code's rows."""
    width = int(outcomes.customers.max(initial=0)) + 1
    people = np.bincount(np.unique(codes * width + outcomes.customers) // width)
    return np.asarray((people < FEWEST) | (np.bincount(codes, outcomes.weights) <= 0), dtype=np.bool_)


def label_text(labels: npt.ArrayLike, rows: int) -> npt.NDArray[np.object_]:
    """Labels as text, None and NaN as "missing", (rows,)."""
    values = pd.Series(np.asarray(labels, dtype=object), dtype=object)
    if len(values) != rows:
        raise DataError(f"labels: {len(values)} values for {rows} rows of churned; give one per row.")
    return np.asarray(values.map(str).where(values.notna(), MISSING), dtype=object)
