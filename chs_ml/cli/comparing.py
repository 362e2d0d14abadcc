"""Another scorer's answers beside the formula's: for a table, for the rows in which they stand, or for the vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.cli.given import (
    DAYS,
    NAMED,
    Given,
    Layout,
    answers_in,
    batches_of_given,
    check_ids,
    keys_of,
    layout_of,
    read_given,
    stale_in,
)
from chs_ml.cli.oddities import Oddities
from chs_ml.cli.reading import CUSTOMER, CUTOFF, Columns, Form, batches_of
from chs_ml.errors import DataError
from chs_ml.export.evidence import mean_health
from chs_ml.export.verify import NUMBERS, Batch, Cause, Scorer, Tally, likely_causes, rows_of_vectors
from chs_ml.export.verify.answers import Answers, half_a_digit, rounded_to
from chs_ml.export.verify.vector_ids import ID, why_not_in_csv
from chs_ml.formula import WeightsFile
from chs_ml.formula.edges import frame_of
from chs_ml.formula.frames import Columns as Frame
from chs_ml.history.sources import open_table

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Asked:
    """What the user asked. named: columns of SCORES. rounded: numbers are compared as far as SCORES shows them."""

    scores: Path
    table: Path | None
    columns: Columns
    named: Mapping[str, str] = field(default_factory=dict)
    rounded: bool = False
    listed: int = 0


@dataclass
class Verified:
    """What was found.

    kind: what was compared, rows or vectors. digits: to which columns were compared, where asked. missing: rows of the
    table (or vectors) without an answer. unknown: customers of SCORES that nobody asked for. again_…: rows whose
    customer stood in an earlier one. left_out: vectors that were not asked, by the reason. digests: rows by the formula
    that they say they are of. notes: what ``chs-ml score`` says of such a table. causes were looked for in looked_at of
    the rows that differ, and leave some unexplained.
    """

    kind: str
    tally: Tally
    digits: dict[str, int]
    missing: int = 0
    unknown: int = 0
    again_in_scores: int = 0
    again_in_table: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    digests: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    unexplained: int = 0
    looked_at: int = 0

    @property
    def equal(self) -> bool:
        """Whether every row was answered, once, and right."""
        return not (self.tally.differ or self.missing or self.unknown or self.again_in_scores or self.again_in_table)


def verify_scores(weights: WeightsFile, asked: Asked, progress: Progress) -> Verified:
    """Compare SCORES with what the formula answers; DataError for tables that cannot be read or do not meet."""
    form = Form() if asked.table is not None else asked.columns.form.else_as_in_training(weights)
    _refuse_strangers(weights, asked)
    layout = layout_of(weights, asked.scores, asked.named, form, asked.columns.customer)
    digits = _digits(asked.scores, layout) if asked.rounded else {}
    tally = Tally(weights.formula, {name: half_a_digit(shown) for name, shown in digits.items()}, asked.listed)
    way = _against_table if asked.table is not None else _beside if _has_metrics(weights, asked, layout) else _vectors
    found = way(weights, asked, layout, Verified("", tally, digits), progress)
    if not tally.rows:
        raise DataError(f"{asked.scores.name}: not one of its customers is among those to compare with, so nothing was "
                        "compared. Is it made of this table, and is --customer right?")  # fmt: skip
    sample = tally.sample()
    if sample is not None:
        progress("looking for the cause", 0, 1)
        average, found.looked_at = mean_health(weights), int(sample.differ.sum())
        found.causes, found.unexplained = likely_causes(weights.formula, sample, tally.tolerance, average)
        found.causes = [*_of_another_formula(weights, found), *found.causes]
    return found


def _of_another_formula(weights: WeightsFile, found: Verified) -> list[Cause]:
    if not found.tally.stale:
        return []
    others = [digest for digest in found.digests if digest != weights.digest]
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return [Cause(f"another formula made them (digest {others[0][:12]}…{more})", found.tally.stale, found.tally.differ)]


def _refuse_strangers(weights: WeightsFile, asked: Asked) -> None:
    """DataError for what ``--map`` names and neither the formula nor a scorer's output has."""
    known = ", ".join(map(repr, (*NAMED, *weights.formula.metrics)))
    strangers = [name for name in asked.columns.names if name not in weights.formula.metrics]
    if strangers:
        raise DataError(*(f"--map {name}: there is no such metric and no such answer; there are: {known}."
                          for name in strangers))  # fmt: skip


