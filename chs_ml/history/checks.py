"""What `chs-ml check` answers: everything that stops a calibration, and what would make its result doubtful."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chs_ml.history.assembly import read_parts
from chs_ml.history.findings import MAX_SHOWN, Finding, TableError, warning
from chs_ml.history.panel import Panel, panel_of
from chs_ml.history.understanding import FEWEST_NAMED, Understood, understood
from chs_ml.spec import CalibrationSpec

__all__ = ["Examination", "Finding", "check_panel", "doubts", "examine"]

PERFECT_AUC = 0.98
MOSTLY_MISSING = 0.5
NEARLY_EMPTY = 0.05
FEW_CHURNED = 50
ROWS_PER_LEVEL, CUSTOMERS_PER_LEVEL = 10, 5


@dataclass(frozen=True, slots=True)
class Examination:
    """understood: the table as it was read, None where it could not be. findings: what is wrong or doubtful.

    panel: the rows whose outcome is known, None where errors stand in the way.
    """

    understood: Understood | None
    findings: tuple[Finding, ...]
    panel: Panel | None = None


def examine(spec: CalibrationSpec) -> Examination:
    """What was understood, and the errors that `load_panel` would raise, or else the doubts about the panel."""
    try:
        parts = read_parts(spec)
    except TableError as refused:
        return Examination(None, refused.findings)
    told = understood(spec, parts)
    if parts.findings:
        return Examination(told, (*parts.findings, *parts.warnings))
    known = panel_of(parts).known()
    return Examination(told, (*parts.warnings, *doubts(known)), known)


def check_panel(spec: CalibrationSpec) -> list[Finding]:
    """The findings alone."""
    return [*examine(spec).findings]


def doubts(panel: Panel) -> list[Finding]:
    """Warnings about a panel whose outcomes are all known."""
    return [
        *_few_churned(panel),
        *_label_copies(panel),
        *_twins(panel),
        *_mostly_missing(panel),
        *_nearly_constant(panel),
        *_only_rare_levels(panel),
        *_near_ids(panel),
        *_levels_alike(panel),
        *_one_class_groups(panel),
    ]


def _few_churned(panel: Panel) -> Iterator[Finding]:
    churned, retained = int(panel.churned.sum()), int((1 - panel.churned).sum())
    if min(churned, retained) < FEW_CHURNED:
        yield warning(
            "few-events",
            f"{churned:,} churned and {retained:,} retained rows; below {FEW_CHURNED} of either, weights say little",
            "Add customers or earlier cutoffs",
        )


def _label_copies(panel: Panel) -> Iterator[Finding]:
    for name in panel.metrics:
        auc = _separation(panel.metrics[name], panel.churned)
        if auc > PERFECT_AUC:
            yield warning(
                "label-copy",
                f"metric {name!r} alone tells churned from retained (AUC {auc:.3f}); it may be known only afterwards",
                "Say role: exclude, unless its value was known at the cutoff",
                str(name),
            )


def _separation(column: pd.Series, churned: NDArray[np.float64]) -> float:
    """AUC of the metric alone, in whichever direction is better; missing counts as a level, and as lowest number."""
    if column.dtype.kind == "f":
        auc = _auc(column.fillna(-np.inf), churned)
        return max(auc, 1 - auc)
    levels = column.fillna("\0missing")
    if levels.nunique() * ROWS_PER_LEVEL > len(levels):
        return 0.5  # so many levels separate anything
    return _auc(pd.Series(churned).groupby(levels.to_numpy()).transform("mean"), churned)


def _auc(values: pd.Series, churned: NDArray[np.float64]) -> float:
    ranks = values.rank().to_numpy()
    positive = churned.sum()
    negative = len(churned) - positive
    return float((ranks[churned == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _twins(panel: Panel) -> Iterator[Finding]:
    first: dict[bytes, str] = {}
    for name in map(str, panel.metrics):
        hashes = pd.util.hash_pandas_object(panel.metrics[name], index=False, categorize=False)
        other = first.setdefault(hashlib.sha256(hashes.to_numpy().tobytes()).digest(), name)
        if other != name:
            found = f"metric {name!r} has the same values as {other!r}; how they share a weight is arbitrary"
            yield warning("duplicate-metric", found, "Keep one of them", name)


def _mostly_missing(panel: Panel) -> Iterator[Finding]:
    for name, share in panel.metrics.isna().mean().items():
        remedy = "Look where it is collected, or say role: exclude"
        if share > 1 - NEARLY_EMPTY:
            found = f"metric {name!r} is known in {1 - share:.1%} of the rows; hardly anything can be learned from it"
            yield warning("nearly-empty", found, remedy, str(name))
        elif share > MOSTLY_MISSING:
            found = f"metric {name!r} is missing in {share:.0%} of the rows"
            yield warning("mostly-missing", found, remedy, str(name))


def _nearly_constant(panel: Panel) -> Iterator[Finding]:
    """A curve runs from the 1st to the 99th percentile: where they are equal it has no room."""
    for name in map(str, panel.metrics):
        column = panel.metrics[name].dropna()
        if column.dtype.kind != "f" or not len(column):
            continue
        low, high = np.quantile(column.to_numpy(), [0.01, 0.99], method="inverted_cdf")
        if low == high:
            of = f"{(column == low).sum():,} of {panel.rows:,} rows are {low:g}"
            found = f"metric {name!r} is nearly constant: {of}"
            yield warning("nearly-constant", found, "Look how it is measured, or say role: exclude", name)


def _only_rare_levels(panel: Panel) -> Iterator[Finding]:
    """A level is learned from ten rows of five customers or more; missing values are a level."""
    customers = pd.Series(panel.customer)
    for name in map(str, panel.metrics):
        if panel.metrics[name].dtype.kind == "f" or _is_near_id(panel.metrics[name]):
            continue
        groups = customers.groupby(panel.metrics[name].fillna("\0missing").to_numpy())
        if not ((groups.size() >= ROWS_PER_LEVEL) & (groups.nunique() >= CUSTOMERS_PER_LEVEL)).any():
            found = (
                f"metric {name!r}: no level has {ROWS_PER_LEVEL} rows of {CUSTOMERS_PER_LEVEL} customers, so it gets "
            )
            found += "no weight"
            yield warning("rare-levels", found, "Group its levels, or say role: exclude", name)


def _is_near_id(column: pd.Series) -> bool:
    levels = 0 if column.dtype.kind == "f" else column.nunique()
    return levels > 20 and levels * ROWS_PER_LEVEL > len(column)


def _near_ids(panel: Panel) -> Iterator[Finding]:
    for name in map(str, panel.metrics):
        if _is_near_id(panel.metrics[name]):
            levels = panel.metrics[name].nunique()
            found = f"metric {name!r} has {levels:,} levels in {panel.rows:,} rows, nearly an id"
            yield warning("near-id", found, "Group its levels, or say role: exclude", name)


def _levels_alike(panel: Panel) -> Iterator[Finding]:
    for name in map(str, panel.metrics):
        levels = [] if panel.metrics[name].dtype.kind == "f" else panel.metrics[name].dropna().unique().tolist()
        folded: dict[str, list[str]] = {}
        for level in levels:
            folded.setdefault(level.casefold(), []).append(level)
        alike = [" and ".join(map(repr, sorted(group))) for group in folded.values() if len(group) > 1]
        if alike:
            found = (
                f"metric {name!r}: {', '.join(alike[:3])} differ only in upper and lower case, and count as two levels"
            )
            yield warning("levels-alike", found, "Write each level in one way", name)


def _one_class_groups(panel: Panel) -> Iterator[Finding]:
    """Segments and stages in which nothing can be ranked; those under 5 customers are described by nobody."""
    for what, groups in (("segment", panel.segment), ("stage", panel.stage)):
        if groups is None:
            continue
        rows = pd.DataFrame({"group": groups, "customer": panel.customer, "churned": panel.churned})
        told = rows.groupby("group").agg(people=("customer", "nunique"), rate=("churned", "mean"))
        for word, rate in (("churned", 1.0), ("retained", 0.0)):
            names = [repr(name) for name in told.index[(told["people"] >= FEWEST_NAMED) & (told["rate"] == rate)]]
            if names:
                more = f" and {len(names) - MAX_SHOWN:,} more" if len(names) > MAX_SHOWN else ""
                found = f"{what} {', '.join(names[:MAX_SHOWN])}{more}: every row is {word}; one class gives no AUC"
                yield warning("one-class-segment", found, f"Group it with others, or correct data.{what}")
