"""Values that a spec names and that never occur, and cutoffs of which the history knows nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from chs_ml.history.asof.names import as_text_of, held_in, marked
from chs_ml.history.asof.query import measured
from chs_ml.history.asof.rows import by_table
from chs_ml.history.asof.sound import newest_day
from chs_ml.history.asof.staging import Staged
from chs_ml.history.asof.tree import quoted
from chs_ml.history.findings import Finding, warning
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.history import History
from chs_ml.spec.nearest import nearest

MOST_NAMED = 1000
LONG = 31
"""Days after the newest row from which a cutoff mostly measures that nothing was recorded."""


def unheard_values(staged: Staged, spec: CalibrationSpec) -> Iterator[Finding]:
    """Give a warning for each value of a `where` or `exclude` that no row has."""
    history = spec.history
    if history is None:
        return
    for name, measures in by_table(measured(spec), history).items():
        for measure in measures:
            for column, values in measure.where.items():
                yield from _unheard(staged, (name, column), values, f"metric {measure.name!r}")
    for column, named in (history.eligible.exclude.where or {}).items():
        yield from _unheard(staged, ("accounts", column), named, "eligible.exclude")


def _unheard(staged: Staged, where: tuple[str, str], values: Sequence[str], who: str) -> Iterator[Finding]:
    table, column = where
    text, rows = quoted(marked(as_text_of(column))), quoted(marked(held_in(table)))
    found = staged.rows_of(f"SELECT DISTINCT {text} FROM {rows} WHERE {text} IS NOT NULL LIMIT {MOST_NAMED}")  # noqa: S608
    there = {str(value) for (value,) in found}
    for value in values:
        if value not in there and len(there) < MOST_NAMED:
            said = f"{table}: no row has {column} {value!r}, which {who} names"
            yield warning("no-such-value", said, nearest(value, sorted(there)).rstrip("."))


def after_the_data(staged: Staged, history: History, days: Sequence[date]) -> Iterator[Finding]:
    """Give a warning where a cutoff lies long after the newest row."""
    newest = newest_day(staged, history)
    late = (max(days) - newest).days if days else 0
    if late > LONG:
        said = (
            f"the cutoff {max(days)} lies {late:,} days after the newest row ({newest}): silence counts as inactivity"
        )
        yield warning("after-the-data", said, "Load newer rows, or take an earlier cutoff")
