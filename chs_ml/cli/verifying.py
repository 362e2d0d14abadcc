"""``chs-ml verify``: does another scorer's output equal the formula, and if not, what did it likely do instead."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chs_ml.cli.options import AllowAbsent, CustomerColumn, Decimal, Delimiter, Encoding, Json, Quiet, WeightsArgument

if TYPE_CHECKING:
    from chs_ml.cli.comparing import Verified
    from chs_ml.formula import WeightsFile

SOON = 2.0
"""Seconds after which progress is worth showing."""
SHOWN = 5


def verify(
    weights: WeightsArgument,
    scores: Annotated[Path, typer.Argument(metavar="SCORES", help="Another scorer's output: CSV or Parquet.")],
    table: Annotated[
        Path | None, typer.Option("--table", help="The table that was scored. [default: SCORES itself, or the vectors]")
    ] = None,
    customer: CustomerColumn = None,
    mapped: Annotated[
        list[str], typer.Option("--map", metavar="NAME=COLUMN", help="score=COLUMN in SCORES, metric=COLUMN in TABLE.")
    ] = [],  # noqa: B006 - typer's form
    allow_absent: AllowAbsent = False,
    rounded: Annotated[
        bool, typer.Option("--rounded", help="Compare numbers to the digits that SCORES shows.")
    ] = False,
    listed: Annotated[int, typer.Option("--list", metavar="N", help="List N rows that differ, with ids.", min=0)] = 0,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say whether another scorer's output equals the formula, and the likely cause where not. Exit code 1 where not."""
    from chs_ml.cli.comparing import Asked, verify_scores
    from chs_ml.cli.endings import read_weights
    from chs_ml.cli.given import NAMED
    from chs_ml.cli.reading import Columns, Form
    from chs_ml.cli.talk import answer_json, parsed_pairs, progress

    file, pairs = read_weights(weights, quiet=quiet), parsed_pairs(mapped, "--map", "NAME=COLUMN")
    named = {name: column for name, column in pairs.items() if name in NAMED}
    names = {name: column for name, column in pairs.items() if name not in NAMED}
    columns = Columns(customer, names, allow_absent, Form(delimiter, decimal, encoding))
    with progress(quiet=quiet) as steps:
        found = verify_scores(file, Asked(scores, table, columns, named, rounded, listed), _late(steps))
    if as_json:
        answer_json(_as_json(file, found))
    else:
        _answer(file, found, scores)
    if not found.equal:
        raise typer.Exit(1)


def _late(steps: Callable[[str, int, int], None]) -> Callable[[str, int, int], None]:
    """Show nothing of what is done before anybody would ask."""
    began = time.monotonic()

    def stepped(what: str, done: int, total: int) -> None:
        if time.monotonic() - began > SOON:
            steps(what, done, total)

    return stepped


def _answer(weights: WeightsFile, found: Verified, scores: Path) -> None:
    from rich.text import Text

    from chs_ml.cli.plain import visible
    from chs_ml.cli.talk import results

    page = results()
    page.print(Text(visible(f"{scores.name}: {_verdict(found)}")))
    for note in _notes(weights, found):
        page.print(Text(visible(note)))
    if found.tally.differ:
        page.print()
        page.print(_differences(found))
        page.print()
        if found.causes:
            page.print(_causes(found))
            if found.looked_at < found.tally.differ:
                page.print(Text(f"Looked for in the first {found.looked_at:,} rows that differ."))
        if found.unexplained:
            page.print(Text(f"{found.unexplained:,} {_plural('row', found.unexplained)} fit none of the causes tried."))
    if found.tally.listed:
        page.print()
        page.print(_list(found))


def _verdict(found: Verified) -> str:
    tally = found.tally
    rows = f"{tally.rows:,} {_plural(found.kind, tally.rows)}"
    if tally.differ:
        return f"different in {tally.differ:,} of {rows}"
    return f"equal {_within(found)} in all {rows}{'' if found.equal else ' that were compared, but not complete'}"


