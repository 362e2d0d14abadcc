"""What was done because somebody was at risk: as a metric it is blamed for the risk, in the horizon it hides it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import sqrt

import numpy as np

from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import Ground, share
from chs_ml.spec.measures import ALL
from chs_ml.spec.measuring import CHURNED, TOUCHED, table_of

FEWEST, SHARE_TOUCHED = 20, 0.01
SAME_DAY = 0.8
MEANT_TO_KEEP = re.compile(
    r"retention|retain|win.?back|sav(e|ing).?(call|desk|offer)|at.?risk|rescue|csm.?(call|alert)|удержан|утриман",
    re.IGNORECASE,
)


def interventions(ground: Ground) -> Iterator[Finding]:
    """Give metrics that react to risk, and how many customers something was done for within the horizon."""
    for measure in ground.measures:
        if measure.per is None and table_of(measure, ground.history) == "interventions":
            yield _reacts(measure.name, "is measured in interventions, which are done because somebody is at risk")
    for name in ground.happened():
        if name != "interventions":
            yield from _of_types(ground, name)
    yield from _touched(ground)


def _reacts(metric: str, why: str) -> Finding:
    return warning(
        "reacts-to-risk",
        f"metric {metric!r} {why}: it will look as if it drove customers away",
        "Say role: audit or exclude; its weight would say whom somebody worried about, not what keeps customers",
        metric,
    )


def _of_types(ground: Ground, name: str) -> Iterator[Finding]:
    """Types that are interventions by their name, or that mostly lie on the day of one of the same customer."""
    together = _together_with_interventions(ground, name) if ground.history.interventions else {}
    for measure in ground.by_table[name]:
        kinds = [kind for kind in measure.what if kind != ALL]
        if not ground.history.past[name].type or not kinds:
            continue
        if all(kind in together for kind in kinds):
            told = "; ".join(f"{kind!r}: {together[kind]}" for kind in kinds)
            yield _reacts(measure.name, f"counts rows that lie on the day of an intervention ({told})")
        elif all(MEANT_TO_KEEP.search(kind) for kind in kinds):
            rows = ground.staged.number(f"SELECT count(*) FROM {ground.rows(name)}")  # noqa: S608
            told = ", ".join(map(repr, kinds))
            yield _reacts(measure.name, f"counts {told} ({rows:,} rows in {name}), by its name done to keep customers")


def _together_with_interventions(ground: Ground, name: str) -> dict[str, str]:
    done = f"(SELECT DISTINCT customer, moment::DATE AS day FROM {ground.rows('interventions')})"  # noqa: S608
    found = ground.ask(
        f"SELECT type, count(*), count(d.day) AS same FROM {ground.rows(name)} r LEFT JOIN {done} d "  # noqa: S608
        f"ON r.customer = d.customer AND r.moment::DATE = d.day WHERE type IS NOT NULL GROUP BY type "
        f"HAVING same >= {FEWEST} AND same >= {SAME_DAY} * count(*)"
    )
    return {kind: share(same, rows) for kind, rows, same in found}


def _touched(ground: Ground) -> Iterator[Finding]:
    if TOUCHED not in ground.panel.column_names:
        return
    touched, churned = (
        ground.panel.column(name).to_pandas().to_numpy(np.float64, na_value=np.nan) for name in (TOUCHED, CHURNED)
    )
    known = np.isfinite(churned)
    groups = [known & (touched == one) for one in (1, 0)]
    with_, without = (int(group.sum()) for group in groups)
    if with_ < FEWEST or with_ < SHARE_TOUCHED * (with_ + without):
        return
    told = [_rate(int(churned[group].sum()), int(group.sum())) for group in groups]
    yield warning(
        "interventions-in-horizon",
        f"{share(with_, with_ + without)} rows had an intervention between the cutoff and the horizon's end; of them "
        f"{told[0]} churned, of the others {told[1]}. Customers who were saved make their risk look harmless",
        "Read the weights as what is left after what you did; leave these rows out where they are few",
    )


def _rate(churned: int, rows: int) -> str:
    """A rate with its 95 % interval (Wilson)."""
    if not rows:
        return "nobody"
    z, rate = 1.96, churned / rows
    middle = (rate + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z * sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows)) / (1 + z * z / rows)
    return f"{100 * rate:.1f} % ({100 * max(middle - half, 0):.1f} to {100 * min(middle + half, 1):.1f} %)"