def _digits(scores: Path, layout: Layout) -> dict[str, int]:
    """Return how many digits each column of numbers shows; one that shows more than eight is left out."""
    shown: dict[str, int | None] = {name: 0 for name in layout.answers if name in NUMBERS}
    for batch in batches_of_given(scores, layout):
        for name, most in shown.items():
            column = np.asarray(batch[layout.answers[name]].to_numpy(zero_copy_only=False), dtype=np.float64)
            here = None if most is None else rounded_to(column)
            shown[name] = None if most is None or here is None else max(most, here)
    return {name: most for name, most in shown.items() if most is not None}


def _has_metrics(weights: WeightsFile, asked: Asked, layout: Layout) -> bool:
    both = sorted(
        {*layout.answers.values()} & {asked.columns.names.get(name, name) for name in weights.formula.metrics}
    )
    if both:
        raise DataError(
            f"{asked.scores.name}: column {both[0]!r} is an answer, and a metric of the formula is called so too. "
            "Give the metrics apart: --table TABLE"
        )
    there = [asked.columns.names.get(metric, metric) in layout.columns for metric in weights.formula.metrics]
    return all(there) or (asked.columns.allow_absent and any(there))


def _against_table(weights: WeightsFile, asked: Asked, layout: Layout, found: Verified, progress: Progress) -> Verified:
    table, scorer, before = asked.table, Scorer(weights.formula), 0
    if table is None:
        raise DataError("verify: no table to compare with.")
    dated = layout.day is not None and _cutoff_of(weights, table) is not None
    given, odd = _read(weights, asked, layout, dated, progress), Oddities(weights.formula)
    for batch in batches_of(weights, table, asked.columns):
        odd.count(batch, None)
        ids, days = _ids(batch, before), batch[CUTOFF] if dated and CUTOFF in batch.schema.names else None
        before += len(batch)
        fresh, rows, absent = given.find(keys_of(ids, days))
        found.missing += int(absent.sum())
        frame = Frame(batch.filter(pa.array(fresh)), allow_absent=asked.columns.allow_absent)
        if fresh.any():
            right, shown = scorer.answers(frame), ids.filter(pa.array(fresh)).to_pylist()
            found.tally.add(frame, Batch(given.answers.only(rows), right, rows + 1, shown, given.stale[rows]))
        progress("comparing", min(before, len(given)), len(given))
    found.kind, found.notes = "row", [*odd.notes()]
    return _counted(found, given)


def _beside(weights: WeightsFile, asked: Asked, layout: Layout, found: Verified, progress: Progress) -> Verified:
    """Compare answers with the metrics that stand in the same row."""
    scorer, odd, before = Scorer(weights.formula), Oddities(weights.formula), 0
    for own, batch in _pairs(weights, asked, layout):
        odd.count(batch, None)
        frame = Frame(batch, allow_absent=asked.columns.allow_absent)
        given, numbered = answers_in(weights, layout, own), before + 1 + np.arange(len(batch))
        ids = None if layout.customer is None else own[layout.customer].to_pylist()
        found.tally.add(
            frame, Batch(given, scorer.answers(frame), numbered, ids, stale_in(own, layout, weights.digest))
        )
        before += len(batch)
        progress("comparing", before, before + len(batch))
        if layout.digest is not None:
            for entry in pc.value_counts(own[layout.digest].drop_null()).to_pylist():
                found.digests[entry["values"]] += entry["counts"]
    if not before:
        raise DataError(f"{asked.scores.name}: no rows below the header; there is nothing to verify.")
    found.kind, found.notes = "row", [*odd.notes()]
    return found


