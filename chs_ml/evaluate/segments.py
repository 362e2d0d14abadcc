"""How the formula does in each segment or lifecycle stage, and a sentence where it does not serve one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chs_ml.evaluate.figures import NOT_KNOWN, auc_of, intercept_of, slope_of
from chs_ml.evaluate.outcomes import Churned, FloatArray, Outcomes, probability
from chs_ml.evaluate.plain import Plain
from chs_ml.evaluate.serving import ENOUGH, ill_served
from chs_ml.evaluate.tables import TOO_FEW, group_rate, label_text, levels
from chs_ml.evaluate.uncertainty import rate_interval


@dataclass(frozen=True, slots=True)
class BandShare(Plain):
    """A band within a segment: its share of the segment, and its churn rate unless under 5 customers; 95 % each."""

    name: str
    rows: int
    share: float
    share_low: float | None
    share_high: float | None
    churn_rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Segment(Plain):
    """Figures of one segment on rows the fit has not seen, each with its 95 % interval; none under 5 customers.

    calibration_intercept: log-odds observed minus predicted, 0 is right. calibration_slope: 1 is right; only with 10
    churned and 10 retained rows. no_auc: why there is none. words: where the formula does not serve this segment.
    """

    name: str
    rows: int
    customers: int
    churned: int | None = None
    churn_rate: float | None = None
    low: float | None = None
    high: float | None = None
    mean_predicted: float | None = None
    auc: float | None = None
    auc_low: float | None = None
    auc_high: float | None = None
    calibration_intercept: float | None = None
    intercept_low: float | None = None
    intercept_high: float | None = None
    calibration_slope: float | None = None
    slope_low: float | None = None
    slope_high: float | None = None
    bands: tuple[BandShare, ...] = ()
    no_auc: str | None = None
    words: str | None = None


def segment_table(
    values: npt.ArrayLike,
    churned: Churned,
    churn_probability: npt.ArrayLike,
    band: npt.ArrayLike,
    names: Sequence[str],
) -> tuple[Segment, ...]:
    """One line per segment in ``values`` (None as "missing"), by name, those under 5 customers merged at the end.

    All (rows,); ``band`` is the name of each row's band, ``names`` the bands in their order.
    """
    outcomes = Outcomes.of(churned)
    p, bands = probability(churn_probability, len(outcomes)), label_text(band, len(outcomes))
    parts = dict(levels(label_text(values, len(outcomes)), outcomes))
    words = ill_served({name: rows for name, rows in parts.items() if name != TOO_FEW}, outcomes, p)
    found = []
    for name, rows in parts.items():
        part = outcomes.alone(rows)
        shares = () if name == TOO_FEW else tuple(_share(each, bands[rows] == each, part) for each in names)
        found.append(_segment(name, part, p[rows], shares, words.get(name)))
    return tuple(found)


def _segment(name: str, outcomes: Outcomes, p: FloatArray, bands: tuple[BandShare, ...], words: str | None) -> Segment:
    rate = group_rate(name, outcomes)
    if rate.churn_rate is None:
        return Segment(name, len(outcomes), outcomes.people)
    auc, around = auc_of(outcomes, p)
    intercept, beside = intercept_of(outcomes, p)
    slope, about = slope_of(outcomes, p) if _enough(outcomes) else NOT_KNOWN
    return Segment(
        name=name,
        rows=len(outcomes),
        customers=outcomes.people,
        churned=rate.churned,
        churn_rate=rate.churn_rate,
        low=rate.low,
        high=rate.high,
        mean_predicted=outcomes.mean(p),
        auc=auc,
        auc_low=around.low,
        auc_high=around.high,
        calibration_intercept=intercept,
        intercept_low=beside.low,
        intercept_high=beside.high,
        calibration_slope=slope,
        slope_low=about.low,
        slope_high=about.high,
        bands=bands,
        no_auc=_no_auc(outcomes),
        words=words,
    )


def _enough(outcomes: Outcomes) -> bool:
    return bool(min(outcomes.churned.sum(), (1.0 - outcomes.churned).sum()) >= ENOUGH)


def _no_auc(outcomes: Outcomes) -> str | None:
    """What to say of a segment in which there is nothing to rank."""
    if not outcomes.one_class:
        return None
    everybody = f"of {len(outcomes):,} rows" if len(outcomes) > outcomes.people else f"of {outcomes.people:,} customers"
    all_left = bool(outcomes.churned.any())
    return f"{'all' if all_left else 'none'} {everybody} churned: one class, so there is no AUC and no calibration"


def _share(name: str, here: npt.NDArray[np.bool_], outcomes: Outcomes) -> BandShare:
    share = outcomes.mean(here.astype(np.float64))
    around, rate = rate_interval(share, outcomes.effective), group_rate(name, outcomes.alone(here))
    return BandShare(name, rate.customers, share, around.low, around.high, rate.churn_rate, rate.low, rate.high)
