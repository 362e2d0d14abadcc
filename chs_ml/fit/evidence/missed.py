"""Whether customers left out miss the metrics that left: then the last of them come back.

Each that leaves costs less than chance would show, but together they may cost more: on Telco half a dozen that left one
by one cost .0008 of log-loss.
"""

from __future__ import annotations

from collections.abc import Sequence

from chs_ml.fit.fitting import Candidate
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.trial import Progress, Trial, silent


def missed(
    trial: Trial,
    plans: Sequence[MetricPlan],
    left: Sequence[str],
    candidate: Candidate,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Return those that come back: with them, the log-loss of customers left out is least.

    plans: of all metrics, those that left among them. left: the names of those in the order in which they left; the
    last come back first, since they had the most evidence.
    """
    losses = []
    for back in range(len(left) + 1):
        progress("asking whether what left is missed", back, len(left) + 1)
        gone = set(left[: len(left) - back])
        stay = [plan for plan in plans if plan.name not in gone]
        part = Trial(trial.sample.of(stay), trial.fold, trial.folds)
        losses.append(part.mean(part.losses(stay, candidate)))
    progress("asking whether what left is missed", len(left) + 1, len(left) + 1)
    return tuple(left[len(left) - losses.index(min(losses)) :])