def _within(found: Verified) -> str:
    """Say to how many digits each column was compared, where it shows that many."""
    from chs_ml.export.verify import NUMBERS

    said = [
        f"{name} to {digits} {_plural('digit', digits)}" + (" after the point" if not at else "")
        for at, (name, digits) in enumerate(found.digits.items())
    ]
    full = [name for name in found.tally.columns if name in NUMBERS and name not in found.digits]
    if said and full:
        said.append(f"{' and '.join(full)} within 1e-9")
    return f"({', '.join(said)})" if said else "within 1e-9"


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _notes(weights: WeightsFile, found: Verified) -> list[str]:
    stale = sum(rows for digest, rows in found.digests.items() if digest != weights.digest)
    rows, here = found.kind + "s", "of the table" if found.kind == "row" else "of the weights file"
    counts = {
        f"{{:,}} {rows} {here} have no answer": found.missing,
        f"{{:,}} answers are to none of the {rows} {here}": found.unknown,
        "{:,} answers repeat the id of an earlier one; the first was compared": found.again_in_scores,
        "{:,} rows of the table repeat the id of an earlier one; the first was compared": found.again_in_table,
        f"{{:,}} answers say that another formula made them (digest other than {weights.digest[:12]}…)": stale,
    }
    notes = [said.format(count) for said, count in counts.items() if count]
    notes += found.notes
    if not {"score", "churn_probability"} & set(found.tally.columns):
        notes.append(f"neither score nor churn_probability was compared, only {', '.join(found.tally.columns)}")
    if found.left_out:
        why = ", ".join(f"{reason}: {count}" for reason, count in found.left_out.items())
        many = f"{sum(found.left_out.values())} of {len(weights.vectors)}"
        notes.append(f"{many} vectors were not asked: CSV cannot hold them ({why})")
    return notes


def _differences(found: Verified) -> Any:
    from chs_ml.cli.plain import cell
    from chs_ml.cli.tables import plain_table

    differ = {name: one for name, one in found.tally.columns.items() if one.rows}
    unanswered = any(one.unanswered for one in differ.values())
    table = plain_table()
    table.add_column("Column")
    for heading in ("Differ", "Largest", *(["No number"] if unanswered else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("First rows of SCORES")
    for name, one in differ.items():
        largest = f"{one.largest:.3g}" if name not in ("band", "band_by_score") else ""
        none = [f"{one.unanswered:,}" if one.unanswered else ""] if unanswered else []
        first = ", ".join(map(str, one.first[:SHOWN])) + (", …" if one.rows > SHOWN else "")
        table.add_row(cell(name), f"{one.rows:,}", largest, *none, first)
    return table


def _causes(found: Verified) -> Any:
    from chs_ml.cli.plain import cell
    from chs_ml.cli.tables import plain_table

    table = plain_table()
    table.add_column("Likely cause")
    table.add_column("Explains", justify="right", no_wrap=True)
    for cause in found.causes:
        against = f" (but not {cause.against:,} of {cause.equal:,} equal rows)" if cause.against else ""
        table.add_row(cell(cause.says + against), f"{cause.explains:,} of {cause.of:,} rows")
    return table


def _list(found: Verified) -> Any:
    from chs_ml.cli.plain import cell
    from chs_ml.cli.tables import plain_table

    table = plain_table()
    table.add_column("Row", justify="right")
    for heading in ("Customer", "Column", "Given", "Formula"):
        table.add_column(heading)
    for line in found.tally.listed:
        for name, one in line.items():
            if name not in ("row", "customer"):
                values = (_shown(one["given"]), _shown(one["formula"]))
                table.add_row(str(line["row"]), cell(str(line["customer"] or "")), name, *map(cell, values))
    return table


def _shown(value: Any) -> str:
    return "–" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)


def _as_json(weights: WeightsFile, found: Verified) -> dict[str, Any]:
    from dataclasses import asdict

    from chs_ml.export.verify import NUMBERS

    tally = found.tally
    return {
        "equal": found.equal,
        "compared": tally.rows,
        "of": found.kind,
        "differing": tally.differ,
        "tolerance": {name: tally.tolerance.get(name, 1e-9) for name in tally.columns if name in NUMBERS},
        "digits": found.digits,
        "columns": {name: asdict(one) for name, one in tally.columns.items()},
        "causes": [asdict(cause) for cause in found.causes],
        "unexplained": found.unexplained,
        "looked_at": found.looked_at,
        "missing": found.missing,
        "unknown": found.unknown,
        "repeated": {"scores": found.again_in_scores, "table": found.again_in_table},
        "vectors_left_out": dict(found.left_out),
        "digest": weights.digest,
        "digests_given": dict(found.digests),
        "notes": found.notes,
        "list": tally.listed,
    }
