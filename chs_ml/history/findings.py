"""What is wrong with a table, said so that it can be mended: where, what was found, the rule, the remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chs_ml.errors import DataError

MAX_SHOWN = 5
"""Places named per problem; the rest is counted."""
MAX_FINDINGS = 50
"""Problems listed in one error; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem of a table. Customer ids never stand in it: they are personal data."""

    code: str
    severity: Literal["error", "warning"]
    metric: str | None
    evidence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.evidence}. {self.remedy}" + ("" if self.remedy.endswith("?") else ".")


class TableError(DataError):
    """A table that cannot be used; ``findings`` has every problem."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        shown = [str(finding) for finding in findings[:MAX_FINDINGS]]
        more = len(findings) - len(shown)
        super().__init__(*shown, *([f"and {more} more problems."] if more else []))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Rows of one column that break one rule; becomes a Finding once their lines are known.

    rows: the first few, counted from 0 in the file's order. shown: their values, None where they are private.
    """

    code: str
    column: str
    rows: tuple[int, ...]
    total: int
    shown: tuple[str, ...] | None
    rule: str
    remedy: str

    def later_by(self, rows: int) -> Trouble:
        """The same trouble, in a batch that begins so many rows into the file."""
        return replace(self, rows=tuple(row + rows for row in self.rows))

    def joined(self, other: Trouble) -> Trouble:
        """Both troubles of the same kind as one."""
        shown = None if self.shown is None or other.shown is None else (self.shown + other.shown)[:MAX_SHOWN]
        return replace(self, rows=(self.rows + other.rows)[:MAX_SHOWN], total=self.total + other.total, shown=shown)


def error(code: str, evidence: str, remedy: str, metric: str | None = None) -> Finding:
    """A finding that stops the work."""
    return Finding(code, "error", metric, evidence, remedy)


def warning(code: str, evidence: str, remedy: str, metric: str | None = None) -> Finding:
    """A finding that is shown and does not stop the work."""
    return Finding(code, "warning", metric, evidence, remedy)


def trouble(
    column: str, rows: NDArray[np.intp], values: Mapping[int, object] | None, rule: tuple[str, str, str]
) -> Trouble:
    """The first of ``rows`` and their ``values`` (all of them, or None: private); rule: (code, rule, remedy)."""
    first = rows[:MAX_SHOWN]
    shown = None if values is None else tuple(_short(values[row]) for row in first.tolist())
    code, must, remedy = rule
    return Trouble(code, column, tuple(first.tolist()), len(rows), shown, must, remedy)


def described(troubles: Sequence[Trouble], file: str, locate: Callable[[Sequence[int]], list[str]]) -> list[Finding]:
    """The troubles with their places in the file, found in one pass over it."""
    rows = sorted({row for one in troubles for row in one.rows})
    places = dict(zip(rows, locate(rows), strict=True)) if rows else {}
    return [_finding(one, file, [places[row] for row in one.rows]) for one in troubles]


def _finding(one: Trouble, file: str, places: list[str]) -> Finding:
    if one.shown is None:
        found = ", ".join(places)
    else:
        found = ", ".join(f"{place} has {value}" for place, value in zip(places, one.shown, strict=True))
    more = f" and {one.total - len(places):,} more" if one.total > len(places) else ""
    return error(one.code, f"{file}: column {one.column!r}: {found}{more}; {one.rule}", one.remedy, one.column)


def _short(value: object) -> str:
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 40 else text[:38] + "…'"
