"""From the spec and the panel to what the fit wants: which rows it sees, and what it knows of each metric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chs_ml.calibration.anchoring import anchor_of
from chs_ml.calibration.earlier import Earlier, earlier_named
from chs_ml.calibration.weighting import population_of, row_weights, standing_of
from chs_ml.errors import DataError, FitError
from chs_ml.evaluate import Outcomes, current_score
from chs_ml.fit.fitting import Sample
from chs_ml.fit.folds import shares_of
from chs_ml.fit.selection import Settings
from chs_ml.fit.splits.by_hand import check_splits
from chs_ml.fit.table import MetricPlan, read_table
from chs_ml.formula import Condition
from chs_ml.formula.columns import FloatArray
from chs_ml.history.panel import Panel
from chs_ml.spec import CalibrationSpec


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to be judged by; no customer is in both, unless the split is by time."""

    training: Panel
    holdout: Panel


def split(panel: Panel, spec: CalibrationSpec) -> Split:
    """Hold out a share of the customers by their hash, or every cutoff from a date on.

    DataError where either part has no rows.
    """
    wanted = spec.validation.holdout
    if wanted.from_ is not None and panel.cutoff is not None:
        out = panel.cutoff >= np.datetime64(wanted.from_)
        how = f"validation.holdout.from {wanted.from_}"
    else:
        out = shares_of(panel.customer, spec.calibration.seed, "holdout") < (wanted.customers or 0.0)
        how = f"validation.holdout.customers {wanted.customers}"
    if out.all() or not out.any():
        part = "training" if out.all() else "holdout"
        raise DataError(f"{how}: no row of {panel.rows} is left for the {part} part. Choose another share or date.")
    return Split(panel.take(~out), panel.take(out))


def plans_of(spec: CalibrationSpec) -> list[MetricPlan]:
    """Return what the fit has to know of each metric, in the spec's order."""
    return [MetricPlan(m.name, m.direction, m.missing, m.kind) for m in spec.with_role("metric")]


def settings_of(spec: CalibrationSpec) -> Settings:
    """Return what the user fixed; the rest is chosen from the data."""
    asked = spec.calibration
    strength = None if isinstance(asked.strength, str) else asked.strength
    pull = None if isinstance(asked.anchor.strength, str) else asked.anchor.strength
    return Settings(
        ramps=None if isinstance(asked.ramps, str) else asked.ramps,
        size=None if strength is None else strength.size,
        bend=None if strength is None else strength.bend,
        folds=spec.validation.cross_validation,
        seed=asked.seed,
        evidence=asked.evidence,
        keep=tuple(metric.name for metric in spec.with_role("metric") if metric.keep),
        rule="best" if asked.strength == "best" else "simplest",
        anchor=None if asked.anchor.file is None else pull,
        splits=asked.splits.most,
        by_hand=tuple(
            (split.metric, Condition(split.when.metric, split.when.above, split.when.level))
            for split in asked.splits.fixed
        ),
        never=asked.splits.never,
        said=f"{spec.file}: calibration.splits",
        wishes=spec.wishes,
    )


def sample_of(panel: Panel, spec: CalibrationSpec, *, shipped: bool = False) -> Sample:
    """Return the panel's rows as the fit takes them. shipped: for what will be shipped, not for a trial."""
    return Sample(
        table=read_table(panel.metrics, plans_of(spec)),
        retained=1.0 - panel.churned,
        weight=row_weights(panel, spec),
        groups=np.asarray(panel.customer),
        anchor=anchor_of(panel, spec, shipped=shipped),
        standing=population_of(panel, spec),
    )


def check_fixed_splits(panel: Panel, spec: CalibrationSpec, settings: Settings) -> None:
    """Raise FitError for splits of the settings that these rows cannot teach; nothing is asked where there are none."""
    pairs = settings.by_hand
    idle = [metric for metric, _ in pairs if settings.wishes.excluded(metric)]
    if idle:
        said = "is to have no weight, so that it has no curve to split. Take back the wish, or the split."
        raise FitError(*(f"{settings.said}: metric {metric!r} {said}" for metric in idle))
    if pairs:
        table, retained = read_table(panel.metrics, plans_of(spec)), 1.0 - panel.churned
        check_splits(
            Sample(table, retained, row_weights(panel, spec), np.asarray(panel.customer)), pairs, settings.said
        )


def outcomes_of(panel: Panel, spec: CalibrationSpec) -> Outcomes:
    """Return the panel's outcomes, rows of a customer counted together, weighted to the true churn rate."""
    return Outcomes.read(panel.churned, standing_of(panel, spec), panel.customer)


def in_use_today(training: Panel, holdout: Panel, spec: CalibrationSpec) -> dict[str, FloatArray]:
    """Return churn probabilities of the holdout by the score in use today, {} where the spec names none.

    A formula has its own link to churn; what has none gets one from the training rows.
    """
    if spec.baseline is None:
        return {}
    earlier = formula_today(spec)
    if earlier is not None and earlier.trial.link is not None:
        return {"current": earlier.trial.churn_probability(holdout.metrics)}
    before, after = (_score_today(part, earlier) for part in (training, holdout))
    return {"current": current_score(before, outcomes_of(training, spec), after)}


def formula_today(spec: CalibrationSpec) -> Earlier | None:
    """Return the weights file that is in use today, None where the spec names none."""
    written = None if spec.baseline is None else spec.baseline.formula
    return None if written is None else earlier_named(spec, "baseline.formula", written)


def baseline_note(spec: CalibrationSpec) -> str | None:
    """Return a warning where the formula in use today has seen customers who are held out, None where it has not."""
    earlier = formula_today(spec)
    if earlier is None or earlier.seen is None or spec.baseline is None:
        return None
    return f"baseline {spec.baseline.formula!r}: its figures may flatter it, as {earlier.seen}"


def _score_today(panel: Panel, earlier: Earlier | None) -> FloatArray:
    if earlier is not None:
        return earlier.trial.score(panel.metrics)
    if panel.current is None:
        raise DataError("baseline.column: the score in use today was not read. Name a column of the table.")
    return panel.current
