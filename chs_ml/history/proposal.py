"""A first spec for a table, for a person to read and correct: `chs-ml init TABLE`."""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from chs_ml.history.conditions import MAX_METRICS
from chs_ml.history.findings import Finding, TableError, described, error
from chs_ml.history.guesses import (
    ColumnGuess,
    candidate_rank,
    churned_and_retained,
    churned_values,
    is_audit,
    is_customer,
    is_cutoff,
    is_unique,
    look_at,
    outcome_rank,
    pillar_of,
    scale_of,
)
from chs_ml.history.numbers import DECIMAL_COMMA
from chs_ml.history.readings import Form
from chs_ml.history.sources import BATCH_ROWS, TableFile, open_table

_SAMPLE_ROWS = 4 * BATCH_ROWS
_RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """text: YAML of a spec, with a comment at each guess. open_points: what a person has to complete or mend first."""

    text: str
    open_points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Roles:
    """Which columns are not metrics; candidates: those that may be the outcome, where none was recognised."""

    outcome: ColumnGuess | None
    customer: ColumnGuess | None
    cutoff: ColumnGuess | None
    candidates: tuple[ColumnGuess, ...]


def propose_spec(path: str | Path, *, beside: str | Path = ".") -> Proposal:
    """A spec for the table. beside: the folder that the spec will stand in.

    Kinds and ids are guessed from the first rows. DataError for a table that cannot be read, or is too wide.
    """
    path = Path(path)
    file, encoding = opened(path)
    if len(file.columns) > MAX_METRICS:
        found = f"{file.name}: has {len(file.columns):,} columns; a spec serves at most {MAX_METRICS:,} metrics"
        raise TableError(error("too-many-metrics", found, "Give a table of the columns that could matter"))
    guesses, decimal = _guesses(file, sample(file))
    roles = _roles(guesses)
    form = {"encoding": encoding, "decimal": decimal}
    table = _table(os.path.relpath(path, beside), {key: value for key, value in form.items() if value})
    damage = _damage(guesses, roles, file)
    lines = [*_head(path), *_data(table, roles), *_metrics(guesses, roles, damage)]
    return Proposal("\n".join(lines) + "\n", (*_not_recognised(roles), *damage.values()))


def opened(path: Path) -> tuple[TableFile, str | None]:
    """The table; where it is not UTF-8, in the Windows encoding that its letters suggest, which comes with it."""
    try:
        return open_table(path), None
    except TableError as refused:
        if refused.findings[0].code != "wrong-encoding":
            raise
    text = path.read_bytes()[: 1 << 20].decode("cp1251", errors="replace")
    cyrillic = len(re.findall(r"[А-яЁё]{3,}", text))
    encoding = "cp1251" if cyrillic else "cp1252"
    return open_table(path, encoding=encoding), encoding


def sample(file: TableFile) -> pa.Table:
    """Its first rows; TableError where it has none."""
    findings: list[Finding] = []
    batches: list[pa.RecordBatch] = []
    for batch in file.batches(file.columns, BATCH_ROWS, findings):
        batches.append(batch)
        if sum(map(len, batches)) >= _SAMPLE_ROWS:
            break
    if not sum(map(len, batches)):
        findings.append(error("no-rows", f"{file.name}: has no rows below its header", "Give a table with customers"))
    if findings:
        raise TableError(*findings)
    return pa.Table.from_batches(batches)


def _guesses(file: TableFile, table: pa.Table) -> tuple[list[ColumnGuess], str | None]:
    """A look at every column; with decimal commas where a column cannot be read otherwise."""
    for decimal in (file.decimal, ","):
        form = Form(file.name, decimal, file.may_hold_decimal_commas)
        guesses = [look_at(name, table[name], form) for name in table.column_names]
        troubled = any(one.code == DECIMAL_COMMA[0] for guess in guesses for one in guess.reading.troubles)
        if not troubled:
            break
    return guesses, decimal


def _roles(guesses: Sequence[ColumnGuess]) -> _Roles:
    ranked = sorted((rank, at) for at, guess in enumerate(guesses) if (rank := outcome_rank(guess)) is not None)
    outcome = guesses[ranked[0][1]] if ranked else None
    named = [guess for guess in guesses if is_customer(guess) and guess is not outcome]
    unique = [guess for guess in named if is_unique(guess)]
    cutoff = next((guess for guess in guesses if is_cutoff(guess) and guess.levels < len(guess.text)), None)
    customer = unique[0] if unique else named[0] if named and cutoff else None
    others = [guess for guess in guesses if outcome is None and guess is not customer and guess is not cutoff]
    candidates = [guess for rank in (0, 1) for guess in others if candidate_rank(guess) == rank]
    return _Roles(outcome, customer, cutoff, tuple(candidates))


