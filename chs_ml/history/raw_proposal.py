"""A first spec for a folder of raw tables, for a person to read and correct: `chs-ml init FOLDER`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow.compute as pc

from chs_ml.errors import ChsError, DataError
from chs_ml.history import vocabulary
from chs_ml.history.columns import as_text
from chs_ml.history.findings import Finding
from chs_ml.history.guesses import is_like
from chs_ml.history.proposal import Proposal, opened, quoted, sample
from chs_ml.history.raw_guesses import RawTable, accounts_of, columns_of, past_of
from chs_ml.history.raw_metrics import metrics_of
from chs_ml.history.sources import BATCH_ROWS, TableFile
from chs_ml.spec.history import RESERVED, TIMES

ENDINGS = (".csv", ".parquet")
HORIZON = WINDOW = 90
MOST_CUTOFFS = 8


@dataclass(frozen=True, slots=True)
class _Found:
    """A file of the folder, and what it was recognised as. encoding: where it is not UTF-8."""

    path: Path
    file: TableFile
    encoding: str | None
    table: RawTable

    def days(self, role: str) -> list[date]:
        """The first and the last day in a column; none where it has none that can be read."""
        column, findings = self.table.said.get(role), list[Finding]()
        if column is None:
            return []
        texts = [as_text(batch[column]) for batch in self.file.batches([column], BATCH_ROWS, findings)]
        ends = [pc.min_max(pc.utf8_slice_codeunits(text, 0, 10)).as_py() for text in texts]
        found = [end[which] for which in ("min", "max") for end in ends if end[which]]
        return sorted(date.fromisoformat(one) for one in found if re.fullmatch(r"\d{4}-[01]\d-[0-3]\d", one))


def propose_history(folder: str | Path, *, beside: str | Path = ".") -> Proposal:
    """A spec with a history for the tables of a folder. beside: the folder that the spec will stand in.

    DataError where no accounts are found, or no table of what happened to them.
    """
    folder = Path(folder)
    accounts, past, left_out = _recognised(folder)
    until, cutoffs = _time(accounts, past)
    lines = [
        "# Proposed from the tables of a folder: each table, column, day and metric below is a guess from names and",
        "# first rows. Read it, correct it, then: chs-ml check",
        f"name: {quoted(re.sub(r'[^A-Za-z0-9_.-]+', '-', folder.resolve().name).strip('.-')[:64] or 'health')}",
        *_history(accounts, past, Path(beside)),
        f"  cutoffs: [{', '.join(map(str, cutoffs))}]",
        *_churn(accounts, past),
        *_eligible(accounts),
        f"  observed_until: {until}  # the newest day found",
        "# Directions are left to the data; say direction: positive or negative where you know it.",
        "# Columns of accounts are left out: they say what a customer is today, also at cutoffs long past.",
        "metrics:",
        *metrics_of([accounts.table, *(one.table for one in past)], WINDOW),
        _validation(cutoffs),
    ]
    return Proposal("\n".join(lines) + "\n", tuple(_open_points(accounts, past, left_out)))


def _recognised(folder: Path) -> tuple[_Found, list[_Found], list[str]]:
    """Return accounts, the tables of the past, and in words the files that are neither."""
    looked, left_out = {}, []
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS):
        try:
            file, encoding = opened(path)
            looked[path] = (file, encoding, columns_of(sample(file)))
        except ChsError as refused:
            left_out.append(f"{path.name} is left out: {refused.problems[0]}")
    tables = [(path, accounts_of(_name(path), columns)) for path, (_, _, columns) in looked.items()]
    found = [(path, table) for path, table in tables if table is not None]
    if not found:
        raise DataError(
            f"{folder}: no table looks like accounts: one row a customer, its id, and the day on which it began "
            f"(looked at {', '.join(path.name for path in looked) or 'no .csv or .parquet file'}). Name a table to "
            "propose a spec of a labelled one."
        )
    where, accounts = min(found, key=lambda one: (not is_like(one[1].name, vocabulary.WHO_IS), -len(one[1].said)))
    past = []
    for path, (file, encoding, columns) in looked.items():
        table = None if path == where else past_of(_name(path), columns, accounts.said["customer"])
        if table is not None and _of_departures(table):
            left_out.append(f"{path.name} is left out: it tells of departures. Make the accounts' churned day of it")
        elif table is not None:
            past.append(_Found(path, file, encoding, table))
        elif path != where:
            left_out.append(f"{path.name} is left out: it has no column of customers, or no time")
    if not past:
        raise DataError(
            f"{folder}: {where.name} looks like accounts, and no table tells what happened to them. Add one."
        )
    return _Found(where, *looked[where][:2], accounts), past, left_out


def _of_departures(table: RawTable) -> bool:
    begins = next(table.said[role] for role in TIMES if role in table.said)
    return is_like(table.name, vocabulary.AFTERWARDS) or is_like(begins, vocabulary.AFTERWARDS)


def _name(path: Path) -> str:
    """Return what a spec may call the table of a file."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", path.stem).strip("_").lower() or "table"
    return f"{name}_table" if name in RESERVED - {"interventions"} or name.startswith("chs_") else name


