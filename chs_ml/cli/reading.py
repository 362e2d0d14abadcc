"""The table that is scored or explained: how it is written, what its columns are called, its rows in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.errors import ChsError, DataError
from chs_ml.formula import Curve, Formula, WeightsFile
from chs_ml.history.delimited import DELIMITERS
from chs_ml.history.findings import TableError
from chs_ml.history.sources import open_batches

CUSTOMER = "\0customer"
"""The id's column inside a batch: no metric can be called so."""
CUTOFF = "\0cutoff"
"""The cutoff's column inside a batch, where the table has one."""
AS_IN_A_PANEL = "cutoff"
"""What ``chs-ml panel`` calls it."""
TAB = {"tab", "\\t"}
REMEDIES = {
    "wrong-encoding": "Save the file as UTF-8, or name its encoding, for instance --encoding cp1251",
    "decimal-comma": "Say --decimal , or remove the thousands separators",
    "bad-cutoff": "Correct them, or rename the column where it is not the day as of which a row is known",
}


@dataclass(frozen=True)
class Form:
    """How a CSV file is written; None: found out from the file, UTF-8."""

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no CSV file can be written in, by the option's name."""
        if self.delimiter in TAB:
            object.__setattr__(self, "delimiter", "\t")
        if self.delimiter not in {None, *DELIMITERS}:
            raise ChsError(f"--delimiter {self.delimiter!r} is none of: , ; | tab. Leave it out, and it is found.")
        if self.decimal not in {None, ".", ","}:
            raise ChsError(f"--decimal {self.decimal!r} is neither . nor a comma. Leave it out, and it is found.")
        try:
            "".encode(self.encoding or "utf-8")
        except (LookupError, ValueError):
            raise ChsError(f"--encoding {self.encoding!r} is not known. Try utf-8, utf-16 or cp1251.") from None

    def else_as_in_training(self, weights: WeightsFile) -> Form:
        """Return the form, where nothing was said the one that the table in training was said to have."""
        said = weights.training.get("table")
        if not isinstance(said, dict):
            return self
        before = {key: value for key, value in said.items() if isinstance(value, str)}
        return Form(*(getattr(self, key) or before.get(key) for key in ("delimiter", "decimal", "encoding")))


@dataclass(frozen=True)
class Columns:
    """How the table's columns are called: the customer's id, and metrics that have another name there; its form."""

    customer: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    allow_absent: bool = False
    form: Form = Form()
    id_option: str = "--customer"


def batches_of(weights: WeightsFile, table: Path, columns: Columns) -> Iterator[pa.RecordBatch]:
    """Give the formula's columns batch by batch under the metrics' names, the id and the cutoff under ours."""
    form = columns.form.else_as_in_training(weights)
    customer, wanted = columns.customer or weights.customer, _wanted(weights, columns)
    day = _cutoff(weights)
    days = {day} - {customer, *wanted.values()}
    numeric = numeric_metrics(weights.formula)
    named = [*([customer] if customer else []), *wanted.values(), *days]
    batches = partial(
        open_batches,
        table,
        columns=list(dict.fromkeys(named)),
        numbers={column for metric, column in wanted.items() if metric in numeric},
        days=days,
        optional={*days, *(wanted.values() if columns.allow_absent else ())},
        meant=_meant(customer, wanted, columns.id_option),
    )
    try:
        for batch in batches(delimiter=form.delimiter, decimal=form.decimal, encoding=form.encoding):
            there = set(batch.schema.names)
            shown = {CUSTOMER: customer} if customer else {}
            shown |= {metric: column for metric, column in wanted.items() if column in there}
            shown |= {CUTOFF: day} if days & there else {}
            yield pa.record_batch([batch[column] for column in shown.values()], names=list(shown))
    except TableError as error:
        raise _raw_table(weights, table, {*wanted.values()}, error) or _with_the_option(error) from None


def find_customer(weights: WeightsFile, table: Path, customer: str, columns: Columns) -> tuple[pa.RecordBatch, int]:
    """Return the customer's last row, and how many rows there are; DataError where there is none."""
    if not (columns.customer or weights.customer):
        raise DataError("the formula was learned without an id column; name the table's with --column.")
    found, rows = None, 0
    for batch in batches_of(weights, table, replace(columns, id_option="--column")):
        here = batch.filter(pc.equal(batch[CUSTOMER], customer))
        rows += len(here)
        found = here.slice(len(here) - 1) if len(here) else found
    if found is None:
        raise DataError(f"{table.name}: no customer {customer!r}. Ids are compared as text, letter for letter.")
    return found, rows


def numeric_metrics(formula: Formula) -> set[str]:
    """Return the metrics that the formula reads as numbers."""
    conditions = [term.when for term in formula.terms if term.when] + [rule.when for rule in formula.rules]
    found = {term.metric for term in formula.terms if isinstance(term.shape, Curve)}
    found |= {condition.metric for condition in conditions if condition.above is not None}
    return found | {metric for metric, _ in (formula.score_when.floors if formula.score_when else ())}


def _cutoff(weights: WeightsFile) -> str:
    """Return what the column of cutoffs is called: as in training; where that had none, as a panel has it."""
    named = weights.training.get("cutoff")
    return named if isinstance(named, str) else AS_IN_A_PANEL


def _wanted(weights: WeightsFile, columns: Columns) -> dict[str, str]:
    """Return each metric's column; DataError for a name that the formula does not know."""
    unknown = [metric for metric in columns.names if metric not in weights.formula.metrics]
    if unknown:
        known = ", ".join(map(repr, weights.formula.metrics))
        raise DataError(*(f"--map {name}: the formula has no such metric; it has: {known}." for name in unknown))
    return {metric: columns.names.get(metric, metric) for metric in weights.formula.metrics}


def _meant(customer: str | None, wanted: Mapping[str, str], id_option: str) -> dict[str, tuple[str, str]]:
    """Return for each column what it is, and which option helps where it is not there."""
    absent = "or --allow-absent to take it as missing"
    meant = {
        column: (f"the metric {metric!r}", f'Say --map "{metric}=COLUMN", {absent}')
        for metric, column in wanted.items()
    }
    if customer:
        meant[customer] = ("the customer id column", f"Say which column has the ids: {id_option} COLUMN")
    return meant


def _with_the_option(error: TableError) -> TableError:
    """Name the command's own option where a spec's key would be named."""
    return TableError(
        *(replace(found, remedy=REMEDIES.get(found.code, found.remedy)) for found in error.findings),
    )


def _raw_table(weights: WeightsFile, table: Path, wanted: set[str], error: TableError) -> DataError | None:
    """Return the one thing to say where a formula of raw history is given a table of the past, not a panel."""
    absent = {found.metric for found in error.findings if found.code == "missing-column"} & wanted
    sources = weights.training.get("sources")
    if not isinstance(sources, list) or len(sources) < 2 or 2 * len(absent) <= len(wanted):
        return None  # a labelled table is one source
    return DataError(
        f"{table.name}: {len(absent):,} of the formula's {len(wanted):,} metrics are absent; it was learned from raw "
        "history, and this is no panel of it. Build that first, and score it: "
        "chs-ml panel SPEC --as-of DATE --no-outcome -o panel.parquet"
    )
