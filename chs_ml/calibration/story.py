"""Calibrate: from a spec to a weights file that anyone can check."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from chs_ml.calibration.anchoring import anchor_notes
from chs_ml.calibration.certainty import against_in_the_formula, against_their_direction
from chs_ml.calibration.cuts import bands_left_out
from chs_ml.calibration.draft import draft, learned_from
from chs_ml.calibration.judging import judge
from chs_ml.calibration.papers import weights_of
from chs_ml.calibration.rows import baseline_note, sample_of, settings_of, split
from chs_ml.calibration.run_directory import check_target, write_run
from chs_ml.calibration.spec_file import spec_text
from chs_ml.calibration.splitting import against_on_a_side, splits_let_go
from chs_ml.errors import TrackingError
from chs_ml.evaluate import Evaluation
from chs_ml.explain.pictures import pictures_of
from chs_ml.export.csv import to_csv
from chs_ml.export.json import to_json
from chs_ml.fit.learning import refit
from chs_ml.formula import Formula, WeightsFile
from chs_ml.history.checks import doubts
from chs_ml.history.panel import load_panel
from chs_ml.spec import CalibrationSpec, load_spec

Progress = Callable[[str, int, int], None]
Note = Callable[[str], None]


@dataclass(frozen=True)
class Calibration:
    """A finished calibration: the formula, its file, what was measured, and where everything is.

    run_id: of the MLflow run; None where it was not tracked, and then ``not_tracked`` says why (None: not asked for).
    notes: what was read in a way worth saying.
    """

    weights: WeightsFile
    evaluation: Evaluation
    directory: Path
    run_id: str | None = None
    not_tracked: TrackingError | None = None
    notes: tuple[str, ...] = ()

    @property
    def formula(self) -> Formula:
        """The learned formula."""
        return self.weights.formula


def calibrate(
    spec: str | Path | CalibrationSpec,
    directory: str | Path | None = None,
    *,
    track: bool = True,
    progress: Progress = lambda what, done, total: None,
    note: Note = lambda text: None,
) -> Calibration:
    """Learn a formula as the spec says, judge it on rows it has not seen, and write the run directory.

    directory: default ``runs/<name>``. The figures are of a formula learned from training rows only; the one that is
    shipped is refitted on all rows with every choice frozen. Tracking comes last and never costs a result.
    note: told what takes long in tracking.

    Raises:
        SpecError, DataError, FitError, OutputError: for what cannot be done; nothing is left half-written.
    """
    said = spec if isinstance(spec, CalibrationSpec) else load_spec(spec)
    target = Path(directory) if directory is not None else Path("runs") / said.name
    check_target(target)
    progress("reading", 0, 1)
    panel = load_panel(said)
    progress("reading", 1, 1)
    known = panel.known()
    parts = split(known, said)

    learned = learned_from(parts.training, said, settings_of(said), progress)
    trial = draft(learned, parts.training, said)
    evaluation = judge(trial, parts.holdout, panel, said, progress)

    progress("fitting all rows", 0, 1)
    shipped = draft(refit(sample_of(known, said, shipped=True), learned.choice), known, said)
    weights = weights_of(shipped, trial, evaluation, said)
    progress("fitting all rows", 1, 1)

    write_run(target, _files(weights, evaluation, spec_text(said, target)))
    notes = (*panel.notes, *map(str, doubts(known)), *against_their_direction(learned.choice))
    notes += (*against_in_the_formula(shipped.formula, shipped.learned), *against_on_a_side(shipped))
    notes += tuple(bands_left_out(shipped.formula, said))
    notes += (*anchor_notes(learned.choice, parts.training, said), *splits_let_go(parts.training, said))
    notes += tuple(filter(None, [baseline_note(said)]))
    done = Calibration(weights, evaluation, target, notes=notes)
    return tracked(done, progress, note) if track else done


def tracked(
    done: Calibration,
    progress: Progress = lambda what, done, total: None,
    note: Note = lambda text: None,
) -> Calibration:
    """Send a finished calibration to MLflow; where that cannot be done, ``not_tracked`` of the answer says why."""
    from chs_ml.tracking import track_run

    progress("tracking", 0, 1)
    try:
        sent = replace(done, run_id=track_run(done.directory, note=note).run_id)
    except TrackingError as error:
        sent = replace(done, not_tracked=error)
    progress("tracking", 1, 1)
    return sent


def _files(weights: WeightsFile, evaluation: Evaluation, spec: str) -> dict[str, bytes]:
    text = to_json(weights)
    WeightsFile.loads(text, "weights.json, not yet written")  # what nobody could read again is not a result
    texts = {
        "weights.json": text,
        "weights.csv": to_csv(weights),
        "evaluation.json": json.dumps(evaluation.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "spec.yaml": spec,
        **{f"figures/{name}.svg": svg for name, svg in pictures_of(weights, evaluation.as_dict()).items()},
    }
    return {name: text.encode() for name, text in texts.items()}