def _time(accounts: _Found, past: Sequence[_Found]) -> tuple[date, list[date]]:
    """Return the newest day, and the cutoffs: ends of quarters, or of months, whose horizon has ended by then."""
    happened = [day for one in past for role in ("time", "opened") for day in one.days(role)]
    starts = accounts.days("start")
    known = happened or [*starts, *accounts.days("churned")]
    if not known or not starts:
        raise DataError(f"{accounts.path.name}: no day can be read as in 2024-03-31. Write days so.")
    first, last = min(starts) + timedelta(WINDOW), max(known) - timedelta(HORIZON)
    for months in (3, 1):
        ends = [day for day in _ends_of_months(first, last) if day.month % months == 0]
        if ends:
            return max(known), ends[-MOST_CUTOFFS:]
    return max(known), [last]


def _ends_of_months(first: date, last: date) -> Iterator[date]:
    day = first.replace(day=1)
    while True:
        following = (day + timedelta(32)).replace(day=1)
        end = following - timedelta(1)
        if end > last:
            return
        if end >= first:
            yield end
        day = following


def _history(accounts: _Found, past: Sequence[_Found], beside: Path) -> Iterator[str]:
    yield "history:"
    yield "  timezone: UTC  # days and midnights are of this zone, as in Europe/Kyiv"
    yield f"  accounts: {_entry(accounts, beside)}"
    yield "  tables:"
    for one in past:
        if one.table.role != "interventions":
            yield f"    {quoted(one.table.name)}: {_entry(one, beside)}  # looks like {one.table.role}"
    done = [one for one in past if one.table.role == "interventions"]
    yield from (f"  interventions: {_entry(one, beside)}  # what was done to keep customers" for one in done[:1])


def _entry(one: _Found, beside: Path) -> str:
    where = quoted(Path(os.path.relpath(one.path, beside)).as_posix())
    table = where if one.encoding is None else f"{{file: {where}, encoding: {quoted(one.encoding)}}}"
    columns = [f"{role}: {quoted(column)}" for role, column in one.table.said.items()]
    return f"{{{', '.join([f'table: {table}', *columns])}}}"


def _churn(accounts: _Found, past: Sequence[_Found]) -> Iterator[str]:
    if "churned" in accounts.table.said:
        yield f"  horizon: {HORIZON}d"
        yield "  gap: 0d"
    elif _activities(past):
        yield f"  churn: {{inactive_for: {HORIZON}d}}  # accounts have no day of departure: churn is to do nothing"
    else:
        yield "  # no table says who left: add churned: COLUMN to accounts, and horizon: 90d here"


def _activities(past: Sequence[_Found]) -> list[_Found]:
    return [one for one in past if one.table.role == "events"]


def _eligible(accounts: _Found) -> Iterator[str]:
    flags = [one for one in accounts.table.others if is_like(one.name, vocabulary.NOT_CUSTOMERS)]
    said = [
        f"{quoted(one.name)}: {quoted(level)}"
        for one in flags
        for level in one.levels
        if re.fullmatch("yes|true|1|y|t|так|да", level.lower())
    ]
    excluded = f", exclude: {{{', '.join(said)}}}" if said else ""
    yield f"  eligible: {{tenure: {WINDOW}d{excluded}}}  # younger ones would have windows that are cut short"


def _validation(cutoffs: Sequence[date]) -> str:
    if len(cutoffs) < 4:
        return "validation: {holdout: {customers: 0.3}}"
    return f"validation: {{holdout: {{from: {cutoffs[-2]}}}}}  # judged on the latest cutoffs"


def _open_points(accounts: _Found, past: Sequence[_Found], left_out: Sequence[str]) -> Iterator[str]:
    yield "every table, column and metric is a guess: read the spec before you trust a figure"
    if "churned" not in accounts.table.said:
        said = f"{accounts.path.name} has no day of departure"
        if _activities(past):
            yield f"{said}: churn is taken to be {HORIZON} days without an activity"
        else:
            yield f"{said}, and no table of activities. Add accounts.churned: the spec does not load without it"
    yield from left_out
