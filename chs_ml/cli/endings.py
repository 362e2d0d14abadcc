"""How each command ends: what it answers on stdout, for people or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from chs_ml.cli.talk import answer_json, results, say
from chs_ml.errors import DataError, FormulaError
from chs_ml.formula import WeightsFile

if TYPE_CHECKING:
    import pyarrow as pa

    from chs_ml.calibration import Calibration
    from chs_ml.cli.scoring import Columns


def read_weights(path: Path) -> WeightsFile:
    """Return the weights file at the path, or in the run directory there; notes go to stderr."""
    file = path / "weights.json" if path.is_dir() else path
    if not file.exists():
        raise FormulaError(f"{path}: there is no weights file here. Give weights.json, or a run directory that has one.")
    weights = WeightsFile.load(file)
    for note in weights.notes:
        say(f"note: {note}")
    return weights


def answer_calibration(done: Calibration, *, as_json: bool, quiet: bool) -> None:
    """Print what was learned, how it did, and where the files are."""
    evaluation = done.evaluation.as_dict()
    if as_json:
        files = sorted(str(file.relative_to(done.directory)) for file in done.directory.rglob("*") if file.is_file())
        where = {"directory": str(done.directory), "files": files, "run_id": done.run_id}
        answer_json({**where, "digest": done.weights.digest, "weights": _weights(done.weights), "evaluation": evaluation})
        return
    for note in done.notes:
        say(f"note: {note}", quiet=quiet)
    _print_formula(done.weights, evaluation)
    page = results()
    page.print(f"\nThe run is in [bold]{escape(str(done.directory))}[/]: weights.json, evaluation.json, figures/ …")
    if done.run_id:
        page.print(f"MLflow run {done.run_id}")


def answer_show(weights: WeightsFile, path: Path, *, as_json: bool) -> None:
    """Print the formula as people read it."""
    if as_json:
        answer_json(json.loads(weights.dumps()))
        return
    beside = path / "evaluation.json" if path.is_dir() else path.parent / "evaluation.json"
    evaluation = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else None
    _print_formula(weights, evaluation)


def answer_explanation(weights: WeightsFile, row: pa.RecordBatch, customer: str, *, as_json: bool) -> None:
    """Print one customer's score term by term."""
    from chs_ml.cli.tables import explanation_table
    from chs_ml.explain.customer import explain_row

    explained = explain_row(weights, row)
    if as_json:
        answer_json({"customer": customer, **asdict(explained)})
        return
    page = results()
    churn = "" if explained.churn_probability is None else f", churn probability {explained.churn_probability:.1%}"
    page.print(f"[bold]{escape(customer)}[/]: score {explained.score:.1f}, {escape(explained.band)}{churn}")
    if explained.not_scored_because:
        page.print(f"not scored: {escape(explained.not_scored_because)}")
    elif explained.band != explained.band_by_score:
        page.print(f"a rule set the band; by score alone it is {escape(explained.band_by_score)}")
    page.print(explanation_table(explained))
    page.print("By pillar: " + ", ".join(f"{escape(name)} {score:.0f}" for name, score in explained.pillars.items()))
    page.print(f"Known of this customer: {explained.coverage:.0%} of the weights. {_association()}")


def answer_tracking(tracked: Any, *, as_json: bool) -> None:
    """Print where MLflow has the run."""
    if as_json:
        answer_json(asdict(tracked))
    else:
        results().print(f"MLflow run {tracked.run_id}")


def find_customer(weights: WeightsFile, table: Path, customer: str, columns: Columns) -> pa.RecordBatch:
    """Return the customer's row; the last one, with a note, where there are several. DataError where there is none."""
    import pyarrow.compute as pc

    from chs_ml.cli.scoring import batches_of

    found, rows = None, 0
    for batch in batches_of(weights, table, columns):
        if "\0customer" not in batch.schema.names:
            raise DataError("the formula was learned without an id column; name the table's with --column.")
        here = batch.filter(pc.equal(batch["\0customer"], customer))
        rows += len(here)
        found = here.slice(len(here) - 1) if len(here) else found
    if found is None:
        raise DataError(f"{table.name}: no customer {customer!r}. Ids are compared as text, letter for letter.")
    if rows > 1:
        say(f"note: {rows} rows of this customer; the last one is explained")
    return found


def _print_formula(weights: WeightsFile, evaluation: dict[str, Any] | None) -> None:
    from chs_ml.cli.tables import bands_table, figures_table, weights_table

    page = results()
    page.print(f"[bold]{escape(weights.label or weights.name)}[/]  {_whence(weights)}")
    page.print(weights_table(weights))
    weightless = weights.training.get("weightless") or []
    if weightless:
        page.print(f"No weight: {escape(', '.join(map(str, weightless)))}")
    if evaluation is not None:
        page.print(figures_table(evaluation))
    page.print(bands_table(weights.formula, evaluation["bands"] if evaluation else []))
    for rule in weights.formula.rules:
        page.print(f"Rule: {escape(str(rule.when))} → {escape(rule.band)} ({escape(rule.because)})")
    page.print("score = 100 × Σ weight × health, health 0..1 read off each metric's curve or levels.")
    if weights.formula.link is not None:
        page.print(_association())


def _whence(weights: WeightsFile) -> str:
    training = weights.training
    learned = f"learned from {training['rows']:,} rows, {training['churn_rate']:.1%} churned, " if training else ""
    return escape(f"{learned}digest {weights.digest[:12]}")


def _association() -> str:
    from chs_ml.explain.impact import ASSOCIATION

    return ASSOCIATION


def _weights(weights: WeightsFile) -> list[dict[str, Any]]:
    return [
        {"term": term.key, "pillar": term.pillar, "direction": term.direction, "weight": term.weight}
        for term in weights.formula.terms
    ]
