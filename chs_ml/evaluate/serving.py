"""Where one formula does not serve a segment: what would be said, and whether chance could have said it.

Two questions a segment, all of a column together at 5 % by Holm's procedure (1979). Does churn depart from what was
predicted, and from how it departs elsewhere? Does the score rank these customers less well than the others, and less
well than its own probabilities promise here? (A segment of customers who are alike has a low AUC with the best of
formulas: van Klaveren et al. 2016.) Each asks for both, so its p-value is the larger of two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import numpy as np
from scipy.special import expit, ndtr

from chs_ml.evaluate.link import fit_shift, logit
from chs_ml.evaluate.outcomes import BoolArray, FloatArray, IntArray, Outcomes
from chs_ml.evaluate.ranking import auc_uncertainty, ranking
from chs_ml.evaluate.uncertainty import rate_interval

ENOUGH = 10
"""Churned and retained rows, seen for a ranking or expected for a rate, below which nothing is asked."""
MOST = 50
"""The largest segments are asked about; with more of them Holm's procedure could hardly hear any."""
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class _Answer:
    segment: str
    p_value: float
    words: str


def ill_served(parts: Mapping[str, IntArray], outcomes: Outcomes, p: FloatArray) -> dict[str, str]:
    """Segment → sentence, for those of which there is evidence; parts: the rows of each, p: churn probabilities."""
    largest = sorted(parts, key=lambda name: (-len(parts[name]), name))[:MOST]
    if outcomes.one_class or sum(len(rows) for rows in parts.values()) == 0:
        return {}
    moved = np.asarray(expit(logit(p) + fit_shift(logit(p), outcomes)[0]), dtype=np.float64)
    asked = [answer for name in largest for answer in _answers(name, parts[name], outcomes, (p, moved))]
    found: dict[str, str] = {}
    for answer in _by_holm(asked):
        found[answer.segment] = "; ".join(filter(None, (found.get(answer.segment), answer.words)))
    return found


def _answers(name: str, rows: IntArray, outcomes: Outcomes, predicted: tuple[FloatArray, FloatArray]) -> list[_Answer]:
    """What there is to say of one segment; predicted: the probabilities, and moved by what everybody is off by."""
    others = np.ones(len(outcomes), dtype=np.bool_)
    others[rows] = False
    if not others.any():
        return []
    said = (_departs(~others, outcomes, *predicted), _ranks_worse(~others, outcomes, predicted[0]))
    return [_Answer(name, p_value, words) for p_value, words in filter(None, said)]


def _by_holm(asked: list[_Answer]) -> list[_Answer]:
    kept = []
    for at, answer in enumerate(sorted(asked, key=lambda one: one.p_value)):
        if answer.p_value > LEVEL / (len(asked) - at):
            break
        kept.append(answer)
    return kept


def _departs(here: BoolArray, outcomes: Outcomes, p: FloatArray, moved: FloatArray) -> tuple[float, str] | None:
    """Observed against predicted, as predicted and as moved by what everybody is off by."""
    part, predicted = outcomes.among(here), outcomes.among(here).mean(p[here])
    if min(predicted, 1.0 - predicted) * part.effective < ENOUGH:
        return None
    in_here = float((outcomes.weights * moved * (1 - moved))[here].sum())
    share = here.astype(np.float64) - in_here / float((outcomes.weights * moved * (1 - moved)).sum())
    z, beyond = _z(here.astype(np.float64), outcomes, p), _z(share, outcomes, moved)
    least = min(abs(z), abs(beyond)) if z * beyond > 0 else 0.0
    around = rate_interval(part.rate, part.effective)
    words = (
        f"predicted churn {predicted:.1%}, observed {part.rate:.1%} ({around.low:.1%} to {around.high:.1%}): "
        f"churn is {'under' if z > 0 else 'over'}estimated here"
    )
    return 2.0 * float(ndtr(-least)), words


def _z(share: FloatArray, outcomes: Outcomes, p: FloatArray) -> float:
    """Sum of observed minus predicted in standard errors: those of the probabilities, or of the customers if larger."""
    counts = outcomes.weights * share
    error = max(float(np.sqrt(counts**2 @ (p * (1 - p)))), outcomes.spread(counts * (outcomes.churned - p)))
    return float(counts @ (outcomes.churned - p)) / error if error > 0 else 0.0


def _ranks_worse(here: BoolArray, outcomes: Outcomes, p: FloatArray) -> tuple[float, str] | None:
    """AUC against that of the others, and against what the probabilities promise; on its log-odds."""
    part, rest = outcomes.among(here), outcomes.among(~here)
    if min(part.churned.sum(), (1 - part.churned).sum()) < ENOUGH:
        return None
    mine, theirs, promised = ranking(part, p[here]), ranking(rest, p[~here]), _promised(part, p[here])
    if mine is None or theirs is None or promised is None or mine.influence is None or theirs.influence is None:
        return None
    if not all(0.0 < auc < 1.0 for auc in (mine.auc, theirs.auc, promised)):
        return None
    influence = np.zeros(len(outcomes))
    influence[here] = mine.influence / (mine.auc * (1 - mine.auc))
    alone = outcomes.spread(influence)
    influence[~here] = -theirs.influence / (theirs.auc * (1 - theirs.auc))
    from_others = (_odds(mine.auc) - _odds(theirs.auc)) / outcomes.spread(influence)
    from_promise = (_odds(mine.auc) - _odds(promised)) / alone
    around = auc_uncertainty(part, mine)
    words = (
        f"the score ranks these customers less well: AUC {mine.auc:.2f} ({around.low:.2f} to {around.high:.2f}), "
        f"{theirs.auc:.2f} among the others, where {promised:.2f} could be expected of this formula on such customers"
    )
    return float(ndtr(max(from_others, from_promise))), words


def _promised(outcomes: Outcomes, p: FloatArray) -> float | None:
    """The AUC to be expected of rows that churn as often as their probabilities say."""
    both = np.concatenate([outcomes.weights * p, outcomes.weights * (1 - p)])
    churned = np.repeat([1.0, 0.0], len(p))
    found = ranking(Outcomes(churned, both, np.arange(len(both))), np.tile(p, 2))
    return found.auc if found else None


def _odds(auc: float) -> float:
    return log(auc / (1 - auc))
