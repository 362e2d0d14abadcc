"""All checks of a history, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType

import pyarrow as pa

from chs_ml.history.asof.staging import Staged
from chs_ml.history.findings import Finding
from chs_ml.history.leaks.amounts import amounts
from chs_ml.history.leaks.announcing import announcing
from chs_ml.history.leaks.departures import departures
from chs_ml.history.leaks.duplicates import duplicates
from chs_ml.history.leaks.flags import flags
from chs_ml.history.leaks.ground import Ground, standing
from chs_ml.history.leaks.hindsight import hindsight
from chs_ml.history.leaks.interventions import interventions
from chs_ml.history.leaks.loading import loading
from chs_ml.history.leaks.order import order
from chs_ml.history.leaks.outcomes import outcomes
from chs_ml.history.leaks.rates import rates
from chs_ml.history.leaks.sides import sides
from chs_ml.history.leaks.silence import silence
from chs_ml.history.leaks.snapshots import snapshots
from chs_ml.history.leaks.steps import steps
from chs_ml.spec import CalibrationSpec

CHECKS: MappingProxyType[str, Callable[[Ground], Iterator[Finding]]] = MappingProxyType(
    {
        "outcomes that are known": outcomes,
        "values from after the cutoff": hindsight,
        "columns of accounts as of today": snapshots,
        "rows from after the departure": departures,
        "rows that announce the departure": announcing,
        "when rows became known": loading,
        "what was done to keep customers": interventions,
        "a flag beside the departures": flags,
        "the order of days": order,
        "rows twice": duplicates,
        "amounts": amounts,
        "days without rows": silence,
        "recording that began or stopped": steps,
        "churn by cutoff": rates,
        "the holdout": sides,
    }
)


def findings_of(staged: Staged, panel: pa.Table, spec: CalibrationSpec) -> Iterator[Finding]:
    """Give the findings of every check."""
    if spec.history is None:
        return
    with standing(staged, panel, spec) as ground:
        for check in CHECKS.values():
            yield from check(ground)
