"""The anchor as a spec names it: read, compared with the new table, and what became of each metric."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chs_ml.calibration.earlier import Earlier, earlier_named
from chs_ml.calibration.pasts import idle_factors, unknown_pasts
from chs_ml.calibration.units import complaint
from chs_ml.errors import DataError, FormulaError
from chs_ml.fit.anchor.anchor import Anchor
from chs_ml.fit.selection import Choice
from chs_ml.formula import WeightsFile
from chs_ml.history.panel import Panel
from chs_ml.spec import CalibrationSpec


@dataclass(frozen=True)
class AnchorReport:
    """What the anchor did.

    strength: κ; chosen: whether by the data (``tried``: the path, the strongest first). kept: metrics pulled towards
    their past. renamed: new name → old. rescaled: metric → factor. let_go: changed since, so not pulled. new: not in
    the anchor. changed_kind: number, category or split, and now another. left: in the anchor, without a term now.
    gone: in the anchor, not in the spec (old names). seen_holdout: what the trial was pulled towards may have seen who
    is held out, so that the figures may flatter.
    """

    file: str
    digest: str
    strength: float
    chosen: bool
    kept: tuple[str, ...]
    renamed: dict[str, str]
    rescaled: dict[str, float]
    let_go: tuple[str, ...]
    new: tuple[str, ...]
    changed_kind: tuple[str, ...]
    left: tuple[str, ...]
    gone: tuple[str, ...]
    seen_holdout: bool = False
    tried: tuple[dict[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    def sentence(self) -> str:
        """Return what a person who calibrates wants to know."""
        how = "the strongest pull that is as good as the best" if self.chosen else "as the spec says"
        lists = {
            "renamed": [f"{old} → {new}" for new, old in self.renamed.items()],
            "in another unit": [f"{name} × {factor:g}" for name, factor in self.rescaled.items()],
            "changed since and let go": self.let_go,
            "not in the anchor": self.new,
            "of another kind, so new": self.changed_kind,
            "left": self.left,
            "no longer in the spec": self.gone,
        }
        told = "; ".join(f"{what}: {', '.join(names)}" for what, names in lists.items() if names)
        held = f"{len(self.kept)} {'metric is' if len(self.kept) == 1 else 'metrics are'} pulled towards it"
        pull = f"anchor {self.file!r} (digest {self.digest[:12]}): {held}, strength {self.strength:g} ({how})"
        return f"{pull}; {told}" if told else pull


def earlier_of(spec: CalibrationSpec) -> Earlier | None:
    """Return the weights file that the spec names as anchor, None where it names none.

    FormulaError for a file that is no anchor.
    """
    written = spec.calibration.anchor.file
    if written is None:
        return None
    earlier = earlier_named(spec, "calibration.anchor.file", written)
    if earlier.weights.formula.link is None:
        raise FormulaError(
            f"calibration.anchor.file {written!r}: the formula has no link to churn, and its weights no scale. "
            "Calibrate once without an anchor, then anchor to the result."
        )
    return earlier


def anchor_of(panel: Panel, spec: CalibrationSpec, *, shipped: bool = False) -> Anchor | None:
    """Return the anchor that the spec names; DataError where a metric looks as if it were in another unit.

    shipped: for what will be shipped, the formula that shipped then; a trial's anchor has not seen its holdout.
    """
    earlier = earlier_of(spec)
    if earlier is None:
        return None
    weights, metrics = earlier.weights, spec.with_role("metric")
    anchor = Anchor(
        weights.formula if shipped else earlier.trial,
        {metric.name: metric.was for metric in metrics if metric.was},
        {metric.name: metric.unit_factor for metric in metrics if metric.unit_factor},
        _left_then(weights),
    )
    problems = [*unknown_pasts(weights, spec)]
    problems += filter(None, (_complaint(name, anchor, weights, panel, spec) for name in map(str, panel.metrics)))
    if problems:
        raise DataError(*problems)
    return anchor


def _left_then(weights: WeightsFile) -> frozenset[str]:
    """Return the metrics that had no evidence or no weight in the earlier calibration, by their names then."""
    lines = weights.training.get("left_out")
    found = [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    return frozenset(str(line.get("metric")) for line in found if line.get("why") in ("no evidence", "no weight"))


def anchor_notes(choice: Choice, panel: Panel, spec: CalibrationSpec) -> tuple[str, ...]:
    """Return what a person who calibrates is told of the anchor; () without one."""
    report, earlier = report_of(choice, panel, spec), earlier_of(spec)
    if report is None or earlier is None:
        return ()
    notes = (*earlier.weights.notes, report.sentence(), *idle_factors(earlier.weights, spec))
    flatters = f"anchor {report.file!r}: the figures may flatter, as {earlier.seen}"
    return (*notes, flatters) if report.seen_holdout else notes


def report_of(choice: Choice, panel: Panel, spec: CalibrationSpec) -> AnchorReport | None:
    """Return what the anchor did with the metrics of the spec; None without an anchor."""
    anchor, earlier = anchor_of(panel, spec), earlier_of(spec)
    if anchor is None or earlier is None:
        return None
    names = [metric.name for metric in spec.with_role("metric")]
    fates = {name: _fate(name, anchor, choice, panel) for name in names}

    def having(fate: str) -> tuple[str, ...]:
        return tuple(name for name in names if fates[name] == fate)

    past = {name: anchor.named(name) for name in names}
    known = dict.fromkeys(term.metric for term in anchor.earlier.terms)
    there = [name for name in names if fates[name] != "new"]
    return AnchorReport(
        file=str(spec.calibration.anchor.file),
        digest=earlier.weights.digest,
        strength=choice.candidate.anchor,
        chosen=spec.calibration.anchor.strength == "auto",
        kept=having("kept"),
        renamed={name: str(past[name]) for name in there if past[name] != name},
        rescaled={name: anchor.factors[name] for name in there if anchor.factors.get(name, 1.0) != 1.0},
        let_go=having("let go"),
        new=having("new"),
        changed_kind=having("changed kind"),
        left=having("left"),
        gone=tuple(name for name in known if name not in past.values()),
        seen_holdout=earlier.seen is not None and choice.candidate.anchor > 0.0,
        tried=tuple(
            {
                "strength": tried.candidate.anchor,
                "log_loss": tried.log_loss,
                "behind_best": tried.behind,
                "standard_error": tried.standard_error,
                "chosen": tried.candidate == choice.candidate,
            }
            for tried in choice.pulls
        ),
    )


def _fate(name: str, anchor: Anchor, choice: Choice, panel: Panel) -> str:
    plans = [plan for plan in choice.plans if plan.name == name]
    past = [anchor.term(name, plan.when) for plan in plans] or [anchor.term(name)]
    term = next(filter(None, past), None)
    if term is None:
        split = any(one.metric == anchor.named(name) for one in anchor.earlier.terms)
        return "changed kind" if split else "new"
    if (term.kind == "curve") != (panel.metrics[name].dtype.kind == "f"):
        return "changed kind"
    if not plans:
        return "left"
    return "kept" if plans[0].anchored else "let go"


def _complaint(name: str, anchor: Anchor, weights: WeightsFile, panel: Panel, spec: CalibrationSpec) -> str | None:
    term, column = anchor.term(name), panel.metrics[name]
    if term is None or column.dtype.kind != "f" or term.kind != "curve":
        return None
    about = weights.metrics.get(term.metric)
    values = column.to_numpy(np.float64)
    return complaint(spec.metric(name), term, about if isinstance(about, dict) else {}, values)
