"""Wishes for metrics that say the same: only one of them is in the formula, so not every wish can be met."""

from __future__ import annotations

from collections.abc import Sequence

from chs_ml.errors import FitError
from chs_ml.fit.fitting import Sample
from chs_ml.fit.scrutiny.collinear import Same, same_information
from chs_ml.fit.selection import Settings
from chs_ml.fit.table import MetricPlan
from chs_ml.formula.wishes import Wishes


def check_wishes(sample: Sample, plans: Sequence[MetricPlan], settings: Settings) -> None:
    """Refuse wishes that cannot be met because metrics say the same: FitError names those, and the nearest wishes.

    plans: one for each column of the sample's table. What else speaks against a wish is found where it is fitted.
    """
    wishes = settings.wishes
    wanted = [plan for plan in plans if not wishes.excluded(plan.name)]
    if not wishes or not wanted:
        return
    alike = same_information(sample.of(wanted), wanted, {*settings.keep, *wishes.metrics})
    aside = {same.metric for same in alike}
    problems = wishes.conflicts([plan.name for plan in wanted if plan.name not in aside]) if alike else []
    if problems:
        named = [same for same in alike if _concerned(same, wishes)] or alike
        raise FitError(*problems, *map(_told, named))


def _concerned(same: Same, wishes: Wishes) -> bool:
    return same.metric in wishes.metrics or wishes.pillar(same.metric) in wishes.pillars


def _told(same: Same) -> str:
    others = " and ".join(map(repr, same.as_))
    if len(same.as_) == 1:
        only = "so only one of them can have a weight: make the wish for one of them."
        return f"metric {same.metric!r} says the same as {others}, {only}"
    beside = "so it can have no weight beside them: take back one of the wishes."
    return f"metric {same.metric!r} says the same as {others} together, {beside}"
