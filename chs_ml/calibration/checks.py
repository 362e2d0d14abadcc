"""What `chs-ml check` answers of a whole calibration: the table, and what the spec wants of it besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from chs_ml.calibration.anchoring import anchor_of, earlier_of
from chs_ml.calibration.classes import check_classes
from chs_ml.calibration.pasts import idle_factors, unknown_pasts
from chs_ml.calibration.rows import check_fixed_splits, formula_today, settings_of, split
from chs_ml.calibration.splitting import splits_let_go
from chs_ml.calibration.weighting import row_weights
from chs_ml.errors import ChsError, DataError
from chs_ml.history import checks
from chs_ml.history.checks import Examination
from chs_ml.history.findings import Finding, error, warning
from chs_ml.history.panel import Panel
from chs_ml.spec import CalibrationSpec


def examine(spec: CalibrationSpec) -> Examination:
    """Return what was understood of the table, and everything that would stop a calibration or make it doubtful."""
    found = checks.examine(spec)
    more = [*_refusals("bad-baseline", lambda: formula_today(spec))]
    try:
        training = None if found.panel is None else split(found.panel, spec).training
    except DataError as refused:
        training, more = None, [*more, *_errors("empty-part", refused)]
    more += _of_the_anchor(training, spec)
    if training is not None:
        more += _refusals("bad-split", lambda: check_fixed_splits(training, spec, settings_of(spec)))
        more += _refusals("row-weights", lambda: check_classes(training, row_weights(training, spec), spec))
    return replace(found, findings=(*found.findings, *more))


def _of_the_anchor(training: Panel | None, spec: CalibrationSpec) -> Iterator[Finding]:
    """What is wrong with the anchor, as far as the rows that are learned from could be read."""
    try:
        earlier = earlier_of(spec)
    except ChsError as refused:
        yield from _errors("bad-anchor", refused)
        return
    if earlier is None:
        return
    if training is None:
        yield from _errors("bad-anchor", DataError(*unknown_pasts(earlier.weights, spec)))
    else:
        wrong = _refusals("bad-anchor", lambda: anchor_of(training, spec))
        yield from wrong
        for note in [] if wrong else splits_let_go(training, spec):
            yield warning("anchor-note", note, "Nothing has to be done; splits are searched for anew")
    for note in (*earlier.weights.notes, *idle_factors(earlier.weights, spec)):
        yield warning("anchor-note", *_parted(note))


def _refusals(code: str, done: Callable[[], object]) -> list[Finding]:
    try:
        done()
    except ChsError as refused:
        return [*_errors(code, refused)]
    return []


def _errors(code: str, refused: ChsError) -> Iterator[Finding]:
    for problem in refused.problems:
        yield error(code, *_parted(problem))


def _parted(problem: str) -> tuple[str, str]:
    """Return what was found, and the remedy: the last sentence, where there are two."""
    found, _, remedy = problem.rstrip(".").rpartition(". ")
    return (found, remedy) if found else (remedy, "Correct it")
