"""How each command ends: what it answers on stdout, for people or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from chs_ml.cli.beside import evaluation_beside
from chs_ml.cli.by_segment import print_by_segment, print_interventions
from chs_ml.cli.plain import cell
from chs_ml.cli.tables import bands_table, explanation_table, figures_table, fits, print_beside
from chs_ml.cli.talk import answer_json, results, say
from chs_ml.cli.weight_tables import formula_tables
from chs_ml.errors import FormulaError
from chs_ml.explain.alone import alone_of, differences_in_words
from chs_ml.explain.anchored import anchor_in_words
from chs_ml.explain.customer import ELSEWHERE, explain_row, training_line
from chs_ml.explain.impact import ASSOCIATION
from chs_ml.explain.sureness import Sureness, doubts_of, nothing_is_evident, sureness_in_words, sureness_of
from chs_ml.export.evidence import is_number
from chs_ml.export.splits import splits_in_words
from chs_ml.formula import Term, WeightsFile

if TYPE_CHECKING:
    import pyarrow as pa

    from chs_ml.calibration import Calibration
    from chs_ml.tracking import Tracked

HOW_TO_READ = (
    "+ more is healthier, - less is healthier, ± from the worst to the best. Churn: of the average customer at the "
    "first value → at the last. All: that change over all customers, percentage points. Odds: the ratio of churn odds."
)
TRIAL = (
    "Figures are of the formula learned without the customers held out (the trial); the one shipped is fitted again on "
    "all rows with every choice kept."
)
MOVES = (
    "Score = 100 × Σ weight × health, which goes from 0 to 1 along the metric's curve. Moves: points that typically "
    "separate two customers on this action; few where nearly all are alike."
)
NOTHING_EVIDENT = "No metric here has evidence that it tells who leaves from who stays"
DOES_NOT_APPLY = (
    "Where a condition does not hold, the action stands at the average of those whom it is about, and says nothing."
)
SIDES = "An action with a condition in brackets counts where that holds; '(elsewhere)' is its other side."
MOST_WRAPPED = 0.25
"""Of the rows of the one table; beyond that two narrower ones read better."""
ALONE = "Alone: that ratio by itself, the others as they happen to be."


def read_weights(path: Path, *, quiet: bool = False) -> WeightsFile:
    """Return the weights file at the path, or in the run directory there; notes go to stderr."""
    file = path / "weights.json" if path.is_dir() else path
    if not file.exists():
        raise FormulaError(f"{path}: there is no weights file here. Give weights.json, or the folder of a run.")
    weights = WeightsFile.load(file)
    for note in weights.notes:
        say(f"note: {note}", quiet=quiet)
    return weights


def files_of(weights: Path) -> list[Path]:
    """Return the weights file, and whatever else belongs to the finished run that it lies in: none may be lost."""
    run = weights if weights.is_dir() else weights.parent
    kept = [path for path in run.rglob("*") if path.is_file()] if (run / "manifest.json").is_file() else []
    return [run / "weights.json" if weights.is_dir() else weights, *kept]


def answer_calibration(done: Calibration, *, quiet: bool) -> None:
    """Print what was learned, how it did, and where the files are."""
    for note in done.notes:
        say(f"note: {note}", quiet=quiet)
    page = results()
    _print_formula(page, done.weights, done.evaluation.as_dict())
    page.print(Text.assemble("\nFiles in ", cell(str(done.directory), "bold"), ": ", ", ".join(_files(done))))


def answer_calibration_json(done: Calibration, *, quiet: bool) -> None:
    """Print the same, and the MLflow run, as one object."""
    for note in done.notes:
        say(f"note: {note}", quiet=quiet)
    where = {"directory": str(done.directory), "files": _files(done), "run_id": done.run_id}
    learned = {"digest": done.weights.digest, "weights": _weights(done.weights)}
    answer_json({**where, **learned, "evaluation": done.evaluation.as_dict()})


def answer_show(weights: WeightsFile, path: Path, *, as_json: bool, quiet: bool = False) -> None:
    """Print the formula as people read it."""
    if as_json:
        answer_json(json.loads(weights.dumps()))
    else:
        _print_formula(results(), weights, evaluation_beside(path, weights, quiet=quiet))


def answer_explanation(weights: WeightsFile, row: pa.RecordBatch, customer: str, *, as_json: bool) -> None:
    """Print one customer's score term by term."""
    explained = explain_row(weights, row)
    if as_json:
        answer_json({"customer": customer, **asdict(explained)})
        return
    page = results()
    band = "" if explained.band is None else f", {explained.band}"
    churn = "" if explained.churn_probability is None else f", churn probability {explained.churn_probability:.1%}"
    page.print(Text.assemble(cell(customer, "bold"), f": score {explained.score:.1f}", cell(band), churn))
    if explained.not_scored_because:
        page.print(cell(f"not scored: {explained.not_scored_because}"))
    elif explained.band != explained.band_by_score:
        page.print(cell(f"a rule set the band; by score alone it is {explained.band_by_score}"))
    page.print()
    page.print(explanation_table(explained))
    if any(part.value == ELSEWHERE for part in explained.parts):
        page.print(DOES_NOT_APPLY)
    page.print()
    pillars = sorted(explained.pillars.items(), key=lambda pillar: pillar[1])
    page.print(cell("By pillar, of 100 each: " + ", ".join(f"{name} {score:.0f}" for name, score in pillars)))
    page.print(f"Known of this customer: {explained.coverage:.0%} of the weights.")
    page.print(ASSOCIATION)


