"""A formula whose weights are whole per cents: curves as they are, and what the rounding loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chs_ml.formula.card_losses import Read, losses_of
from chs_ml.formula.columns import Frame
from chs_ml.formula.formula import Formula
from chs_ml.formula.frames import Columns
from chs_ml.formula.link import Link
from chs_ml.formula.point_loss import fitted_line
from chs_ml.formula.points_card import Losses
from chs_ml.formula.terms import Term
from chs_ml.formula.whole_points import looked_for, shared_out


@dataclass(frozen=True)
class WholePercent:
    """formula: with weights of whole per cents. left_out: terms of zero per cent. losses: None without rows."""

    formula: Formula
    losses: Losses | None
    left_out: tuple[str, ...]


def whole_percent(formula: Formula, frame: Frame | None = None, churned: Any = None) -> WholePercent:
    """Return the formula in whole per cents by largest remainder; see ``Formula.to_whole_percent``."""
    columns = None if frame is None else Columns.of(frame)
    percent = shared_out(100.0 * np.array([term.weight for term in formula.terms]), 100)
    kept = [
        replace(term, weight=int(whole) / 100.0) for term, whole in zip(formula.terms, percent, strict=True) if whole
    ]
    left_out = tuple(term.key for term, whole in zip(formula.terms, percent, strict=True) if not whole)
    rounded = replace(formula, terms=tuple(kept), link=_moved(formula, kept))
    if columns is None:
        return WholePercent(rounded, None, left_out)
    rounded = replace(rounded, link=_refitted(formula, rounded, columns, churned))
    before, after = (Read.by_formula(each, columns) for each in (formula, rounded))
    return WholePercent(rounded, losses_of(before, after, churned), left_out)


def _moved(formula: Formula, kept: Sequence[Term]) -> Link | None:
    """Return the link whose log-odds per term are nearest to the formula's, and equal where each health is ½."""
    if formula.link is None:
        return None
    before = {term.key: term.weight for term in formula.terms}
    slope = sum(before[term.key] * term.weight for term in kept) / sum(term.weight**2 for term in kept)
    return Link(formula.link.a + formula.link.b * (1.0 - slope) / 2.0, formula.link.b * slope)


def _refitted(formula: Formula, rounded: Formula, columns: Columns, churned: Any) -> Link | None:
    if churned is None and formula.link is None:
        return None
    retained = looked_for(formula, columns, churned)
    known = np.isfinite(retained)
    share = rounded.score(columns)[known] / 100.0
    line = fitted_line(retained[known][None], np.ones((1, len(share))), share)
    return line.as_link() or rounded.link
