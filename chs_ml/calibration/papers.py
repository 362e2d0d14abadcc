"""What travels with a formula in its weights file: labels, impact, where it was learned, what was usual then."""

from __future__ import annotations

import subprocess
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from chs_ml.calibration.certainty import certainty_of, left_out
from chs_ml.calibration.draft import Draft
from chs_ml.calibration.earlier import KEY, judged_paper, within_limit
from chs_ml.calibration.platforms import platforms_paper
from chs_ml.calibration.rows import sample_of
from chs_ml.calibration.splitting import splits_paper
from chs_ml.calibration.units import observed
from chs_ml.calibration.whole_points import points_paper
from chs_ml.evaluate import Evaluation
from chs_ml.explain.impact import impact_of
from chs_ml.explain.population import Population
from chs_ml.export.evidence import evidence_keys
from chs_ml.export.vendors.losses import KEY as PLATFORMS
from chs_ml.export.words import shape_in_words
from chs_ml.fit.evidence.alone import alone_of
from chs_ml.formula import Formula, Term, WeightsFile
from chs_ml.formula.columns import FloatArray
from chs_ml.formula.wishes import Wishes
from chs_ml.spec import CalibrationSpec

DECILES = np.linspace(0.0, 1.0, 11)


def weights_of(shipped: Draft, trial: Draft, evaluation: Evaluation, spec: CalibrationSpec) -> WeightsFile:
    """Return the shipped formula with its papers; trial: the draft that was judged."""
    formula, panel = shipped.formula, shipped.panel
    certainty = certainty_of(shipped.learned, alone_of(sample_of(panel, spec, shipped=True), shipped.learned.fitted))
    population = Population.of(formula, panel.metrics, shipped.standing)
    weights = WeightsFile(
        formula=formula,
        name=spec.name,
        label=spec.label,
        owner=spec.owner,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        customer=spec.data.customer,
        metrics={
            name: _metric(name, panel.metrics[name], shipped.standing, spec)
            for name in (*formula.metrics, *_without(shipped))
        },
        evidence=[
            {**key, **certainty.get(term.key, {}), **_evidence(formula, term, population, spec)}
            for term, key in zip(formula.terms, evidence_keys(formula), strict=True)
        ],
        training=_training(shipped, evaluation, spec),
        reference={
            "mean_health": population.average(),
            "score_deciles": _deciles(formula.score(panel.metrics), shipped.standing),
            "whole_points": points_paper(shipped, spec),
            **_judged(trial, shipped, evaluation, spec),
        },
    )
    platforms = platforms_paper(weights, shipped, spec)
    return within_limit(replace(weights, reference={**weights.reference, PLATFORMS: platforms}))


def package_version() -> str | None:
    """Return the version of this package, None where it is not installed."""
    try:
        return version("chs-ml")
    except PackageNotFoundError:
        return None


def git_commit(folder: Path) -> str | None:
    """Return the commit that the folder's repository stands on, None outside of one."""
    command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None


def _judged(trial: Draft, shipped: Draft, evaluation: Evaluation, spec: CalibrationSpec) -> dict[str, Any]:
    """Return the judged formula for the next quarter; {} where its own anchor may have seen who was held out."""
    seen = evaluation.choices.get("anchor", {}).get("seen_holdout", False)
    return {} if seen else {KEY: judged_paper(trial.formula, shipped.formula, spec)}


def _without(shipped: Draft) -> list[str]:
    """Return the metrics that have no term; people want to read their labels all the same."""
    without = (*(left.metric for left in shipped.learned.choice.left), *shipped.weightless)
    return [name for name in dict.fromkeys(without) if name not in shipped.formula.metrics]


def _deciles(score: FloatArray, standing: FloatArray | None) -> list[float]:
    method: Literal["linear", "inverted_cdf"] = "linear" if standing is None else "inverted_cdf"
    deciles: list[float] = np.quantile(score, DECILES, weights=standing, method=method).round(6).tolist()
    return deciles


def _metric(name: str, column: pd.Series[Any], standing: FloatArray | None, spec: CalibrationSpec) -> dict[str, Any]:
    metric = spec.metric(name)
    said = {"label": metric.label, "unit": metric.unit, "definition": metric.definition}
    about: dict[str, Any] = {key: value for key, value in said.items() if value is not None}
    ends = observed(column.to_numpy()) if column.dtype.kind == "f" else None
    if ends is not None:
        about["observed"] = list(ends)
    return {**about, "missing_share": float(np.average(column.isna(), weights=standing))}


def _evidence(formula: Formula, term: Term, population: Population, spec: CalibrationSpec) -> dict[str, Any]:
    impact = impact_of(formula, term, population, spec.metric(term.metric).unit)
    return {
        "shape": shape_in_words(term),
        "impact": None if impact is None else impact.as_dict(),
        "moves": population.moves(term),
    }


def _training(shipped: Draft, evaluation: Evaluation, spec: CalibrationSpec) -> dict[str, Any]:
    panel, choices = shipped.panel, evaluation.choices
    return {
        "rows": panel.rows,
        "customers": panel.customers,
        "churned": int(panel.churned.sum()),
        "churn_rate": float(np.average(panel.churned, weights=shipped.standing)),
        "ramps": choices["ramps"],
        "size": choices["size"],
        "bend": choices["bend"],
        "seed": spec.calibration.seed,
        "cutoff": spec.data.cutoff,
        "newest_cutoff": None if panel.cutoff is None else str(panel.cutoff.max()),
        "because": spec.because,
        "evaluated_formula": choices["evaluated_formula"],
        **({"anchor": choices["anchor"]} if "anchor" in choices else {}),
        "evidence": spec.calibration.evidence,
        "intervals": shipped.learned.inference.no_intervals,
        "doubts": list(shipped.learned.doubts),
        "left_out": left_out(shipped.learned.choice),
        "splits": splits_paper(shipped, dict(evaluation.splits)),
        "wishes": _wishes(spec.wishes),
        "weightless": list(shipped.weightless),
        "kkt": shipped.learned.fitted.solution.kkt,
        "table": _form(spec),
        "spec_digest": spec.digest,
        "data_digest": evaluation.data["digest"],
        "sources": evaluation.data["sources"],
        "git_commit": git_commit(spec.locate(".")),
        "package_version": package_version(),
    }


def _wishes(wishes: Wishes) -> list[dict[str, Any]]:
    """Return who wished which weight of which metric or pillar, and why; bounds as fractions of 1."""
    named = [("metric", *one) for one in wishes.metrics.items()] + [("pillar", *one) for one in wishes.pillars.items()]
    return [{kind: name, **asdict(wish)} for kind, name, wish in named]


def _form(spec: CalibrationSpec) -> dict[str, str]:
    """Return what the spec says of how its table is written, so that the same table can be scored."""
    table = spec.data.table
    said = {"delimiter": table.delimiter, "decimal": table.decimal, "encoding": table.encoding}
    return {key: value for key, value in said.items() if value is not None}
