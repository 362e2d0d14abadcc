"""The commands that raw history brings: the panel as of the cutoff, and a simulated company to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chs_ml.cli.options import Json, Quiet

if TYPE_CHECKING:
    from datetime import date

TODAY = "CURRENT_DATE"


def panel(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="calibration.yaml with history:")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to write: .parquet or .csv; with --sql a text.")
    ] = None,
    sql: Annotated[str | None, typer.Option("--sql", metavar="DIALECT", help="Write the query instead.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="One cutoff, or CURRENT_DATE. [default: the spec's]")
    ] = None,
    no_outcome: Annotated[bool, typer.Option("--no-outcome", help="Leave out what became of the customers.")] = False,
    table: Annotated[
        list[str], typer.Option("--table", metavar="NAME=TABLE", help="With --sql: what a table is called there.")
    ] = [],  # noqa: B006 - typer's form
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Build the panel of a raw history: customer by cutoff, each metric as it was known then."""
    from chs_ml.cli.checking import spec_of
    from chs_ml.cli.output import spare
    from chs_ml.cli.paneling import write_panel, write_query
    from chs_ml.cli.talk import parsed_pairs
    from chs_ml.errors import ChsError

    read = spec_of(spec)
    if read.history is None:
        raise ChsError(f"{spec.name}: has no history, so its table is a panel already. `chs-ml init` proposes metrics.")
    if output is not None:
        spare(output, spec)
    days = read.history.dates if as_of is None else _days(as_of)
    if not days and not no_outcome:
        raise ChsError(f"panel: what becomes of today's customers is not known yet. Add --no-outcome to {TODAY}.")
    if sql is not None:
        places = parsed_pairs(table, "--table", "NAME=TABLE")
        write_query(read, days, sql, places, output, outcome=not no_outcome, quiet=quiet)
        return
    if table:
        raise ChsError("panel: --table is what a table is called in the query; give it together with --sql.")
    if output is None:
        raise ChsError("panel: give -o FILE to write the panel, or --sql DIALECT for its query.")
    write_panel(read, days, output, outcome=not no_outcome, as_json=as_json, quiet=quiet)


def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is not there yet.")],
    customers: Annotated[int, typer.Option("--customers", help="Customers.")] = 2000,
    events: Annotated[int | None, typer.Option("--events", help="About so many events. [default: as it comes]")] = None,
    quarters: Annotated[int, typer.Option("--quarters", help="Quarters of history.")] = 8,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same company.")] = 0,
    processes: Annotated[int, typer.Option("--processes", help="Processes that write.")] = 2,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a simulated company: its raw history, a calibration.yaml, and the truth that nothing reads."""
    from chs_ml.cli.talk import answer_json, progress, say
    from chs_ml.history.demo import write_demo

    with progress(quiet=quiet) as steps:
        done = write_demo(
            directory,
            customers=customers,
            events=events,
            quarters=quarters,
            seed=seed,
            processes=processes,
            progress=steps.note,
        )
    if as_json:
        answer_json({"directory": str(done.directory), "rows": dict(done.rows), "churned": done.churned})
        return
    rows = sum(done.rows.values())
    say(f"wrote {directory}: {rows:,} rows in {len(done.rows)} tables. README.md tells about them; next:", quiet=quiet)
    say(f"  chs-ml calibrate {directory / 'calibration.yaml'} -o {directory / 'run'}", quiet=quiet)


def _days(said: str) -> tuple[date, ...]:
    """Return the day that was said; none for the day on which the query runs."""
    from datetime import date

    from chs_ml.errors import ChsError
    from chs_ml.spec.cutoffs import problems_of_day

    if said.upper() == TODAY:
        return ()
    try:
        day = date.fromisoformat(said)
    except ValueError:
        raise ChsError(f"--as-of {said!r}: a cutoff is a date as in 2025-03-31, or {TODAY}.") from None
    for problem in problems_of_day(day):
        raise ChsError(f"--as-of: {problem}.")
    return (day,)
