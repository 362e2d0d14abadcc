"""Whether some direction parts churned from retained customers, so that without a penalty its weight has no end.

Separation is a question of linear programming (Konis 2007; Albert and Anderson 1984): is there a β with signed log-odds
≥ 0 in every row and > 0 in some (quasi-complete) or in all (complete)? If it cannot be done in some of the rows, it
cannot be done in all: so a few thousand rows are asked first, and rows that contradict the answer are added until it
is proven either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from chs_ml.errors import FitError
from chs_ml.fit.encoded import Encoded
from chs_ml.fit.objective import log_odds
from chs_ml.formula.columns import FloatArray, IntArray

Kind = Literal["none", "quasi-complete", "complete"]
FARTHEST = 1e3
"""Coefficients are looked for up to here; signed log-odds count from 1 on as fully parted."""
PARTED = 1e-3
"""More signed log-odds than these are on the right side; that is a millionth of what coefficients may reach."""
SLACK = 1e-6
BEGIN_WITH, PER_COLUMN = 500, 5
"""Rows of either outcome that are asked first: in all, and for each column."""
ADDED = 1_000


@dataclass(frozen=True)
class Verdict:
    """Whether there is a separation, the direction of it (a value for each column), and how many rows it parts."""

    kind: Kind
    direction: FloatArray
    rows: int = 0


def separation_of(design: FloatArray, retained: FloatArray) -> Verdict:
    """Return the separation of a dense design: rows × columns, the intercept among them where there is one.

    retained: 1 or 0 for each row. The direction points to retained; of all it parts the most rows.
    """
    constant = np.flatnonzero((design == design[:1]).all(axis=0) & (design[:1] != 0).any(axis=0))
    centre = np.zeros(design.shape[1])
    if len(constant):  # a year of 2026 is then as well conditioned as one of 1
        centre = np.where((design == design[:1]).all(axis=0), 0.0, design.mean(axis=0))
    scale = np.abs(design - centre).max(axis=0)
    scale[scale == 0] = 1.0
    verdict = _verdict((2.0 * retained - 1.0)[:, None] * ((design - centre) / scale))
    direction = verdict.direction / scale
    if len(constant):
        direction[constant[0]] -= direction @ centre / design[0, constant[0]]
    return Verdict(verdict.kind, direction, verdict.rows)


def separation_among(encoded: Encoded, retained: FloatArray) -> Verdict:
    """Return the separation of an encoded table; all rows are looked at, but few are asked."""
    sign = 2.0 * retained - 1.0
    asked = _first_rows(encoded, retained)
    while True:
        verdict = _verdict(sign[asked, None] * dense_rows(encoded, asked))
        if verdict.kind == "none":
            return verdict
        towards = sign * log_odds(encoded, verdict.direction)
        against = towards < -SLACK if verdict.kind == "quasi-complete" else towards <= PARTED
        against[asked] = False
        if not against.any():
            return Verdict(verdict.kind, verdict.direction, int((towards > PARTED).sum()))
        asked = np.union1d(asked, _some(np.flatnonzero(against)))


def dense_rows(encoded: Encoded, rows: IntArray) -> FloatArray:
    """Return the design of some rows as it is: rows × columns, the intercept first."""
    design = np.ones((len(rows), encoded.layout.columns))
    for at, block in enumerate(encoded.layout.blocks):
        slots, fractions = encoded.slots_of(at), encoded.fractions_of(at)
        slot = slots[rows] if len(slots) else np.zeros(len(rows), dtype=np.intp)
        part = block.steps[slot]
        if block.ramps is not None:
            part = part + fractions[rows, None] * block.ramps[slot]
        design[:, encoded.layout.columns_of(at)] = part
    return design


def _verdict(signed: FloatArray) -> Verdict:
    """Return the separation of rows that are already turned by their outcome, entries of about 1."""
    columns = signed.shape[1]
    nothing = Verdict("none", np.zeros(columns))
    likely = _solved(-signed.sum(axis=0), sparse.csc_array(-signed), (-1.0, 1.0))
    if not (signed @ likely * FARTHEST > PARTED).any():
        return nothing
    direction = _parting_all(signed)
    if (signed @ direction > PARTED).all():
        return Verdict("complete", direction, len(signed))
    direction = _parting_most(signed)
    parted = int((signed @ direction > PARTED).sum())
    return Verdict("quasi-complete", direction, parted) if parted else nothing


def _parting_all(signed: FloatArray) -> FloatArray:
    """Return the direction with the largest least signed log-odds, up to 1."""
    rows, columns = signed.shape
    constraints = sparse.csc_array(np.column_stack([-signed, np.ones(rows)]))
    bounds = [(-FARTHEST, FARTHEST)] * columns + [(0.0, 1.0)]
    return _solved(np.append(np.zeros(columns), -1.0), constraints, bounds)[:columns]


def _parting_most(signed: FloatArray) -> FloatArray:
    """Return the direction with the largest Σ min(signed log-odds, 1), none of them below 0.

    Directions that separate may be added to one another: without an end to coefficients, this one parts every row that
    any of them parts.
    """
    rows, columns = signed.shape
    constraints = sparse.hstack([sparse.csc_array(-signed), sparse.eye_array(rows)], format="csc")
    cost = np.concatenate([np.zeros(columns), -np.ones(rows)])
    bounds = [(-FARTHEST, FARTHEST)] * columns + [(0.0, 1.0)] * rows
    return _solved(cost, constraints, bounds)[:columns]


def _solved(cost: FloatArray, constraints: Any, bounds: Any) -> FloatArray:
    """Return where the cost is least, constraints · x ≤ 0."""
    result = linprog(cost, A_ub=constraints, b_ub=np.zeros(constraints.shape[0]), bounds=bounds)
    if result.x is None:
        raise FitError(f"whether metrics separate churned from retained customers was not found out: {result.message}")
    return np.asarray(result.x, dtype=np.float64)


def _first_rows(encoded: Encoded, retained: FloatArray) -> IntArray:
    """Return rows of both outcomes, evenly spread, and one more for each level and each piece of a curve."""
    wanted = max(BEGIN_WITH, PER_COLUMN * encoded.layout.columns)
    chosen: list[IntArray] = []
    for outcome in (0.0, 1.0):
        rows = np.flatnonzero(retained == outcome)
        of_level = (rows[np.unique(slots[rows], return_index=True)[1]] for slots in encoded.slots)
        chosen += [_some(rows, wanted), *of_level]
    return np.unique(np.concatenate(chosen))


def _some(rows: IntArray, most: int = ADDED) -> IntArray:
    """Return about so many of the rows, evenly spread."""
    return rows[:: max(1, -(-len(rows) // most))]
