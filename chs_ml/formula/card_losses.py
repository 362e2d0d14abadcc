"""What a card loses against its formula, and where its bands are cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chs_ml.formula.bands import CUT_TOLERANCE, Band
from chs_ml.formula.columns import BoolArray, FloatArray, IntArray, TextArray, numbers
from chs_ml.formula.formula import Formula
from chs_ml.formula.frames import Columns
from chs_ml.formula.link import Link
from chs_ml.formula.points_card import Losses, PointsCard


@dataclass(frozen=True, slots=True)
class Read:
    """How rows were scored. share: scores in 0..1. band: by score alone."""

    share: FloatArray
    link: Link | None
    band: TextArray

    @classmethod
    def by_formula(cls, formula: Formula, columns: Columns) -> Read:
        """Return the rows as a formula scores them."""
        scored = formula.read(columns)
        return cls(scored.score / 100.0, formula.link, scored.band_by_score)

    @classmethod
    def by_card(cls, card: PointsCard, columns: Columns) -> Read:
        """Return the rows as a card scores them."""
        return cls(card.score(columns) / card.total, card.link, card.band_by_score(columns))


def losses_of(before: Read, after: Read, churned: Any = None) -> Losses:
    """Return what is lost on these rows; without outcomes, what the first link's own probabilities expect."""
    retained = _retained(before, churned)
    auc: tuple[float | None, float | None] = (None, None)
    log_loss = auc
    if retained is not None:
        auc = weighted_auc(retained, after.share), weighted_auc(retained, before.share)
        log_loss = _log_loss(retained, after), _log_loss(retained, before)
    change = 100.0 * np.abs(after.share - before.share)
    return Losses(
        rows=len(change),
        outcomes=churned is not None,
        auc=auc[0],
        auc_lost=_less(auc[1], auc[0]),
        log_loss=log_loss[0],
        log_loss_lost=_less(log_loss[0], log_loss[1]),
        largest_change=float(np.max(change, initial=0.0)),
        change_band=None if None in before.band[:1] else int(np.count_nonzero(before.band != after.band)),
        typical_change=float(np.median(change)) if len(change) else None,
    )


def _retained(before: Read, churned: Any) -> FloatArray | None:
    if churned is not None:
        return 1.0 - numbers(churned, "churned")
    return None if before.link is None else 1.0 - before.link.churn_probability(100.0 * before.share)


def with_bands(formula: Formula, card: PointsCard, columns: Columns | None) -> PointsCard:
    """Return the card with the formula's bands, cut in whole points where the fewest of the rows change sides.

    Without rows: at the sum whose churn probability is the cut's. A band without a whole point of its own is left out.
    """
    exact, whole = (None, None) if columns is None else (formula.score(columns), card.score(columns))
    bands: list[Band] = []
    for band in formula.bands:
        start = 0 if band is formula.bands[-1] else _nearest_sum(formula, card, band.start)
        if exact is not None and whole is not None and band is not formula.bands[-1]:
            start = _best_cut(whole, exact >= band.start - CUT_TOLERANCE, card.total, start)
        if not bands or start < bands[-1].start:
            bands.append(replace(band, start=float(start)))
    return replace(card, bands=tuple(bands))


def weighted_auc(retained: FloatArray, score: FloatArray | IntArray) -> float | None:
    """Return the chance that a retained customer scores above a churned one, ties counted half; NaN rows are left out.

    retained: 0, 1 or the probability of it. None where one side is empty.
    """
    known = np.isfinite(retained)
    distinct, at = np.unique(score[known], return_inverse=True)
    kept = np.bincount(at, retained[known], len(distinct))
    gone = np.bincount(at, 1.0 - retained[known], len(distinct))
    both = kept.sum() * gone.sum()
    return float(kept @ (np.cumsum(gone) - 0.5 * gone) / both) if both > 0 else None


def _log_loss(retained: FloatArray, read: Read) -> float | None:
    """Return the mean log-loss, None without a link or rows with an outcome."""
    known = np.isfinite(retained)
    if read.link is None or not known.any():
        return None
    odds = read.link.a + read.link.b * read.share[known]
    return float(np.mean(np.maximum(odds, 0.0) + np.log1p(np.exp(-np.abs(odds))) - retained[known] * odds))


def _less(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second


def _nearest_sum(formula: Formula, card: PointsCard, cut: float) -> int:
    exact = cut / 100.0
    if formula.link is not None and card.link is not None:
        exact = (formula.link.a + formula.link.b * exact - card.link.a) / card.link.b
    return int(np.clip(np.ceil(exact * card.total - CUT_TOLERANCE), 0, card.total))


def _best_cut(whole: IntArray, above: BoolArray, total: int, near: int) -> int:
    """Return the whole cut with the fewest rows on another side than ``above`` says, of equals the nearest."""
    inside = np.bincount(whole, above, total + 1)  # of those above, lost below a cut
    outside = np.bincount(whole, ~above, total + 1)
    wrong = (np.cumsum(inside) - inside) + np.cumsum(outside[::-1])[::-1]
    cuts = np.arange(total + 1)
    return int(min(cuts, key=lambda cut: (wrong[cut], abs(cut - near))))
