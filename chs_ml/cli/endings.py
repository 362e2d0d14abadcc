"""How each command ends: what it answers on stdout, for people or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from chs_ml.cli.tables import bands_table, explanation_table, figures_table, weights_table
from chs_ml.cli.talk import answer_json, results, say
from chs_ml.errors import FormulaError
from chs_ml.explain.customer import explain_row
from chs_ml.explain.impact import ASSOCIATION
from chs_ml.formula import WeightsFile

if TYPE_CHECKING:
    import pyarrow as pa

    from chs_ml.calibration import Calibration
    from chs_ml.tracking import Tracked

HOW_TO_READ = (
    "+ more is healthier, - less is healthier, ± from the worst to the best. Impact: churn at the first value → at the "
    "last, and the ratio of its odds. Score = 100 × Σ weight × health, which goes from 0 to 1 along the metric's curve."
)
SEE_IN_MLFLOW = "mlflow ui --backend-store-uri"


def read_weights(path: Path, *, quiet: bool = False) -> WeightsFile:
    """Return the weights file at the path, or in the run directory there; notes go to stderr."""
    file = path / "weights.json" if path.is_dir() else path
    if not file.exists():
        raise FormulaError(f"{path}: there is no weights file here. Give weights.json, or the folder of a run.")
    weights = WeightsFile.load(file)
    for note in weights.notes:
        say(f"note: {note}", quiet=quiet)
    return weights


def answer_calibration(done: Calibration, *, as_json: bool, quiet: bool) -> None:
    """Print what was learned, how it did, and where the files are."""
    evaluation = done.evaluation.as_dict()
    for note in done.notes:
        say(f"note: {note}", quiet=quiet)
    files = sorted(file.relative_to(done.directory).as_posix() for file in done.directory.rglob("*") if file.is_file())
    if as_json:
        where = {"directory": str(done.directory), "files": files, "run_id": done.run_id}
        learned = {"digest": done.weights.digest, "weights": _weights(done.weights), "evaluation": evaluation}
        answer_json({**where, **learned})
        return
    page = results()
    _print_formula(page, done.weights, evaluation)
    page.print(f"\nFiles in [bold]{escape(str(done.directory))}[/]: {escape(', '.join(files))}")
    if done.run_id:
        page.print(f"MLflow run {done.run_id}; to look at it: [bold]{_how_to_look()}[/]", soft_wrap=True)


def answer_show(weights: WeightsFile, path: Path, *, as_json: bool) -> None:
    """Print the formula as people read it."""
    if as_json:
        answer_json(json.loads(weights.dumps()))
    else:
        _print_formula(results(), weights, _evaluation_beside(path, weights))


def answer_explanation(weights: WeightsFile, row: pa.RecordBatch, customer: str, *, as_json: bool) -> None:
    """Print one customer's score term by term."""
    explained = explain_row(weights, row)
    if as_json:
        answer_json({"customer": customer, **asdict(explained)})
        return
    page = results()
    band = "" if explained.band is None else f", {escape(explained.band)}"
    churn = "" if explained.churn_probability is None else f", churn probability {explained.churn_probability:.1%}"
    page.print(f"[bold]{escape(customer)}[/]: score {explained.score:.1f}{band}{churn}")
    if explained.not_scored_because:
        page.print(f"not scored: {escape(explained.not_scored_because)}")
    elif explained.band != explained.band_by_score:
        page.print(f"a rule set the band; by score alone it is {escape(str(explained.band_by_score))}")
    page.print()
    page.print(explanation_table(explained))
    page.print()
    pillars = sorted(explained.pillars.items(), key=lambda pillar: pillar[1])
    page.print("By pillar, of 100 each: " + ", ".join(f"{escape(name)} {score:.0f}" for name, score in pillars))
    page.print(f"Known of this customer: {explained.coverage:.0%} of the weights.")
    page.print(ASSOCIATION)


def answer_tracking(tracked: Tracked, *, as_json: bool) -> None:
    """Print where MLflow has the run."""
    if as_json:
        answer_json(asdict(tracked))
        return
    before = " (it was there already)" if tracked.already else ""
    results().print(f"MLflow run {tracked.run_id}{before}; to look at it: [bold]{_how_to_look()}[/]", soft_wrap=True)


def _print_formula(page: Console, weights: WeightsFile, evaluation: Mapping[str, Any] | None) -> None:
    page.print(f"\n[bold]{escape(weights.label or weights.name)}[/]  {_whence(weights)}")
    page.print()
    page.print(weights_table(weights))
    page.print()
    weightless = weights.training.get("weightless") or []
    if weightless:
        page.print(f"No weight: {escape(', '.join(map(str, weightless)))}")
    page.print(HOW_TO_READ)
    if weights.formula.link is not None:
        page.print(ASSOCIATION)
    if evaluation is not None:
        page.print()
        page.print(figures_table(evaluation))
    if weights.formula.bands:
        page.print()
        page.print(bands_table(weights.formula, evaluation["bands"] if evaluation else []))
    for rule in weights.formula.rules:
        page.print(f"Rule: {escape(str(rule.when))} → {escape(rule.band)} ({escape(rule.because)})")


def _whence(weights: WeightsFile) -> str:
    training = weights.training
    learned = ""
    if "rows" in training and "churn_rate" in training:
        learned = f"learned from {training['rows']:,} rows, {training['churn_rate']:.1%} churned; "
    return escape(f"{learned}digest {weights.digest[:12]}")


def _evaluation_beside(path: Path, weights: WeightsFile) -> Mapping[str, Any] | None:
    """Return the evaluation that lies beside a weights file of the same calibration, None where there is none."""
    beside = (path if path.is_dir() else path.parent) / "evaluation.json"
    try:
        found = json.loads(beside.read_bytes())
        same = found["choices"]["evaluated_formula"] == weights.training["evaluated_formula"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if same else None


def _how_to_look() -> str:
    from chs_ml.tracking.address import resolve, shown

    address = shown(resolve(None))
    return escape(address if address.startswith("http") else f"{SEE_IN_MLFLOW} {address}")


def _weights(weights: WeightsFile) -> list[dict[str, Any]]:
    return [
        {"term": term.key, "pillar": term.pillar, "direction": term.direction, "weight": term.weight}
        for term in weights.formula.terms
    ]
