"""The loops over rows, compiled: log-odds, residuals summed on slots, and a dense tile of the design for the Hessian.

A cell is a slot number and, for curves, a fraction; the row's log-odds are the sum over metrics of
``value[slot] + fraction * slope[slot]``. Compiled code is cached beside the package (or in the user's cache folder
where that cannot be written), so that only the first fit on a machine pays for the compiler. Every inner loop runs over
a slice of one metric, which lets the compiler take several rows at a time.
"""

# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

TILE = 4096
"""Rows that are worked on together: a tile of cells stays in the processor's cache between two loops over it."""
REORDER = {"reassoc", "contract", "nsz"}
"""Sums may be vectorised; the order is fixed by the compiled code, so the same machine gives the same bits."""


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    try:
        return numba.njit(nogil=True, cache=True, fastmath=REORDER)(function)
    except RuntimeError:  # no folder for the cache can be written
        return numba.njit(nogil=True, fastmath=REORDER)(function)


@_compiled
def add_log_odds(slots, slot_row, fractions, fraction_row, offset, value, slope, start, out):
    """Add to ``out`` the contributions of all metrics in rows start … start + len(out)."""
    stop = start + len(out)
    for j in range(len(offset)):
        v = value[offset[j] :]
        d = slope[offset[j] :]
        if slot_row[j] < 0:
            f = fractions[fraction_row[j], start:stop]
            for i in range(len(out)):
                out[i] += v[0] + d[0] * f[i]
        elif fraction_row[j] < 0:
            q = slots[slot_row[j], start:stop]
            for i in range(len(out)):
                out[i] += v[q[i]]
        else:
            q = slots[slot_row[j], start:stop]
            f = fractions[fraction_row[j], start:stop]
            for i in range(len(out)):
                out[i] += v[q[i]] + d[q[i]] * f[i]


@_compiled
def loss_and_residual(eta, fading, softened, retained, weight, residual):
    """Return the weighted log-loss of some rows and the sum of their residuals s(µ - y), which it fills.

    fading: exp(-|η|). softened: log(1 + fading).
    """
    loss = 0.0
    total = 0.0
    for i in range(len(eta)):
        mean = (1.0 if eta[i] >= 0 else fading[i]) / (1.0 + fading[i])
        loss += weight[i] * (softened[i] + (eta[i] if eta[i] > 0 else 0.0) - retained[i] * eta[i])
        residual[i] = weight[i] * (mean - retained[i])
        total += residual[i]
    return loss, total


@_compiled
def add_residuals(slots, slot_row, fractions, fraction_row, offset, residual, start, plain, scaled):
    """Add to each slot the residuals of its rows (``plain``), and the same times the fraction (``scaled``)."""
    stop = start + len(residual)
    for j in range(len(offset)):
        p = plain[offset[j] :]
        m = scaled[offset[j] :]
        if slot_row[j] < 0:
            f = fractions[fraction_row[j], start:stop]
            total = 0.0
            moment = 0.0
            for i in range(len(residual)):
                total += residual[i]
                moment += residual[i] * f[i]
            p[0] += total
            m[0] += moment
        elif fraction_row[j] < 0:
            q = slots[slot_row[j], start:stop]
            for i in range(len(residual)):
                p[q[i]] += residual[i]
        else:
            q = slots[slot_row[j], start:stop]
            f = fractions[fraction_row[j], start:stop]
            for i in range(len(residual)):
                p[q[i]] += residual[i]
                m[q[i]] += residual[i] * f[i]


@_compiled
def fill_tile(slots, slot_row, fractions, fraction_row, offset, first, width, steps, ramps, root, start, tile):
    """Fill ``tile`` (columns × rows, the intercept first) with rows start … of the design, each times its ``root``.

    steps, ramps: columns of a metric × slots.
    """
    stop = start + len(root)
    tile[0] = root
    for j in range(len(offset)):
        for k in range(width[j]):
            column = tile[first[j] + k]
            a = steps[k, offset[j] :]
            b = ramps[k, offset[j] :]
            if slot_row[j] < 0:
                f = fractions[fraction_row[j], start:stop]
                for i in range(len(root)):
                    column[i] = root[i] * (a[0] + f[i] * b[0])
            elif fraction_row[j] < 0:
                q = slots[slot_row[j], start:stop]
                for i in range(len(root)):
                    column[i] = root[i] * a[q[i]]
            else:
                q = slots[slot_row[j], start:stop]
                f = fractions[fraction_row[j], start:stop]
                for i in range(len(root)):
                    column[i] = root[i] * (a[q[i]] + f[i] * b[q[i]])


@_compiled
def place_on_curve(x, knots, missing_slot, slots, fractions):
    """Fill for each value the piece of the curve that it lies on, and how far along; NaN takes ``missing_slot``."""
    for start in range(0, len(x), TILE):
        v = x[start : start + TILE]
        q = slots[start : start + TILE]
        f = fractions[start : start + TILE]
        q[:] = 0
        for k in range(1, len(knots) - 1):
            for i in range(len(v)):
                q[i] += v[i] >= knots[k]
        for i in range(len(v)):
            along = (v[i] - knots[q[i]]) / (knots[q[i] + 1] - knots[q[i]])
            missing = np.isnan(along)
            along = 0.0 if along < 0.0 else (1.0 if along > 1.0 else along)
            f[i] = 0.0 if missing else along
            q[i] = missing_slot if missing else q[i]


@_compiled
def place_on_line(x, low, high, fractions):
    """Fill how far along from low to high each value lies; return whether one is NaN, which has no place."""
    missing = 0
    for i in range(len(x)):
        along = (x[i] - low) / (high - low)
        missing += np.isnan(along)
        fractions[i] = 0.0 if along < 0.0 else (1.0 if along > 1.0 else along)
    return missing > 0


@_compiled
def add_crossed(slots, fractions, weight, residual, bins, first, table):
    """Add to ``table`` (bins of all conditions × slots × 5) the sums of w, wf, wf², r and rf of every row.

    bins: conditions × rows. first: where each condition's bins begin.
    """
    for start in range(0, len(slots), TILE):
        stop = min(start + TILE, len(slots))
        for c in range(len(first)):
            part = table[first[c] :]
            for i in range(start, stop):
                cell = part[bins[c, i], slots[i]]
                f = fractions[i]
                w = weight[i]
                r = residual[i]
                cell[0] += w
                cell[1] += w * f
                cell[2] += w * f * f
                cell[3] += r
                cell[4] += r * f
