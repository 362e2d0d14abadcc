"""Metrics that know what came after: they see the next horizon and nothing beyond, or at some cutoffs only."""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import Ground
from chs_ml.history.leaks.ranking import Floats, Ranking, numbers_of, ranking_of

HIGH_AUC, DROP = 0.85, 0.25
JUMP, ERRORS = 0.2, 4.0


def hindsight(ground: Ground) -> Iterator[Finding]:
    """Give metrics whose power does not look like foresight."""
    ranking = ranking_of(ground)
    today = {measure.name for measure in ground.measures if measure.table == "accounts"}
    for name, values in numbers_of(ground, ranking):
        yield from _only_soon(ground, name, values, ranking)
        if name not in today:
            yield from _jumps(name, values, ranking)


def _only_soon(ground: Ground, name: str, values: Floats, ranking: Ranking) -> Iterator[Finding]:
    """What warns of churn mostly warned of it a horizon earlier too, if less; a copy of the label did not."""
    soon, later = ranking.of(values, ranking.soon), ranking.of(values, ranking.later)
    if soon.auc < 0.5:
        soon, later = soon.turned(), later.turned()
    if not (soon.sure() and later.sure()) or soon.auc < HIGH_AUC:
        return
    if soon.auc - max(later.auc, 0.5) >= DROP and soon.apart(later) >= ERRORS:
        yield warning(
            "predicts-only-soon",
            f"metric {name!r} tells who churns within {ground.history.days} days of the cutoff (AUC {soon.auc:.2f}, "
            f"{soon.churned:,} churned) and hardly who does in the {ground.history.days} days after that "
            f"({later.auc:.2f}, {later.churned:,} churned): it may have been written once the departure was known",
            "Find out when its values were written; give its table known:, or say role: exclude",
            name,
        )


def _jumps(name: str, values: Floats, ranking: Ranking) -> Iterator[Finding]:
    early, late = (ranking.of(values, ranking.soon, half) for half in ranking.halves())
    if not (early.sure() and late.sure()):
        return
    if abs(early.auc - late.auc) >= JUMP and abs(early.apart(late)) >= ERRORS:
        yield warning(
            "auc-jumps",
            f"metric {name!r}: AUC {early.auc:.2f} over the earlier cutoffs ({early.churned:,} churned) and "
            f"{late.auc:.2f} over the later ones ({late.churned:,} churned; 0.5 says nothing): it does not mean the "
            "same at all of them",
            "Find out what changed: how it is measured, or that it is told as of today; leave out the cutoffs before",
            name,
        )