def _pairs(weights: WeightsFile, asked: Asked, layout: Layout) -> Any:
    """Give batches of answers and of metrics, which are cut at the same rows."""
    columns = replace(asked.columns, customer=layout.customer, form=layout.form)
    without_ids = replace(weights, customer=None)  # which nobody needs where both stand in one row
    yield from zip(batches_of_given(asked.scores, layout), batches_of(without_ids, asked.scores, columns), strict=True)


def _vectors(weights: WeightsFile, asked: Asked, layout: Layout, found: Verified, progress: Progress) -> Verified:
    """Compare answers to the vectors of the weights file, which stand under their names."""
    given = _read(weights, asked, layout, False, progress)
    rows = rows_of_vectors(weights)
    ids = pa.array([*rows])
    fresh, at, absent = given.find(keys_of(ids))
    if not fresh.any():
        raise _no_vectors(weights, asked, layout)
    chosen = [row for row, here in zip(rows.values(), fresh, strict=True) if here]
    frame = Frame(frame_of(chosen))
    right: Answers = Scorer(weights.formula).answers(frame)
    found.tally.add(
        frame,
        Batch(
            given.answers.only(at),
            right,
            at + 1,
            [name for name, here in zip(rows, fresh, strict=True) if here],
            given.stale[at],
        ),
    )
    found.kind, found.missing = "vector", int(absent.sum())
    found.left_out = Counter(why for vector in weights.vectors if (why := why_not_in_csv(vector)) is not None)
    return _counted(found, given)


def _no_vectors(weights: WeightsFile, asked: Asked, layout: Layout) -> DataError:
    column = layout.customer
    first = next(iter(batches_of_given(asked.scores, layout)))[column]
    if any(ID.fullmatch(text or "") for text in first[:1000].to_pylist()):
        return DataError(f"{asked.scores.name}: it answers vectors of another formula. Export them again: "
                         "chs-ml export WEIGHTS vectors -o vectors.csv")  # fmt: skip
    absent = [metric for metric in weights.formula.metrics
              if asked.columns.names.get(metric, metric) not in layout.columns]  # fmt: skip
    return DataError(
        f"{asked.scores.name}: nothing to compare with: no --table, {len(absent)} of {len(weights.formula.metrics)} "
        f"metrics do not stand beside the answers (the first: {absent[0]!r}), and its ids are no vectors'. Give the "
        "table that it was made of (--table), or let the scorer answer the vectors: chs-ml export WEIGHTS vectors"
    )


def _read(weights: WeightsFile, asked: Asked, layout: Layout, dated: bool, progress: Progress) -> Given:
    rows = 0

    def on_rows(more: int) -> None:
        nonlocal rows
        rows += more
        progress("reading the answers", rows, rows + more)

    return read_given(weights, asked.scores, layout, dated=dated, on_rows=on_rows)


def _counted(found: Verified, given: Given) -> Verified:
    found.unknown, found.digests = given.unknown, given.digests
    found.again_in_scores, found.again_in_table = given.repeated, given.again
    return found


def _cutoff_of(weights: WeightsFile, table: Path) -> str | None:
    named = weights.training.get("cutoff")
    days = (named, *DAYS[1:]) if isinstance(named, str) else DAYS[1:]
    there = open_table(table).columns
    return next((day for day in days if day in there), None)


def _ids(batch: pa.RecordBatch, before: int) -> pa.Array:
    """Return the ids; where the table has none, as ``chs-ml score`` numbers its rows."""
    if CUSTOMER in batch.schema.names:
        check_ids(batch[CUSTOMER], before, "TABLE")
        return batch[CUSTOMER]
    return pa.array([str(before + at + 1) for at in range(len(batch))])