def _damage(guesses: Sequence[ColumnGuess], roles: _Roles, file: TableFile) -> dict[str, str]:
    """Metric → the values that keep it from being read, where they stand, and what to do."""
    taken = [roles.outcome, roles.customer, roles.cutoff]
    hurt = [guess for guess in guesses if not guess.unfit and not any(guess is one for one in taken)]
    troubles = [trouble for guess in hurt if not is_audit(guess.name) for trouble in guess.reading.troubles]
    found = described(troubles, file.name, file.locate)
    return {one.column: str(finding) for one, finding in zip(reversed(troubles), reversed(found), strict=True)}


def _not_recognised(roles: _Roles) -> Iterator[str]:
    if roles.customer is None:
        yield (
            "no column looks like a customer's id, so every row counts as a customer of its own. "
            "Add data.customer if there is one."
        )
    if roles.outcome is None:
        names = ", ".join(repr(guess.name) for guess in roles.candidates)
        candidates = f"It may be {names}. " if names else ""
        yield f"no column looks like the outcome. {candidates}Add data.outcome: the spec does not load without it."


def _head(path: Path) -> Iterator[str]:
    name = re.sub(r"[^\w.-]+", "-", path.stem).strip(".-")[:64] or "health"
    yield "# Proposed from the table; what was guessed says so. Read it, correct it, then: chs-ml check"
    yield f"name: {quoted(name)}"


def _table(path: str, form: dict[str, str]) -> str:
    if not form:
        return quoted(path)
    return f"{{file: {quoted(path)}, {', '.join(f'{key}: {quoted(value)}' for key, value in form.items())}}}  # guessed"


def _data(table: str, roles: _Roles) -> Iterator[str]:
    yield "data:"
    yield f"  table: {table}"
    if roles.customer:
        yield f"  customer: {quoted(roles.customer.name)}  # guessed"
    else:
        yield "  # no column looks like a customer's id: every row counts as a customer of its own"
    if roles.cutoff:
        yield f"  cutoff: {quoted(roles.cutoff.name)}  # guessed: the date as of which the metrics are known"
    values = churned_and_retained(roles.outcome) if roles.outcome else None
    if roles.outcome and values:
        lists = f"churned: [{quoted(values[0])}], retained: [{quoted(values[1])}]"
        yield f"  outcome: {{column: {quoted(roles.outcome.name)}, {lists}}}  # guessed"
    else:
        yield from _outcome_to_choose(roles.candidates)


def _outcome_to_choose(candidates: Sequence[ColumnGuess]) -> Iterator[str]:
    if not candidates:
        yield "  # no column looks like the outcome. Add the line, with your column and the values that mean churned:"
        yield '  # outcome: {column: churned, churned: ["yes"]}'
        return
    yield "  # no column looks like the outcome. Take one of these lines, let churned: list what means churned, and"
    yield "  # take the column's line out of metrics:"
    for guess in candidates:
        churned, others = churned_values(guess)
        values = [*churned, *others]  # where no word is known, the first stands for churned
        lists = [", ".join(map(quoted, part)) for part in (values[: len(churned) or 1], values[len(churned) or 1 :])]
        outcome = f"column: {quoted(guess.name)}, churned: [{lists[0]}], retained: [{lists[1]}]"
        yield f"  # outcome: {{{outcome}}}" if guess.name.isprintable() else f"  # column {guess.name!r}"


def _metrics(guesses: Sequence[ColumnGuess], roles: _Roles, damage: Mapping[str, str]) -> Iterator[str]:
    yield "# Directions are left to the data; say direction: positive or negative where you know it."
    yield "# Take out whatever was known only after a customer left: it would give the answer away."
    yield "metrics:"
    taken = [roles.outcome, roles.customer, roles.cutoff]
    for guess in guesses:
        if not any(guess is one for one in taken):
            yield from (f"  # {line}" for line in textwrap.wrap(damage.get(guess.name, ""), 116))
            yield _metric(guess)


def _metric(guess: ColumnGuess) -> str:
    name = f"name: {quoted(guess.name)}"
    if not guess.name.isprintable() or set(guess.name) & set("\\`"):
        return f"  # column {guess.name!r} needs another name: no control characters, backslash or backtick"
    if guess.unfit:
        return f"  - {{{name}, role: exclude}}  # {guess.unfit}"
    if is_audit(guess.name):
        return f"  - {{{name}, role: audit}}  # evaluated, never weighted"
    scale, pillar = scale_of(guess), pillar_of(guess.name)
    said = f"{name}, pillar: {pillar or 'engagement'}"
    if scale:
        return f"  - {{{said}, scale: {scale}}}  # guessed"
    return f"  - {{{said}, kind: {guess.reading.kind}}}" + ("" if pillar else "  # guessed: the pillar")


def quoted(text: str) -> str:
    """The text as a YAML scalar; in quotes wherever YAML could read it as something else."""
    plain = re.fullmatch(r"[^\W\d][\w ./-]*", text) and not text.endswith(" ") and text.lower() not in _RESERVED
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())
