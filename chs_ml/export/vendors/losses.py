"""What rounding to a platform's shape loses, as far as the weights file knows it."""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.errors import FormulaError
from chs_ml.export.vendors.bounds import farthest_from_card, farthest_from_formula
from chs_ml.export.vendors.measures import Typed
from chs_ml.formula import WeightsFile
from chs_ml.formula.points_card import Losses
from chs_ml.formula.points_dict import losses_from_dict

KEY = "platforms"
"""Where among the file's ``reference`` a calibration keeps what shapes lose that do not add up the card's points."""
NOT_KNOWN = (
    "AUC, the typical change and the share of customers who change band are not known: the weights file holds no "
    "customers, and nothing that was measured on any."
)


def losses_told(typed: Typed, platform: str) -> Iterator[str]:
    """Give the sentences: what was measured, or that nothing was; and how far a score can move at most."""
    measured = typed.card.losses if typed.is_the_card else measured_of(typed.weights, platform)
    if measured is not None and measured.rows:
        yield from _measured(measured, "this table")
    elif typed.card.losses is not None and typed.card.losses.rows:
        yield from _measured(typed.card.losses, "the card of whole points that this table is made from")
        yield (
            f"This table rounds once more, which moves a score by at most {farthest_from_card(typed):.1f} points; what "
            "that does to AUC and bands was not measured."
        )
    else:
        yield NOT_KNOWN
    yield (
        f"Of all customers there could be, no score differs from the formula's by more than "
        f"{farthest_from_formula(typed):.1f} points of 100."
    )


def measured_of(weights: WeightsFile, platform: str) -> Losses | None:
    """Return what the calibration measured for a platform's shape, None where the papers hold nothing readable."""
    kept = weights.reference.get(KEY)
    line = kept.get(platform) if isinstance(kept, dict) else None
    try:
        return None if line is None else losses_from_dict(line)
    except FormulaError:  # papers are checked by nobody
        return None


def _measured(lost: Losses, what: str) -> Iterator[str]:
    said = [f"the largest change of a score is {lost.largest_change:.1f} points of 100"]
    if lost.typical_change is not None:
        said.insert(0, f"a score typically changes by {lost.typical_change:.1f} points (the median)")
    if lost.change_band is not None and lost.share_changing_band is not None:
        said.append(f"{lost.change_band:,} of them ({lost.share_changing_band:.1%}) are in another band")
    yield f"Measured on the {lost.rows:,} rows that the formula was learned from, {what}: {'; '.join(said)}."
    if lost.auc is not None and lost.auc_lost is not None:
        changed = f"{lost.auc_lost:.4f} less than" if lost.auc_lost > 0 else f"{-lost.auc_lost:.4f} more than"
        chosen = (
            "on the rows that the points were chosen on, so it flatters; evaluation.json of the run has the holdout's"
            if lost.outcomes
            else "as the formula's own probabilities expect it"
        )
        yield f"AUC is {lost.auc:.4f}, {changed} the formula's own: {chosen}."
