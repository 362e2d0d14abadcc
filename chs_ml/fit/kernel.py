"""The loops over rows, compiled: loss and gradient, and a dense tile of the design for the Hessian.

A cell is a slot number and, for curves, a fraction; the row's log-odds are the sum over metrics of
``value[slot] + fraction * slope[slot]``. Compiled code is cached beside the package (or in the user's cache folder where
that cannot be written), so that only the first fit on a machine pays for the compiler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

TILE = 2048
REORDER = {"reassoc", "contract", "nsz"}
"""Sums may be vectorised; the order is fixed by the compiled code, so the same machine gives the same bits."""


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    try:
        return numba.njit(nogil=True, cache=True, fastmath=REORDER)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # no folder for the cache can be written
        return numba.njit(nogil=True, fastmath=REORDER)(function)  # type: ignore[no-any-return]


@_compiled
def log_odds(slots, slot_row, fractions, fraction_row, offset, value, slope, intercept, start, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` with the log-odds of rows start … start + len(out)."""
    rows = len(out)
    for i in range(rows):
        out[i] = intercept
    for j in range(len(offset)):
        base = offset[j]
        s = slot_row[j]
        c = fraction_row[j]
        if s < 0:
            v = value[base]
            d = slope[base]
            for i in range(rows):
                out[i] += v + d * fractions[c, start + i]
        elif c < 0:
            for i in range(rows):
                out[i] += value[base + slots[s, start + i]]
        else:
            for i in range(rows):
                q = base + slots[s, start + i]
                out[i] += value[q] + slope[q] * fractions[c, start + i]


@_compiled
def residual_sums(slots, slot_row, fractions, fraction_row, offset, residual, start, plain, scaled):  # type: ignore[no-untyped-def]
    """Add to each slot the residuals of its rows (``plain``), and the same times the fraction (``scaled``)."""
    rows = len(residual)
    for j in range(len(offset)):
        base = offset[j]
        s = slot_row[j]
        c = fraction_row[j]
        if s < 0:
            total = 0.0
            moment = 0.0
            for i in range(rows):
                total += residual[i]
                moment += residual[i] * fractions[c, start + i]
            plain[base] += total
            scaled[base] += moment
        elif c < 0:
            for i in range(rows):
                plain[base + slots[s, start + i]] += residual[i]
        else:
            for i in range(rows):
                q = base + slots[s, start + i]
                plain[q] += residual[i]
                scaled[q] += residual[i] * fractions[c, start + i]


@_compiled
def loss_and_residual(eta, retained, weight, start, residual, curvature):  # type: ignore[no-untyped-def]
    """Return the weighted log-loss of a stretch of rows; fill residual s(µ - y) and curvature sµ(1 - µ)."""
    loss = 0.0
    for i in range(len(eta)):
        e = eta[i]
        y = retained[start + i]
        s = weight[start + i]
        a = np.exp(-abs(e))
        mu = (1.0 if e >= 0 else a) / (1.0 + a)
        loss += s * (np.log1p(a) + (e if e > 0 else 0.0) - y * e)
        residual[i] = s * (mu - y)
        curvature[i] = s * a / ((1.0 + a) * (1.0 + a))
    return loss


@_compiled
def fill_tile(slots, slot_row, fractions, fraction_row, offset, first, width, steps, ramps, root, start, tile):  # type: ignore[no-untyped-def]
    """Fill ``tile`` (rows × columns, the intercept first) with the design of rows start …, scaled by ``root``."""
    rows = len(root)
    for i in range(rows):
        tile[i, 0] = root[i]
    for j in range(len(offset)):
        s = slot_row[j]
        c = fraction_row[j]
        for i in range(rows):
            q = offset[j]
            if s >= 0:
                q += slots[s, start + i]
            r = root[i]
            if c < 0:
                for k in range(width[j]):
                    tile[i, first[j] + k] = r * steps[q, k]
            else:
                f = fractions[c, start + i]
                for k in range(width[j]):
                    tile[i, first[j] + k] = r * (steps[q, k] + f * ramps[q, k])


@_compiled
def place_on_curve(x, knots, missing_slot, slots, fractions):  # type: ignore[no-untyped-def]
    """Fill for each value the piece of the curve that it lies on, and how far along; NaN takes ``missing_slot``."""
    last = len(knots) - 2
    for i in range(len(x)):
        v = x[i]
        if np.isnan(v):
            slots[i] = missing_slot
            fractions[i] = 0.0
            continue
        k = 0
        while k < last and v >= knots[k + 1]:
            k += 1
        f = (v - knots[k]) / (knots[k + 1] - knots[k])
        slots[i] = k
        fractions[i] = 0.0 if f < 0.0 else (1.0 if f > 1.0 else f)
