"""Who leaves, and when: drawn cutoff by cutoff from the metrics that the panel builder finds in the files."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.optimize import brentq
from scipy.special import expit

from chs_ml.formula.columns import BoolArray, FloatArray
from chs_ml.history.demo.calendar import HORIZON
from chs_ml.history.demo.calibration import calibration_yaml
from chs_ml.history.demo.company import Batch, Company
from chs_ml.history.demo.past import Past, past_of
from chs_ml.history.demo.rows import DAY
from chs_ml.history.demo.spells import INTS, NEVER
from chs_ml.history.demo.tables import Append, arrow_tables
from chs_ml.history.demo.truth import CHURN, Planted, planted_in

LATELY = 30
"""An intervention acts at the cutoffs that come within so many days after it."""


@dataclass(frozen=True, eq=False)
class Lived:
    """A past with its ends. at_risk, left: spells × cutoffs: in the panel, and churned after it."""

    past: Past
    at_risk: BoolArray
    left: BoolArray


def live(batch: Batch, planted: Planted) -> Lived:
    """Draw a batch: its past, and who leaves it."""
    past = past_of(batch)
    return _leave(past, _log_odds(past, planted))


def intercept_of(company: Company) -> float:
    """Return the intercept with which a trial company loses CHURN of its panel's rows on average."""
    pasts = map(past_of, company.pilot)
    log_odds = np.vstack([_log_odds(past, planted_in(company))[: past.batch.size] for past in pasts])  # first spells
    there = ~np.isnan(log_odds)
    known = np.where(there, log_odds, np.inf)

    def excess(intercept: float) -> float:
        churn = expit(-(known + intercept))
        still = np.cumprod(np.column_stack([np.ones(len(churn)), 1.0 - churn[:, :-1]]), axis=1) * there
        return float((still * churn).sum() / still.sum() - CHURN)

    return round(float(brentq(excess, -20.0, 10.0)), 3) if there.any() else 0.0


def _leave(past: Past, log_odds: FloatArray) -> Lived:
    """log_odds: of staying, spells × cutoffs; NaN where a spell is not in the panel and so cannot leave."""
    chance, cutoffs = past.batch.chance("leaving"), past.batch.calendar.cutoff_numbers
    draws = chance.random(log_odds.shape)
    days = chance.integers(1, HORIZON + 1, log_odds.shape)
    churns = draws < np.nan_to_num(expit(-log_odds), nan=0.0)
    first = np.where(churns.any(axis=1), churns.argmax(axis=1), len(cutoffs))
    rows = np.arange(len(first))
    column = np.minimum(first, len(cutoffs) - 1)
    churned = np.where(first < len(cutoffs), cutoffs[column] + days[rows, column], NEVER)
    ended = past.ended(churned)
    real = ended.churned > -NEVER
    at_risk = ~np.isnan(log_odds) & (np.arange(len(cutoffs)) <= first[:, None]) & real[:, None]
    return Lived(ended, at_risk, at_risk & churns)


def _log_odds(past: Past, planted: Planted) -> FloatArray:
    """Return the log-odds of staying per spell and cutoff, NaN where the panel has no such row."""
    panel = _panel(past)
    cutoffs = past.batch.calendar.cutoffs
    key = panel["customer"].to_numpy(zero_copy_only=False).astype(str)
    names = past.spells.keys.astype(str)
    order = np.argsort(names)
    spell = order[np.searchsorted(names, key, sorter=order)]
    cutoff = np.searchsorted(cutoffs, panel["cutoff"].to_numpy(zero_copy_only=False).astype("datetime64[D]"))
    columns = {name: panel[name].to_numpy(zero_copy_only=False) for name in panel.column_names}
    log_odds = np.full((len(past.spells), len(cutoffs)), np.nan)
    log_odds[spell, cutoff] = planted.log_odds(columns, _lately(past)[spell, cutoff])
    return log_odds


def _panel(past: Past) -> pa.Table:
    from chs_ml.history.asof import build_panel
    from chs_ml.spec import load_spec

    with tempfile.TemporaryDirectory(prefix="chs-ml-demo-") as folder:
        with Append(Path(folder)) as files:
            files.append(arrow_tables(past))
        spec = Path(folder) / "calibration.yaml"
        spec.write_text(calibration_yaml(past.batch.calendar), encoding="utf-8")
        return build_panel(load_spec(spec))


def _lately(past: Past) -> BoolArray:
    rows, cutoffs = past.tables["interventions"], past.batch.calendar.cutoff_numbers
    day: INTS = rows.at // DAY
    lately = np.zeros((len(past.spells), len(cutoffs)), dtype=bool)
    for place, cutoff in enumerate(cutoffs):
        lately[rows.spell[(day >= cutoff - LATELY) & (day < cutoff)], place] = True
    return lately