def answer_tracking(tracked: Tracked, *, as_json: bool) -> None:
    """Print where MLflow has the run."""
    if as_json:
        answer_json(asdict(tracked))
        return
    answer_run(tracked.run_id, " (it was there already)" if tracked.already else "")


def answer_run(run_id: str, before: str = "") -> None:
    """Print the MLflow run, where the store is, and how to look at it."""
    from chs_ml.cli.looking import where_to_look

    store, command = where_to_look()
    text = Text.assemble(f"MLflow run {run_id}{before} in ", cell(store))
    if command is not None:
        text.append_text(Text.assemble("; to look at it:\n  ", cell(command, "bold")))
    results().print(text, soft_wrap=True)


def _print_formula(page: Console, weights: WeightsFile, evaluation: Mapping[str, Any] | None) -> None:
    page.print(Text.assemble("\n", cell(weights.label or weights.name, "bold"), "  ", cell(_whence(weights))))
    if nothing_is_evident(weights):
        page.print(Text.assemble("\n", cell(_nothing_evident(evaluation), "bold")))
    _print_terms(page, weights)
    splits = splits_in_words(weights)
    if splits:
        page.print()
    for heading, sentences in splits:
        page.print(cell(f"{heading}:", "bold"))
        for sentence in sentences:
            page.print(Padding(cell(sentence), (0, 0, 0, 2)))
    for doubt in doubts_of(weights):
        page.print(cell(f"Note: {doubt}"))
    figures = [] if evaluation is None else [figures_table(evaluation)]
    bands = [bands_table(weights.formula, evaluation["bands"] if evaluation else [])] if weights.formula.bands else []
    print_beside(page, *figures, *bands)
    if evaluation is not None:
        page.print(TRIAL)
    for rule in weights.formula.rules:
        page.print(cell(f"Rule: {rule.when} → {rule.band} ({rule.because})"))
    if evaluation is not None:
        print_by_segment(page, evaluation)
        print_interventions(page, evaluation)


def _print_terms(page: Console, weights: WeightsFile) -> None:
    """Print weights and impacts, and how to read them: one table where the page is wide enough, else two."""
    weighing, impact, both = formula_tables(weights)
    sides = [SIDES] if any(term.when for term in weights.formula.terms) else []
    below_weights = [*sureness_in_words(weights), *anchor_in_words(weights), *sides, MOVES]
    below_impact = _impact_in_words(weights)
    wide = fits(page, both, MOST_WRAPPED)
    tables = [(both, [*below_weights, *below_impact])] if wide else [(weighing, below_weights), (impact, below_impact)]
    for table, below in tables:
        page.print()
        page.print(table)
        page.print()
        for line in below:
            page.print(cell(line))


def _nothing_evident(evaluation: Mapping[str, Any] | None) -> str:
    """Return that no weight rests on evidence, with the AUC on the holdout where there is an interval of it."""
    holdout = evaluation["holdout"] if evaluation else {}
    around = (holdout.get("uncertainty") or {}).get("auc") or {}
    found = [value for value in (holdout.get("auc"), around.get("low"), around.get("high")) if is_number(value)]
    if len(found) < 3:
        return f"{NOTHING_EVIDENT}."
    told = "{:.2f} (95 % interval {:.2f} to {:.2f}; 0.5 is chance)".format(*found)
    return f"{NOTHING_EVIDENT}. On customers held out the formula's AUC is {told}."


def _impact_in_words(weights: WeightsFile) -> list[str]:
    """Return how the impacts are read, and where a metric by itself says something else."""
    if weights.formula.link is None:
        return []
    alone = any(map(alone_of, weights.evidence))
    return [f"{HOW_TO_READ} {ALONE}" if alone else HOW_TO_READ, ASSOCIATION, *differences_in_words(weights)]


def _whence(weights: WeightsFile) -> str:
    return "; ".join(filter(None, (training_line(weights), f"digest {weights.digest[:12]}")))


def _files(done: Calibration) -> list[str]:
    return sorted(file.relative_to(done.directory).as_posix() for file in done.directory.rglob("*") if file.is_file())


def _weights(weights: WeightsFile) -> list[dict[str, Any]]:
    sure = sureness_of(weights)
    return [_weight(term, sure[term.key]) for term in weights.formula.terms]


def _weight(term: Term, sure: Sureness) -> dict[str, Any]:
    low, high = sure.interval or (None, None)
    about = {"term": term.key, "pillar": term.pillar, "direction": term.direction}
    return {
        **about,
        "weight": term.weight,
        "low": low,
        "high": high,
        "verdict": sure.verdict or None,
        "separates": sure.separates,
    }
