"""How ``check`` answers: what was understood of the table, then what is wrong with it. 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from chs_ml.cli.plain import cell, visible
from chs_ml.cli.talk import answer_json, results
from chs_ml.errors import SpecError

if TYPE_CHECKING:
    from chs_ml.history.attendance import Attendance
    from chs_ml.history.checks import Examination, Finding
    from chs_ml.history.understanding import ColumnFacts, Understood
    from chs_ml.spec import CalibrationSpec

WIDTH = 80
MEANINGS = ("churned", "retained", "not known yet", "excluded")
DELIMITERS = {"\t": "tab"}
MAX_VALUES = 6


def spec_of(path: Path) -> CalibrationSpec:
    """Return the spec; where it does not load, SpecError says as well that the data was not looked at."""
    from chs_ml.spec import load_spec

    try:
        return load_spec(path)
    except SpecError as error:
        raise SpecError(*error.problems, "the data was not looked at: mend the spec first, then check again.") from None


def answer_examination(found: Examination, *, as_json: bool) -> None:
    """Print what was understood and every finding."""
    if as_json:
        told = None if found.understood is None else as_plain(found.understood)
        answer_json({"understood": told, "findings": [asdict(finding) for finding in found.findings]})
        return
    if found.understood is not None:
        _print_understood(found.understood)
    for finding in found.findings:
        print(_wrapped(f"{finding.severity}  {finding.code}  {finding}"))
    print(verdict(found.findings))


def verdict(findings: Sequence[Finding]) -> str:
    """Return `1 error, 0 warnings`."""
    errors = sum(finding.severity == "error" for finding in findings)
    return f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}"


def counted(count: int, what: str) -> str:
    """Return `1 row`, `2 rows`.

    >>> counted(1, "error"), counted(1200, "row")
    ('1 error', '1,200 rows')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def as_plain(told: Understood) -> dict[str, Any]:
    """Return what was understood as plain values, with the totals that people ask for first."""
    totals = {meaning.replace(" ", "_"): told.rows_of(meaning) for meaning in MEANINGS}
    known = totals["churned"] + totals["retained"]
    return {**asdict(told), **totals, "churn_rate": totals["churned"] / known if known else None}


def _print_understood(told: Understood) -> None:
    for line in (*_table_in_words(told), *_outcomes(told)):
        print(_wrapped(line))
    print()
    if told.attendance:
        results().print(_attendance(told.attendance), width=WIDTH)
        print()
    results().print(_columns(told.columns), width=WIDTH)
    for note in told.notes:
        print(_wrapped(f"note: {note}"))
    print()


def _table_in_words(told: Understood) -> Iterator[str]:
    form = [told.format]
    if told.delimiter:
        form += [f"delimiter {DELIMITERS.get(told.delimiter, repr(told.delimiter))}", f"decimal {told.decimal!r}"]
    form += [told.encoding] if told.encoding else []
    yield f"{told.file}: {', '.join(form)}"
    who = f"id column {told.customer!r}" if told.customer else "no id column: each row is a customer"
    if told.customers is None:
        yield f"{counted(told.rows, 'row')} (id column {told.customer!r} could not be read)"
    else:
        yield f"{counted(told.rows, 'row')}, {counted(told.customers, 'customer')} ({who})"
    if told.cutoff and told.cutoffs:
        first, last, count = told.cutoffs
        yield f"{counted(count, 'cutoff')}, {first} to {last} (column {told.cutoff!r})"


def _outcomes(told: Understood) -> Iterator[str]:
    yield f"outcome {told.outcome!r}:"
    known = told.rows_of("churned") + told.rows_of("retained")
    for meaning, values in told.outcomes.items():
        rows = sum(values.values())
        share = f" ({rows / known:.1%})" if known and meaning in {"churned", "retained"} else ""
        yield f"  {meaning:<14}{rows:>9,}{share:<9}{_values(values)}"
    if not told.outcomes:
        yield "  none could be read"


def _values(values: Mapping[str, int]) -> str:
    named = [f"{value!r} {count:,}" for value, count in [*values.items()][:MAX_VALUES]]
    return "  " + ", ".join(named) + (f" and {len(values) - MAX_VALUES:,} more" if len(values) > MAX_VALUES else "")


def _attendance(told: Sequence[Attendance]) -> Table:
    """Who of the accounts is in the panel, at the last cutoff and at all of them together."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    table.add_column("Customers of accounts")
    several = len(told) > 1
    for heading in (told[-1].cutoff, *([f"all {len(told):,} cutoffs"] if several else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    whole = [told[-1:], *([told] if several else [])]
    rows = {reason: [sum(one.absent[reason] for one in some) for some in whole] for reason in told[-1].absent}
    rows["in the panel"] = [sum(one.in_panel for one in some) for some in whole]
    rows["  of them without an outcome yet"] = [sum(one.no_outcome for one in some) for some in whole]
    rows["altogether"] = [sum(one.customers for one in some) for some in whole]
    for what, counts in rows.items():
        if any(counts):
            table.add_row(what, *(f"{count:,}" for count in counts))
    return table


def _columns(columns: Sequence[ColumnFacts]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    table.add_column("Metric")
    table.add_column("Kind", no_wrap=True)
    table.add_column("Values")
    table.add_column("Missing", justify="right", no_wrap=True)
    for one in columns:
        role = "" if one.role == "metric" else f" ({one.role})"
        missing = f"{one.missing:.1%}" if one.missing else "–"
        table.add_row(cell(one.name), one.kind + role, cell(_range(one)), missing)
    return table


def _range(one: ColumnFacts) -> str:
    if one.levels is None:
        return "none known" if one.low is None else f"{one.low:g} … {one.high:g}"
    more = " · …" if one.levels > len(one.frequent) else ""
    return f"{counted(one.levels, 'level')}: {' · '.join(one.frequent)}{more}"


def _wrapped(line: str) -> str:
    hanging = "  " if not line.startswith("  ") else " " * 6
    return textwrap.fill(
        visible(line), WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )
