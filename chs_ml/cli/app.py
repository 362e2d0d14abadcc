"""The commands of ``chs-ml``. Each imports what it needs when it runs, so that --help and score start at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chs_ml.cli.exporting import export
from chs_ml.cli.history_commands import demo, panel
from chs_ml.cli.options import (
    AllowAbsent,
    CustomerColumn,
    Decimal,
    Delimiter,
    Encoding,
    Json,
    Mapped,
    Quiet,
    TableArgument,
    WeightsArgument,
)
from chs_ml.cli.verifying import verify

app = typer.Typer(
    name="chs-ml",
    help="Learn, explain and export transparent customer health scores.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Say the version.")] = False
) -> None:
    if version:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as installed

        try:
            print(f"chs-ml {installed('chs-ml')}")
        except PackageNotFoundError:  # a folder on the path
            print("chs-ml, not installed")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(2)


@app.command()
def init(
    table: Annotated[
        Path | None, typer.Argument(metavar="TABLE|FOLDER", help="CSV or Parquet; or a folder of raw tables.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where to write. [default: stdout]")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the spec's JSON Schema instead.")] = False,
    quiet: Quiet = False,
) -> None:
    """Propose a calibration spec from a table, or from the raw tables of a folder."""
    from chs_ml.cli.talk import answer_json, answer_text, say
    from chs_ml.errors import ChsError, OutputError

    if schema:
        from chs_ml.spec import spec_schema

        answer_json(spec_schema())
        return
    if table is None:
        raise ChsError("init: give a table, or a folder of raw ones, to propose a spec for, or --schema.")
    beside = Path() if output is None else output.parent
    if table.is_dir():
        from chs_ml.history.raw_proposal import propose_history

        proposal = propose_history(table, beside=beside)
    else:
        from chs_ml.history.proposal import propose_spec

        proposal = propose_spec(table, beside=beside)
    if output is None:
        answer_text(proposal.text)
    elif output.exists():
        raise OutputError(f"{output} exists already. Choose another -o, or remove it.")
    else:
        from chs_ml.formula.atomic import write_whole

        write_whole(output, proposal.text.encode())
        say(f"wrote {output}; read it, correct it, then: chs-ml check {output}", quiet=quiet)
    for point in proposal.open_points:
        say(f"note: {point}", quiet=quiet)


@app.command()
def check(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="calibration.yaml")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what was understood of the data, report every problem, fit nothing. Exit code 1 where there is an error."""
    from chs_ml.calibration.checks import examine
    from chs_ml.cli.checking import answer_examination, spec_of
    from chs_ml.cli.talk import progress

    read = spec_of(spec)
    with progress(quiet=quiet) as steps:
        steps("reading and checking", 0, 1)
        found = examine(read)
    answer_examination(found, as_json=as_json)
    if any(finding.severity == "error" for finding in found.findings):
        raise typer.Exit(1)


@app.command()
def calibrate(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="calibration.yaml")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Run directory. [default: runs/NAME]")] = None,
    no_track: Annotated[bool, typer.Option("--no-track", help="Do not send the run to MLflow.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn a formula, judge it on customers it has not seen, write the run directory, track it."""
    from chs_ml.calibration import calibrate as run_calibration
    from chs_ml.calibration import tracked
    from chs_ml.cli.endings import answer_calibration, answer_calibration_json, answer_run
    from chs_ml.cli.stopping import if_stopped, saved_in
    from chs_ml.cli.talk import progress, reader_may_leave

    with progress(quiet=quiet) as steps:
        done = run_calibration(spec, output, track=False, progress=steps)
    if_stopped(saved_in(done.directory))
    if not as_json:
        with reader_may_leave():  # and the run is tracked all the same
            answer_calibration(done, quiet=quiet)
    if not no_track:
        with progress(quiet=quiet) as steps:
            done = tracked(done, steps, steps.note)
    if as_json:
        answer_calibration_json(done, quiet=quiet)
    elif done.run_id:
        answer_run(done.run_id)
    if done.not_tracked is not None:
        raise done.not_tracked


@app.command()
def price(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="calibration.yaml")],
    wished: Annotated[
        list[str], typer.Option("--set", metavar="NAME=WEIGHT", help="A metric, or pillar:NAME; 0.3, 0.2..0.4, >=0.2.")
    ] = [],  # noqa: B006 - typer's form
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what wished weights cost on customers the fit has not seen; writes nothing."""
    from chs_ml.calibration.price import price as priced
    from chs_ml.cli.pricing import answer_price
    from chs_ml.cli.talk import progress

    with progress(quiet=quiet) as steps:
        found = priced(spec, wished, progress=steps)
    answer_price(found, as_json=as_json)


@app.command()
def show(
    weights: WeightsArgument,
    points: Annotated[bool, typer.Option("--points", help="The card of whole points that a person adds up.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show a formula as people read it: what adds, what subtracts, bands, where it came from."""
    from chs_ml.cli.endings import answer_show, read_weights

    if points:
        from chs_ml.cli.points import answer_points

        answer_points(read_weights(weights, quiet=quiet), weights, as_json=as_json, quiet=quiet)
        return
    answer_show(read_weights(weights, quiet=quiet), weights, as_json=as_json, quiet=quiet)


@app.command()
def score(
    weights: WeightsArgument,
    table: TableArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write: .csv or .parquet.")],
    platform: Annotated[
        str | None, typer.Option("--for", metavar="PLATFORM", help="A file that this platform imports, as CSV.")
    ] = None,
    customer: CustomerColumn = None,
    mapped: Mapped = [],  # noqa: B006 - typer's form
    allow_absent: AllowAbsent = False,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score every row of a table: score, churn probability, band, coverage, three reasons, and as of when."""
    from datetime import UTC, datetime

    from chs_ml.cli.endings import files_of, read_weights
    from chs_ml.cli.import_file import ImportFile
    from chs_ml.cli.output import spare
    from chs_ml.cli.platforms import platform_called
    from chs_ml.cli.reading import Columns, Form
    from chs_ml.cli.scoring import score_table
    from chs_ml.cli.stopping import if_stopped
    from chs_ml.cli.talk import answer_json, parsed_pairs, say

    columns = Columns(customer, parsed_pairs(mapped, "--map"), allow_absent, Form(delimiter, decimal, encoding))
    sheet = None if platform is None else ImportFile(platform_called(platform))
    spare(output, *files_of(weights))
    file = read_weights(weights, quiet=quiet)
    totals = score_table(file, table, output, columns, datetime.now(UTC).date(), sheet)
    if_stopped(f"stopped; {output} was written before")
    if as_json:
        unseen = {metric: {"rows": found.rows, "levels": found.levels} for metric, found in totals.unseen.items()}
        counts = {"rows": totals.rows, "bands": totals.bands, "unseen": unseen, "repeated": totals.repeated}
        answer_json({**counts, "cutoffs": [*map(str, totals.cutoffs)], "output": str(output)})
    for note in totals.notes:
        say(f"note: {note}", quiet=quiet)
    bands = ", ".join(f"{count:,} {name}" for name, count in totals.bands.items())
    say(f"scored {totals.what}{bands and f': {bands}'}; wrote {output}", quiet=quiet)


@app.command()
def explain(
    weights: WeightsArgument,
    table: TableArgument,
    customer: Annotated[str, typer.Option("--customer", help="The customer's id.")],
    column: Annotated[str | None, typer.Option("--column", help="The id column. [default: as in training]")] = None,
    mapped: Mapped = [],  # noqa: B006 - typer's form
    allow_absent: AllowAbsent = False,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Explain one customer's score, term by term."""
    from chs_ml.cli.endings import answer_explanation, read_weights
    from chs_ml.cli.reading import Columns, Form, find_customer
    from chs_ml.cli.talk import parsed_pairs, say

    file = read_weights(weights, quiet=quiet)
    columns = Columns(column, parsed_pairs(mapped, "--map"), allow_absent, Form(delimiter, decimal, encoding))
    row, rows = find_customer(file, table, customer, columns)
    if rows > 1:
        say(f"note: {rows} rows of this customer; the last one is explained", quiet=quiet)
    answer_explanation(file, row, customer, as_json=as_json)


@app.command()
def track(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A run directory.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Send a finished run to MLflow, where that could not be done before."""
    from chs_ml.cli.endings import answer_tracking
    from chs_ml.cli.stopping import if_stopped, saved_in
    from chs_ml.cli.talk import say
    from chs_ml.tracking import track_run

    if directory.is_dir():
        if_stopped(saved_in(directory))
    answer_tracking(track_run(directory, note=lambda text: say(text, quiet=quiet)), as_json=as_json)


app.command()(export)
app.command()(verify)
app.command()(panel)
app.command()(demo)
